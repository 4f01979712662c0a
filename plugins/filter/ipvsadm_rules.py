# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ipvsadm_rules
short_description: Virtual services as lines for ipvsadm --restore
version_added: 0.2.0
author: The failover.stack founders (@failover-stack)
description: >-
  The lines that fill an empty table, in the form of C(ipvsadm -Sn), with the thresholds that it omits. What module
  P(failover.stack.ipvsadm#module) would refuse is refused here, too.
positional: timeouts
options:
  _input:
    description: Virtual services, in the shape of the option C(services) of module P(failover.stack.ipvsadm#module).
    type: list
    elements: dict
    required: true
  timeouts:
    description: Time-outs, in the shape of the option C(timeouts) of that module.
    type: dict
    default: {}
"""

EXAMPLES = r"""
rules: "{{ ipvs_director_services | failover.stack.ipvsadm_rules(ipvs_director_timeouts) }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample: ["-A -t 198.18.0.100:80 -s wlc", "-a -t 198.18.0.100:80 -r 198.18.0.21:80 -g -w 1"]
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.failover.stack.plugins.module_utils._ipvs.desired import Desired
from ansible_collections.failover.stack.plugins.module_utils._ipvs.plan import plan_table, timeouts_text


def ipvsadm_rules(services, timeouts=None):
    desired = Desired("services").add(services)
    if desired.problems:
        raise AnsibleFilterError(" ".join(desired.problems))
    timeouts = {name: int(value) for name, value in (timeouts or {}).items() if value}
    first = [timeouts_text(dict({"tcp": 0, "tcpfin": 0, "udp": 0}, **timeouts))] if timeouts else []
    return first + plan_table({}, desired.services).lines


class FilterModule:
    def filters(self):
        return {"ipvsadm_rules": ipvsadm_rules}

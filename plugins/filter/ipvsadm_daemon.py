# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ipvsadm_daemon
short_description: Arguments of ipvsadm that start a connection sync daemon
version_added: 0.2.0
author: The failover.stack founders (@failover-stack)
description: Turns one sync daemon as role P(failover.stack.ipvs_director#role) describes it into options of ipvsadm.
options:
  _input:
    description: A daemon, in the shape of the option C(sync_daemons) of module P(failover.stack.ipvsadm#module).
    type: dict
    required: true
"""

EXAMPLES = r"""
arguments: "{{ {'state': 'master', 'interface': 'eth0', 'id': 7} | failover.stack.ipvsadm_daemon }}"
"""

RETURN = r"""
_value:
  description: The arguments.
  type: str
  sample: --start-daemon master --mcast-interface eth0 --syncid 7
"""

from ansible_collections.failover.stack.plugins.module_utils._ipvs.parse import daemon_text


class FilterModule:
    def filters(self):
        return {"ipvsadm_daemon": daemon_text}

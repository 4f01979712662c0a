#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: status_info
short_description: Read all tiers of a host at once
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for C(playbooks/status.yml). An action plugin of the same name works out of the inventory which tiers the host has and what to
    ask of each; the module reads them all at the same time. Changes nothing, and no secret is passed. It reads by local sockets, files
    and status pages on the loopback address.
  - What cannot be read becomes the tier's C(error). A host that cannot be reached, or that does not answer in time, is no error of the task
    either; all of its tiers have that error.
extends_documentation_fragment: [failover.stack.read_only]
options:
  limit_s:
    description: Seconds in which every tier has to tell how it is.
    type: float
    default: 8
  host_s:
    description: Seconds in which the host has to answer, the connection included.
    type: float
    default: 11
  asked:
    description: What to ask of each tier. The action plugin fills it in.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Read the tiers of this host
  failover.stack.status_info:
    limit_s: 8
  register: __status
"""

RETURN = r"""
reached:
  description: Whether the host answered.
  returned: always
  type: bool
  sample: true
because:
  description: Why it did not, empty when it did.
  returned: always
  type: str
  sample: ""
tiers:
  description: By tier C(asked), what was asked, and either C(read) or C(error), a sentence.
  returned: always
  type: dict
  sample: {haproxy: {asked: {socket: /run/haproxy/admin.sock}, error: "[Errno 111] Connection refused"}}
machine:
  description: Of all tiers C(inactive) and C(stale) units, C(certificates) with C(path), C(days) left and C(life_days), and C(reboot), why.
    Or C(error), a sentence.
  returned: when the host was reached
  type: dict
  sample: {inactive: [], stale: [], certificates: [], reboot: "", unread: ""}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._status.machine import machine
from ansible_collections.failover.stack.plugins.module_utils._status.reading import Host, read_all

# What a host does not have is not imported there either: a module's imports are compiled anew at each run.


def front():
    from ansible_collections.failover.stack.plugins.module_utils._status.readers import front as found
    return found


def web():
    from ansible_collections.failover.stack.plugins.module_utils._status.readers import web as found
    return found


def mysql():
    from ansible_collections.failover.stack.plugins.module_utils._status.readers import mysql as found
    return found


def managers():
    from ansible_collections.failover.stack.plugins.module_utils._status.readers import managers as found
    return found


def galera():
    from ansible_collections.failover.stack.plugins.module_utils._status.readers import galera as found
    return found


def etcd():
    from ansible_collections.failover.stack.plugins.module_utils._status.readers import etcd as found
    return found


def rabbitmq():
    from ansible_collections.failover.stack.plugins.module_utils._status.readers import rabbitmq as found
    return found


def content():
    from ansible_collections.failover.stack.plugins.module_utils._status.readers import content as found
    return found


def scouter():
    from ansible_collections.failover.stack.plugins.module_utils._status.readers import scouter as found
    return found


def units():
    from ansible_collections.failover.stack.plugins.module_utils._status.readers import units as found
    return found


WHERE = {
    "vip": front, "ipvs": front, "ipvs_static": front, "realserver": front, "haproxy": front, "httpd": web, "tomcat": web,
    "application": web, "mysql": mysql, "backup": mysql, "mha": managers, "mmm": managers, "galera": galera, "etcd": etcd,
    "rabbitmq": rabbitmq, "content": content, "nfs": content, "scouter": scouter,
    "monitoring": units, "firewall": units}


def reader_of(tier):
    """What gives the reader: imported in the tier's own thread, whose error it is when that fails."""
    def give():
        return WHERE[tier]().READERS[tier]

    return give


def main():
    module = AnsibleModule(
        argument_spec={"limit_s": {"type": "float", "default": 8}, "host_s": {"type": "float", "default": 11},
                       "asked": {"type": "dict", "default": {}}},
        supports_check_mode=True,
    )
    asked, limit_s = module.params["asked"], module.params["limit_s"]

    def host():
        return Host(module, limit_s - 1)

    everything = {
        "units": [one for tier in asked.values() for one in tier["units"]],
        "certificates": [one for tier in asked.values() for one in tier.get("certificates", [])]}
    found = read_all({"machine": (lambda: machine, everything), **{tier: (reader_of(tier), asked[tier]) for tier in asked}}, host, limit_s)
    told = found.pop("machine")
    module.exit_json(changed=False, machine=told.get("read", told), tiers=found)


if __name__ == "__main__":
    main()

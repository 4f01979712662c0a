#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ipvsadm_info
short_description: Read the kernel's IPVS table, connections, time-outs and sync daemons
version_added: 0.2.0
author: The failover.stack founders (@failover-stack)
description:
  - Tells the IPVS table in the shape that M(failover.stack.ipvsadm) takes. Changes nothing.
requirements:
  - ipvsadm 1.31
extends_documentation_fragment: [failover.stack.read_only]
options:
  gather:
    description:
      - What to read. Each word costs one process.
      - V(connections) adds thresholds and counts of connections to the real servers of V(table), which it implies.
    type: list
    elements: str
    choices: [version, table, connections, timeouts, daemons]
    default: [table, connections, timeouts, daemons]
"""

EXAMPLES = r"""
- name: Read the table alone
  failover.stack.ipvsadm_info:
    gather: [table]
  register: ipvs

- name: Connections of each server
  failover.stack.ipvsadm_info:
    gather: [connections]
  register: table

- name: Only the version of the tool
  failover.stack.ipvsadm_info:
    gather: [version]
"""

RETURN = r"""
installed:
  description: Whether there is an ipvsadm.
  returned: always
  type: bool
  sample: true
kernel:
  description: Whether the kernel has IPVS.
  returned: always
  type: bool
  sample: true
problem:
  description: Why nothing could be read, one sentence, empty when all is well.
  returned: always
  type: str
  sample: ""
version:
  description: Version of ipvsadm.
  returned: with O(gather) V(version)
  type: str
  sample: "1.31"
services:
  description: Virtual services with their real servers, as option O(failover.stack.ipvsadm#module:services) has them.
  returned: with O(gather) V(table) or V(connections)
  type: list
  elements: dict
  sample: [{address: 198.18.0.100, port: 80, protocol: tcp, scheduler: wrr, servers: [{address: 198.18.0.21, port: 80, weight: 2}]}]
timeouts:
  description: Seconds by kind, tcp, tcpfin and udp.
  returned: with O(gather) V(timeouts)
  type: dict
  sample: {tcp: 900, tcpfin: 120, udp: 300}
sync_daemons:
  description: Running sync daemons, as option O(failover.stack.ipvsadm#module:sync_daemons) has them.
  returned: with O(gather) V(daemons)
  type: list
  elements: dict
  sample: [{state: master, interface: eth0, id: 7}]
"""

import platform

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._ipvs.ipvsadm import Failure, Ipvsadm, NoIpvs, starter
from ansible_collections.failover.stack.plugins.module_utils._ipvs.parse import parse_tool_version, services_list


def query(ipvsadm, gather):
    found = {}
    if "version" in gather:
        found["version"] = parse_tool_version(ipvsadm.ask("--version"))
    if "table" in gather or "connections" in gather:
        found["services"] = services_list(ipvsadm.table(), ipvsadm.listing() if "connections" in gather else None)
    if "timeouts" in gather:
        found["timeouts"] = ipvsadm.timeouts()
    if "daemons" in gather:
        found["sync_daemons"] = list(ipvsadm.daemons().values())
    return found


def nothing(gather):
    """The same keys where there is nothing to read."""
    empty = {"version": (("version",), ""), "services": (("table", "connections"), []),
             "timeouts": (("timeouts",), {}), "sync_daemons": (("daemons",), [])}
    return {key: value for key, (words, value) in empty.items() if set(words) & set(gather)}


def main():
    choices = ["version", "table", "connections", "timeouts", "daemons"]
    module = AnsibleModule(
        argument_spec={
            "gather": {"type": "list", "elements": "str", "choices": choices,
                       "default": ["table", "connections", "timeouts", "daemons"]},
        },
        supports_check_mode=True,
    )
    gather, host, path = module.params["gather"], platform.node(), module.get_bin_path("ipvsadm")
    found = {"installed": path is not None, "kernel": False, "problem": ""}
    if path is None:
        found.update(nothing(gather), problem="%s: there is no ipvsadm here: install the package ipvsadm." % host)
        module.exit_json(changed=False, **found)
    ipvsadm = Ipvsadm(host, starter(path))
    try:
        found.update(query(ipvsadm, gather), kernel=True)
    except NoIpvs as failure:
        found.update(nothing(gather), problem=str(failure))
    except Failure as failure:
        module.fail_json(msg=str(failure), **failure.values)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mmm_host_info
short_description: Tell what a host has for MMM
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - On which interface a database host has its address, and whether that is leased; files that MMM would read before its own; what hosts
    that take no part in a run have in C(mmm_common.conf); which addresses of MMM's roles are here.
extends_documentation_fragment: [failover.stack.read_only]
options:
  address:
    description: The host's own address. Empty on a host without databases.
    type: str
    default: ""
  addresses:
    description: Addresses of MMM's roles, of which to tell which are here.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Where would MMM put its addresses?
  failover.stack.mmm_host_info:
    address: 198.51.100.11
"""

RETURN = r"""
blank:
  description: Whether there is no MMM on the host yet.
  returned: always
  type: bool
  sample: false
interface:
  description: Name of the interface that has O(address), empty when none has.
  returned: always
  type: str
  sample: eth0
leased:
  description: Whether O(address) is leased, as by DHCP.
  returned: always
  type: bool
  sample: false
held:
  description: Those of O(addresses) that are here.
  returned: always
  type: list
  elements: str
  sample: [198.51.100.102]
prefixes:
  description: Of those the lengths of their prefixes, by address. MMM takes away what has 32.
  returned: always
  type: dict
  sample: {198.51.100.102: [32]}
interfaces:
  description: Interfaces by MMM's names in the C(mmm_common.conf) that is here.
  returned: always
  type: dict
  sample: {db1: eth0}
earlier:
  description: Configuration files that MMM would read before those in C(/etc/mysql-mmm).
  returned: always
  type: list
  elements: str
  sample: [/etc/mmm_common.conf]
packaged:
  description: Whether a package mysql-mmm-common is installed, whose files would be overwritten.
  returned: always
  type: bool
  sample: false
leads:
  description: Whether the agent C(mysql-writer) runs here, which would undo what MMM does.
  returned: always
  type: bool
  sample: false
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import agent_runs
from ansible_collections.failover.stack.plugins.module_utils._host.text import text_of
from ansible_collections.failover.stack.plugins.module_utils._mmm import config


def addresses(module):
    """[(address, interface, whether it is leased, length of its prefix)]"""
    code, out, err = module.run_command(["ip", "-json", "-4", "address", "show"])
    if code:
        module.fail_json(msg="ip address show failed: %s" % (err or out).strip())
    return [(one.get("local"), link["ifname"], bool(one.get("dynamic")), one.get("prefixlen"))
            for link in json.loads(out or "[]") if link.get("ifname") for one in link.get("addr_info", [])]


def earlier():
    return [path for path in ("%s/%s" % (directory, name) for directory in config.EARLIER for name in config.FILES) if os.path.exists(path)]


def main():
    module = AnsibleModule(
        argument_spec={"address": {"type": "str", "default": ""}, "addresses": {"type": "list", "elements": "str", "default": []}},
        supports_check_mode=True)
    there = addresses(module)
    own = next((one[1:3] for one in there if one[0] == module.params["address"]), ("", False))
    held = {}
    for address, _interface, _leased, prefix in there:
        if address in module.params["addresses"]:
            held.setdefault(address, []).append(prefix)
    module.exit_json(
        changed=False, blank=not os.path.exists(config.ARCHIVE), interface=own[0], leased=own[1],
        held=sorted(held), prefixes=held,
        interfaces=config.interfaces_in(text_of(config.COMMON)), earlier=earlier(),
        packaged=os.path.exists("/var/lib/dpkg/info/mysql-mmm-common.list"), leads=agent_runs())


if __name__ == "__main__":
    main()

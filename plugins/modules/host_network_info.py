#!/usr/bin/python

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_network_info
short_description: Tell what a host's running network lacks of what is wanted
description:
  - Compares addresses, links, routes, sysctls and netfilter chains as they are now with those wanted. Changes nothing.
  - Asks the kernel with at most one process each for addresses, routes and every netfilter table.
version_added: 0.2.0
author: The failover.stack founders (@failover-stack)
options:
  addresses:
    description: Addresses that must be on an interface, with any prefix length.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: The address.
        type: str
        required: true
      interface:
        description: The interface.
        type: str
        required: true
  links:
    description: Interfaces that must be up.
    type: list
    elements: str
    default: []
  routes:
    description: Routes that must be in the main table.
    type: list
    elements: dict
    default: []
    suboptions:
      network:
        description: Where to; V(default) for the default route.
        type: str
        required: true
      gateway:
        description: By which gateway.
        type: str
        required: true
  sysctls:
    description: Values by the sysctls' names. V(all) and interfaces are taken as they stand, nothing is computed from both.
    type: dict
    default: {}
  chains:
    description: Netfilter chains that must have exactly these rules, in either of netfilter's interfaces (nf_tables, legacy).
    type: list
    elements: dict
    default: []
    suboptions:
      program:
        description: What lists it.
        type: str
        choices: [iptables, ip6tables]
        default: iptables
      table:
        description: The table.
        type: str
        required: true
      chain:
        description: The chain.
        type: str
        required: true
      from:
        description: The built-in chain that must jump there.
        type: str
        required: true
      rules:
        description: The rules in order, in the very form in which C(iptables -S) prints them, without C(-A chain).
        type: list
        elements: str
        required: true
  required:
    description: Fail, with all clauses in one sentence, when anything is still missing after O(wait).
    type: bool
    default: false
  wait:
    description: Seconds to wait until nothing is missing.
    type: float
    default: 0
attributes:
  check_mode:
    description: Nothing is ever changed.
    support: full
"""

EXAMPLES = r"""
- name: See whether the virtual address is there
  failover.stack.host_network_info:
    addresses: [{address: 198.18.0.100, interface: lo}]
    sysctls: {net.ipv4.conf.all.arp_ignore: "1"}
  register: network

- name: A real server of a director by DR, waited for
  failover.stack.host_network_info:
    addresses: [{address: 198.18.0.100, interface: lo}]
    sysctls: {net.ipv4.conf.all.arp_ignore: 1, net.ipv4.conf.all.arp_announce: 2}
    required: true
    wait: 10

- name: Answers of this machine go back by the director
  failover.stack.host_network_info:
    routes: [{network: default, gateway: 198.18.0.10}]
"""

RETURN = r"""
missing:
  description: What is not as wanted, one clause each. Empty when all is.
  returned: always
  type: list
  elements: str
  sample: ["198.18.0.100 is not on lo"]
"""

import platform
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host.network_run import SPEC, lacks


def main():
    module = AnsibleModule(
        argument_spec={**SPEC, "required": {"type": "bool", "default": False}, "wait": {"type": "float", "default": 0}},
        supports_check_mode=True,
    )
    end = time.monotonic() + module.params["wait"]
    missing = lacks(module, module.params)
    while missing and time.monotonic() < end:
        time.sleep(0.5)
        missing = lacks(module, module.params)
    if missing and module.params["required"]:
        module.fail_json(msg="%s: %s: apply the role again and look at the log of its units." % (
            platform.node(), "; ".join(missing)), missing=missing)
    module.exit_json(changed=False, missing=missing)


if __name__ == "__main__":
    main()

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_addresses
short_description: Addresses of inventory hosts
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description: The address of each host, in order. The variable named, else C(ansible_host), else the inventory name.
positional: hostvars, variable
options:
  _input:
    description: Inventory names.
    type: list
    elements: str
    required: true
  hostvars:
    description: The magic variable of that name.
    type: dict
    required: true
  variable:
    description: An inventory variable that overrides C(ansible_host), for machines with a management address of its own.
    type: str
"""

EXAMPLES = r"""
peers: "{{ groups['haproxy'] | failover.stack.host_addresses(hostvars, 'keepalived_address') }}"
"""

RETURN = r"""
_value:
  description: The addresses.
  type: list
  elements: str
"""


def host_addresses(hosts, hostvars, variable=None):
    def address(host):
        variables = hostvars[host]
        for name in (variable, "ansible_host"):
            if name and variables.get(name):
                return variables[name]
        return host

    return [address(host) for host in hosts]


class FilterModule:
    def filters(self):
        return {"host_addresses": host_addresses}

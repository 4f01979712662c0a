# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_networks
short_description: The networks a host is in, from its facts
version_added: 0.2.0
author: The failover.stack founders (@failover-stack)
description:
  - Every IPv4 and IPv6 network of which the host has an address, without loopback, link-local and single-address ones.
  - Empty while no facts were gathered.
options:
  _input:
    description: The host's facts, C(ansible_facts).
    type: dict
    required: true
"""

EXAMPLES = r"""
networks: "{{ ansible_facts | failover.stack.host_networks }}"
"""

RETURN = r"""
_value:
  description: The networks with their prefix lengths, sorted.
  type: list
  elements: str
  sample: [198.18.7.0/24]
"""

import ipaddress


def _addresses(facts):
    for name in facts.get("interfaces") or []:
        interface = facts.get(name.replace("-", "_").replace(".", "_").replace(":", "_")) or {}
        first = interface.get("ipv4")
        for item in [first] if isinstance(first, dict) else first or []:
            yield "%s/%s" % (item.get("address"), item.get("netmask"))
        for item in interface.get("ipv4_secondaries") or []:
            yield "%s/%s" % (item.get("address"), item.get("netmask"))
        for item in interface.get("ipv6") or []:
            yield "%s/%s" % (item.get("address"), item.get("prefix"))


def host_networks(facts):
    found = set()
    for text in _addresses(facts):
        try:
            network = ipaddress.ip_interface(text).network
        except ValueError:
            continue
        if network.num_addresses > 1 and not network.is_loopback and not network.is_link_local:
            found.add(network)
    return [str(network) for network in sorted(found, key=lambda one: (one.version, one))]


class FilterModule:
    def filters(self):
        return {"host_networks": host_networks}

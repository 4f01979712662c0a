# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: virtual_addresses
short_description: Take virtual addresses as keepalived.conf has them apart
version_added: 0.6.0
author: The failover.stack founders (@failover-stack)
description:
  - An address may have a prefix length (without one it is a single address, C(/32) or C(/128)) and words of C(ip address) behind it,
    such as C(dev eth1).
  - What is no address is left out; preflight speaks about it.
positional: interface
options:
  _input:
    description: The addresses of one VRRP instance.
    type: list
    elements: str
    required: true
  interface:
    description: Where addresses are put that name no interface.
    type: str
    required: true
"""

EXAMPLES = r"""
interfaces: "{{ ['203.0.113.40/24 dev eth1'] | failover.stack.virtual_addresses('eth0') | map(attribute='interface') }}"
"""

RETURN = r"""
_value:
  description:
    - Of each address C(text) as keepalived.conf has it (an IPv6 one is deprecated), C(address) with its prefix length, C(interface) and
      C(family), 4 or 6.
  type: list
  elements: dict
  sample: [{text: 203.0.113.40/24 dev eth1, address: 203.0.113.40/24, interface: eth1, family: 4}]
"""

from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_address import described


class FilterModule:
    def filters(self):
        return {"virtual_addresses": described}

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vrrp_family
short_description: Family of the adverts of a VRRP instance
version_added: 0.6.0
author: The failover.stack founders (@failover-stack)
description: That of the peers, where adverts go to peers, else that of the instance's first address.
positional: peers
options:
  _input:
    description: An entry of C(keepalived_instances).
    type: dict
    required: true
  peers:
    description: Addresses of the other members; empty with multicast.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
family: "{{ keepalived_instances[0] | failover.stack.vrrp_family(keepalived_peers) }}"
"""

RETURN = r"""
_value:
  description: 4 or 6.
  type: int
"""

from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_address import source_family


class FilterModule:
    def filters(self):
        return {"vrrp_family": source_family}

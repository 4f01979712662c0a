# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topology questions of the role haproxy."""

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_servers
short_description: Servers of every HAProxy backend, resolved from the inventory
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Takes the variable C(haproxy_backends) and yields a dictionary from backend to its list of servers.
  - A backend with C(group) gets one server for each member, named as in the inventory, at its C(ansible_host), or at the address in
    the host variable that C(address_variable) names; C(null) where a member does not have it.
positional: groups, hostvars
options:
  _input:
    description: The backends.
    type: list
    elements: dict
    required: true
  groups:
    description: The inventory's groups.
    type: dict
    required: true
  hostvars:
    description: The inventory's host variables.
    type: dict
    required: true
"""

EXAMPLES = r"""
haproxy_servers: "{{ haproxy_backends | failover.stack.haproxy_servers(groups, hostvars) }}"
"""

RETURN = r"""
_value:
  description: Backend name to list of servers.
  type: dict
"""

from ansible_collections.failover.stack.plugins.module_utils._web.haproxy import resolve_all


class FilterModule:
    def filters(self):
        return {"haproxy_servers": resolve_all}

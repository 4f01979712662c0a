# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: nfs_content
short_description: What role nfs_content works out for a host that exports or mounts content
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for role P(failover.stack.nfs_content#role) itself. Reads the role's variables as the host sees them and what the role has
    registered, and works out of them what its tasks need.
  - A variable is read only when a part needs it, so that a part can be asked as soon as what it needs is registered.
options:
  _terms:
    description:
      - The parts. V(member) is what the host exports and mounts, V(objections) what speaks against a run once the host was looked at,
        V(config), V(blocks) and V(units) what M(failover.stack.service_state) is told, V(active) the units that must run.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: What this host mounts
  ansible.builtin.debug:
    msg: "{{ lookup('failover.stack.nfs_content', 'member').contents }}"
"""

RETURN = r"""
_raw:
  description: What was worked out, for each part one dictionary or list.
  type: list
  elements: raw
"""

from ansible_collections.failover.stack.plugins.module_utils._content import nfs
from ansible_collections.failover.stack.plugins.plugin_utils.role_values import RoleLookup, by_name


class LookupModule(RoleLookup):
    role = "nfs_content"
    parts = by_name(nfs.member, nfs.objections, nfs.config, nfs.blocks, nfs.units, nfs.active)

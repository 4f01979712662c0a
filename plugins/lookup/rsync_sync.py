# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rsync_sync
short_description: What role rsync_sync works out for a host that has or pulls content
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for role P(failover.stack.rsync_sync#role) itself. Reads the role's variables as the host sees them and what the role has
    registered, and works out of them what its tasks need.
  - A variable is read only when a part needs it, so that a part can be asked as soon as what it needs is registered.
options:
  _terms:
    description:
      - The parts. V(member) is what the host is source or target of, V(objections) what speaks against a run once the host was looked at,
        V(config), V(secrets) and V(units) what M(failover.stack.service_state) is told, V(active) the units that must run, V(going) for
        which contents somebody says go.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: What this host pulls
  ansible.builtin.debug:
    msg: "{{ lookup('failover.stack.rsync_sync', 'member').names }}"
"""

RETURN = r"""
_raw:
  description: What was worked out, for each part one dictionary or list.
  type: list
  elements: raw
"""

from ansible_collections.failover.stack.plugins.module_utils._content import plan
from ansible_collections.failover.stack.plugins.plugin_utils.role_values import RoleLookup, by_name


class LookupModule(RoleLookup):
    role = "rsync_sync"
    parts = by_name(plan.member, plan.objections, plan.config, plan.secrets, plan.units, plan.active,
                    plan.going)

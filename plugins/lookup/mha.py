# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mha
short_description: What role mha works out for a database host or the manager's
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for role P(failover.stack.mha#role) itself. Reads the role's variables as the host sees them and what the role has
    registered, and works out of them what its tasks need.
  - A variable is read only when a part needs it, so that a part can be asked as soon as what it needs is registered.
options:
  _terms:
    description:
      - The parts. V(host) is what the host is and needs, V(files) and V(units) what M(failover.stack.service_state) is told, V(account)
        what M(failover.stack.mysql_accounts) is told, V(member_unit) and V(manager_unit) options of P(failover.stack.program_unit#lookup).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Whether this host is the manager's
  ansible.builtin.debug:
    msg: "{{ lookup('failover.stack.mha', 'host').manager }}"
"""

RETURN = r"""
_raw:
  description: What was worked out, for each part one dictionary or list.
  type: list
  elements: raw
"""

from ansible_collections.failover.stack.plugins.module_utils._mha import plan
from ansible_collections.failover.stack.plugins.plugin_utils.role_values import RoleLookup, by_name


class LookupModule(RoleLookup):
    role = "mha"
    parts = by_name(plan.host, plan.files, plan.units, plan.account, plan.member_unit, plan.manager_unit)

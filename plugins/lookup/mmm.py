# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mmm
short_description: What role mmm works out for a database host or the monitor's
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for role P(failover.stack.mmm#role) itself. Reads the role's variables as the host sees them and what the role has
    registered, and works out of them what its tasks need.
  - A variable is read only when a part needs it, so that a part can be asked as soon as what it needs is registered.
options:
  _terms:
    description:
      - The parts. V(host) is what the host is and needs, V(objections) what speaks against a run by what hosts told, V(files) and V(units)
        what M(failover.stack.service_state) is told, V(accounts) what M(failover.stack.mysql_accounts) is told, V(first) who is set
        online where MMM has not begun yet, V(misplaced) addresses that are not where MMM says,
        V(maintenance) what speaks against taking a member out.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Whether this host is the monitor's
  ansible.builtin.debug:
    msg: "{{ lookup('failover.stack.mmm', 'host').monitor }}"
"""

RETURN = r"""
_raw:
  description: What was worked out, for each part one dictionary or list.
  type: list
  elements: raw
"""

from ansible_collections.failover.stack.plugins.module_utils._mmm import plan
from ansible_collections.failover.stack.plugins.plugin_utils.role_values import RoleLookup, by_name


class LookupModule(RoleLookup):
    role = "mmm"
    parts = by_name(plan.host, plan.objections, plan.files, plan.units, plan.accounts, plan.first, plan.misplaced,
                    plan.maintenance)

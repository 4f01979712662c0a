# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: monitoring
short_description: What role monitoring works out for a host that is watched or collects
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for role P(failover.stack.monitoring#role) itself. Reads the role's variables as the host sees them and works out of them what
    its tasks need.
options:
  _terms:
    description:
      - The parts. V(member) is what the host is, V(packages) what it needs, V(config) and V(units) what
        M(failover.stack.service_state) is told, V(active) the units that must run, V(expected) the targets that must answer.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Which targets must answer
  ansible.builtin.debug:
    msg: "{{ query('failover.stack.monitoring', 'expected')[0] }}"
"""

RETURN = r"""
_raw:
  description: What was worked out, for each part one dictionary or list.
  type: list
  elements: raw
"""

from ansible_collections.failover.stack.plugins.module_utils._monitoring import hosts
from ansible_collections.failover.stack.plugins.plugin_utils.role_values import RoleLookup, by_name


class LookupModule(RoleLookup):
    role = "monitoring"
    refusals = (ValueError,)
    parts = by_name(hosts.member, hosts.packages, hosts.config, hosts.units, hosts.active, hosts.expected)

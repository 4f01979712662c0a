# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: galera_cluster
short_description: What role galera works out for a member of its cluster
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for role P(failover.stack.galera#role) itself. Reads the role's variables as the host sees them and what the role has registered,
    and works out of them what its tasks need.
  - A variable is read only when a part needs it, so that a part can be asked as soon as what it needs is registered.
options:
  _terms:
    description:
      - The parts. V(server), V(agent_settings) and V(config) are what the machine has, V(accounts) and V(passwords) the users that the
        cluster has.
      - V(decision) is who bootstraps, joins, stops or is refused, V(spokesman) on whom accounts are made, V(joining) how long others wait,
        V(stray_arbitrator) whether an arbitrator's process has to begin anew.
      - V(collation) is what new tables get on all members, V(unlike) whether their tables have to be compared one by one,
        V(collation_problems) what a member has otherwise than the first.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: What would be done
  ansible.builtin.debug:
    msg: "{{ lookup('failover.stack.galera_cluster', 'decision') | failover.stack.galera_recovery_lines }}"
"""

RETURN = r"""
_raw:
  description: What was worked out, for each part one dictionary, list or text.
  type: list
  elements: raw
"""

from ansible_collections.failover.stack.plugins.module_utils._galera import cluster
from ansible_collections.failover.stack.plugins.plugin_utils.role_values import RoleLookup, by_name


class LookupModule(RoleLookup):
    role = "galera"
    parts = by_name(cluster.server, cluster.agent_settings, cluster.config, cluster.accounts, cluster.passwords, cluster.decision,
                    cluster.collation, cluster.unlike, cluster.collation_problems, cluster.spokesman, cluster.joining,
                    cluster.stray_arbitrator)

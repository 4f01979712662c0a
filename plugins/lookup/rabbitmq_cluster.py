# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rabbitmq_cluster
short_description: What role rabbitmq_cluster works out for a member of its cluster
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for role P(failover.stack.rabbitmq_cluster#role) itself. Reads the role's variables as the member sees them and what the role has
    registered, and works out of them what its tasks need.
  - A variable is read only when a part needs it, so that a part can be asked as soon as what it needs is registered.
options:
  _terms:
    description:
      - The parts. V(member), V(server), V(watchdog_settings) and V(files) are what the member and its machine are and have.
      - V(formation) is whose cluster the others join, V(is_there) whether the node runs in it already, V(objections) what speaks against a
        run, V(mirror_policies) and V(absent) belong to the definitions.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Whom the others join
  ansible.builtin.debug:
    msg: "{{ lookup('failover.stack.rabbitmq_cluster', 'formation').seed }}"
"""

RETURN = r"""
_raw:
  description: What was worked out, for each part one dictionary, list or truth.
  type: list
  elements: raw
"""

from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import cluster
from ansible_collections.failover.stack.plugins.plugin_utils.role_values import RoleLookup, by_name


class LookupModule(RoleLookup):
    role = "rabbitmq_cluster"
    parts = by_name(
        cluster.member, cluster.server, cluster.watchdog_settings, cluster.files, cluster.formation, cluster.is_there, cluster.objections,
        cluster.mirror_policies, cluster.absent)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: etcd_cluster
short_description: What role etcd works out for a member of its cluster
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for role P(failover.stack.etcd#role) itself. Reads the role's variables as the member sees them and what the role has registered,
    and works out of them what its tasks need.
  - A variable is read only when a part needs it, so that a part can be asked as soon as what it needs is registered.
options:
  _terms:
    description:
      - The parts. V(member), V(config), V(units) and V(snapshot_units) are what the member and its machine are and have.
      - V(decision) is who forms a cluster, starts or joins, V(objections) what speaks against a run, V(replacement) what speaks against the
        replacement of a member, V(restoration) which snapshot is restored or what speaks against that.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Where clients ask
  ansible.builtin.debug:
    msg: "{{ lookup('failover.stack.etcd_cluster', 'member').endpoints }}"
"""

RETURN = r"""
_raw:
  description: What was worked out, for each part one dictionary, list or text.
  type: list
  elements: raw
"""

from ansible_collections.failover.stack.plugins.module_utils._etcd import cluster
from ansible_collections.failover.stack.plugins.plugin_utils.role_values import RoleLookup, by_name


class LookupModule(RoleLookup):
    role = "etcd"
    parts = by_name(cluster.member, cluster.config, cluster.units, cluster.snapshot_units, cluster.decision, cluster.objections,
                    cluster.replacement, cluster.restoration)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mysql_cluster
short_description: What role mysql_replication works out for a member of its cluster
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for role P(failover.stack.mysql_replication#role) itself. Reads the role's variables as the member sees them and what the role has
    registered, and works out of them what its tasks need.
  - A variable is read only when a part needs it, so that a part can be asked as soon as what it needs is registered.
options:
  _terms:
    description:
      - The parts. V(server), V(places), V(agent_settings), V(files), V(secrets) and V(certificates) are what a member's machine has,
        V(store) where the keys of its lease are.
      - V(asked) is the topology that the members' answers amount to, V(cluster) what a run acts on, V(channels) how to receive from each
        member, V(accounts) the users that the cluster has.
      - V(unfit) and V(health) are what is wrong with the member, alone and as a part of the cluster.
      - V(collation) is what new tables get on all members, V(unlike) whether their tables have to be compared one by one.
      - V(seed), V(backup), V(restore), V(restore_left), V(switchover), V(failover), V(fenced_gtid) and V(choice) belong to operations.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Who takes the writes
  ansible.builtin.debug:
    msg: "{{ lookup('failover.stack.mysql_cluster', 'cluster').writer }}"
"""

RETURN = r"""
_raw:
  description: What was worked out, for each part one dictionary, list or text.
  type: list
  elements: raw
"""

from ansible_collections.failover.stack.plugins.module_utils._mysql import cluster, server
from ansible_collections.failover.stack.plugins.module_utils._sql.gtid import GtidError
from ansible_collections.failover.stack.plugins.plugin_utils.role_values import RoleLookup, by_name


class LookupModule(RoleLookup):
    role, refusals = "mysql_replication", (GtidError,)
    parts = by_name(
        server.server, server.places, server.agent_settings, server.files, server.secrets, server.certificates, cluster.asked,
        cluster.cluster, server.channels, server.store, cluster.accounts, cluster.collation, cluster.unlike, cluster.unfit, cluster.health,
        cluster.seed, cluster.backup, cluster.restore, cluster.restore_left, cluster.switchover, cluster.failover, cluster.fenced_gtid,
        cluster.choice)

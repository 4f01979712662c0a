# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mysql_member_problems
short_description: What is wrong with a member of a replicating MariaDB or MySQL cluster
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description: One sentence for everything that keeps the member from being healthy, an empty list when it is.
positional: _input, row
options:
  _input:
    description: What M(failover.stack.mysql_replica_info) returned for the member.
    type: dict
    required: true
  row:
    description: The member's part of the result of P(failover.stack.mysql_topology#filter).
    type: dict
    required: true
  tls:
    description: Whether it must replicate with TLS.
    type: bool
    default: true
  max_lag:
    description: Seconds it may be behind, beside its configured delay.
    type: int
    default: 10
  semi_sync:
    description: Whether replicas must acknowledge and the writer must wait for them.
    type: bool
    default: false
  source:
    description: What M(failover.stack.mysql_replica_info) returned for the member it replicates from, to compare databases with.
    type: dict
    version_added: 0.5.0
"""

EXAMPLES = r"""
problems: "{{ observed.db3 | failover.stack.mysql_member_problems(topology.db3) }}"
"""

RETURN = r"""
_value:
  description: The sentences.
  type: list
  elements: str
"""

from ansible_collections.failover.stack.plugins.module_utils._mysql.health import member_problems


class FilterModule:
    def filters(self):
        return {"mysql_member_problems": member_problems}

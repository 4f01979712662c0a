# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is seeded from whom, and who must not be."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mysql_seed_plan
short_description: Donor and order for every database server that becomes a copy of another
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description:
  - Decides from what M(failover.stack.mysql_replica_info) saw whether a joiner's data may be replaced. It may when the joiner is blank
    or when the writer has every transaction and database of it. Anything else is refused, what would be lost is listed, and the
    override, which names the joiner, is told. The writer's data is never replaced.
  - Chooses a healthy replica as donor, the writer when there is none. Joiners of one donor come one after the other.
positional: _input, observed, writer
options:
  _input:
    description: Names of the joiners.
    type: list
    elements: str
    required: true
  observed:
    description: What was seen, by member.
    type: dict
    required: true
  writer:
    description: The member that takes the writes.
    type: str
    required: true
  discard:
    description: Joiners whose data may be replaced although nobody else has it. A list or names separated by commas.
    type: raw
    default: []
  donor:
    description: The only member that may give.
    type: str
    default: ""
"""

EXAMPLES = r"""
plan: "{{ ['db3'] | failover.stack.mysql_seed_plan(observed, 'db1') }}"
"""

RETURN = r"""
_value:
  description:
    - A dictionary for each joiner. C(host), C(donor), C(wave) (transfers of one wave run at the same time), C(keep_old), C(because)
      and C(refused), a sentence, empty when it may be seeded.
  type: list
  elements: dict
"""

from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.plan import seed_plan


class FilterModule:
    def filters(self):
        return {"mysql_seed_plan": seed_plan}

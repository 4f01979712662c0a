#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Refuse a contradictory inventory before any host is changed
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Checks roles' public variables, as their hosts see them, against the roles' argument specifications and the
    roles' own rules. Runs on the controller and connects nowhere.
  - With O(role) it is about that role on this host, and fails at once. With O(roles) it is about all hosts of the play, those that the
    command line's limit leaves; it fails with all problems of all of them, and with what contradicts between hosts. Give such a task
    C(run_once), since one host asks for all.
  - A task with O(roles) that is registered as C(__preflight) spares later tasks with O(role) of the same run the same question. It is the
    same while the role's variables on that host, and the variables they mention, are written the same. Facts that came in between
    make it another one where they are mentioned, another group or a variable of another host does not.
extends_documentation_fragment: [failover.stack.read_only]
options:
  role:
    description: Short name of a role of this collection. Exactly one of O(role) and O(roles) must be given.
    type: str
  roles:
    description:
      - Short names of roles of this collection, each with the list of groups whose hosts it is for.
      - A group that the inventory does not have is one without hosts.
    type: dict
"""

EXAMPLES = r"""
- name: Check what inventory and variables say about one role
  failover.stack.preflight:
    role: keepalived

- name: Check it about all hosts at once
  failover.stack.preflight:
    roles:
      haproxy: [haproxy]
      keepalived: [haproxy, ipvs_director]
  run_once: true
  register: __preflight
"""

RETURN = r"""
msg:
  description: One line a problem, a sentence naming host, variable, value and remedy. Never a secret.
  returned: on failure; with O(roles) always
  type: str
  sample: "db1: mysql_replication_writer_address is 198.51.100.31, which is a member's own address: choose a free one."
examined:
  description:
    - By role, the variables that its question depends on, and for each host a mark of how they are written, which only this run can make.
  returned: on success with O(roles)
  type: dict
  sample: {}
"""

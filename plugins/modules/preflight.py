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
  - Checks a role's public variables, as the host sees them, against the role's argument specification and the
    role's own rules. Runs on the controller and connects nowhere.
  - Alone it fails at once. While the variable C(preflight_collect) is true it only collects; a later task with
    O(report=true) fails with all problems of all hosts of the play, and with what contradicts between hosts.
attributes:
  check_mode:
    support: full
    description: Nothing is ever changed.
  diff_mode:
    support: none
    description: Nothing is ever changed.
options:
  role:
    description: Short name of a role of this collection.
    type: str
  report:
    description: Report what was collected for all hosts of the play.
    type: bool
    default: false
  reset:
    description: Forget what an earlier run collected (a persistent fact cache may have kept it).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Check what inventory and variables say
  failover.stack.preflight:
    role: keepalived
"""

RETURN = r"""
msg:
  description: One line a problem, a sentence naming host, variable, value and remedy. Never a secret.
  returned: on failure
  type: str
"""

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: status_report
short_description: Judge what all hosts told of their tiers, show it and write it as a page
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for C(playbooks/status.yml). An action plugin; it runs on the controller, once for the play, and connects nowhere.
  - Takes what M(failover.stack.status_info) has registered on each host of the play, makes a line of each tier, and fails when one of
    them is red. A tier that could not be read is red.
attributes:
  check_mode:
    support: full
    description: The same is done.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  registered:
    description: Name under which the hosts' results are registered.
    type: str
    default: __status
  format:
    description: V(table) for people, V(json) for programs, one line.
    type: str
    choices: [table, json]
    default: table
  page:
    description: File of the page; the same as JSON is written beside it. Empty for none.
    type: path
    default: ""
  name:
    description: How the stack is called on the page.
    type: str
    default: ""
  limits:
    description: From when on something is told.
    type: dict
    default: {}
    suboptions:
      backup_age_h:
        description: How old the newest backup of databases may be, in hours.
        type: float
        default: 26
      restore_age_days:
        description: How long ago a backup was restored and compared, in days.
        type: float
        default: 35
      certificate_days:
        description: A certificate that ends within so many days, or within a twentieth of its life, is red.
        type: float
        default: 7
      certificate_soon_days:
        description: A certificate that ends within so many days, or within a tenth of its life, is to be looked at.
        type: float
        default: 30
"""

EXAMPLES = r"""
- name: Show how the stack is
  failover.stack.status_report:
    page: /var/www/html/status.html
  run_once: true
"""

RETURN = r"""
state:
  description: The worst state of all lines, V(ok), V(warning) or V(critical).
  returned: always
  type: str
  sample: ok
msg:
  description: One sentence.
  returned: always
  type: str
  sample: "1 of 21 lines are red: Galera"
"""

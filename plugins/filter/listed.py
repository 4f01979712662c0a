# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: listed
short_description: A list, also where an INI file or -e gave it as one text
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description: Names separated by commas become a list, without the blanks around them. A list stays what it is.
options:
  _input:
    description: A list, or a text.
    type: raw
    required: true
"""

EXAMPLES = r"""
number: "{{ mysql_replication_sources | failover.stack.listed | length }}"
"""

RETURN = r"""
_value:
  description: The list.
  type: list
  elements: str
"""


def listed(given):
    if not isinstance(given, str):
        return given
    return [name.strip() for name in given.split(",") if name.strip()]


class FilterModule:
    def filters(self):
        return {"listed": listed}

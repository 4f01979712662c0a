# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_variables
short_description: Some variables of other hosts
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description: What inventory hosts have of some variables, registered ones too. One that a host does not have is left out.
positional: hostvars, names
options:
  _input:
    description: Inventory names.
    type: list
    elements: str
    required: true
  hostvars:
    description: The magic variable of that name.
    type: dict
    required: true
  names:
    description: The variables.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
registered: "{{ groups['db'] | failover.stack.host_variables(hostvars, ['__seen']) }}"
"""

RETURN = r"""
_value:
  description: For each host the variables and their values.
  type: dict
"""


def host_variables(hosts, hostvars, names):
    found = {}
    for host in hosts:
        variables = hostvars[host]
        found[host] = {name: variables[name] for name in names if name in variables}
    return found


class FilterModule:
    def filters(self):
        return {"host_variables": host_variables}

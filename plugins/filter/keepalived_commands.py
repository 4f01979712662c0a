# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: keepalived_commands
short_description: The programs that keepalived is told to run
version_added: 0.6.0
author: The failover.stack founders (@failover-stack)
description: Notify commands, check scripts, commands of virtual servers and their checks, each program and user once.
positional: scripts, services
options:
  _input:
    description: The variable C(keepalived_instances).
    type: list
    elements: dict
    required: true
  scripts:
    description: The variable C(keepalived_scripts).
    type: list
    elements: dict
    default: []
  services:
    description: The variable C(keepalived_virtual_services).
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
programs: "{{ keepalived_instances | failover.stack.keepalived_commands(keepalived_scripts) | map(attribute='program') }}"
"""

RETURN = r"""
_value:
  description: Of each C(what), where it is written, C(program), its path, and C(user), whom it runs as.
  type: list
  elements: dict
"""

from ansible_collections.failover.stack.plugins.module_utils._vip.commands import commands


class FilterModule:
    def filters(self):
        return {"keepalived_commands": commands}

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's variables of this collection's roles, outside of any role. On the controller."""

from __future__ import annotations

import pathlib
from collections import ChainMap

from ansible_collections.failover.stack.plugins.plugin_utils.role_values import Values

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
# Where nobody has gathered facts: all that there is so far.
FAMILY = "Debian"


class HostRoles:
    """Values of any role as a task of that role would see them on one host.

    task_vars: the host's. templar: evaluates. loader: reads the roles' files, each once.
    """

    def __init__(self, task_vars, templar, loader):
        self.variables, self.templar, self.loader, self.known, self.files = task_vars, templar, loader, {}, {}
        self.family = (task_vars.get("ansible_facts") or {}).get("os_family") or FAMILY

    def read(self, role, place):
        path = ROLES / role / place
        if path not in self.files:
            self.files[path] = self.loader.load_from_file(str(path), trusted_as_template=True) or {} if path.is_file() else {}
        return self.files[path]

    def values(self, role, others=()):
        """Values of a role. others: roles whose defaults its own mention."""
        if role not in self.known:
            path = str(ROLES / role)
            own = {"role_name": role, "role_path": path,
                   "ansible_search_path": [path, path + "/tasks", *self.variables.get("ansible_search_path", [])]}
            variables = ChainMap(
                own, self.read(role, "vars/%s.yml" % self.family), self.read(role, "vars/main.yml"), self.variables,
                self.read(role, "defaults/main.yml"), *(self.read(other, "defaults/main.yml") for other in others))
            self.known[role] = Values(role, variables, self.templar.copy_with_new_env(available_variables=variables))
        return self.known[role]

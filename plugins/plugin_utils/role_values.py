# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's variables for pure functions that work something out of them: what the lookups of such roles have in common."""

from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import read_value
from ansible_collections.failover.stack.plugins.plugin_utils.read_values import options_of

# Names that stand for themselves: Ansible's own, and what the site says to all roles.
AS_THEY_ARE = ("inventory_hostname", "ansible_", "site_")


class Values(Mapping):
    """A role's variables by their short names, each evaluated when it is asked for, once, and read as the role's spec reads it.

    Of role mysql_replication `port` is mysql_replication_port and `_info` is __mysql_replication_info; Ansible's own and the site's
    variables have their names.
    `_contents.server` is one key of a dictionary whose other keys are not evaluated.
    """

    def __init__(self, role, variables, templar):
        self.role, self.variables, self.templar, self.known = role, variables, templar, {}
        self.options = options_of(variables.get("role_path"))

    def written(self, name):
        """A variable as it is written; KeyError without one."""
        name, _dot, key = name.partition(".")
        if not name.startswith(AS_THEY_ARE):
            name = "__%s_%s" % (self.role, name[1:]) if name.startswith("_") else "%s_%s" % (self.role, name)
        return self.variables[name][key] if key else self.variables[name]

    def __getitem__(self, name):
        if name not in self.known:
            value = self.templar.template(self.written(name))
            option = self.options.get("%s_%s" % (self.role, name))
            # What stands in a list of dictionaries may be a text, too.
            read = option and (isinstance(value, str) or option.get("options"))
            self.known[name] = read_value(option, value) if read else value
        return self.known[name]

    def __contains__(self, name):
        try:
            self.written(name)
        except KeyError:
            return False
        return True

    def __iter__(self):
        return iter(self.known)

    def __len__(self):
        return len(self.known)


class RoleLookup(LookupBase):
    """role: its name. parts: {name: function of Values}. refusals: exceptions whose text is a sentence for the user."""

    role, parts, refusals = "", {}, ()

    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        values = Values(self.role, variables, self._templar)
        return [self.part(term, values) for term in terms]

    def part(self, name, values):
        if name not in self.parts:
            raise AnsibleLookupError("%s has no part '%s': name one of %s." % (self.role, name, ", ".join(self.parts)))
        try:
            return self.parts[name](values)
        except self.refusals as error:
            raise AnsibleLookupError("%s: %s" % (values["inventory_hostname"], error)) from error
        except KeyError as error:
            raise AnsibleLookupError("%s: %s of role %s needs %s, which is not there." % (
                values["inventory_hostname"], name, self.role, error.args[0])) from error


def by_name(*functions):
    return {function.__name__: function for function in functions}

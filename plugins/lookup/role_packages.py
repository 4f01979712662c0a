# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: role_packages
short_description: The packages that roles of this collection want on a host
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Lets a playbook install on all machines at once what its tiers would install one after the other. Each role looks again itself.
  - Evaluates the role's C(__<role>_wanted_packages) with the host's variables and the role's own. The facts must have C(os_family).
options:
  _terms:
    description: Names of roles of this collection, without the collection.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Install what both roles want
  failover.stack.service_state:
    packages: "{{ query('failover.stack.role_packages', 'haproxy', 'keepalived') }}"
"""

RETURN = r"""
_raw:
  description: Names of packages, each once, sorted.
  type: list
  elements: str
"""

import pathlib
from collections import ChainMap

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        return sorted({package for role in terms for package in self.packages(role, variables)})

    def packages(self, role, variables):
        """In the order of precedence that the role itself would have them."""
        family = variables.get("ansible_facts", {}).get("os_family")
        if not family:
            raise AnsibleLookupError("%s: ansible_facts have no os_family, which says how packages are called: gather facts before, as "
                                     "site.yml does at its beginning." % variables.get("inventory_hostname", "localhost"))
        name, places = "__%s_wanted_packages" % role, ("vars/%s.yml" % family, "vars/main.yml")
        variables_of_role = ChainMap(*(self.read(role, place) for place in places), variables, self.read(role, "defaults/main.yml"))
        if name not in variables_of_role:
            raise AnsibleLookupError("Role %s of this collection has no variable %s: it cannot say which packages it wants." % (role, name))
        return self._templar.copy_with_new_env(available_variables=variables_of_role).template(variables_of_role[name])

    def read(self, role, place):
        path = ROLES / role / place
        return self._loader.load_from_file(str(path), trusted_as_template=True) or {} if path.is_file() else {}

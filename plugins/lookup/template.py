# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: template
short_description: The text that a template of the role makes
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - As P(ansible.builtin.template#lookup) with its defaults, for roles that make many files.
  - That one makes a deep copy of all variables of the host for each template (seen in ansible-core 2.19 to 2.22); this one copies none.
    With the variables of a site that was a quarter of the controller's time.
  - The role's public variables are in it as its argument spec reads them, V(false) from an INI file or C(-e) is false there.
options:
  _terms:
    description: Names of templates, sought in the directories C(templates) of the role and the playbook.
    type: list
    elements: str
    required: true
  template_vars:
    description: Variables that the template sees beside those of the host.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: A file of the role
  failover.stack.config_files:
    files: [{path: /etc/example.conf, content: "{{ lookup('failover.stack.template', 'example.conf.j2') }}"}]
"""

RETURN = r"""
_raw:
  description: The texts.
  type: list
  elements: str
"""

import os
from collections import ChainMap

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.template import trust_as_template
from ansible_collections.failover.stack.plugins.plugin_utils.read_values import options_of, values_read


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        return [self.render(term, variables, self.get_option("template_vars")) for term in terms]

    def render(self, name, variables, more):
        path = self.find_file_in_search_path(variables, "templates", name)
        if not path:
            raise AnsibleLookupError("The template %s is in no directory 'templates' of the role or the playbook." % name)
        places = [os.path.dirname(path)]
        for place in variables.get("ansible_search_path", []):
            places += [os.path.join(place, "templates"), place]
        read = values_read(variables, options_of(variables.get("role_path")), self._templar)
        templar = self._templar.copy_with_new_env(searchpath=places, available_variables=ChainMap(more, read, variables))
        return templar.template(trust_as_template(self._loader.get_text_file_contents(path)), escape_backslashes=False)

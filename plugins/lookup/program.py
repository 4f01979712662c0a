# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: program
short_description: The files of a program of this collection that lives on a host
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Gives the program's entry, all that it imports from this collection, and the launcher, in the form that
    O(failover.stack.config_files#module:files) takes.
  - On the host it is started by C(/usr/bin/python3 -BI <directory>/run.py <entry> <argument> ...).
options:
  _terms:
    description: Dotted names of modules below C(plugins/module_utils) that have a function C(main).
    type: list
    elements: str
    required: true
  directory:
    description: Where the files shall be on the host. It belongs to the program alone.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Write the watchdog
  failover.stack.config_files:
    files: "{{ query('failover.stack.program', '_agents.httpd_watchdog', directory='/usr/local/libexec/failover-stack/httpd-watchdog') }}"
"""

RETURN = r"""
_raw:
  description: Files with C(path) and C(content).
  type: list
  elements: dict
"""

import pathlib

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.failover.stack.plugins.module_utils._agents.runtime import files

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "module_utils"


def read(path):
    place = SOURCES / path
    return place.read_text(encoding="utf-8") if place.is_file() else None


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        found = {}
        for term in terms:
            try:
                found.update(files(term, read))
            except LookupError as error:
                raise AnsibleLookupError("program: %s: name a module below plugins/module_utils." % error.args[0]) from error
        return [{"path": "%s/%s" % (self.get_option("directory"), path), "content": text} for path, text in found.items()]

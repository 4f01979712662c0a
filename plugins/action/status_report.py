# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts together what all hosts told. See the documentation of the module of the same name."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import time

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.color import stringc
from ansible.utils.display import Display
from ansible_collections.failover.stack.plugins.module_utils._host.json_file import write_text
from ansible_collections.failover.stack.plugins.module_utils._report import page as pages
from ansible_collections.failover.stack.plugins.module_utils._status import judge, page, table

TEMPLATE = pathlib.Path(__file__).resolve().parents[2] / "playbooks" / "files" / "status.html"
COLOURS = {judge.OK: "green", judge.WARNING: "yellow", judge.CRITICAL: "red"}
LIMITS = {name: {"type": "float", "default": value} for name, value in judge.LIMITS.items()}
SPEC = {
    "registered": {"type": "str", "default": "__status"},
    "format": {"type": "str", "choices": ["table", "json"], "default": "table"},
    "page": {"type": "path", "default": ""},
    "name": {"type": "str", "default": ""},
    "limits": {"type": "dict", "default": {}, "options": LIMITS, "apply_defaults": True},
}


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, given = self.validate_argument_spec(SPEC)
        hosts = self.hosts(given["registered"], task_vars)
        lines, when = judge.judged(hosts, given["limits"]), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        document = table.document(lines, when)
        if given["page"]:
            self.write(given, lines, document)
        self.show(given["format"], lines, document)
        red = document["state"] == judge.CRITICAL
        return {"changed": False, "failed": red, "msg": document["verdict"], "state": document["state"]}

    @staticmethod
    def hosts(registered, task_vars):
        """{host: what was registered}, in plain types, in the order of the play."""
        hostvars, names = task_vars["hostvars"], task_vars["ansible_play_hosts_all"]
        nothing = {"reached": False, "because": "nothing was registered of it", "tiers": {}, "machine": {}}
        return {host: json.loads(json.dumps(dict(nothing, **(hostvars[host].get(registered) or {})), default=str)) for host in names}

    @staticmethod
    def write(given, lines, document):
        """The page, and the same as JSON beside it."""
        where = os.path.abspath(given["page"])
        try:
            os.makedirs(os.path.dirname(where), exist_ok=True)
            write_text(where, pages.filled(TEMPLATE, page.parts(lines, document["at"], given["name"] or "The stack")))
            write_text(os.path.splitext(where)[0] + ".json", pages.figures_text(document))
        except OSError as error:
            raise AnsibleActionFail("status_page is %s, which cannot be written (%s): name a file in a directory of yours, or leave it "
                                    "empty for none." % (given["page"], error.strerror)) from error

    @staticmethod
    def show(form, lines, document):
        """On the terminal, or wherever standard output goes."""
        if form == "json":
            Display().display(json.dumps(document, separators=(",", ":")))
            return
        width = shutil.get_terminal_size((120, 24)).columns
        for text in ["", *table.table(lines, width, lambda state, words: stringc(words, COLOURS[state])), ""]:
            Display().display(text)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of drills, on the client. See the documentation of the module of the same name; the order of steps is _drill/run.py's."""

from __future__ import annotations

import json

from ansible.plugins.action import ActionBase
from ansible_collections.failover.stack.plugins.module_utils._drill.client.files import concealed
from ansible_collections.failover.stack.plugins.module_utils._drill.run import Run, StepFailed
from ansible_collections.failover.stack.plugins.module_utils._drill.selection import DrillError
from ansible_collections.failover.stack.plugins.plugin_utils.drill_outside import Outside, interruptible
from ansible_collections.failover.stack.plugins.plugin_utils.elsewhere import Elsewhere

LISTS = {"type": "list", "elements": "str"}
SPEC = {
    "drills": {"type": "list", "elements": "dict", "required": True},
    "only": {"type": "str", "default": ""},
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 80},
    "host_header": {"type": "str", "default": ""},
    "path": {"type": "str", "default": "/ping.json"},
    "session_path": {"type": "str", "default": "/session.json"},
    "vips": {**LISTS, "default": []},
    "served_header": {"type": "str", "default": "X-Served-By"},
    "sorry_header": {"type": "str", "default": "X-Sorry"},
    "serving": {**LISTS, "default": []},
    "standbys": {"type": "list", "elements": "dict", "default": []},
    "rate": {"type": "int", "default": 100},
    "sessions": {"type": "int", "default": 20},
    "session_rate": {"type": "float", "default": 3},
    "time_limit_ms": {"type": "int", "default": 1000},
    "arp_ms": {"type": "int", "default": 50},
    "ledgers": {"type": "dict", "default": {}},
    "ledger_passwords": {"type": "dict", "default": {}, "no_log": True},
    "before_s": {"type": "int", "default": 4},
    "hold_s": {"type": "int", "default": 8},
    "after_s": {"type": "int", "default": 6},
    "back_s": {"type": "int", "default": 90},
    "groups": {"type": "dict", "required": True},
    "hosts": {**LISTS, "required": True},
    "addresses": {"type": "dict", "required": True},
    "machine_driver": {"type": "str", "choices": ["docker"], "default": "docker"},
    "machine_names": {"type": "dict", "default": {}},
    "timers": {"type": "dict", "default": {}},
    "timer_units": {**LISTS, "default": []},
    "timer_modjk": {**LISTS, "default": ["/etc/libapache2-mod-jk/workers.properties"]},
    "playbook_command": {**LISTS, "required": True},
    "playbook_directory": {"type": "path", "required": True},
    "playbook_s": {"type": "int", "default": 300},
    "config": {"type": "str", "default": ""},
    "control": {"type": "path", "default": "/run/failover-drill/finish"},
    "report_directory": {"type": "path", "required": True},
    "template": {"type": "path", "required": True},
}


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, parameters = self.validate_argument_spec(SPEC)
        # Plain types, whatever lazy containers the templating engine uses.
        parameters = json.loads(json.dumps(parameters, default=str))
        client = task_vars["inventory_hostname"]
        secrets = [str(secret) for secret in parameters["ledger_passwords"].values()]
        try:
            drills = Run(parameters, client, Outside(parameters, client, Elsewhere(self), secrets))
            if self._task.check_mode:
                return {"changed": False, "skipped": True, "drills": [drill["name"] for drill in drills.chosen]}
            with interruptible():
                return concealed({"changed": True, **drills.all()}, secrets)
        except (DrillError, StepFailed) as error:
            return {"failed": True, "msg": concealed("%s: %s" % (client, error), secrets)}

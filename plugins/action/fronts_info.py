# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See the documentation of the module of the same name."""

from __future__ import annotations

import time

from ansible.plugins.action import ActionBase
from ansible_collections.failover.stack.plugins.module_utils._deploy.fronts import settled
from ansible_collections.failover.stack.plugins.plugin_utils.elsewhere import Elsewhere

PAUSE_S = 2
OPTIONS = {
    "modjk": {"type": "list", "elements": "str", "default": []},
    "haproxy": {"type": "list", "elements": "str", "default": []},
    "ipvs": {"type": "list", "elements": "str", "default": []},
    "wait_s": {"type": "int", "default": 40},
}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _checked, given = self.validate_argument_spec(argument_spec=OPTIONS)
        self.elsewhere, answers = Elsewhere(self), {}
        end, open_ones = time.monotonic() + given["wait_s"], [(kind, host) for kind in ("modjk", "haproxy", "ipvs") for host in given[kind]]
        while open_ones:
            answers.update(zip(open_ones, self.elsewhere.run_all([self.call(*one) for one in open_ones])))
            open_ones = [one for one in open_ones if not settled(one[0], answers[one])]
            if time.monotonic() >= end:
                break
            if open_ones:
                time.sleep(PAUSE_S)
        wrong = ["%s: %s" % (host, told.get("msg", "it does not answer")) for (_kind, host), told in answers.items() if told.get("failed")]
        if wrong:
            return dict(result, failed=True, msg="; ".join(wrong))
        return dict(result, changed=False, **{kind: {host: picked(kind, answers[kind, host]) for host in given[kind]}
                                              for kind in ("modjk", "haproxy", "ipvs")})

    def call(self, kind, host):
        """(host, module, arguments)"""
        if kind == "modjk":
            port = self.elsewhere.value(host, "apache_modjk_default_http_port", 80)
            return host, "failover.stack.modjk_info", {"url": "http://127.0.0.1:%s/jkmanager" % port, "ping_timeout": 1000}
        if kind == "haproxy":
            return host, "failover.stack.haproxy_info", {"socket": self.elsewhere.value(host, "haproxy_socket", "/run/haproxy/admin.sock")}
        return host, "failover.stack.ipvsadm_info", {"gather": ["table"]}


def picked(kind, told):
    """What counts of an answer."""
    return {"modjk": lambda: told["workers"], "haproxy": lambda: {key: told.get(key) for key in ("running", "problems", "servers")},
            "ipvs": lambda: told["services"]}[kind]()

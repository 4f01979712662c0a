# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See the documentation of the module of the same name."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.failover.stack.plugins.plugin_utils.elsewhere import Elsewhere

OPTIONS = {
    "server": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["drained", "active"], "required": True},
    "haproxy": {"type": "list", "elements": "str", "default": []}, "directors": {"type": "dict", "default": {}},
    "wait_s": {"type": "int", "default": 5},
}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _checked, given = self.validate_argument_spec(argument_spec=OPTIONS)
        self.elsewhere = Elsewhere(self)
        calls = self.calls(given)
        told = dict(zip([host for host, _module, _arguments in calls], self.elsewhere.run_all(calls)))
        wrong = ["%s: %s" % (host, one.get("msg", "it does not answer")) for host, one in told.items() if one.get("failed")]
        if wrong:
            return dict(result, failed=True, msg="; ".join(wrong), fronts=told)
        return dict(result, changed=any(one.get("changed") for one in told.values()), fronts=told)

    def calls(self, given):
        """[(host, module, arguments)]"""
        found = [self.haproxy(host, given) for host in given["haproxy"]]
        return found + [(host, "failover.stack.keepalived_server", {
            "server": address_in(services, given["server"]), "name": given["server"], "state": given["state"], "wait_s": given["wait_s"],
            "virtual_services": services}) for host, services in given["directors"].items()]

    def haproxy(self, host, given):
        value, drains = self.elsewhere.value, given["state"] == "drained"
        wait = value(host, "haproxy_drain_s", value(host, "haproxy_drain_seconds", 10)) if drains else value(
            host, "haproxy_verify_s", value(host, "haproxy_verify_seconds", 30))
        return host, "failover.stack.haproxy_server", {
            "socket": value(host, "haproxy_socket", "/run/haproxy/admin.sock"), "server": given["server"], "timeout": wait,
            "state": "maint" if drains else "ready"}


def address_in(services, name):
    """Servers are known by name or address."""
    found = [server["address"] for service in services for server in service["servers"] if name in (server.get("name"), server["address"])]
    return found[0] if found else name

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller, connects nowhere. See the documentation of the module of the same name."""

from __future__ import annotations

import json

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.failover.stack.plugins.module_utils._firewall.matrix import answers_through, matrix
from ansible_collections.failover.stack.plugins.module_utils._firewall.ruleset import ruleset
from ansible_collections.failover.stack.plugins.module_utils._firewall.site import GROUPS, Site, Unknown
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import read_value
from ansible_collections.failover.stack.plugins.plugin_utils.preflight import Hosts, Role


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        site = Site(task_vars["groups"], Values(self, task_vars).get)
        try:
            entries, through = matrix(site), answers_through(site)
        except Unknown as error:
            raise AnsibleActionFail(str(error)) from error
        rules = {host: ruleset(
            [one for one in entries if one["host"] == host], [one for one in through if one["host"] == host],
            site.get(host, "firewall_forward"), bool(site.get(host, "firewall_log"))) for host in site.hosts("firewall")}
        return {"changed": False, "matrix": entries, "rules": rules}


class Values:
    """Variables of any host as a task of the role that owns them would see them, each evaluated when it is asked for, once."""

    def __init__(self, action, task_vars):
        self.roles = {name: Role(name) for name in GROUPS}
        self.hosts = Hosts(action._task, task_vars, action._loader, self.roles.values())
        self.templar = action._templar.copy_with_new_env()
        self.written, self.known = {}, {}

    def get(self, host, name):
        if (host, name) not in self.known:
            self.known[host, name] = self.read(host, name)
        return self.known[host, name]

    def role_of(self, name):
        fitting = [role for role in self.roles if name.startswith(role + "_")]
        return self.roles[max(fitting, key=len)] if fitting else None

    def read(self, host, name):
        if host not in self.written:
            self.written[host] = self.hosts.variables(host)
        if name not in self.written[host]:
            return None
        role = self.role_of(name)
        self.templar.available_variables = self.hosts.within(role, self.written[host]) if role else self.written[host]
        try:
            value = json.loads(json.dumps(self.templar.template(self.written[host][name]), default=str))
        except AnsibleError as error:
            raise AnsibleActionFail("%s: %s cannot be evaluated (%s), and the firewall needs it: correct it in the inventory." % (
                host, name, str(error).splitlines()[0])) from error
        option = role.options.get(name) if role else None
        return read_value(option, value) if option else value

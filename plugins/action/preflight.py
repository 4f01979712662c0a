# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller, connects nowhere. See the documentation of the module of the same name."""

from __future__ import annotations

import os

from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes, unmet, verdict
from ansible_collections.failover.stack.plugins.module_utils._preflight.renamed import warnings
from ansible_collections.failover.stack.plugins.plugin_utils.preflight import Hosts, Role, SharedView, View
from ansible_collections.failover.stack.plugins.plugin_utils.written import mark

# What the task for the whole play is registered as.
KNOWN = "__preflight"
# Made before the workers are forked, so all tasks of a run have one; the next run has another.
KEY = os.urandom(16)
# The first of the collection's filters that a process uses compiles them all: once here, and no worker that is forked later does.
filter_loader.get("failover.stack.host_addresses")


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            {"role": {"type": "str"}, "roles": {"type": "dict"}},
            mutually_exclusive=[("role", "roles")], required_one_of=[("role", "roles")])
        if arguments["role"]:
            return self.host(arguments["role"], task_vars)
        return self.play({Role(name): groups for name, groups in arguments["roles"].items()}, task_vars)

    def host(self, name, task_vars):
        """This host and this role alone, unless that was asked before in this run."""
        host = task_vars["inventory_hostname"]
        known = task_vars.get(KNOWN, {}).get("examined", {}).get(name)
        if known and host in known["hosts"] and known["hosts"][host] == mark(known["names"], task_vars, KEY):
            return {"changed": False}
        sentences, claims, old = Role(name).examine(host, View(task_vars, self._templar))
        sentences += clashes(claims)
        result = {"changed": False, "warnings": warnings(old)}
        return dict(result, failed=True, msg="\n".join(sentences)) if sentences else result

    def play(self, roles, task_vars):
        """All hosts of the play, each in the roles of its groups, and what contradicts between hosts."""
        hosts = Hosts(self._task, task_vars, self._loader, roles)
        names = task_vars["ansible_play_hosts_all"]
        members = {role: {host for group in groups for host in task_vars["groups"].get(group, [])} for role, groups in roles.items()}
        sentences, claims, old, known, views = [], hosts.addresses(names), [], {}, {role: {} for role in roles}
        # One for all: its environment costs more than a host's variables.
        templar = self._templar.copy_with_new_env()
        for host in names:
            given = hosts.variables(host)
            for role in roles:
                if host in members[role]:
                    views[role][host] = SharedView(hosts.within(role, given), templar, known)
                    problems, claimed, called = role.examine(host, views[role][host])
                    sentences += problems
                    claims += claimed
                    old += called
        # Of a part of the inventory nobody can say what is nowhere; but what is claimed outside of it is claimed.
        limited = task_vars.get("ansible_limit")
        outside = self.outside(roles, members, names, hosts, templar) if limited else []
        whole = [] if limited else unmet(claims)
        result = dict(verdict(sentences + clashes(claims, outside) + whole, len(names)), warnings=warnings(old))
        if not result.get("failed"):
            result["examined"] = {role.name: examined(role, views[role]) for role in roles if views[role]}
        return result

    @staticmethod
    def outside(roles, members, names, hosts, templar):
        """What hosts claim that --limit leaves out. Whatever is wrong with them is no matter of this run."""
        found, known = [], {}
        for host in sorted(set().union(*members.values()) - set(names)):
            given = hosts.variables(host)
            for role in roles:
                if host in members[role]:
                    found += role.claims(host, SharedView(hosts.within(role, given), templar, known))
        return found


def examined(role, views):
    """What a later task of the role on one of these hosts needs to see that it would ask the same, in little time."""
    names = {host: view.written.mentioned(role.options) for host, view in views.items()}
    together = sorted(set().union(*(found for found in names.values() if found)))
    return {"names": together, "hosts": {host: mark(together, views[host].variables, KEY) for host, found in names.items() if found}}

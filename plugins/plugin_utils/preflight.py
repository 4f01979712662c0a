# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's variables as its hosts see them, and what its rules say about them. On the controller."""

from __future__ import annotations

import importlib
import json
import pathlib

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.yaml import yaml_load
from ansible.vars.hostvars import HostVars
from ansible_collections.failover.stack.plugins.module_utils._preflight import Claim, address_of, spec_problems, without_secrets

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
RULES = "ansible_collections.failover.stack.plugins.module_utils._preflight_%s"


class Role:
    """What preflight needs of a role: the argument spec of its main entry point, its defaults, its rules."""

    def __init__(self, name):
        self.name, self.path = name, ROLES / name
        self.specs = self.path / "meta" / "argument_specs.yml"
        if not self.specs.is_file():
            raise AnsibleActionFail("Role %s has no %s: preflight needs it." % (name, self.specs))
        self.options = yaml_load(self.specs.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
        try:
            self.rules = importlib.import_module(RULES % name)
        except ModuleNotFoundError as error:
            raise AnsibleActionFail("Role %s has no preflight rules: there is no %s." % (name, RULES % name)) from error

    def defaults(self, loader):
        return loader.load_from_file(str(self.path / "defaults" / "main.yml"), trusted_as_template=True) or {}

    def values(self, host, written, templar, shared):
        """Public variables as the host sees them; what cannot be evaluated is a problem of its own."""
        values, sentences = dict.fromkeys(self.options), []
        for name in self.options:
            if name not in written.variables:
                continue
            try:
                values[name] = json.loads(text_of(name, written, templar, shared))
            except AnsibleError as error:
                sentences.append("%s: %s cannot be evaluated (%s): correct it in the inventory." % (
                    host, name, str(error).splitlines()[0]))
        return values, sentences

    def examine(self, host, written, templar, shared):
        """Problems and claims of a host, whose variables the templar has too. What hosts have in common is kept in `shared`."""
        values, sentences = self.values(host, written, templar, shared)
        contradictions, values = spec_problems(host, self.options, values)
        # A wrong type is told once, by the spec; rules on top of it would only repeat it in other words.
        if sentences or contradictions:
            return sentences + contradictions, []
        try:
            sentences = list(self.rules.problems(host, values))
            return sentences, [] if sentences else list(self.rules.claims(host, values))
        except Exception as error:
            raise AnsibleActionFail("%s: the rules of role %s end with %s: %s. Compare its variables with %s; if they are as that says, "
                                    "report this." % (host, self.name, type(error).__name__,
                                                      without_secrets(str(error), self.options, values), self.specs)) from error


def text_of(name, written, templar, shared):
    """A variable's value as JSON: rules get plain types, whatever lazy containers the templating engine uses, and each host its own."""
    meaning = written.meaning(name)
    text = shared.get(meaning)
    if meaning is None or text is None:
        text = json.dumps(templar.template(written.variables[name]), default=str)
        shared[meaning] = text
    return text


class Once:
    """Stands in for Ansible's variable manager behind `hostvars`: a host's variables are put together once, not at each mention."""

    def __init__(self, manager):
        self.manager, self.known = manager, {}

    def get_vars(self, host, **context):
        if host.name not in self.known:
            self.known[host.name] = self.manager.get_vars(host=host, **context)
        return self.known[host.name]


class Hosts:
    """The variables of any host of a play, as a task of a role would see them on it."""

    def __init__(self, task, task_vars, loader, roles):
        self.task, self.manager = task, task.get_variable_manager()
        self.inventory = self.manager._inventory
        self.shared = {"hostvars": HostVars(self.inventory, Once(self.manager), loader)}
        self.search_path = task_vars["ansible_search_path"]
        # Every role's, as roles that a play imports see each other's.
        self.defaults = {}
        for role in roles:
            self.defaults.update(role.defaults(loader))

    def variables(self, host):
        given = self.manager.get_vars(
            play=self.task.get_play(), host=self.inventory.get_host(host), task=self.task, include_hostvars=False)
        # Where to connect to is among a task's variables, given or not.
        return {**self.defaults, "ansible_host": host, **given, **self.shared}

    def addresses(self, names):
        """Every machine has its own address, also one whose roles claim nothing."""
        owned = [(host, address_of(self.shared["hostvars"][host].get("ansible_host"))) for host in names]
        return [Claim("address", own, "host %s" % host, (
            "%s: ansible_host is %s, which another host has: give each its own." % (host, own))) for host, own in owned if own]

    def within(self, role, variables):
        """The same within a role, where lookups look into its directories first."""
        path = str(role.path)
        return dict(variables, role_name=role.name, role_path=path, ansible_search_path=[path, path + "/tasks", *self.search_path])

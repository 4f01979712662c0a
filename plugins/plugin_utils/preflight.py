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
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, address_of, spec_problems, without_secrets
from ansible_collections.failover.stack.plugins.module_utils._preflight.renamed import misspelt_in, old_variables_in, with_todays_keys
from ansible_collections.failover.stack.plugins.plugin_utils.written import Written

COLLECTION = pathlib.Path(__file__).resolve().parents[2]
RULES = "ansible_collections.failover.stack.plugins.module_utils._preflight."


class Role:
    """What preflight needs of a role: the argument spec of its main entry point, its defaults, its rules."""

    def __init__(self, name):
        self.name, self.path = name, COLLECTION / "roles" / name
        self.specs = self.path / "meta" / "argument_specs.yml"
        rules = COLLECTION / "plugins" / "module_utils" / "_preflight" / (name + ".py")
        for path in (self.specs, rules):
            if not path.is_file():
                raise AnsibleActionFail("Role %s has no %s: preflight needs it." % (name, path))
        entries = yaml_load(self.specs.read_text(encoding="utf-8"))["argument_specs"]
        self.options = entries["main"]["options"]
        self.known = {name for entry in entries.values() for name in entry.get("options") or {}}
        self.rules = importlib.import_module(RULES + rules.stem)
        self.written = yaml_load((self.path / "defaults" / "main.yml").read_text(encoding="utf-8")) or {}

    def defaults(self, loader):
        return loader.load_from_file(str(self.path / "defaults" / "main.yml"), trusted_as_template=True) or {}

    def values(self, host, view):
        """Public variables as the host sees them; what cannot be evaluated is a problem of its own, of a default a follow-up of another."""
        values, sentences, followed = dict.fromkeys(self.options), [], []
        for name, option in self.options.items():
            if name not in view.variables:
                continue
            try:
                values[name] = json.loads(view.text(name))
            except AnsibleError as error:
                (followed if view.variables[name] == self.written.get(name) else sentences).append(
                    "%s: %s cannot be evaluated (%s): correct it in the inventory." % (host, name, str(error).splitlines()[0]))
                continue
            if values[name] is None and option.get("default") not in (None, "") and name in self.written:
                sentences.append("%s: %s is empty: give a value, or take it out for its default, %s." % (host, name, option["default"]))
        return values, sentences, followed

    def claims(self, host, view):
        """What a host claims that nobody asks about; nothing when it would be refused."""
        try:
            return self.examine(host, view)[1]
        except AnsibleActionFail:  # What is wrong there is told when that host is asked.
            return []

    def examine(self, host, view):
        """Problems and claims of a host, and what it calls by an old name: [(host, (old name, today's))]."""
        values, sentences, followed = self.values(host, view)
        contradictions, values = spec_problems(host, self.options, values)
        if not sentences + contradictions:
            sentences = followed
        values, keys = with_todays_keys(self.name, values)
        misspelt = misspelt_in(self.name, view.variables, {*self.known, *self.written})
        old = [(host, names) for names in old_variables_in(self.name, view.variables) + keys + misspelt]
        # A wrong type is told once, by the spec; rules on top of it would only repeat it in other words.
        if sentences or contradictions:
            return sentences + contradictions, [], old
        try:
            sentences = list(self.rules.problems(host, values))
            return sentences, [] if sentences else list(self.rules.claims(host, values)), old
        except Exception as error:
            # Without its cause, whose text Ansible would show as it is.
            raise AnsibleActionFail("%s: the rules of role %s end with %s: %s. Compare its variables with %s; if they are as that says, "
                                    "report this." % (host, self.name, type(error).__name__,
                                                      without_secrets(str(error), self.options, values), self.specs)) from None


class View:
    """A host's variables and what evaluates them."""

    def __init__(self, variables, templar):
        self.variables, self.templar = variables, templar

    def text(self, name):
        """A value as JSON: rules get plain types, whatever lazy containers the templating engine uses, and each host its own."""
        return json.dumps(self.templar.template(self.variables[name]), default=str)


class SharedView(View):
    """One of many hosts'. What they have in common is evaluated once and kept in `known`."""

    def __init__(self, variables, templar, known):
        super().__init__(variables, templar)
        templar.available_variables = variables
        self.written, self.known = Written(variables), known

    def text(self, name):
        meaning = self.written.meaning(name)
        if meaning is None:
            return super().text(name)
        if meaning not in self.known:
            self.known[meaning] = super().text(name)
        return self.known[meaning]


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

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller, connects nowhere. See the documentation of the module of the same name."""

from __future__ import annotations

import importlib
import json
import pathlib

import yaml
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.failover.stack.plugins.module_utils._preflight import Claim, address_of, clashes, sentence_of

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
RULES = "ansible_collections.failover.stack.plugins.module_utils._preflight_%s"
FACT = "failover_preflight"


def options_of(role):
    """The argument spec of a role's main entry point."""
    path = ROLES / role / "meta" / "argument_specs.yml"
    if not path.is_file():
        raise AnsibleActionFail("Role %s has no %s: preflight needs it." % (role, path))
    return yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]


def spec_problems(host, options, values):
    """Sentences for whatever contradicts types, choices and required parts; secrets taken out."""
    given = {name: value for name, value in values.items() if value is not None}
    sentences = []
    for message in ArgumentSpecValidator(options).validate(given).error_messages:
        for name, option in options.items():
            if option.get("no_log") and given.get(name) not in (None, ""):
                message = message.replace(str(given[name]), "(not shown)")
        sentences.append(sentence_of(host, message))
    return sentences


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            {"role": {"type": "str"}, "report": {"type": "bool", "default": False}, "reset": {"type": "bool", "default": False}},
            mutually_exclusive=[("role", "report", "reset")], required_one_of=[("role", "report", "reset")])
        if arguments["reset"]:
            return {"changed": False, "ansible_facts": {FACT: {}}}
        if arguments["report"]:
            return self.report(task_vars)
        return self.examine(arguments["role"], task_vars)

    def values(self, options, task_vars):
        """Public variables as this host sees them; what cannot be evaluated is a problem of its own."""
        values, sentences = {}, []
        for name in options:
            if name not in task_vars:
                values[name] = None
                continue
            try:
                # Through JSON: rules get plain types, whatever lazy containers the templating engine uses.
                values[name] = json.loads(json.dumps(self._templar.template(task_vars[name]), default=str))
            except AnsibleError as error:
                values[name] = None
                sentences.append("%s: %s cannot be evaluated (%s): correct it in the inventory." % (
                    task_vars["inventory_hostname"], name, str(error).splitlines()[0]))
        return values, sentences

    def examine(self, role, task_vars):
        host = task_vars["inventory_hostname"]
        options = options_of(role)
        values, sentences = self.values(options, task_vars)
        sentences += spec_problems(host, options, values)
        rules = importlib.import_module(RULES % role)
        # A wrong type is told once, by the spec; rules on top of it would only repeat it in other words.
        if not sentences:
            sentences = list(rules.problems(host, values))
        claims = [] if sentences else list(rules.claims(host, values))
        if task_vars.get("preflight_collect"):
            collected = dict(task_vars.get("ansible_facts", {}).get(FACT) or {})
            collected[role] = {"problems": sentences, "claims": [list(claim) for claim in claims]}
            return {"changed": False, "ansible_facts": {FACT: collected}}
        sentences += clashes(claims)
        if sentences:
            return {"failed": True, "changed": False, "msg": "\n".join(sentences)}
        return {"changed": False}

    def report(self, task_vars):
        """All problems of all hosts of the play at once, and what contradicts between hosts."""
        sentences, claims, hosts = [], [], task_vars["ansible_play_hosts_all"]
        for host in hosts:
            # Every machine has its own address, also one whose roles claim nothing.
            own = address_of(task_vars["hostvars"][host].get("ansible_host"))
            if own:
                claims.append(Claim("address", own, "host %s" % host, (
                    "%s: ansible_host is %s, which another host has: give each its own." % (host, own))))
        for host in hosts:
            collected = (task_vars["hostvars"][host].get("ansible_facts") or {}).get(FACT) or {}
            for role in collected.values():
                sentences += role["problems"]
                claims += [Claim(*claim) for claim in role["claims"]]
        sentences = list(dict.fromkeys(sentences + clashes(claims)))
        if sentences:
            word = "1 problem" if len(sentences) == 1 else "%d problems" % len(sentences)
            return {"failed": True, "changed": False,
                    "msg": "Nothing was changed, preflight found %s:\n%s" % (word, "\n".join("- " + s for s in sentences))}
        return {"changed": False, "msg": "%d hosts, no objections" % len(hosts)}

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks one host of all its tiers at once. See the documentation of the module of the same name."""

from __future__ import annotations

import contextlib
import json
import signal

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.failover.stack.plugins.module_utils._status.asks import tiers_of
from ansible_collections.failover.stack.plugins.plugin_utils.host_roles import HostRoles

MODULE = "failover.stack.status_info"
SSH = "ssh: connect to host"
OPTIONS = {"limit_s": {"type": "float", "default": 8}, "host_s": {"type": "float", "default": 11},
           "asked": {"type": "dict", "default": {}}}


class Late(BaseException):
    """Not an Exception: what Ansible does on the way to a host must not take it for an error of its own."""


@contextlib.contextmanager
def at_most(seconds):
    """Late where that takes longer: a machine that stands still accepts a connection and says nothing."""
    def late(_number, _frame):
        raise Late

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, given = self.validate_argument_spec(OPTIONS)
        asked, unasked = self.questions(task_vars)
        told = self.told(asked, given, task_vars)
        tiers = {tier: dict(told["tiers"].get(tier) or {"error": told["because"]}, asked=asked[tier]) for tier in asked}
        tiers.update({tier: {"asked": {"cluster": None}, "error": why} for tier, why in unasked.items()})
        return {"changed": False, "reached": not told["because"], "because": told["because"], "tiers": tiers, "machine": told["machine"]}

    def questions(self, task_vars):
        """({tier: what to ask}, {tier: why that cannot be told})"""
        roles = HostRoles(task_vars, self._templar, self._loader)
        asked, unasked, tiers = {}, {}, tiers_of(task_vars["inventory_hostname"], task_vars["groups"])
        others = list(dict.fromkeys(tier.role for tier in tiers))
        for tier in tiers:
            try:
                question = tier.ask(roles.values(tier.role, others))
            except (AnsibleError, KeyError, TypeError, ValueError, AttributeError) as error:
                unasked[tier.name] = "variables of role %s cannot be evaluated (%s): playbooks/preflight.yml tells which" % (
                    tier.role, " ".join(str(error).split())[:300])
                continue
            if question is not None:
                # Plain types, whatever lazy containers the templating engine uses.
                asked[tier.name] = json.loads(json.dumps(question, default=str))
        return asked, unasked

    def told(self, asked, given, task_vars):
        """{because, tiers, machine}: what the module returned, or why it did not."""
        nothing = {"tiers": {}, "machine": {}}
        try:
            with at_most(given["host_s"]):
                result = self._execute_module(MODULE, {"limit_s": given["limit_s"], "asked": asked}, task_vars=task_vars)
        except Late:
            return dict(nothing, because="it did not answer within %g s" % given["host_s"])
        except AnsibleConnectionFailure as error:
            return dict(nothing, because="it cannot be reached (%s)" % short(error))
        if result.get("unreachable"):
            return dict(nothing, because="it cannot be reached (%s)" % short(result.get("msg", "")))
        if result.get("failed") or "tiers" not in result:
            return dict(nothing, because="it cannot be read (%s)" % short(
                result.get("msg") or result.get("module_stderr") or result.get("module_stdout") or "the module said nothing"))
        return dict(result, because="")


def short(words):
    """The line of an error that tells why: the last, of ssh's own words those without what Ansible puts before them."""
    lines = [line.strip() for line in str(words).splitlines() if line.strip()]
    last = lines[-1] if lines else "no reason given"
    return (last[last.rfind(SSH):] if SSH in last else last).rstrip(".")[:200]

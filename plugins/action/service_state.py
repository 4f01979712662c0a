# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One query of the host; further modules run only for what is missing. See the documentation of the module of the same name."""

from __future__ import annotations

import time

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.failover.stack.plugins.module_utils._host.journal import reason

MODULE = "failover.stack.service_state"
# systemd_service's words for a unit that systemd does not know (yet).
UNKNOWN, ATTEMPTS = "Could not find the requested service", 4
# Of what a unit logged.
LINES = 100
# What the module tells the action plugin only.
INTERNAL = ("needs", "daemon_reload", "missing_users", "blocks", "leftovers", "invocation")


class StepFailed(Exception):
    """A module that was called for a part of the state failed; its result."""


class ActionModule(ActionBase):
    _supports_async = True
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        began = False
        try:
            if self._task.async_val:
                result = self.begin(task_vars)
                began = "ansible_job_id" in result
                return result
            return self.converge(task_vars)
        except StepFailed as failure:
            return failure.args[0]
        finally:
            # What runs on by itself reads its program there, and removes it.
            if not began:
                self._remove_tmp_path(self._connection._shell.tmpdir)

    def step(self, module, arguments, task_vars, asynchronous=False):
        result = self._execute_module(module_name=module, module_args=arguments, task_vars=task_vars, wrap_async=asynchronous)
        if result.get("failed") or result.get("unreachable"):
            raise StepFailed(result)
        return result

    def query(self, task_vars):
        return self.step(MODULE, self._task.args, task_vars)

    def begin(self, task_vars):
        """Begins the installation of what is missing and does not wait for its end."""
        others = sorted(set(self._task.args) - {"packages", "start_on_install"})
        if others or self._task.poll:
            return {"failed": True, "msg": "%s: async begins the installation of packages and nothing else: give poll: 0, and leave %s to "
                                           "another task." % (task_vars["inventory_hostname"], ", ".join(others) or "all else")}
        first = self.query(task_vars)
        job = self.install(first["installed"], task_vars, asynchronous=True) if first["installed"] else {}
        return {**{key: value for key, value in first.items() if key not in INTERNAL},
                **{key: job[key] for key in ("ansible_job_id", "results_file") if key in job}}

    def converge(self, task_vars):
        first = result = self.query(task_vars)
        if not self._task.check_mode and first["installed"]:
            self.install(first["installed"], task_vars)
            # A package may have made a user.
            result = self.query(task_vars)
        if not self._task.check_mode and result["missing_users"]:
            self.users(result["missing_users"], task_vars)
            result = self.query(task_vars)
        if not self._task.check_mode and result["installed"] + result["missing_users"]:
            return {"failed": True, "msg": "%s: after the installation these are still missing: %s. Look at what apt says of them." % (
                task_vars["inventory_hostname"], ", ".join(result["installed"] + result["missing_users"]))}
        acted = self.blocks(result["blocks"], task_vars) + self.units(result["needs"], result["daemon_reload"], task_vars)
        for path in [] if self._task.check_mode else result["leftovers"]:
            self.step("ansible.builtin.file", {"path": path, "state": "absent"}, task_vars)
        return {**{key: value for key, value in result.items() if key not in INTERNAL},
                "changed": bool(first["changed"] or result["changed"] or acted), "blank": first["blank"], "installed": first["installed"],
                "acted": acted, "stale": [name for name in result["stale"] if name not in acted]}

    def install(self, packages, task_vars, asynchronous=False):
        arguments = {"name": packages, "update_cache": True, "cache_valid_time": 3600, "install_recommends": False,
                     # A machine that was just made may still be upgrading itself.
                     "lock_timeout": 300}
        if not boolean(self._task.args.get("start_on_install", False)):
            arguments["policy_rc_d"] = 101
        return self.step("ansible.builtin.apt", arguments, task_vars, asynchronous)

    def users(self, names, task_vars):
        for user in self._task.args["users"]:
            if user["name"] in names:
                self.step("ansible.builtin.user", {
                    "name": user["name"], "system": True, "create_home": False, "home": user.get("home", "/nonexistent"),
                    "shell": "/usr/sbin/nologin"}, task_vars)

    def blocks(self, pending, task_vars):
        """Before what the distribution has written; in a container /etc/hosts cannot be replaced. Names the files that changed."""
        for block in pending:
            self.step("ansible.builtin.blockinfile", {**block, "create": True, "insertbefore": "BOF", "unsafe_writes": True}, task_vars)
        return [block["path"] for block in pending]

    def units(self, needs, daemon_reload, task_vars):
        """Names of the units that were changed. What stops does so while systemd still knows a unit whose file is gone."""
        stops, rest = [n for n in needs if n.get("state") == "stopped"], [n for n in needs if n.get("state") != "stopped"]
        acted = [need["name"] for need in stops if self.unit(need, task_vars)]
        anew = daemon_reload and not self._task.check_mode
        if anew and not rest:
            self.step("ansible.builtin.systemd_service", {"daemon_reload": True}, task_vars)
        return acted + [need["name"] for number, need in enumerate(rest)
                        if self.unit({**need, "daemon_reload": anew and number == 0}, task_vars)]

    def unit(self, need, task_vars):
        """Whether the unit was changed. A systemd that still reads its units (a unit that was enabled makes it) is asked again, a few
        times."""
        for attempt in range(ATTEMPTS):
            try:
                return self.step("ansible.builtin.systemd_service", need, task_vars)["changed"]
            except StepFailed as failure:
                unknown = UNKNOWN in failure.args[0].get("msg", "")
                if unknown and attempt + 1 == ATTEMPTS and need.get("state") == "stopped":
                    return self.stop(need["name"], task_vars)
                if attempt + 1 == ATTEMPTS or not unknown:
                    raise StepFailed(self.explained(need["name"], failure.args[0], task_vars)) from failure
                time.sleep(1)

    def stop(self, unit, task_vars):
        """One that runs and whose file is gone, as a run leaves it that broke off: systemd still knows it, systemd_service does not."""
        return self.step("ansible.builtin.command", {"argv": ["systemctl", "stop", unit]}, task_vars)["changed"]

    def explained(self, unit, result, task_vars):
        """A failure with the unit's own words: systemd only says that there was one."""
        output = self.output(["journalctl", "--unit", unit, "--lines=%d" % LINES, "--no-pager", "--output=cat"], task_vars)
        log = next((one.get("log") for one in self._task.args.get("units") or [] if one.get("name") == unit), None)
        output += self.output(["tail", "--lines=%d" % LINES, log], task_vars) if log else ""
        # A server that marks its errors says much beside them.
        words = reason(output) or "; ".join([line for line in output.splitlines() if line.strip()][-12:])
        return {**result, "msg": "%s: %s said: %s" % (str(result.get("msg", "")).rstrip(". \n"), unit, words or "nothing in the journal.")}

    def output(self, command, task_vars):
        return self._execute_module(module_name="ansible.builtin.command", task_vars=task_vars, module_args={"argv": command}).get(
            "stdout", "") + "\n"

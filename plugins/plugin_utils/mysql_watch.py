# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugins that wait for a job on a node and show how it gets on."""

from __future__ import annotations

import time

from ansible.errors import AnsibleConnectionFailure
from ansible.utils.display import Display
from ansible_collections.failover.stack.plugins.module_utils._mysql.progress import line, summary

# A job goes on without us: this long we try to come back before we give up watching.
AWAY_S = 180


class Watch:
    """Asks `ask()` for the state of a job every so many seconds until it has ended."""

    def __init__(self, host, what, ask, every_s, changes=True, pause=time.sleep):
        self.host, self.what, self.ask, self.every_s, self.changes, self.pause = host, what, ask, every_s, changes, pause
        self.display = Display()

    def state(self):
        """The job's state; a connection that broke is made anew for a while."""
        until = time.monotonic() + AWAY_S
        while True:
            try:
                state = self.ask()
                if not state.get("unreachable"):
                    return state
                reason = state.get("msg", "")
            except AnsibleConnectionFailure as error:
                if time.monotonic() > until:
                    raise
                reason = str(error)
            if time.monotonic() > until:
                return {"failed": True, "msg": "%s: %s goes on there, but the host cannot be reached (%s): run again to watch it" % (
                    self.host, self.what, reason)}
            self.display.display("%s: %s goes on, the connection is lost; trying again" % (self.host, self.what))
            self.pause(self.every_s)

    def run(self):
        """The result of the task."""
        begun, reported, before = time.monotonic(), 0.0, None
        while True:
            state = self.state()
            if state.get("failed"):
                return state
            if state["finished"]:
                break
            if time.monotonic() - reported >= self.every_s:
                self.display.display(line(self.host, self.what, state, before))
                reported, before = time.monotonic(), state
            # Short jobs are not made to wait for the next line.
            self.pause(min(self.every_s, max(0.5, (time.monotonic() - begun) / 10)))
        result = {"phases": state["phases"], "result": state["result"], "changed": self.changes and not state["error"]}
        if state["error"]:
            return dict(result, failed=True, msg="%s: %s failed: %s" % (self.host, self.what, state["error"]))
        self.display.display(summary(self.host, self.what, state))
        return dict(result, summary=summary(self.host, self.what, state))


def run_job(action, module, what, task_vars):
    """Task `module` with act=run: start, then watch. Other acts are the module's alone."""
    arguments = dict(action._task.args)

    def do(act):
        return action._execute_module(module, dict(arguments, act=act), task_vars=task_vars)

    if arguments.get("act", "run") != "run":
        return do(arguments["act"])
    started = do("start")
    if started.get("failed") or action._task.check_mode:
        return started
    name = arguments.get("backup")
    return Watch(task_vars["inventory_hostname"], "%s of %s" % (what, name) if name else what, lambda: do("status"),
                 float(arguments.get("every_s") or 5), started["changed"]).run()

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads rules, comes in by a new connection and confirms them. See the documentation of the module of the same name."""

from __future__ import annotations

import time

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

MODULE = "failover.stack.firewall_rules"
# Before the host takes rules back, so that who is late is not told that they stay; and how long that may take.
MARGIN_S, LATER_S, PAUSE_S = 3, 30, 1


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        loaded = self.module(task_vars)
        if loaded.get("failed") or not loaded.get("pending"):
            return loaded
        began, wait = time.monotonic(), int(self._task.args.get("rollback_s") or 30)
        reached, kept = self.by_a_new_connection(began + wait - MARGIN_S, task_vars, act="keep", not_by=loaded["came_by"])
        if reached and not kept.get("failed"):
            return dict(loaded, pending=False)
        time.sleep(max(0.0, began + wait + 1 - time.monotonic()))
        back, _result = self.by_a_new_connection(time.monotonic() + LATER_S, task_vars, act="compare")
        return {"failed": True, "changed": False, "pending": False,
                "msg": sentence(task_vars["inventory_hostname"], str(kept.get("msg")), wait, back)}

    def module(self, task_vars, **more):
        return self._execute_module(module_name=MODULE, module_args=dict(self._task.args, **more), task_vars=task_vars)

    def by_a_new_connection(self, end, task_vars, **more):
        """(whether anybody answered, the module's result or that of the last attempt)."""
        while True:
            try:
                self._connection.reset()
                result = self.module(task_vars, **more)
                if not result.get("unreachable"):
                    return True, result
            except AnsibleConnectionFailure as error:
                result = {"msg": str(error)}
            if time.monotonic() + PAUSE_S > end:
                return False, result
            time.sleep(PAUSE_S)


def sentence(host, reason, wait, back):
    """What became of rules that were not confirmed."""
    reason = " ".join(reason.split()).rstrip(".")
    if back:
        return "%s: the new rules were not confirmed by a new connection (%s), so the host took them back after %d s: compare %s." % (
            host, reason, wait, "firewall_operators and firewall_ssh_port with where the controller comes from")
    return ("%s: with the new rules no new connection came in (%s), nor after %d s, when the host should have taken them back: look at it "
            "by its console, nft delete table inet failover_firewall opens it." % (host, reason, wait))

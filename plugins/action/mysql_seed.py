# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the progress of a transfer; everything else is the module's. See the documentation of the module of the same name."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.failover.stack.plugins.plugin_utils.mysql_watch import Watch


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)

        def module(act):
            return self._execute_module("failover.stack.mysql_seed", dict(arguments, act=act), task_vars=task_vars)

        if arguments.get("act") != "watch":
            return module(arguments.get("act"))
        peer = arguments.get("peer")
        return Watch(task_vars["inventory_hostname"], "seeding from %s" % peer if peer else "seeding",
                     lambda: module("status"), float(arguments.get("every_s") or 5)).run()

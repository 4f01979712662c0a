# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the job, then shows its progress. See the documentation of the module of the same name."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.failover.stack.plugins.plugin_utils.mysql_watch import run_job


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        return run_job(self, "failover.stack.mysql_backup", "backup", task_vars)

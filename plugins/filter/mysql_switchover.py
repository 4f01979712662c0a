# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a switchover or a failover of a database cluster."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._mysql.switchover import (
    failover_cluster,
    failover_problems,
    switchover_problems,
)


class FilterModule:
    def filters(self):
        return {"mysql_switchover_problems": switchover_problems, "mysql_failover_problems": failover_problems,
                "mysql_failover_cluster": failover_cluster}

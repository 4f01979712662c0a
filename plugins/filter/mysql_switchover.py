# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which database cluster a failover is of."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._mysql.switchover import failover_cluster


class FilterModule:
    def filters(self):
        return {"mysql_failover_cluster": failover_cluster}

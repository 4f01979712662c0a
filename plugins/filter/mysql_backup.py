# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which member is backed up, which backup is restored, and into whose data it may go."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._mysql.backup.rules import backup_source, choose_backup, into_plan


class FilterModule:
    def filters(self):
        return {"mysql_backup_source": backup_source, "mysql_backup_choice": choose_backup, "mysql_restore_into": into_plan}

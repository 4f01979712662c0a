# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a move to the distribution's next release has to know, worked out on the controller."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._os_upgrade.course import asked, course, everybody, roles_of
from ansible_collections.failover.stack.plugins.module_utils._os_upgrade.releases import target


class FilterModule:
    def filters(self):
        return {"os_upgrade_asked": asked, "os_upgrade_course": course, "os_upgrade_everybody": everybody, "os_upgrade_roles": roles_of,
                "os_upgrade_target": target}

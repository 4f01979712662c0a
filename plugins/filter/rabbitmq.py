# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.formation import formation


class FilterModule:
    def filters(self):
        return {"rabbitmq_formation": formation}

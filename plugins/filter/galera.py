# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about a Galera cluster, answered on the controller."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.failover.stack.plugins.module_utils._galera.jdbc import url
from ansible_collections.failover.stack.plugins.module_utils._galera.recovery import lines
from ansible_collections.failover.stack.plugins.module_utils._galera.state import missing


def jdbc_url(addresses, database, **options):
    try:
        return url(addresses, database, **options)
    except (ValueError, TypeError) as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"galera_recovery_lines": lines, "galera_jdbc_url": jdbc_url, "galera_missing": missing}

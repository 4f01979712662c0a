# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about a Galera cluster, answered on the controller."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.failover.stack.plugins.module_utils._galera_jdbc import url
from ansible_collections.failover.stack.plugins.module_utils._galera_recovery import decide, lines


def recovery(members, infos, alive=None, bootstrap_from="", accept_loss=None, leaving=None):
    """The decision; only hosts in `alive` are taken as read, whatever an earlier run left of the others."""
    told = dict(zip([*members, *(leaving or [])], infos))
    known = {name: info for name, info in told.items() if alive is None or name in alive}
    accepted = accept_loss.split(",") if isinstance(accept_loss, str) else list(accept_loss or [])
    return decide(members, known, bootstrap_from or "", [name.strip() for name in accepted if name.strip()], leaving or [])


def jdbc_url(addresses, database, **options):
    try:
        return url(addresses, database, **options)
    except (ValueError, TypeError) as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"galera_recovery": recovery, "galera_recovery_lines": lines, "galera_jdbc_url": jdbc_url}

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replicating database servers and their backups. See _status/reading.py for what a reader is."""

from __future__ import annotations

import time

from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import read_record
from ansible_collections.failover.stack.plugins.module_utils._mysql import lease
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup import rules
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup.shelf import good_backups, last_restored
from ansible_collections.failover.stack.plugins.module_utils._sql import connection
from ansible_collections.failover.stack.plugins.module_utils._sql.status import read_info
from ansible_collections.failover.stack.plugins.module_utils._status.reading import ANSWER_S, addresses
from ansible_collections.failover.stack.plugins.module_utils._vip import vrrp

# As modules log in by default: root by the socket, or what root's option file says.
LOGIN = dict({name: option.get("default") for name, option in connection.LOGIN.items()}, connect_timeout=ANSWER_S)


def mysql(host, asked):
    """info: what mysql_replica_info says. lease: what the agent says of it, {} without one. holds: whether the writer's address is here."""
    login = dict(connection.login(dict(LOGIN, login_unix_socket=asked["socket"])), read_timeout=ANSWER_S, write_timeout=ANSWER_S)
    server = connection.connect(login)
    try:
        info = read_info(server)
    finally:
        server.close()
    info.update(recorded=bool(read_record(asked["record"])[0].get("writer")), lease=lease.told())
    view = lease.status().get("view") or {}
    return {"info": info, "lease": {key: view.get(key) for key in ("writer", "term", "sync")} if view else {},
            "holds": bool(asked["writer_address"]) and bool(vrrp.held([asked["writer_address"]], addresses(host)))}


def backup(host, asked):
    """newest: name, age_s, rows of the newest good backup; restored: name, age_s of the newest that came back whole. Empty without one."""
    found, restored, now = good_backups(asked["directory"]), last_restored(asked["directory"]), time.time()
    names = rules.oldest_first(found)
    newest = {"name": names[-1], "age_s": int(now - rules.seconds_of(names[-1])), "rows": found[names[-1]].get("rows")} if names else {}
    return {"count": len(names), "newest": newest,
            "restored": {"name": restored["backup"], "age_s": int(now - restored["at"])} if restored else {}}


READERS = {"mysql": mysql, "backup": backup}

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server's binary logs have all that the server holds. The functions that take rows are pure.

That logs begin with the first GTID says nothing: databases may be older than the log, and RESET MASTER begins a new one. So what proves it
is a mark in the log itself, which the role writes as the first statement into the log of a server on which nothing was. It is replicated
like any statement, goes with the log that is purged or reset, and a copy made by seeding begins without it.
"""

from __future__ import annotations

MARK = "failover.stack: this log begins with an empty server"
# Changes nothing, and both dialects log it as it is written.
STATEMENT = "FLUSH PRIVILEGES /* %s */" % MARK
# Whom the packages of the distribution, the server itself and this collection's seeding make.
OWN_ACCOUNTS = frozenset([
    ("root", "localhost"), ("mysql", "localhost"), ("mariadb.sys", "localhost"), ("mysql.sys", "localhost"), ("mysql.session", "localhost"),
    ("mysql.infoschema", "localhost"), ("debian-sys-maint", "localhost"), ("PUBLIC", ""),
])
# The mark is among the first events of the first log that has a transaction at all. A server that was restarted begins a new log.
EVENTS, LOGS = 8, 8


def text_of(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value if value is not None else "")


def strangers(rows):
    """Accounts that somebody made."""
    found = [(text_of(row["User"]), text_of(row["Host"])) for row in rows]
    return [one for one in found if one not in OWN_ACCOUNTS and one[0] != "failover_clone"]


def has_mark(events):
    return any(MARK in text_of(row.get("Info")) for row in events if row.get("Event_type") == "Query")


def marked(logs, events_of):
    """logs: their names, oldest first. events_of: the first events of one of them."""
    for name in logs[:LOGS]:
        events = events_of(name)
        if has_mark(events):
            return True
        # What was logged before there were GTIDs was on an empty server, too, when the mark comes next.
        if any(row.get("Event_type") in ("Gtid", "Gtid_tagged") for row in events):
            return False
    return False

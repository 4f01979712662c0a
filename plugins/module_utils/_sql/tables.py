# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a server's tables another release would take for something else: collations and system versions."""

from __future__ import annotations

import hashlib

from ansible_collections.failover.stack.plugins.module_utils._sql.status import SYSTEM_DATABASES

VERSIONED = "SYSTEM VERSIONED"
OWN = ", ".join("'%s'" % name for name in sorted(SYSTEM_DATABASES))
# Enough to see which; a thousand of them hide the sentence they stand in.
MOST_NAMED = 5


def read(server):
    """(collations, versioned). collations: {database, database.table or database.table.column: collation}, columns only where they differ
    from their table."""
    found, versioned, of_table = {}, [], {}
    for row in server.rows("SELECT SCHEMA_NAME AS d, DEFAULT_COLLATION_NAME AS c FROM information_schema.SCHEMATA "
                           "WHERE SCHEMA_NAME NOT IN (%s)" % OWN):
        found[row["d"]] = row["c"]
    for row in server.rows("SELECT TABLE_SCHEMA AS d, TABLE_NAME AS t, TABLE_TYPE AS k, TABLE_COLLATION AS c "
                           "FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', '%s') AND TABLE_SCHEMA NOT IN (%s)" % (
                               VERSIONED, OWN)):
        name = "%s.%s" % (row["d"], row["t"])
        found[name] = of_table[name] = row["c"]
        if row["k"] == VERSIONED:
            versioned.append(name)
    for row in server.rows("SELECT TABLE_SCHEMA AS d, TABLE_NAME AS t, COLUMN_NAME AS f, COLLATION_NAME AS c "
                           "FROM information_schema.COLUMNS WHERE COLLATION_NAME IS NOT NULL AND TABLE_SCHEMA NOT IN (%s)" % OWN):
        name = "%s.%s" % (row["d"], row["t"])
        # Columns of views have no collation of their own.
        if name in of_table and row["c"] != of_table[name]:
            found["%s.%s" % (name, row["f"])] = row["c"]
    return found, sorted(versioned)


def digest(collations):
    """The same on two servers whose tables have the same collations."""
    text = "\n".join("%s %s" % each for each in sorted(collations.items()))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def differences(host, reference, listed):
    """Sentences on tables of `host` that have another collation than those of `reference`. listed: {member: collations}. A table that only
    one of them has may be on its way."""
    mine, theirs = listed.get(host) or {}, listed.get(reference) or {}
    unlike = [name for name in sorted(mine) if name in theirs and mine[name] != theirs[name]] if host != reference else []
    if not unlike:
        return []
    named = ["%s (%s here, %s there)" % (name, mine[name], theirs[name]) for name in unlike[:MOST_NAMED]]
    more = " and %d more" % (len(unlike) - MOST_NAMED) if len(unlike) > MOST_NAMED else ""
    return ["what it has collated otherwise than %s takes rows for equal that are not there, or the other way round: %s%s; give them one "
            "collation by ALTER TABLE or ALTER DATABASE at the writer, or replace this member's data by a whole copy" % (
                reference, ", ".join(named), more)]

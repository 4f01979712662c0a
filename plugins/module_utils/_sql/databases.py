# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases as a state: a name, or a name with the character set and collation of tables to come. Pure."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure

DEFAULT = "utf8mb4"
# Both go into a statement as words.
WORD = re.compile(r"^[a-z0-9_]{1,64}$")


def entries(given):
    """[{name, character_set, collation}], None for what is not said."""
    found = []
    for entry in given:
        database = entry if isinstance(entry, dict) else {"name": entry}
        if not set(database) <= {"name", "character_set", "collation"} or not database.get("name"):
            raise Failure("databases has %r: write a name, or name, character_set and collation." % (entry,))
        words = {key: database.get(key) or None for key in ("character_set", "collation")}
        if not all(word is None or WORD.match(str(word)) for word in words.values()):
            raise Failure("databases has %r: write character set and collation as the server has them, such as utf8mb4_bin." % (entry,))
        found.append({"name": str(database["name"]), **words})
    return found


def canonical(word):
    """utf8 is what servers show as utf8mb3."""
    return re.sub(r"^utf8(?=_|$)", "utf8mb3", word)


def differs(database, have):
    """Whether tables to come would get another character set or collation. have: (character set, collation) as the server shows them."""
    charset, collation = database["character_set"], database["collation"]
    if charset and canonical(charset) != have[0]:
        return True
    # MariaDB shows uca1400_ai_ci with its character set.
    return bool(collation) and have[1] not in (canonical(collation), "%s_%s" % (have[0], collation))


def clause(database):
    charset, collation = database["character_set"], database["collation"]
    words = [" CHARACTER SET " + charset] if charset else []
    return "".join(words + ([" COLLATE " + collation] if collation else []))


def plan(given, have, identifier):
    """[(sentence, statement)]. have: {name: (character set, collation)} of the databases that are there."""
    steps = []
    for database in entries(given):
        name, settings = database["name"], clause(database)
        shown = settings.replace(" CHARACTER SET", ", character set").replace(" COLLATE", ", collation")
        if name not in have:
            # A collation alone brings its character set; one of several needs to be told which.
            whole = settings if database["character_set"] or (database["collation"] or "").split("_")[0] not in ("", "uca1400") else (
                clause(dict(database, character_set=DEFAULT)))
            steps.append(("database %s: created%s" % (name, shown), "CREATE DATABASE %s%s" % (identifier(name), whole)))
        elif differs(database, have[name]):
            steps.append(("database %s: tables to come get another character set or collation%s (it was %s, %s)" % (
                name, shown, *have[name]), "ALTER DATABASE %s%s" % (identifier(name), settings)))
    return steps

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that a database server takes: databases with their character sets, accounts. Shared by the roles of database servers."""

from __future__ import annotations

import re

# What the servers said of longer ones (1470, 1102, 1059): MariaDB 10.11.19 and 11.8.9, MySQL 9.7.
LONGEST_USER = {"mariadb": 128, "mysql": 32}
LONGEST_HOST = 255
DATABASE = re.compile(r"^[A-Za-z0-9_$-]{1,64}$")
CHARSET = re.compile(r"^[a-z0-9]{1,32}$")
COLLATION = re.compile(r"^[a-z0-9]+(_[a-z0-9]+)*$")
SYSTEM = ("mysql", "information_schema", "performance_schema", "sys")
PARTS = ("name", "character_set", "collation")


def database_problems(variable, databases):
    """Sentences without the host, for a list of names or of {name, character_set, collation}."""
    seen = []
    for position, entry in enumerate(databases or []):
        place = "%s[%d]" % (variable, position)
        if not isinstance(entry, (dict, str, int)) or isinstance(entry, bool):
            yield "%s is no name: write one, or {name: shop, character_set: utf8mb4, collation: utf8mb4_bin}." % place
            continue
        database = entry if isinstance(entry, dict) else {"name": entry}
        other = sorted(set(map(str, database)) - set(PARTS))
        name = str(database.get("name") or "")
        if other:
            yield "%s has %s: write name, character_set and collation, nothing else." % (place, ", ".join(other))
        if not DATABASE.match(name):
            yield "%s has '%s': use up to 64 letters, digits, _ $ and -." % (variable, name)
        elif name.lower() in SYSTEM:
            yield "%s has '%s', which is the server's own: choose another name." % (variable, name)
        elif name in seen:
            yield "%s has '%s' twice: name it once." % (variable, name)
        seen.append(name)
        yield from charset_problems(place, database)


def charset_problems(place, database):
    charset, collation = database.get("character_set"), database.get("collation")
    if charset is not None and not CHARSET.match(str(charset)):
        yield "%s.character_set is '%s': write one as SHOW CHARACTER SET has it, such as utf8mb4." % (place, charset)
    elif collation is not None and not COLLATION.match(str(collation)):
        yield "%s.collation is '%s': write one as SHOW COLLATION has it, such as utf8mb4_bin." % (place, collation)
    elif charset and collation and "_" in str(collation) and not fits(str(charset), str(collation)):
        yield "%s.collation is '%s', which is none of character set %s: leave character_set out, or choose another one." % (
            place, collation, charset)


def fits(charset, collation):
    """MariaDB's uca1400_ai_ci is a collation of several character sets."""
    first = {"utf8": "utf8mb3"}.get(collation.split("_")[0], collation.split("_")[0])
    return first in ({"utf8": "utf8mb3"}.get(charset, charset), "uca1400")


def user_problem(where, name, flavour):
    """A sentence without the host, or None."""
    longest = LONGEST_USER.get(flavour, 32)
    if re.match(r"^[A-Za-z0-9_.-]{1,%d}$" % longest, str(name)):
        return None
    return "%s is '%s': use letters, digits and . _ - only, %d at most." % (where, name, longest)


def host_problems(where, hosts):
    for place in hosts or []:
        if len(str(place)) > LONGEST_HOST:
            yield "%s has one of %d characters: %d is the most that an account's host may have." % (where, len(str(place)), LONGEST_HOST)

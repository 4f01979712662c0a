# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Privileges as data: what SHOW GRANTS and people write, compared as the server means it, not as it is spelled. Pure.

A place is (kind, database, name): kind is empty, PROCEDURE, FUNCTION, PACKAGE or PACKAGE BODY; name is a table, a routine or *.
A privilege is (word, column), column empty where it holds for the whole place.
"""

from __future__ import annotations

import re

ALL, GRANT_OPTION = ("ALL PRIVILEGES", ""), ("GRANT OPTION", "")
ALL_OF_ROUTINE = {("EXECUTE", ""), ("ALTER ROUTINE", "")}
SYNONYMS = {"ALL": "ALL PRIVILEGES", "REPLICATION REPLICA": "REPLICATION SLAVE"}
# MariaDB takes both words of each pair and shows the second (sql/privilege.h, sql/sql_yacc.yy).
MARIADB_SYNONYMS = {
    "REPLICATION CLIENT": "BINLOG MONITOR", "REPLICA MONITOR": "SLAVE MONITOR", "REPLICATION REPLICA ADMIN": "REPLICATION SLAVE ADMIN",
    "READ ONLY ADMIN": "READ_ONLY ADMIN", "DELETE VERSIONING ROWS": "DELETE HISTORY",
}
QUOTED = r"`(?:[^`]|``)*`"
# With sql_mode=ANSI_QUOTES names stand between double quotes, in a user's name MariaDB up to 10.11 may show single ones.
NAME = r"(?:%s|\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|\*|[^\s.`\"'@*]+)" % QUOTED
KINDS = r"TABLE|PROCEDURE|FUNCTION|PACKAGE BODY|PACKAGE"
PLACE = r"(?:(?P<kind>%s)\s+)?(?P<database>%s)\s*\.\s*(?P<name>%s)" % (KINDS, NAME, NAME)
WRITTEN = re.compile(r"^\s*%s\s*$" % PLACE, re.I)
# Databases with blanks or hyphens, as they are written without quotes.
LOOSE = re.compile(r"^\s*(?:(?P<kind>%s)\s+)?(?P<database>\*|[^`.\"']+)\.(?P<name>\*|[^`.\"']+)\s*$" % KINDS, re.I)
COLUMNS = r"\((?P<columns>(?:%s|[^()`])*)\)" % QUOTED
ITEM = re.compile(r"\s*(?P<word>[A-Za-z][A-Za-z_ ]*?)\s*(?:%s)?\s*(?:,|$)" % COLUMNS)
# REVOKE ALL would take what is to stay, too: of all at a place first one of these goes, then the server names the rest.
FIRST_TO_GO = ("DROP", "ALTER", "DELETE", "UPDATE", "INSERT", "CREATE", "INDEX", "ALTER ROUTINE", "EXECUTE", "SELECT")


# -- names and places -----------------------------------------------------------------------


def plain(name):
    """A name without its quotes."""
    if len(name) > 1 and name[0] == name[-1] and name[0] in "`\"'":
        return name[1:-1].replace(name[0] * 2, name[0])
    return name


def place_of(text):
    """`shop`.*, shop.orders, PROCEDURE shop.report … as a place; None when it is none."""
    found = WRITTEN.match(text) or LOOSE.match(text)
    if not found:
        return None
    kind, database, name = (found.group("kind") or "").upper(), plain(found.group("database").strip()), plain(found.group("name").strip())
    if database == "*" != name or (kind not in ("", "TABLE") and name == "*"):
        return None
    # Names of routines differ in more than capitals.
    return ("", database, name) if kind in ("", "TABLE") else (kind, database, name.lower())


def shown(place):
    return ("%s %s.%s" % place).strip()


def escaped(database):
    """A database's name where the server would take _ and % for wildcards."""
    return re.sub(r"([_%])", r"\\\1", database)


def quoted_place(place, identifier):
    """A place as SQL has it."""
    kind, database, name = place
    parts = [part if part == "*" else identifier(part) for part in (database, name)]
    return ("%s %s.%s" % (kind, *parts)).strip()


# -- privileges -----------------------------------------------------------------------------


def privileges(text, dialect):
    """A list of privileges as a set, each in the spelling that the server shows; None when it is no such list."""
    known = dict(SYNONYMS, **(MARIADB_SYNONYMS if dialect == "mariadb" else {}))
    result, at = set(), 0
    while text[at:].strip():
        found = ITEM.match(text, at)
        if not found:
            return None
        word = " ".join(found.group("word").upper().split())
        word = known.get(word, word)
        columns = [plain(name).lower() for name in re.findall(r"%s|[^\s,`]+" % QUOTED, found.group("columns") or "")]
        if found.group("columns") is not None and not columns:
            return None
        result |= {(word, column) for column in columns or [""]}
        at = found.end()
    return result - {("USAGE", "")}


def words(names, identifier=str):
    """Privileges as SQL and people have them: SELECT (a, b), UPDATE."""
    columns = {}
    for word, column in sorted(names):
        columns.setdefault((word, bool(column)), []).append(identifier(column))
    return ", ".join(word + (" (%s)" % ", ".join(found) if narrow else "") for (word, narrow), found in columns.items())


def granted(lines, dialect, account=None, everything=()):
    """{place: privileges} from SHOW GRANTS. Roles and proxies are none of our business.

    account: (name, host); MariaDB shows what the account's roles may as well. everything: what ALL amounts to at *.*, where the server
    names each (MySQL).
    """
    result = {}
    for line in lines:
        found = re.match(r"GRANT (?P<words>.+?) ON %s TO (?P<user>%s)(?:@(?P<host>%s))?(?P<more>.*)$" % (PLACE, NAME, NAME), line, re.S)
        if not found or found.group("words") == "PROXY":
            continue
        if account and (plain(found.group("user")), plain(found.group("host") or "").lower()) != (account[0], account[1].lower()):
            continue
        place = place_of(found.group(0)[found.start("kind" if found.group("kind") else "database"):found.end("name")])
        here = result.setdefault(place, set())
        here |= privileges(found.group("words"), dialect) or set()
        if re.search(r"\bWITH\b.*\bGRANT OPTION\b", found.group("more")):
            here.add(GRANT_OPTION)
    for names in result.values():
        if everything and {word for word, _column in names} >= set(everything):
            names -= {(word, "") for word in everything}
            names.add(ALL)
    return {place: names for place, names in result.items() if names}


def wanted(user, dialect):
    """{place: privileges} that an account is to have. What is no place or no list was refused before."""
    result = {}
    for place, names in (user.get("privileges") or {}).items():
        result.setdefault(place_of(place), set()).update(privileges(str(names), dialect) or set())
    for name in user.get("databases") or []:
        result.setdefault(("", escaped(name), "*"), set()).add(ALL)
    for place, names in result.items():
        if ALL in names:
            result[place] = {ALL} | (names & {GRANT_OPTION})
    return {place: names for place, names in result.items() if names}


# -- plan -----------------------------------------------------------------------------------


def difference(place, want, have):
    """(to grant first, to revoke, to grant again) at one place; what is missing is there before anything goes."""
    if ALL in want:
        # Of a routine the server never says ALL.
        have = have | {ALL} if place[0] and have >= ALL_OF_ROUTINE else have
        return want - have, (have - want) & {GRANT_OPTION}, set()
    more, less = want - have, have - want
    if ALL in have:
        keep = {word for word, _column in want}
        first = next((word for word in FIRST_TO_GO if word not in keep), "ALL PRIVILEGES") if want - {GRANT_OPTION} else "ALL PRIVILEGES"
        return more & {GRANT_OPTION}, {(first, "")} | (less & {GRANT_OPTION}), set()
    # REVOKE SELECT of a table takes SELECT of its columns with it.
    again = {(word, column) for word, column in want if column and (word, "") in less}
    return more - again, less, again


def plan(want, have):
    """Steps (grant or revoke, place, privileges), all that is missing first."""
    first, then, last = [], [], []
    for place in sorted(set(want) | set(have)):
        more, less, again = difference(place, want.get(place, set()), have.get(place, set()))
        first += parts("grant", place, more)
        then += parts("revoke", place, less) + parts("grant", place, again)
    return first + then + last


def parts(verb, place, names):
    """ALL stands in no list with others."""
    groups = [names & {ALL}, names & {GRANT_OPTION}, names - {ALL, GRANT_OPTION}]
    return [(verb, place, sorted(group)) for group in groups if group]

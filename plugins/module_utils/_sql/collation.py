# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One collation for all members of a cluster, whatever their release. Pure.

MariaDB 10.11 and 11.8 do not mean the same by CREATE TABLE ... CHARACTER SET utf8mb4: 11.8 takes what character_set_collations says
(utf8mb4_uca1400_ai_ci), 10.11, which has no such variable, utf8mb4_general_ci. Their collation_server differs likewise. Rows that differ
for one collide for the other, so members agree on both, and an empty character_set_collations is what every release can have.
"""

from __future__ import annotations

import re

VARIABLES = ("collation_server", "character_set_collations")
# What a new cluster gets: every release means it by CHARACTER SET utf8mb4 when character_set_collations is empty.
DEFAULT = "utf8mb4_general_ci"
WORD = re.compile(r"^[a-z0-9_]{1,64}$")


def told(variables):
    """{server, sets}: of a server's global variables. sets is None where there is no such variable."""
    sets = variables.get("character_set_collations")
    return {"server": variables.get("collation_server") or "", "sets": None if sets is None else parts(sets)}


def parts(text):
    """character_set_collations in one order, however it was written."""
    return ",".join(sorted(word.strip() for word in str(text).split(",") if word.strip()))


def meaning(one):
    """What counts of told(): a server without the variable is as one that has it empty."""
    return one["server"], one["sets"] or ""


def spelled(one):
    return "collation_server %s and %s" % (one["server"], "character_set_collations %s" % one["sets"] if one["sets"] else (
        "no character_set_collations" if one["sets"] is None else "an empty character_set_collations"))


def decide(given, members, counting, new, variable):
    """{server, sets, problem}: what every member shall have. server is empty where nothing is to be said.

    given: the user's collation, empty to keep what the cluster has. members: {name: told()} of all that answer; counting: those of them
    that hold data, whose word counts; new: whether nobody holds any. variable: the role's, for a sentence.
    """
    if given:
        return {"server": given, "sets": "", "problem": ""}
    if not counting:
        return {"server": DEFAULT if new else "", "sets": "", "problem": ""}
    first = counting[0]
    server, sets = meaning(members[first])
    unlike = [name for name in counting if meaning(members[name]) != (server, sets)]
    unable = [name for name, one in members.items() if one["sets"] is None] if sets else []
    problem = ""
    if unlike:
        problem = differing(first, unlike[0], members, variable)
    elif unable:
        problem = ("%s is of a release without character_set_collations, and %s has %s: they would make different tables of one statement. "
                   "Set %s to the collation that all shall have, such as %s" % (
                       ", ".join(unable), first, spelled(members[first]), variable, DEFAULT))
    return {"server": server, "sets": sets, "problem": problem}


def differing(first, other, members, variable):
    return ("%s has %s, %s has %s: they would make different tables of one statement. Set %s to the collation that all shall have, such as "
            "%s" % (first, spelled(members[first]), other, spelled(members[other]), variable, members[first]["server"] or DEFAULT))


def option_file(decided):
    """The option file that says so at the next start. loose_: a release that does not know the variable starts all the same, and has it
    when it is upgraded."""
    lines = ["# Managed by failover.stack; changes made here are overwritten. What a running server has is set at once.",
             "[mysqld]", "collation_server = %s" % decided["server"], "loose_character_set_collations = %s" % decided["sets"]]
    return "".join(line.rstrip() + "\n" for line in lines)


def carried_out(decided, path, checker):
    """{problem, config, texts}: config in service_state's terms, texts, what a running server is told at once, in mysql_variables'.

    checker: the command up to the options that try a configuration; it is told the character set, which stands in another file.
    """
    said = bool(decided["server"])
    checked = ["%s --character-set-server=%s" % (checker, character_set(decided["server"]))] if said else []
    return {
        "problem": decided["problem"],
        "config": {"files": [{"path": path, "content": option_file(decided)}] if said else [], "validate": checked},
        "texts": {"collation_server": decided["server"], "character_set_collations": decided["sets"]} if said else {}}


def character_set(collation):
    return collation.split("_")[0]


def given_problem(variable, collation, wanted="utf8mb4"):
    """Sentences on a collation that the user gave, for servers whose character set is `wanted`."""
    if not collation:
        return
    if not WORD.match(str(collation)):
        yield "%s is '%s': write a collation as the server has it, such as %s." % (variable, collation, DEFAULT)
    elif character_set(str(collation)) != wanted:
        yield "%s is %s, which is none of character set %s: choose one that begins with %s_, such as %s." % (
            variable, collation, wanted, wanted, DEFAULT if wanted == "utf8mb4" else wanted + "_general_ci")


def member_problems(host, members, reference, variable, playbook):
    """What verify says of a member: its servers' words against those of `reference`, the member whose word counts."""
    if host == reference or host not in members or reference not in members or meaning(members[host]) == meaning(members[reference]):
        return []
    return ["%s, and run %s" % (differing(reference, host, members, variable), playbook)]

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account, two passwords for a while: the new one and the old one, so that clients can be moved one after the other. Pure.

MariaDB lets an account have several ways to authenticate, all in one statement. MySQL has a second password beside the first: whatever is
replaced becomes it when it is retained, and only of the same plugin. A way is (plugin, stored string).

What is done are acts, each one statement: new and old set that password, "new, retain" and "old, retain" keep the one before it as the
second, both sets the two, discard drops the second.
"""

from __future__ import annotations

import json

# Beside plugin and string of mysql.user: what else the account may log in by.
MORE = {
    "mariadb": "SELECT JSON_QUERY(Priv, '$.auth_or') AS more FROM mysql.global_priv WHERE User = %s AND Host = %s",
    "mysql": "SELECT HEX(JSON_UNQUOTE(JSON_EXTRACT(User_attributes, '$.additional_password'))) AS more FROM mysql.user "
             "WHERE User = %s AND Host = %s",
}
NATIVE, SHA2 = "mysql_native_password", "caching_sha2_password"
# MariaDB's ways that are nobody's password; beside one they are somebody else's business.
WITHOUT_PASSWORD = ("unix_socket", "gssapi", "pam", "named_pipe")
# Verbs of steps that set a password.
VERBS = ("create", "password", "beside", "older", "drop")
SENTENCES = {
    "create": "%s: created", "password": "%s: another password", "beside": "%s: another password, the old one stays valid",
    "older": "%s: the old password is valid, too", "drop": "%s: the old password is dropped"}


def ways_of(dialect, plugin, string, more):
    """All ways of an account, the first one first. more: what MORE returned."""
    if dialect == "mysql":
        return [(plugin, string)] + ([(plugin, bytes.fromhex(more))] if more else [])
    # An empty one stands for the plugin that mysql.user shows.
    return [(one["plugin"], str(one.get("authentication_string") or "").encode()) if one.get("plugin") else (plugin, string)
            for one in json.loads(more or "[{}]")]


def which(ways, passwords, is_password):
    """What each way takes: 'new', 'old', or None for something else. passwords: {'new': …, 'old': …}."""
    return [next((name for name, password in passwords.items() if password and is_password(plugin, string, password)), None)
            for plugin, string in ways]


def plan(dialect, ways, taken, old):
    """(verb, acts) that make the account take the new password, and the old one where that is asked for, and no other; None for nothing to
    do. taken: which() of these ways."""
    acts = (mariadb if dialect == "mariadb" else mysql)(ways, taken, old)
    if not acts:
        return None
    if old:
        return ("older" if "new" in taken else "beside"), acts
    return ("drop" if "new" in taken else "password"), acts


def mariadb(ways, taken, old):
    others = [plugin for name, (plugin, _string) in zip(taken, ways) if name is None and plugin not in WITHOUT_PASSWORD]
    if not others and {name for name in taken if name} == ({"new", "old"} if old else {"new"}):
        return []
    return ["both" if old else "new"]


def mysql(ways, taken, old):
    first, second, more = taken[0], taken[1] if len(taken) > 1 else None, len(ways) > 1
    if not old:
        if first == "new":
            return ["discard"] if more else []
        return ["new, retain", "discard"] if second == "new" and ways[0][0] == SHA2 else ["new", "discard"] if more else ["new"]
    if ways[0][0] != SHA2:
        # It is refused to retain what is of another plugin: the same password of ours comes first.
        return [first or "old", *mysql([(SHA2, b"")], [first or "old"], old)]
    if {first, second} == {"new", "old"}:
        return []
    if first:
        return ["new, retain"] if first == "old" else ["old, retain", "new, retain"]
    return {"old": ["new"], "new": ["old"]}.get(second, ["old", "new, retain"])


def created(dialect, old):
    """Acts of an account that is not there yet, the first of them by CREATE USER."""
    if not old:
        return ["new"]
    return ["both"] if dialect == "mariadb" else ["old", "new, retain"]


def statements(dialect, verb, acts, require):
    """[(SQL with places for user and host, passwords that follow these by their names, values after them)]; require: (SQL, values)."""
    found = []
    for number, act in enumerate(acts):
        word, retain = act.partition(", ")[::2]
        names = {"both": ["new", "old"], "discard": []}.get(word, [word])
        begins = verb == "create" and number == 0
        sql = "%s USER %%s@%%s %s%s" % (
            "CREATE" if begins else "ALTER", clause(dialect, names), " RETAIN CURRENT PASSWORD" if retain else "")
        found.append(("%s %s" % (sql, require[0]), names, require[1]) if begins else (sql, names, []))
    return found


def clause(dialect, names):
    """How the statements name plugin and string: the string goes in as a bound literal."""
    if not names:
        return "DISCARD OLD PASSWORD"
    if dialect == "mariadb":
        return "IDENTIFIED VIA " + " OR ".join([NATIVE + " USING %s"] * len(names))
    return "IDENTIFIED WITH %s AS %%s" % SHA2

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What accounts of database servers must not contradict: privileges, certificates, passwords. Sentences without the host's name."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._sql import grants, password_rules, read_only

PLACES = "database.table, database.*, *.*, PROCEDURE database.name or FUNCTION database.name"
OF_COLUMNS = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
OF_ROUTINES = ("ALL PRIVILEGES", "EXECUTE", "ALTER ROUTINE", "SHOW CREATE ROUTINE", "GRANT OPTION")
OF_TABLES = (
    *OF_COLUMNS, "ALL PRIVILEGES", "DELETE", "CREATE", "DROP", "INDEX", "ALTER", "CREATE VIEW", "SHOW VIEW", "TRIGGER", "DELETE HISTORY",
    "GRANT OPTION")
OF_DATABASES = OF_TABLES + OF_ROUTINES + ("CREATE TEMPORARY TABLES", "LOCK TABLES", "CREATE ROUTINE", "EVENT")
ADMINISTRATORS = ("ALL PRIVILEGES", "SUPER", "GRANT OPTION")
# caching_sha2_password takes no more; tried with MySQL 9.7.4.
LONGEST = {"mysql": 256}


def privilege_problems(where, user, flavour):
    for written, names in (user.get("privileges") or {}).items():
        place, found = grants.place_of(str(written)), grants.privileges(str(names), flavour)
        if place is None:
            yield "%s.privileges has the place '%s': write %s." % (where, written, PLACES)
        elif re.search(r"\bWITH\s+GRANT\s+OPTION\b", str(names), re.I):
            yield "%s.privileges['%s'] is '%s', which is how SQL says it: write GRANT OPTION among the privileges, behind a comma." % (
                where, written, names)
        elif found is None:
            yield "%s.privileges['%s'] is '%s': write privileges, separated by commas, columns in parentheses." % (where, written, names)
        else:
            yield from place_problems("%s.privileges['%s']" % (where, written), place, found)


def place_problems(where, place, found):
    kind, database, name = place
    columns = sorted({word for word, column in found if column})
    if columns and (kind or name == "*" or set(columns) - set(OF_COLUMNS)):
        yield "%s has %s of columns: only SELECT, INSERT, UPDATE and REFERENCES of one table, such as shop.orders, have columns." % (
            where, ", ".join(columns))
        return
    known = None if database == "*" else OF_ROUTINES if kind else OF_DATABASES if name == "*" else OF_TABLES
    wrong = sorted({word for word, _column in found if known and word not in known})
    if wrong:
        yield "%s has %s, which the server does not grant there%s." % (
            where, ", ".join(wrong), ": such privileges hold for *.*" if not set(wrong) <= set(OF_DATABASES) else "")


def administrator_problems(where, user, flavour, variable, allowed):
    """Who writes on replicas, or gives others the right to. allowed: the names that variable has."""
    bad = set(ADMINISTRATORS) | set(read_only.ignoring(flavour))
    for written, names in (user.get("privileges") or {}).items():
        found = {word for word, _column in grants.privileges(str(names), flavour) or ()}
        if grants.place_of(str(written)) != read_only.EVERYWHERE or not found & bad or user.get("name") in allowed:
            continue
        yield ("%s.privileges['%s'] has %s: '%s' would write on replicas, too, though they are read-only; name the privileges it needs, "
               "or the account in %s." % (where, written, ", ".join(sorted(found & bad)), user.get("name"), variable))


def certificate_problems(where, user, tls=None, variable=""):
    """tls, variable: whether the servers have TLS at all, and what says so."""
    asked = [name for name in ("tls", "x509", "issuer", "subject") if user.get(name)]
    if asked and tls is False:
        yield "%s: '%s' must come with TLS (%s), but %s is false: set that to true." % (where, user.get("name"), asked[0], variable)
    for name in ("issuer", "subject"):
        text = str(user.get(name) or "")
        if text and (not text.startswith("/") or "=" not in text):
            yield ("%s.%s is '%s': write it as the server compares it, such as /C=SE/O=Shop/CN=shop "
                   "(openssl x509 -noout -%s -nameopt compat -in FILE)." % (where, name, text, name))


def password_problems(where, name, password, settings, flavour):
    """where: the variable with the password. settings: the server's own that are to be written."""
    if not password:
        return
    longest = LONGEST.get(flavour)
    if longest and len(str(password).encode()) > longest:
        yield "%s has %d bytes: the server takes %d at most." % (where, len(str(password).encode()), longest)
    rules = password_rules.rules_of_settings(settings) if flavour == "mariadb" else None
    why = password_rules.weak(str(password), name, rules)
    if why:
        yield "%s %s, and the settings load %s, which would refuse it: give another one." % (where, why, rules["by"])


def old_password_problems(variable, old, current):
    """Passwords that are to stay valid beside the new ones. current: {account: its new password}."""
    for name, password in (old or {}).items():
        if name not in current:
            yield "%s has one for '%s', which is no account here (%s): correct the name, or leave it out." % (
                variable, name, ", ".join(map(str, current)))
        elif password and current[name] and str(password) == str(current[name]):
            yield "%s.%s is the same as its new one: give the one that it had so far, or leave it out to drop that." % (variable, name)

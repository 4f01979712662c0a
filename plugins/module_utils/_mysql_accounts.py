# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases and accounts as a state: what a password looks like to the server, what grants say, what has to be done."""

from __future__ import annotations

import hashlib
import re

SALT_BYTES = 20
SALT_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
PLUGIN = {"mariadb": "mysql_native_password", "mysql": "caching_sha2_password"}
SYNONYMS = {"ALL": "ALL PRIVILEGES", "REPLICATION REPLICA": "REPLICATION SLAVE", "REPLICA MONITOR": "SLAVE MONITOR",
            "REPLICATION REPLICA ADMIN": "REPLICATION SLAVE ADMIN"}
MARIADB_SYNONYMS = {"REPLICATION CLIENT": "BINLOG MONITOR"}
CRYPT_LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Order in which SHA-crypt writes the bytes of its last digest, three and three.
CRYPT_ORDER = [(0, 10, 20), (21, 1, 11), (12, 22, 2), (3, 13, 23), (24, 4, 14), (15, 25, 5), (6, 16, 26), (27, 7, 17),
               (18, 28, 8), (9, 19, 29)]


# -- passwords ------------------------------------------------------------------------------


def native_hash(password):
    """What mysql_native_password stores."""
    inner = hashlib.sha1(password.encode()).digest()
    return "*" + hashlib.sha1(inner).hexdigest().upper()


def crypt_letters(number, count):
    return "".join(CRYPT_LETTERS[number >> 6 * place & 63] for place in range(count))


def stretched(pattern, length):
    return (pattern * (length // len(pattern) + 1))[:length]


def sha256_crypt(password, salt, rounds):
    """SHA-crypt with SHA-256, a published algorithm: the 43 letters of the digest."""
    sha = hashlib.sha256
    other = sha(password + salt + password).digest()
    begin = password + salt + stretched(other, len(password))
    bits = len(password)
    while bits:
        begin += other if bits & 1 else password
        bits >>= 1
    digest = sha(begin).digest()
    p = stretched(sha(password * len(password)).digest(), len(password))
    s = stretched(sha(salt * (16 + digest[0])).digest(), len(salt))
    for turn in range(rounds):
        digest = sha((p if turn & 1 else digest) + (s if turn % 3 else b"") + (p if turn % 7 else b"")
                     + (digest if turn & 1 else p)).digest()
    letters = [crypt_letters(digest[a] << 16 | digest[b] << 8 | digest[c], 4) for a, b, c in CRYPT_ORDER]
    return "".join(letters) + crypt_letters(digest[31] << 8 | digest[30], 3)


def sha2_string(password, salt, thousands=5):
    """What caching_sha2_password stores."""
    return b"$A$%03X$" % thousands + salt + sha256_crypt(password.encode(), salt, thousands * 1000).encode()


def stored(dialect, password, salt):
    """The authentication string of a new account, as bytes."""
    return native_hash(password).encode() if dialect == "mariadb" else sha2_string(password, salt)


def is_password(plugin, string, password):
    """Whether the stored string is this password's."""
    if plugin == "mysql_native_password":
        return string.decode("ascii", "replace").upper() == native_hash(password)
    found = re.match(rb"\$A\$([0-9A-F]{3})\$", string)
    if plugin != "caching_sha2_password" or not found:
        return False
    salt = string[found.end():found.end() + SALT_BYTES]
    return string == sha2_string(password, salt, int(found.group(1), 16))


# -- grants ---------------------------------------------------------------------------------


def privileges(text, dialect):
    """A list of privileges as a set, each in the spelling the server shows."""
    names = [" ".join(part.split()) for part in re.split(r",(?![^(]*\))", text)]
    known = dict(SYNONYMS, **(MARIADB_SYNONYMS if dialect == "mariadb" else {}))
    upper = [name if "(" in name else name.upper() for name in names if name]
    return {known.get(name, name) for name in upper} - {"USAGE"}


def place_of(text):
    """`shop`.* as shop.*, whatever is quoted."""
    return text.replace("`", "").replace('"', "")


def granted(lines, dialect):
    """{place: privileges} from SHOW GRANTS; roles and proxies are none of our business."""
    result = {}
    for line in lines:
        found = re.match(r"GRANT (.+?) ON (?:TABLE )?(\S+) TO ", line)
        if not found or found.group(1) == "PROXY":
            continue
        here = result.setdefault(place_of(found.group(2)), set())
        here |= privileges(found.group(1), dialect)
        if "WITH GRANT OPTION" in line:
            here.add("GRANT OPTION")
    return {place: names for place, names in result.items() if names}


def escaped(database):
    """A database's name where the server would take _ and % for wildcards."""
    return re.sub(r"([_%])", r"\\\1", database)


def wanted_grants(user, dialect):
    """{place: privileges} that an account is to have."""
    result = {}
    places = [(escaped(name) + ".*", "ALL PRIVILEGES") for name in user.get("databases") or []]
    for place, names in list((user.get("privileges") or {}).items()) + places:
        result.setdefault(place, set()).update(privileges(names, dialect))
    return {place: names for place, names in result.items() if names}


# -- plan -----------------------------------------------------------------------------------


def plan_account(wanted, found, password, dialect):
    """Steps (verb, place or None, privileges) that make found, or None, what is wanted."""
    require = "ANY" if wanted.get("tls") else ""
    steps = []
    if found is None:
        steps.append(("create", None, None))
        have = {}
    else:
        have = found["grants"]
        if not is_password(found["plugin"], found["string"], password):
            steps.append(("password", None, None))
        if found["require"] != require:
            steps.append(("require", None, None))
    want = wanted_grants(wanted, dialect)
    for place in sorted(set(want) | set(have)):
        more = want.get(place, set()) - have.get(place, set())
        less = have.get(place, set()) - want.get(place, set())
        if less:
            steps.append(("revoke", place, sorted(less)))
        if more:
            steps.append(("grant", place, sorted(more)))
    return steps


def sentence(account, step):
    verb, place, names = step
    if verb in ("grant", "revoke"):
        return "%s: %s %s on %s" % (account, verb, ", ".join(names), place)
    return {"create": "%s: created", "password": "%s: another password", "require": "%s: another rule about TLS"}[verb] % account


def quoted_place(place, identifier):
    """A place as SQL has it."""
    database, _dot, table = place.rpartition(".")
    return "%s.%s" % (database if database == "*" else identifier(database), table if table == "*" else identifier(table))


def clause(kind, dialect):
    """How the statements name plugin and string: the string goes in as a hexadecimal or a bound literal."""
    if dialect == "mariadb":
        return "IDENTIFIED VIA mysql_native_password USING %s"
    return "IDENTIFIED WITH caching_sha2_password AS %s"


def statement(step, tls, dialect, identifier):
    """SQL of a step, with places for user, host and, where a password is set, its stored string."""
    verb, place, names = step
    require = "REQUIRE %s" % ("SSL" if tls else "NONE")
    if verb == "create":
        return "CREATE USER %%s@%%s %s %s" % (clause(verb, dialect), require)
    if verb == "password":
        return "ALTER USER %%s@%%s %s" % clause(verb, dialect)
    if verb == "require":
        return "ALTER USER %%s@%%s %s" % require
    # GRANT OPTION is no privilege in a list of others that may be granted.
    word, link = ("GRANT", "TO") if verb == "grant" else ("REVOKE", "FROM")
    return "%s %s ON %s %s %%s@%%s" % (word, ", ".join(names), quoted_place(place, identifier).replace("%", "%%"), link)

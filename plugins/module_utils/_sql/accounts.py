# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts as a state: what a password looks like to the server, how the account must come, what has to be done.

Privileges are in grants.py.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from ansible_collections.failover.stack.plugins.module_utils._sql import grants, ways

SALT_BYTES = 20
SALT_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
PLUGIN = {"mariadb": "mysql_native_password", "mysql": "caching_sha2_password"}
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


def fresh(dialect, password):
    """The authentication string of a new account, with a salt of its own, as statements have it."""
    return stored(dialect, password, "".join(secrets.choice(SALT_LETTERS) for _letter in range(SALT_BYTES)).encode()).decode()


def is_password(plugin, string, password):
    """Whether the stored string is this password's."""
    if plugin == "mysql_native_password":
        return string.decode("ascii", "replace").upper() == native_hash(password)
    found = re.match(rb"\$A\$([0-9A-F]{3})\$", string)
    if plugin != "caching_sha2_password" or not found:
        return False
    salt = string[found.end():found.end() + SALT_BYTES]
    return string == sha2_string(password, salt, int(found.group(1), 16))


# -- how it must come -----------------------------------------------------------------------


def requirement(user):
    """(ssl_type, issuer, subject) as mysql.user has them."""
    issuer, subject = str(user.get("issuer") or ""), str(user.get("subject") or "")
    if issuer or subject:
        return ("SPECIFIED", issuer, subject)
    return ("X509" if user.get("x509") else "ANY" if user.get("tls") else "", "", "")


def require_clause(user):
    """(SQL, values)"""
    kind, issuer, subject = requirement(user)
    if kind != "SPECIFIED":
        return "REQUIRE " + {"": "NONE", "ANY": "SSL", "X509": "X509"}[kind], []
    given = [(word, value) for word, value in (("ISSUER", issuer), ("SUBJECT", subject)) if value]
    return "REQUIRE " + " AND ".join(word + " %s" for word, _value in given), [value for _word, value in given]


# -- plan -----------------------------------------------------------------------------------


def plan_account(wanted, found, password, dialect, old=""):
    """Steps (verb, place or None, privileges or acts of ways.py) that make found, or None, what is wanted. old: a password that is to be
    valid besides."""
    steps = []
    if found is None:
        steps.append(("create", None, ways.created(dialect, old)))
    else:
        step = ways.plan(dialect, found["ways"], taken(found, password, old), old)
        if step:
            steps.append((step[0], None, step[1]))
        if tuple(found["require"]) != requirement(wanted):
            steps.append(("require", None, None))
    return steps + grants.plan(grants.wanted(wanted, dialect), found["grants"] if found else {})


def taken(found, password, old=""):
    """What each way of an account takes: 'new', 'old', or None for something else."""
    return ways.which(found["ways"], {"new": password, "old": old}, is_password)


def sentence(account, step):
    verb, place, names = step
    if verb in ("grant", "revoke"):
        return "%s: %s %s on %s" % (account, verb, grants.words(names), grants.shown(place))
    return dict(ways.SENTENCES, require="%s: another rule about TLS")[verb] % account


def statements(step, wanted, dialect, identifier):
    """[(SQL, passwords, values)] of a step, with places for user and host first, then for what is stored of the passwords, which are called
    new and old, then for the values."""
    verb, place, names = step
    require = require_clause(wanted)
    if verb in ways.VERBS:
        return ways.statements(dialect, verb, names, require)
    if verb == "require":
        return [("ALTER USER %%s@%%s %s" % require[0], [], require[1])]
    word, link = ("GRANT", "TO") if verb == "grant" else ("REVOKE", "FROM")
    sql = "%s %s ON %s %s " % (word, grants.words(names, identifier), grants.quoted_place(place, identifier), link)
    return [(sql.replace("%", "%%") + "%s@%s", [], [])]

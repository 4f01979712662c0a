# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's plugins demand of a password, asked before anything is changed. Pure.

A server is given what it shall store, not the password, so it cannot judge: MariaDB refuses that while strict_password_validation is on,
MySQL takes it. Rules: MariaDB's plugin simple_password_check and MySQL's component validate_password, by their variables.
"""

from __future__ import annotations

SIMPLE = "simple_password_check"
SIMPLE_DEFAULTS = {"minimal_length": 8, "digits": 1, "letters_same_case": 1, "other_characters": 1}
MYSQL = "validate_password."
MYSQL_NAMES = tuple(MYSQL + name for name in (
    "policy", "length", "number_count", "mixed_case_count", "special_char_count", "check_user_name"))
VARIABLES = tuple("%s_%s" % (SIMPLE, name) for name in SIMPLE_DEFAULTS) + MYSQL_NAMES


def number(value, default=0):
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


def rules_of(variables):
    """{by, length, digits, letters, others, names} of a server with these global variables; None without such a plugin."""
    if SIMPLE + "_digits" in variables:
        found = {name: number(variables.get("%s_%s" % (SIMPLE, name)), default) for name, default in SIMPLE_DEFAULTS.items()}
        return {"by": SIMPLE, "length": found["minimal_length"], "digits": found["digits"], "letters": found["letters_same_case"],
                "others": found["other_characters"], "names": True}
    if MYSQL + "length" not in variables:
        return None
    low = str(variables.get(MYSQL + "policy")).upper() in ("LOW", "0")
    counts = [0 if low else number(variables.get(MYSQL + name)) for name in ("number_count", "mixed_case_count", "special_char_count")]
    return dict(zip(("digits", "letters", "others"), counts), by="validate_password", length=number(variables[MYSQL + "length"]),
                names=str(variables.get(MYSQL + "check_user_name")).upper() in ("ON", "1"))


def rules_of_settings(settings):
    """The same of a MariaDB server that is to be started with these settings of its option file."""
    plain = {str(name).replace("-", "_").lower().replace("loose_", "", 1): value for name, value in (settings or {}).items()}
    loaded = [plain.get("plugin_load_add"), plain.get("plugin_load")]
    if SIMPLE not in str(loaded) or str(plain.get("strict_password_validation", "ON")).upper() in ("OFF", "0", "FALSE"):
        return None
    return rules_of({**{"%s_%s" % (SIMPLE, name): value for name, value in SIMPLE_DEFAULTS.items()}, **plain})


def weak(password, name, rules):
    """What a password of this account lacks, such as 'has 0 capital letters, at least 1 is demanded'; empty for nothing."""
    if not rules:
        return ""
    letters = [sum(letter.islower() for letter in password), sum(letter.isupper() for letter in password)]
    digits = sum(letter.isdigit() for letter in password)
    lacks = [(what, have, least) for what, have, least in (
        ("characters", len(password), rules["length"]), ("digits", digits, rules["digits"]),
        ("small letters", letters[0], rules["letters"]), ("capital letters", letters[1], rules["letters"]),
        ("other characters", len(password) - digits - sum(letters), rules["others"])) if have < least]
    if lacks:
        return "has " + ", ".join("%d %s where %d are demanded" % (have, what, least) for what, have, least in lacks)
    return "is its name" if rules["names"] and password in (name, name[::-1]) else ""

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database server's own variables: under which names they come, and which of them a role does not leave to its user."""

from __future__ import annotations

import re

# What may stand before any option's name, one before another (my_getopt.c, special_opt_prefix).
PREFIX = re.compile(r"^(loose|skip|disable|enable|maximum|autoset)_(?=.)")
NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]*$")
# Whole names that are the beginning of another one below.
WHOLE = ("log_slow_query", "relay_log")
# Options that may be given several times.
FILTERS = ("replicate_do_db", "replicate_ignore_db", "replicate_do_table", "replicate_ignore_table", "replicate_wild_do_table",
           "replicate_wild_ignore_table", "replicate_rewrite_db")
REPEATED = (*FILTERS, "plugin_load_add", "ignore_db_dirs")

_ROWS = "only InnoDB's rows are transactions, which is what is replicated"
_AWAY = "what lies outside of the data directory neither seeding nor a restore exchanges"
# What holds for every server that a role runs: the reason, and what to do other than to take it out.
NEVER = {
    "name_resolve": "the hosts of accounts are addresses here, and names that nobody resolves hold up every login",
    "default_storage_engine": _ROWS, "innodb": _ROWS,
    "user": "the unit says it", "pid_file": "the unit knows it", "chroot": "the unit and its tools know other paths",
    "log_error": "why a server does not start is looked for where the distribution logs it",
    "networking": "members reach each other by TCP", "grant_tables": "everybody would be root",
    "plugin_load": ("it would take the place of what other lines load", "write plugin_load_add"),
    "init_file": "every member would write its statements by itself at each start",
    "innodb_read_only": "nobody could write", "innodb_force_recovery": "it is for a rescue by hand, of a server that takes no writes",
    "innodb_data_home_dir": _AWAY, "innodb_log_group_home_dir": _AWAY, "innodb_undo_directory": _AWAY, "aria_log_dir_path": _AWAY,
}


def forms(name):
    """The names that this may be a spelling of: letter case, dashes and prefixes mean nothing to the server."""
    found = [str(name).replace("-", "_").lower()]
    while PREFIX.match(found[-1]):
        found.append(PREFIX.sub("", found[-1]))
    return found


def meaning(name, known):
    """Which of the known variables this is a spelling of, None for none. A server takes beginnings of names, too."""
    spellings = forms(name)
    for spelling in spellings:
        if spelling in known:
            return spelling
    for spelling in spellings:
        longer = sorted(other for other in known if other.startswith(spelling) and spelling not in WHOLE)
        # Below that a server could not tell it from others.
        if longer and len(spelling) > 3:
            return longer[0]
    return None


def value_of(name, settings, default):
    """What the settings say of a variable, in whichever spelling."""
    return next((value for key, value in (settings or {}).items() if meaning(key, (name,)) == name), default)


def problems(variable, settings, own, never):
    """Sentences without the host. variable: such as galera_settings; own: {server's variable: the role's that sets it}; never: {server's
    variable: reason, or reason and what to do instead}."""
    prefix, never = variable[:-len("settings")], {**NEVER, **never}
    for name, value in (settings or {}).items():
        place = "%s.%s" % (variable, name)
        found = meaning(name, {**own, **never})
        spelt = "" if found in (None, *forms(name)) else " (it is %s)" % found
        if not NAME.match(str(name)):
            yield "%s has the name '%s': write a server variable." % (variable, name)
        elif found in own:
            yield "%s%s: the role sets it, set %s%s instead." % (place, spelt, prefix, own[found])
        elif found:
            reason, remedy = never[found] if isinstance(never[found], tuple) else (never[found], "take it out")
            yield "%s%s: %s, %s." % (place, spelt, reason, remedy)
        else:
            yield from value_problems(place, forms(name)[-1], value)


def value_problems(place, name, value):
    """How a value may be given: one, or a list where the option may be repeated."""
    if isinstance(value, dict) or value is None:
        yield "%s is %s: give one value." % (place, "empty" if value is None else "a dictionary")
    elif isinstance(value, list) and name not in REPEATED:
        yield "%s is a list: give one value, as text with commas where the variable takes several." % place
    elif isinstance(value, list) and any(one is None or isinstance(one, (list, dict)) for one in value):
        yield "%s has parts that are empty, lists or dictionaries: give a list of texts." % place
    elif isinstance(value, list) and not value:
        yield "%s is an empty list: take it out, or name what it is to have." % place
    elif name in FILTERS and any("," in str(one) for one in (value if isinstance(value, list) else [value])):
        yield "%s is '%s', which the server takes for one name with a comma in it: write a list." % (place, value)

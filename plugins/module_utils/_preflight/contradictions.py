# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a value is not what its argument spec asks for: the place, what stands there and what to write.

Ansible's own messages name neither. Types are read by Ansible's own checks, so nothing is refused here that Ansible would take, but for
what is empty or only looks like a list.
"""

from __future__ import annotations

import difflib
import re

from ansible.module_utils.common.validation import (
    check_type_bool,
    check_type_dict,
    check_type_float,
    check_type_int,
    check_type_list,
)

READERS = {"bool": check_type_bool, "dict": check_type_dict, "float": check_type_float, "int": check_type_int, "list": check_type_list}
REMEDIES = {"bool": "write true or false", "float": "write a number, such as 0.5", "int": "write a whole number, digits alone"}
TEXTS = ("str", "path")
# Beside such words a text may be a secret that somebody put into the wrong place.
MAY_BE_SECRET = re.compile(r"user|passw|secret|cookie|account|resource|auth|key", re.IGNORECASE)
LONGEST = 60


def shown(place, option, value):
    """A value in a sentence. Never a secret's."""
    if isinstance(value, (dict, list)):
        return "a dictionary" if isinstance(value, dict) else "a list"
    if option.get("no_log") or (isinstance(value, str) and MAY_BE_SECRET.search(place)):
        return "a text (not shown)" if isinstance(value, str) else "(not shown)"
    if isinstance(value, bool):
        return str(value).lower()
    return "'%s'" % (value if len(value) <= LONGEST else value[:LONGEST] + "…") if isinstance(value, str) else str(value)


def remedy(kind, option, value):
    if kind in REMEDIES:
        return REMEDIES[kind]
    parts = option.get("options")
    if kind == "dict":
        return "write a dictionary with %s" % listed(parts) if parts else "write a dictionary, {name: value}"
    return "write a list, an entry behind each dash" + (", with %s" % listed(parts) if parts else "")


def listed(parts):
    """What a dictionary must have, else what it may have."""
    return ", ".join(sorted(name for name, part in parts.items() if part.get("required")) or sorted(parts))


def contradictions(place, option, value):
    """Sentences without the host. place: such as haproxy_backends[0].servers; value: not None."""
    kind = option.get("type", "str")
    if kind in TEXTS and isinstance(value, (dict, list)):
        yield "%s is %s: write a text." % (place, shown(place, option, value))
        return
    if kind == "list" and isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        yield ("%s is a text that only looks like a list: -e name=value, quotes, and true for True in an INI file make texts; write "
               "-e '{\"%s\": […]}', or True, or leave the quotes out." % (place, re.split(r"[.\[]", place)[0]))
        return
    try:
        read = READERS[kind](value) if kind in READERS else str(value) if kind in TEXTS and not isinstance(value, bool) else value
    except (TypeError, ValueError):
        yield "%s is %s: %s." % (place, shown(place, option, value), remedy(kind, option, value))
        return
    if kind == "dict" and option.get("options"):
        yield from of_parts(place, option["options"], read)
    elif kind == "list":
        yield from of_elements(place, option, read)
    yield from of_choices(place, option, read if isinstance(read, list) else [read])


def of_elements(place, option, read):
    element = {name: option[name] for name in ("options", "no_log") if name in option}
    element["type"] = option.get("elements", "dict" if option.get("options") else "raw")
    for position, one in enumerate(read):
        if one is None:
            yield "%s[%d] is empty: give a value, or take it out." % (place, position)
        else:
            yield from contradictions("%s[%d]" % (place, position), element, one)


def of_parts(place, options, read):
    for name in sorted(set(map(str, read)) - set(options)):
        near = difflib.get_close_matches(name, options, 1)
        remedies = "write %s" % near[0] if near else "take it out or write one of %s" % ", ".join(sorted(options))
        yield "%s.%s is nothing that is known there: %s." % (place, name, remedies)
    for name, option in options.items():
        value, where = read.get(name), "%s.%s" % (place, name)
        if value is not None:
            yield from contradictions(where, option, value)
        elif option.get("required"):
            yield "%s is missing: give it." % where
        elif name in read:
            yield "%s is empty: %s, or take it out." % (
                where, "write {} for all of its defaults" if option.get("type") == "dict" else "give a value")


def of_choices(place, option, values):
    choices = option.get("choices")
    for value in values if choices else []:
        # What a truth means among choices is Ansible's to say.
        if value not in choices and not isinstance(value, (bool, dict, list)) and str(value) not in ("True", "False"):
            yield "%s is %s, which is none of %s: choose one of these." % (
                place, "(not shown)" if option.get("no_log") else value, ", ".join(map(str, choices)))

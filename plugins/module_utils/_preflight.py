# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every role's preflight rules share: claims, and sentences from argument-spec errors."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator


class Claim(NamedTuple):
    """Something a host claims for itself; two owners of the same key in one scope are a problem.

    scope: where the key must be unique, e.g. 'VRID on segment 198.18.0.0/24'.
    key: what is claimed, e.g. '51'. owner: who may claim it together, e.g. the addresses of the VRRP instance.
    sentence: printed for every owner but the first.
    """

    scope: str
    key: str
    owner: str
    sentence: str


_CHOICE = re.compile(r"^value of (?P<name>\S+) must be one(?: or more)? of: (?P<choices>.*?)[,.] ?[Gg]ot(?: no match for)?: (?P<value>.*?)"
                     r"(?: found in (?P<where>.*?))?\.?$")
_FOUND_IN = re.compile(r"^(?P<what>.*?) found in (?P<where>[^.]*)\.?(?P<rest>.*)$")


def sentence_of(host, message):
    """Turn an argument-spec error into a sentence with host, variable, value and remedy."""
    match = _CHOICE.match(message)
    if match:
        where = match.group("where")
        variable = "%s.%s" % (where.replace(" -> ", "."), match.group("name")) if where else match.group("name")
        return "%s: %s is %s, which is none of %s: choose one of these." % (
            host, variable, match.group("value"), match.group("choices"))
    match = _FOUND_IN.match(message)
    if match:
        return "%s: %s: %s%s: correct it in the inventory." % (
            host, match.group("where").replace(" -> ", "."), match.group("what"), match.group("rest"))
    return "%s: %s: correct it in the inventory." % (host, message.rstrip("."))


def spec_problems(host, options, values):
    """Sentences for whatever contradicts types, choices and required parts, secrets taken out; and the values as the spec reads them.

    None is what was not given.
    """
    given = {name: value for name, value in values.items() if value is not None}
    result = ArgumentSpecValidator(options).validate(given)
    sentences = [sentence_of(host, without_secrets(message, options, given)) for message in result.error_messages]
    return sentences, dict(values, **{name: read_as(options[name], given[name], result.validated_parameters[name]) for name in given})


def without_secrets(text, options, values):
    for name, option in options.items():
        if option.get("no_log") and values.get(name) not in (None, ""):
            text = text.replace(str(values[name]), "(not shown)")
    return text


def read_as(option, value, read):
    """A number or a truth in quotes, as INI files and -e give them, is one. What has parts or says the same stays as it is written."""
    if "options" in option or option.get("type") == "path" or (read == value and not isinstance(read, bool)):
        return value
    return read


def address_of(text):
    """The address in its canonical spelling; None for a name or nothing."""
    try:
        return str(ipaddress.ip_address(str(text)))
    except ValueError:
        return None


def clashes(claims):
    """Sentences for every claim that somebody else made first (in the order given)."""
    first = {}
    sentences = []
    for claim in claims:
        owner = first.setdefault((claim.scope, claim.key), claim.owner)
        if owner != claim.owner and claim.sentence not in sentences:
            sentences.append(claim.sentence)
    return sentences


def verdict(sentences, hosts):
    """The result of a task that examined that many hosts."""
    sentences = list(dict.fromkeys(sentences))
    if not sentences:
        return {"changed": False, "msg": "%d hosts, no objections" % hosts}
    word = "1 problem" if len(sentences) == 1 else "%d problems" % len(sentences)
    return {"failed": True, "changed": False,
            "msg": "Nothing was changed, preflight found %s:\n%s" % (word, "\n".join("- " + one for one in sentences))}

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every role's preflight rules share: claims, and sentences from argument-spec errors."""

from __future__ import annotations

import ipaddress
import pathlib
import re
from typing import NamedTuple

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.failover.stack.plugins.module_utils._host.listening import EVERYWHERE
from ansible_collections.failover.stack.plugins.module_utils._preflight.contradictions import contradictions


class Claim(NamedTuple):
    """Something a host claims for itself; two owners of the same key in one scope are a problem.

    scope: where the key must be unique, e.g. 'VRID on segment 198.18.0.0/24'.
    key: what is claimed, e.g. '51'. owner: who may claim it together, e.g. the addresses of the VRRP instance.
    sentence: printed for every owner but the first.
    at: where, when what is claimed may be claimed elsewhere by others, such as a port at one of a host's addresses; empty is everywhere.
    """

    scope: str
    key: str
    owner: str
    sentence: str
    at: str = ""


def listening(host, owner, variable, port, addresses=("",), remedy="give each its own port"):
    """Claims of a TCP port of a host. owner: the service. variable: what says the port. addresses: at which it listens."""
    sentence = "%s: %s (%s) listens on port %s, which another service of this host uses already: %s." % (
        host, owner, variable, port, remedy)
    return [Claim("TCP ports of %s" % host, str(port), owner, sentence, place(one)) for one in addresses]


def owning(host, owner, variable, path):
    """Claims of a directory and of all that is in it, for what one role alone fills. owner: the role. variable: what says the path."""
    sentence = ("%s: %s is %s, and another role has that directory, one above it or one in it: one owner for a directory, choose "
                "another." % (host, variable, path))
    scope = "directories of %s" % host
    # What lies above is shared by all that lies in it, and is nobody's own.
    above = [str(one) for one in pathlib.PurePosixPath(path).parents]
    return [Claim(scope, path, owner, sentence), *(Claim(scope, one, owner, sentence, path) for one in above)]


def place(address):
    """Where something listens, in one spelling; empty for everywhere."""
    plain = str(address or "").strip().strip("[]")
    return "" if not plain or plain in EVERYWHERE else address_of(plain) or plain


class Offer(NamedTuple):
    """Something that a host has for others, such as a director its virtual addresses."""

    scope: str
    key: str


class Need(NamedTuple):
    """Something that another host must have. sentence: printed when hosts offer things of that scope, but none this one."""

    scope: str
    key: str
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
    found = ["%s is missing: give it." % name for name, option in options.items() if option.get("required") and name not in given]
    found += [one for name in given for one in contradictions(name, options[name], given[name])]
    # Where ours say nothing, Ansible's own words are better than none.
    sentences = ["%s: %s" % (host, one) for one in found] or [sentence_of(host, message) for message in result.error_messages]
    sentences = [without_secrets(one, options, given) for one in sentences]
    return sentences, dict(values, **{name: read_as(options[name], given[name], result.validated_parameters[name]) for name in given})


def without_secrets(text, options, values):
    for name, option in options.items():
        if option.get("no_log") and values.get(name) not in (None, ""):
            text = text.replace(str(values[name]), "(not shown)")
    return text


def read_as(option, value, read):
    """A number or a truth in quotes, as INI files and -e give them, is one, in parts of dictionaries too; a list in one text is a list.

    What says the same stays as it is written; of parts only those that were given are there.
    """
    if option.get("options") and isinstance(read, dict) and isinstance(value, dict):
        return {name: read_as(option["options"].get(name, {}), part, read.get(name)) for name, part in value.items()}
    if option.get("options") and isinstance(read, list) and isinstance(value, list):
        return [read_as(dict(option, elements=None), one, other) for one, other in zip(value, read)]
    if isinstance(value, str) and isinstance(read, list):
        # "a, b": whoever writes a list so means no blanks.
        return [one.strip() if isinstance(one, str) else one for one in read]
    if "options" in option or option.get("type") == "path" or (read == value and not isinstance(read, bool)):
        return value
    return read


def read_value(option, value):
    """One variable as the spec reads it; as it is written where it contradicts the spec, which preflight tells."""
    result = ArgumentSpecValidator({"it": {**option, "required": False}}).validate({"it": value})
    return value if value is None or result.error_messages else read_as(option, value, result.validated_parameters["it"])


def address_of(text):
    """The address in its canonical spelling; None for a name or nothing."""
    try:
        return str(ipaddress.ip_address(str(text)))
    except ValueError:
        return None


def clashes(claims, before=()):
    """Sentences for every claim that somebody else made first (in the order given). before: those of hosts about which nothing is said."""
    held, sentences = {}, []
    for claim, is_new in [*((one, False) for one in before), *((one, True) for one in claims)]:
        if not isinstance(claim, Claim):
            continue
        holders = held.setdefault((claim.scope, claim.key), [])
        if not any(owner != claim.owner and (at == claim.at or not at or not claim.at) for owner, at in holders):
            holders.append((claim.owner, claim.at))
        elif is_new and claim.sentence not in sentences:
            sentences.append(claim.sentence)
    return sentences


def unmet(claims):
    """Sentences for every need that nobody meets, where anybody offers such things at all."""
    offered = {claim[:2] for claim in claims if isinstance(claim, Offer)}
    scopes = {scope for scope, _key in offered}
    return [claim.sentence for claim in claims
            if isinstance(claim, Need) and claim.scope in scopes and (claim.scope, claim.key) not in offered]


def verdict(sentences, hosts):
    """The result of a task that examined that many hosts."""
    sentences = list(dict.fromkeys(sentences))
    if not sentences:
        return {"changed": False, "msg": "%d hosts, no objections" % hosts}
    word = "1 problem" if len(sentences) == 1 else "%d problems" % len(sentences)
    return {"failed": True, "changed": False,
            "msg": "Nothing was changed, preflight found %s:\n%s" % (word, "\n".join("- " + one for one in sentences))}

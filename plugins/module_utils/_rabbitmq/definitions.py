# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure logic of the module rabbitmq_definitions: what an import must contain so that a cluster has what is wanted."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re

HASHES = {
    "rabbit_password_hashing_sha256": hashlib.sha256,
    "rabbit_password_hashing_sha512": hashlib.sha512,
}
USUAL = "rabbit_password_hashing_sha256"
SALT = 4
# Section: what identifies an entry, what is compared. A binding is identified by all that it has, its arguments too.
SECTIONS = {
    "vhosts": (("name",), ("default_queue_type", "description", "tags")),
    "users": (("name",), ("tags", "password", "limits")),
    "permissions": (("user", "vhost"), ("configure", "write", "read")),
    "topic_permissions": (("user", "vhost", "exchange"), ("write", "read")),
    "policies": (("vhost", "name"), ("pattern", "apply-to", "definition", "priority")),
    "parameters": (("vhost", "component", "name"), ("value",)),
    "global_parameters": (("name",), ("value",)),
    "exchanges": (("vhost", "name"), ()),
    "queues": (("vhost", "name"), ()),
    "bindings": (("vhost", "source", "destination", "destination_type", "routing_key", "arguments"), ()),
}
DEFAULTS = {"apply-to": "all", "priority": 0, "description": "", "default_queue_type": "classic", "destination_type": "queue"}
# Settings of policies whose value is a number; the server refuses one in quotes.
NUMBERS = ("message-ttl", "expires", "max-length", "max-length-bytes", "delivery-limit", "max-in-memory-length", "max-in-memory-bytes",
           "ha-sync-batch-size", "queue-version", "consumer-timeout", "target-group-size", "stream-max-segment-size-bytes",
           "stream-filter-size-bytes", "initial-cluster-size", "dead-letter-worker-publisher-confirm-timeout")
# What an exchange and a queue are declared with. The server keeps what is there and says nothing of an import that has it otherwise.
FIXED = {"exchanges": ("type", "durable", "auto_delete", "internal", "arguments"), "queues": ("durable", "auto_delete", "arguments")}
FIXED_DEFAULTS = {"internal": False, "arguments": {}}
QUEUE_TYPE = "x-queue-type"


def hash_password(password, salt=None):
    """As RabbitMQ stores it: base64 of four random bytes and the hash of these and the password."""
    salt = os.urandom(SALT) if salt is None else salt
    return base64.b64encode(salt + HASHES[USUAL](salt + password.encode("utf-8")).digest()).decode("ascii")


def fits(password, stored, algorithm):
    """Whether a stored hash is the password's."""
    try:
        raw = base64.b64decode(stored)
        return HASHES[algorithm](raw[:SALT] + password.encode("utf-8")).digest() == raw[SALT:]
    except (KeyError, ValueError, TypeError):
        return False


def tag_list(tags):
    """Tags are a list, or words with commas in old exports."""
    return sorted(tags.replace(" ", "").split(",") if isinstance(tags, str) and tags else tags or [])


def normal(section, entry):
    """One shape for all versions: 3.10 keeps the default queue type in the metadata, 4.x beside them."""
    entry = dict(entry)
    if section == "vhosts":
        for key, value in (entry.get("metadata") or {}).items():
            entry.setdefault(key, value)
        if entry.get("default_queue_type") in (None, "", "undefined"):
            entry.pop("default_queue_type", None)
    if section in ("users", "vhosts") and "tags" in entry:
        entry["tags"] = tag_list(entry["tags"])
    if section == "policies" and isinstance(entry.get("definition"), dict):
        entry["definition"] = {name: int(value) if name in NUMBERS and is_number(value) else value
                               for name, value in entry["definition"].items()}
    if section == "global_parameters":
        entry["value"] = as_map(entry.get("value"))
    return entry


def is_number(value):
    """A whole number, also one in quotes."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and bool(re.fullmatch(r"-?[0-9]+", value)))


def as_map(value):
    """An export has a global parameter that is a map as a list of pairs, and an import of that would make it one."""
    if isinstance(value, list) and value and all(isinstance(one, list) and len(one) == 2 and isinstance(one[0], str) for one in value):
        return dict(value)
    return value or [] if isinstance(value, (dict, list)) else value


def identity(section, entry):
    return tuple(identifying(key, entry.get(key)) for key in SECTIONS[section][0])


def identifying(key, value):
    """As text; arguments in one spelling, nothing where there are none."""
    if key == "arguments":
        return json.dumps(value, sort_keys=True) if value else ""
    return str(DEFAULTS.get(key, "") if value is None else value)


def index(section, definitions):
    return {identity(section, entry): entry for entry in (normal(section, one) for one in definitions.get(section) or [])}


def same_password(have, want, password):
    if password is not None:
        return fits(password, have.get("password_hash") or "", have.get("hashing_algorithm") or USUAL)
    return "password_hash" not in want or want["password_hash"] == have.get("password_hash")


def differing(section, have, want, password=None):
    """Names of what differs; everything when there is nothing yet. What is not asked for is left alone."""
    if have is None:
        return ["new"]
    found = []
    for key in SECTIONS[section][1]:
        if key == "password":
            if not same_password(have, want, password):
                found.append(key)
        elif key == "limits":
            # An import adds limits and takes none away.
            if any((have.get(key) or {}).get(name) != limit for name, limit in (want.get(key) or {}).items()):
                found.append(key)
        elif key in want and want[key] != have.get(key, DEFAULTS.get(key)):
            found.append(key)
    return found


def for_import(section, have, want, password):
    """The entry as an import takes it."""
    entry = {**(have or {}), **want}
    if section == "users":
        if password is not None and not (have and same_password(have, want, password)):
            entry["password_hash"], entry["hashing_algorithm"] = hash_password(password), USUAL
        entry.setdefault("password_hash", "")
        entry.setdefault("hashing_algorithm", USUAL)
    if section == "vhosts":
        more = {**((have or {}).get("metadata") or {}), **(want.get("metadata") or {})}
        entry["metadata"] = {**more, **{key: entry[key] for key in ("description", "tags", "default_queue_type") if key in entry}}
    return entry


def plan(current, wanted, passwords=None, absent=None):
    """(what to import, [(kind, identity) to delete], lines for people)."""
    imported, lines, passwords = {}, [], passwords or {}
    for section in SECTIONS:
        have = index(section, current)
        for key, entry in index(section, wanted).items():
            password = passwords.get(entry["name"]) if section == "users" else None
            differs = differing(section, have.get(key), entry, password)
            if differs:
                imported.setdefault(section, []).append(for_import(section, have.get(key), entry, password))
                lines.append("%s %s: %s" % (section, " ".join(filter(None, key)), ", ".join(differs)))
    doomed = deletions(current, absent or {})
    return imported, doomed, lines + ["%s %s: removed" % (section, " ".join(key)) for section, key in doomed]


def with_internal(definitions, listed):
    """The export with the internal exchanges, which RabbitMQ leaves out though it has their bindings.

    listed: {vhost: rows of list_exchanges}, whose arguments are a map or a list of names, types and values.
    """
    there = index("exchanges", definitions)
    more = [{"name": row["name"], "vhost": vhost, "type": row["type"], "durable": row["durable"], "auto_delete": row["auto_delete"],
             "internal": True, "arguments": arguments_of(row.get("arguments"))}
            for vhost, rows in listed.items() for row in rows
            if row.get("internal") and not row["name"].startswith("amq.") and (vhost, row["name"]) not in there]
    return {**definitions, "exchanges": (definitions.get("exchanges") or []) + more} if more else definitions


def arguments_of(listed):
    return listed if isinstance(listed, dict) else {one[0]: one[-1] for one in listed or []}


def exportable(definitions):
    """The export as an import gives it back: global parameters in their own shape."""
    return {**definitions, "global_parameters": [normal("global_parameters", one) for one in definitions.get("global_parameters") or []]}


def fixed_problems(current, wanted):
    """Sentences for exchanges and queues that are there otherwise than wanted: an import would leave them so and say nothing."""
    for section in ("exchanges", "queues"):
        have = index(section, current)
        for key, want in index(section, wanted).items():
            other = [name for name in FIXED[section] if key in have and name in want and not alike(name, have[key], want)]
            if other:
                yield "%s '%s' in vhost '%s' is there with %s, the import has %s, and that cannot be changed: delete it first, or " \
                      "correct the import." % (
                          section[:-1].capitalize(), key[1], key[0], described(other, have[key]), described(other, want))


def alike(name, have, want):
    there, wished = (one.get(name, FIXED_DEFAULTS.get(name)) for one in (have, want))
    if name == "arguments":
        there, wished = there or {}, wished or {}
        # From 4.0 on the server adds the type that the vhost's default is.
        if QUEUE_TYPE not in wished:
            there = {key: value for key, value in there.items() if key != QUEUE_TYPE}
    return there == wished


def described(names, entry):
    return ", ".join("%s %s" % (name, json.dumps(entry.get(name, FIXED_DEFAULTS.get(name)), sort_keys=True)) for name in names)


def doubles(wanted):
    """Sentences for entries of one identity that differ: the last would win."""
    for section in SECTIONS:
        seen = {}
        for entry in (normal(section, one) for one in wanted.get(section) or []):
            key = identity(section, entry)
            if seen.setdefault(key, entry) != entry:
                yield "%s has two of %s, which differ: one would be lost, take it out." % (
                    section, " ".join("'%s'" % part for part in key if part))


def lost(current, imported):
    """What was imported and is not there: '<section> <identity>'."""
    return ["%s %s" % (section, " ".join(filter(None, key))) for section in SECTIONS for key in index(section, imported)
            if key not in index(section, current)]


def retyped(current, imported):
    """{vhost: default queue type} that an import does not change before 4.0, once the vhost is there."""
    if int(str(current.get("rabbitmq_version") or "0").partition(".")[0]) >= 4:
        return {}
    have = index("vhosts", current)
    return {entry["name"]: entry["default_queue_type"] for entry in imported.get("vhosts") or []
            if (entry["name"],) in have and "default_queue_type" in differing("vhosts", have[(entry["name"],)], entry)}


def binary(text):
    """Text as an Erlang binary that no character of it can break out of."""
    return "<<%s>>" % ",".join(str(byte) for byte in text.encode("utf-8"))


def retype_expression(vhost, kind):
    """What later versions have a command for (update_vhost_metadata): the same function, in a transaction of its own."""
    return ("rabbit_misc:execute_mnesia_transaction(fun() -> rabbit_vhost:update_metadata(%s, fun(M) -> "
            "M#{default_queue_type => %s} end) end)." % (binary(vhost), binary(kind)))


def deletions(current, absent):
    """What of the unwanted is there: users and vhosts by name, policies by vhost and name."""
    found = []
    for section in ("policies", "users", "vhosts"):
        have = index(section, current)
        unwanted = [one if isinstance(one, dict) else {"name": one} for one in absent.get(section) or []]
        found += [(section, key) for key in (identity(section, one) for one in unwanted) if key in have]
    return found


def delete_command(section, key):
    if section == "policies":
        return ["clear_policy", "--vhost", key[0], key[1]]
    return ["delete_user" if section == "users" else "delete_vhost", key[0]]


def objections(wanted, passwords):
    """Sentences for what an import would refuse or do half."""
    yield from doubles(wanted)
    known = {entry.get("name") for entry in wanted.get("users") or []}
    for entry in wanted.get("users") or []:
        if "password_hash" not in entry and not passwords.get(entry.get("name")):
            yield "User %s has no password: give one in passwords." % entry.get("name")
    for name in sorted(set(passwords) - known):
        yield "There is a password for user %s, who is not among the users: correct the name." % name

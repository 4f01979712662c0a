# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure logic of the module rabbitmq_definitions: what an import must contain so that a cluster has what is wanted."""

from __future__ import annotations

import base64
import hashlib
import os

HASHES = {
    "rabbit_password_hashing_sha256": hashlib.sha256,
    "rabbit_password_hashing_sha512": hashlib.sha512,
}
USUAL = "rabbit_password_hashing_sha256"
SALT = 4
# Section: what identifies an entry, what is compared. Exchanges, queues and bindings cannot be changed, only be there.
SECTIONS = {
    "vhosts": (("name",), ("default_queue_type", "description", "tags")),
    "users": (("name",), ("tags", "password")),
    "permissions": (("user", "vhost"), ("configure", "write", "read")),
    "topic_permissions": (("user", "vhost", "exchange"), ("write", "read")),
    "policies": (("vhost", "name"), ("pattern", "apply-to", "definition", "priority")),
    "parameters": (("vhost", "component", "name"), ("value",)),
    "global_parameters": (("name",), ("value",)),
    "exchanges": (("vhost", "name"), ()),
    "queues": (("vhost", "name"), ()),
    "bindings": (("vhost", "source", "destination", "destination_type", "routing_key"), ()),
}
DEFAULTS = {"apply-to": "all", "priority": 0, "description": "", "default_queue_type": "classic"}


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
        for key, value in (entry.pop("metadata", None) or {}).items():
            entry.setdefault(key, value)
        if entry.get("default_queue_type") in (None, "", "undefined"):
            entry.pop("default_queue_type", None)
    if section in ("users", "vhosts") and "tags" in entry:
        entry["tags"] = tag_list(entry["tags"])
    return entry


def identity(section, entry):
    return tuple(str(entry.get(key, "")) for key in SECTIONS[section][0])


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
        entry["metadata"] = {key: entry[key] for key in ("description", "tags", "default_queue_type") if key in entry}
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
                lines.append("%s %s: %s" % (section, " ".join(key), ", ".join(differs)))
    doomed = deletions(current, absent or {})
    return imported, doomed, lines + ["%s %s: removed" % (section, " ".join(key)) for section, key in doomed]


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
    known = {entry.get("name") for entry in wanted.get("users") or []}
    for entry in wanted.get("users") or []:
        if "password_hash" not in entry and not passwords.get(entry.get("name")):
            yield "User %s has no password: give one in passwords." % entry.get("name")
    for name in sorted(set(passwords) - known):
        yield "There is a password for user %s, who is not among the users: correct the name." % name

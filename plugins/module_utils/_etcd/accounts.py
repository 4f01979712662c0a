# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, their roles and what those may touch: what is compared, and in which order it is set. Pure."""

from __future__ import annotations

import base64

ROOT = "root"
# In words of ours: etcd's. Its JSON leaves out the first of the enumeration.
PERMISSIONS = {"read": "READ", "write": "WRITE", "readwrite": "READWRITE"}
EVERYTHING = b"\0"


def coded(data):
    return base64.b64encode(data).decode("ascii")


def range_of(prefix):
    """(key, end) as base64 of all keys that begin with the prefix; of every key for an empty one."""
    begin = prefix.encode("utf-8")
    for length in range(len(begin), 0, -1):
        if begin[length - 1] < 0xFF:
            return coded(begin), coded(begin[:length - 1] + bytes([begin[length - 1] + 1]))
    return coded(begin or EVERYTHING), coded(EVERYTHING)


def prefix_of(key, end):
    """What range_of() was made of, for people; the range itself when it is another one."""
    begin = base64.b64decode(key or "")
    text = begin.decode("utf-8", "replace") if begin != EVERYTHING else ""
    return text + "*" if range_of(text) == (key, end) else "%r-%r" % (begin, base64.b64decode(end or ""))


def wanted_permissions(user):
    """{(key, end): type}."""
    return {range_of(prefix): PERMISSIONS[user["permission"]] for prefix in user["prefixes"]}


def permissions_of(answer):
    """{(key, end): type} in an answer to auth/role/get."""
    return {(one.get("key", ""), one.get("range_end", "")): one.get("permType", "READ") for one in answer.get("perm") or []}


def shown(user, roles, permissions):
    """A user as a diff shows it, without a password."""
    return {"roles": sorted(roles), "may": sorted("%s %s" % (kind, prefix_of(*where)) for where, kind in permissions.items())}


class Steps:
    """Requests in their order: (path, body); and what a diff shows of them."""

    def __init__(self):
        self.found, self.words = [], []

    def add(self, words, path, **body):
        self.found.append((path, body))
        self.words.append(words)


def plan(current, users, passwords, absent=()):
    """Steps to make the users what they shall be.

    current: {users: {name: [roles]}, roles: {name: {(key, end): type}}, accepted: [names whose password is the wanted one]}. A user has one
    role, of its own name. Permissions are granted before others are revoked, and a user is made when its role is whole.
    """
    steps = Steps()
    for user in users:
        _role(steps, user["name"], current["roles"].get(user["name"]), wanted_permissions(user))
        _user(steps, user["name"], current, passwords[user["name"]], [user["name"]])
    for name in absent:
        if name in current["users"]:
            steps.add("user %s: removed" % name, "auth/user/delete", name=name)
        if name in current["roles"]:
            steps.add("role %s: removed" % name, "auth/role/delete", role=name)
    return steps


def root(current, password):
    """Steps for the user that may do everything; authentication can be enabled when it is there."""
    steps = Steps()
    if ROOT not in current["roles"]:
        steps.add("role root: made", "auth/role/add", name=ROOT)
    _user(steps, ROOT, current, password, [ROOT])
    return steps


def _role(steps, name, found, wanted):
    if found is None:
        steps.add("role %s: made" % name, "auth/role/add", name=name)
        found = {}
    for (key, end), kind in sorted(wanted.items()):
        if found.get((key, end)) != kind:
            steps.add("role %s: %s %s" % (name, kind, prefix_of(key, end)), "auth/role/grant", name=name,
                      perm={"permType": kind, "key": key, "range_end": end})
    for key, end in sorted(set(found) - set(wanted)):
        steps.add("role %s: no more %s %s" % (name, found[key, end], prefix_of(key, end)), "auth/role/revoke",
                  role=name, key=key, range_end=end)


def _user(steps, name, current, password, roles):
    if name not in current["users"]:
        steps.add("user %s: made" % name, "auth/user/add", name=name, password=password)
    elif name not in current["accepted"]:
        steps.add("user %s: another password" % name, "auth/user/changepw", name=name, password=password)
    found = current["users"].get(name, [])
    for role in [one for one in roles if one not in found]:
        steps.add("user %s: role %s" % (name, role), "auth/user/grant", user=name, role=role)
    for role in [one for one in found if one not in roles]:
        steps.add("user %s: no more role %s" % (name, role), "auth/user/revoke", name=name, role=role)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure logic of the module erlang_cookie."""

from __future__ import annotations

import base64
import hashlib
import secrets
import string

# The cookie becomes an atom, and an atom has at most 255 characters.
LONGEST = 255


def normalise(text):
    """What Erlang makes of a file's content: it drops line ends and blanks at the end."""
    return text.rstrip("\r\n ")


def objection(value):
    """Why Erlang would not start with this cookie, without showing it; None when it would."""
    if not value:
        return "is empty: Erlang needs 1 to %d characters" % LONGEST
    if len(value) > LONGEST:
        return "has %d characters: Erlang takes at most %d" % (len(value), LONGEST)
    for position, letter in enumerate(value, 1):
        if not " " <= letter <= "~":
            return "has a character at position %d that Erlang does not accept: use printable ASCII only" % position
    return None


def digest(value):
    """RabbitMQ's own "cookie hash", as its log and rabbitmq-diagnostics erlang_cookie_hash show it."""
    return base64.b64encode(hashlib.md5(value.encode("utf-8"), usedforsecurity=False).digest()).decode("ascii")


def generate(length=40):
    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _count in range(length))


def choose(given, present, make):
    """(value, source) of the cookie that is wanted: the given one, else the one that is there, else a new one.

    given and present: normalised text or None. make: whether a new one may be generated.
    """
    if given is not None:
        return given, "given"
    if present is not None and objection(present) is None:
        return present, "kept"
    if make:
        return generate(), "generated"
    return None, None


def plan(current, wanted):
    """What must change, of content, owner, group and mode. current is None when there is no file."""
    return [key for key in ("content", "owner", "group", "mode") if current is None or current[key] != wanted[key]]


def describe(state):
    """One line for a diff, the value as its digest."""
    if state is None:
        return "absent\n"
    return "cookie %s %s:%s %s\n" % (digest(state["content"]), state["owner"], state["group"], state["mode"])


def refusal(node, members, old, new, rotate):
    """Why the cookie under a node is not replaced; None when it may be.

    members: of its cluster, of a stopped node those that it remembers; None when a running one does not tell.
    """
    if rotate or (members is not None and len(members) < 2):
        return None
    belongs = ("is a member of a cluster of %d (%s)" % (len(members), ", ".join(members)) if members is not None
               else "runs but does not accept the cookie of its file (%s)" % old)
    return ("%s %s with cookie %s, and is asked to take %s: all members must change together, announced, by "
            "playbooks/rabbitmq_cookie_rotate.yml (rotate: true); or give the cookie that the cluster has." % (node, belongs, old, new))

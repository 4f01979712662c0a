# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What mmm_control says, and which of its commands lead from there to what is asked for. Pure.

Its exit code is 0 whatever becomes of a command, and 1 only when the monitor cannot be reached: the text counts.
"""

from __future__ import annotations

import re

ONLINE, ADMIN_OFFLINE, AWAITING_RECOVERY = "ONLINE", "ADMIN_OFFLINE", "AWAITING_RECOVERY"
MODES = ("ACTIVE", "MANUAL", "WAIT", "PASSIVE")
HOST = re.compile(r"^\s*(?P<name>[\w-]+)\((?P<address>[\d.]+)\) (?P<kind>master|slave)/(?P<state>[A-Z_]+)\. Roles: ?(?P<roles>.*)$")
ROLE = re.compile(r"(?P<role>[\w-]+)\((?P<address>[\d.]+)\)")
UNREACHABLE = re.compile(r"^# Warning: agent on host (?P<name>[\w-]+) is not reachable")
CAUSE = re.compile(r"^# Cause: (?P<cause>.*)$")
CHECK = re.compile(r"^(?P<host>[\w-]+)\s+(?P<check>ping|mysql|rep_threads|rep_backlog)\s+\[last change: "
                   r"(?P<at>[^\]]+)\]\s*(?P<message>.*)$")
BAD = re.compile(r"^(?:ERROR|Error): ?(?P<why>.*)$|^(?P<invalid>Invalid command '.*')", re.M)


class Refused(Exception):
    """What mmm_control objected to, or said that nobody understands."""


def answer(text):
    """The text of a command that was done; Refused with MMM's own words otherwise."""
    found = BAD.search(text)
    if found:
        raise Refused((found["why"] or found["invalid"] or "").strip().rstrip("."))
    return text.strip()


def done(text):
    """Like answer(), of a command that changes something: it says OK and nothing else."""
    found = answer(text)
    if not found.startswith("OK"):
        raise Refused("it says '%s'" % (found.splitlines() or ["nothing"])[0])
    return found


def mode_of(text):
    found = answer(text)
    if found not in MODES:
        raise Refused("it says that its mode is '%s'" % (found.splitlines() or ["nothing"])[0])
    return found


def show(text):
    """{hosts: {name: {address, kind, state, roles, agent}}, roles: {role: {address: host}}, cause}: of `mmm_control show`."""
    hosts, silent, roles, cause = {}, [], {}, ""
    for line in answer(text).splitlines():
        unreachable, told = UNREACHABLE.match(line), CAUSE.match(line)
        silent += [unreachable["name"]] if unreachable else []
        cause = told["cause"] if told else cause
        found = HOST.match(line)
        if found:
            own = [match.groupdict() for match in ROLE.finditer(found["roles"])]
            hosts[found["name"]] = {"address": found["address"], "kind": found["kind"], "state": found["state"], "roles": own}
            for one in own:
                roles.setdefault(one["role"], {})[one["address"]] = found["name"]
    if not hosts:
        raise Refused("it shows no host: '%s'" % (text.strip().splitlines() or ["nothing"])[0])
    for name, host in hosts.items():
        host["agent"] = name not in silent
    return {"hosts": hosts, "roles": roles, "cause": cause}


def checks(text):
    """{host: {check: {message, since}}} of `mmm_control checks`."""
    found = {}
    for line in answer(text).splitlines():
        one = CHECK.match(line)
        if one:
            found.setdefault(one["host"], {})[one["check"]] = {"message": one["message"].strip(), "since": one["at"]}
    return found


def good(message):
    """Whether a check's message is a good one; one that cannot tell is not a bad one."""
    return not message.startswith("ERROR")


def writer(shown):
    """The host with the writer's role, None without one."""
    return next(iter(shown["roles"].get("writer", {}).values()), None)


def holders(shown, role):
    return sorted(set(shown["roles"].get(role, {}).values()))


# --- What is asked for ----------------------------------------------------------------


def objections(shown, wanted):
    """wanted: host, state, role, mode, what is asked for, None for what is not."""
    host = wanted.get("host")
    if host and host not in shown["hosts"]:
        yield "host is '%s', MMM knows %s: correct the name." % (host, ", ".join(sorted(shown["hosts"])))
    if wanted.get("role") and wanted["role"] not in shown["roles"] and shown["roles"]:
        yield "role is '%s', MMM knows %s: correct the name." % (wanted["role"], ", ".join(sorted(shown["roles"])))
    if wanted.get("role") == "reader":
        yield "role is 'reader', which MMM spreads over its hosts by itself: name an exclusive role, such as writer."


def plan(shown, mode, wanted, force=False):
    """Words of the commands, in their order; none where all is so."""
    found, host = [], wanted.get("host")
    state = shown["hosts"].get(host, {}).get("state")
    if wanted.get("mode") and wanted["mode"].upper() != mode:
        found.append(["set_" + wanted["mode"]])
    if wanted.get("state") == "online" and state != ONLINE:
        found.append(["set_online", host])
    if wanted.get("state") == "offline" and state != ADMIN_OFFLINE:
        found.append(["set_offline", host])
    if wanted.get("role") and host not in holders(shown, wanted["role"]):
        found.append(["move_role", *["--force"] * bool(force), wanted["role"], host])
    return found


def reached(shown, mode, wanted):
    """Whether it is as asked for."""
    return not plan(shown, mode, wanted)

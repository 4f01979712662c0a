# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with MHA, by what its manager's program wrote down and what MHA's own checks say. Pure."""

from __future__ import annotations

import re

# The program writes every two seconds; members that do not answer take it a little longer.
OLD_S = 15
STATUS = re.compile(r"^\S+ \(pid:\d+\) is running\((?P<status>\d+:\w+)\), master:(?P<master>\S+)", re.M)


def watched_by(output):
    """(status, master) of masterha_check_status, (None, None) when it runs not."""
    found = STATUS.search(output)
    return (found["status"], found["master"]) if found else (None, None)


def complaint(output):
    """The first error line of MHA's own, without its time."""
    errors = re.findall(r"\[error\]\[[^\]]*\] *(\S.*)", output)
    return errors[0] if errors else (output.strip().splitlines() or ["it says nothing"])[-1]


def state_problems(state, members, now):
    if not state or now - state.get("at", 0) > OLD_S:
        yield "the service failover-mha-manager does not work: look at its journal"
        return
    if len(state["writers"]) != 1:
        yield "%s take writes" % " and ".join(state["writers"]) if state["writers"] else "nobody takes writes"
    missing = [name for name in members if name not in state["listed"]]
    if missing:
        yield "MHA does not count %s, whose replication is not well: run site.yml" % ", ".join(missing)
    elif state["because"]:
        yield state["because"]
    if state["failed"]:
        yield "a failover failed: look at the journal of failover-mha-manager"


def problems(seen, members, addresses, now):
    """seen: state (of the program, or None), status and repl: (exit code, output) of masterha_check_status and masterha_check_repl."""
    found = list(state_problems(seen["state"], members, now))
    status, master = watched_by(seen["status"][1])
    if status != "0:PING_OK":
        found.append("masterha_check_status says %s" % (status or "NOT_RUNNING"))
    elif seen["state"] and [addresses.get(name) for name in seen["state"]["writers"]] not in ([], [master]):
        found.append("MHA watches %s, and %s takes the writes" % (master, seen["state"]["writers"][0]))
    if seen["repl"][0]:
        found.append("masterha_check_repl says: %s" % complaint(seen["repl"][1]))
    return found

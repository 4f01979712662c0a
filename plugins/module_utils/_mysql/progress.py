# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the state of a job reads. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.files import human


def rate(state, before):
    """Bytes a second since the state before, in the same phase; else since the phase began."""
    then, done = state.get("phase_started", 0), 0
    if before and before["phase"] == state["phase"] and before.get("now", 0) < state.get("now", 0):
        then, done = before["now"], before["done"]
    seconds = state.get("now", 0) - then
    return max(0.0, (state["done"] - done) / seconds) if seconds > 0 else 0.0


def line(host, what, state, before=None):
    """sb: seeding from sa: copy 412.3 MiB of 1.02 GiB (40 %), 85.2 MiB/s, 7 s left"""
    text = "%s: %s: %s" % (host, what, state["phase"] or "between two phases")
    if state.get("note"):
        return text + " " + state["note"]
    if not state["total"]:
        return text + (" " + human(state["done"]) if state["done"] else "")
    # The total is what the donor's disk held at the beginning: an estimate.
    share = min(99, 100 * state["done"] // state["total"])
    text += " %s of %s (%d %%)" % (human(state["done"]), human(state["total"]), share)
    speed = rate(state, before)
    if speed:
        text += ", %s/s, %d s left" % (human(speed), max(0, state["total"] - state["done"]) / speed)
    return text


def summary(host, what, state):
    """sb: seeding from sa: 1.02 GiB in 31.2 s (copy 12.1, prepare 9.0, …)"""
    seconds = sum(phase["seconds"] for phase in state["phases"])
    size = state["result"].get("bytes")
    return "%s: %s: %sin %.1f s (%s)" % (
        host, what, human(size) + " " if size else "", seconds,
        ", ".join("%s %.1f" % (phase["name"], phase["seconds"]) for phase in state["phases"]))

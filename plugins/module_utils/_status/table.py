# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The screen as text, and as JSON for programs. Pure."""

from __future__ import annotations

import textwrap

from ansible_collections.failover.stack.plugins.module_utils._status import judge

WORDS = {judge.OK: "ok", judge.WARNING: "look", judge.CRITICAL: "RED"}
STATE_WIDTH = max(map(len, WORDS.values()))
LEAST_WIDTH = 40
# Between what two hosts tell.
SEVERAL = " · "


def plainly(_state, text):
    return text


def wrapped(text, room, **more):
    """What is copied from a screen, such as a unit's name, stays whole."""
    return textwrap.wrap(text, room, break_on_hyphens=False, **more)


def broken(text, room):
    """A text in lines; what several hosts tell has a line for each where one is too short for all."""
    parts = text.split(SEVERAL) if len(text) > room else [text]
    return [each for part in parts for each in wrapped(part, room)] or [""]


def table(lines, width=120, paint=plainly):
    """Lines for a terminal so many columns wide: state, tier, how it is; beneath, what is wrong.

    paint: (state, text) -> the text in that state's colour.
    """
    lines = judge.distinguished(lines)
    column = max((len(judge.name(one)) for one in lines), default=0)
    indent = " " * (STATE_WIDTH + column + 4)
    room = max(width - len(indent), LEAST_WIDTH)
    found = []
    for one in lines:
        head = "%s  %s  " % (paint(one["state"], WORDS[one["state"]].ljust(STATE_WIDTH)), judge.name(one).ljust(column))
        first, *more = broken(one["text"], room)
        found += [(head + first).rstrip(), *(indent + each for each in more)]
        for state, sentences in ((judge.CRITICAL, one["problems"]), (judge.WARNING, one["warnings"])):
            for each in sentences:
                found += [indent + paint(state, text) for text in wrapped(each, room, initial_indent="- ", subsequent_indent="  ")]
    return found


def document(lines, when):
    """For programs; docs/monitoring.md describes the keys. when: such as 2026-11-30T08:15:00Z."""
    keys = ("tier", "title", "cluster", "state", "text", "problems", "warnings", "hosts", "figures")
    return {"format": 1, "at": when, "state": judge.overall(lines), "verdict": judge.verdict(judge.distinguished(lines)),
            "lines": [{key: one[key] for key in keys} for one in lines]}

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each server of a ledger asked by itself every few milliseconds: does it accept writes, and how far has it come?"""

from __future__ import annotations

import contextlib
import threading
import time

# A server this close behind an acknowledgement has caught up: it is always on its way.
CURRENT_MS = 250
UNREACHABLE = None


class Spans:
    """Looks at one server, those that found the same in one: [asked, answered, asked last, answered last, side, late, behind].

    The truth of a look lies between question and answer. side is None where nobody answered, [] where no writes are accepted.
    """

    def __init__(self):
        self.spans = []

    def add(self, asked, answered, side, behind):
        late = behind > CURRENT_MS
        last = self.spans[-1] if self.spans else None
        if last and last[4] == side and last[5] == late:
            last[2], last[3], last[6] = asked, answered, max(last[6], behind)
        else:
            self.spans.append([asked, answered, asked, answered, side, late, behind])

    def export(self):
        return [[round(v, 1) for v in s[:4]] + [s[4], s[5], round(s[6])] for s in self.spans]


class Watch(threading.Thread):
    """kind: sql.Sql or its like; behind: (newest number, now) -> how far behind in milliseconds."""

    def __init__(self, kind, name, address, behind, now):
        super().__init__(daemon=True)
        self.kind, self.name, self.address, self.behind, self.now = kind, name, address, behind, now
        self.spans, self.opened, self.error = Spans(), None, ""

    def once(self):
        asked = self.now()
        try:
            if self.opened is None:
                self.opened = self.kind.ask(self.name, self.address)
                asked = self.now()
            side, newest = self.kind.look(self.name, *self.opened)
            answered = self.now()
            behind = self.behind(newest, answered)
        except Exception as error:  # whatever a driver throws: this server could not be asked
            self.error, side, behind, answered = str(error), UNREACHABLE, 0.0, self.now()
            self.drop()
        self.spans.add(asked, answered, side, behind)
        return side

    def drop(self):
        if self.opened is not None:
            with contextlib.suppress(Exception):
                self.opened[0].close()
        self.opened = None

    def keep_looking(self, every_ms, stop):
        while not stop.is_set():
            began = time.monotonic()
            self.once()
            stop.wait(max(0.005, every_ms / 1000.0 - (time.monotonic() - began)))
        self.drop()

    def current(self):
        """Whether the last look found it reachable and level."""
        last = self.spans.spans[-1] if self.spans.spans else None
        return bool(last) and last[4] is not UNREACHABLE and not last[5]


def sides_at_once(servers):
    """[(from, to, servers)] of every moment at which several sides certainly accepted writes.

    servers: spans by name. Between the answer to a first look and the question of a last one that found the same, it was so. Two
    servers are on one side where what they see has somebody in common.
    """
    known = []
    for name, spans in sorted(servers.items()):
        known += [(s[1], s[2], name, set(s[4])) for s in spans if s[4] and s[1] < s[2]]
    edges = sorted(set(t for k in known for t in k[:2]))
    found = []
    for begin, end in zip(edges, edges[1:]):
        there = [(name, side) for a, b, name, side in known if a <= begin and b >= end]
        if count_sides([side for _name, side in there]) > 1:
            found.append((begin, end, [name for name, _side in there]))
    return found


def count_sides(sides):
    """How many of these sets have nothing in common with one another."""
    groups = []
    for side in sides:
        joined = [g for g in groups if g & side]
        groups = [g for g in groups if not g & side] + [set(side).union(*joined)]
    return len(groups)


def most_sides(servers):
    """The most sides that accepted writes at a moment."""
    most = 1 if any(s[4] for spans in servers.values() for s in spans) else 0
    for begin, end, names in sides_at_once(servers):
        there = [set(s[4]) for n in names for s in servers[n] if s[4] and s[1] <= begin and s[2] >= end]
        most = max(most, count_sides(there))
    return most


def caught_up_ms(spans, since):
    """From a moment to the first look after it that found the server reachable and level; None when none did."""
    for span in spans:
        if span[4] is not UNREACHABLE and not span[5] and span[3] >= since:
            return max(0.0, span[1] - since)
    return None

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who stands in MHA's configuration, and what has to be done where MHA left something undone. Pure.

MHA refuses a failover while a server of its configuration is dead, and starts for none: so the configuration has those, and only those, who
may have acknowledged a row that nobody else has.
"""

from __future__ import annotations

from collections import namedtuple

# What was seen of a member. source: address it replicates from, None for nobody. io, sql: Yes, No, Connecting. read, position: (binary
# log of its source, or of its own, and place in it). dumps: addresses that receive from it. error: the applier's.
Seen = namedtuple("Seen", "name address reached writable source io sql read position dumps error",
                  defaults=(False, False, None, "", "", None, None, (), ""))


def writers(seen):
    return [one.name for one in seen.values() if one.reached and one.writable]


def receives(one, source):
    """Whether it replicates from there, well."""
    return one.reached and one.source == source.address and one.io == "Yes" and one.sql == "Yes"


def behind(place, goal):
    """Whether a place in a binary log is before another one."""
    return place is None or (goal is not None and (place[0], int(place[1])) < (goal[0], int(goal[1])))


class Listing:
    """Who is listed. A replica that is no longer well stays until another one has all that it may have, and it receives nothing."""

    def __init__(self, members, listed, lost_s):
        self.members, self.listed, self.lost_s = members, list(listed), lost_s
        self.writer, self.ill = None, {}

    def update(self, seen, now):
        """The names, and why one that is not well still stands there (or None). Without a writer it stays as it is: MHA is at work."""
        found = writers(seen)
        if len(found) != 1:
            return self.listed, None
        writer = seen[found[0]]
        if self.writer != writer.name:
            # Whoever does not follow this writer has acknowledged nothing to it. At the manager's own start nobody knows.
            self.ill = {} if self.writer else dict.fromkeys(self.listed, (now, writer.position))
            self.listed = [name for name in self.listed if self.writer is None or name == writer.name]
            self.writer = writer.name
        well = [name for name, one in seen.items() if name != writer.name and receives(one, writer)]
        stay = {}
        for name in self.listed:
            if name != writer.name and name not in well:
                since, mark = self.ill.setdefault(name, (now, writer.position))
                why = self.needed(seen[name], writer, [seen[one] for one in well], now - since, mark)
                stay.update({name: why} if why else {})
        self.ill = {name: found for name, found in self.ill.items() if name in stay}
        self.listed = [name for name in self.members if name == writer.name or name in well or name in stay]
        return self.listed, "; ".join("%s: %s" % each for each in sorted(stay.items())) or None

    def needed(self, one, writer, well, ill_s, mark):
        if ill_s < self.lost_s:
            return "it does not replicate from %s" % writer.name
        if one.address in writer.dumps:
            return "%s still sends to it, and it does not replicate" % writer.name
        if not [other for other in well if not behind(other.read, mark)]:
            return "nobody else has received all that it may have"
        return None


def leaderless(seen):
    """The one whom all that can be asked replicate from, while nobody takes writes; None where that is nobody, or its server is away."""
    if writers(seen):
        return None
    there = [one for one in seen.values() if one.reached]
    heads = [one for one in there if one.source is None]
    others = [one for one in there if one.source is not None]
    if len(heads) == 1 and others and all(one.source == heads[0].address for one in others):
        return heads[0].name
    return None


def resting(seen):
    """Replicas that a failover which did not come about has stopped: without an error, behind a source that is there.

    Where somebody takes writes, behind him alone, and never he himself.
    """
    leading = [seen[name] for name in writers(seen)] or seen.values()
    sources = [one.address for one in leading if one.reached]
    return [one.name for one in seen.values() if one.reached and not one.writable and one.source in sources
            and "No" in (one.io, one.sql) and not one.error]


def wait_s(completed_at, now, interval_s):
    """Seconds for which MHA must not fail over again, 0 when it may."""
    return 0 if completed_at is None else max(0, interval_s - (now - completed_at))

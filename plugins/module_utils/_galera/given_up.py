# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members that a recovery went on without: who they are, and whether one of them may start with the data that it has.

A cluster that is bootstrapped without a member counts on from where the others were. What that member alone has stands at the same
positions as what they write next, and Galera compares positions, not contents: it would let the member in, and each would have other rows.
So those that went on keep a record of who was given up and at which point, and the member asks them before its server starts. A member
without a position of its own gets a whole copy; it notes for which points that holds.
"""

from __future__ import annotations

import json

RECORD = "/var/lib/failover-galera/given-up.json"
SETTLED = "/var/lib/failover-galera/settled.json"


def point(uuid, seqno):
    """How a bootstrap is called in the record."""
    return "%s:%d" % (uuid, seqno)


def record_of(text):
    """{member: point} as it stands in a record or an answer; {} of what is none."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(name): str(at) for name, at in found.items()} if isinstance(found, dict) else {}


def settled_of(text):
    """The points for which this member's data are a copy of the others'; [] of what is none."""
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return []
    return [str(at) for at in found] if isinstance(found, list) else []


def open_points(name, records, settled):
    """The points at which others (records: theirs) went on without this member, and for which it has no whole copy yet. Sorted."""
    return sorted({record[name] for record in records if name in record} - set(settled))


def lost(infos):
    """{member: point} of those whose data may not be the others'. infos: what galera_info returned of each, by name."""
    found = {}
    for name, info in infos.items():
        records = [other.get("given_up") or {} for one, other in infos.items() if one != name and other]
        points = open_points(name, records, (info or {}).get("settled") or [])
        if points:
            found[name] = points[-1]
    return found


def refusal(name, points):
    """Why the server of a member is not started with its own data."""
    return ("%s is not started with the data it has: the cluster went on without it at %s, so it may have what nobody else has, at "
            "positions where the others have something else, and nobody would notice. If what only it has may be lost, "
            "playbooks/galera_recover.yml -e galera_discard=%s gives it a whole copy." % (name, ", ".join(points), name))

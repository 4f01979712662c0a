# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a ledger at its end to the figures of a drill. Pure: times in milliseconds since the observer began."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._drill.client.watch import UNREACHABLE, caught_up_ms, most_sides, sides_at_once
from ansible_collections.failover.stack.plugins.module_utils._drill.history import WRITER

# An acknowledgement that comes later is as bad as a failure while it is awaited: the limit that requests have, too.
STALLED_MS = 1000


def bad_write(row):
    """Failed, unknown, or acknowledged too late."""
    return row[3] != 0 or row[1] > STALLED_MS


def writes(rows):
    return [r for r in rows if r[2] == WRITER]


def longest_between(arrived, asked, begin=None, end=None):
    """The longest time from the first question to the first of these moments, between two of them, or from the last to the last question.

    With begin and end only what lies after begin, of what has begun before end.
    """
    if not asked:
        return 0
    moments = [min(asked), *sorted(arrived), max(asked)]
    parts = [(since, until) for since, until in zip(moments, moments[1:]) if end is None or since < end]
    return round(max([0, *[until - (since if begin is None else max(since, begin)) for since, until in parts]]))


def unacknowledged_ms(rows, begin=None, end=None):
    """The longest time in which nothing was acknowledged."""
    mine = writes(rows)
    return longest_between([r[0] + r[1] for r in mine if r[3] == 0], [r[0] for r in mine], begin, end)


def acknowledged_by(rows, servers):
    """The servers that acknowledged, in the order of their acknowledgements, each once until it is another's turn."""
    found = []
    for _at, index in sorted((r[0] + r[1], r[4]) for r in writes(rows) if r[3] == 0):
        if not found or found[-1] != servers[index]:
            found.append(servers[index])
    return found


def server_figures(told, heal):
    """By server: rows and what is missing at the end, how far it was behind, when it had caught up after the healing."""
    found = {}
    for name, part in told.get("servers", {}).items():
        spans = told.get("spans", {}).get(name, [])
        since = caught_up_ms(spans, heal) if heal is not None else None
        found[name] = dict(
            part,
            lag_max_ms=max([s[6] for s in spans if s[4] is not UNREACHABLE] or [0]),
            unreachable_ms=round(sum(s[3] - s[0] for s in spans if s[4] is UNREACHABLE)),
            caught_up_ms=None if since is None else round(since),
        )
    return found


def ledger_figures(seen, rows, heal):
    """What a result has beside its requests; the first two are there without a ledger as well."""
    told = seen.get("ledger")
    if not told:
        return {"acknowledged": 0, "acknowledged_lost": 0}
    mine = writes(rows)
    return {
        "acknowledged": told["acknowledged"],
        "acknowledged_lost": told["lost"],
        "lost_numbers": told["lost_numbers"],
        "ledger": {"kind": told["kind"], "address": told["address"], "interval_ms": told["interval_ms"]},
        "ledger_checked": told["checked"],
        "ledger_errors": told["errors"],
        "writes": len(mine),
        "writes_failed": told["failed"],
        "unknown": told["unknown"],
        "unknown_committed": told["unknown_committed"],
        "failed_committed": told["failed_committed"],
        "duplicates": max([told["duplicates"]] + [s["duplicates"] or 0 for s in told["servers"].values()]),
        "write_stall_ms": round(max([r[1] for r in mine if r[3] == 0] or [0])),
        "level_ms": told["level_ms"],
        "writable_max": most_sides(told["spans"]),
        "writable_at_once": [{"from": begin, "to": end, "servers": names} for begin, end, names in sides_at_once(told["spans"])],
        "servers": server_figures(told, heal),
    }


def part_from(windows, moment):
    """The longest part of an outage that lies after a moment."""
    return round(max([w["to"] - max(w["from"], moment) for w in windows if w["to"] > moment] or [0]))


def answer_figures(events, origin, windows):
    """When the playbook that answers a fault began, how long it took, and what of the outage came after its beginning."""
    begin, end = events.get("then_at"), events.get("then_done")
    if not begin:
        return {}
    moment = (begin - origin) * 1000
    return {
        "then_ms": moment,
        "then_took_ms": round(max(0.0, (end or begin) - begin) * 1000),
        "then_outage_ms": part_from(windows, moment),
    }

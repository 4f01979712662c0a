# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observer saw, in figures, for whoever judges without a drill. Pure: times in milliseconds since the observer began."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._drill.analysis import (
    OK,
    SORRY,
    is_failure,
    late_ms,
    outages,
    rows_of,
    unanswered_ms,
)
from ansible_collections.failover.stack.plugins.module_utils._drill.figures import (
    acknowledged_by,
    ledger_figures,
    part_from,
    unacknowledged_ms,
)
from ansible_collections.failover.stack.plugins.module_utils._drill.history import WRITER

# Moments of failures that are told.
FIRST = 12


def summary(seen, periods=()):
    """See the return value `figures` of the module drill_observe."""
    rows = rows_of(seen)
    asked = [r for r in rows if r[2] != WRITER]
    failed = [r for r in asked if is_failure(r[3])]
    found = {
        "started": seen["started"],
        "requests": len(asked),
        "failed": len(failed),
        "failures": counted(seen["codes"][r[3]] for r in rows if is_failure(r[3])),
        "failed_at": [r[0] for r in failed][:FIRST],
        "sorry": sum(1 for r in asked if r[3] == SORRY),
        "reconnects": seen.get("reconnects", 0),
        "sessions": seen.get("sessions", 0),
        "sessions_lost": len(seen.get("lost", [])),
        "served": counted(seen["served"][r[6]] for r in asked if r[3] == OK and r[6] >= 0),
        "outage_ms": longest(outages(rows)),
        "late_ms": late_ms(rows),
        "unanswered_ms": unanswered_ms(rows),
        "longest_ms": round(max([r[1] for r in asked] or [0])),
        "vips": {address: holding(spans, seen["arp"]["names"]) for address, spans in seen["arp"]["spans"].items()},
        "downloads": (seen.get("downloads") or {}).get("seen", []),
        "quiet": of_quiet(seen.get("quiet")),
        "periods": {one["name"]: period(rows, seen["started"], one) for one in periods},
    }
    return {**found, "ledger": of_ledger(seen, rows)} if seen.get("ledger") else found


def counted(names):
    found = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found


def of_quiet(told):
    if not told:
        return {"opened": 0, "asked": 0, "refused": 0, "dismissed": 0, "broken": 0, "first_broken": []}
    counts = {key: told[key] for key in ("opened", "asked", "refused", "dismissed")}
    return {**counts, "broken": len(told["broken"]), "first_broken": told["broken"][:FIRST]}


def longest(windows):
    return round(max([w["ms"] for w in windows] or [0]))


def of_ledger(seen, rows):
    told = ledger_figures(seen, rows, None)
    keys = ("acknowledged", "lost_numbers", "duplicates", "writable_max", "writable_at_once", "writes_failed", "unknown",
            "failed_committed", "servers")
    return {
        **{key: told[key] for key in keys},
        "lost": told["acknowledged_lost"],
        "checked": told["ledger_checked"],
        "unacknowledged_ms": unacknowledged_ms(rows),
        "acknowledged_by": acknowledged_by(rows, seen["instances"]),
    }


def period(rows, started, told):
    """What began before counts from the beginning of a period, what began in it counts to its end."""
    begin, end = ((told[key] - started) * 1000 for key in ("begin", "end"))
    return {
        "failed": sum(1 for r in rows if begin <= r[0] < end and is_failure(r[3])),
        "outage_ms": part_from([w for w in outages(rows) if w["from"] < end], begin),
        "unanswered_ms": unanswered_ms(rows, begin, end),
        "unacknowledged_ms": unacknowledged_ms(rows, begin, end),
    }


def holding(spans, names):
    """How an address was held. spans: [first question, last question, who answered these (a mask)]."""
    order, before, last, shared, silent = [], 0, None, 0, 0
    for position, (begin, end, mask) in enumerate(spans):
        following = spans[position + 1][0] if position + 1 < len(spans) else end
        if not mask:
            continue
        order += [name for index, name in enumerate(names) if (mask & ~before) >> index & 1]
        silent = max(silent, begin - last if last is not None else 0)
        shared = max(shared, following - begin if mask & (mask - 1) else 0)
        before, last = mask, end
    # Nobody answered any more until the end.
    silent = max(silent, spans[-1][1] - (last if last is not None else spans[0][0])) if spans else 0
    return {
        "holders_max": max([bin(mask).count("1") for _begin, _end, mask in spans] or [0]),
        "order": order,
        "shared_ms": round(shared),
        "silent_ms": round(silent),
    }

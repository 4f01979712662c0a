# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what an observer saw to what a drill says. Pure: times in milliseconds since the observer began."""

from __future__ import annotations

import math

from ansible_collections.failover.stack.plugins.module_utils._drill.checker import budget, missed
from ansible_collections.failover.stack.plugins.module_utils._drill.figures import (
    answer_figures,
    bad_write,
    ledger_figures,
    longest_between,
    writes,
)
from ansible_collections.failover.stack.plugins.module_utils._drill.history import WRITER

# Failures closer than this are one outage: a lucky answer in between does not make two short ones of a long one.
JOIN_MS = 500
SLOW_MS = 250
OK, SORRY = 0, 6
ANONYMOUS = -1


def is_failure(code):
    """An apology is an answer: neither what was asked for nor an outage."""
    return code not in (OK, SORRY)


def windows(rows, join_ms=JOIN_MS):
    """Outages by arrival time, from (sent, failed, good from) in order of sending.

    A window begins when the first failed request was sent and ends when the first request after its last failure was
    sent that succeeded (or with a third value: when it was answered); failures up to join_ms apart belong together. One
    that lasts to the end ends with the last request.
    """
    found = []
    first = last = end = None
    count = 0
    for sent, failed, *good_from in rows:
        if failed:
            if last is not None and sent - last > join_ms:
                found.append({"from": first, "to": end if end is not None else last, "failed": count})
                first, count = None, 0
            first = sent if first is None else first
            last, end = sent, None
            count += 1
        elif last is not None and end is None:
            end = good_from[0] if good_from else sent
    if last is not None:
        # Nothing succeeded afterwards: at least until the last request.
        found.append({"from": first, "to": end if end is not None else rows[-1][0], "failed": count})
    for window in found:
        window["ms"] = window["to"] - window["from"]
    return found


def outages(rows):
    """Those that visitors saw and those that writers saw: a write that is acknowledged late has stalled until then."""
    asked = [(r[0], is_failure(r[3])) for r in rows if r[2] != WRITER]
    written = [(r[0], bad_write(r), r[0] + r[1]) for r in writes(rows)]
    return sorted(windows(asked) + windows(written), key=lambda w: w["from"])


def late_ms(rows):
    """The longest time in which visitors got no answer or a slow one, though none of these need have failed."""
    asked = [(r[0], is_failure(r[3]) or r[1] > SLOW_MS) for r in rows if r[2] != WRITER]
    return round(max([w["ms"] for w in windows(asked)] or [0]))


def unanswered_ms(rows, begin=None, end=None):
    """The longest time in which no visitor got a good answer."""
    asked = [r for r in rows if r[2] != WRITER]
    return longest_between([r[0] + r[1] for r in asked if r[3] == OK], [r[0] for r in asked], begin, end)


def percentile(values, share):
    """Nearest rank; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def phase_of(at, fault, heal):
    if fault is None or at < fault:
        return "before"
    return "during" if heal is None or at < heal else "after"


def phases(rows, fault, heal):
    """Counts and percentiles before, during and after; of requests that were answered in time.

    A request belongs where it was sent, but one that was under way at the fault and failed then is the fault's.
    """
    groups = {"before": [], "during": [], "after": []}
    for row in rows:
        phase = phase_of(row[0], fault, heal)
        if phase == "before" and is_failure(row[3]):
            phase = "before" if phase_of(row[0] + row[1], fault, heal) == "before" else "during"
        groups[phase].append(row)
    result = {}
    for name, members in groups.items():
        took = [r[1] for r in members if r[3] == OK]
        result[name] = {
            "requests": len(members),
            "failed": sum(1 for r in members if is_failure(r[3])),
            "sorry": sum(1 for r in members if r[3] == SORRY),
            "slow": sum(1 for t in took if t > SLOW_MS),
            "p50_ms": percentile(took, 0.5),
            "p99_ms": percentile(took, 0.99),
            "max_ms": max(took) if took else None,
        }
    return result


def holders(arp, fault=None):
    """By address: the most hosts that answered one question, how often the answerer changed, gaps, who first, who last."""
    result, names = {}, arp.get("names", [])
    for address, spans in arp.get("spans", {}).items():
        most, moves, last, gaps = 0, 0, None, []
        for begin, end, mask in spans:
            most = max(most, bin(mask).count("1"))
            if mask == 0:
                gaps.append([begin, end])
                continue
            if last is not None and mask != last:
                moves += 1
            last = mask
        final = spans[-1][2] if spans else 0
        early = [mask for begin, _end, mask in spans if mask and (fault is None or begin < fault)]
        result[address] = {
            "max": most,
            "moves": moves,
            "last": bin(final).count("1"),
            "gap_ms": round(max([e - b for b, e in gaps] or [0])),
            "holder_before": named(early[-1] if early else 0, names),
            "holder_at_end": named(final, names),
        }
    return result


def named(mask, names):
    return " and ".join(n for i, n in enumerate(names) if mask >> i & 1)


def distribution(rows, seen, drill, fault):
    """By host: good anonymous answers on new connections in undisturbed time, and how far their share is from the weight's.

    A kept connection stays with the server that it met first and a session with its own, so neither says anything
    about how connections are shared out. The deviation is relative: 0.05 is 5 % more than the weight's share.
    """
    weights = (drill.get("expect") or {}).get("distribution") or {}
    by_header = drill.get("distribution_by", "header") == "header"
    names = seen.get("served" if by_header else "instances", [])
    counts = {}
    for row in rows:
        if row[2] == ANONYMOUS and row[3] == OK and not row[5] and (fault is None or row[0] < fault):
            index = row[6] if by_header else row[4]
            name = names[index] if index >= 0 else "(nobody named)"
            counts[name] = counts.get(name, 0) + 1
    total, shares = sum(counts.values()), float(sum(weights.values()) or 1)
    result = {}
    for name in sorted(set(counts) | set(weights)):
        count, expected = counts.get(name, 0), total * weights.get(name, 0) / shares
        result[name] = {
            "count": count,
            "expected": round(expected, 1),
            "deviation": round(count / expected - 1, 4) if expected else None,
        }
    return result


def downloads(seen, fault, heal):
    """What became of the slow downloads; those that were under way when it broke and still were when it was mended
    have crossed the fault."""
    told = seen.get("downloads") or {}
    every = told.get("seen", [])
    broken = [d for d in every if d["outcome"] != "whole"]
    crossed = [d for d in every if fault is not None and d["from"] < fault and d["to"] > (heal or fault)]
    return {
        "downloads": len(every),
        "downloads_broken": len(broken),
        "downloads_crossed": len(crossed),
        "download_stall_ms": max([d["stall_ms"] for d in every] or [0]),
        "download_rate_bytes_s": told.get("rate_bytes_s", 0),
        "download_problem": told.get("problem", ""),
        "download_list": every,
    }


def quiet(seen):
    told = seen.get("quiet") or {}
    return {
        "connections": told.get("opened", 0),
        "connections_broken": len(told.get("broken", [])),
        # Closed by the server while nothing was asked: its right, or how a process dies whose kernel lives on.
        "connections_ended": told.get("ended", 0),
        # An answer said that it was the last one: a client that listens meets no end.
        "connections_dismissed": told.get("dismissed", 0),
        "connections_lost": told.get("broken", []),
        "connection_wait_ms": told.get("longest_ms", 0),
    }


def sorry_ms(rows):
    """From the first apology to the first good answer after the last one; what is written is no answer to a visitor."""
    times = [r[0] for r in rows if r[3] == SORRY]
    if not times:
        return 0
    asked = [r for r in rows if r[2] != WRITER]
    after = [r[0] for r in asked if r[0] > times[-1] and r[3] == OK]
    return (after[0] if after else asked[-1][0]) - times[0]


def rows_of(seen):
    """(sent, took ms, visitor, code, instance, kept, served) rows of an observer's columns."""
    return [(r[0], r[1] / 10.0, *r[2:]) for r in zip(*seen["rows"])]


def thin(seen, fault, heal, most=6000):
    """Columns small enough for a page: every failure and slow answer, and an even share of the rest."""
    columns = seen["rows"]
    total = len(columns[0])
    step = max(1, math.ceil(total / float(most)))
    kept = [
        r for n, r in enumerate(zip(*(columns[:5]))) if n % step == 0 or is_failure(r[3]) or r[1] > SLOW_MS * 10
    ]
    return [list(c) for c in zip(*kept)] if kept else columns


def took_ms(events, what):
    begin, end = events.get(what + "_at"), events.get(what + "_done")
    return round(max(0.0, end - begin) * 1000) if begin and end else None


def of_drill(drill, events, prediction):
    """What was broken, and what was allowed."""
    predicted, why = prediction
    return {
        "name": drill["name"],
        "title": drill.get("title", drill["name"]),
        "tier": drill.get("tier", ""),
        "fault": drill["fault"],
        "target": events.get("target", ""),
        "address": events.get("address", ""),
        "predicted_ms": None if predicted is None else round(predicted),
        "predicted_by": why,
        "budget_ms": budget(drill, predicted),
        "budget_from": drill.get("budget_from", "fault"),
        "fault_took_ms": took_ms(events, "fault"),
        "heal_took_ms": took_ms(events, "heal"),
    }


def of_requests(seen, rows, found, fault, heal):
    """What visitors and writers met. found: outages(rows)."""
    stages, failures = phases(rows, fault, heal), {}
    for row in rows:
        if is_failure(row[3]):
            label = seen["codes"][row[3]]
            failures[label] = failures.get(label, 0) + 1
    return {
        "outage_ms": round(max([w["ms"] for w in found] or [0])),
        # What coming back cost, apart from the fault itself.
        "return_outage_ms": round(max([w["ms"] for w in found if heal is not None and w["from"] >= heal] or [0])),
        "requests": len(rows),
        "failed": sum(1 for r in rows if is_failure(r[3])),
        "sorry": sum(1 for r in rows if r[3] == SORRY),
        "sorry_ms": round(sorry_ms(rows)),
        "slow": sum(s["slow"] for s in stages.values()),
        "late_ms": late_ms(rows),
        "unanswered_ms": unanswered_ms(rows),
        "p99_ms": stages["during" if fault is not None else "before"]["p99_ms"],
        "sessions": seen.get("sessions", 0),
        "sessions_lost": len(seen.get("lost", [])),
        "lost": seen.get("lost", []),
        "windows": found,
        "phases": stages,
        "failures": failures,
    }


def of_addresses(arp, fault):
    """Who held the virtual addresses."""
    held = holders(arp, fault)
    return {
        "vip_holders_max": max([h["max"] for h in held.values()] or [0]),
        "vip_silent_ms": max([h["gap_ms"] for h in held.values()] or [0]),
        "vip_moves": sum(h["moves"] for h in held.values()),
        "vips": held,
    }


def analyse(seen, drill, events, prediction):
    """One row of the report. events: fault_at, heal_at as seconds since the epoch, or None."""
    origin = seen["started"]
    fault = None if events.get("fault_at") is None else (events["fault_at"] - origin) * 1000
    heal = None if events.get("heal_at") is None else (events["heal_at"] - origin) * 1000
    rows = rows_of(seen)
    found = outages(rows)
    result = {
        **of_drill(drill, events, prediction),
        **of_requests(seen, rows, found, fault, heal),
        **of_addresses(seen.get("arp", {}), fault),
        "fault_ms": fault,
        "heal_ms": heal,
        "length_ms": seen.get("length_ms", 0),
        "started": origin,
        "reconnects": seen.get("reconnects", 0),
        "observer_lag_ms": seen.get("lag_ms", 0),
        "all_back": seen.get("all_back", False),
        **downloads(seen, fault, heal),
        **quiet(seen),
        **ledger_figures(seen, rows, heal),
        **answer_figures(events, origin, found),
    }
    if (drill.get("expect") or {}).get("distribution"):
        result["distribution"] = distribution(rows, seen, drill, fault)
    result["missed"] = missed(result, drill)
    result["passed"] = not result["missed"]
    return result

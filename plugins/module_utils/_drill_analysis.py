# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what an observer saw to what a drill says. Pure: times in milliseconds since the observer began."""

from __future__ import annotations

import math

# Failures closer than this are one outage: a lucky answer in between does not make two short ones of a long one.
JOIN_MS = 500
SLOW_MS = 250
OK = 0


def windows(rows, join_ms=JOIN_MS):
    """Outages by arrival time, from (sent, failed) pairs in order of sending.

    A window begins when the first failed request was sent and ends when the first request after its last failure was
    sent that succeeded; failures up to join_ms apart belong together. One that lasts to the end ends with the last request.
    """
    found = []
    first = last = end = None
    count = 0
    for sent, failed in rows:
        if failed:
            if last is not None and sent - last > join_ms:
                found.append({"from": first, "to": end if end is not None else last, "failed": count})
                first, count = None, 0
            first = sent if first is None else first
            last, end = sent, None
            count += 1
        elif last is not None and end is None:
            end = sent
    if last is not None:
        # Nothing succeeded afterwards: at least until the last request.
        found.append({"from": first, "to": end if end is not None else rows[-1][0], "failed": count})
    for window in found:
        window["ms"] = window["to"] - window["from"]
    return found


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
        if phase == "before" and row[3] != OK:
            phase = "before" if phase_of(row[0] + row[1], fault, heal) == "before" else "during"
        groups[phase].append(row)
    result = {}
    for name, members in groups.items():
        took = [r[1] for r in members if r[3] == OK]
        result[name] = {
            "requests": len(members),
            "failed": len(members) - len(took),
            "slow": sum(1 for t in took if t > SLOW_MS),
            "p50_ms": percentile(took, 0.5),
            "p99_ms": percentile(took, 0.99),
            "max_ms": max(took) if took else None,
        }
    return result


def holders(arp):
    """By address: the most hosts that answered one question, how often the answerer changed, gaps."""
    result = {}
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
        result[address] = {
            "max": most,
            "moves": moves,
            "last": bin(final).count("1"),
            "gap_ms": round(max([e - b for b, e in gaps] or [0])),
        }
    return result


def rows_of(seen):
    """(sent, took ms, visitor, code, instance) rows of an observer's columns."""
    return [(r[0], r[1] / 10.0, r[2], r[3], r[4]) for r in zip(*seen["rows"])]


def thin(seen, fault, heal, most=6000):
    """Columns small enough for a page: every failure and slow answer, and an even share of the rest."""
    columns = seen["rows"]
    total = len(columns[0])
    step = max(1, math.ceil(total / float(most)))
    kept = [r for n, r in enumerate(zip(*columns)) if n % step == 0 or r[3] != OK or r[1] > SLOW_MS * 10]
    return [list(c) for c in zip(*kept)] if kept else columns


def analyse(seen, drill, events, prediction):
    """One row of the report. events: fault_at, heal_at as seconds since the epoch, or None."""
    origin = seen["started"]
    fault = None if events.get("fault_at") is None else (events["fault_at"] - origin) * 1000
    heal = None if events.get("heal_at") is None else (events["heal_at"] - origin) * 1000
    rows = rows_of(seen)
    found = windows([(r[0], r[3] != OK) for r in rows])
    stages = phases(rows, fault, heal)
    held = holders(seen.get("arp", {}))
    failures = {}
    for row in rows:
        if row[3] != OK:
            label = seen["codes"][row[3]]
            failures[label] = failures.get(label, 0) + 1
    predicted, why = prediction
    result = {
        "name": drill["name"],
        "title": drill.get("title", drill["name"]),
        "tier": drill.get("tier", ""),
        "fault": drill["fault"],
        "target": events.get("target", ""),
        "outage_ms": round(max([w["ms"] for w in found] or [0])),
        "predicted_ms": None if predicted is None else round(predicted),
        "predicted_by": why,
        "budget_ms": budget(drill, predicted),
        "requests": len(rows),
        "failed": sum(1 for r in rows if r[3] != OK),
        "slow": sum(s["slow"] for s in stages.values()),
        "p99_ms": stages["during" if fault is not None else "before"]["p99_ms"],
        "sessions": seen.get("sessions", 0),
        "sessions_lost": len(seen.get("lost", [])),
        "lost": seen.get("lost", []),
        # The ledger of acknowledged rows and messages; drills of tiers that write fill it.
        "acknowledged": seen.get("acknowledged", 0),
        "acknowledged_lost": seen.get("acknowledged_lost", 0),
        "vip_holders_max": max([h["max"] for h in held.values()] or [0]),
        "vip_moves": sum(h["moves"] for h in held.values()),
        "vips": held,
        "windows": found,
        "phases": stages,
        "failures": failures,
        "fault_ms": fault,
        "heal_ms": heal,
        "length_ms": seen.get("length_ms", 0),
        "started": origin,
        "reconnects": seen.get("reconnects", 0),
        "observer_lag_ms": seen.get("lag_ms", 0),
        "all_back": seen.get("all_back", False),
    }
    result["missed"] = missed(result, drill)
    result["passed"] = not result["missed"]
    return result


def budget(drill, predicted):
    if drill.get("budget_ms") is not None:
        return round(float(drill["budget_ms"]))
    if drill.get("budget_factor") is not None and predicted is not None:
        return round(float(drill["budget_factor"]) * predicted)
    return None


def missed(result, drill):
    """A sentence for each expectation that did not hold."""
    expect = drill.get("expect", {})
    name, said = result["name"], []
    if result["requests"] == 0 or result["phases"]["before"]["requests"] == 0:
        said.append("%s: nothing was observed before the fault" % name)
    if result["phases"]["before"]["failed"] and result["fault_ms"] is not None:
        said.append("%s: %d requests failed before the fault" % (name, result["phases"]["before"]["failed"]))
    if result["fault"] != "none" and result["fault_ms"] is None:
        said.append("%s: the fault was not injected" % name)
    if result["budget_ms"] is None and drill.get("budget_factor") is not None:
        said.append("%s: no budget, since nothing was predicted (%s)" % (name, result["predicted_by"]))
    if result["budget_ms"] is not None and result["outage_ms"] > result["budget_ms"]:
        said.append("%s: outage %d ms, budget %d ms" % (name, result["outage_ms"], result["budget_ms"]))
    limits = [
        ("failed_max", "failed", "requests failed"),
        ("sessions_lost_max", "sessions_lost", "sessions lost"),
        ("vip_holders_max", "vip_holders_max", "holders of a virtual address at once"),
        ("vip_moves_max", "vip_moves", "moves of a virtual address"),
        ("acknowledged_lost_max", "acknowledged_lost", "acknowledged and lost"),
    ]
    for key, field, words in limits:
        if expect.get(key) is not None and result[field] > int(expect[key]):
            said.append("%s: %d %s, allowed %d" % (name, result[field], words, int(expect[key])))
    if "vip_holders_max" in expect:
        for address, held in sorted(result["vips"].items()):
            if held["last"] != 1:
                said.append("%s: %d holders of %s at the end" % (name, held["last"], address))
    if drill.get("wait_for_all") and not result["all_back"]:
        said.append("%s: not every instance answered again" % name)
    return said


def short(value, unit=""):
    return "-" if value is None else "%g%s" % (round(value), unit)


def table(results):
    """Lines for a terminal."""
    head = ["drill", "target", "outage", "predicted", "budget", "failed", "requests", "slow", "p99", "lost", "VIP", ""]
    lines = [head]
    for r in results:
        lines.append(
            [
                r["name"],
                r["target"],
                short(r["outage_ms"], " ms"),
                short(r["predicted_ms"], " ms"),
                short(r["budget_ms"], " ms"),
                str(r["failed"]),
                str(r["requests"]),
                str(r["slow"]),
                short(r["p99_ms"], " ms"),
                str(r["sessions_lost"]),
                str(r["vip_holders_max"]),
                "ok" if r["passed"] else "MISSED",
            ]
        )
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    numbers = set(range(2, 11))
    return [
        "  ".join(c.rjust(w) if n in numbers else c.ljust(w) for n, (c, w) in enumerate(zip(line, widths))).rstrip()
        for line in lines
    ]


def one_line(r):
    return "%s %s: outage %s (predicted %s, budget %s), %d of %d failed, %d sessions lost, %d VIP holder(s)" % (
        "ok    " if r["passed"] else "MISSED",
        r["name"],
        short(r["outage_ms"], " ms"),
        short(r["predicted_ms"], " ms"),
        short(r["budget_ms"], " ms"),
        r["failed"],
        r["requests"],
        r["sessions_lost"],
        r["vip_holders_max"],
    )

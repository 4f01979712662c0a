# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Efficiency with its interval, processor seconds and the verdict from single measurements; lines for a terminal."""

from __future__ import annotations

import statistics

from ansible_collections.failover.stack.plugins.module_utils._report.page import aligned

from forwarding.rounds import ratios
from forwarding.stats import interval, verdict

KINDS = ("single", "multi")


def spread(values):
    """Median and extremes, None of nothing."""
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "values": list(values)}


def _of(runs, mode, kind):
    return sorted((r for r in runs if r["mode"] == mode and r["kind"] == kind), key=lambda r: int(r["round"]))


def _median(runs, key):
    values = [r[key] for r in runs if r.get(key) is not None]
    return statistics.median(values) if values else None


def _of_host(runs, host):
    """What one machine computed in runs of one kind: processors it used, requests of a second of one, how often at its limit.

    Of the requests that several real servers answered in turn, one of them had its part.
    """
    runs = [r for r in runs if host in r["processors"]]
    used = [r["processors"][host] for r in runs]
    seconds, periods = sum(u["seconds"] for u in used), sum(u["periods"] for u in used)
    if not seconds:
        return None
    requests = sum(r["requests_per_s"] * r["taken_s"] / (len(r["real"]) if host in r["real"] else 1) for r in runs)
    return {"processors": seconds / sum(r["taken_s"] for r in runs), "requests_per_processor_s": requests / seconds,
            "at_limit": sum(u["throttled"] for u in used) / periods if periods else None}


def hosts(single, multi):
    """An entry for each machine, in the order in which a request meets them."""
    names = []
    for run in multi + single:
        names += [name for name in run["processors"] if name not in names]
    return [{"host": name, "single": _of_host(single, name), "multi": _of_host(multi, name)} for name in names]


def _elsewhere(run):
    """Processors that worked for something else on this machine, or were taken from it."""
    here = sum(used["seconds"] for used in run["processors"].values())
    return max(0.0, run["machine"]["busy"] + run["machine"]["stolen"] - here) / run["taken_s"]


def elsewhere(runs):
    return spread([_elsewhere(run) for run in runs])


def summarize(runs, modes, efficiency_min=None):
    """One entry a mode. Its efficiency is the mean of the rounds', its verdict is about the interval."""
    results = []
    for mode in modes:
        single, multi = _of(runs, mode, "single"), _of(runs, mode, "multi")
        nodes = max([len(r["real"]) for r in single + multi] + [1])
        entry = {"mode": mode, "nodes": nodes, "rounds": len({int(r["round"]) for r in single + multi})}
        for kind, part in zip(KINDS, (single, multi)):
            entry[kind] = spread([r["requests_per_s"] for r in part])
            entry[kind + "_p95_ms"] = _median(part, "p95_ms")
        values = ratios(runs, mode, nodes) if multi else []
        entry["efficiency"], entry["efficiency_rounds"] = interval(values), spread(values)
        least = (efficiency_min or {}).get(mode)
        entry["least"], entry["verdict"] = least, None if least is None else verdict(entry["efficiency"], least)
        entry["hosts"] = hosts(single, multi)
        entry["requests"] = sum(r["complete"] for r in single + multi)
        entry["failed"] = sum(r["failed"] + r["non_2xx"] for r in single + multi)
        results.append(entry)
    return results


def _sentence(r):
    """Why a budget is not kept, None when it is."""
    found, least = r["efficiency"], r["least"]
    if found is None:
        return "%s: nothing was measured, but an efficiency of %.3f is wanted." % (r["mode"], least)
    if found["low"] is None:
        return "%s: one round (%.3f) tells no interval, but an efficiency of %.3f is wanted: measure at least two." % (
            r["mode"], found["mean"], least)
    if r["verdict"] == "missed":
        return ("%s: efficiency %.3f, 95 %% interval %.3f to %.3f, wanted %.3f: %d nodes served %.1f requests/s, one of them %.1f "
                "(medians)." % (r["mode"], found["mean"], found["low"], found["high"], least, r["nodes"], r["multi"]["median"],
                                r["single"]["median"]))
    return ("%s: undecided: efficiency %.3f, but %.3f lies within the 95 %% interval of %d rounds, %.3f to %.3f: measure more of them, "
            "or on a machine that does nothing else." % (r["mode"], found["mean"], least, found["count"], found["low"], found["high"]))


def missed(results):
    """A sentence for each expectation that did not hold, or of which nobody knows."""
    found = ["%s: %d of %d requests failed." % (r["mode"], r["failed"], r["requests"]) for r in results if r["failed"]]
    return found + [_sentence(r) for r in results if r["verdict"] not in (None, "kept")]


def number(value, form="%.1f"):
    return "-" if value is None else form % value


def middle(part, form="%.1f"):
    return number(part and part["median"], form)


def span(part, form="%.0f"):
    return "-" if part is None else (form + " to " + form) % (part["min"], part["max"])


def limits(found, form="%.3f"):
    return "-" if found is None or found["low"] is None else (form + " to " + form) % (found["low"], found["high"])


def several(results):
    """How many nodes answer together."""
    return max([r["nodes"] for r in results] + [1])


def table(results):
    """Lines for a terminal."""
    nodes = several(results)
    lines = [["mode", "1 node", "min to max", "%d nodes" % nodes, "min to max", "efficiency", "95 % interval", "rounds", "budget", "",
              "p95 1", "p95 %d" % nodes, "failed"]]
    for r in results:
        lines.append([
            r["mode"], middle(r["single"]), span(r["single"]), middle(r["multi"]), span(r["multi"]),
            number(r["efficiency"] and r["efficiency"]["mean"], "%.3f"), limits(r["efficiency"]), str(r["rounds"]),
            number(r["least"], "%.2f"), r["verdict"] or "", number(r["single_p95_ms"], "%.0f ms"), number(r["multi_p95_ms"], "%.0f ms"),
            str(r["failed"]),
        ])
    return aligned(lines)


def part_of(host, kind, key, form):
    return number(host[kind] and host[kind][key], form)


def processors(results):
    """Lines for a terminal: what each machine computed."""
    lines = [["", "1 node: processors", "req per processor s", "at limit", "%d nodes: processors" % several(results),
              "req per processor s", "at limit"]]
    for r in results:
        for host in r["hosts"]:
            cells = ["%s %s" % (r["mode"], host["host"])]
            for kind in KINDS:
                cells += [part_of(host, kind, "processors", "%.3f"), part_of(host, kind, "requests_per_processor_s", "%.0f"),
                          number(host[kind] and host[kind]["at_limit"] and 100 * host[kind]["at_limit"], "%.0f %%")]
            lines.append(cells)
    return aligned(lines)

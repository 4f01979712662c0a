# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians, efficiency and the verdict from single measurements; lines for a terminal."""

from __future__ import annotations

import statistics


def spread(values):
    """Median and extremes, None of nothing."""
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "values": list(values)}


def ratio(multi, single, nodes):
    return multi / (nodes * single) if single else None


def _of(runs, mode, kind):
    return sorted((r for r in runs if r["mode"] == mode and r["kind"] == kind), key=lambda r: int(r["round"]))


def _by_round(single, multi, nodes):
    """Efficiency of each round that has both."""
    rates = {int(r["round"]): r["requests_per_s"] for r in single}
    pairs = [(r["requests_per_s"], rates[int(r["round"])]) for r in multi if int(r["round"]) in rates]
    return [value for value in (ratio(m, s, nodes) for m, s in pairs) if value is not None]


def _median(runs, key):
    values = [r[key] for r in runs if r.get(key) is not None]
    return statistics.median(values) if values else None


def summarize(runs, modes, nodes):
    """One entry a mode. Its efficiency is that of the medians; the spread is over the rounds."""
    results = []
    for mode in modes:
        single, multi = _of(runs, mode, "single"), _of(runs, mode, "multi")
        entry = {"mode": mode, "nodes": nodes}
        for kind, part in (("single", single), ("multi", multi)):
            entry[kind] = spread([r["requests_per_s"] for r in part])
            entry[kind + "_p95_ms"] = _median(part, "p95_ms")
        entry["efficiency"] = (
            ratio(entry["multi"]["median"], entry["single"]["median"], nodes) if single and multi else None)
        entry["efficiency_rounds"] = spread(_by_round(single, multi, nodes))
        entry["requests"] = sum(r["complete"] for r in single + multi)
        entry["failed"] = sum(r["failed"] + r["non_2xx"] for r in single + multi)
        results.append(entry)
    return results


def missed(results, efficiency_min):
    """A sentence for each expectation that did not hold."""
    found = []
    for r in results:
        if r["failed"]:
            found.append("%s: %d of %d requests failed." % (r["mode"], r["failed"], r["requests"]))
    for mode, least in sorted(efficiency_min.items()):
        r = next((r for r in results if r["mode"] == mode), None)
        if r is None or r["efficiency"] is None:
            found.append("%s: nothing was measured, but an efficiency of %.3f is wanted." % (mode, least))
        elif r["efficiency"] < least:
            found.append("%s: efficiency %.3f, wanted %.3f: %d nodes served %.1f requests/s, one of them %.1f (medians)." % (
                mode, r["efficiency"], least, r["nodes"], r["multi"]["median"], r["single"]["median"]))
    return found


def number(value, form="%.1f"):
    return "-" if value is None else form % value


def middle(part, form="%.1f"):
    return number(part and part["median"], form)


def span(part, form="%.0f"):
    return "-" if part is None else (form + " to " + form) % (part["min"], part["max"])


def table(results, efficiency_min):
    """Lines for a terminal."""
    nodes = results[0]["nodes"] if results else 0
    lines = [["mode", "1 node", "min to max", "%d nodes" % nodes, "min to max", "efficiency", "by round", "budget", "p95 1",
              "p95 %d" % nodes, "failed"]]
    for r in results:
        lines.append([
            r["mode"], middle(r["single"]), span(r["single"]), middle(r["multi"]), span(r["multi"]),
            number(r["efficiency"], "%.3f"), span(r["efficiency_rounds"], "%.3f"), number(efficiency_min.get(r["mode"]), "%.2f"),
            number(r["single_p95_ms"], "%.0f ms"), number(r["multi_p95_ms"], "%.0f ms"), str(r["failed"]),
        ])
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return ["  ".join(c.rjust(w) if n else c.ljust(w) for n, (c, w) in enumerate(zip(line, widths))).rstrip() for line in lines]

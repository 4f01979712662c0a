# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In what order a round measures, and whether another one is wanted."""

from __future__ import annotations

from forwarding.stats import interval


def unusable(modes, only):
    """Why these modes cannot be measured, None when they can."""
    names = [mode["name"] for mode in modes]
    unknown = sorted(set(only) - set(names))
    if unknown:
        return "no mode is called %s: choose from %s." % (", ".join(unknown), ", ".join(names))
    for mode in modes:
        if len(mode["single"]) != len(mode["real"]):
            return "%s: single has %d addresses and real has %d servers: give each server its own address." % (
                mode["name"], len(mode["single"]), len(mode["real"]))
    return None


def schedule(mode, number, concurrency):
    """One mode's measurements in one round: each real server alone, all of them in the middle.

    A machine that becomes steadily slower or faster then costs both kinds the same; every other round goes the other way. Each real
    server has the same number of requests to work on, whether it is alone or not.
    """
    single = [{"kind": "single", "url": url, "concurrency": concurrency, "real": [host]}
              for url, host in zip(mode["single"], mode["real"])]
    if number % 2 == 0:
        single.reverse()
    if not mode.get("multi"):
        return single
    together = {"kind": "multi", "url": mode["multi"], "concurrency": concurrency * len(single), "real": mode["real"]}
    return [*single[:len(single) // 2], together, *single[len(single) // 2:]]


def ratios(runs, mode, nodes):
    """Efficiency by round: what all served, divided by the sum of what each served alone. Rounds that lack one are left out."""
    rounds = {}
    for run in runs:
        if run["mode"] == mode:
            rounds.setdefault(int(run["round"]), []).append(run)
    found = []
    for _number, part in sorted(rounds.items()):
        single = [run["requests_per_s"] for run in part if run["kind"] == "single"]
        multi = [run["requests_per_s"] for run in part if run["kind"] == "multi"]
        if len(single) == nodes and len(multi) == 1 and all(single + multi):
            found.append(multi[0] / sum(single))
    return found


def wide(found, width):
    return found is None or found["low"] is None or found["high"] - found["low"] > width


def left(runs, modes, wanted, limits):
    """Names of the modes that another round measures.

    All, until there are `least` rounds. From then on those of `wanted` (name: number of nodes) whose interval is wider than `width`,
    as long as the round fits into `seconds` since the first one began and is not more than the `most`-th. Only how wide the interval is
    decides, not where it lies: who stops when the figure pleases has no 95 % left.
    """
    done = len({int(run["round"]) for run in runs})
    if done < limits["least"]:
        return list(modes)
    if done >= limits["most"]:
        return []
    names = [mode for mode in modes if mode in wanted and wide(interval(ratios(runs, mode, wanted[mode])), limits["width"])]
    last = max((int(run["round"]) for run in runs), default=0)
    cost = sum(run["ended"] - run["began"] for run in runs if run["mode"] in names and int(run["round"]) == last)
    spent = max(run["ended"] for run in runs) - min(run["began"] for run in runs)
    return names if spent + cost <= limits["seconds"] else []


def progress(runs, modes):
    """A line for somebody who waits; modes are names with their numbers of nodes."""
    lines = []
    for mode, nodes in modes.items():
        found = interval(ratios(runs, mode, nodes))
        if found and found["low"] is not None:
            lines.append("%s %.3f (%.3f to %.3f)" % (mode, found["mean"], found["low"], found["high"]))
        elif found:
            lines.append("%s %.3f" % (mode, found["mean"]))
    return ", ".join(lines)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m forwarding PLAN: measures round by round as PLAN (JSON, written by bench.yml) says, and makes the report.

PLAN has client (the machine that runs ab), prefix (what the containers' names have before the machines'), modes (name, single: an address
for each real server alone, multi: the address of all, real: their names, between: machines in the middle), only (names of the modes that
are measured), concurrency (requests under way for each real server), seconds and requests (after which ab ends), limits (least and most
rounds, seconds, width of the 95 % interval), efficiency_min by mode, directory, template and about (the head of the page).

Exit status 1: a budget was missed, is undecided, or nothing could be measured.
"""

from __future__ import annotations

import json
import pathlib
import sys
import time

from ansible_collections.failover.stack.plugins.module_utils._report.page import publish

from forwarding.machines import Machines, NotMeasured, measure
from forwarding.page import parts
from forwarding.report import elsewhere, missed, processors, summarize, table
from forwarding.rounds import left, progress, schedule, unusable


def load():
    return pathlib.Path("/proc/loadavg").read_text(encoding="ascii").split()[0]


def one_round(machines, plan, names, number):
    """A round of these modes."""
    return [dict(measure(machines, mode, part), round=number)
            for mode in plan["modes"] if mode["name"] in names for part in schedule(mode, number, plan["concurrency"])]


def rounds(machines, plan, say):
    """Runs of as many rounds as are wanted; a first one of a second warms up and does not count."""
    one_round(Machines(dict(plan, seconds=1)).find_all(plan["modes"]), plan, plan["only"], 0)
    nodes = {mode["name"]: len(mode["real"]) for mode in plan["modes"] if mode["name"] in plan["only"]}
    wanted = {name: count for name, count in nodes.items() if name in plan["efficiency_min"]}
    runs, names, number = [], list(nodes), 0
    while names:
        number += 1
        runs += one_round(machines, plan, names, number)
        say("round %d: %s" % (number, progress(runs, nodes)))
        names = left(runs, nodes, wanted, plan["limits"])
    return runs


def write(plan, runs, results, sentences):
    """The report, and latest-bench beside it pointing at it; the page's path."""
    others = elsewhere(runs)
    kept = {"about": plan["about"], "passed": not sentences, "missed": sentences, "results": results, "elsewhere": others, "runs": runs}
    made = parts(results, others, plan["about"])
    return pathlib.Path(publish(plan["directory"], "bench", (plan["template"], made, kept), "latest-bench"))


def main(path, say=print):
    plan = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    plan["only"] = plan["only"] or [mode["name"] for mode in plan["modes"]]
    why = unusable(plan["modes"], plan["only"])
    if why:
        raise NotMeasured(why)
    plan["about"]["at"] = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    plan["about"]["load"] = load()
    runs = rounds(Machines(plan).find_all(plan["modes"]), plan, say)
    plan["about"]["load_after"] = load()
    wanted = {name: float(least) for name, least in plan["efficiency_min"].items() if name in plan["only"]}
    results = summarize(runs, plan["only"], wanted)
    sentences = missed(results)
    where = write(plan, runs, results, sentences)
    for line in ["", *table(results), "", *processors(results), "", "Load average of this machine before: " + plan["about"]["load"],
                 "Page: %s" % where.resolve(), *(sentences or ["Every mode kept its budget."])]:
        say(line)
    return 1 if sentences else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except NotMeasured as reason:
        sys.exit("Not measured: %s" % reason)

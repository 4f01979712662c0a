"""table.py REPORT: what a soak's faults cost whoever writes, by kind and by whether they hit the writer: how often, the median and the
longest time without an acknowledgement."""

from __future__ import annotations

import json
import statistics
import sys

from ansible_collections.failover.stack.plugins.module_utils._report.page import aligned


def kind(fault):
    parts = ["%s (%s)" % (one["what"], "writer" if one["writer"] else "replica") for one in fault["faults"]]
    return parts[0] if len(parts) == 1 else "two at once"


def rows(report):
    found = {}
    for number, fault in enumerate(report["faults"]):
        found.setdefault(kind(fault), []).append(report["figures"]["periods"][str(number)]["unacknowledged_ms"])
    return [(name, len(times), statistics.median(times), max(times)) for name, times in sorted(found.items())]


def main(path):
    with open(path, encoding="utf-8") as handle:
        report = json.load(handle)
    ledger = report["figures"]["ledger"]
    shown = [(name, str(times), "%d" % median, "%d" % longest) for name, times, median, longest in rows(report)]
    print("\n".join(aligned([("fault", "times", "median ms", "longest"), *shown])))
    print("%d faults, the lease moved %d times; %d rows acknowledged, %s lost, %s twice; at most %s sides took writes at once" % (
        len(report["faults"]), sum(one["writer"] != one["next"] for one in report["faults"]), ledger["acknowledged"], ledger["lost"],
        ledger["duplicates"], ledger["writable_max"]))


if __name__ == "__main__":
    main(*sys.argv[1:])

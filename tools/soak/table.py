"""table.py REPORT: what a soak's faults cost its clients, by kind: how often, and of each client the median and the longest time, in
milliseconds, in which requests failed or nothing was acknowledged. Ends with 1 when something was lost, or two took writes or held an
address, and says so in its standard error."""

from __future__ import annotations

import json
import statistics
import sys

from ansible_collections.failover.stack.plugins.module_utils._report.page import aligned

FEWEST = 100
# Messages are delivered at least once.
AT_LEAST_ONCE = ("messages",)
# A frozen machine's kernel still answers for the writer address; nothing that is sent there is acknowledged.
FREEZES = ("rows",)


def kind(fault):
    """Of the databases' by whether they hit the writer."""
    parts = ["%s: %s%s" % (one["tier"], one["what"], "" if one["tier"] != "database" else " (writer)" if one["writer"] else " (replica)")
             for one in fault["faults"]]
    return parts[0] if len(parts) == 1 else "two at once"


def cost(figures, number):
    """Of one client and one fault: writes' longest time without an acknowledgement, requests' longest outage."""
    period = figures["periods"][str(number)]
    return period["unacknowledged_ms"] if figures.get("ledger") else period["outage_ms"]


def rows(report):
    """[(kind, times, {client: (median, longest)})]"""
    found = {}
    for number, fault in enumerate(report["faults"]):
        mine = found.setdefault(kind(fault), {name: [] for name in report["clients"]})
        for name, figures in report["clients"].items():
            mine[name].append(cost(figures, number))
    return [(name, max(map(len, costs.values())), {client: (statistics.median(times), max(times)) for client, times in costs.items()})
            for name, costs in sorted(found.items())]


def sums(report):
    """A sentence for each client."""
    for name, figures in report["clients"].items():
        ledger = figures.get("ledger")
        if ledger:
            yield "%s: %d acknowledged, %s lost, %s twice; at most %s sides took writes at once" % (
                name, ledger["acknowledged"], ledger["lost"], ledger["duplicates"], ledger["writable_max"])
        else:
            yield "%s: %d requests, %d failed; %d sessions, %d lost; at most %d holders of an address" % (
                name, figures["requests"], figures["failed"], figures["sessions"], figures["sessions_lost"],
                max([one["holders_max"] for one in figures["vips"].values()] or [0]))


def objections(report):
    """What must not have happened, a sentence each."""
    for name, figures in report["clients"].items():
        ledger = figures.get("ledger")
        if ledger:
            if not ledger["checked"] or ledger["acknowledged"] <= FEWEST:
                yield "%s: nobody could look for what was acknowledged (%d), ask why in its ledger's file." % (name, ledger["acknowledged"])
            if ledger["lost"]:
                yield "%s: %d of %d acknowledged are lost." % (name, ledger["lost"], ledger["acknowledged"])
            if ledger["duplicates"] and name not in AT_LEAST_ONCE:
                yield "%s: %d are there twice." % (name, ledger["duplicates"])
            for server, part in ledger["servers"].items():
                if part.get("missing") or part.get("strange"):
                    yield "%s: %s lacks %s, and has %s that others lack." % (name, server, part.get("missing"), part.get("strange"))
            if ledger["writable_max"] > 1 and name not in FREEZES:
                yield "%s: %d sides took writes at once." % (name, ledger["writable_max"])
        else:
            if figures["sessions_lost"]:
                yield "%s: %d of %d sessions are lost." % (name, figures["sessions_lost"], figures["sessions"])
            for address, seen in figures["vips"].items():
                if seen["holders_max"] > 1:
                    yield "%s: %s had %d holders." % (name, address, seen["holders_max"])


def main(path):
    with open(path, encoding="utf-8") as handle:
        report = json.load(handle)
    clients = list(report["clients"])
    shown = [(name, str(times), *("%d / %d" % costs[client] for client in clients)) for name, times, costs in rows(report)]
    print("\n".join(aligned([("fault", "times", *(client + " ms" for client in clients)), *shown])))
    print("%d faults; the databases' lease moved %d times" % (
        len(report["faults"]), sum(one["writer"] != one["next"] for one in report["faults"])))
    print("\n".join(sums(report)))
    wrong = list(objections(report))
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

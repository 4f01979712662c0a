# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of drills as lines for a terminal, as one JSON file and as a page."""

from __future__ import annotations

import json
import os

from ansible_collections.failover.stack.plugins.module_utils._report import page
from ansible_collections.failover.stack.plugins.module_utils._report.page import aligned, script_data
from ansible_collections.failover.stack.plugins.module_utils._status import judge, picture


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
    lines_of_ledgers = ledgers([r for r in results if r.get("servers") is not None])
    notes = ["%s: %s" % (r["name"], "; ".join(further(r))) for r in results if further(r)]
    lines = aligned(lines, left=(0, 1, len(head) - 1))
    for more in (lines_of_ledgers, notes):
        lines += ["", *more] if more else []
    return lines


def ledgers(results):
    """A second table: what became of what was written."""
    if not results:
        return []
    lines = [["ledger", "acknowledged", "lost", "missing", "unknown", "of them there", "failed", "twice", "stall", "writable", "caught up"]]
    for r in results:
        missing = [s["missing"] for s in r["servers"].values()]
        lines.append(
            [
                r["name"],
                str(r["acknowledged"]),
                str(r["acknowledged_lost"]) if r["ledger_checked"] else "?",
                "?" if None in missing else str(max(missing or [0])),
                str(r["unknown"]),
                str(r["unknown_committed"]),
                str(r["writes_failed"]),
                str(r["duplicates"]),
                short(r["write_stall_ms"], " ms"),
                str(r["writable_max"]),
                ", ".join("%s %s" % (n, short(s["caught_up_ms"], " ms")) for n, s in sorted(r["servers"].items())),
            ]
        )
    return aligned(lines, left=(0, len(lines[0]) - 1))


def one_line(r):
    return "%s %s: outage %s (predicted %s, budget %s), %d of %d failed, %d sessions lost, %d VIP holder(s)%s%s" % (
        "ok    " if r["passed"] else "MISSED",
        r["name"],
        short(r["outage_ms"], " ms"),
        short(r["predicted_ms"], " ms"),
        short(r["budget_ms"], " ms"),
        r["failed"],
        r["requests"],
        r["sessions_lost"],
        r["vip_holders_max"],
        "; %d acknowledged, %d of them lost, %d unknown" % (r["acknowledged"], r["acknowledged_lost"], r["unknown"])
        if r.get("servers") is not None
        else "",
        "".join("; " + more for more in further(r)),
    )


def further(r):
    """What only some drills measure, in words."""
    said = []
    if r.get("then_took_ms") is not None:
        said.append("the playbook took %d ms, outage from its beginning %d ms" % (r["then_took_ms"], r["then_outage_ms"]))
    if r.get("distribution"):
        total = float(sum(p["count"] for p in r["distribution"].values()) or 1)
        said.append(
            "new connections "
            + ", ".join(
                "%s %.1f %% (share %.1f %%)" % (host, 100 * part["count"] / total, 100 * part["expected"] / total)
                for host, part in sorted(r["distribution"].items())
            )
        )
    if r.get("downloads"):
        said.append(
            "%d of %d downloads broken, stalled for %d ms at most"
            % (r["downloads_broken"], r["downloads"], r["download_stall_ms"])
        )
    if r.get("connections"):
        said.append("%d quiet connections broken" % r["connections_broken"])
    if r.get("sorry"):
        said.append("%d answers of the sorry server in %d ms" % (r["sorry"], r["sorry_ms"]))
    if r.get("return_outage_ms"):
        said.append("outage of the return %d ms" % r["return_outage_ms"])
    return said


def load(directory, order):
    drills = []
    for name in order:
        path = os.path.join(directory, "seen", name + ".json")
        if os.path.exists(path):
            with open(path) as handle:
                drills.append(json.load(handle))
    return drills


def drawn(results, groups):
    """The stack by its groups: green who was broken and every promise kept, red where one was not. Nothing without a tier."""
    states = {}
    for result in results:
        for host in result["target"].split(", "):
            states[host] = picture.worse(states.get(host, ""), judge.OK if result["passed"] else judge.CRITICAL)
    panels = picture.of_groups(groups, states)
    return picture.picture(panels, "Which hosts were broken") if panels else ""


def publish(directory, order, template, about, groups=None):
    """Writes drill.json and index.html of the drills that were kept and points `latest` at them; (results, missed, page).

    groups: {group: [hosts]} of the inventory, for the picture.
    """
    drills = load(directory, order)
    results = [d["result"] for d in drills]
    absent = sorted(set(order) - set(r["name"] for r in results))
    missed = [m for r in results for m in r["missed"]] + ["%s: left no result" % name for name in absent]
    figures = {"about": about, "passed": not missed, "missed": missed, "drills": results}
    data = script_data({"about": about, "missed": missed, "drills": drills})
    parts = {"DATA": data, "PICTURE": drawn(results, groups or {})}
    return results, missed, page.publish(directory, "drill", (template, parts, figures), "latest")

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of drills as lines for a terminal."""

from __future__ import annotations


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
    notes = ["%s: %s" % (r["name"], "; ".join(further(r))) for r in results if further(r)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    numbers = set(range(2, 11))
    lines = [
        "  ".join(c.rjust(w) if n in numbers else c.ljust(w) for n, (c, w) in enumerate(zip(line, widths))).rstrip()
        for line in lines
    ]
    return [*lines, "", *notes] if notes else lines


def one_line(r):
    return "%s %s: outage %s (predicted %s, budget %s), %d of %d failed, %d sessions lost, %d VIP holder(s)%s" % (
        "ok    " if r["passed"] else "MISSED",
        r["name"],
        short(r["outage_ms"], " ms"),
        short(r["predicted_ms"], " ms"),
        short(r["budget_ms"], " ms"),
        r["failed"],
        r["requests"],
        r["sessions_lost"],
        r["vip_holders_max"],
        "".join("; " + more for more in further(r)),
    )


def further(r):
    """What only some drills measure, in words."""
    said = []
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

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's page: parts of HTML and two plots, without a script."""

from __future__ import annotations

import html
import math

from forwarding.report import (
    KINDS,
    limits,
    middle,
    missed,
    number,
    part_of,
    several,
    span,
)

# Drawing area in units of the SVG: rates to the left, efficiency to the right.
WIDTH, TOP, HEIGHT, LEFT, GAP = 1136, 22, 300, 62, 74
EFFICIENCY = 400
# What a hand-written guide to such stacks measured with ab: one node, two nodes.
GUIDE = {"single": 1356.78, "multi": 2593.90, "efficiency": 0.956}


def escape(value):
    return html.escape(str(value), quote=True)


def tag(name, inner="", **attributes):
    given = "".join(' %s="%s"' % (key.rstrip("_").replace("_", "-"), escape(value)) for key, value in attributes.items())
    return "<%s%s>%s</%s>" % (name, given, inner, name)


def ceiling(value):
    """A round number not below value, with the step of its grid."""
    if value <= 0:
        return 1.0, 1.0
    step = 10.0 ** math.floor(math.log10(value))
    step = next(s for s in (step / 5, step / 2, step, step * 2) if value / s <= 6)
    return step * math.ceil(value / step), step


def steps(top, step):
    return [step * n for n in range(round(top / step) + 1)]


def label(text, x, y, **more):
    return tag("text", escape(text), x="%.1f" % x, y="%.1f" % y, **more)


def whisker(part, x, y):
    """Least to most, on a bar's head."""
    low, high = y(part["min"]), y(part["max"])
    ends = "".join("M%.1f %.1fh10" % (x - 5, at) for at in (low, high))
    return tag("path", d="M%.1f %.1fV%.1f%s" % (x, low, high, ends), class_="whisker")


def axes(left, right, y, top, step, form):
    lines = []
    for value in steps(top, step):
        lines.append(tag("path", d="M%.1f %.1fH%.1f" % (left, y(value), right), class_="grid"))
        lines.append(label(form % value, left - 8, y(value) + 4, text_anchor="end"))
    return lines


def rates(results, left, right):
    """Bars of one node and of all, by mode."""
    most = max([r[kind]["max"] for r in results for kind in ("single", "multi") if r[kind]] + [0])
    top, step = ceiling(most * 1.06)

    def y(value):
        return TOP + HEIGHT * (1 - value / top)

    shapes = [*axes(left, right, y, top, step, "%g"), label("requests/s", left, TOP - 9, class_="mark")]
    slot = (right - left) / max(len(results), 1)
    wide = min(46, slot / 3.2)
    for n, r in enumerate(results):
        center = left + slot * (n + 0.5)
        there = [kind for kind in ("single", "multi") if r[kind]]
        for k, kind in enumerate(there):
            x = center + (k - len(there) / 2.0) * (wide + 4) + 2
            value = r[kind]["median"]
            title = tag("title", "%s, %s: %s requests/s (%s)" % (escape(r["mode"]), kind, middle(r[kind]), span(r[kind])))
            shapes.append(tag("rect", title, x="%.1f" % x, y="%.1f" % y(value), width="%.1f" % wide,
                              height="%.1f" % (TOP + HEIGHT - y(value)), rx=3, class_=kind))
            shapes.append(whisker(r[kind], x + wide / 2, y))
            shapes.append(label("%.0f" % value, x + wide / 2, TOP + HEIGHT - 8, text_anchor="middle", class_="inside"))
        shapes.append(label(r["mode"], center, TOP + HEIGHT + 20, text_anchor="middle", class_="mark"))
    return shapes


def measured(results):
    return [r for r in results if r["efficiency"]]


def reach(results):
    """From where to where the axis of efficiency goes: all rounds, budgets, 1 and the hand-written guide's are on it."""
    values = [GUIDE["efficiency"], 1.0] + [r["least"] for r in results if r["least"] is not None]
    for r in results:
        values += r["efficiency_rounds"]["values"] + [v for v in (r["efficiency"]["low"], r["efficiency"]["high"]) if v is not None]
    return math.floor((min(values) - 0.005) * 20) / 20, math.ceil((max(values) + 0.005) * 20) / 20


def point(r, x, y):
    """A mode's mean with its interval; its rounds beside it."""
    found, shapes = r["efficiency"], []
    for value in r["efficiency_rounds"]["values"]:
        shapes.append(tag("circle", cx="%.1f" % (x - 14), cy="%.1f" % y(value), r=2.5, class_="round"))
    if found["low"] is not None:
        shapes.append(whisker({"min": found["low"], "max": found["high"]}, x, y))
    words = "%s: %.3f, 95 %% interval %s" % (escape(r["mode"]), found["mean"], limits(found))
    shapes.append(tag("circle", tag("title", words), cx="%.1f" % x, cy="%.1f" % y(found["mean"]), r=5,
                      class_="dot " + (r["verdict"] or "free")))
    return [*shapes, label("%.3f" % found["mean"], x + 11, y(found["mean"]) + 4, class_="mark")]


def efficiency(results, left, right):
    """Means with their intervals, beside the ideal, the budget and the hand-written guide's."""
    results = measured(results)
    low, high = reach(results)

    def y(value):
        return TOP + HEIGHT * (1 - (value - low) / (high - low))

    step = 0.05 if high - low <= 0.5 else 0.2
    grid = [low + step * n for n in range(round((high - low) / step) + 1)]
    shapes = [tag("path", d="M%.1f %.1fH%.1f" % (left, y(v), right), class_="ideal" if abs(v - 1) < 1e-6 else "grid") for v in grid]
    shapes += [label("%.2f" % v, left - 8, y(v) + 4, text_anchor="end") for v in grid]
    shapes += [label("efficiency", left, TOP - 9, class_="mark"),
               tag("path", d="M%.1f %.1fH%.1f" % (left, y(GUIDE["efficiency"]), right), class_="guide")]
    slot = (right - left) / max(len(results), 1)
    for n, r in enumerate(results):
        x = left + slot * (n + 0.5)
        if r["least"] is not None:
            shapes.append(tag("path", d="M%.1f %.1fh%.1f" % (x - slot * 0.4, y(r["least"]), slot * 0.8), class_="budget"))
        shapes += point(r, x, y)
        shapes.append(label(r["mode"], x, TOP + HEIGHT + 20, text_anchor="middle", class_="mark"))
    return shapes


def plot(results):
    split = WIDTH - EFFICIENCY
    shapes = rates(results, LEFT, split - GAP / 2.0) + efficiency(results, split + GAP / 2.0, WIDTH - 12)
    return tag("svg", "".join(shapes), viewBox="0 0 %d %d" % (WIDTH, TOP + HEIGHT + 30), role="img",
               aria_label="Requests a second with one node and with all, and efficiency, by mode")


def row(cells, classes=None):
    classes = classes or {}
    return tag("tr", "".join(tag("td", text, **({"class_": classes[n]} if classes.get(n) else {})) for n, text in enumerate(cells)))


def with_span(part):
    """A median with least and most behind it."""
    return middle(part) + (" " + tag("small", span(part)) if part else "")


def rows(results):
    lines = []
    for r in results:
        times = " / ".join(number(r[kind + "_p95_ms"], "%.0f") for kind in KINDS if r[kind])
        cells = [escape(r["mode"]), with_span(r["single"]), with_span(r["multi"]),
                 number(r["efficiency"] and r["efficiency"]["mean"], "%.3f"), limits(r["efficiency"]), str(r["rounds"]),
                 number(r["least"], "%.2f"), escape(r["verdict"] or ""), times, str(r["requests"]), str(r["failed"])]
        lines.append(row(cells, {3: r["verdict"], 7: r["verdict"], 10: "missed" if r["failed"] else None}))
    return "\n".join(lines)


def percent(host, kind):
    share = host[kind] and host[kind]["at_limit"]
    return number(None if share is None else 100 * share, "%.0f %%")


def host_rows(results):
    """What each machine computed, alone and together."""
    lines = []
    for r in results:
        for n, host in enumerate(r["hosts"]):
            cells = [escape(r["mode"] if n == 0 else ""), escape(host["host"])]
            for kind in KINDS:
                cells += [part_of(host, kind, "processors", "%.3f"), part_of(host, kind, "requests_per_processor_s", "%.0f"),
                          percent(host, kind)]
            lines.append(row(cells))
    return "\n".join(lines)


def facts(results):
    boxes = []
    for r in measured(results):
        boxes.append(tag("div", tag("b", "%.3f" % r["efficiency"]["mean"], class_=r["verdict"] or "free")
                         + tag("span", "%s, %s" % (escape(r["mode"]), limits(r["efficiency"]))), class_="fact"))
    return "".join(boxes)


def overall(results):
    """The worst of the verdicts, and a sentence for each expectation that did not hold."""
    verdicts = {r["verdict"] for r in results} | ({"missed"} if any(r["failed"] for r in results) else set())
    worst = next(v for v in ("missed", "undecided", "kept") if v in verdicts or v == "kept")
    said = {"missed": "a budget was missed", "undecided": "undecided", "kept": "every budget kept"}[worst]
    sentences = "".join(tag("div", escape(s)) for s in missed(results))
    return tag("span", said, class_="tag " + worst), tag("div", sentences, class_="sentences " + worst) if sentences else ""


def shares(cpus):
    """What each real server may use, told once for those who may use the same."""
    same = {}
    for host, share in cpus.items():
        same.setdefault(str(share), []).append(host)
    return "; ".join("%s for %s" % (share, ", ".join(sorted(hosts))) for share, hosts in sorted(same.items()))


def parts(results, others, about):
    """What the template's @@NAMES@@ stand for."""
    verdict, sentences = overall(results)
    found = {
        "VERDICT": verdict,
        "MISSED": sentences,
        "FACTS": facts(results),
        "PLOT": plot(results),
        "ROWS": rows(results),
        "HOSTS": host_rows(results),
        "NODES": escape(several(results)),
        "CPUS": escape(shares(about.get("cpus", {}))),
        "ELSEWHERE": "%s (%s)" % (middle(others, "%.2f"), span(others, "%.2f")),
        "GUIDE_SINGLE": "%.2f" % GUIDE["single"],
        "GUIDE_MULTI": "%.2f" % GUIDE["multi"],
        "GUIDE_EFFICIENCY": "%.3f" % GUIDE["efficiency"],
    }
    for name in ("at", "director", "machine", "load", "load_after", "concurrency", "seconds", "period_ms"):
        found[name.upper()] = escape(about.get(name, "-"))
    return found

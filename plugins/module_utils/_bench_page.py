# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's page: parts of HTML and two plots, without a script."""

from __future__ import annotations

import html
import math

from ansible_collections.failover.stack.plugins.module_utils._bench_report import middle, number, span

# Drawing area in units of the SVG: rates to the left, efficiency to the right.
WIDTH, TOP, HEIGHT, LEFT, GAP = 1136, 22, 300, 62, 74
EFFICIENCY = 400
# The old guide's pair of measurements with ab: one node, two nodes.
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


def efficiency(results, efficiency_min, left, right):
    """Points with the spread over the rounds, beside the ideal, the budget and the old guide's."""
    results = [r for r in results if r["efficiency"] is not None]
    parts = [r["efficiency_rounds"] for r in results if r["efficiency_rounds"]]
    low = min([p["min"] for p in parts] + list(efficiency_min.values()) + [GUIDE["efficiency"]])
    high = max([p["max"] for p in parts] + [1.0])
    low, high = math.floor((low - 0.01) * 20) / 20, math.ceil((high + 0.01) * 20) / 20

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
        least = efficiency_min.get(r["mode"])
        if least is not None:
            shapes.append(tag("path", d="M%.1f %.1fh%.1f" % (x - slot * 0.4, y(least), slot * 0.8), class_="budget"))
        if r["efficiency_rounds"]:
            shapes.append(whisker(r["efficiency_rounds"], x, y))
        good = least is None or r["efficiency"] >= least
        shapes.append(tag("circle", tag("title", "%s: %.3f" % (escape(r["mode"]), r["efficiency"])), cx="%.1f" % x,
                          cy="%.1f" % y(r["efficiency"]), r=6, class_="dot" if good else "dot bad"))
        shapes.append(label("%.3f" % r["efficiency"], x + 10, y(r["efficiency"]) + 4, class_="mark"))
        shapes.append(label(r["mode"], x, TOP + HEIGHT + 20, text_anchor="middle", class_="mark"))
    return shapes


def plot(results, efficiency_min):
    split = WIDTH - EFFICIENCY
    shapes = rates(results, LEFT, split - GAP / 2.0) + efficiency(results, efficiency_min, split + GAP / 2.0, WIDTH - 12)
    return tag("svg", "".join(shapes), viewBox="0 0 %d %d" % (WIDTH, TOP + HEIGHT + 30), role="img",
               aria_label="Requests a second with one node and with all, and efficiency, by mode")


def rows(results, efficiency_min):
    lines = []
    for r in results:
        least = efficiency_min.get(r["mode"])
        bad = least is not None and (r["efficiency"] is None or r["efficiency"] < least)
        cells = [tag("td", escape(r["mode"]))]
        cells += [tag("td", escape(text)) for text in (middle(r["single"]), span(r["single"]), middle(r["multi"]), span(r["multi"]))]
        cells.append(tag("td", number(r["efficiency"], "%.3f"), **({"class_": "bad"} if bad else {})))
        cells += [tag("td", text) for text in (
            span(r["efficiency_rounds"], "%.3f"), number(least, "%.2f"), number(r["single_p95_ms"], "%.0f ms"),
            number(r["multi_p95_ms"], "%.0f ms"), str(r["requests"]))]
        cells.append(tag("td", str(r["failed"]), **({"class_": "bad"} if r["failed"] else {})))
        lines.append(tag("tr", "".join(cells)))
    return "\n".join(lines)


def facts(results, efficiency_min):
    boxes = []
    for r in results:
        if r["efficiency"] is not None:
            bad = r["mode"] in efficiency_min and r["efficiency"] < efficiency_min[r["mode"]]
            boxes.append(tag("div", tag("b", "%.3f" % r["efficiency"], **({"class_": "bad-ink"} if bad else {}))
                             + tag("span", "efficiency of " + escape(r["mode"])), class_="fact"))
    return "".join(boxes)


def shares(cpus):
    """What each real server may use, told once for those who may use the same."""
    same = {}
    for host, share in cpus.items():
        same.setdefault(str(share), []).append(host)
    return "; ".join("%s for %s" % (share, ", ".join(sorted(hosts))) for share, hosts in sorted(same.items()))


def page(template, results, efficiency_min, sentences, about):
    """The template with its @@NAMES@@ filled in."""
    parts = {
        "VERDICT": tag("span", "a budget was missed" if sentences else "every budget kept", class_="tag bad" if sentences else "tag"),
        "MISSED": tag("div", "".join(tag("div", escape(s)) for s in sentences), class_="missed") if sentences else "",
        "FACTS": facts(results, efficiency_min),
        "PLOT": plot(results, efficiency_min),
        "ROWS": rows(results, efficiency_min),
        "NODES": escape(results[0]["nodes"] if results else 0),
        "CPUS": escape(shares(about.get("cpus", {}))),
        "GUIDE_SINGLE": "%.2f" % GUIDE["single"],
        "GUIDE_MULTI": "%.2f" % GUIDE["multi"],
        "GUIDE_EFFICIENCY": "%.3f" % GUIDE["efficiency"],
    }
    for name in ("at", "director", "machine", "load", "concurrency", "seconds", "rounds"):
        parts[name.upper()] = escape(about.get(name, "-"))
    for name, text in parts.items():
        template = template.replace("@@%s@@" % name, text)
    return template

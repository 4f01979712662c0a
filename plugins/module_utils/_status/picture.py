# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack of an inventory as a drawing (SVG): a panel for each tier, a box for each host, a line for who calls whom. Pure.

panels: [{key, title, state, hosts: [{name, state, marks}]}], see panels_of(). A state is one of judge's, or empty where nothing is known.
"""

from __future__ import annotations

import html

from ansible_collections.failover.stack.plugins.module_utils._status import judge

# From top to bottom as a request goes; beside each other who are asked alike. web is httpd and Tomcat, which share their hosts.
ROWS = (("ipvs", "haproxy"), ("httpd", "tomcat", "web"), ("mysql", "galera", "rabbitmq"),
        ("etcd", "mha", "mmm", "content", "nfs", "scouter"))
# Whose hosts a panel has, where only the groups are known. Who only pulls content has a box elsewhere.
GROUPS = {"ipvs": ("ipvs_director",), "haproxy": ("haproxy",), "httpd": ("apache",), "tomcat": ("tomcat",), "mysql": ("mysql_replication",),
          "galera": ("galera", "galera_arbitrator"), "rabbitmq": ("rabbitmq",), "etcd": ("etcd",), "mha": ("mha_manager",),
          "mmm": ("mmm_monitor",), "content": ("content",), "nfs": ("nfs_content", "nfs_content_client"), "scouter": ("scouter",)}
CALLS = (("visitor", "ipvs"), ("visitor", "haproxy"), ("ipvs", "web"), ("haproxy", "web"), ("ipvs", "httpd"), ("haproxy", "httpd"),
         ("haproxy", "tomcat"), ("httpd", "tomcat"), ("web", "mysql"), ("web", "galera"), ("web", "rabbitmq"), ("tomcat", "mysql"),
         ("tomcat", "galera"), ("tomcat", "rabbitmq"), ("mysql", "etcd"), ("mha", "mysql"), ("mmm", "mysql"))
# Without anything between them and their clients.
ENTRIES = (("visitor", "web"), ("visitor", "httpd"), ("visitor", "galera"), ("visitor", "rabbitmq"), ("visitor", "mysql"))
BOX_W, BOX_H, GAP, PAD, HEAD, LINE_H, ROW_GAP, PANEL_GAP, MARGIN = 158, 32, 10, 14, 30, 15, 46, 24, 16
# What does not fit beside each other stands in a row of its own.
MOST_WIDTH, MOST_MARKS, MOST_LETTERS = 1130, 4, 26
# What these lines tell of a host stands in the box that it has anyway.
SERVES = "serves "
LAID_OVER = ("vip", "application", "content")
STYLE = """
.ground { fill: var(--card, #fff); }
.panel { fill: var(--card, #fff); stroke: var(--line, #d5dae1); }
.box { fill: var(--page, #f6f7f9); stroke: var(--line, #d5dae1); stroke-width: 1.2; }
.ok > .box { stroke: var(--good, #14804a); } .warning > .box { stroke: var(--open, #96650a); }
.critical > .box { stroke: var(--bad, #c8232c); fill: var(--bad-bg, #fdeaea); stroke-width: 2; }
.critical > .panel { stroke: var(--bad, #c8232c); } .warning > .panel { stroke: var(--open, #96650a); }
.dot { fill: var(--soft, #5b6775); } .ok > .dot { fill: var(--good, #14804a); } .warning > .dot { fill: var(--open, #96650a); }
.critical > .dot { fill: var(--bad, #c8232c); }
.call { fill: none; stroke: var(--soft, #5b6775); stroke-width: 1.4; opacity: .55; }
.stack text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--soft, #5b6775); }
.stack text.title { font-weight: 600; font-size: 13px; fill: var(--ink, #16202b); }
.stack text.host { font-weight: 600; fill: var(--ink, #16202b); }
"""


# --- What is drawn ----------------------------------------------------------------------


def panels_of(lines):
    """Panels of judged lines. httpd and Tomcat on the very same hosts are one panel; what a line has marked on a host stands in its box."""
    drawn = [key for row in ROWS for key in row]
    found = []
    for one in lines:
        key = {"ipvs_static": "ipvs"}.get(one["tier"], one["tier"])
        if key in drawn:
            found.append({"key": key, "title": judge.name(one), "state": one["state"], "hosts": [
                {"name": host, "state": of_host(host, one), "marks": list(one["marks"].get(host, []))} for host in one["hosts"]]})
    return laid_over(merged(found), [one for one in lines if one["tier"] in LAID_OVER])


def laid_over(panels, lines):
    """Addresses first, then the tier's own, then versions and content. Who only pulls content has a box elsewhere, where there is one."""
    boxes = {}
    for panel in panels:
        for host in panel["hosts"] if panel["key"] != "content" else []:
            boxes.setdefault(host["name"], host)
    for one in lines:
        for host in [boxes[name] for name in one["hosts"] if name in boxes]:
            marks = [mark for mark in one["marks"].get(host["name"], []) if not mark.startswith(SERVES)]
            host["marks"] = marks + host["marks"] if one["tier"] == "vip" else host["marks"] + marks
            host["state"] = worse(host["state"], of_host(host["name"], one))
    for panel in panels:
        if panel["key"] == "content":
            panel["hosts"] = [host for host in panel["hosts"] if host["name"] not in boxes or not only_pulls(host)]
    return [panel for panel in panels if panel["hosts"]]


def only_pulls(host):
    return not any(mark.startswith(SERVES) for mark in host["marks"])


def of_host(host, one):
    """What a line says of a host: its problems and warnings begin with its name."""
    for state, sentences in ((judge.CRITICAL, one["problems"]), (judge.WARNING, one["warnings"])):
        if any(sentence.startswith((host + ":", host + " ")) for sentence in sentences):
            return state
    return judge.OK


def worse(one, other):
    order = ("", judge.OK, judge.WARNING, judge.CRITICAL)
    return max(one, other, key=order.index)


def merged(panels):
    """httpd and Tomcat as one panel, where they have the same hosts."""
    by_key = {panel["key"]: panel for panel in panels}
    httpd, tomcat = by_key.get("httpd"), by_key.get("tomcat")
    if not (httpd and tomcat) or [one["name"] for one in httpd["hosts"]] != [one["name"] for one in tomcat["hosts"]]:
        return panels
    both = {"key": "web", "title": "httpd + Tomcat", "state": worse(httpd["state"], tomcat["state"]), "hosts": [
        {"name": one["name"], "state": worse(one["state"], other["state"]), "marks": one["marks"] + other["marks"]}
        for one, other in zip(httpd["hosts"], tomcat["hosts"])]}
    return [both if panel["key"] == "httpd" else panel for panel in panels if panel["key"] != "tomcat"]


def of_groups(groups, states=None):
    """Panels of an inventory by its groups alone. states: {host: state} as far as something is known of them."""
    found = [(tier, list(dict.fromkeys(host for group in GROUPS[tier] for host in groups.get(group) or []))) for tier in GROUPS]
    return merged([{"key": tier, "title": judge.TITLES[tier], "state": "", "hosts": [
        {"name": host, "state": (states or {}).get(host, ""), "marks": []} for host in hosts]} for tier, hosts in found if hosts])


# --- The drawing ------------------------------------------------------------------------


def height_of(panel):
    most = max((min(len(one["marks"]), MOST_MARKS) for one in panel["hosts"]), default=0)
    return HEAD + BOX_H + LINE_H * most + PAD


def width_of(panel):
    return 2 * PAD + len(panel["hosts"]) * BOX_W + (len(panel["hosts"]) - 1) * GAP


def parted(row):
    """A row in as many as its width needs."""
    found = [[]]
    for panel in row:
        if found[-1] and sum(map(width_of, [*found[-1], panel])) + PANEL_GAP * len(found[-1]) > MOST_WIDTH:
            found.append([])
        found[-1].append(panel)
    return [one for one in found if one]


def placed(panels):
    """({key: [(panel, x, y, width, height)]}, width, height): rows centred, one below the other."""
    rows = [part for row in ROWS for part in parted([panel for key in row for panel in panels if panel["key"] == key])]
    widths = [sum(map(width_of, row)) + PANEL_GAP * (len(row) - 1) for row in rows]
    width, y, found = max([*widths, 300]) + 2 * MARGIN, MARGIN + 36 + ROW_GAP, {}
    for row, own in zip(rows, widths):
        x, tallest = (width - own) / 2, max(map(height_of, row))
        for panel in row:
            found.setdefault(panel["key"], []).append((panel, x, y, width_of(panel), tallest))
            x += width_of(panel) + PANEL_GAP
        y += tallest + ROW_GAP
    return found, width, y - ROW_GAP + MARGIN


def element(name, content="", **attributes):
    given = "".join(' %s="%s"' % (key.rstrip("_").replace("_", "-"), html.escape("%g" % value if isinstance(value, float) else str(value)))
                    for key, value in attributes.items())
    return "<%s%s>%s</%s>" % (name, given, content, name)


def words(x, y, text, kind="", **more):
    return element("text", html.escape(text), x=float(x), y=float(y), class_=kind, **more)


def box(host, x, y, height):
    inner = element("rect", x=float(x), y=float(y), width=BOX_W, height=float(height), rx=7, class_="box")
    inner += element("circle", cx=float(x + 14), cy=float(y + 16), r=4, class_="dot") + words(x + 25, y + 20, host["name"], "host")
    for number, mark in enumerate(host["marks"][:MOST_MARKS]):
        inner += words(x + 12, y + 38 + LINE_H * number, mark if len(mark) <= MOST_LETTERS else mark[:MOST_LETTERS - 1] + "…")
    return element("g", element("title", html.escape("; ".join([host["name"], *host["marks"]]))) + inner, class_=host["state"] or "unknown")


def drawn_panel(panel, x, y, width, height):
    found = element("rect", x=float(x), y=float(y), width=float(width), height=float(height), rx=10, class_="panel")
    found += words(x + PAD, y + 20, panel["title"], "title")
    for number, host in enumerate(panel["hosts"]):
        found += box(host, x + PAD + number * (BOX_W + GAP), y + HEAD, height - HEAD - PAD)
    return element("g", found, class_=panel["state"] or "unknown-tier")


def call(above, below):
    """A line from one panel's lower edge to the upper one of another; sideways where they stand beside each other."""
    (x1, y1, w1, h1), (x2, y2, w2, _h2) = sorted((above, below), key=lambda place: place[1])
    start, end, middle = (x1 + w1 / 2, y1 + h1), (x2 + w2 / 2, y2), (y1 + h1 + y2) / 2
    return element("path", d="M%g %gC%g %g %g %g %g %g" % (*start, start[0], middle, end[0], middle, *end), class_="call")


def picture(panels, label="The stack"):
    """The SVG, whole by itself and at home in a page: colours are the page's where it has some."""
    places, width, height = placed(panels)
    spots = {key: [place[1:] for place in found] for key, found in places.items()}
    visitor = (width / 2 - 55, float(MARGIN), 110.0, 34.0)
    spots["visitor"] = [visitor]
    fronts = [pair for pair in CALLS if pair[0] in spots and pair[1] in spots]
    if not any(pair[0] == "visitor" for pair in fronts):
        fronts += [pair for pair in ENTRIES if pair[1] in spots][:1]
    lines = [call(above, below) for one, other in fronts for above in spots[one] for below in spots[other]]
    body = [element("style", STYLE), element("rect", width=float(width), height=float(height), class_="ground"), *lines,
            element("rect", x=visitor[0], y=visitor[1], width=110, height=34, rx=17, class_="panel"),
            words(width / 2, MARGIN + 22, "visitor", "title", text_anchor="middle")]
    body += [drawn_panel(*place) for found in places.values() for place in found]
    return element("svg", element("title", html.escape(label)) + "\n".join(body), xmlns="http://www.w3.org/2000/svg",
                   viewBox="0 0 %g %g" % (width, height), class_="stack", role="img")

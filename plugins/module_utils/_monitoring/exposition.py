# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures in Prometheus' text format, for node_exporter's textfile collector, and that format read. Pure."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._figures.table import BEAT, MEASURES, NAMED

PREFIX = "failover_"
# Which says that the exporter goes on: what is in the file may be old.
ROUNDS = PREFIX + "exporter_rounds_total"
SUFFIXES = {"s": "_seconds", "cores": "_seconds", "%": "_percent", "MB": "_megabytes", "KB": "_kilobytes", "": ""}
_SAMPLE = re.compile(r'^(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)(?:\{(?P<labels>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (?P<value>\S+)')
_LABEL = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"')


def metric(kind, counter):
    """What a figure is called there."""
    return "%s%s_%s%s%s" % (PREFIX, kind, counter.name, SUFFIXES[counter.unit], "_total" if counter.rate else "")


def escaped(text):
    return str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def sample(name, labels, value):
    inner = ",".join('%s="%s"' % (label, escaped(text)) for label, text in labels.items())
    return "%s%s %s" % (name, "{%s}" % inner if inner else "", value if isinstance(value, int) else "%.3f" % value)


def of_kind(kind, figures):
    """Lines of all things of a kind: those of one metric stand together, as the format wants them."""
    for counter in MEASURES[kind]:
        told = [one for one in figures if one.kind == kind and one.fields.get(counter.name) is not None]
        if counter.name == BEAT or not told:
            continue
        name = metric(kind, counter)
        yield "# HELP %s %s." % (name, counter.shown)
        yield "# TYPE %s %s" % (name, "counter" if counter.rate else "gauge")
        for one in told:
            yield sample(name, dict({NAMED[kind]: one.name} if kind in NAMED else {}, **one.labels), one.fields[counter.name])


def text(figures, rounds):
    """The whole file. rounds: how many there were since the exporter started."""
    lines = ["# HELP %s Rounds since the exporter started." % ROUNDS, "# TYPE %s counter" % ROUNDS, sample(ROUNDS, {}, rounds)]
    for kind in MEASURES:
        lines += of_kind(kind, figures)
    return "\n".join([*lines, ""])


def parse(told):
    """{metric: [(labels, value)]} of what an exporter answers; lines that are no samples are passed over."""
    found = {}
    for line in told.splitlines():
        match = _SAMPLE.match(line)
        if match:
            try:
                value = float(match.group("value"))
            except ValueError:
                continue
            found.setdefault(match.group("name"), []).append((dict(_LABEL.findall(match.group("labels") or "")), value))
    return found

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the exporter sends and the collector is told to expect of it: one table for both. Pure.

The collector takes InfluxDB's line protocol at /telegraf/metric, and knows of a line only what its file of measurements says. It answers
every line with 200, also those it throws away: one of an unknown measurement, one without a time, and the first ones of a new field.
"""

from __future__ import annotations

from typing import NamedTuple
from xml.sax.saxutils import escape

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<!-- Written by Ansible (failover.stack). -->\n'
# What the collector puts before names that come this way.
MARK = "X$"
PREFIX = "failover_"
# Goes up by one with each line: whoever sees it twice knows that counters move.
BEAT = "beat"


class Counter(NamedTuple):
    """rate: what is sent only ever grows, what is kept is its growth in a second. total: several objects' may be added up."""

    name: str
    shown: str
    unit: str = ""
    rate: bool = False
    total: bool = False


MEASURES = {
    "host": (
        Counter("load1", "Load"), Counter("cpu", "CPU busy", "cores", rate=True),
        Counter("cpu_wait", "CPU waiting for disks", "cores", rate=True),
        Counter("memory_used", "Memory used", "%"), Counter("memory_free", "Memory available", "MB", total=True),
        Counter("swap_used", "Swap used", "MB", total=True), Counter("disk_used", "Fullest disk", "%"),
        Counter("net_in", "Network in", "KB", rate=True, total=True), Counter("net_out", "Network out", "KB", rate=True, total=True),
        Counter("uptime", "Up for", "s"), Counter(BEAT, "Lines sent")),
    "unit": (
        Counter("memory", "Memory", "MB", total=True), Counter("cpu", "CPU busy", "cores", rate=True, total=True),
        Counter("tasks", "Tasks", total=True), Counter("restarts", "Restarts by systemd"), Counter("uptime", "Up for", "s"),
        Counter(BEAT, "Lines sent")),
    "httpd": (
        Counter("busy", "Busy workers", total=True), Counter("idle", "Idle workers", total=True),
        Counter("requests", "Requests", "", rate=True, total=True), Counter("sent", "Sent", "KB", rate=True, total=True),
        Counter("uptime", "Up for", "s"), Counter(BEAT, "Lines sent")),
    "haproxy": (
        Counter("sessions", "Sessions", total=True), Counter("arrived", "New sessions", "", rate=True, total=True),
        Counter("queue", "Waiting for a server", total=True), Counter("errors", "Answers 5xx", "", rate=True, total=True),
        Counter("up", "Servers up"), Counter("down", "Servers down"), Counter("drained", "Servers drained"), Counter(BEAT, "Lines sent")),
    "mysql": (
        Counter("connections", "Connections", total=True), Counter("running", "Running threads", total=True),
        Counter("questions", "Questions", "", rate=True, total=True), Counter("slow", "Slow queries", "", rate=True, total=True),
        Counter("channels", "Replication channels"), Counter("stopped", "Channels that stand still"), Counter("lag", "Replica behind", "s"),
        Counter("members", "Galera members"), Counter("synced", "Galera synced"), Counter("queue", "Galera receive queue"),
        Counter("paused", "Galera paused", "", rate=True), Counter("uptime", "Up for", "s"), Counter(BEAT, "Lines sent")),
}
# Those of which a host has several; told apart by this tag.
NAMED = {"unit": "unit"}


def object_name(host, kind, name=""):
    """How the collector calls the object of a line."""
    return "/%s/%s%s%s" % (host, MARK, kind, "_" + name if name else "")


def short(unit):
    """A unit without its suffix."""
    return unit[:-len(".service")] if unit.endswith(".service") else unit


def _escaped(text):
    for character in "\\, =":
        text = text.replace(character, "\\" + character)
    return text


def line(kind, host, fields, time_ns, name=""):
    """One line. fields: {counter: number or None}; whole numbers are marked so, None is left out, and without any there is no line."""
    known = [counter.name for counter in MEASURES[kind]]
    given = ["%s=%s" % (key, "%di" % fields[key] if isinstance(fields[key], int) else "%.3f" % fields[key])
             for key in known if fields.get(key) is not None]
    tags = "host=%s" % _escaped(host) + (",%s=%s" % (NAMED[kind], _escaped(name)) if kind in NAMED else "")
    return "%s%s,%s %s %d" % (PREFIX, kind, tags, ",".join(given), time_ns) if given else ""


def _element(name, text=""):
    return "<%s>%s</%s>" % (name, escape(str(text)), name) if text != "" else "<%s/>" % name


def _mapping(counter):
    parts = {"tgFieldName": counter.name, "counterName": counter.name, "displayName": counter.shown, "unit": counter.unit,
             "totalizable": str(counter.total).lower(), "normalizeSeconds": 0, "deltaType": "DELTA" if counter.rate else "NONE"}
    return "<counterMapping>%s</counterMapping>" % "".join(_element(key, value) for key, value in parts.items())


def _measurement(kind, counters):
    tag = NAMED.get(kind, "")
    parts = [
        _element("measurementName", PREFIX + kind), _element("enabled", "true"), _element("debugEnabled", "false"),
        _element("objFamilyBase", PREFIX + kind), _element("objFamilyAppendTags"), _element("objTypeBase", PREFIX + kind),
        _element("objTypePrependTags"), _element("objTypeAppendTags"), _element("objTypeIcon", "linux"), _element("objNameBase", kind),
        "<objNameAppendTags>%s</objNameAppendTags>" % (_element("tag", tag) if tag else ""), _element("hostTag", "host"),
        _element("hostMappings"), _element("tagFilters"),
        "<counterMappings>\n%s\n</counterMappings>" % "\n".join(map(_mapping, counters))]
    return "<measurement>\n%s\n</measurement>" % "\n".join(parts)


def measurements(dead_s):
    """conf/scouter-telegraf.xml. dead_s: an object that was silent for so long is not alive."""
    return HEAD + "\n".join([
        "<TelegrafConfig>", _element("enabled", "true"), _element("debugEnabled", "false"),
        _element("deltaCounterNormalizeDefault", "true"), _element("deltaCounterNormalizeDefaultSeconds", 30),
        _element("objectDeadtimeMs", int(dead_s) * 1000), "<measurements>",
        *(_measurement(kind, counters) for kind, counters in MEASURES.items()), "</measurements>", "</TelegrafConfig>", ""])


def seed():
    """conf/counters.site.xml of a collector that has none. Without one ObjectType in it the collector fails to add the first, in its
    log alone, and keeps nothing of what comes."""
    return HEAD + ('<Counters>\n<Types>\n<ObjectType name="failover" disp="failover" family="host" icon="linux" sub-object="false"/>\n'
                   "</Types>\n<Familys/>\n</Counters>\n")

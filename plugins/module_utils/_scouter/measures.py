# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the exporter sends and the collector is told to expect of it, both from the table of figures. Pure.

The collector takes InfluxDB's line protocol at /telegraf/metric, and knows of a line only what its file of measurements says. It answers
every line with 200, also those it throws away: one of an unknown measurement, one without a time, and the first ones of a new field.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from ansible_collections.failover.stack.plugins.module_utils._figures.table import MEASURES, NAMED

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<!-- Written by Ansible (failover.stack). -->\n'
# What the collector puts before names that come this way.
MARK = "X$"
PREFIX = "failover_"


def object_name(host, kind, name=""):
    """How the collector calls the object of a line."""
    return "/%s/%s%s%s" % (host, MARK, kind, "_" + name if name else "")


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

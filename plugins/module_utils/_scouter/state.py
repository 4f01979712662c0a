# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a collector tells, and what keeps it from being healthy. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._scouter.measures import MARK

API = "/scouter/v1"
LINES = "/telegraf/metric"


def objects(answer):
    """{name: {type, alive, address}}; a name that came back under another type is told by the one that lives."""
    found = {}
    for one in answer:
        name, alive = one.get("objName", ""), bool(one.get("alive"))
        if alive or name not in found:
            found[name] = {"type": one.get("objType", ""), "alive": alive, "address": one.get("address", "")}
    return found


def values(answer):
    """{object: whole number} of one counter; the API gives numbers as texts."""
    return {one["objName"]: int(float(one["value"])) for one in answer if one.get("objName") and one.get("value") not in (None, "")}


def alerts(answer):
    """What the API tells of alerts, in short."""
    return [{"time": int(one.get("time") or 0), "level": one.get("level", ""), "title": one.get("title", ""),
             "object": one.get("objName", "")} for one in answer]


def by_exporter(name):
    return ("/" + MARK) in name


def unmoved(expected, first, now):
    """Objects of the exporter's whose count of lines has not been seen to grow."""
    return [name for name in expected if name not in now or first.get(name, now[name]) == now[name]]


def problems(host, info, expected, still=()):
    """One sentence each. info: reachable (why not, or empty), api (HTTP status), lines (HTTP status), objects."""
    if info["reachable"]:
        return ["%s: the collector does not answer at %s (%s): journalctl -u scouter tells why." % (host, info["url"], info["reachable"])]
    found = []
    if info["lines"] == 404:
        found.append("%s: %s%s is not there (404) though the collector runs: its API could not start, which takes that along; two "
                     "versions of jackson beside each other do it. Let the role lay down the parts." % (host, info["url"], LINES))
    if info["api"] != 200:
        found.append("%s: the API at %s answers with %s: journalctl -u scouter tells why." % (host, info["url"] + API, info["api"]))
        return found
    silent = [name for name in expected if name not in info["objects"]]
    dead = [name for name in expected if name in info["objects"] and not info["objects"][name]["alive"]]
    unknown = sorted(name for name in info["objects"] if name.startswith("/unknown/"))
    if silent and not info["objects"]:
        found.append("%s: the collector knows of nothing: conf/counters.site.xml in its directory has no ObjectType, or nobody has sent "
                     "anything; restart scouter, then look at failover-scouter-exporter on the hosts." % host)
    elif silent:
        found.append("%s: never seen: %s. Look at failover-scouter-exporter there, or at the agent's log." % (host, ", ".join(silent)))
    if dead:
        found.append("%s: not alive: %s." % (host, ", ".join(dead)))
    if unknown:
        found.append("%s: %s came without the tag host: set it where these are sent." % (host, ", ".join(unknown)))
    waiting = [name for name in still if name not in silent + dead]
    if waiting:
        found.append("%s: counters do not move of %s." % (host, ", ".join(waiting)))
    return found

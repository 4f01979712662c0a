# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which drills are meant and whom they hit."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

FAULTS = (
    ["none"]
    + ["unit_" + act for act in ("kill", "stop")]
    + ["machine_" + act for act in ("kill", "pause", "cut", "isolate")]
)


def drill_selected(drills, only=""):
    """The drills of a run: named by name or tier, or all that are not on request only."""
    names = [d.get("name") for d in drills]
    for drill in drills:
        if drill.get("fault") not in FAULTS:
            raise AnsibleFilterError(
                "drill_list: '%s' has the fault '%s': use one of %s"
                % (drill.get("name"), drill.get("fault"), ", ".join(FAULTS))
            )
        if names.count(drill["name"]) > 1:
            raise AnsibleFilterError("drill_list: '%s' is there twice: give each drill its own name" % drill["name"])
    words = [w.strip() for w in str(only or "").split(",") if w.strip()]
    if not words:
        return [d for d in drills if not d.get("on_request")]
    known = set(names) | set(d.get("tier") for d in drills)
    for word in words:
        if word not in known:
            raise AnsibleFilterError(
                "drill_only: '%s' is neither a drill nor a tier: use one of %s"
                % (word, ", ".join(sorted(k for k in known if k)))
            )
    return [d for d in drills if d["name"] in words or (d.get("tier") in words and not d.get("on_request"))]


def drill_target(drill, glance, groups):
    """The host a drill hits, by its rule and a glance at who holds and serves."""
    rule = drill.get("target") or {}
    if drill["fault"] == "none":
        return ""
    if "host" in rule:
        return rule["host"]
    if "holds" in rule:
        held = (glance.get("holders") or {}).get(rule["holds"], [])
        if len(held) != 1:
            raise AnsibleFilterError(
                "%s: %s is held by %s: exactly one holder is wanted before the drill"
                % (drill["name"], rule["holds"], ", ".join(held) or "nobody")
            )
        return held[0]
    members = groups.get(rule.get("group"), [])
    if not members:
        raise AnsibleFilterError("%s: the group '%s' is empty" % (drill["name"], rule.get("group")))
    if rule.get("serves"):
        # The instance or its route is named after its host.
        answer = glance.get("session") or {}
        for host in members:
            if any(host in str(answer.get(key, "")) for key in ("instance", "jvm_route", "session")):
                return host
        raise AnsibleFilterError(
            "%s: the session's instance '%s' names no host of '%s'"
            % (drill["name"], answer.get("instance"), rule["group"])
        )
    return members[int(rule.get("index", 0)) % len(members)]


def drill_units(drills, groups):
    """What a healed lab must have running: [{host, unit}] of every unit a drill may break."""
    pairs = []
    for drill in drills:
        rule = drill.get("target") or {}
        hosts = [rule["host"]] if "host" in rule else groups.get(rule.get("group"), [])
        if drill.get("unit") and drill["fault"].startswith("unit_"):
            pairs.extend({"host": h, "unit": drill["unit"]} for h in hosts)
    return [p for n, p in enumerate(pairs) if p not in pairs[:n]]


class FilterModule:
    def filters(self):
        return {"drill_selected": drill_selected, "drill_target": drill_target, "drill_units": drill_units}

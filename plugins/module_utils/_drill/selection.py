# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which drills are meant and whom they hit. Pure."""

from __future__ import annotations


class DrillError(Exception):
    """What stands in the way of a drill, in a sentence for whoever runs it."""


FAULTS = (
    ["none", "playbook", "disk_fill"]
    + ["unit_" + act for act in ("kill", "stop")]
    + ["machine_" + act for act in ("kill", "pause", "cut", "isolate")]
)


def selected(drills, only="", groups=None, ledgers=None):
    """The drills of a run: named by name or tier, or all that are not on request only. Those for each host are unfolded."""
    names = [d.get("name") for d in drills]
    for drill in drills:
        check(drill, ledgers or {})
        if names.count(drill["name"]) > 1:
            raise DrillError("drill_list: '%s' is there twice: give each drill its own name" % drill["name"])
    unfolded = [one for drill in drills for one in unfold(drill, groups or {})]
    for drill in unfolded:
        if [one["name"] for one in unfolded].count(drill["name"]) > 1:
            # The second's result would take the place of the first's.
            raise DrillError("drill_list: '%s' is there twice, once as one of '%s': give each drill its own name" % (
                drill["name"], next(one["part_of"] for one in unfolded if one["name"] == drill["name"] and "part_of" in one)))
    words = [w.strip() for w in str(only or "").split(",") if w.strip()]
    if not words:
        return [d for d in unfolded if not (d.get("on_request") or d.get("with_tier"))]
    known = set(names) | set(d["name"] for d in unfolded) | set(d.get("tier") for d in drills)
    for word in words:
        if word not in known:
            raise DrillError(
                "drill_only: '%s' is neither a drill nor a tier: use one of %s"
                % (word, ", ".join(sorted(k for k in known if k)))
            )
    return [
        d
        for d in unfolded
        if d["name"] in words or d.get("part_of") in words or (d.get("tier") in words and not d.get("on_request"))
    ]


def check(drill, ledgers):
    fault, name = drill.get("fault"), drill.get("name")
    if not name or "/" in str(name) or str(name).startswith("."):
        # Files that nobody finds again would hold what is still to be healed.
        raise DrillError("drill_list: '%s' cannot be a drill's name, files are named so: leave out slashes and a dot before it" % name)
    if fault not in FAULTS:
        raise DrillError(
            "drill_list: '%s' has the fault '%s': use one of %s" % (name, fault, ", ".join(FAULTS))
        )
    if fault == "playbook" and not drill.get("playbook"):
        raise DrillError("drill_list: '%s' has the fault 'playbook' and no playbook: name one" % name)
    if fault.startswith("unit_") and not drill.get("unit"):
        raise DrillError("drill_list: '%s' has the fault '%s' and no unit: name one" % (name, fault))
    if fault == "disk_fill" and not (drill.get("disk", {}).get("path") and drill.get("unit")):
        raise DrillError("drill_list: '%s' fills a disk: name its directory (disk: {path: ...}) and the unit that uses it" % name)
    rule, ledger = drill.get("target") or {}, drill.get("ledger")
    if ledger and ledger.get("name") not in ledgers:
        raise DrillError(
            "drill_list: '%s' has the ledger '%s': describe it in drill_ledgers, or use one of %s"
            % (name, ledger.get("name"), ", ".join(sorted(ledgers)) or "none")
        )
    if not ledger and ("writer" in rule or "replica_of_writer" in rule):
        raise DrillError("drill_list: '%s' is aimed at a writer without a ledger: name one (ledger: {name: ...})" % name)
    if drill.get("download") and not drill["download"].get("path"):
        raise DrillError("drill_list: '%s' has a download without a path: name a file" % name)


def unfold(drill, groups):
    """One drill for each host; where the holder of an address is left out, for the first, the second ... of the others."""
    rule = drill.get("each")
    if not rule:
        return [drill]
    members = rule.get("hosts") or groups.get(rule.get("group"), [])
    if not members:
        raise DrillError("%s: the group '%s' is empty" % (drill["name"], rule.get("group")))
    if rule.get("not_holds"):
        # Who holds it is known only when the drill begins.
        ends = [(str(n + 1), dict(rule, index=n)) for n in range(len(members) - 1)]
    else:
        ends = [(host, {"host": host}) for host in members]
    plain = dict((k, v) for k, v in drill.items() if k != "each")
    title = drill.get("title", drill["name"])
    return [
        dict(plain, name="%s-%s" % (drill["name"], end), title="%s: %s" % (title, end), target=target, part_of=drill["name"])
        for end, target in ends
    ]


def targets(drill, probed, groups):
    """The hosts a drill hits, by its rule and what was probed of who holds and serves."""
    rule = drill.get("target") or {}
    if drill["fault"] in ("none", "playbook") and not rule:
        return []
    if "host" in rule:
        return [rule["host"]]
    if "holds" in rule:
        return [holder(drill, probed, rule["holds"])]
    if rule.get("writer") or "replica_of_writer" in rule:
        return [writer_or_replica(drill, probed, rule)]
    members = list(rule.get("hosts") or groups.get(rule.get("group"), []))
    if not members:
        raise DrillError("%s: the group '%s' is empty" % (drill["name"], rule.get("group")))
    if rule.get("not_holds"):
        held = holder(drill, probed, rule["not_holds"])
        members = [host for host in members if host != held]
        if not members:
            raise DrillError("%s: nobody is left but %s, which holds %s" % (drill["name"], held, rule["not_holds"]))
    if rule.get("serves"):
        return [server(drill, probed, rule, members)]
    if rule.get("all") or (rule.get("hosts") and "index" not in rule):
        return members
    return [members[int(rule.get("index", 0)) % len(members)]]


def holder(drill, probed, address):
    holders = probed.get("holders") or {}
    if address not in holders:
        raise DrillError(
            "%s: nobody was asked for %s: put it into drill_vips or the drill's vips" % (drill["name"], address)
        )
    held = holders[address]
    if len(held) != 1:
        raise DrillError(
            "%s: %s is held by %s: exactly one holder is wanted before the drill"
            % (drill["name"], address, ", ".join(held) or "nobody")
        )
    return held[0]


def writer_or_replica(drill, probed, rule):
    """The one server that accepts writes, or one of those that do not, counted from 0 as the ledger names them (-1: the last)."""
    writers, readers = probed.get("writers") or [], probed.get("readers") or []
    if len(writers) != 1:
        raise DrillError(
            "%s: writes are accepted by %s: exactly one server is wanted before the drill"
            % (drill["name"], " and ".join(writers) or "nobody")
        )
    if rule.get("writer"):
        return writers[0]
    if not readers:
        raise DrillError("%s: %s has no replica that answers" % (drill["name"], writers[0]))
    return readers[int(rule["replica_of_writer"]) % len(readers)]


def server(drill, probed, rule, members):
    # The instance or its route is named after its host.
    answer = probed.get("session") or {}
    texts = [str(answer.get(key, "")) for key in ("instance", "jvm_route")] + [str(answer.get("session", "")).partition(".")[2]]
    named = [host for host in members if any(host in text for text in texts)]
    if named:
        # Of web1 and web10 the one that fits as a whole.
        return max(named, key=len)
    raise DrillError(
        "%s: the session's instance '%s' names no host of '%s'" % (drill["name"], answer.get("instance"), rule.get("group"))
    )


def possible(drill, groups):
    """Everybody whom a drill may hit."""
    rule = drill.get("target") or {}
    return [rule["host"]] if "host" in rule else list(rule.get("hosts") or groups.get(rule.get("group"), []))


def once(things):
    return [t for n, t in enumerate(things) if t not in things[:n]]


def units(drills, groups):
    """What a healed lab must have running: [{host, unit}] of every unit a drill may break."""
    return once(
        [
            {"host": host, "unit": drill["unit"]}
            for drill in drills
            if drill.get("unit") and drill["fault"].startswith("unit_")
            for host in possible(drill, groups)
        ]
    )


def disks(drills, groups):
    """What must have room again: [{host, path, unit}] of every disk a drill may fill."""
    return once(
        [
            {"host": host, "path": drill["disk"]["path"], "unit": drill["unit"]}
            for drill in drills
            if drill["fault"] == "disk_fill"
            for host in possible(drill, groups)
        ]
    )


def standing_by(groups_of_hosts, vips, drill):
    """Each host that may have to take one of the addresses over, where the drill may make it: host, instances, addresses."""
    rule = drill.get("target") or {}
    if drill["fault"] != "playbook" and not ("holds" in rule or "not_holds" in rule):
        return []
    return [
        {"host": host, "instances": group["instances"], "addresses": group["addresses"]}
        for group in groups_of_hosts
        if set(group["addresses"]) & set(vips)
        for host in group["hosts"]
    ]

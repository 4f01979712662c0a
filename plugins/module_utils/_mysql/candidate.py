# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which replica takes over when the source is dead: the one that has received most. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._mysql.whole import channel_of, gaps, missing_databases
from ansible_collections.failover.stack.plugins.module_utils._sql import gtid as gtids


def position(info):
    """All it has or will have once its relay log is applied."""
    channel = channel_of(info)
    received = channel["received"] if channel and channel["gtid"] != "none" else ""
    return gtids.union(info["gtid"]["executed"], received)


def comparable(info, others):
    """Its position without what a further channel of its own brought: no other member has anything of that."""
    found = position(info)
    if len(info.get("channels") or []) < 2 or not others:
        return found
    uuid = info["server_uuid"] if info["dialect"] == "mysql" else None
    together = {"executed": ""}
    for other in others:
        if other["dialect"] == info["dialect"]:
            together["executed"] = gtids.union(together["executed"], position(other))
    return gtids.of_stream(found, together, info["server_id"], uuid)


def obstacles(info):
    """Why this server cannot take over."""
    if not info.get("reachable"):
        yield "it cannot be reached"
        return
    channel = channel_of(info)
    if info.get("blank") and not info["gtid"]["executed"]:
        yield "it is blank"
    if not info["log_bin"] or not info["log_replica_updates"]:
        yield "it does not log what it replicates (log_bin, log_replica_updates), so the others could not follow it"
    if not info["gtid"]["enabled"]:
        yield "its gtid_mode is %s, not ON" % (info["gtid"].get("mode") or "OFF")
    yield from gaps(info)
    if channel is None:
        return
    if channel["gtid"] == "none":
        yield "it replicates without GTIDs, so the others could not be compared"
    if channel["applier"] == "stopped" and channel["applier_errno"]:
        yield "its replication is broken: %s" % channel["applier_error"]
    if channel["delay"]:
        yield "it stays %d s behind on purpose" % channel["delay"]


def wrote_itself(name, living):
    """Transactions that this server wrote and none of the others has, when there are others to ask."""
    info = living[name]
    others = [other for key, other in living.items() if key != name and other["dialect"] == info["dialect"]]
    if not others:
        return ""
    uuid = info["server_uuid"] if info["dialect"] == "mysql" else None
    found = [gtids.errant(info["gtid"], other["gtid"]) for other in others]
    return found[0] if all(gtids.own(one, info["server_id"], uuid) for one in found) else ""


def candidate(observed, without=(), prefer=(), given_up=(), writer="", leaving=""):
    """{best, refused, wait_for, ranked}

    without: the dead writer. given_up: members whose transactions may go, though nobody else has them; named by the user. writer: who took
    the writes: what it alone has was acknowledged to somebody. leaving: a member that answers and whose part is taken away all the same.
    """
    names = [name for name in observed if name not in without]
    living = {name: observed[name] for name in names if observed[name].get("reachable")}
    rows = [row(name, observed[name], living, leaving) for name in names]
    for one in rows:
        one["databases"] = missing_beside(one["member"], living)
    give_up(rows, given_up)
    everything = all_of(rows)
    for one in rows:
        one["missing"] = gtids.subtract(everything, one["position"]) if one["position"] or one["eligible"] else everything
        one["behind"] = gtids.count(everything, one["position"])
    rows.sort(key=lambda one: (not one["eligible"], one["behind"], len(one["databases"]), rank(one["member"], prefer), one["lag"] or 0))
    explain(rows)
    why = refusal(rows) or loss(rows, observed, everything, given_up, writer) or databases_lost(rows, given_up)
    result = {"best": None, "refused": why, "wait_for": "", "ranked": rows}
    if not result["refused"]:
        result.update(best=rows[0]["member"], wait_for=rows[0]["whole_position"])
    return result


def all_of(rows):
    """What those that can take over have together."""
    everything = ""
    for one in rows:
        if one["eligible"]:
            everything = gtids.union(everything, one["position"])
    return everything


def give_up(rows, given_up):
    """Of members that have diverged, those that are named stand back. Where one has everything nobody has to."""
    everything = all_of(rows)
    fit = [one for one in rows if one["eligible"]]
    if all(gtids.count(everything, one["position"]) for one in fit):
        for one in fit:
            if one["member"] in given_up:
                one.update(eligible=False, because="it has diverged from the others and is given up")


def missing_beside(name, living):
    """{other member: databases that only it has, though its transactions are all here}. Not what its further channels brought."""
    others = [other for other in living if other != name and len(living[other].get("channels") or []) < 2] if name in living else []
    found = {other: missing_databases(living[name], living[other]) for other in others}
    return {other: missing for other, missing in found.items() if missing}


def databases_lost(rows, given_up):
    """A sentence when the best lacks databases that no transaction would bring it."""
    found = {name: missing for name, missing in rows[0]["databases"].items() if name not in given_up}
    best = rows[0]["member"]
    return " ".join("%s alone has the databases %s, which are older than the binary logs, and %s would take over without them: seed %s "
                    "from it, or give them up with -e mysql_failover_without=%s." % (name, ", ".join(found[name]), best, best, name)
                    for name in sorted(found)) or None


def row(name, info, living, leaving=""):
    reasons = list(obstacles(info)) or ["its part is taken away"] * (name == leaving)
    channel, own = channel_of(info) if info.get("reachable") else None, ""
    if not reasons:
        own = wrote_itself(name, living)
        reasons += ["it has transactions of its own that nobody else has: %s" % own] if own else []
    others = [other for key, other in living.items() if key != name]
    return {"member": name, "eligible": not reasons, "own": own, "because": "; ".join(reasons),
            "executed": info["gtid"]["executed"] if info.get("reachable") else "",
            "position": comparable(info, others) if info.get("reachable") else "",
            "whole_position": position(info) if info.get("reachable") else "", "lag": channel["lag"] if channel else None}


def loss(rows, observed, everything, given_up, writer=""):
    """A sentence when somebody who cannot take over has, or may have, what the best has not: it may have acknowledged it."""
    found = []
    for one in rows:
        if one["eligible"] or one["member"] in given_up:
            continue
        info, counts = observed[one["member"]], not one["own"] or one["member"] == writer
        if not info.get("reachable"):
            found.append("%s cannot be reached and may have what nobody else has: bring it back" % one["member"])
        elif counts and info["dialect"] == observed[rows[0]["member"]]["dialect"] and gtids.subtract(one["position"], everything):
            found.append("%s alone has %s, but cannot take over (%s): repair that" % (
                one["member"], gtids.subtract(one["position"], everything), one["because"]))
        else:
            continue
        found[-1] += ", or give it up with -e mysql_failover_without=%s." % one["member"]
    return " ".join(found) or None


def rank(name, prefer):
    return list(prefer).index(name) if name in prefer else len(prefer)


def explain(rows):
    for one in rows:
        if one["eligible"]:
            one["because"] = "it has received all that any has" if not one["behind"] else "it lacks %s" % one["missing"]


def refusal(rows):
    if not rows:
        return "there is no other member: bring the writer back."
    if not rows[0]["eligible"]:
        return "no member can take over: %s." % "; ".join("%s: %s" % (one["member"], one["because"]) for one in rows)
    if rows[0]["behind"]:
        return ("the members have diverged, each has transactions that another lacks: %s: bring the writer back, which has all of them, or "
                "give up what one of them alone has with -e mysql_failover_without=<host>." % "; ".join(
                    "%s lacks %s" % (one["member"], one["missing"]) for one in rows if one["eligible"]))
    return None

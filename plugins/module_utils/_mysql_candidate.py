# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which replica takes over when the source is dead: the one that has received most. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils import _mysql_gtid as gtids


def channel_of(info):
    """The channel of the cluster: the default one, else the only one."""
    channels = info.get("channels") or []
    named = [channel for channel in channels if not channel.get("channel")]
    return (named or channels or [None])[0]


def position(info):
    """All it has or will have once its relay log is applied."""
    channel = channel_of(info)
    received = channel["received"] if channel and channel["gtid"] != "none" else ""
    return gtids.union(info["gtid"]["executed"], received)


def partial(channel):
    """Whether the channel takes only a part of what the source has."""
    return bool(channel.get("ignore_server_ids") or channel.get("do_domain_ids") or channel.get("ignore_domain_ids")
                or any((channel.get("filters") or {}).values()))


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
        yield "it has GTIDs off"
    if channel is None:
        return
    if channel["gtid"] == "none":
        yield "it replicates without GTIDs, so the others could not be compared"
    if channel["applier"] == "stopped" and channel["applier_errno"]:
        yield "its replication is broken: %s" % channel["applier_error"]
    if channel["delay"]:
        yield "it stays %d s behind on purpose" % channel["delay"]
    if partial(channel):
        yield "it replicates only a part"


def wrote_itself(name, living):
    """Transactions that this server wrote and none of the others has, when there are others to ask."""
    info = living[name]
    others = [other for key, other in living.items() if key != name and other["dialect"] == info["dialect"]]
    if not others:
        return ""
    uuid = info["server_uuid"] if info["dialect"] == "mysql" else None
    found = [gtids.errant(info["gtid"], other["gtid"]) for other in others]
    return found[0] if all(gtids.own(one, info["server_id"], uuid) for one in found) else ""


def candidate(observed, without=(), prefer=(), given_up=()):
    """{best, refused, wait_for, ranked}

    without: the dead writer. given_up: members whose transactions may go, though nobody else has them; named by the user.
    """
    names = [name for name in observed if name not in without]
    living = {name: observed[name] for name in names if observed[name].get("reachable")}
    rows = [row(name, observed[name], living) for name in names]
    fit = [one for one in rows if one["eligible"]]
    everything = ""
    for one in fit:
        everything = gtids.union(everything, one["position"])
    for one in rows:
        one["missing"] = gtids.subtract(everything, one["position"]) if one["position"] or one["eligible"] else everything
        one["behind"] = gtids.count(everything, one["position"])
    rows.sort(key=lambda one: (not one["eligible"], one["behind"], rank(one["member"], prefer), one["lag"] or 0))
    explain(rows)
    result = {"best": None, "refused": refusal(rows) or loss(rows, observed, everything, given_up), "wait_for": "", "ranked": rows}
    if not result["refused"]:
        result.update(best=rows[0]["member"], wait_for=rows[0]["position"])
    return result


def row(name, info, living):
    reasons = list(obstacles(info))
    channel, own = channel_of(info) if info.get("reachable") else None, ""
    if not reasons:
        own = wrote_itself(name, living)
        reasons += ["it has transactions of its own that nobody else has: %s" % own] if own else []
    return {"member": name, "eligible": not reasons, "own": own, "because": "; ".join(reasons),
            "executed": info["gtid"]["executed"] if info.get("reachable") else "",
            "position": position(info) if info.get("reachable") else "", "lag": channel["lag"] if channel else None}


def loss(rows, observed, everything, given_up):
    """A sentence when somebody who cannot take over has, or may have, what the best has not: it may have acknowledged it."""
    found = []
    for one in rows:
        if one["eligible"] or one["member"] in given_up:
            continue
        info = observed[one["member"]]
        if not info.get("reachable"):
            found.append("%s cannot be reached and may have what nobody else has: bring it back" % one["member"])
        elif not one["own"] and info["dialect"] == observed[rows[0]["member"]]["dialect"] and gtids.subtract(one["position"], everything):
            found.append("%s alone has %s, but cannot take over (%s): mend that" % (
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
        return "there is no other member."
    if not rows[0]["eligible"]:
        return "no member can take over: %s." % "; ".join("%s: %s" % (one["member"], one["because"]) for one in rows)
    if rows[0]["behind"]:
        return ("the members have diverged, each has transactions that another lacks: %s." % "; ".join(
            "%s lacks %s" % (one["member"], one["missing"]) for one in rows if one["eligible"]))
    return None

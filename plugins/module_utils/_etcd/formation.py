# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who forms a cluster, starts with the data it has, or is added: decided once, of what all members of the inventory told. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._etcd.state import majority

KEEP = "nothing is formed anew over data"


def leading(infos):
    """The host whose word about the cluster counts: one that knows a leader; empty without one."""
    return next((host for host, info in infos.items() if info.get("available") and info.get("leader")), "")


def plan(members, infos, peer_urls, discard=()):
    """{refused, form, start, join, discard, seed}.

    members: hosts of the inventory. infos: {host: what etcd_info told, {} for one that was not reached}. peer_urls: {host: URL}. discard:
    hosts whose data may go. form: all make a new cluster. start: hosts that go on with the data they have. join: hosts that are added by
    those that run, one after the other. seed: whom they ask.
    """
    reached = {host: infos[host] for host in members if infos.get(host)}
    unreached = [host for host in members if host not in reached]
    # Who is a member that follows a leader keeps what it has, whatever is still written somewhere: that is etcd_replace's.
    gone = [host for host in reached if host in discard and reached[host]["has_data"] and not leading({host: reached[host]})]
    holders = [host for host in reached if reached[host]["has_data"] and host not in gone]
    seed = leading({host: info for host, info in reached.items() if host not in gone})
    result = {"refused": [], "form": False, "start": holders, "join": [], "discard": gone, "seed": seed}
    result["refused"] += _clusters({host: reached[host] for host in holders})
    if seed:
        found = reached[seed]["members"]
        result["refused"] += _strangers(holders, reached, found) + _moved(holders, found, peer_urls)
        learners = [one["name"] for one in found if one["learner"]]
        result["join"] = [host for host in reached if host not in holders or host in learners]
        result["start"] = [host for host in holders if host not in learners]
    elif holders:
        result["refused"] += _minority(members, reached, holders, unreached)
        result["join"] = [host for host in reached if host not in holders]
        result["seed"] = holders[0]
    else:
        result["form"] = True
        result["refused"] += _unknown(unreached)
    return result


def _clusters(holders):
    """Members that answer, and are in different clusters."""
    found = {host: info["cluster_id"] for host, info in holders.items() if info.get("available")}
    if len(set(found.values())) > 1:
        return ["%s: these members are in different clusters: which has the data to be kept? -e '{\"etcd_discard\": [\"<host>\"]}' "
                "gives up the data of the others." % ", ".join("%s (%s)" % pair for pair in found.items())]
    return []


def _strangers(holders, reached, found):
    """With data of a member that the cluster does not have: taken out meanwhile, or another cluster's."""
    names, ids = {one["name"] for one in found}, {one["id"] for one in found}
    return ["%s: it has data, but the cluster (%s) has no such member any more: %s. -e '{\"etcd_discard\": [\"%s\"]}' sets them aside, and "
            "it joins as a new member." % (host, ", ".join(sorted(filter(None, names))), KEEP, host)
            for host in holders if host not in names and reached[host].get("member_id") not in ids]


def _moved(holders, found, peer_urls):
    """With data under another address than the cluster knows: the others would not reach it."""
    known = {one["name"]: one["peer_urls"] for one in found}
    return ["%s: the cluster knows it at %s, the inventory has it at %s: correct etcd_address, or playbooks/etcd_replace.yml -e "
            "etcd_replace=%s makes it a new member there." % (host, ", ".join(known[host]), peer_urls[host], host)
            for host in holders if host in known and peer_urls[host] not in known[host]]


def _minority(members, reached, holders, unreached):
    """Those with data are no majority of the cluster that they knew."""
    known = [[one for one in reached[host]["members"] if not one["learner"]] for host in holders if reached[host].get("members")]
    size = max((len(one) for one in known), default=len(members))
    if len(holders) >= majority(size):
        return []
    others = _clause([host for host in reached if host not in holders], "has", "have", "none")
    others += _clause(unreached, "was", "were", "not reached")
    return ["%s: only %s %s data%s, and %d of %d members are a majority: %s. Bring the others back with their data, or "
            "playbooks/etcd_restore.yml restores a snapshot; -e '{\"etcd_discard\": [...]}' with all of them begins without any data." % (
                holders[0], ", ".join(holders), "has" if len(holders) == 1 else "have", others, majority(size), size, KEEP)]


def _clause(hosts, one, several, rest):
    return ", %s %s %s" % (", ".join(hosts), one if len(hosts) == 1 else several, rest) if hosts else ""


def _unknown(unreached):
    """Somebody who was not reached may hold the cluster's data."""
    if not unreached:
        return []
    return ["%s: it was not reached, and nobody else has data: a new cluster is formed with all of its members only. Bring it back, or "
            "take it out of the group." % ", ".join(unreached)]


def replacement(name, members, infos):
    """Why a member cannot be taken out now; empty when the rest has a majority without it.

    infos: {host: what etcd_info told}, of any member that was reached.
    """
    others = {host: info for host, info in infos.items() if host != name and info}
    seed, rest = leading(others), ", ".join(one for one in members if one != name)
    if not seed:
        return ("etcd_replace is %s, and none of the others (%s) knows a leader: without a majority no member can be replaced. Bring "
                "members back, or playbooks/etcd_restore.yml restores a snapshot." % (name, rest))
    found = others[seed]["members"]
    rest = [one["name"] or one["id"] for one in found if not one["learner"] and name not in (one["name"], one["id"])]
    if name not in members and len(rest) == len([one for one in found if not one["learner"]]) and not any(
            name in (one["name"], one["id"]) for one in found):
        return "etcd_replace is %s, which is neither a host of the group nor a member of the cluster (%s): correct the name." % (
            name, ", ".join(rest))
    alive = [one for one in rest if others[seed]["statuses"].get(one, {}).get("available")]
    if len(alive) < majority(len(rest)):
        return ("etcd_replace is %s, and of the %d others only %d answer (%s): without a majority of them the cluster would stand still. "
                "Bring one back first." % (name, len(rest), len(alive), ", ".join(alive) or "nobody"))
    return ""


def restoration(members, infos, accepted, source="", name="", discard=()):
    """{refused, source, name, age_s, revision}: whose snapshot is restored on all members, or what speaks against that.

    accepted: whether what was written after it may be lost. source, name: what was asked for instead of the best. discard: hosts whose data
    are no good although they are there.
    """
    result = {"refused": "", "source": "", "name": "", "age_s": 0, "revision": 0}
    unreached = [host for host in members if not infos.get(host)]
    reached = {host: infos[host] for host in members if infos.get(host)}
    holders = [host for host in reached if reached[host]["has_data"] and host not in discard]
    if leading(reached):
        return dict(result, refused="a majority of the members answers and has a leader (%s): there is nothing to restore, a member is "
                                    "replaced by playbooks/etcd_replace.yml." % reached[leading(reached)]["leader"])
    if len(holders) >= majority(len(members)):
        return dict(result, refused=(
            "%s still have data, a majority: playbooks/etcd.yml starts them, and nothing is lost. If their data are no good, name them by "
            "-e '{\"etcd_discard\": [...]}'." % ", ".join(holders)))
    if unreached:
        return dict(result, refused="%s: not reached, and a cluster is restored on all of its members at once: bring it back, or take it "
                                    "out of the group." % ", ".join(unreached))
    found = {host: _chosen(info["snapshots"], name) for host, info in reached.items() if source in ("", host)}
    found = {host: chosen for host, chosen in found.items() if chosen}
    host = max(found, key=lambda one: (found[one]["revision"], -found[one]["age_s"]), default="")
    if not host:
        return dict(result, refused="there is no snapshot%s on %s: correct etcd_restore_from and etcd_restore_snapshot, or put one into "
                                    "etcd_snapshot_directory of a member." % (" " + name if name else "", source or ", ".join(reached)))
    result.update(source=host, name=found[host]["name"], age_s=found[host]["age_s"], revision=found[host]["revision"])
    if not accepted:
        result["refused"] = "what was written after %s on %s (revision %d, %d s old) will be lost: -e etcd_restore=true says it may." % (
            result["name"], host, result["revision"], result["age_s"])
    return result


def _chosen(snapshots, name):
    """The newest, or the one of that name; None without one. snapshots: the oldest first."""
    fitting = [one for one in snapshots if name in ("", one["name"])]
    return fitting[-1] if fitting else None

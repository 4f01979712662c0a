# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What etcd's members said of themselves, read and judged. Pure."""

from __future__ import annotations


def hexadecimal(number):
    """As etcd's log and etcdctl write identifiers; JSON has them as decimal texts."""
    return format(int(number or 0), "x")


def members_of(answer):
    """Members in an answer to cluster/member/list: name (empty until it has started once), id, peer_urls, client_urls, learner."""
    return sorted(({
        "id": hexadecimal(one["ID"]), "name": one.get("name", ""), "peer_urls": one.get("peerURLs", []),
        "client_urls": one.get("clientURLs", []), "learner": bool(one.get("isLearner"))} for one in answer.get("members", [])),
        key=lambda one: (one["name"], one["id"]))


def status_of(answer):
    """A member's own state, of an answer to maintenance/status. leader: empty when it knows none."""
    header = answer.get("header", {})
    leader = hexadecimal(answer.get("leader"))
    lost = any("no leader" in one for one in answer.get("errors") or [])
    return {
        "available": True, "id": hexadecimal(header.get("member_id")), "cluster_id": hexadecimal(header.get("cluster_id")),
        "leader": "" if lost or leader == "0" else leader, "version": answer.get("version", ""),
        "revision": int(header.get("revision") or 0), "raft_term": int(answer.get("raftTerm") or 0),
        "raft_index": int(answer.get("raftIndex") or 0), "db_bytes": int(answer.get("dbSize") or 0),
        "db_bytes_in_use": int(answer.get("dbSizeInUse") or 0), "learner": bool(answer.get("isLearner")), "error": ""}


def silent(error):
    """The state of a member that did not answer."""
    return {"available": False, "id": "", "cluster_id": "", "leader": "", "version": "", "revision": 0, "raft_term": 0, "raft_index": 0,
            "db_bytes": 0, "db_bytes_in_use": 0, "learner": False, "error": error}


def alarms_of(answer, members):
    """Such as 'NOSPACE at etcd2'."""
    names = {one["id"]: one["name"] or one["id"] for one in members}
    return sorted("%s at %s" % (one.get("alarm", "NONE"), names.get(hexadecimal(one.get("memberID")), hexadecimal(one.get("memberID"))))
                  for one in answer.get("alarms") or [])


def name_of(members, identifier):
    return next((one["name"] or one["id"] for one in members if one["id"] == identifier), identifier)


def majority(number):
    return number // 2 + 1


def problems(host, info, limits, members_only=False):
    """One sentence for each thing that keeps the cluster from being healthy. members_only: that keeps a member from being restarted.

    info: what etcd_info read. limits: members {name: client URL}, revision_lag, snapshot_age_s (0: not judged),
    snapshot_directory, certificate_days.
    """
    for rule in (_answers, _leader, _membership, _revisions, *(() if members_only else (_alarms, _state, _snapshot, _certificates))):
        yield from rule(host, info, limits)


def _answers(host, info, limits):
    for name, at in limits["members"].items():
        one = info["statuses"].get(name) or silent("it was not asked")
        if not one["available"]:
            yield "%s does not answer at %s (%s): playbooks/etcd.yml starts it, journalctl -u etcd tells why it does not." % (
                name, at, one["error"])


def _leader(host, info, limits):
    if not any(one["available"] for one in info["statuses"].values()):
        return
    leaders = sorted({one["leader"] for one in info["statuses"].values() if one["available"] and one["leader"]})
    alive = sum(one["available"] for one in info["statuses"].values())
    voters = len([one for one in info["members"] if not one["learner"]]) or len(limits["members"])
    if not leaders:
        yield ("there is no leader: %d of %d members answer, a majority is %d. Start those that are missing; if their data are lost for "
               "good, playbooks/etcd_restore.yml restores a snapshot." % (alive, voters, majority(voters)))
    elif len(leaders) > 1:
        yield "members follow different leaders (%s): they find each other again, or their networks are split." % ", ".join(
            name_of(info["members"], one) for one in leaders)
    for name, one in sorted(info["statuses"].items()):
        if one["available"] and not one["leader"] and leaders:
            yield "%s has lost the leader: look at its network." % name


def _membership(host, info, limits):
    known = {one["name"]: one for one in info["members"]}
    # A learner itself is not told of the others, only what it is.
    learners = {name for name, one in info["statuses"].items() if one["learner"]} | {name for name, one in known.items() if one["learner"]}
    for name in limits["members"]:
        if name in learners:
            yield "%s is a learner, which has no vote: playbooks/etcd.yml makes it a member." % name
        elif known and name not in known:
            yield "%s is no member of the cluster (%s): playbooks/etcd.yml adds it." % (name, ", ".join(filter(None, known)))
    for one in info["members"]:
        if one["name"] not in limits["members"]:
            called = one["name"] or one["id"]
            yield ("%s is a member, but the inventory does not have it: playbooks/etcd_replace.yml -e etcd_replace=%s takes it out." % (
                called, called))
    clusters = sorted({one["cluster_id"] for one in info["statuses"].values() if one["available"]})
    if len(clusters) > 1:
        yield "members are in different clusters (%s): which of them has the data to be kept?" % ", ".join(clusters)


def _alarms(host, info, limits):
    for alarm in info["alarms"]:
        yield "alarm %s: %s." % (alarm, (
            "the database has reached etcd_quota_mb and takes no writes, compact and defragment it (docs/etcd.md)"
            if alarm.startswith("NOSPACE") else "its data are damaged, playbooks/etcd_replace.yml replaces that member"))


def _state(host, info, limits):
    if info["auth_enabled"] is False:
        yield "authentication is off, whoever reaches the port may do everything: playbooks/etcd.yml enables it."
    if info["active"] not in ("active", "activating"):
        yield "%s: its unit is %s: playbooks/etcd.yml starts it." % (host, info["active"])


def _revisions(host, info, limits):
    found = {name: one["revision"] for name, one in info["statuses"].items() if one["available"] and not one["learner"]}
    if found and limits["revision_lag"] and max(found.values()) - min(found.values()) > limits["revision_lag"]:
        behind = min(found, key=lambda name: found[name])
        yield "%s is %d revisions behind (%d): look at its disk and network." % (behind, max(found.values()) - found[behind], found[behind])


def _snapshot(host, info, limits):
    if not limits["snapshot_age_s"]:
        return
    if not info["snapshots"]:
        yield "%s: there is no snapshot in %s: journalctl -u failover-etcd-snapshot tells why." % (host, limits["snapshot_directory"])
    elif info["snapshots"][-1]["age_s"] > limits["snapshot_age_s"]:
        yield "%s: its newest snapshot %s is %d s old, %d are allowed: journalctl -u failover-etcd-snapshot tells why." % (
            host, info["snapshots"][-1]["name"], info["snapshots"][-1]["age_s"], limits["snapshot_age_s"])


def _certificates(host, info, limits):
    for name, days in sorted(info["certificate_days"].items()):
        if days <= limits["certificate_days"]:
            yield "%s: %s ends in %s days: playbooks/etcd.yml makes it anew." % (host, name, ("%.1f" % days).rstrip("0").rstrip("."))

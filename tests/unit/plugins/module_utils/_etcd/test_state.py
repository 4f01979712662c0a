from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._etcd import state

# As 3.4.23 answered with two of three members dead, and 3.5.16 with all alive.
LOST = {"header": {"cluster_id": "3749138637109676080", "member_id": "7775529969536342116", "revision": "1", "raft_term": "2"},
        "version": "3.4.23", "dbSize": "20480", "raftIndex": "34", "raftTerm": "2", "errors": ["etcdserver: no leader"],
        "dbSizeInUse": "16384"}
WHOLE = {"header": {"cluster_id": "10398981707789272927", "member_id": "16859977607062971455", "revision": "7", "raft_term": "2"},
         "version": "3.5.16", "dbSize": "20480", "leader": "16005050159842150776", "raftIndex": "20", "raftTerm": "2",
         "raftAppliedIndex": "20", "dbSizeInUse": "16384"}
LIST = {"members": [
    {"ID": "16005050159842150776", "name": "etcd2", "peerURLs": ["https://[2001:db8::2]:2380"], "clientURLs": ["https://[2001:db8::2]:2379"]},
    {"ID": "16859977607062971455", "name": "etcd1", "peerURLs": ["https://[2001:db8::1]:2380"], "clientURLs": ["https://[2001:db8::1]:2379"]},
    {"ID": "1277183808621638166", "peerURLs": ["https://[2001:db8::3]:2380"], "isLearner": True}]}


def test_a_members_own_state():
    found = state.status_of(WHOLE)
    assert (found["id"], found["leader"], found["revision"], found["learner"]) == ("e9faac4e3e07643f", "de1d5c526db34978", 7, False)
    lost = state.status_of(LOST)
    assert lost["available"] and lost["leader"] == ""
    assert set(found) == set(state.silent("x"))
    # A member that still names the leader it has just lost.
    assert state.status_of(dict(WHOLE, errors=["etcdserver: no leader"]))["leader"] == ""


def test_members_and_alarms():
    members = state.members_of(LIST)
    assert [(one["name"], one["learner"]) for one in members] == [("", True), ("etcd1", False), ("etcd2", False)]
    assert state.name_of(members, "de1d5c526db34978") == "etcd2"
    assert state.name_of(members, "11b977e839c5f216") == "11b977e839c5f216"
    assert state.name_of(members, "0") == "0"
    assert state.alarms_of({"alarms": [{"memberID": "16005050159842150776", "alarm": "NOSPACE"}, {"memberID": "1", "alarm": "CORRUPT"}]},
                           members) == ["CORRUPT at 1", "NOSPACE at etcd2"]
    assert state.alarms_of({}, members) == []


@pytest.mark.parametrize("number, wanted", [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_majority(number, wanted):
    assert state.majority(number) == wanted


HOSTS = ["etcd1", "etcd2", "etcd3"]
LIMITS = {"members": {host: "https://192.0.2.%s:2379" % host[-1] for host in HOSTS}, "revision_lag": 100, "snapshot_age_s": 100,
          "snapshot_directory": "/var/backups/etcd", "certificate_days": 7}


def status(**more):
    return dict(state.silent(""), available=True, cluster_id="c", leader="a1", revision=500, **more)


def info(**more):
    return {"statuses": {host: status() for host in HOSTS}, "alarms": [], "auth_enabled": True, "active": "active",
            "members": [{"id": "a" + host[-1], "name": host, "learner": False} for host in HOSTS],
            "snapshots": [{"name": "s", "age_s": 50}], "certificate_days": {"cert.pem": 100.0, "ca.pem": 100.0}, **more}


def told(**more):
    return list(state.problems("etcd1", info(**more), LIMITS))


def test_nothing_is_wrong():
    assert told() == []


DEAD = state.silent("Connection refused")


@pytest.mark.parametrize("more, sentences", [
    ({"statuses": {"etcd1": status(), "etcd2": status(), "etcd3": DEAD}},
     ["etcd3 does not answer at https://192.0.2.3:2379 (Connection refused): playbooks/etcd.yml starts it, journalctl -u etcd tells why it "
      "does not."]),
    ({"statuses": {"etcd1": dict(status(), leader=""), "etcd2": dict(status(), leader=""), "etcd3": dict(status(), leader="")}},
     ["there is no leader: 3 of 3 members answer, a majority is 2. Start those that are missing; if their data are lost for good, "
      "playbooks/etcd_restore.yml restores a snapshot."]),
    ({"statuses": {"etcd1": status(), "etcd2": dict(status(), leader="a2"), "etcd3": status()}},
     ["members follow different leaders (etcd1, etcd2): they find each other again, or their networks are split."]),
    ({"statuses": {"etcd1": status(), "etcd2": dict(status(), leader=""), "etcd3": status()}},
     ["etcd2 has lost the leader: look at its network."]),
    ({"members": [{"id": "a1", "name": "etcd1", "learner": False}, {"id": "a2", "name": "etcd2", "learner": True},
                  {"id": "a9", "name": "", "learner": False}]},
     ["etcd2 is a learner, which has no vote: playbooks/etcd.yml makes it a member.",
      "etcd3 is no member of the cluster (etcd1, etcd2): playbooks/etcd.yml adds it.",
      "a9 is a member, but the inventory does not have it: playbooks/etcd_replace.yml -e etcd_replace=a9 takes it out."]),
    ({"statuses": {"etcd1": status(), "etcd2": dict(status(), cluster_id="d"), "etcd3": status()}},
     ["members are in different clusters (c, d): which of them has the data to be kept?"]),
    ({"members": [], "statuses": {"etcd1": dict(status(), learner=True), "etcd2": status(), "etcd3": status()}},
     ["etcd1 is a learner, which has no vote: playbooks/etcd.yml makes it a member."]),
    ({"alarms": ["NOSPACE at etcd2", "CORRUPT at etcd3"]},
     ["alarm NOSPACE at etcd2: the database has reached etcd_quota_mb and takes no writes, compact and defragment it (docs/etcd.md).",
      "alarm CORRUPT at etcd3: its data are damaged, playbooks/etcd_replace.yml replaces that member."]),
    ({"auth_enabled": False},
     ["authentication is off, whoever reaches the port may do everything: playbooks/etcd.yml enables it."]),
    ({"active": "failed"}, ["etcd1: its unit is failed: playbooks/etcd.yml starts it."]),
    ({"statuses": {"etcd1": status(), "etcd2": dict(status(), revision=399), "etcd3": status()}},
     ["etcd2 is 101 revisions behind (399): look at its disk and network."]),
    ({"snapshots": []},
     ["etcd1: there is no snapshot in /var/backups/etcd: journalctl -u failover-etcd-snapshot tells why."]),
    ({"snapshots": [{"name": "s", "age_s": 101}]},
     ["etcd1: its newest snapshot s is 101 s old, 100 are allowed: journalctl -u failover-etcd-snapshot tells why."]),
    ({"certificate_days": {"cert.pem": 6.5, "ca.pem": 8}}, ["etcd1: cert.pem ends in 6.5 days: playbooks/etcd.yml makes it anew."]),
])
def test_what_is_wrong(more, sentences):
    assert sorted(told(**more)) == sorted(sentences)


def test_what_a_restart_itself_repairs_does_not_stand_in_its_way():
    ill = info(alarms=["NOSPACE at etcd2"], auth_enabled=False, snapshots=[], active="failed", certificate_days={"ca.pem": 1},
               statuses={"etcd1": status(), "etcd2": status(), "etcd3": DEAD})
    found = list(state.problems("etcd1", ill, LIMITS, members_only=True))
    assert len(found) == 1 and found[0].startswith("etcd3 does not answer at https://192.0.2.3:2379")


def test_nobody_answers():
    """Then nothing is said of leaders and members, which nobody could tell."""
    found = told(statuses=dict.fromkeys(HOSTS, DEAD), members=[], auth_enabled=None, active="inactive")
    assert len(found) == 4 and found[-1] == "etcd1: its unit is inactive: playbooks/etcd.yml starts it."


def test_what_is_not_to_be_judged_is_not():
    limits = dict(LIMITS, revision_lag=0, snapshot_age_s=0)
    assert not list(state.problems("etcd1", info(snapshots=[], statuses={
        "etcd1": status(), "etcd2": dict(status(), revision=1), "etcd3": status()}), limits))

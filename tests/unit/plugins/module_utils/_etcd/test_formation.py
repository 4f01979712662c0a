from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._etcd import formation

HOSTS = ["etcd1", "etcd2", "etcd3"]
PEERS = {host: "https://192.0.2.%d:2380" % number for number, host in enumerate(HOSTS, 1)}
NO = {"refused": [], "form": False, "start": [], "join": [], "discard": [], "seed": ""}


def entry(host, learner=False, url=None):
    return {"id": "a" + host[-1], "name": host, "peer_urls": [url or PEERS[host]], "client_urls": [], "learner": learner}


CLUSTER = [entry(host) for host in HOSTS]


def blank():
    return {"has_data": False, "available": False, "cluster_id": "", "member_id": "", "leader": "", "members": [], "snapshots": [],
            "statuses": {}}


def stopped():
    return dict(blank(), has_data=True)


def runs(host, leader="etcd1", members=None, cluster="c", alive=tuple(HOSTS)):
    return dict(blank(), has_data=True, available=True, cluster_id=cluster, member_id="a" + host[-1], leader=leader,
                members=CLUSTER if members is None else members, statuses={one: {"available": one in alive} for one in HOSTS})


def plan(*infos, discard=(), hosts=tuple(HOSTS)):
    return formation.plan(hosts, dict(zip(hosts, infos)), PEERS, discard)


def test_blank_machines_form_a_cluster_together():
    assert plan(blank(), blank(), blank()) == dict(NO, form=True)


def test_one_that_was_not_reached_may_hold_the_data():
    assert plan(blank(), blank(), {})["refused"] == [
        "etcd3: it was not reached, and nobody else has data: a new cluster is formed with all of its members only. Bring it back, or take "
        "it out of the group."]


def test_a_cluster_that_runs_goes_on():
    assert plan(*map(runs, HOSTS)) == dict(NO, start=HOSTS, seed="etcd1")


def test_one_that_is_not_reached_does_not_keep_the_others():
    assert plan(runs("etcd1"), runs("etcd2"), {}) == dict(NO, start=["etcd1", "etcd2"], seed="etcd1")


def test_one_that_was_stopped_starts_with_its_data():
    assert plan(stopped(), runs("etcd2"), runs("etcd3")) == dict(NO, start=HOSTS, seed="etcd2")


def test_one_that_lost_its_data_is_added_as_a_new_one():
    assert plan(runs("etcd1"), blank(), runs("etcd3")) == dict(NO, start=["etcd1", "etcd3"], join=["etcd2"], seed="etcd1")


def test_one_that_is_new_to_the_cluster_is_added():
    two = [entry("etcd1"), entry("etcd2")]
    assert plan(runs("etcd1", members=two), runs("etcd2", members=two), blank())["join"] == ["etcd3"]


def test_a_learner_that_a_broken_off_run_left_is_promoted():
    members = [entry("etcd1"), entry("etcd2"), entry("etcd3", learner=True)]
    found = plan(runs("etcd1", members=members), runs("etcd2", members=members), runs("etcd3", members=members))
    assert (found["start"], found["join"], found["refused"]) == (["etcd1", "etcd2"], ["etcd3"], [])


def test_all_were_stopped_and_one_lost_its_data():
    assert plan(stopped(), blank(), stopped()) == dict(NO, start=["etcd1", "etcd3"], join=["etcd2"], seed="etcd1")


@pytest.mark.parametrize("infos, sentence", [
    ((stopped(), blank(), blank()),
     "etcd1: only etcd1 has data, etcd2, etcd3 have none, and 2 of 3 members are a majority: nothing is formed anew over data. Bring the "
     "others back with their data, or playbooks/etcd_restore.yml restores a snapshot; -e '{\"etcd_discard\": [...]}' with all of them "
     "begins without any data."),
    ((runs("etcd1", leader=""), blank(), {}),
     "etcd1: only etcd1 has data, etcd2 has none, etcd3 was not reached, and 2 of 3 members are a majority: nothing is formed anew over "
     "data. Bring the others back with their data, or playbooks/etcd_restore.yml restores a snapshot; -e '{\"etcd_discard\": [...]}' with "
     "all of them begins without any data."),
    ((runs("etcd1"), runs("etcd2", cluster="d"), runs("etcd3")),
     "etcd1 (c), etcd2 (d), etcd3 (c): these members are in different clusters: which has the data to be kept? -e '{\"etcd_discard\": "
     "[\"<host>\"]}' gives up the data of the others."),
    ((runs("etcd1", members=CLUSTER[:2]), runs("etcd2"), stopped()),
     "etcd3: it has data, but the cluster (etcd1, etcd2) has no such member any more: nothing is formed anew over data. -e "
     "'{\"etcd_discard\": [\"etcd3\"]}' sets them aside, and it joins as a new member."),
    ((runs("etcd1", members=[*CLUSTER[:2], entry("etcd3", url="https://192.0.2.9:2380")]), runs("etcd2"), stopped()),
     "etcd3: the cluster knows it at https://192.0.2.9:2380, the inventory has it at https://192.0.2.3:2380: correct etcd_address, or "
     "playbooks/etcd_replace.yml -e etcd_replace=etcd3 makes it a new member there."),
])
def test_what_is_refused(infos, sentence):
    assert plan(*infos)["refused"] == [sentence]


def test_a_stranger_with_data_joins_when_they_may_go():
    found = plan(runs("etcd1", members=CLUSTER[:2]), runs("etcd2"), stopped(), discard=["etcd3"])
    assert (found["refused"], found["discard"], found["join"]) == ([], ["etcd3"], ["etcd3"])


def test_all_data_may_go_and_a_new_cluster_is_formed():
    assert plan(stopped(), blank(), blank(), discard=["etcd1"]) == dict(NO, form=True, discard=["etcd1"])


def test_who_follows_a_leader_keeps_what_it_has():
    """An override of an earlier restoration must not cost a cluster that runs its majority."""
    assert plan(*map(runs, HOSTS), discard=["etcd2", "etcd3"]) == dict(NO, start=HOSTS, seed="etcd1")


def test_the_size_that_counts_is_the_one_that_members_knew():
    hosts = ["etcd1", "etcd2", "etcd3", "etcd4", "etcd5"]
    peers = {host: "https://192.0.2.%s:2380" % host[-1] for host in hosts}
    five = [{"id": host, "name": host, "peer_urls": [peers[host]], "learner": False} for host in hosts]
    infos = [runs("etcd1", leader="", members=five), runs("etcd2", leader="", members=five), blank()]
    assert "3 of 5 members are a majority" in formation.plan(HOSTS, dict(zip(HOSTS, infos)), PEERS)["refused"][0]


# --- Replacement ------------------------------------------------------------------------


def replacement(name, *infos, members=tuple(HOSTS)):
    return formation.replacement(name, members, dict(zip(HOSTS, infos)))


def test_a_member_can_be_replaced_when_the_others_are_a_majority():
    assert replacement("etcd3", runs("etcd1"), runs("etcd2"), runs("etcd3")) == ""
    assert replacement("etcd3", runs("etcd1", alive=HOSTS[:2]), runs("etcd2"), {}) == ""


def test_without_a_leader_nobody_can():
    assert replacement("etcd3", runs("etcd1", leader=""), blank(), runs("etcd3")) == (
        "etcd_replace is etcd3, and none of the others (etcd1, etcd2) knows a leader: without a majority no member can be replaced. Bring "
        "members back, or playbooks/etcd_restore.yml restores a snapshot.")


def test_with_another_one_dead_the_cluster_would_stand_still():
    assert replacement("etcd3", runs("etcd1", alive=["etcd1", "etcd3"]), {}, runs("etcd3")) == (
        "etcd_replace is etcd3, and of the 2 others only 1 answer (etcd1): without a majority of them the cluster would stand still. "
        "Bring one back first.")


def test_a_name_that_nobody_has():
    assert replacement("etcd9", *map(runs, HOSTS)) == (
        "etcd_replace is etcd9, which is neither a host of the group nor a member of the cluster (etcd1, etcd2, etcd3): correct the name.")


@pytest.mark.parametrize("name", ["etcd3", "a3"])
def test_a_member_that_the_inventory_does_not_have_any_more(name):
    assert replacement(name, runs("etcd1", alive=HOSTS[:2]), runs("etcd2"), members=HOSTS[:2]) == ""


# --- Restoration ------------------------------------------------------------------------


def shot(name, revision, age_s):
    return {"name": name, "revision": revision, "age_s": age_s}


def lost(*snapshots):
    return dict(blank(), snapshots=list(snapshots))


def restoration(*infos, accepted=True, **more):
    return formation.restoration(HOSTS, dict(zip(HOSTS, infos)), accepted, **more)


SURVIVOR = dict(stopped(), snapshots=[shot("a", 5, 900), shot("b", 7, 300)])


def test_the_snapshot_with_the_highest_revision_is_restored_the_newest_of_those():
    found = restoration(SURVIVOR, lost(shot("c", 7, 200)), lost(shot("d", 6, 10)))
    assert found == {"refused": "", "source": "etcd2", "name": "c", "age_s": 200, "revision": 7}


def test_another_one_when_it_is_named():
    assert restoration(SURVIVOR, lost(), lost(), source="etcd1", name="a")["name"] == "a"


@pytest.mark.parametrize("infos, more, sentence", [
    ((runs("etcd1"), runs("etcd2"), blank()), {},
     "a majority of the members answers and has a leader (etcd1): there is nothing to restore, a member is replaced by "
     "playbooks/etcd_replace.yml."),
    ((stopped(), stopped(), blank()), {},
     "etcd1, etcd2 still have data, a majority: playbooks/etcd.yml starts them, and nothing is lost. If their data are no good, name them "
     "by -e '{\"etcd_discard\": [...]}'."),
    ((SURVIVOR, lost(), {}), {},
     "etcd3: not reached, and a cluster is restored on all of its members at once: bring it back, or take it out of the group."),
    ((lost(), lost(), lost()), {},
     "there is no snapshot on etcd1, etcd2, etcd3: correct etcd_restore_from and etcd_restore_snapshot, or put one into "
     "etcd_snapshot_directory of a member."),
    ((SURVIVOR, lost(), lost()), {"source": "etcd2", "name": "x"},
     "there is no snapshot x on etcd2: correct etcd_restore_from and etcd_restore_snapshot, or put one into etcd_snapshot_directory of a "
     "member."),
    ((SURVIVOR, lost(), lost()), {"accepted": False},
     "what was written after b on etcd1 (revision 7, 300 s old) will be lost: -e etcd_restore=true says it may."),
])
def test_what_a_restoration_is_refused_for(infos, more, sentence):
    assert restoration(*infos, **more)["refused"] == sentence


def test_data_that_are_no_good_do_not_count():
    assert restoration(SURVIVOR, stopped(), lost(), discard=["etcd2"])["refused"] == ""

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Joining, leaving, being forgotten and maintenance of rabbit@mq2, in a cluster that is played."""

import pytest
from ansible_collections.failover.stack.plugins.modules import rabbitmq_member

ALL = ["rabbit@mq1", "rabbit@mq2", "rabbit@mq3"]
JOIN = {"peer": "rabbit@mq1", "replicas": 0}


@pytest.fixture
def host(rabbit):
    rabbit.arguments = {"data_directory": str(rabbit.data)}
    return rabbit


@pytest.fixture
def member(host):
    """mq2 is one of three."""
    host.clusters = [set(ALL)]
    return host


def remembers(host, nodes):
    directory = host.data / host.me
    directory.mkdir()
    (directory / "cluster_nodes.config").write_text("{[%s],[%s]}.\n" % (",".join("'%s'" % node for node in nodes), "'%s'" % nodes[0]))
    return directory


# Join

def test_a_node_joins_and_a_second_run_finds_it_there(host, play):
    result = play(rabbitmq_member, dict(host.arguments, **JOIN), diff=True)
    assert (result["changed"], result["steps"], result["members"], result["running"]) == (True, ["join"], ALL, ALL)
    assert host.did == ["stop_app", "join_cluster --disc rabbit@mq1", "start_app"]
    assert result["diff"] == {"before": "rabbit@mq2 disc running\n", "after": "".join("%s disc running\n" % node for node in ALL)}
    host.did.clear()
    assert play(rabbitmq_member, dict(host.arguments, **JOIN))["changed"] is False and host.did == []


def test_check_mode_joins_nothing(host, play):
    result = play(rabbitmq_member, dict(host.arguments, **JOIN), check=True)
    assert (result["steps"], result["members"], host.did) == (["join"], ["rabbit@mq2"], [])


def test_a_node_with_queues_does_not_join_unless_they_may_go(host, play, refused):
    host.queue("orders", messages=7)
    assert refused(rabbitmq_member, dict(host.arguments, **JOIN)) == (
        "rabbit@mq2 holds queues ('orders' in 'shop'): joining would delete them. Move their messages first, or discard: true throws them "
        "away.")
    assert host.did == [] and host.queues
    assert play(rabbitmq_member, dict(host.arguments, discard=True, **JOIN))["steps"] == ["join"]


def test_a_member_of_another_cluster_does_not_change_sides(host, refused):
    host.clusters = [{"rabbit@mq1"}, {"rabbit@mq2", "rabbit@mq3"}]
    assert refused(rabbitmq_member, dict(host.arguments, **JOIN)) == (
        "rabbit@mq2 belongs to another cluster (rabbit@mq2, rabbit@mq3): it must leave that first (state: absent), or discard: true throws "
        "away what it has.")
    assert host.did == []


def test_a_join_that_fails_leaves_the_application_running(host, refused):
    host.refuses = {"join_cluster": (70, "", "Error: incompatible feature flags")}
    assert refused(rabbitmq_member, dict(host.arguments, **JOIN)) == (
        "rabbitmqctl join_cluster failed (rc 70): incompatible feature flags.")
    assert host.did[-1] == "start_app" and host.serving


def test_a_new_node_under_an_old_name_is_forgotten_before_it_joins(host, play):
    """Its machine was made anew: the cluster still counts the one that was there, and so do its quorum queues."""
    host.clusters = [{"rabbit@mq1", "rabbit@mq2", "rabbit@mq3"}, {"rabbit@mq2"}]
    members = host.members
    host.members = lambda node: host.clusters[-1] if node == host.me and len(host.clusters) > 1 else members(node)
    result = play(rabbitmq_member, dict(host.arguments, **JOIN))
    assert result["steps"] == ["forget", "join"]
    assert host.did == ["stop_app", "forget_cluster_node rabbit@mq2", "join_cluster --disc rabbit@mq1", "start_app"]


def test_a_node_that_its_cluster_forgot_is_emptied_only_when_that_is_said(host, play, refused):
    directory = remembers(host, ALL)
    host.running.discard(host.me)
    (host.data / (host.me + "-plugins-expand")).mkdir()
    assert refused(rabbitmq_member, dict(host.arguments, **JOIN)) == (
        "rabbit@mq2 still believes in a cluster of rabbit@mq1, rabbit@mq2, rabbit@mq3, which has forgotten it: it cannot start. Its data "
        "must go (discard: true), then it joins as a new member.")
    assert directory.exists() and host.did == []
    assert play(rabbitmq_member, dict(host.arguments, discard=True, **JOIN), check=True)["steps"][0] == "empty" and directory.exists()
    result = play(rabbitmq_member, dict(host.arguments, discard=True, **JOIN))
    assert result["steps"] == ["empty", "join"] and list(host.data.iterdir()) == []
    assert host.did[:2] == ["stop rabbitmq-server.service", "start rabbitmq-server.service"]


def test_data_of_other_nodes_on_the_host_stay(host, play):
    remembers(host, ALL)
    host.running.discard(host.me)
    for name in ("rabbit@mq22", "hare@mq2", "rabbit@mq2-feature_flags"):
        (host.data / name).mkdir()
    host.systemctl = lambda node, words: (host.running.add(host.me), (0, "", ""))[1]
    host.clusters.append({host.me})
    play(rabbitmq_member, dict(host.arguments, discard=True, **JOIN))
    assert sorted(path.name for path in host.data.iterdir()) == ["hare@mq2", "rabbit@mq22"]


def test_a_ram_node_is_refused_where_there_are_none_any_more(host, refused, monkeypatch):
    monkeypatch.setattr(rabbitmq_member, "status_of", lambda cli, node=None: dict(
        rabbitmq_member.NOTHING, members=[node or host.me], running=[node or host.me], knows_ram=False, listeners={host.me: [5672]},
        maintenance=[]))
    assert refused(rabbitmq_member, dict(host.arguments, type="ram", **JOIN)) == (
        "rabbit@mq2 cannot be a ram node: this version of RabbitMQ has disc nodes only, take type: disc.")


def test_a_node_that_does_not_run_is_waited_for_and_said(host, refused):
    host.running.discard(host.me)
    said = refused(rabbitmq_member, dict(host.arguments, timeout=9, **JOIN))
    assert said.startswith("rabbit@mq2 does not run: rabbitmqctl cluster_status failed (rc 69): it does not run")
    assert 9 <= host.now - 1000 < 11


def test_a_node_that_starts_is_left_in_peace_and_asked_in_the_end(host, play, refused):
    host.starting = 7
    play(rabbitmq_member, dict(host.arguments, replicas=0))
    assert host.starting == host.asked_early == 0 and host.now == 1007
    host.starting = 99
    host.running.discard(host.me)
    said = refused(rabbitmq_member, dict(host.arguments, timeout=9, replicas=0))
    assert said.startswith("rabbit@mq2 does not run: ") and host.asked_early == 1


def test_a_peer_that_does_not_answer_is_said_before_anything(host, refused):
    host.running.discard("rabbit@mq1")
    assert refused(rabbitmq_member, dict(host.arguments, **JOIN)) == (
        "rabbitmqctl cluster_status failed on rabbit@mq1 (rc 69): it does not run.")
    assert host.did == []


def test_quorum_queues_grow_onto_a_member_that_has_joined(host, play):
    host.clusters = [set(ALL)]
    host.queue("orders", kind="quorum", members=["rabbit@mq1", "rabbit@mq3"])
    result = play(rabbitmq_member, dict(host.arguments, peer="rabbit@mq1"), check=True)
    assert result["steps"] == ["grow"] and host.did == []
    assert play(rabbitmq_member, dict(host.arguments, peer="rabbit@mq1"))["steps"] == ["grow"]
    assert host.did == ["grow rabbit@mq2 all"]
    assert play(rabbitmq_member, dict(host.arguments, peer="rabbit@mq1"))["changed"] is False


# Leave

def test_a_member_leaves_its_queues_first(member, play):
    member.queue("orders", kind="quorum", members=ALL)
    result = play(rabbitmq_member, dict(member.arguments, state="absent"))
    assert result["steps"] == ["shrink", "leave"] and result["members"] == ["rabbit@mq2"]
    assert member.did == ["shrink rabbit@mq2", "stop_app", "reset", "start_app"]
    assert member.queues["shop", "orders"]["members"] == ["rabbit@mq1", "rabbit@mq3"]
    assert play(rabbitmq_member, dict(member.arguments, state="absent"))["changed"] is False


def test_a_member_that_leaves_for_good_serves_nobody_as_an_empty_one(member, play):
    play(rabbitmq_member, dict(member.arguments, state="absent", start=False))
    assert member.did == ["shrink rabbit@mq2", "stop_app", "reset"]


@pytest.mark.parametrize("queue, sentence", [
    ({"messages": 3, "members": ["rabbit@mq2"]},
     "rabbit@mq2 is the only one with these queues and their messages: 'orders' in 'shop'. Move them "
     "(playbooks/rabbitmq_migrate_queues.yml), or discard: true throws them away."),
    ({"kind": "quorum", "members": ALL, "online": ["rabbit@mq2", "rabbit@mq1"]},
     "Without rabbit@mq2 these queues would have no majority any more: 'orders' in 'shop'. Bring the other members back, or discard: true "
     "gives them up."),
])
def test_who_would_take_messages_along_does_not_leave(member, play, refused, queue, sentence):
    member.queue("orders", **queue)
    assert refused(rabbitmq_member, dict(member.arguments, state="absent")) == sentence
    assert member.did == []
    assert play(rabbitmq_member, dict(member.arguments, state="absent", discard=True))["steps"] == ["shrink", "leave"]


def test_a_leave_that_fails_goes_on_as_the_member_it_was(member, refused):
    member.refuses = {"reset": (70, "", "Error: mnesia")}
    assert refused(rabbitmq_member, dict(member.arguments, state="absent")) == "rabbitmqctl reset failed (rc 70): mnesia."
    assert member.did[-2:] == ["reset", "start_app"] and member.serving and member.clusters == [set(ALL)]


def test_a_queue_that_keeps_its_member_is_waited_for_and_not_left_behind(member, refused):
    member.queue("orders", kind="quorum", members=ALL)
    member.shrink = lambda node, words: (0, "", "")
    said = refused(rabbitmq_member, dict(member.arguments, state="absent", timeout=5))
    assert said == "rabbit@mq2 is still a member of quorum queues: it is not so within 5 s"
    assert "reset" not in member.did and "stop_app" not in member.did


def test_check_mode_leaves_nothing(member, play):
    assert play(rabbitmq_member, dict(member.arguments, state="absent"), check=True)["steps"] == ["shrink", "leave"] and member.did == []


def test_who_does_not_run_has_left_only_when_it_remembers_nobody(host, play, refused):
    host.running.discard(host.me)
    assert play(rabbitmq_member, dict(host.arguments, state="absent"))["changed"] is False
    remembers(host, ALL)
    assert refused(rabbitmq_member, dict(host.arguments, state="absent")).startswith(
        "rabbit@mq2 cannot leave its cluster (rabbit@mq1, rabbit@mq3): rabbitmqctl cluster_status failed")


# Forget

FORGET = {"state": "forgotten", "node": "rabbit@mq3"}


def test_a_dead_member_is_forgotten_with_its_votes(member, play):
    member.running.discard("rabbit@mq3")
    member.queue("orders", kind="quorum", members=ALL)
    result = play(rabbitmq_member, dict(member.arguments, **FORGET))
    assert result["steps"] == ["forget"] and result["members"] == ["rabbit@mq1", "rabbit@mq2"]
    assert member.did == ["forget_cluster_node rabbit@mq3", "shrink rabbit@mq3"]
    assert play(rabbitmq_member, dict(member.arguments, **FORGET))["changed"] is False


def test_what_a_run_that_was_broken_off_left_in_the_queues_goes(member, play):
    member.clusters = [{"rabbit@mq1", "rabbit@mq2"}]
    member.queue("orders", kind="quorum", members=ALL)
    assert play(rabbitmq_member, dict(member.arguments, **FORGET))["steps"] == ["shrink"]
    assert member.did == ["shrink rabbit@mq3"]


def test_a_member_that_runs_is_not_forgotten(member, refused):
    assert refused(rabbitmq_member, dict(member.arguments, discard=True, **FORGET)) == (
        "rabbit@mq3 runs: let it leave (state: absent there), or stop it before it is forgotten.")
    assert member.did == []


def test_who_is_to_be_forgotten_must_be_named(member, refused):
    assert refused(rabbitmq_member, {"state": "forgotten"}) == "state is forgotten but all of the following are missing: node"


# Maintenance

@pytest.mark.parametrize("state, action", [("drained", "drain"), ("ready", "revive")])
def test_maintenance_begins_and_ends_once(member, play, state, action):
    member.maintenance = set() if state == "drained" else {member.me}
    assert play(rabbitmq_member, dict(member.arguments, state=state), check=True)["changed"] and member.did == []
    result = play(rabbitmq_member, dict(member.arguments, state=state), diff=True)
    assert result["steps"] == [action] and member.did == [action]
    assert ("in maintenance" in result["diff"]["after"]) is (state == "drained")
    assert not play(rabbitmq_member, dict(member.arguments, state=state))["changed"] and member.did == [action]


@pytest.mark.parametrize("words", rabbitmq_member.ENDED_ITSELF)
@pytest.mark.parametrize("ended, said", [
    (2, None), (9, "{:normal, {:gen_server, :call, [#PID<1.2.0>, {:shutdown, 'maintenance'}, :infinity]}}"), (-1, "nodedown")])
def test_a_drain_goes_on_after_a_connection_that_ended_by_itself(member, play, refused, monkeypatch, ended, said, words):
    tried, do = [], rabbitmq_member.Cli.do

    def breaks(cli, tool, *arguments, node=None):
        if tool == "rabbitmq-upgrade":
            tried.append(arguments)
            if ended < 0 or len(tried) <= ended:
                raise rabbitmq_member.CliError("rabbitmq-upgrade drain failed (rc 69): " + (said or words))
        return do(cli, tool, *arguments, node=node)

    monkeypatch.setattr(rabbitmq_member.Cli, "do", breaks)
    if said:
        assert said in refused(rabbitmq_member, dict(member.arguments, state="drained"))
        assert len(tried) == (1 if ended < 0 else rabbitmq_member.DRAINS)
    else:
        assert play(rabbitmq_member, dict(member.arguments, state="drained"))["steps"] == ["drain"] and len(tried) == 3

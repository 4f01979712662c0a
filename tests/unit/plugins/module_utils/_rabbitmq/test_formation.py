from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.formation import cookies_differ, formation, node_of

HOSTS = ["mq1", "mq2", "mq3"]
NODES = ["rabbit@" + host for host in HOSTS]
BLANK = {"available": False, "members": [], "remembers": [], "cookie_digest": "own=="}


def member(digest="c==", available=True, nodes=NODES):
    return {"available": available, "members": nodes if available else [], "remembers": nodes, "cookie_digest": digest}


def test_a_new_cluster_begins_at_its_first_member():
    blank = [dict(BLANK, cookie_digest=str(number)) for number in range(3)]
    assert formation(HOSTS, blank) == {"refused": [], "seed": "mq1", "seed_node": "rabbit@mq1", "cookie": "mq1", "cookies_differ": True}


def test_a_new_machine_joins_who_is_there_whatever_its_cookie():
    decided = formation(HOSTS, [BLANK, member(), member()])
    assert decided == {"refused": [], "seed": "mq2", "seed_node": "rabbit@mq2", "cookie": "mq2", "cookies_differ": True}


def test_a_cluster_that_is_down_is_remembered():
    decided = formation(HOSTS, [BLANK, member(available=False), member(available=False)])
    assert (decided["refused"], decided["seed"]) == ([], "mq2")


def test_a_dead_member_does_not_keep_the_others_from_going_on():
    assert formation(HOSTS, [{}, member(), member()])["refused"] == []


def test_no_second_cluster_beside_one_that_was_not_reached():
    assert formation(HOSTS, [{}, BLANK, BLANK])["refused"] == [
        "mq1: it was not reached, and nobody else is in a cluster yet: a new one is formed with all of its members only. "
        "Bring it back, or take it out of the group."]


def test_the_member_with_another_cookie_is_named_by_digest():
    said = ("mq3: its Erlang cookie is d== (digest), the other members have c==: put the cluster's cookie back there and restart the "
            "node, or playbooks/rabbitmq_cookie_rotate.yml gives all members a new one.")
    assert formation(HOSTS, [member(), member(), member("d==", available=False)])["refused"] == [said]
    assert formation(HOSTS, [member(available=False), member(available=False), member("d==", available=False)])["refused"] == [said]


def test_whoever_runs_in_the_cluster_has_the_right_cookie():
    infos = [member(), member("d==", available=False), member("d==", available=False)]
    assert [sentence[:4] for sentence in formation(HOSTS, infos)["refused"]] == ["mq2:", "mq3:"]


def test_a_cookie_that_the_cluster_has_not_is_a_rotation():
    # echo -n OTHERCOOKIE | openssl md5 -binary | base64
    running = [member(), member(), BLANK]
    assert formation(HOSTS, running, "OTHERCOOKIE")["refused"] == [
        "rabbitmq_cluster_cookie is /7TyzKtRsbuLa61B67Z70Q== (digest), the cluster of mq1, mq2 has c==: "
        "playbooks/rabbitmq_cookie_rotate.yml gives it to all members at once, or leave the variable out."]
    assert formation(HOSTS, [member("/7TyzKtRsbuLa61B67Z70Q==") for _host in HOSTS], "OTHERCOOKIE\n")["refused"] == []
    assert formation(HOSTS, [BLANK, BLANK, BLANK], "OTHERCOOKIE")["refused"] == []


def test_two_clusters_are_not_made_one():
    other = member(nodes=["rabbit@mq2", "rabbit@mq3"])
    infos = [member(nodes=["rabbit@mq1", "rabbit@old1"]), other, other]
    assert formation(HOSTS, infos)["refused"][0] == (
        "mq2: it is in a cluster of rabbit@mq2, rabbit@mq3, mq1 is in one of rabbit@mq1, rabbit@old1: which of them holds the messages to "
        "be kept? Let the others leave.")


def test_cookies_are_asked_for_only_where_somebody_lacks_the_one_of_all():
    same = [{**member(), "cookie_accepted": True} for _host in HOSTS]
    assert not cookies_differ(same, "")
    assert cookies_differ([*same[:2], {**member("d=="), "cookie_accepted": True}], "")
    assert cookies_differ([*same[:2], {**member(), "cookie_accepted": False}], "")
    assert cookies_differ([{}, *same[:2]], "")
    assert cookies_differ([BLANK, BLANK, BLANK], "")
    assert cookies_differ(same, "OTHERCOOKIE")
    assert not cookies_differ([{**member("/7TyzKtRsbuLa61B67Z70Q=="), "cookie_accepted": True}], "OTHERCOOKIE\n")


def test_nodes_have_short_names():
    assert node_of("mq1.example.test") == "rabbit@mq1"

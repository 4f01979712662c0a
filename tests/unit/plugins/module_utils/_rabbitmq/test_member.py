from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.member import (
    diff_lines,
    grow_commands,
    is_forgotten,
    names,
    other_nodes,
    plan_absent,
    plan_forgotten,
    plan_present,
)


def status(*members, running=None, **types):
    return {"members": list(members), "running": list(members) if running is None else running, "knows_ram": True,
            "types": {**{node: "disc" for node in members}, **types}}


def queue(name="q", kind="quorum", members=("a", "b", "c"), online=None, messages=1):
    return {"vhost": "/", "name": name, "type": kind, "members": list(members), "messages": messages,
            "online": list(members if online is None else online)}


@pytest.mark.parametrize("text, nodes", [
    ("{[rabbit@b1,rabbit@b2],[rabbit@b1]}.\n", ["rabbit@b1", "rabbit@b2"]), ("{['rabbit@b-1'],[]}.", ["rabbit@b-1"]), ("", []), ("[]", [])])
def test_what_a_stopped_node_remembers(text, nodes):
    assert other_nodes(text) == nodes


def test_forgotten_is_who_remembers_a_cluster_that_does_not_know_him():
    assert is_forgotten("c", ["a", "b", "c"], ["a", "b"])
    assert not is_forgotten("c", ["a", "b", "c"], ["a", "b", "c"])
    assert not is_forgotten("c", [], ["a", "b"])
    assert not is_forgotten("c", ["c"], ["a", "b"])
    assert not is_forgotten("c", ["x", "c"], ["a", "b"])


def test_joining():
    assert plan_present("c", "disc", status("c"), status("a", "b"), []) == (["join"], None)
    assert plan_present("c", "disc", status("a", "b", "c"), status("a", "b", "c"), []) == ([], None)


def test_a_machine_with_the_name_of_a_dead_member_takes_its_place():
    assert plan_present("c", "disc", status("c"), status("a", "b", "c", running=["a", "b"]), []) == (["forget", "join"], None)


def test_changing_the_type():
    assert plan_present("b", "ram", status("a", "b"), status("a", "b"), []) == (["type"], None)
    assert plan_present("b", "disc", status("a", "b", b="ram"), status("a", "b", b="ram"), []) == (["type"], None)
    steps, said = plan_present("b", "ram", status("a", "b"), {**status("a", "b"), "knows_ram": False}, [])
    assert steps == [] and "has disc nodes only, take type: disc" in said


def test_joining_is_refused_where_it_would_destroy():
    steps, said = plan_present("c", "disc", status("c"), status("a"), [queue("orders")])
    assert steps == ["join"]
    assert said == ("c holds queues ('orders' in '/'): joining would delete them. Move their messages first, or discard: true throws "
                    "them away.")
    said = plan_present("c", "disc", status("c", "d"), status("a"), [])[1]
    assert said.startswith("c belongs to another cluster (c, d): it must leave that first (state: absent), or discard: true")


def test_leaving():
    assert plan_absent("a", status("a"), [queue()]) == ([], None)
    assert plan_absent("c", status("a", "b", "c"), [queue()]) == (["shrink", "leave"], None)
    assert plan_absent("b", status("a", "b"), [queue(members=("a", "b"))])[1] is None


def test_leaving_is_refused_where_it_would_destroy():
    said = plan_absent("c", status("a", "b", "c"), [queue("lonely", "classic", ("c",))])[1]
    assert said.startswith("c is the only one with these queues and their messages: 'lonely' in '/'.")
    assert plan_absent("c", status("a", "c"), [queue("empty", "classic", ("c",), messages=0)])[1] is None
    said = plan_absent("c", status("a", "b", "c"), [queue(online=("a", "c"))])[1]
    assert said.startswith("Without c these queues would have no majority any more: 'q' in '/'.")


def test_forgetting():
    assert plan_forgotten("c", status("a", "b")) == ([], None)
    assert plan_forgotten("c", status("a", "b", "c", running=["a", "b"])) == (["forget"], None)
    assert plan_forgotten("c", status("a", "b", "c"))[1].startswith("c runs: let it leave (state: absent there)")


def test_replicas_that_are_lacking():
    two, full, classic = queue("two", members=("a", "b")), queue("full"), queue("old", "classic", ("a",))
    assert grow_commands([two, full, classic], "c", 3, ["a", "b", "c"]) == [["grow", "c", "all"]]
    # d is no member of the full one either, which needs no fourth replica.
    assert grow_commands([two, full], "d", 3, ["a", "b", "c", "d"]) == [["add_member", "--vhost", "/", "two", "d"]]
    assert grow_commands([full], "c", 3, ["a", "b", "c"]) == []
    assert grow_commands([two], "c", 3, ["a", "b"]) == []


def test_names_are_cut():
    assert names([queue(str(number)) for number in range(7)]).endswith("'4' in '/' and 2 more")


def test_diff():
    assert diff_lines(status("a", "b", running=["a"], b="ram")) == "a disc running\nb ram down\n"

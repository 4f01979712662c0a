from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._galera.recovery import classify, lines, plan

UUID = "c8c6bbed-e5a4-11f1-b1d1-8ec0291e69c8"
OTHER = "11111111-e5a4-11f1-b1d1-8ec0291e69c8"
MEMBERS = ["galera1", "galera2", "galera3"]


def down(seqno, uuid=UUID, source="grastate.dat", **more):
    return dict({"reachable": True, "service": "inactive", "running": False, "starting": False, "primary": False, "uuid": uuid,
                 "seqno": seqno, "source": source, "grastate": "ok", "safe_to_bootstrap": False, "databases": ["shop"]}, **more)


def blank(**more):
    return down(-1, uuid="", source="none", grastate="missing", databases=[], **more)


def alive(seqno, uuid=UUID, **more):
    return down(seqno, uuid, "running", running=True, primary=True, service="active", **more)


def alone(seqno, uuid=UUID, **more):
    """It runs, in no primary component."""
    return dict(alive(seqno, uuid, **more), primary=False)


STARTING = dict(blank(), service="activating", starting=True)
GONE = {}
UNREADABLE = blank(problem="mariadbd --wsrep-recover told no position (rc 1)")


def answer(one, two, three, **options):
    return plan(MEMBERS, dict(zip(MEMBERS, (one, two, three))), **options)


def refused(decision, *sentences):
    assert decision["verdict"] == "refuse", decision
    assert decision["bootstrap"] is None and decision["join"] == [] and decision["stop"] == []
    for sentence in sentences:
        assert sentence in decision["because"], decision["because"]


# -- the first time


def test_all_blank_the_first_begins():
    decision = answer(blank(), blank(), blank())
    assert (decision["verdict"], decision["bootstrap"], decision["how"]) == ("bootstrap", "galera1", "start")
    assert decision["join"] == ["galera2", "galera3"] and decision["uuid"] == "" and decision["seqno"] == -1
    assert decision["new"]


def test_a_cluster_is_new_only_when_nobody_brings_anything():
    brings = down(-1, "", "none", grastate="missing")
    assert answer(brings, blank(), blank())["bootstrap"] == "galera1" and not answer(brings, blank(), blank())["new"]
    assert not answer(alive(7), blank(), blank())["new"] and not answer(down(7), down(7), down(7))["new"]


def test_all_blank_but_one_is_not_reached():
    refused(answer(blank(), blank(), GONE), "galera3 may be ahead", "cannot be reached", "-e galera_discard=galera3")


def test_a_server_that_runs_outside_of_any_cluster_is_stopped_before_it_begins_one():
    runs = dict(service="active", running=True, wsrep_on=False)
    for first in (down(-1, "", "none", grastate="missing", **runs), blank(**runs)):
        decision = answer(first, blank(), blank())
        assert (decision["bootstrap"], decision["stop"], decision["join"]) == ("galera1", ["galera1"], ["galera2", "galera3"])
    assert answer(down(-1, "", "none", grastate="missing"), blank(), blank())["stop"] == []


POINT = UUID + ":30"


def test_who_is_given_up_unreached_is_noted_and_told():
    told = "galera3 is not started again with the data it has"
    for infos in ((down(30), down(30), GONE), (alone(30), alone(30), GONE)):
        decision = answer(*infos, discard=["galera3"])
        assert told in decision["because"] and decision["given_up"] == {"galera3": POINT}
    blanks = answer(blank(), blank(), GONE, discard=["galera3"])
    assert told not in blanks["because"] and blanks["given_up"] == {}


RECORD = {"given_up": {"galera3": POINT}}


def test_who_was_given_up_does_not_join_with_what_it_has():
    """Its position is behind the component's, as it is after a while; what stands there is another thing."""
    decision = answer(alive(900, **RECORD), alive(900, **RECORD), down(33))
    assert decision["refused"] == ["galera3"] and "the others went on without it at %s" % POINT in decision["because"]
    assert decision["join"] == [] and "-e galera_discard=galera3" in decision["because"]
    decision = answer(alive(900, **RECORD), alive(900, **RECORD), down(33), discard=["galera3"])
    assert (decision["join"], decision["discard"]) == (["galera3"], ["galera3"])
    # Its own machine does not let it in, and systemd starts it again and again.
    again = answer(alive(900, **RECORD), alive(900, **RECORD), down(33, service="activating", starting=True))
    assert again["refused"] == ["galera3"] and again["join"] == []


def test_who_has_had_a_whole_copy_since_joins():
    assert answer(alive(900, **RECORD), alive(900, **RECORD), down(890, settled=[POINT]))["join"] == ["galera3"]
    assert answer(alive(900, **RECORD), alive(900, **RECORD), blank())["join"] == ["galera3"]


def test_who_was_given_up_is_not_taken_for_the_one_that_is_furthest_ahead():
    refused(answer(down(31, **RECORD), down(31, **RECORD), down(33)), "galera3 is left out", "-e galera_discard=galera3",
            "-e galera_bootstrap_from=galera3")
    assert answer(down(31, **RECORD), down(31, **RECORD), down(33), discard=["galera3"])["bootstrap"] == "galera1"
    decision = answer(down(31, **RECORD), down(31, **RECORD), down(33), discard=["galera1", "galera2"], bootstrap_from="galera3")
    assert (decision["bootstrap"], decision["given_up"]) == ("galera3", {"galera3": ""})


def test_the_one_that_brings_databases_begins():
    decision = answer(blank(), down(-1, "", "none", grastate="missing"), blank())
    assert decision["bootstrap"] == "galera2" and "with its databases" in decision["because"]


def test_two_that_bring_databases():
    standalone = down(-1, "", "none", grastate="missing")
    refused(answer(standalone, standalone, blank()), "galera1, galera2 have databases of their own", "galera_bootstrap_from")
    refused(answer(standalone, standalone, blank(), bootstrap_from="galera2"), "galera1 would lose its databases",
            "-e galera_discard=galera1")
    decision = answer(standalone, standalone, blank(), bootstrap_from="galera2", discard=["galera1"])
    assert decision["bootstrap"] == "galera2" and decision["discard"] == ["galera1"]


def test_a_broken_off_transfer_and_nobody_with_the_data():
    refused(answer(blank(sst_in_progress=True), blank(), blank()), "A state transfer to galera1 broke off")
    decision = answer(blank(sst_in_progress=True), blank(), blank(), discard=["galera1"])
    assert decision["bootstrap"] == "galera2"


# -- a primary component lives


def test_nobody_is_bootstrapped_beside_a_primary_component():
    decision = answer(alive(30), alive(30), down(20))
    assert (decision["verdict"], decision["bootstrap"], decision["join"]) == ("primary", None, ["galera3"])
    assert "galera1, galera2" in decision["because"]


def test_not_even_when_asked_to():
    refused(answer(alive(30), blank(), down(20), bootstrap_from="galera3"), "a primary component lives on galera1")


def test_one_member_that_cannot_be_reached_does_not_matter_then():
    decision = answer(alive(30), GONE, UNREADABLE)
    assert decision["verdict"] == "primary" and decision["join"] == []
    assert decision["refused"] == ["galera3"] and "-e galera_discard=galera3" in decision["because"]
    decision = answer(alive(30), GONE, UNREADABLE, discard=["galera3"])
    assert decision["join"] == ["galera3"] and decision["discard"] == ["galera3"]


def test_a_fresh_empty_member_joins():
    decision = answer(alive(30), alive(30), blank())
    assert decision["join"] == ["galera3"] and decision["discard"] == [] and decision["refused"] == []


def test_a_broken_off_transfer_is_repeated():
    assert answer(alive(30), alive(30), blank(sst_in_progress=True))["join"] == ["galera3"]


def test_a_foreign_member_does_not_join_by_itself():
    decision = answer(alive(30), alive(30), down(5, OTHER))
    assert decision["join"] == [] and decision["refused"] == ["galera3"]
    assert "galera3 does not join, its data would be replaced by the cluster's: it belongs to another cluster" in decision["because"]
    assert answer(alive(30), alive(30), down(5, OTHER), discard=["galera3"])["discard"] == ["galera3"]


def test_a_server_with_databases_that_was_never_in_a_cluster_does_not_join_by_itself():
    decision = answer(alive(30), alive(30), down(-1, "", "none", grastate="missing"))
    assert decision["join"] == [] and "databases of its own (shop)" in decision["because"]


def test_a_running_server_without_wsrep_is_such_a_one():
    running = dict(down(-1, "", "none", grastate="missing"), running=True, wsrep_on=False, service="active")
    assert classify(running) == "standalone"
    assert answer(alive(30), alive(30), running)["refused"] == ["galera3"]


def test_a_member_that_is_ahead_of_the_living_component():
    decision = answer(alive(30), alive(30), down(33))
    assert decision["join"] == []
    assert "has transactions that the living component has not (33, the component is at 30)" in decision["because"]
    assert answer(alive(30), alive(30), down(33), discard=["galera3"])["discard"] == ["galera3"]


def test_what_waits_to_be_applied_counts():
    assert answer(alive(30, queue=5), alive(30), down(33))["join"] == ["galera3"]


def test_two_primary_components():
    refused(answer(alive(30), alive(7, OTHER), blank()), "Two primary components live at once", "galera_discard")


@pytest.mark.parametrize("number", [30, 25])
def test_a_split_cluster(number):
    one, two = ({"wsrep_incoming_addresses": addresses} for addresses in ("a:3306,b:3306,", "c:3306"))
    refused(answer(alive(30, status=one), alive(30, status=one), alive(number, status=two)),
            "Two primary components live at once, the cluster is split: galera1 and galera3 do not see each other",
            "-e galera_discard=<those members>")
    # Stopped, as told: whatever its position, it gets a whole copy.
    decision = answer(alive(30, status=one), alive(30, status=one), down(number), discard=["galera3"])
    assert decision["verdict"] == "primary" and decision["join"] == decision["discard"] == ["galera3"]


def test_a_view_that_is_just_changing_is_no_split():
    before, after = ({"wsrep_incoming_addresses": addresses} for addresses in ("a:3306,b:3306,c:3306", "a:3306,b:3306"))
    assert answer(alive(30, status=before), alive(30, status=after), alive(30, status={}))["verdict"] == "primary"


def test_members_on_their_way_are_waited_for():
    decision = answer(alive(30), STARTING, alone(30))
    assert decision["join"] == ["galera2", "galera3"] and decision["stop"] == decision["discard"] == []
    assert [row["verdict"] for row in decision["table"]] == ["in the primary component", "is on its way", "is on its way"]


def test_a_foreign_member_that_runs_is_not_waited_for():
    decision = answer(alive(30), alive(30), alone(5, OTHER))
    assert decision["join"] == [] and decision["refused"] == ["galera3"]


# -- somebody is to leave


def leave(one, two, three, **options):
    """galera3 is to leave."""
    return plan(MEMBERS[:2], dict(zip(MEMBERS, (one, two, three))), leaving=MEMBERS[2:], **options)


def test_who_leaves_is_not_joined():
    for third in (alive(30), down(20), down(5, OTHER), blank(), UNREADABLE, GONE, STARTING, alone(30)):
        decision = leave(alive(30), down(20), third)
        assert (decision["verdict"], decision["join"], decision["refused"]) == ("primary", ["galera2"], [])
        assert decision["table"][2]["verdict"] == "leaves"


def test_the_last_of_the_primary_component_does_not_leave():
    refused(leave(down(20), down(20), alive(30)), "Only members that are to leave are in the primary component (galera3)")
    refused(leave(blank(), blank(), alive(30)), "take them out of galera_leaving_group")


def test_who_leaves_may_be_ahead():
    refused(leave(down(30), down(30), down(33)), "galera3 is to leave, but it is ahead (at 33, galera1 is at 30)",
            "-e galera_discard=galera3")
    refused(leave(down(30), down(30), GONE), "galera3 may be ahead")
    refused(leave(blank(), blank(), down(33)), "Only members that are to leave have data (galera3)")
    refused(leave(down(30), down(30), down(30, OTHER)), "The members belong to different clusters")
    for third in (down(33), GONE, down(30, OTHER)):
        decision = leave(down(30), down(29), third, discard=["galera3"])
        assert (decision["bootstrap"], decision["join"], decision["discard"]) == ("galera1", ["galera2"], [])


def test_who_leaves_and_is_behind_does_not_matter():
    for third in (down(20), down(30), blank(), down(-1, "", "none", grastate="missing"), down(9, sst_in_progress=True), alone(30)):
        decision = leave(down(30), down(29), third)
        assert (decision["bootstrap"], decision["join"], decision["stop"]) == ("galera1", ["galera2"], [])
    assert leave(blank(), blank(), blank())["bootstrap"] == "galera1"
    assert leave(down(30), down(30), STARTING)["stop"] == ["galera3"]


def test_who_leaves_is_not_bootstrapped_from():
    refused(leave(down(30), down(30), down(33), bootstrap_from="galera3"), "galera_bootstrap_from names galera3, which is no member")


# -- nobody lives


def test_the_furthest_is_bootstrapped():
    decision = answer(down(2804, source="recovered"), down(2876, source="recovered"), down(2876, source="recovered"))
    assert (decision["bootstrap"], decision["seqno"], decision["uuid"]) == ("galera2", 2876, UUID)
    assert decision["join"] == ["galera1", "galera3"]
    assert "galera2, galera3 are equal, galera2 is the first of them" in decision["because"]


def test_ties():
    assert answer(down(9), down(9), down(9, safe_to_bootstrap=True))["bootstrap"] == "galera3"
    assert "galera3 was the last to leave" in answer(down(9), down(9), down(9, safe_to_bootstrap=True))["because"]
    assert answer(down(9, safe_to_bootstrap=True), alone(9), down(9))["bootstrap"] == "galera2"


def test_safe_to_bootstrap_does_not_outweigh_a_position():
    assert answer(down(9, safe_to_bootstrap=True), down(12, source="recovered"), down(9))["bootstrap"] == "galera2"


def test_one_that_cannot_be_reached_or_read_may_be_ahead():
    refused(answer(down(30), down(30), GONE), "galera3 may be ahead of the others and cannot be read", "-e galera_discard=galera3")
    refused(answer(down(30), UNREADABLE, down(20)), "galera2 may be ahead", "told no position (rc 1)")
    decision = answer(down(30), down(30), GONE, discard=["galera3"])
    assert decision["bootstrap"] == "galera1" and decision["join"] == ["galera2"]
    assert decision["table"][2]["verdict"] == "given up until it is back"


@pytest.mark.parametrize("file", ["torn", "empty", "missing"])
def test_a_file_that_is_not_whole_with_a_position_from_innodb(file):
    decision = answer(down(30, source="recovered", grastate=file), down(29), down(29))
    assert decision["bootstrap"] == "galera1" and decision["seqno"] == 30
    assert decision["table"][0]["because"] == "grastate.dat is %s, the position comes from InnoDB" % file


@pytest.mark.parametrize("file", ["torn", "empty"])
def test_a_file_that_is_not_whole_and_no_position(file):
    refused(answer(down(-1, "", "none", grastate=file, problem="no position"), down(29), down(29)), "galera1 may be ahead")


def test_a_fresh_empty_member_is_no_candidate():
    decision = answer(blank(), down(30), down(29))
    assert decision["bootstrap"] == "galera2" and decision["join"] == ["galera1", "galera3"] and decision["discard"] == []
    refused(answer(blank(), down(30), down(29), bootstrap_from="galera1"),
            "galera1, which has nothing to begin with (a fresh, empty member)")


def test_a_broken_off_transfer_is_no_candidate():
    decision = answer(down(90, sst_in_progress=True), down(30), down(29))
    assert decision["bootstrap"] == "galera2" and "broke off" in decision["table"][0]["because"]


def test_foreign_members():
    refused(answer(down(30), down(30), down(99, OTHER)), "The members belong to different clusters", "galera3 has " + OTHER,
            "galera_bootstrap_from", "galera_discard")
    refused(answer(down(30), down(30), down(99, OTHER), bootstrap_from="galera1"), "different clusters")
    decision = answer(down(30), down(30), down(99, OTHER), discard=["galera3"])
    assert decision["bootstrap"] == "galera1" and decision["discard"] == ["galera3"]


def test_a_standalone_server_beside_members_with_data():
    refused(answer(down(30), down(30), down(-1, "", "none", grastate="missing")), "galera3 is a MariaDB that was never in a cluster")


def test_members_that_are_starting_are_stopped_and_read_again():
    decision = answer(STARTING, down(30), STARTING)
    assert decision["verdict"] == "settle" and decision["stop"] == ["galera1", "galera3"] and decision["bootstrap"] is None


def test_nobody_is_stopped_when_one_cannot_be_read_anyway():
    refused(answer(STARTING, STARTING, GONE), "galera3 may be ahead")


def test_a_running_member_is_made_primary_without_a_restart():
    decision = answer(alone(30), alone(30), down(28))
    assert (decision["bootstrap"], decision["how"], decision["stop"]) == ("galera1", "running", [])
    assert decision["join"] == ["galera2", "galera3"] and decision["table"][1]["verdict"] == "comes along"


def test_running_ones_are_stopped_when_another_is_ahead():
    decision = answer(alone(30), down(31), GONE, discard=["galera3"])
    assert (decision["bootstrap"], decision["how"], decision["stop"], decision["join"]) == ("galera2", "start", ["galera1"], ["galera1"])


def test_the_survivor_of_members_that_are_gone_for_good():
    refused(answer(alone(30), GONE, GONE), "galera2 may be ahead", "galera3 may be ahead")
    decision = answer(alone(30), GONE, GONE, discard=["galera2", "galera3"])
    assert (decision["bootstrap"], decision["how"]) == ("galera1", "running")


# -- overrides


def test_bootstrap_from_somebody_behind_names_what_would_be_lost():
    refused(answer(down(30), down(31), down(28), bootstrap_from="galera1"), "galera2 is at 31", "-e galera_discard=galera2")
    decision = answer(down(30), down(31), down(28), bootstrap_from="galera1", discard=["galera2"])
    assert decision["bootstrap"] == "galera1" and decision["discard"] == ["galera2"] and decision["join"] == ["galera2", "galera3"]


@pytest.mark.parametrize("options, sentence", [
    ({"bootstrap_from": "galera9"}, "galera_bootstrap_from names galera9, which is no member (galera1, galera2, galera3): correct it."),
    ({"discard": ["galera9"]}, "galera_discard names galera9, which is no member"),
    ({"bootstrap_from": "galera1", "discard": ["galera1"]}, "it cannot be both kept and given up"),
    ({"discard": MEMBERS}, "Every member that has data is in galera_discard"),
])
def test_wrong_overrides(options, sentence):
    refused(answer(down(30), down(30), down(30), **options), sentence)


def test_whoever_is_given_up_gets_a_whole_copy():
    decision = answer(down(30), down(30), down(30), discard=["galera3"])
    assert (decision["bootstrap"], decision["discard"]) == ("galera1", ["galera3"])


def test_bootstrap_from_one_that_is_gone():
    refused(answer(STARTING, down(30), GONE, bootstrap_from="galera3", discard=["galera1"]), "galera3 may be ahead")
    refused(answer(down(30), down(30), GONE, bootstrap_from="galera3"), "galera3 may be ahead")


# -- what people see


def test_the_table():
    shown = lines(answer(down(30, safe_to_bootstrap=True), down(29, source="recovered"), blank()))
    assert shown[0].split() == ["member", "reachable", "service", "uuid", "seqno", "source", "safe", "primary", "verdict", "because"]
    assert shown[1].split()[:9] == ["galera1", "yes", "inactive", "c8c6bbed", "30", "grastate.dat", "1", "no", "bootstrapped"]
    assert shown[3].startswith("galera3  yes") and shown[3].endswith("a fresh, empty member")
    assert shown[-1].startswith("bootstrap: No primary component lives. galera1 is furthest ahead")

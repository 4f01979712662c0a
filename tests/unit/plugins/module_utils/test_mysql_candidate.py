from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql_candidate import candidate

DEAD = {"reachable": False}
UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
OTHER = "4350f323-7565-4e59-8763-4b1b83a0ce0e"


def replica(number, executed="0-1-100", received=None, state=None, **more):
    channel = {"channel": "", "gtid": "slave_pos", "received": executed if received is None else received, "receiver": "connecting",
               "applier": "running", "applier_errno": 0, "applier_error": "", "delay": 0, "lag": 0, "filters": {"do_db": []}}
    channel.update(more.pop("channel", {}))
    return dict({"reachable": True, "dialect": "mariadb", "server_id": number, "server_uuid": "", "blank": False, "log_bin": True,
                 "log_replica_updates": True, "channels": [channel],
                 "gtid": {"enabled": True, "executed": executed, "state": executed if state is None else state, "slave": executed,
                          "server_id": number}}, **more)


def mysql(number, executed, received=None, uuid=OTHER):
    one = replica(number, executed, received, dialect="mysql", server_uuid=uuid, channel={"gtid": "auto_position"})
    one["gtid"]["state"] = one["gtid"]["slave"] = ""
    return one


def test_the_most_advanced_wins():
    found = candidate({"db1": DEAD, "db2": replica(2, "0-1-95"), "db3": replica(3, "0-1-100")}, ["db1"])
    assert (found["best"], found["refused"], found["wait_for"]) == ("db3", None, "0-1-100")
    assert [(one["member"], one["eligible"], one["behind"]) for one in found["ranked"]] == [("db3", True, 0), ("db2", True, 5)]
    assert found["ranked"][1]["because"] == "it lacks 0-1-96..100"


def test_what_is_received_counts_though_it_is_not_applied():
    found = candidate({"db2": replica(2, "0-1-95", received="0-1-101"), "db3": replica(3, "0-1-100")})
    assert (found["best"], found["wait_for"]) == ("db2", "0-1-101")


def test_among_equals_the_preferred_then_the_less_lagging_then_the_order():
    equal = {"db2": replica(2, channel={"lag": 3}), "db3": replica(3, channel={"lag": 1}), "db4": replica(4, channel={"lag": None})}
    assert candidate(equal, prefer=["db3"])["best"] == "db3"
    assert candidate(equal, prefer=["db2"])["best"] == "db2"
    assert candidate(equal)["best"] == "db4"
    # Being preferred is nothing against having more.
    assert candidate({"db2": replica(2, "0-1-99"), "db3": replica(3)}, prefer=["db2"])["best"] == "db3"


def test_mysql_sets():
    found = candidate({"db2": mysql(2, "%s:1-95" % UUID), "db3": mysql(3, "%s:1-90" % UUID, "%s:91-97" % UUID)})
    assert (found["best"], found["wait_for"]) == ("db3", "%s:1-97" % UUID)
    assert found["ranked"][1]["missing"] == "%s:96-97" % UUID


@pytest.mark.parametrize(("change", "words"), [
    ({"reachable": False}, "it cannot be reached"),
    ({"log_bin": False}, "does not log what it replicates"),
    ({"log_replica_updates": False}, "does not log what it replicates"),
    ({"channel": {"applier": "stopped", "applier_errno": 1062, "applier_error": "Duplicate entry"}},
     "replication is broken: Duplicate entry"),
    ({"channel": {"delay": 3600}}, "it stays 3600 s behind on purpose"),
    ({"channel": {"filters": {"do_db": ["a"]}}}, "it replicates only a part"),
    ({"channel": {"ignore_server_ids": [7]}}, "it replicates only a part"),
    ({"channel": {"gtid": "none"}}, "it replicates without GTIDs"),
])
def test_who_does_not_come_into_question(change, words):
    seen = {"db2": replica(2, "0-1-200", **change), "db3": replica(3)}
    refused = candidate(seen)
    assert refused["best"] is None and "or give it up with -e mysql_failover_without=db2." in refused["refused"]
    found = candidate(seen, given_up=["db2"])
    assert found["best"] == "db3"
    assert words in found["ranked"][1]["because"] and not found["ranked"][1]["eligible"]


def test_who_cannot_take_over_but_alone_has_something():
    broken = {"applier": "stopped", "applier_errno": 1062, "applier_error": "Duplicate entry"}
    found = candidate({"db1": DEAD, "db2": replica(2, "0-1-100", received="0-1-105", channel=broken), "db3": replica(3)}, ["db1"])
    assert found["refused"] == ("db2 alone has 0-1-101..105, but cannot take over (its replication is broken: Duplicate entry): mend that, "
                                "or give it up with -e mysql_failover_without=db2.")
    # With nothing of its own it stands in nobody's way.
    assert candidate({"db2": replica(2, "0-1-90", channel=broken), "db3": replica(3)})["best"] == "db3"


def test_who_cannot_be_asked_may_have_more():
    seen = {"db1": DEAD, "db2": DEAD, "db3": replica(3)}
    assert candidate(seen, ["db1"])["refused"] == (
        "db2 cannot be reached and may have what nobody else has: bring it back, or give it up with -e mysql_failover_without=db2.")
    assert candidate(seen, ["db1"], given_up=["db2"])["best"] == "db3"


def test_a_blank_member_and_one_without_gtids():
    blank = replica(2, "", blank=True, channels=[])
    off = replica(4, channels=[])
    off["gtid"]["enabled"] = False
    found = candidate({"db2": blank, "db3": replica(3), "db4": off})
    assert found["best"] == "db3"
    assert {one["member"]: one["because"] for one in found["ranked"][1:]} == {"db2": "it is blank", "db4": "it has GTIDs off"}


def test_who_wrote_itself_does_not_come_into_question():
    found = candidate({"db2": replica(2, "0-2-101", state="0-1-100,0-2-101"), "db3": replica(3), "db4": replica(4)})
    assert found["best"] in ("db3", "db4")
    assert "transactions of its own that nobody else has: 0-2-1..101" in found["ranked"][-1]["because"]


def test_who_was_the_source_once_is_no_stranger():
    old = {name: replica(number, state="0-2-50,0-1-100") for name, number in (("db2", 2), ("db3", 3))}
    assert candidate(old)["best"] == "db2"


def test_the_last_one_cannot_be_compared():
    assert candidate({"db2": replica(2, "0-2-101", state="0-1-100,0-2-101")})["best"] == "db2"


def test_nobody():
    assert candidate({"db1": DEAD}, ["db1"])["refused"] == "there is no other member."
    found = candidate({"db1": DEAD, "db2": DEAD})
    assert (found["best"], found["wait_for"]) == (None, "")
    assert found["refused"] == "no member can take over: db1: it cannot be reached; db2: it cannot be reached."


def test_members_that_have_diverged():
    found = candidate({"db2": replica(2, "0-1-100,1-5-9"), "db3": replica(3, "0-1-105,1-5-7")})
    assert found["best"] is None
    assert found["refused"].startswith("the members have diverged, each has transactions that another lacks: ")
    assert "db2 lacks 0-1-101..105" in found["refused"] and "db3 lacks 1-5-8..9" in found["refused"]

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.candidate import candidate

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
    assert found["refused"] == ("db2 alone has 0-1-101..105, but cannot take over (its replication is broken: Duplicate entry): "
                                "repair that, or give it up with -e mysql_failover_without=db2.")
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
    assert {one["member"]: one["because"] for one in found["ranked"][1:]} == {"db2": "it is blank", "db4": "its gtid_mode is OFF, not ON"}


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
    assert candidate({"db1": DEAD}, ["db1"])["refused"] == "there is no other member: bring the writer back."
    found = candidate({"db1": DEAD, "db2": DEAD})
    assert (found["best"], found["wait_for"]) == (None, "")
    assert found["refused"] == "no member can take over: db1: it cannot be reached; db2: it cannot be reached."


def test_members_that_have_diverged():
    found = candidate({"db2": replica(2, "0-1-100,1-5-9"), "db3": replica(3, "0-1-105,1-5-7")})
    assert found["best"] is None
    assert found["refused"].startswith("the members have diverged, each has transactions that another lacks: ")
    assert "db2 lacks 0-1-101..105" in found["refused"] and "db3 lacks 1-5-8..9" in found["refused"]
    assert found["refused"].endswith("give up what one of them alone has with -e mysql_failover_without=<host>.")


def test_of_members_that_have_diverged_one_is_given_up_by_name():
    both = {"db2": replica(2, "0-1-100,1-5-9"), "db3": replica(3, "0-1-105,1-5-7")}
    found = candidate(both, given_up=["db2"])
    assert (found["best"], found["refused"], found["wait_for"]) == ("db3", None, "0-1-105,1-5-7")
    assert found["ranked"][-1]["because"] == "it has diverged from the others and is given up"
    assert candidate(both, given_up=["db3"])["best"] == "db2"
    # Whoever gives all of them up has said nothing about who shall go on.
    assert candidate(both, given_up=["db2", "db3"])["best"] is None


def test_who_is_given_up_and_has_everything_takes_over_all_the_same():
    assert candidate({"db2": replica(2, "0-1-105"), "db3": replica(3, "0-1-100")}, given_up=["db2"])["best"] == "db2"


def test_a_writer_that_answers_and_is_given_up_is_not_promoted_again():
    everybody = {"db1": dict(replica(1), channels=[]), "db2": replica(2), "db3": replica(3, "0-1-90")}
    assert candidate(everybody, prefer=["db1"])["best"] == "db1"
    found = candidate(everybody, prefer=["db1"], writer="db1", leaving="db1")
    assert found["best"] == "db2"
    assert [one["because"] for one in found["ranked"] if one["member"] == "db1"] == ["its part is taken away"]


@pytest.mark.parametrize("leaving", ["", "db1"])
def test_what_only_the_writer_has_is_never_dropped_without_a_word(leaving):
    everybody = {"db1": dict(replica(1, "0-1-103"), channels=[]), "db2": replica(2), "db3": replica(3)}
    found = candidate(everybody, writer="db1", leaving=leaving)
    assert found["best"] is None and found["refused"].startswith("db1 alone has 0-1-101..103, but cannot take over (")
    assert found["refused"].endswith("): repair that, or give it up with -e mysql_failover_without=db1.")
    assert candidate(everybody, writer="db1", leaving=leaving, given_up=["db1"])["best"] == "db2"


def test_what_a_replica_wrote_by_itself_is_no_loss():
    everybody = {"db1": {"reachable": False}, "db2": replica(2), "db3": replica(3, "0-1-100,1-3-5", state="0-1-100,1-3-5")}
    assert candidate(everybody, without=["db1"], writer="db1")["best"] == "db2"


@pytest.mark.parametrize("mode", ["OFF", "OFF_PERMISSIVE", "ON_PERMISSIVE"])
def test_a_permissive_gtid_mode_is_told_by_its_name(mode):
    one = mysql(2, "%s:1-95" % UUID)
    one["gtid"].update(enabled=False, mode=mode)
    assert candidate({"db2": one})["refused"] == "no member can take over: db2: its gtid_mode is %s, not ON." % mode


def test_who_logs_only_a_part_does_not_take_over():
    found = candidate({"db2": replica(2, log_filters={"do_db": ["shop"], "ignore_db": []})})
    assert "its binary log has only a part (binlog_do_db: shop)" in found["refused"]


def test_who_has_all_databases_takes_over_from_who_lacks_those_older_than_the_log():
    seen = {"db2": replica(2, databases=["shop"]), "db3": replica(3, databases=["elder", "shop"])}
    assert candidate(seen, prefer=["db2"])["best"] == "db3"
    # Being further is everything else; then the databases are named.
    seen["db2"] = replica(2, "0-1-101", databases=["shop"])
    assert candidate(seen)["refused"].startswith("db3 alone has the databases elder, which are older than the binary logs, and db2 would")
    assert candidate(seen, given_up=["db3"])["best"] == "db2"


def test_a_database_that_is_only_not_received_yet_is_not_missing():
    assert candidate({"db2": replica(2, "0-1-99", databases=["shop"]), "db3": replica(3, databases=["new", "shop"])})["best"] == "db3"


@pytest.mark.parametrize(("mine", "others", "brought"), [
    (lambda extra: replica(2, "0-1-95" + extra), lambda: replica(3, "0-1-100"), ",7-50-1000"),
    (lambda extra: mysql(2, "%s:1-95%s" % (UUID, extra)), lambda: mysql(3, "%s:1-100" % UUID, uuid="".join(reversed(OTHER))),
     ",5350f323-7565-4e59-8763-4b1b83a0ce0e:1-1000"),
])
def test_what_a_second_channel_brought_makes_nobody_more_advanced(mine, others, brought):
    one = mine(brought)
    one["channels"].append(dict(one["channels"][0], channel="archive"))
    found = candidate({"db2": one, "db3": others()})
    assert (found["refused"], found["best"]) == (None, "db3")
    # Alone it waits for all that it has received.
    assert brought[1:] in candidate({"db2": one})["wait_for"]

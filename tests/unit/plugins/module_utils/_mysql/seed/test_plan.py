from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.plan import judge, offer_problem, room_needed, seed_plan, series

RUNNING = {"receiver": "running", "applier": "running", "lag": 0}


def member(executed="", server_id=2, databases=(), **more):
    seen = {"reachable": True, "dialect": "mariadb", "version": "10.11.18", "writable": False, "log_bin": True,
            "log_replica_updates": True, "databases": list(databases), "blank": not databases, "channels": [],
            "gtid": {"executed": executed, "state": executed, "slave": "", "server_id": server_id}}
    seen.update(more)
    return seen


WRITER = member("0-1-100", 1, ["app"], writable=True)
REPLICA = member("0-1-100", 2, ["app"], channels=[RUNNING])
BLANK = member("", 3)


def plan(joiners, observed, **more):
    return seed_plan(joiners, observed, "db1", **more)


def test_series():
    assert series("10.11.18-MariaDB-0+deb12u1") == series("10.11.19") == "10.11"
    assert series("/usr/sbin/mysqld  Ver 9.7.4 for Linux") == "9.7"


def test_room():
    assert room_needed(1000) == 1100


@pytest.mark.parametrize("facts, text", [
    ({"log_bin": False, "logs_replicated": True}, "no binary log"),
    ({"log_bin": True, "logs_replicated": False}, "log_slave_updates"),
    ({"log_bin": True, "logs_replicated": True, "version": "10.11.18-MariaDB"}, "install the same series"),
])
def test_unfit_offers(facts, text):
    assert text in offer_problem("db2", facts, "11.8.6-MariaDB", "db3")


def test_offers_of_the_same_series_fit():
    facts = {"log_bin": True, "logs_replicated": True, "version": "10.11.18-MariaDB"}
    assert offer_problem("db2", facts, "mysqld  Ver 10.11.19-MariaDB", "db3") == ""


def test_a_blank_member_is_seeded_from_a_replica():
    (entry,) = plan(["db3"], {"db1": WRITER, "db2": REPLICA, "db3": BLANK})
    assert (entry["donor"], entry["keep_old"], entry["refused"]) == ("db2", False, "")


def test_the_writer_gives_when_there_is_nobody_else():
    (entry,) = plan(["db3"], {"db1": WRITER, "db3": BLANK})
    assert entry["donor"] == "db1"


def test_a_broken_replica_does_not_give():
    broken = member("0-1-50", 2, ["app"], channels=[dict(RUNNING, applier="stopped")])
    (entry,) = plan(["db3"], {"db1": WRITER, "db2": broken, "db3": BLANK})
    assert entry["donor"] == "db1"


def test_a_replica_with_errant_transactions_does_not_give():
    errant = member("0-2-101", 2, ["app"], channels=[RUNNING])
    (entry,) = plan(["db3"], {"db1": WRITER, "db2": errant, "db3": BLANK}, donor="db2")
    assert "transactions that db1 has not: 0-2-" in entry["refused"]


def test_a_replica_that_is_behind_is_replaced():
    old = member("0-1-60", 3, ["app"])
    (entry,) = plan(["db3"], {"db1": WRITER, "db3": old})
    assert (entry["refused"], entry["keep_old"]) == ("", False)


def test_errant_transactions_are_refused_and_listed():
    stray = member("0-3-101", 3, ["app"])
    (entry,) = plan(["db3"], {"db1": WRITER, "db3": stray})
    assert entry["refused"].startswith("db3 holds transactions that db1 has not: 0-3-")
    assert entry["refused"].endswith("-e mysql_replication_discard=db3")


@pytest.mark.parametrize("named", ["db3", "db9,db3", ["db3"], "db9, db3"])
def test_the_override_names_the_host_and_keeps_the_data(named):
    (entry,) = plan(["db3"], {"db1": WRITER, "db3": member("0-3-101", 3, ["app"])}, discard=named)
    assert (entry["refused"], entry["keep_old"], entry["donor"]) == ("", True, "db1")


def test_an_override_for_another_host_is_none():
    (entry,) = plan(["db3"], {"db1": WRITER, "db3": member("0-3-101", 3, ["app"])}, discard="db30")
    assert entry["refused"]


def test_databases_that_the_writer_lacks_are_refused():
    (entry,) = plan(["db3"], {"db1": WRITER, "db3": member("0-1-60", 3, ["app", "mine"])})
    assert "databases that db1 has not: mine" in entry["refused"]


def test_data_without_gtids_is_refused():
    (entry,) = plan(["db3"], {"db1": WRITER, "db3": member("", 3, ["app"])})
    assert "no GTID tells" in entry["refused"]


def test_a_silent_server_is_refused_unless_named():
    observed = {"db1": WRITER, "db3": {"reachable": False, "because": "connection refused."}}
    assert "db3 cannot be asked what it holds (connection refused): start it" in plan(["db3"], observed)[0]["refused"]
    assert plan(["db3"], observed, discard=["db3"])[0]["donor"] == "db1"


@pytest.mark.parametrize("host", ["db1", "db2"])
def test_who_takes_writes_is_never_replaced(host):
    allowed, _keep, because = judge(host, dict(REPLICA, writable=True), "db1", WRITER, True)
    assert not allowed and "takes the writes" in because


def test_joiners_of_one_donor_come_one_after_the_other():
    entries = plan(["db3", "db4", "db5"], {"db1": WRITER, "db2": REPLICA, "db3": BLANK, "db4": BLANK, "db5": BLANK})
    # A replica is asked before the writer, however many it has to serve.
    assert [(entry["donor"], entry["wave"]) for entry in entries] == [("db2", 0), ("db2", 1), ("db2", 2)]


def test_two_donors_work_at_the_same_time():
    observed = {"db1": WRITER, "db2": REPLICA, "db6": REPLICA, "db3": BLANK, "db4": BLANK}
    assert [(entry["donor"], entry["wave"]) for entry in plan(["db3", "db4"], observed)] == [("db2", 0), ("db6", 0)]


def test_a_donor_of_another_series_is_refused():
    (entry,) = plan(["db3"], {"db1": WRITER, "db3": dict(BLANK, version="11.8.6")})
    assert entry["refused"] == "db3: no member can give it its data (db1 is mariadb 10.11.18, db3 is mariadb 11.8.6)"


def test_an_unknown_donor_is_refused():
    (entry,) = plan(["db3"], {"db1": WRITER, "db3": BLANK}, donor="db7")
    assert "mysql_replication_seed_donor is db7" in entry["refused"]


def test_mysql_sets():
    one, other = "0b1a5d1e-0000-0000-0000-000000000001", "0b1a5d1e-0000-0000-0000-000000000002"
    writer = dict(WRITER, dialect="mysql", version="9.7.4", gtid={"executed": one + ":1-100"})
    stray = dict(member("", 3, ["app"]), dialect="mysql", version="9.7.4", gtid={"executed": one + ":1-90," + other + ":1-2"})
    (entry,) = plan(["db3"], {"db1": writer, "db3": stray})
    assert "transactions that db1 has not: %s:1-2" % other in entry["refused"]

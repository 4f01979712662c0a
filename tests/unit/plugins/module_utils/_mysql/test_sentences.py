# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What operators read of a replicating cluster, word by word: by these sentences they decide what is replaced, and what may go."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import source as sources
from ansible_collections.failover.stack.plugins.module_utils._mysql.candidate import candidate
from ansible_collections.failover.stack.plugins.module_utils._mysql.health import member_problems
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.plan import judge, offer_problem, seed_plan
from ansible_collections.failover.stack.plugins.module_utils._mysql.topology import topology
from ansible_collections.failover.stack.plugins.module_utils._sql import gtid
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, Unreachable

IDS = {"db1": 1, "db2": 2, "db3": 3}
ADDRESS = {name: "198.51.100.3%d" % number for name, number in IDS.items()}
DEAD = {"reachable": False, "because": "Connection refused."}


def channel(source="db1", **more):
    return {"channel": "", "source_host": ADDRESS.get(source, source), "source_port": 3306, "source_uuid": "", "source_server_id": 0,
            "gtid": "slave_pos", "receiver": "running", "applier": "running", "receiver_errno": 0, "applier_errno": 0, "receiver_error": "",
            "applier_error": "", "received": "", "delay": 0, "lag": 0, "filters": {}, "ssl": True, **more}


def member(name, executed="0-1-100", channels=(), **more):
    gtids = {"enabled": True, "executed": executed, "state": executed, "slave": executed if channels else "", "server_id": IDS[name],
             "purged": "", "complete": True, **more.pop("gtid", {})}
    return {"reachable": True, "dialect": "mariadb", "version": "10.11.18", "server_id": IDS[name], "server_uuid": "", "writable": False,
            "blank": False, "databases": ["shop"], "log_bin": True, "log_replica_updates": True, "channels": list(channels), "gtid": gtids,
            **more}


WRITER = member("db1", writable=True)
REPLICA = member("db2", channels=[channel()])
BLANK = {"blank": True, "databases": []}


# --- Who takes the writes, and what is done with the others ------------------------------


def because(name, observed, sources_=("db1",), **more):
    found = topology(observed, {one: ADDRESS[one] for one in observed}, list(sources_), **more)[name]
    return found["action"], found["because"]


@pytest.mark.parametrize("observed, more, said", [
    ({"db1": WRITER, "db2": member("db2")}, {}, ("none", "it is the only one that may be written to")),
    ({"db1": WRITER, "db2": member("db2", channels=[channel()], writable=True), "db3": member("db3", channels=[channel()])}, {},
     ("none", "it may be written to and others replicate from it")),
    ({"db1": member("db1"), "db2": REPLICA}, {}, ("none", "the others replicate from it")),
    ({"db1": WRITER, "db2": member("db2", executed="0-1-90", writable=True)}, {},
     ("none", "it may be written to and has all that the others have")),
    ({"db1": DEAD, "db2": REPLICA}, {},
     ("none", "the others replicate from it, but it cannot be reached: mysql_failover.yml promotes another member")),
    ({"db1": member("db1"), "db2": member("db2")}, {"recorded": ["db1"]}, ("none", "it is recorded as the writer")),
    ({"db1": member("db1", executed="", **BLANK), "db2": member("db2", executed="", **BLANK)}, {},
     ("none", "nothing replicates yet, so the inventory decides")),
    ({"db1": member("db1"), "db2": member("db2")}, {"writer": "db1"}, ("none", "it has just been promoted")),
    ({"db1": member("db1", channels=[channel("db3")], writable=True), "db2": member("db2", channels=[channel()]), "db3": member("db3")},
     {"sources_": ("db1", "db2")},
     ("repoint", "it is the only one that may be written to; it replicates from db3, the other source is db2")),
    ({"db1": WRITER, "db2": REPLICA}, {"sources_": ("db1", "db2")},
     ("join", "it is the only one that may be written to; the other source is db2")),
    ({"db1": member("db1", channels=[channel("db2", receiver="stopped")], writable=True), "db2": REPLICA}, {"sources_": ("db1", "db2")},
     ("join", "it is the only one that may be written to; its replication from db2 is stopped")),
    ({"db1": member("db1", channels=[channel("203.0.113.9")], writable=True), "db2": REPLICA}, {},
     ("refuse", "it replicates from 203.0.113.9:3306, which is no member of this group: mysql_replica with state absent takes it from "
                "there")),
])
def test_why_a_member_takes_the_writes(observed, more, said):
    assert because("db1", observed, **more) == said


def test_the_only_one_that_holds_data_takes_the_writes():
    assert because("db2", {"db1": member("db1", executed="", **BLANK), "db2": member("db2")}) == (
        "none", "it is the only one that holds data")


GAPS = {"purged": "0-1-50", "complete": False}


@pytest.mark.parametrize("writer, replica, said", [
    (WRITER, REPLICA, ("none", "it replicates from db1")),
    (WRITER, DEAD, ("none", "it cannot be reached")),
    (DEAD, REPLICA, ("none", "its source db1 cannot be reached")),
    (dict(WRITER, dialect="mysql", gtid=dict(WRITER["gtid"], executed="", state="")), member("db2"), (
        "refuse", "it is mariadb and its source db1 is mysql")),
    (WRITER, member("db2", channels=[channel(applier="stopped", applier_errno=1062, applier_error="Duplicate entry")]),
     ("seed", "replication is broken: Duplicate entry")),
    (WRITER, member("db2", channels=[channel(receiver="stopped", receiver_errno=1236, receiver_error="purged")]),
     ("seed", "replication is broken: purged")),
    (WRITER, member("db2", executed="0-2-101", gtid={"state": "0-1-100,0-2-101"}, channels=[
        channel(applier="stopped", applier_errno=1062, applier_error="Duplicate entry")]),
     ("refuse", "replication is broken (Duplicate entry) and it has transactions that db1 has not: 0-2-1..101")),
    (WRITER, member("db2", channels=[channel(receiver="stopped")]), ("join", "its replication from db1 is stopped")),
    (WRITER, member("db2", executed="0-2-101", gtid={"state": "0-1-100,0-2-101"}, channels=[channel(applier="stopped")]),
     ("refuse", "it has transactions that db1 has not: 0-2-1..101")),
    (WRITER, member("db2", executed="", gtid={"complete": True}, **BLANK), (
        "join", "it is blank and the binary logs of db1 go back to the beginning")),
    (member("db1", writable=True, gtid=GAPS), member("db2", executed="", **BLANK), (
        "seed", "it is blank and the binary logs of db1 do not go back to the beginning")),
    (member("db1", writable=True, gtid={"complete": None}), member("db2", executed="", **BLANK), (
        "seed", "it is blank and nothing proves that the binary logs of db1 have all that it holds")),
    (WRITER, member("db2", executed="0-1-7", **BLANK), ("seed", "it is blank, though its binary log says that it has 0-1-7")),
    (WRITER, member("db2", executed="0-2-7", **BLANK), ("seed", "it is blank")),
    (WRITER, member("db2", executed=""), ("refuse", "it holds shop and no history that db1 shares")),
    (WRITER, member("db2", executed="", databases=None), (
        "refuse", "it holds databases that may not be seen and no history that db1 shares")),
    (member("db1", writable=True, gtid={"purged": "0-1-99"}), member("db2", executed="0-1-90"), (
        "seed", "it was a source, and db1 no longer has the binary logs it needs")),
    (WRITER, member("db2", executed="0-1-90"), ("rejoin", "it was a source, or was seeded, and db1 has all that it has")),
    (WRITER, member("db2", executed="0-1-103"), ("refuse", "it has transactions that db1 has not: 0-1-101..103")),
])
def test_why_something_is_done_with_a_replica(writer, replica, said):
    assert because("db2", {"db1": writer, "db2": replica}, writer="db1") == said


@pytest.mark.parametrize("change, gtids, said", [
    ({}, {}, ("repoint", "it replicates from db2")),
    ({"gtid": "none"}, {}, ("refuse", "it replicates from db2 without GTIDs: at which position to go on at db1 is unknown")),
    ({}, {"purged": "0-1-99"}, ("seed", "db1 no longer has the binary logs it needs")),
])
def test_why_a_replica_of_another_member_is_moved(change, gtids, said):
    observed = {"db1": member("db1", writable=True, gtid=gtids), "db2": member("db2"),
                "db3": member("db3", executed="0-1-90", channels=[channel("db2", **change)])}
    assert because("db3", observed, writer="db1") == said


def test_what_the_inventory_wishes_and_cannot_have():
    observed = {"db1": WRITER, "db2": member("db2", channels=[channel()]), "db3": member("db3", channels=[channel()])}

    def wishing(**wishes):
        return [row["differs_from_inventory"] for row in topology(observed, ADDRESS, ["db1"], wishes).values()]

    assert wishing(db2="db9") == [None, "db2: mysql_replication_replicate_from is 'db9', which is no member: it replicates from db1.", None]
    assert wishing(db2="db3", db3="db2") == [
        None, "db2: mysql_replication_replicate_from leads in a circle: db2 -> db3 -> db2: it replicates from db1.",
        "db3: mysql_replication_replicate_from leads in a circle: db3 -> db2 -> db3: it replicates from db1."]


# --- Whose data may be replaced, and who gives --------------------------------------------


@pytest.mark.parametrize("mine, keep, why, remedy", [
    (DEAD, True, "db3 cannot be asked what it holds (Connection refused)",
     "start it, or replace its data all the same by -e mysql_replication_discard=db3"),
    ({}, True, "db3 cannot be asked what it holds (it does not answer)",
     "start it, or replace its data all the same by -e mysql_replication_discard=db3"),
    (member("db3", executed="0-1-103", databases=["crm", "shop"]), True,
     "db3 holds transactions that db1 has not: 0-1-101..103 and databases that db1 has not: crm",
     "save them, then replace its data by -e mysql_replication_discard=db3"),
    (member("db3", executed="", databases=["shop"]), True, "db3 holds the databases shop and no GTID tells where they come from",
     "save them, then replace them by -e mysql_replication_discard=db3"),
    (member("db3", executed="", databases=[], blank=False), True, "db3 holds the databases ? and no GTID tells where they come from",
     "save them, then replace them by -e mysql_replication_discard=db3"),
])
def test_what_is_replaced_only_by_name(mine, keep, why, remedy):
    assert judge("db3", mine, "db1", WRITER, False) == (False, keep, "%s: %s" % (why, remedy))
    assert judge("db3", mine, "db1", WRITER, True) == (True, keep, why)


@pytest.mark.parametrize("mine, said", [
    (member("db3", executed="", **BLANK), (True, False, "db3 is blank")),
    (member("db3", executed="0-1-90"), (True, False, "db1 has all that db3 holds")),
    (member("db3", writable=True), (
        False, True, "db3 takes the writes: its data is never replaced; switch over to another member first")),
])
def test_what_is_replaced_or_not_without_being_named(mine, said):
    assert judge("db3", mine, "db1", WRITER, False) == said


@pytest.mark.parametrize("changes, problem", [
    ({"reachable": False}, "db2 does not answer"),
    ({"log_bin": False}, "db2 has no binary log of all that it holds"),
    ({"log_replica_updates": False}, "db2 has no binary log of all that it holds"),
    ({"gtid": dict(REPLICA["gtid"], enabled=False, mode="OFF_PERMISSIVE")},
     "db2 has gtid_mode OFF_PERMISSIVE, not ON, so nobody would know where its copy has to go on"),
    ({"channels": [channel(filters={"do_db": ["shop"]})]}, "db2 has not everything: it replicates only a part (replicate_do_db: shop)"),
    ({"log_filters": {"ignore_db": ["tmp"]}},
     "db2 has not everything: its binary log has only a part (binlog_ignore_db: tmp), so whoever follows it lacks the rest"),
    ({"databases": []}, "db2 has not everything: it has all transactions of db1 and lacks its databases shop"),
    ({"version": "11.8.2"}, "db2 is mariadb 11.8.2, db3 is mariadb 10.11.18"),
    ({"writable": True}, "db2 takes writes beside db1"),
    ({"channels": []}, "db2 does not replicate"), ({"channels": [channel(applier="stopped")]}, "db2 does not replicate"),
    ({"gtid": dict(REPLICA["gtid"], executed="0-2-101", state="0-1-100,0-2-101")}, "db2 has transactions that db1 has not: 0-2-1..101"),
])
def test_who_cannot_give(changes, problem):
    seen = {"db1": dict(WRITER, log_bin=False), "db2": dict(REPLICA, **changes), "db3": member("db3", executed="", **BLANK)}
    (entry,) = seed_plan(["db3"], seen, "db1")
    assert entry["refused"] == "db3: no member can give it its data (db1 has no binary log of all that it holds; %s)" % problem


@pytest.mark.parametrize("donor, said", [
    ("", "db3: no member can give it its data (there is no other member)"),
    ("db9", "db3: no member can give it its data (mysql_replication_seed_donor is db9, which is no other member)"),
])
def test_nobody_to_give(donor, said):
    (entry,) = seed_plan(["db3"], {"db3": member("db3", executed="", **BLANK)}, "db1", donor=donor)
    assert entry["refused"] == said


@pytest.mark.parametrize("facts, said", [
    ({"log_bin": False}, "db2: this donor has no binary log, so nobody knows where its copy has to go on: switch log_bin on there"),
    ({"logs_replicated": False},
     "db2: this donor does not log what it replicates, its position says too little: switch log_slave_updates on"),
    ({"gtid_mode": "OFF"}, "db2: this donor has gtid_mode OFF, so nobody knows where its copy has to go on: it must be ON there"),
    ({"version": "10.6.4-MariaDB"},
     "db3: its server is 10.11.18-MariaDB, that of the donor db2 is 10.6.4-MariaDB: install the same series on both"),
    ({"version": "10.11.2"}, "db3: its server is 10.11.18-MariaDB, that of the donor db2 is 10.11.2: install the same series on both"),
    ({}, ""),
])
def test_why_an_offer_is_not_taken(facts, said):
    offered = {"log_bin": True, "logs_replicated": True, "version": "10.11.9-MariaDB", **facts}
    assert offer_problem("db2", offered, "10.11.18-MariaDB\n", "db3") == said


# --- Who takes over ------------------------------------------------------------------------


def refused(*others, **more):
    return candidate(dict(zip(("db2", "db3"), others)), **more)["refused"]


FIT = member("db2", channels=[channel(received="0-1-100")])


def other(executed="0-1-100", gtids=None, **more):
    row = channel(received=executed, **more.pop("channel", {}))
    return member("db3", executed=executed, channels=[row], gtid=gtids or {}, **more)


@pytest.mark.parametrize("others, more, said", [
    ((), {}, "there is no other member: bring the writer back."),
    ((DEAD, DEAD), {}, "no member can take over: db2: it cannot be reached; db3: it cannot be reached."),
    ((FIT, DEAD), {}, "db3 cannot be reached and may have what nobody else has: bring it back, or give it up with -e "
                      "mysql_failover_without=db3."),
    ((FIT, other("0-1-120", log_bin=False)), {},
     "db3 alone has 0-1-101..120, but cannot take over (it does not log what it replicates (log_bin, log_replica_updates), so the others "
     "could not follow it): repair that, or give it up with -e mysql_failover_without=db3."),
    ((FIT, other("0-1-120", {"enabled": False, "mode": "OFF"})), {},
     "db3 alone has 0-1-101..120, but cannot take over (its gtid_mode is OFF, not ON): repair that, or give it up with -e "
     "mysql_failover_without=db3."),
    ((FIT, other("0-1-120", channel={"gtid": "none"})), {},
     "db3 alone has 0-1-101..120, but cannot take over (it replicates without GTIDs, so the others could not be compared): repair that, or "
     "give it up with -e mysql_failover_without=db3."),
    ((FIT, other("0-1-120", channel={"delay": 3600})), {},
     "db3 alone has 0-1-101..120, but cannot take over (it stays 3600 s behind on purpose): repair that, or give it up with -e "
     "mysql_failover_without=db3."),
    ((FIT, other("0-1-120", channel={"applier": "stopped", "applier_errno": 1062, "applier_error": "Duplicate entry"})), {},
     "db3 alone has 0-1-101..120, but cannot take over (its replication is broken: Duplicate entry): repair that, or give it up with -e "
     "mysql_failover_without=db3."),
    ((FIT, other("0-1-120")), {"leaving": "db3"},
     "db3 alone has 0-1-101..120, but cannot take over (its part is taken away): repair that, or give it up with -e "
     "mysql_failover_without=db3."),
    ((member("db2", executed="0-1-100,1-1-5", channels=[channel(received="0-1-100,1-1-5")]), other("0-1-90,1-1-9")), {},
     "the members have diverged, each has transactions that another lacks: db2 lacks 1-1-6..9; db3 lacks 0-1-91..100: bring the writer "
     "back, which has all of them, or give up what one of them alone has with -e mysql_failover_without=<host>."),
    ((FIT, other("0-1-100", databases=["crm", "shop"], channel={"lag": 9})), {"prefer": ["db2"]}, None),
    ((FIT, other("0-1-90", databases=["crm", "shop"])), {},
     "db3 alone has the databases crm, which are older than the binary logs, and db2 would take over without them: seed db2 from it, or "
     "give them up with -e mysql_failover_without=db3."),
])
def test_why_nobody_takes_over(others, more, said):
    assert refused(*others, **more) == said


@pytest.mark.parametrize("third, because_", [
    (other(), "it has received all that any has"), (other("0-1-95"), "it lacks 0-1-96..100"),
    (other("0-3-97", {"state": "0-1-90,0-3-97"}), "it has transactions of its own that nobody else has: 0-3-1..97"),
    (other("", blank=True, databases=[]), "it is blank"),
])
def test_the_row_of_each_says_why(third, because_):
    ranked = candidate({"db2": FIT, "db3": third}, given_up=["db3"] if third["blank"] else [])["ranked"]
    assert {one["member"]: one["because"] for one in ranked}["db3"] == because_


# --- Whether a source can be followed --------------------------------------------------------


@pytest.mark.parametrize("failure, said", [
    (Unreachable("x ([SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed)", 2003),
     "the certificate of the source db1:3306 is not trusted (x ([SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed)): correct "
     "ssl_ca, or the source's certificate."),
    (Failure("no TLS", 2026), "ssl is on, but the source db1:3306 offers no TLS: give it a certificate, or turn ssl off."),
    (Unreachable("timed out", 2003), "the source db1:3306 cannot be reached (timed out): correct source_host and source_port, or start it; "
                                     "check_source: false does not ask."),
    (Failure("denied", 1045), "the source db1:3306 refuses user 'repl' with this password: correct source_user and source_password, or the "
                              "account there."),
    (Failure("denied", 1698), "the source db1:3306 refuses user 'repl' with this password: correct source_user and source_password, or the "
                              "account there."),
    (Failure("not allowed", 1130), "the source db1:3306 allows no user from this host: create 'repl' there for this host."),
    (Failure("Too many connections", 1040), "the source db1:3306 does not let 'repl' in: Too many connections."),
])
def test_what_a_failed_login_at_a_source_means(failure, said):
    assert sources.sentence({"host": "db1", "port": 3306, "user": "repl"}, failure) == said


SOURCE = {"server_id": 1, "dialect": "mysql", "log_bin": True, "gtid": {"enabled": True}, "secure": True, "plugin": "",
          "grants": ["GRANT REPLICATION SLAVE ON *.* TO `repl`@`%`"]}
ASKED = "GTIDs are asked for, but the source db1:3306 has gtid_mode "


@pytest.mark.parametrize("change, where, said", [
    ({"server_id": 2}, {}, "the source db1:3306 has the server id 2, which is this server's too: give each its own server_id."),
    ({"log_bin": False}, {}, "the source db1:3306 has no binary log: turn on log_bin there and restart it."),
    ({"dialect": "mariadb"}, {}, "the source db1:3306 is mariadb and this server mysql, whose GTIDs differ: use a position."),
    ({"gtid": {"enabled": False, "mode": "OFF"}}, {},
     ASKED + "OFF: set gtid_mode to ON and enforce_gtid_consistency to ON in its configuration and restart it, or use a position."),
    ({"gtid": {"enabled": False, "mode": "OFF_PERMISSIVE"}}, {},
     ASKED + "OFF_PERMISSIVE: SET GLOBAL gtid_mode = ON_PERMISSIVE there, wait until Ongoing_anonymous_transaction_count is 0 and all is "
     "replicated, then SET GLOBAL gtid_mode = ON, as its configuration must say, too, or use a position."),
    ({"gtid": {"enabled": False, "mode": "ON_PERMISSIVE"}}, {},
     ASKED + "ON_PERMISSIVE: wait until Ongoing_anonymous_transaction_count is 0 there and all is replicated, then SET GLOBAL gtid_mode = "
     "ON, as its configuration must say, too, or use a position."),
    ({"grants": ["GRANT USAGE ON *.* TO `repl`@`%`"]}, {},
     "the user 'repl' may not replicate from db1:3306: GRANT REPLICATION SLAVE ON *.* to it there."),
    ({"plugin": "sha256_password"}, {"ssl": False},
     "the source db1:3306 asks 'repl' for a password by sha256_password, which without TLS takes the source's public key: set ssl or "
     "get_source_public_key."),
    ({"secure": False}, {}, "ssl is on, but the source db1:3306 offers no TLS: give it a certificate, or turn ssl off."),
])
def test_why_a_source_cannot_be_followed(change, where, said):
    place = {"host": "db1", "port": 3306, "user": "repl", "ssl": True, "public_key": False, **where}
    assert list(sources.troubles(place, dict(SOURCE, **change), {"server_id": 2, "dialect": "mysql"}, True)) == [said]


def test_what_a_replica_has_or_lacks_is_told_before_it_follows():
    assert list(sources.gtid_troubles("db1:3306", {"purged": "0-1-60"}, {"executed": "0-1-50"}, "0-2-9")) == [
        "this server has transactions that the source db1:3306 has not: 0-2-9. Replicating would hide that the two differ. Apply them "
        "there by hand, or seed this server anew; allow_errant: true starts all the same.",
        "the source db1:3306 no longer has binary logs with 0-1-51..60, which this server lacks: seed it from a donor."]


@pytest.fixture
def asking(monkeypatch):
    """ask(**changes of where) of a source that is played; .server is who answers, .contexts the TLS that it was asked with."""
    class Answering:
        closed, down, secure = 0, None, True

        def variables(self, *_names):
            return {"server_id": "1", "version": "10.11.18-MariaDB", "log_bin": "ON"}

        def rows(self, statement):
            assert statement == "SHOW GRANTS FOR CURRENT_USER()"
            return [{"Grants": "GRANT REPLICATION SLAVE ON *.* TO `repl`@`%`"}]

        def close(self):
            self.closed += 1

    def connect(_where, context):
        asked.contexts.append(context)
        if asked.server.down:
            raise asked.server.down  # pylint: disable=raising-bad-type
        asked.server.connection = type("Connection", (), {"_secure": asked.server.secure, "_auth_plugin_name": "ed25519"})
        return asked.server

    def asked(**changes):
        return sources.ask({"host": "db1", "port": 3306, "user": "repl", "ssl": True, "ca": None, "cert": None, "key": None, "capath": None,
                            "verify": False, **changes})

    asked.server, asked.contexts = Answering(), []
    monkeypatch.setattr(sources, "connect", connect)
    return asked


def test_a_source_is_asked_who_it_is_and_let_go(asking):
    found = asking()
    assert (found["server_id"], found["log_bin"], found["secure"], found["plugin"]) == (1, True, True, "ed25519")
    assert found["grants"] == ["GRANT REPLICATION SLAVE ON *.* TO `repl`@`%`"] and asking.server.closed == 1
    assert asking.contexts[0] is not None
    asking(ssl=False)
    assert asking.contexts[1] is None


def test_a_source_that_cannot_be_asked_is_told_in_a_sentence(asking):
    asking.server.down = Failure("denied (error 1045)", 1045)
    with pytest.raises(Failure) as failed:
        asking()
    assert failed.value.code == 1045 and str(failed.value).startswith("the source db1:3306 refuses user 'repl' with this password")
    with pytest.raises(Failure) as failed:
        asking(ca="/nowhere/ca.pem", verify=True)
    assert str(failed.value).startswith("the files in ssl_ca, ssl_cert and ssl_key cannot be used here (")
    assert str(failed.value).endswith("): correct them.") and len(asking.contexts) == 1


# --- What is wrong with a member -------------------------------------------------------------

ROW = {"writable": False, "source": "db1", "action": "none", "because": "", "errant": ""}


@pytest.mark.parametrize("info, row, more, said", [
    ({"semi_sync": {}}, {"writable": True, "source": None}, {"semi_sync": True},
     ["it is the writer and takes no writes", "it does not wait for replicas (semi-synchronous replication is off)"]),
    ({"writable": True, "semi_sync": {"source_enabled": True}}, {"writable": True, "source": None}, {"semi_sync": True},
     ["no replica acknowledged in time: it does not wait for replicas at present"]),
    ({"semi_sync": {"replica_active": False}}, {}, {"semi_sync": True},
     ["it does not acknowledge what it receives (semi-synchronous replication is off)"]),
    ({}, {"errant": "0-2-17"}, {}, [
        "it has transactions that its source db1 has not: 0-2-17; apply them there by hand, or give them up by name with "
        "mysql_replication_discard"]),
    ({"channels": [channel(filters={"do_db": ["shop"]})]}, {}, {}, [
        "it replicates only a part (replicate_do_db: shop): repair that, then replace its data by a whole copy with "
        "mysql_replication_discard"]),
    ({"databases": []}, {}, {"source": WRITER}, [
        "it has all transactions of db1 and lacks its databases shop: repair that, then replace its data by a whole copy with "
        "mysql_replication_discard"]),
    ({"channels": []}, {}, {}, ["it does not replicate, its source is db1"]),
    ({"gtid": {"enabled": False, "mode": ""}}, {}, {}, ["its gtid_mode is OFF, not ON"]),
])
def test_what_is_wrong_with_a_member(info, row, more, said):
    assert member_problems({**REPLICA, **info}, {**ROW, **row}, **more) == said


@pytest.mark.parametrize("given, said", [
    (lambda: gtid.subtract("0-1-5", "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5"),
     "GTIDs of MariaDB and of MySQL cannot be compared: '0-1-5' and '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5'."),
    (lambda: gtid.parse_position("0-1"), "'0-1' is no GTID of MariaDB: it is written domain-server-sequence, as 0-1-100."),
    (lambda: gtid.parse_set("nothing"), "'nothing' is no GTID set of MySQL: it is written uuid:1-5 or uuid:tag:1-5."),
    (lambda: gtid.parse_set("3e11fa47-71ca-11e1-9e33-c80aa9429562:5-x-"),
     "'3e11fa47-71ca-11e1-9e33-c80aa9429562:5-x-' is no GTID set of MySQL: '5-x-' is neither a range nor a tag."),
])
def test_what_is_no_position(given, said):
    with pytest.raises(gtid.GtidError) as wrong:
        given()
    assert str(wrong.value) == said

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The course of mysql_replica where it has to choose: what of a password is known, whether a source is the same one, how a step is run."""

from __future__ import annotations

import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import replica_run
from ansible_collections.failover.stack.plugins.module_utils._mysql.replica import OPTIONS, Step
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure

MORE = ["source_log_file", "source_log_pos", "source_gtid", "filters", "source_password"]
GIVEN = {**dict.fromkeys([*(option.name for option in OPTIONS), *MORE]),
         "state": "started", "channel": "", "update_password": "on_difference", "check_source": True, "allow_errant": False,
         "demote": False, "connect_timeout": 5}
CHANNEL = {"channel": "", "source_host": "db1", "source_port": 3306, "source_user": "repl", "source_server_id": 1, "source_uuid": "",
           "gtid": "none", "ssl": False}


class Server:
    """Answers one question; refuses statements that begin so with this number. `ran` is what it was told."""

    where = {"unix_socket": "/run/s", "host": "localhost", "port": 3306}

    def __init__(self):
        self.answer, self.refuses, self.ran = [], {}, []

    def rows(self, statement, values=()):
        self.told(statement, values)
        return self.answer

    run = rows

    def told(self, statement, values):
        self.ran.append(statement % tuple(values) if values else statement)
        for begin, code in self.refuses.items():
            if statement.startswith(begin):
                raise Failure("/run/s says: no (error %d)" % code, code)


@pytest.fixture
def replica():
    """replica(dialect, channel's values, parameters …) -> a Replica whose server is a Server and whose source answers .there."""
    def make(dialect="mariadb", channel=None, **more):
        made = replica_run.Replica(Server(), dict(GIVEN, **more), "db2", ask=lambda where: made.asked.append(where) or made.there)
        made.asked, made.there = [], {"server_id": 1, "server_uuid": "u-1", "gtid": {}}
        made.info = {"dialect": dialect, "server_id": 2, "server_uuid": "u-2", "gtid": {}, "datadir": "/nowhere"}
        made.channel, made.stored = dict(CHANNEL, **(channel or {})), "secret"
        return made

    return make


def test_mysqls_stored_password_is_read_where_the_login_may(replica):
    one = replica("mysql")
    one.server.answer = [{"User_password": "stored"}]
    one.read_password()
    assert one.stored == "stored" and one.server.ran == [
        "SELECT User_password FROM mysql.slave_master_info WHERE Channel_name = "]
    one.server.answer = []
    one.read_password()
    assert one.stored is None


def test_a_login_that_may_not_read_it_compares_nothing(replica):
    one = replica("mysql", source_password="given")
    one.stored, one.server.refuses = None, {"SELECT User_password": 1142}
    one.read_password()
    assert one.unread_because == "the login user may not read mysql.slave_master_info" and one.compared is False
    one.server.refuses = {"SELECT User_password": 2013}
    with pytest.raises(Failure, match="error 2013"):
        one.read_password()


def test_a_file_of_another_host_is_not_looked_for_here(replica):
    one = replica()
    one.server.where = {"unix_socket": None, "host": "db2.example", "port": 3306}
    one.stored = None
    one.read_password()
    assert one.unread_because == "the server runs on another host, and MariaDB keeps the password in a file there"


@pytest.mark.parametrize("channel, given, same", [
    # Another name of the same server: without GTIDs its position holds.
    ({}, {"source_host": "198.51.100.31"}, True), ({}, {"source_port": 3307}, True),
    ({"source_server_id": 9}, {"source_host": "198.51.100.31"}, False),
    # A copy of a server has its number, and an identity of its own.
    ({"source_uuid": "u-1"}, {"source_host": "198.51.100.31"}, True), ({"source_uuid": "u-9"}, {"source_host": "198.51.100.31"}, False),
])
def test_a_position_is_kept_only_at_the_same_server(replica, channel, given, same):
    one = replica(channel=channel, **given)
    assert one.is_same_server() is same and len(one.asked) == 1


@pytest.mark.parametrize("channel, given", [
    ({}, {}), ({}, {"source_host": "db1"}), ({}, {"source_host": "db3", "state": "absent"}),
    ({"gtid": "slave_pos"}, {"source_host": "db3"}), ({"source_server_id": 0}, {"source_host": "db3"}),
    ({}, {"source_host": "db3", "source_log_file": "bin.000001"}), ({}, {"source_host": "db3", "gtid": "slave_pos"}),
    ({}, {"source_host": "db3", "check_source": False}),
])
def test_nobody_is_asked_where_the_answer_would_not_count(replica, channel, given):
    one = replica(channel=channel, **given)
    assert one.is_same_server() is False and one.asked == []


def test_without_a_password_nobody_can_ask(replica):
    one = replica(source_host="db3")
    one.stored = None
    assert one.may_ask() is False and one.is_same_server() is False
    warned = []
    one.warn, one.unread_because = warned.append, ""
    assert one.problems_of_source() == []
    assert warned == ["db2: the source db3:3306 is not asked beforehand, because no source_password is given."]


def test_a_source_is_asked_once(replica):
    one = replica()
    assert one.ask_source() is one.ask_source() and len(one.asked) == 1
    assert (one.asked[0]["host"], one.asked[0]["password"]) == ("db1", "secret")


@pytest.mark.parametrize("verb", ["STOP REPLICA", "STOP SLAVE"])
def test_a_refusal_while_the_threads_stand_starts_them_again(replica, verb):
    one = replica()
    one.server.refuses = {"CHANGE": 1227}
    with pytest.raises(Failure) as failed:
        one.apply([Step(verb, kind="stop"), Step("CHANGE", kind="change"), Step("START", kind="start")])
    assert str(failed.value) == "db2: /run/s says: no (error 1227). The old configuration runs on." and failed.value.code == 1227
    assert one.server.ran == [verb, "CHANGE", verb.replace("STOP", "START")]


def test_what_is_changed_already_is_not_started_with_the_old_configuration(replica):
    one = replica()
    one.server.refuses = {"START": 1872}
    with pytest.raises(Failure, match=r"^db2: /run/s says: no \(error 1872\)\.$"):
        one.apply([Step("STOP SLAVE", kind="stop"), Step("CHANGE", kind="change"), Step("START", kind="start")])
    assert one.server.ran == ["STOP SLAVE", "CHANGE", "START"]


def test_a_secret_is_kept_out_of_mariadbs_logs_where_the_login_may(replica):
    one = replica()
    one.server.refuses = {"SET SESSION sql_log_off": 1227}
    one.apply([Step("CHANGE MASTER TO MASTER_PASSWORD = %s", ["geheim"], secret=[0])])
    assert one.server.ran[:2] == ["SET SESSION sql_log_off = 1", "SET SESSION slow_query_log = 0"] and "geheim" in one.server.ran[2]
    one.server.refuses = {"SET SESSION": 2013}
    with pytest.raises(Failure, match="error 2013"):
        one.apply([Step("CHANGE MASTER TO MASTER_PASSWORD = %s", ["geheim"], secret=[0])])


def test_mysql_hides_a_secret_by_itself(replica):
    one = replica("mysql")
    one.apply([Step("CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = %s", ["geheim"], secret=[0])])
    assert one.server.ran == ["CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = geheim"]


def test_a_mistake_is_told_before_anything_is_asked_or_changed(replica, monkeypatch):
    one = replica()
    monkeypatch.setattr(replica_run, "mistakes", lambda params, info: ["delay is -1.", "Give seconds."])
    monkeypatch.setattr(replica_run, "gtid_mistakes", lambda params, info, channel: [])
    with pytest.raises(Failure) as failed:
        one.plan()
    assert str(failed.value) == "db2: delay is -1. Give seconds. Nothing was changed." and one.asked == one.server.ran == []


@pytest.mark.parametrize("own, wait", [("0-2-9", False), ("0-1-9", True)])
def test_a_source_that_is_only_behind_gets_time_and_an_own_write_none(replica, monkeypatch, own, wait):
    """What this server wrote itself will never be at the source."""
    one = replica(source_host="db1", gtid="slave_pos")
    one.source, slept = one.there, []
    one.clock, one.sleep = (lambda: sum(slept)), slept.append
    monkeypatch.setattr(one, "errant", lambda theirs: own)
    monkeypatch.setattr(one, "is_our_replica", lambda: False)
    monkeypatch.setattr(one, "gtid_of_source", lambda: {"executed": "0-1-8"})
    monkeypatch.setattr(replica_run, "list_errant", lambda server, dialect, errant: errant)
    monkeypatch.setattr(replica_run, "sources", types.SimpleNamespace(gtid_troubles=lambda place, theirs, mine, errant: [errant]))
    assert one.gtid_problems({}, "db1:3306") == [own] and bool(slept) is wait
    assert not wait or replica_run.PATIENCE <= sum(slept) < replica_run.PATIENCE + 1

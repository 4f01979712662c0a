# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order a member is fenced and promoted, and what is refused. Server, address and record are fakes; the scenario has real ones."""

import contextlib
import threading
import types
from unittest.mock import ANY

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import writer
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure

PARAMS = {"address": "198.51.100.102/24", "own_address": "198.51.100.31", "gtid": "", "timeout": 1, "patience_ms": 50, "address_timeout": 1,
          "yield_to": "", "stop_replication": False, "semi_sync": "now", "force": False, "kill_unit": "", "by": "test", "lease": False,
          "connect_timeout": 1}
CHANNEL = {"name": "", "host": "198.51.100.32", "port": 3306, "io": "Yes", "applier": "Yes", "error": "", "gtid": True, "received": "0-1-9"}


class SqlDialect:
    """A server: whether it takes writes, what it has, and whatever it was told, in order."""

    def __init__(self, world):
        self.world, self.server = world, types.SimpleNamespace(close=lambda: None)

    def writable(self):
        return self.world.writable

    def read_only_statement(self):
        return "READ ONLY"

    def one(self, _statement):
        return {"i": 7}

    def run(self, statement):
        self.world.did.append(statement)
        if statement == "READ ONLY":
            self.world.writable = False

    def position(self):
        return self.world.position

    def semi_sync(self):
        return None

    def wait_for_replicas(self, wanted):
        self.world.did.append("wait for replicas: %s" % wanted)

    def allow_writes(self, wait):
        self.world.did.append("writes")
        self.world.writable = True

    def channels(self):
        return [dict(channel) for channel in self.world.channels]

    def applied(self, channel):
        return channel["received"] in self.world.position

    def stop(self, channel, receiver_only=False):
        self.world.did.append("stop receiver" if receiver_only else "stop")

    def start(self, channel):
        self.world.did.append("start")

    def forget(self, channel):
        self.world.did.append("forget")
        self.world.channels.clear()

    def clients(self, local=False):
        return []

    def end(self, clients):
        return clients


class Wire:
    """Everybody else on the network: who answers for the address."""

    six = False

    def __init__(self, world, interface):
        self.world, self.interface = world, interface

    def wait_free(self, _address, _seconds):
        return self.world.rival

    def announce(self, address):
        self.world.did.append("announce")

    def mac_of(self, _address, _own):
        return "02:00:00:00:00:32"

    def close(self):
        pass


class World:
    def __init__(self, monkeypatch):
        self.did, self.channels, self.record = [], [], {"writer": True}
        self.writable, self.up, self.held, self.rival, self.agent, self.position = True, True, True, None, False, "0-1-9"
        set_ = monkeypatch.setattr
        set_(writer.mysql_record, "read_record", lambda: (self.record, 0.0))
        set_(writer.mysql_record, "write_record", self.keep)
        set_(writer.mysql_record, "agent_runs", lambda: self.agent)
        set_(writer.Member, "locked", lambda _self: contextlib.nullcontext())
        set_(writer.Member, "open", self.opener())
        set_(writer.Member, "another", lambda _self, read_timeout=None: SqlDialect(self))
        set_(writer.Member, "interface", lambda _self: "eth0")
        set_(writer.os, "makedirs", lambda *_args, **_named: None)
        set_(writer.virtual, "holds", lambda _address: self.held)
        set_(writer.virtual, "add", lambda *_args: self.take(True))
        set_(writer.virtual, "remove", lambda _address: self.take(False))
        set_(writer.virtual, "Wire", lambda interface, like: Wire(self, interface))
        set_(writer, "own_mac", lambda _member: "02:00:00:00:00:31")
        set_(writer, "read_info", lambda _server: {})
        set_(writer.subprocess, "run", self.run)
        set_(writer, "ROUND_S", 0)

    def opener(self):
        def opening(member):
            member.sql = SqlDialect(self) if self.up else None
            member.problem = "" if self.up else "connection refused"
            return self.up

        return opening

    def keep(self, record):
        self.record = record
        self.did.append("record writer: %s" % record["writer"])

    def take(self, held):
        self.held = held
        self.did.append("address" if held else "no address")

    def run(self, command, **_named):
        self.did.append(" ".join(command))
        return types.SimpleNamespace(returncode=0)

    def act(self, what, check=False, **changes):
        return writer.STATES[what](writer.Member(dict(PARAMS, **changes), "db1"), check)


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


def replica(world):
    world.writable, world.held, world.record, world.channels = False, False, {"writer": False}, [dict(CHANNEL)]


def test_nobody_writes_before_the_address_goes(world):
    result = world.act("fenced")
    assert world.did == ["READ ONLY", "wait for replicas: False", "record writer: False", "no address"]
    assert result["changed"] and result["gtid"] == "0-1-9" and result["after"] == {
        "server": "read_only", "recorded": False, "handing_over": False, "address_held": False}


def test_a_fenced_member_is_left_alone(world):
    replica(world)
    assert not world.act("fenced")["changed"] and world.did == []


def test_check_mode_fences_nobody(world):
    assert world.act("fenced", check=True)["changed"] and world.did == [] and world.writable


def test_a_server_that_does_not_answer_is_killed_where_its_unit_is_named(world):
    world.up = False
    result = world.act("fenced", kill_unit="mariadb.service")
    assert world.did == ["systemctl kill --signal=SIGKILL mariadb.service", "record writer: False", "no address"]
    assert result["killed"] and result["problem"] == "connection refused" and result["gtid"] is None


def test_and_nothing_is_killed_where_it_is_not(world):
    world.up = False
    assert not world.act("fenced")["killed"] and world.did == ["record writer: False", "no address"]


def test_with_an_agent_the_address_waits_for_the_successor(world):
    world.agent = True
    world.act("fenced", yield_to="198.51.100.32")
    assert world.held and world.record["yield_to"] == "02:00:00:00:00:32" and not world.writable


def test_a_promotion_takes_writes_address_and_record(world):
    replica(world)
    result = world.act("promoted", stop_replication=True)
    assert world.did[:6] == ["stop", "writes", "address", "announce", "record writer: True", "announce"]
    assert world.did[6:] == ["forget", "FLUSH PRIVILEGES"] and result["after"]["server"] == "writable"


def test_a_promoted_member_is_left_alone(world):
    assert not world.act("promoted")["changed"] and world.did == []


def test_what_the_former_writer_had_must_be_here(world):
    replica(world)
    with pytest.raises(Failure) as refused:
        world.act("promoted", gtid="0-1-12", timeout=0)
    assert str(refused.value) == "db1: lacks 0-1-10..12 of the former writer after 0 s, so it is not promoted: look at its replication."
    assert world.did == []


def test_an_address_that_somebody_has_is_not_taken(world):
    replica(world)
    world.rival = "02:00:00:00:00:99"
    with pytest.raises(Failure) as refused:
        world.act("promoted", stop_replication=True)
    assert str(refused.value) == (
        "db1: 198.51.100.102 is held by 02:00:00:00:00:99, so this member is left read-only: fence that one first (arping 198.51.100.102 "
        "tells whether it still answers).")
    assert world.did == ["stop", "writes", "READ ONLY", "start"] and not world.writable and not world.held


@pytest.mark.parametrize("error", [Failure("db1: no interface has a network with 198.51.100.102"), OSError("Operation not permitted")])
@pytest.mark.parametrize("step", ["interface", "add", "write_record"])
def test_whatever_fails_on_the_way_to_the_address_leaves_no_second_writer(world, monkeypatch, step, error):
    def fail(*_arguments):
        raise error

    replica(world)
    place = {"interface": writer.Member, "add": writer.virtual, "write_record": writer.mysql_record}[step]
    monkeypatch.setattr(place, step, fail)
    with pytest.raises(type(error), match=str(error)):
        world.act("promoted", stop_replication=True)
    assert not world.writable and not world.held and not world.record["writer"]
    assert world.did[-2:] == ["READ ONLY", "start"] and world.channels


@pytest.mark.parametrize("number", [1, 2])
def test_an_announcement_that_fails_leaves_neither_address_nor_record(world, monkeypatch, number):
    """The interface goes down right then. What the record says is what the agent makes of the server."""
    announce, announced = Wire.announce, []

    def failing(wire, address):
        announced.append(address)
        if len(announced) == number:
            raise OSError(100, "Network is down")
        announce(wire, address)

    monkeypatch.setattr(Wire, "announce", failing)
    replica(world)
    with pytest.raises(OSError, match="Network is down"):
        world.act("promoted", stop_replication=True)
    assert not world.writable and not world.held and not world.record["writer"]
    assert world.did[-3:] == ["no address", "READ ONLY", "start"] and world.channels


def test_broken_replication_is_not_promoted_without_a_word(world):
    replica(world)
    world.channels[0]["error"] = "Duplicate entry"
    with pytest.raises(Failure) as refused:
        world.act("promoted")
    assert str(refused.value) == ("db1: is not promoted: replication '' from 198.51.100.32:3306 stopped with: Duplicate entry. Repair it, "
                                  "or take another member.")
    assert world.did == [] and world.act("promoted", force=True)["changed"]


def test_check_mode_only_tells_who_has_the_address(world):
    replica(world)
    world.rival = "02:00:00:00:00:99"
    assert world.act("promoted", check=True)["holder"] == "02:00:00:00:00:99" and world.did == []


def test_a_settled_replica_receives_no_more_and_has_applied_all(world):
    replica(world)
    result = world.act("drained")
    assert world.did == ["stop receiver"] and result["problem"] == "" and result["seen"] == {"recorded": False, "reachable": True}


def test_what_a_fenced_source_still_sends_is_received_first(world, monkeypatch):
    replica(world)
    sent = iter(["0-1-9", "0-1-10", "0-1-12"])
    channels = SqlDialect.channels

    def receiving(sql):
        world.channels[0]["received"] = next(sent, "0-1-12")
        world.position = world.channels[0]["received"]
        return channels(sql)

    monkeypatch.setattr(SqlDialect, "channels", receiving)
    assert world.act("drained", gtid="0-1-12")["gtid"] == "0-1-12" and world.did == ["stop receiver"]


def test_nobody_waits_for_a_source_that_does_not_send(world):
    replica(world)
    world.channels[0]["io"] = "Connecting"
    assert world.act("drained", gtid="0-1-12", timeout=60)["gtid"] == "0-1-9"


def test_what_is_received_and_not_applied_is_a_problem(world):
    replica(world)
    world.channels[0].update(received="0-1-12", io="No")
    assert world.act("drained", timeout=0)["problem"] == "not everything that was received is applied"


def test_resumed_starts_what_rests(world):
    replica(world)
    world.channels[0]["io"] = "No"
    assert world.act("resumed")["changed"] and world.did == ["start"]
    world.channels[0]["io"] = "Yes"
    assert not world.act("resumed")["changed"]


@pytest.mark.parametrize("what", ["promoted", "drained", "resumed"])
def test_a_server_must_answer(world, what):
    world.up = False
    with pytest.raises(Failure, match=r"^db1: the server does not answer: connection refused$"):
        world.act(what)


# A statement that keeps the server open

class Busy(SqlDialect):
    """Its statement that closes waits for whoever still works; number 7 is the closing connection itself."""

    ends_at = ""  # who must have been ended: remote, local, nobody
    fails = None

    def run(self, statement):
        if statement != "READ ONLY" or self.ends_at == "":
            if statement == "READ ONLY" and self.fails:
                raise self.fails  # pylint: disable=raising-bad-type
            return super().run(statement)
        assert self.world.free.wait(20)
        if "closing" in self.world.ended:
            raise Failure("Query execution was interrupted")
        self.world.gone.add(7)
        return super().run(statement)

    def clients(self, local=False):
        rows = [{"Id": 8, "User": "shop", "Host": "198.51.100.9:4000", "Command": "Query", "Time": 3, "Info": "UPDATE secret"},
                {"Id": 7, "User": "root", "Host": "localhost", "Command": "Query", "Time": 0, "Info": ""}]
        near = {"Id": 9, "User": "batch", "Host": "localhost", "Command": "Query", "Time": 60, "Info": "DELETE"}
        return [row for row in [*rows, *([near] if local else [])] if row["Id"] not in self.world.gone]

    def end(self, clients):
        for row in clients:
            self.world.gone.add(row["Id"])
            self.world.ended.append({7: "closing", 8: "remote", 9: "local"}[row["Id"]])
        if self.ends_at in self.world.ended or "closing" in self.world.ended:
            self.world.free.set()
        return clients


@pytest.fixture
def busy(world, monkeypatch):
    """busy(who must go) -> the world of a server that cannot be closed before."""
    world.free, world.gone, world.ended = threading.Event(), set(), []

    def make(ends_at="", fails=None):
        made = type("Made", (Busy,), {"ends_at": ends_at, "fails": fails})
        monkeypatch.setattr(writer.Member, "another", lambda _self, read_timeout=None: made(world))

        def opening(member):
            member.sql = made(world)
            return True

        monkeypatch.setattr(writer.Member, "open", opening)
        monkeypatch.setattr(writer, "ROUND_S", 0.01)
        return world

    return make


def test_who_works_longer_than_he_may_is_ended_and_told_without_what_he_did(busy):
    world = busy("remote")
    result = world.act("fenced", timeout=5)
    assert world.ended == ["remote"] and not world.writable
    assert result["ended"] == [{"id": 8, "user": "shop", "host": "198.51.100.9:4000", "command": "Query", "seconds": 3}]


def test_local_connections_are_ended_last(busy):
    world = busy("local")
    world.act("fenced", timeout=0.4)
    assert world.ended == ["remote", "local"] and not world.writable and world.record == {"writer": False, "by": "test", "at": ANY}


def test_a_server_that_stays_open_keeps_address_and_record(busy):
    """The closing statement itself is ended then: it would close the server some time later, unasked."""
    world = busy("nobody")
    with pytest.raises(Failure) as failed:
        world.act("fenced", timeout=0.3)
    assert str(failed.value) == ("db1: the server cannot be made read-only, 2 connections were ended and still something writes after 0.3 "
                                 "s: look at SHOW PROCESSLIST there.")
    assert world.ended == ["remote", "local", "closing"] and world.held and world.record == {"writer": True} and world.writable


def test_a_statement_that_fails_is_no_fence(busy):
    world = busy(fails=Failure("Access denied; you need SUPER"))
    with pytest.raises(Failure, match=r"^Access denied; you need SUPER$"):
        world.act("fenced")
    assert world.held and world.record == {"writer": True}


@pytest.mark.parametrize("returncode, killed", [(0, True), (1, False)])
def test_whether_a_server_was_killed_is_what_systemd_says(world, monkeypatch, returncode, killed):
    world.up = False
    monkeypatch.setattr(writer.subprocess, "run", lambda command, **_more: types.SimpleNamespace(returncode=returncode))
    assert world.act("fenced", kill_unit="mariadb.service")["killed"] is killed


@pytest.mark.parametrize("own, words", [("198.51.100.31", "198.51.100.31"), ("", "a network with 198.51.100.102")])
def test_a_host_without_the_interface_is_told(monkeypatch, own, words):
    monkeypatch.setattr(writer.virtual, "interface_of", lambda _address: None)
    monkeypatch.setattr(writer.virtual, "interface_towards", lambda _address: None)
    with pytest.raises(Failure) as failed:
        writer.Member(dict(PARAMS, own_address=own), "db1").interface()
    assert str(failed.value) == ("db1: no interface has %s: give own_address, an address of this host on the interface that the writer "
                                 "address shall be on." % words)


@pytest.mark.parametrize("text, parts", [("", (None, 0)), ("198.51.100.1/24", ("198.51.100.1", 24)), ("198.51.100.1", ("198.51.100.1", 32)),
                                         ("2001:db8::1", ("2001:db8::1", 128)), ("2001:db8::1/64", ("2001:db8::1", 64))])
def test_an_address_with_and_without_a_length(text, parts):
    assert writer.split_address(text) == parts


def test_a_member_without_an_address_of_the_writers_is_promoted_all_the_same(world):
    replica(world)
    assert world.act("promoted", address="")["changed"] and world.did == ["writes", "record writer: True", "FLUSH PRIVILEGES"]
    assert not world.act("promoted", address="")["changed"]


def test_a_promotion_whose_own_transaction_fails_is_one(world, monkeypatch):
    """Nobody waits for it, and it is not what the promotion is about."""
    def another(_self, read_timeout=None):
        raise Failure("Too many connections")

    replica(world)
    monkeypatch.setattr(writer.Member, "another", another)
    assert world.act("promoted")["changed"] and world.writable and world.held


@pytest.mark.parametrize("semi_sync, changed", [("now", True), ("later", False)])
def test_a_writer_that_does_not_wait_for_replicas_yet_is_not_done(world, monkeypatch, semi_sync, changed):
    monkeypatch.setattr(SqlDialect, "semi_sync", lambda _self: ("rpl_semi_sync_master_enabled", False))
    assert world.act("promoted", check=True, semi_sync=semi_sync)["changed"] is changed


# With a lease

@pytest.fixture
def leased(world, monkeypatch):
    """The agent's side: .view and whether the lease is here; .asked is what the module asked of it."""
    made = types.SimpleNamespace(view={"writer": "db1", "sync": {"db2": {}}, "term": 7, "last": {}}, lease=True, asked=[])
    ask = made.asked
    monkeypatch.setattr(writer.lease, "known", lambda host: {"view": made.view, "lease": made.lease})
    monkeypatch.setattr(writer.lease, "status", lambda: {"view": made.view, "lease": made.lease})
    monkeypatch.setattr(writer.lease, "hand_over", lambda host, to, patience_ms, timeout: ask.append((to, patience_ms, timeout)))
    monkeypatch.setattr(writer.lease, "give_up", lambda host, status, names, timeout: ask.append((tuple(names), timeout)))
    monkeypatch.setattr(writer.lease, "park", lambda host, timeout: ask.append(timeout))
    return made


def test_a_move_is_the_agents_and_only_where_it_may_be(world, leased):
    assert not world.act("handed_over", to="db1")["changed"] and leased.asked == []
    assert world.act("handed_over", to="db2", check=True)["changed"] and leased.asked == []
    assert world.act("handed_over", to="db2")["changed"] and leased.asked == [("db2", 50, 1)]
    leased.lease = False
    with pytest.raises(Failure, match="the lease is with db1 and not here, nothing was changed"):
        world.act("handed_over", to="db2", check=True)
    assert world.did == []


def test_members_are_given_up_where_they_still_count(world, leased):
    assert not world.act("given_up", members=["db3"])["changed"] and leased.asked == []
    assert world.act("given_up", members=["db2", "db3"], check=True)["changed"] and leased.asked == []
    assert world.act("given_up", members=["db2", "db3"])["changed"] and leased.asked == [(("db2", "db3"), 1)]


def test_a_cluster_is_parked_by_who_holds_its_lease_and_once(world, leased):
    assert world.act("parked", check=True)["changed"] and leased.asked == []
    assert world.act("parked")["changed"] and leased.asked == [1]
    leased.view["handover"] = {"to": ""}
    assert not world.act("parked")["changed"]
    leased.view["handover"], leased.lease = {}, False
    assert not world.act("parked")["changed"] and leased.asked == [1]


def test_with_a_lease_only_a_cluster_without_a_past_is_promoted_from_outside(world, leased, monkeypatch):
    replica(world)
    monkeypatch.setattr(writer.lease, "may_begin", lambda host: (nothing for nothing in ()).throw(Failure("db1: the lease decides")))
    with pytest.raises(Failure, match=r"^db1: the lease decides$"):
        world.act("promoted", lease=True, check=True)
    assert world.did == []

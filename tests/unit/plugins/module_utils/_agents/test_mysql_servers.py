# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the agent of an automatic cluster asks and tells servers."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import subprocess
import threading
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_record, mysql_servers, mysql_writer
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server that acknowledges or not; `told` has what it was told, `said` what was said."""
    made = types.SimpleNamespace(acks=True, told=[], said=[], away=False, close=lambda: None, path=str(tmp_path / "agent.json"))
    (tmp_path / "agent.json").write_text(json.dumps({"socket": "/run/mysqld/mysqld.sock"}))

    def connect(where):
        assert where["unix_socket"] == "/run/mysqld/mysqld.sock"
        if made.away:
            raise Failure("Can't connect")
        return made

    monkeypatch.setattr(mysql_writer, "connect", connect)
    monkeypatch.setattr(mysql_servers, "say", made.said.append)
    monkeypatch.setattr(mysql_servers, "SqlDialect", lambda own: types.SimpleNamespace(
        acknowledges=lambda: own.acks, acknowledge=own.told.append))
    return made


def test_a_server_whose_agent_has_ended_acknowledges_no_more(server):
    mysql_writer.main(server.path, "ended")
    assert server.told == [False] and server.said == ["the agent has ended: acknowledges no more"]
    server.acks = False
    mysql_writer.main(server.path, "ended")
    assert server.told == [False]
    server.away = True
    mysql_writer.main(server.path, "ended")
    assert server.said[-1].endswith("could not be told to acknowledge no more: Can't connect")


def test_the_process_is_known_as_long_as_it_lives():
    with open("/proc/self/stat", encoding="ascii") as handle:
        own, began = str(os.getpid()), handle.read().rpartition(")")[2].split()[19]
    assert mysql_servers.alive_as("%s:%s" % (own, began)) is True
    assert mysql_servers.ended("%s:%s" % (own, began)) is False and mysql_servers.ended("%s:1" % own) is True
    assert mysql_servers.alive_as("%s:1" % own) is False and mysql_servers.alive_as("4194304:1") is False


def test_a_process_has_ended_before_anybody_takes_note_of_it():
    child = subprocess.Popen(["sleep", "60"])
    with open("/proc/%d/stat" % child.pid, encoding="ascii") as handle:
        found = "%d:%s" % (child.pid, handle.read().rpartition(")")[2].split()[19])
    assert mysql_servers.ended(found) is False
    server = object.__new__(mysql_servers.Local)
    server.boot, server.answer, server.seen = "b", (0.0, "down", found), None
    assert server.kill() is True and mysql_servers.ended(found) and mysql_servers.alive_as(found)
    child.wait()
    assert server.kill() is False


# The local server

class Sql:
    """The local server as its dialect says it; `said` has what it was told."""

    def __init__(self):
        self.mariadb, self.open, self.waits_for, self.fails, self.said = True, True, (0, 5), "", []

    def writable(self):
        if self.fails:
            raise Failure(self.fails)
        return self.open

    def channels(self):
        return [{"host": "192.0.2.1", "port": 3306, "io": "Yes"}]

    def acknowledges(self):
        return True

    def waits(self):
        return self.open

    def waiting(self):
        return self.waits_for

    def one(self, statement):
        return {"d": "/var/lib/mysql/"}

    def position(self):
        return "0-1-9"

    def clients(self):
        return [{"Id": 9}]

    def end(self, clients):
        self.said.append("ended %s" % [one["Id"] for one in clients])
        return clients

    def read_only_statement(self):
        return "SET GLOBAL read_only = 1"

    def run(self, statement):
        self.said.append(statement)

    def forget_sources(self):
        self.said.append("forgot its sources")

    def acknowledge(self, wanted):
        self.said.append("acknowledges" if wanted else "acknowledges no more")

    def wait_always(self, wanted):
        self.said.append("waits" if wanted else "waits no more")


@pytest.fixture
def local(monkeypatch, tmp_path):
    """The local server of an automatic cluster; .sql says what it is, .words what its agent said, .room how much of its disk is free."""
    made = object.__new__(mysql_servers.Local)
    mysql_writer.Server.__init__(made, {"socket": "/run/mysqld/mysqld.sock"})
    made.sql, made.words, made.room, made.down = Sql(), [], 1 << 30, None
    made.channels, made.acks, made.waits, made.datadir, made.full = [], False, False, None, ""
    made.first, made.wrote, made.boot, made.seen, made.waiting, made.known = threading.Event(), False, "b", None, (0, 0), False

    def connect(where):
        if made.down:
            raise made.down  # pylint: disable=raising-bad-type
        return types.SimpleNamespace(close=lambda: None)

    def statvfs(path):
        assert path == "/var/lib/mysql/"
        return types.SimpleNamespace(f_bavail=made.room // 4096, f_frsize=4096)

    for module in (mysql_writer, mysql_servers):
        monkeypatch.setattr(module, "SqlDialect", lambda own: made.sql)
        monkeypatch.setattr(module, "say", made.words.append)
    monkeypatch.setattr(mysql_writer, "connect", connect)
    monkeypatch.setattr(mysql_writer, "instance_of", lambda connection: "7:100")
    monkeypatch.setattr(mysql_servers.os, "statvfs", statvfs)
    monkeypatch.setattr(mysql_record, "locked", contextlib.nullcontext)
    made.record = {"writer": True}
    monkeypatch.setattr(mysql_record, "read_record", lambda: (made.record, None))
    return made


def test_a_poll_knows_all_that_the_rounds_decide_by(local):
    local.poll()
    assert local.answer[1:] == (mysql_record.WRITABLE, "7:100") and local.wrote and local.first.is_set() and local.known
    assert (local.channels[0]["host"], local.acks, local.waits, local.waiting, local.datadir, local.full) == (
        "192.0.2.1", True, True, (0, 5), "/var/lib/mysql/", "")
    # Nobody waits for a replica of a server that takes no writes.
    local.sql.open = False
    local.poll()
    assert local.answer[1] == mysql_record.READ_ONLY and not local.wrote and local.waiting == (0, 0)


@pytest.mark.parametrize("room, full", [((1 << 20) - 4096, "the file system of /var/lib/mysql/ is full"), (1 << 20, "")])
def test_a_server_without_room_is_unfit(local, room, full):
    local.room = room
    local.poll()
    assert local.full == full


def test_a_server_that_does_not_answer_is_down_and_what_it_did_last_is_known(local):
    local.poll()
    local.down = local.sql.fails = Failure("Lost connection")
    local.sql.writable = lambda: (nothing for nothing in ()).throw(local.down)
    local.poll()
    assert local.answer[1:] == (mysql_record.DOWN, None) and local.wrote and local.connection is None


def test_a_server_that_answers_half_of_it_counts_as_down(local):
    def lost():
        raise Failure("Lost connection")

    local.sql.channels = lost
    local.poll()
    assert local.answer[1:] == (mysql_record.DOWN, None) and not local.known and local.connection is None


@pytest.mark.parametrize("mariadb, names", [(True, ["read_only"]), (False, ["super_read_only", "read_only"])])
def test_a_new_writer_waits_for_replicas_before_it_takes_the_first_write(local, mariadb, names):
    local.sql.mariadb, local.wanted = mariadb, mysql_record.WRITABLE
    local.change(mysql_record.WRITABLE)
    assert local.sql.said == ["forgot its sources", "acknowledges no more", "waits", *["SET GLOBAL %s = 0" % name for name in names]]
    assert local.words == ["the server takes writes"]


@pytest.mark.parametrize("record, wanted", [({"writer": False}, mysql_record.WRITABLE), ({}, mysql_record.WRITABLE),
                                            ({"writer": True}, mysql_record.READ_ONLY)])
def test_who_is_the_writer_no_more_takes_no_writes(local, record, wanted):
    """Decided a moment ago, and changed meanwhile."""
    local.record, local.wanted = record, wanted
    local.change(mysql_record.WRITABLE)
    assert local.sql.said == [] and local.words == []


def test_a_server_is_closed_and_its_clients_are_sent_away(local):
    local.change(mysql_record.READ_ONLY)
    assert local.sql.said == ["SET GLOBAL read_only = 1", "ended [9]"]
    assert local.words == ["the server is read-only, 1 client connections were ended"]


@pytest.mark.parametrize("hangs", [True, False])
def test_a_server_with_commits_that_wait_or_that_hangs_is_killed(local, monkeypatch, hangs):
    """Closing it would acknowledge them to clients though no replica has them."""
    killed, free = [], threading.Event()
    monkeypatch.setattr(mysql_servers.Local, "kill", lambda self: killed.append(1) or free.set())
    monkeypatch.setattr(mysql_servers, "CLOSE_S", 0.05)
    if hangs:
        local.sql.waiting = lambda: (free.wait(10), (0, 5))[1]
    else:
        local.sql.waits_for = (1, 5)
    local.fence()
    assert killed == [1] and (hangs or local.sql.said == [])


def test_a_server_that_cannot_be_closed_is_tried_again(local):
    local.down = Failure("Can't connect")
    local.close_for_writes()
    assert local.words == ["the server could not be made read-only: Can't connect"]


# The other members

@pytest.fixture
def followers(local, monkeypatch, clock):
    """The others, asked by db2 at 192.0.2.2: .peers has their dialects by address, None for who is away."""
    played = clock(mysql_servers)
    monkeypatch.setattr(mysql_servers, "now", played.monotonic)
    config = {"own": {"name": "db2", "address": "192.0.2.2", "port": 3306}, "login": {"user": "agent", "password": "secret"},
              "peers": [{"name": "db1", "address": "192.0.2.1", "port": 3306}, {"name": "db3", "address": "192.0.2.3", "port": 3307}]}
    monkeypatch.setattr(mysql_servers, "places", lambda own: {(own["address"], own["port"])})
    made = mysql_servers.Followers(config, local)
    made.peers, made.logins = {"192.0.2.1": Sql(), "192.0.2.3": None}, []

    def connect(where):
        made.logins.append((where["host"], where["port"], where["user"], where["unix_socket"]))
        if made.peers[where["host"]] is None:
            raise Failure("No route to host")
        return types.SimpleNamespace(close=lambda: None, sql=made.peers[where["host"]])

    monkeypatch.setattr(mysql_servers, "connect", connect)
    monkeypatch.setattr(mysql_servers, "SqlDialect", lambda own: getattr(own, "sql", local.sql))
    made.clock = played
    return made


def once(followers):
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        followers.once(pool)


def test_who_receives_from_here_proves_for_a_while_that_nobody_else_took_over(followers):
    follower = followers.peers["192.0.2.1"]
    follower.channels = lambda: [{"host": "192.0.2.2", "port": 3306, "io": "Yes"}]
    once(followers)
    assert followers.answer == (followers.clock.now, "0-1-9", {"db1": "0-1-9"})
    assert sorted(followers.logins) == [("192.0.2.1", 3306, "agent", None), ("192.0.2.3", 3307, "agent", None)]
    assert followers.proof(["db3", "db1"]) and not followers.proof(["db3"]) and not followers.proof([])
    followers.clock.now += mysql_servers.PROOF_S - 0.01
    assert followers.proof(["db1"])
    followers.clock.now += 0.02
    assert not followers.proof(["db1"])


@pytest.mark.parametrize("channel", [
    {"host": "192.0.2.3", "port": 3307, "io": "Yes"}, {"host": "192.0.2.2", "port": 3306, "io": "Connecting"},
    {"host": "192.0.2.2", "port": 3307, "io": "Yes"}])
def test_who_receives_from_elsewhere_or_only_tries_to_proves_nothing(followers, channel):
    followers.peers["192.0.2.1"].channels = lambda: [channel]
    once(followers)
    assert not followers.proof(["db1"]) and followers.answer[2] == {"db1": "0-1-9"}


def test_what_must_be_elsewhere_is_asked_only_of_a_server_that_waits(followers, local):
    local.sql.open = False
    once(followers)
    assert followers.answer[1] is None
    local.sql.open, local.down = True, Failure("Can't connect")
    once(followers)
    assert followers.answer[1] is None and followers.answer[2] == {"db1": "0-1-9"}

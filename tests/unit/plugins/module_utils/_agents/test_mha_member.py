# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import json
import os
import pwd
import socket
import threading

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._agents import mha_command, mha_member
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, Failure
from ansible_collections.failover.stack.plugins.modules import mysql_writer

ME = pwd.getpwuid(os.getuid()).pw_name
CONFIG = {"user": ME, "own": "192.0.2.31", "peers": ["192.0.2.32"], "port": 3306, "socket": "/run/x.sock", "unit": "mariadb.service",
          "address": "192.0.2.102/24", "logs": ["/var/lib/mysql"], "purge_s": 3600, "place": 1, "members": 3}


@pytest.fixture
def agent(monkeypatch, tmp_path):
    """An agent at its socket whose members are `acts`."""
    monkeypatch.setattr(mha_member, "SOCKET", str(tmp_path / "s"))
    monkeypatch.setattr(mha_command, "SOCKET", str(tmp_path / "s"))
    one = mha_member.Agent(CONFIG)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(tmp_path / "s"))
    listener.listen(4)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                one.serve(listener.accept()[0])

    threading.Thread(target=serve, daemon=True).start()
    yield one
    listener.close()


def test_verbs_are_the_writer_modules(agent, monkeypatch):
    told = []
    monkeypatch.setattr(mha_member.writer, "fence", lambda member, check: told.append(member.params) or {"gtid": "0-1-1", "ended": [{}]})
    monkeypatch.setattr(mha_member.writer, "promote", lambda member, check: told.append(member.params) or {"gtid": "0-1-2"})
    assert mha_command.asked({"do": "fence", "with": {}})["result"]["ended"] == 1
    assert mha_command.asked({"do": "fence", "with": {"yield_to": "192.0.2.32"}})["result"]["gtid"] == "0-1-1"
    assert mha_command.asked({"do": "promote", "with": {"gtid": "0-1-1"}})["result"]["gtid"] == "0-1-2"
    assert [(one["kill_unit"], one["yield_to"], one["gtid"], one["stop_replication"], one["semi_sync"]) for one in told] == [
        ("mariadb.service", "", "", False, "now"), ("", "192.0.2.32", "", False, "now"), ("", "", "0-1-1", False, "now")]


def test_the_writer_module_misses_nothing():
    wanted = {*yaml.safe_load(mysql_writer.DOCUMENTATION)["options"], *LOGIN} - {"state"}
    assert wanted - set(mha_member.params(CONFIG)) == set()
    assert mha_member.params(CONFIG)["lease"] is False


def test_a_promotion_takes_nothing_that_is_not_told(agent, monkeypatch):
    class Sql:
        def writable(self):
            return False

        def channels(self):
            return []

        def position(self):
            raise Failure("db1: as far as the server")

    monkeypatch.setattr(mha_member.writer, "connect", lambda _how: None)
    monkeypatch.setattr(mha_member.writer, "SqlDialect", lambda _server: Sql())
    assert mha_command.asked({"do": "promote", "with": {"gtid": "0-1-1"}}) == {"failed": "db1: as far as the server"}


def test_failures_are_told(agent, monkeypatch):
    def refuse(member, check):
        raise Failure("db1: held by another")

    monkeypatch.setattr(mha_member.writer, "promote", refuse)
    assert mha_command.asked({"do": "promote"}) == {"failed": "db1: held by another"}
    assert "not understood" in mha_command.asked({"do": "erase"})["failed"]
    agent.users = {4711}
    assert mha_command.asked({"do": "status"}) == {"failed": "this user may not ask"}


def test_nobody_answers(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(mha_command, "SOCKET", str(tmp_path / "nothing"))
    assert mha_command.asked({"do": "status"}) is None
    assert mha_command.told(None) == mha_command.NOBODY and "does not answer" in capsys.readouterr().out
    assert mha_command.told({"failed": "x"}) == mha_command.FAILED and mha_command.told({"result": {}}) == 0
    assert mha_command.client(["-vvv", "--unbuffered"]) == mha_command.NOBODY


def test_the_client_gets_the_callers_streams(agent, monkeypatch, tmp_path, database):
    ran = []
    monkeypatch.setattr(mha_member, "connect", database.connect)
    database.answers = {"SELECT @@global.max_allowed_packet": [{"m": 16777216}], "SET GLOBAL": []}

    class Done:
        returncode = 3

    def run(command, stdin=None, stdout=None, stderr=None, check=False):
        os.write(stdout, b"applied\n")
        ran.append(command)
        return Done

    monkeypatch.setattr(mha_member.subprocess, "run", run)
    with open(tmp_path / "out", "wb") as out, open(os.devnull, "rb") as nothing:
        reply = mha_command.asked({"do": "client", "words": ["--user=mha", "-vvv", "--unbuffered"]},
                                  [nothing.fileno(), out.fileno(), out.fileno()])
    assert reply == {"code": 3} and (tmp_path / "out").read_bytes() == b"applied\n"
    assert ran == [["/usr/bin/mariadb", "--no-defaults", "--user=root", "--socket=/run/x.sock", "--max-allowed-packet=1073741824", "-vvv",
                    "--unbuffered"]]
    assert database.began("SET") == ["SET GLOBAL max_allowed_packet = 1073741824", "SET GLOBAL max_allowed_packet = 16777216"]
    assert "failed" in mha_command.asked({"do": "client", "words": ["-e", "DROP DATABASE shop"]})


def test_the_forced_command(monkeypatch, tmp_path, capsys):
    ran = []
    monkeypatch.setattr(mha_command.os, "execvpe", lambda *words: ran.append(words))
    path = tmp_path / "member.json"
    path.write_text(json.dumps(CONFIG), encoding="utf-8")
    monkeypatch.setattr(mha_command, "MEMBER_CONFIG", str(path))
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", "apply_diff_relay_logs --version")
    mha_command.main("manager")
    assert ran[0][:2] == ("apply_diff_relay_logs", ["apply_diff_relay_logs", "--version"]) and "PERL5LIB" in ran[0][2]
    monkeypatch.delenv("SSH_ORIGINAL_COMMAND")
    assert mha_command.main("manager") == mha_command.REFUSED
    assert "failover-mha: refused: MHA does not run 'a shell' there" in capsys.readouterr().err
    assert mha_command.main("client", "--version") == 0 and "Distrib 10." in capsys.readouterr().out


def test_a_server_that_says_nothing_does_not_answer(monkeypatch):
    monkeypatch.setattr(mha_member, "ANSWER_S", 0.2)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen(1)
        port = one.getsockname()[1]
        assert not mha_member.answers("127.0.0.1", port)
        one.accept()[0].close()
        greeter = threading.Thread(target=lambda: one.accept()[0].send(b"x"))
        greeter.start()
        assert mha_member.answers("127.0.0.1", port)
        greeter.join()
    assert not mha_member.answers("127.0.0.1", port)


def test_relay_logs_are_kept_and_purged_later(database, monkeypatch):
    monkeypatch.setattr(mha_member, "connect", database.connect)
    monkeypatch.setattr(mha_member.time, "sleep", lambda seconds: None)
    logs = mha_member.Logs(CONFIG)
    database.answers = {"SELECT @@global.relay_log_purge": [{"p": 1}], "SET GLOBAL": [], "SHOW ALL SLAVES STATUS": [{}],
                        "SELECT GET_LOCK": [{"got": 1}], "FLUSH": []}
    logs.look()
    assert database.began("SET", "FLUSH") == ["SET GLOBAL relay_log_purge = 0"]
    logs.next = 0
    database.did.clear()
    database.answers["SELECT @@global.relay_log_purge"] = [{"p": 0}]
    logs.look()
    assert database.began("SET", "FLUSH") == ["SET GLOBAL relay_log_purge = 1", "FLUSH NO_WRITE_TO_BINLOG RELAY LOGS",
                                              "SET GLOBAL relay_log_purge = 0"]
    logs.next = 0
    database.did.clear()
    database.answers["SELECT GET_LOCK"] = [{"got": 0}]
    logs.look()
    assert database.began("SET", "FLUSH") == [] and database.open == 0


class Local:
    """The writer module's member: whether it answers, is recorded as the writer, and from whom it receives."""

    def __init__(self, up=True, recorded=True, channels=("192.0.2.31",)):
        self.up, self.recorded, self.problem, self.sql, self.did = up, recorded, "Can't connect", self, []
        self.rows = [{"name": "", "host": host, "port": 3306} for host in channels]

    def open(self):
        return self.up

    def state(self):
        return {"recorded": self.recorded}

    def channels(self):
        return self.rows

    def stop(self, channel):
        self.did.append("stop " + channel["host"])

    def forget(self, channel):
        self.did.append("forget " + channel["host"])


@pytest.mark.parametrize("recorded, forgotten, did", [
    (True, ["192.0.2.31:3306"], ["stop 192.0.2.31", "forget 192.0.2.31"]),
    # A replica needs its source.
    (False, [], [])])
def test_a_source_is_forgotten_by_the_writer_alone(agent, monkeypatch, recorded, forgotten, did):
    one = Local(recorded=recorded)
    monkeypatch.setattr(agent, "member", lambda **more: one)
    assert mha_command.asked({"do": "forget"}) == {"result": {"forgotten": forgotten}} and one.did == did
    assert mha_command.asked({"do": "status"}) == {"result": {"recorded": recorded}}


def test_a_server_that_is_away_forgets_nobody(agent, monkeypatch):
    monkeypatch.setattr(agent, "member", lambda **more: Local(up=False))
    assert mha_command.asked({"do": "forget"}) == {"failed": "Can't connect"}


@pytest.mark.parametrize("address, here, there, holder", [
    ("", False, None, None), ("192.0.2.102/24", True, None, "this member"), ("192.0.2.102/24", False, None, None),
    ("192.0.2.102/24", False, "02:00:00:00:00:32", "02:00:00:00:00:32")])
def test_who_has_the_writers_address_is_asked_of_the_network_unless_it_is_here(agent, monkeypatch, address, here, there, holder):
    closed = []

    class Wire:
        def __init__(self, interface, like):
            assert (interface, like) == ("eth0", "192.0.2.102")

        def wait_free(self, asked, seconds):
            return there

        def close(self):
            closed.append(1)

    agent.config = dict(CONFIG, address=address)
    monkeypatch.setattr(mha_member.virtual, "holds", lambda one: here)
    monkeypatch.setattr(mha_member.virtual, "interface_of", lambda own: "eth0")
    monkeypatch.setattr(mha_member.virtual, "Wire", Wire)
    monkeypatch.setattr(mha_member, "answers", lambda place, port: (place, port) == ("192.0.2.31", 3306))
    assert mha_command.asked({"do": "probe", "with": {"address": "192.0.2.31"}}) == {"result": {"answers": True, "holder": holder}}
    assert len(closed) == (1 if address and not here else 0)

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module around the fence and the promotion, which test_writer.py tests: a real record, a server and an address that are played."""

import contextlib
import json

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import writer
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, Unreachable
from ansible_collections.failover.stack.plugins.modules import mysql_writer

SECRET = "Bz1-of-root"


CLIENT = {"Id": 7, "User": "shop", "Host": "198.51.100.9:4711", "Command": "Sleep", "Time": 3, "Info": "SELECT 'secret of a client'"}


class Host:
    """A MariaDB that is read-only or not, the address, and the record on a scratch directory."""

    def __init__(self, root, database, monkeypatch):
        self.read_only, self.held, self.rival = 0, True, None
        record, put = writer.mysql_record, monkeypatch.setattr
        read, write = record.read_record, record.write_record
        put(record, "DIRECTORY", str(root))
        put(record, "read_record", lambda: read(str(root)))
        put(record, "write_record", lambda values: write(values, str(root)))
        put(record, "locked", contextlib.nullcontext)
        put(record, "agent_runs", lambda: False)
        put(writer, "connect", database.connect)
        put(writer, "own_mac", lambda member: "02:00:00:00:00:31")
        put(writer, "ROUND_S", 0)
        put(writer.virtual, "holds", lambda address: self.held)
        put(writer.virtual, "add", lambda *_arguments: setattr(self, "held", True))
        put(writer.virtual, "remove", lambda address: setattr(self, "held", False))
        put(writer.virtual, "interface_towards", lambda address: "eth0")
        put(writer.virtual, "Wire", lambda name, like: self)
        write({"writer": True}, str(root))
        self.record = lambda: read(str(root))[0]
        database.quoted = repr
        database.answers.update({
            "SELECT VERSION()": [{"v": "10.11.19-MariaDB"}], "SELECT CONNECTION_ID()": [{"i": 1}], "SHOW PROCESSLIST": [CLIENT],
            "SELECT @@global.read_only": lambda: [{"r": self.read_only}], "SHOW ALL SLAVES STATUS": [], "KILL": [], "FLUSH": [],
            "SELECT @@global.gtid_binlog_pos": [{"b": "0-1-9", "s": ""}],
            "SET GLOBAL read_only = 1": lambda: setattr(self, "read_only", 1) or [],
            "SET GLOBAL read_only = 0": lambda: setattr(self, "read_only", 0) or []})
        self.arguments = {"address": "198.51.100.102/24", "config_file": "", "login_unix_socket": "/run/mysqld/mysqld.sock",
                          "login_password": SECRET, "timeout": 1, "patience_ms": 50}

    # The wire

    interface, six = "eth0", False

    def wait_free(self, address, seconds):
        return self.rival

    def announce(self, address):
        pass

    def close(self):
        pass


@pytest.fixture
def host(tmp_path, database, monkeypatch):
    return Host(tmp_path, database, monkeypatch)


def test_a_fence_closes_everything_and_a_second_one_changes_nothing(host, play):
    result = play(mysql_writer, dict(host.arguments, state="fenced", by="drill"), diff=True)
    assert (result["changed"], result["gtid"], host.read_only, host.held) == (True, "0-1-9", 1, False)
    assert host.record() == {"writer": False, "by": "drill", "at": host.record()["at"]}
    assert result["ended"] == [{"id": 7, "user": "shop", "host": "198.51.100.9:4711", "command": "Sleep", "seconds": 3}]
    assert result["diff"] == {"before": result["before"], "after": result["after"]}
    assert "secret of a client" not in json.dumps(result) and SECRET not in json.dumps(result)
    again = play(mysql_writer, dict(host.arguments, state="fenced"), diff=True)
    assert (again["changed"], again["ended"], "diff" in again) == (False, [], False) and host.record()["by"] == "drill"


def test_check_mode_fences_and_promotes_nothing(host, play, database):
    assert play(mysql_writer, dict(host.arguments, state="fenced"), check=True)["changed"]
    assert (host.read_only, host.held, host.record()) == (0, True, {"writer": True})
    play(mysql_writer, dict(host.arguments, state="fenced"))
    host.rival = "02:00:00:00:00:99"
    result = play(mysql_writer, dict(host.arguments, state="promoted"), check=True)
    assert (result["changed"], result["holder"]) == (True, host.rival)
    assert (host.read_only, host.held, host.record()["writer"]) == (1, False, False)


def test_a_fenced_member_is_promoted_once(host, play):
    play(mysql_writer, dict(host.arguments, state="fenced"))
    result = play(mysql_writer, dict(host.arguments, state="promoted", gtid="0-1-9"), diff=True)
    assert result["changed"] and (host.read_only, host.held, host.record()["writer"]) == (0, True, True)
    assert (result["before"]["server"], result["after"]["server"]) == ("read_only", "writable")
    assert not play(mysql_writer, dict(host.arguments, state="promoted"))["changed"]


def test_who_lacks_transactions_of_the_former_writer_is_not_promoted(host, play, refused):
    play(mysql_writer, dict(host.arguments, state="fenced"))
    assert refused(mysql_writer, dict(host.arguments, state="promoted", gtid="0-1-12", timeout=0)) == (
        "db2: lacks 0-1-10..12 of the former writer after 0 s, so it is not promoted: look at its replication.")
    assert (host.read_only, host.held, host.record()["writer"]) == (1, False, False)


def test_an_address_that_somebody_has_leaves_this_one_read_only(host, play, refused):
    play(mysql_writer, dict(host.arguments, state="fenced"))
    host.rival = "02:00:00:00:00:99"
    assert refused(mysql_writer, dict(host.arguments, state="promoted")) == (
        "db2: 198.51.100.102 is held by 02:00:00:00:00:99, so this member is left read-only: fence that one first (arping 198.51.100.102 "
        "tells whether it still answers).")
    assert (host.read_only, host.held, host.record()["writer"]) == (1, False, False)


def test_a_server_that_is_down_is_fenced_but_not_promoted(host, play, refused, database):
    database.down = Unreachable("/run/mysqld/mysqld.sock: Connection refused")
    result = play(mysql_writer, dict(host.arguments, state="fenced"))
    assert (result["changed"], result["gtid"], result["killed"], result["problem"]) == (
        True, None, False, "/run/mysqld/mysqld.sock: Connection refused")
    assert not host.held and host.record()["writer"] is False
    assert refused(mysql_writer, dict(host.arguments, state="promoted")) == (
        "db2: the server does not answer: /run/mysqld/mysqld.sock: Connection refused")


def test_a_server_that_cannot_be_closed_keeps_its_record(host, refused, database):
    def no():
        raise Failure("s says: Access denied (error 1227)", 1227)

    database.answers["SET GLOBAL read_only = 1"] = no
    assert refused(mysql_writer, dict(host.arguments, state="fenced")) == "s says: Access denied (error 1227)"
    assert host.record() == {"writer": True} and host.held

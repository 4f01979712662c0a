# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the agent of an automatic cluster asks and tells servers."""

from __future__ import annotations

import json
import os
import subprocess
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_servers, mysql_writer
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

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check agent that role galera installs."""

from __future__ import annotations

import argparse
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import galera_check as agent

GOOD = {"wsrep_cluster_status": "Primary", "wsrep_local_state": "4", "wsrep_local_state_comment": "Synced", "wsrep_ready": "ON"}


@pytest.mark.parametrize("changes, read_only, donor_serves, answer", [
    ({}, False, False, (True, "Synced")),
    ({}, True, False, (False, "read_only")),
    ({"wsrep_local_state": "2", "wsrep_local_state_comment": "Donor/Desynced"}, False, False, (False, "Donor/Desynced")),
    ({"wsrep_local_state": "2", "wsrep_local_state_comment": "Donor/Desynced"}, False, True, (True, "Donor/Desynced")),
    ({"wsrep_local_state": "1", "wsrep_local_state_comment": "Joining"}, False, True, (False, "Joining")),
    ({"wsrep_cluster_status": "non-Primary"}, False, False, (False, "in no primary component")),
    ({"wsrep_ready": "OFF"}, False, False, (False, "not ready (Synced)")),
])
def test_who_takes_clients(changes, read_only, donor_serves, answer):
    assert agent.judge(dict(GOOD, **changes), read_only, donor_serves) == answer


@pytest.fixture
def running(tmp_path):
    options = argparse.Namespace(cache_ms=50, timeout_ms=200, drain_file=str(tmp_path / "drain"), donor_serves=False)
    server = agent.Server(options)
    server.pace, server.asked = 0.0, 0

    def query():
        server.asked += 1
        time.sleep(server.pace)
        return True, "Synced"

    server.query = query
    threading.Thread(target=server.run, daemon=True).start()
    http = agent.Agent(("127.0.0.1", 0), agent.Handler)
    http.member = server
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield server, "http://127.0.0.1:%d/" % http.server_address[1], tmp_path
    http.shutdown()
    http.server_close()


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status, answer.read().decode().strip()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode().strip()


def test_answers_are_repeated_for_a_moment(running):
    server, url, _path = running
    server.options.cache_ms = 60000
    assert [get(url) for _time in range(3)] == [(200, "Synced")] * 3
    assert server.asked == 1
    server.options.cache_ms = 0
    assert get(url) == (200, "Synced") and server.asked == 2


def test_drained(running):
    server, url, path = running
    (path / "drain").touch()
    assert get(url) == (503, "drained") and server.asked == 0
    (path / "drain").unlink()
    assert get(url)[0] == 200


def test_a_server_that_hangs_costs_no_more_than_the_limit(running):
    server, url, _path = running
    server.pace = 1
    began = time.monotonic()
    assert get(url) == (503, "MariaDB does not answer within 200 ms")
    assert time.monotonic() - began < 0.8


def test_it_answers_on_an_ipv6_address():
    member = argparse.Namespace(options=argparse.Namespace(drain_file="/nowhere"), known=lambda: (True, "Synced"))
    http = agent.Agent(("::1", 0), agent.Handler, member)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        assert get("http://[::1]:%d/" % http.server_address[1]) == (200, "Synced")
    finally:
        http.shutdown()
        http.server_close()


@pytest.mark.parametrize("addresses, asked", [
    (["*"], ["127.0.0.1", "[::1]"]), (["127.0.0.1", "::1"], ["127.0.0.1", "[::1]"]), (["127.0.0.1", "127.0.0.1"], ["127.0.0.1"])])
def test_it_answers_where_clients_are_taken_and_where_members_ask(addresses, asked):
    member = argparse.Namespace(options=argparse.Namespace(drain_file="/nowhere"), known=lambda: (True, "Synced"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serving = agent.agents(addresses, port, member)
    try:
        for one in serving:
            threading.Thread(target=one.serve_forever, daemon=True).start()
        assert [get("http://%s:%d/" % (address, port)) for address in asked] == [(200, "Synced")] * len(asked)
        with pytest.raises(OSError, match="port %d" % port):
            agent.agents(addresses, port, member)
    finally:
        for one in serving:
            one.shutdown()
            one.server_close()


class Cursor:
    """Answers the agent's two questions, or breaks."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None

    def execute(self, statement):
        if self.server.breaks:
            raise self.server.breaks
        self.statement = statement

    def fetchall(self):
        assert self.statement == agent.QUESTION
        return list(self.server.status.items())

    def fetchone(self):
        assert self.statement == "SELECT @@global.read_only"
        return ("1" if self.server.read_only else "0",)


class Played:
    """A server to which the agent connects."""

    def __init__(self):
        self.status, self.read_only, self.breaks, self.dialled, self.closed = dict(GOOD), False, None, [], 0

    def dial(self, where):
        self.dialled.append(where)
        return self

    def cursor(self):
        return Cursor(self)

    def _force_close(self):
        self.closed += 1


@pytest.fixture
def played(monkeypatch):
    made = Played()
    monkeypatch.setattr(agent, "dial", made.dial)
    return made


def server(timeout_ms=500):
    return agent.Server(argparse.Namespace(socket="/run/s", user="galera-agent", timeout_ms=timeout_ms, donor_serves=False))


def test_one_connection_is_kept_as_long_as_it_answers(played):
    one = server()
    assert [one.query(), one.query()] == [(True, "Synced")] * 2 and len(played.dialled) == 1
    assert played.dialled[0] == {"unix_socket": "/run/s", "user": "galera-agent", "connect_timeout": 1, "read_timeout": 1,
                                 "write_timeout": 1}
    played.read_only = True
    assert one.query() == (False, "read_only")


@pytest.mark.parametrize("timeout_ms, seconds", [(100, 1), (1400, 1), (2600, 3)])
def test_the_drivers_limit_is_whole_seconds_and_never_none(played, timeout_ms, seconds):
    server(timeout_ms).query()
    assert played.dialled[0]["read_timeout"] == seconds


def test_a_connection_that_breaks_is_made_anew(played):
    one = server()
    one.query()
    played.breaks = TimeoutError("timed out")
    assert one.query() == (False, "MariaDB does not answer (TimeoutError)") and played.closed == 1
    played.breaks = None
    assert one.query() == (True, "Synced") and len(played.dialled) == 2


def test_a_server_that_is_away_is_told_so(played, monkeypatch):
    def away(_where):
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(agent, "dial", away)
    assert server().query() == (False, "MariaDB does not answer (ConnectionRefusedError)") and played.closed == 0


@pytest.mark.parametrize("method, body", [("HEAD", b""), ("OPTIONS", b"Synced\n")])
def test_proxies_ask_by_other_methods_too_and_are_told_to_go(running, method, body):
    _server, url, _tmp = running
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=2) as answer:
        assert (answer.status, answer.read(), answer.headers["Connection"], answer.headers["Content-Length"]) == (200, body, "close", "7")

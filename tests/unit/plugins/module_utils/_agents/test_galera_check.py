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

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of etcd: which member is asked, what an answer says, and when it is proven that nobody can change anything. Real sockets."""

from __future__ import annotations

import http.client
import http.server
import json
import socket
import threading
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils._etcd import keys
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import ApiError, Unreachable, place


class Keys(keys.Keys):
    """Without TLS."""

    def __init__(self, at, user=None, password=None, timeout=1):
        super().__init__(at, None, timeout, user, password)

    def open(self, endpoint, timeout):
        return http.client.HTTPConnection(*place(endpoint), timeout=timeout)


@pytest.fixture
def serve():
    """serve(answer) -> a URL; answer(path, body, headers) gives (status, what is sent as JSON)."""
    servers = []

    def made(answer, client=lambda port: None):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                client(self.client_address[1])
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, told = answer(self.path, body, self.headers)
                text = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_words):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return "https://127.0.0.1:%d" % server.server_address[1]

    yield made
    for server in servers:
        server.shutdown()
        server.server_close()


def nobody():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return "https://127.0.0.1:%d" % one.getsockname()[1]


def test_the_next_endpoint_is_asked_when_one_is_gone_or_has_no_leader(serve):
    lame = serve(lambda path, body, headers: (503, {"error": "etcdserver: no leader", "code": 14}))
    good = serve(lambda path, body, headers: (200, {"ID": "77"}))
    one = Keys([nobody(), lame, good])
    assert one.grant(3) == "77"
    # The one that answered stays the first.
    assert one.endpoints[0] == good


def test_who_is_asked_in_vain_is_named():
    where = nobody()
    with pytest.raises(Unreachable, match="Connection refused"):
        Keys([where]).grant(3)
    with pytest.raises(Unreachable) as failed:
        Keys([where, nobody()]).grant(3)
    assert str(failed.value).startswith("no etcd answers: %s: Connection refused; https" % where)


def test_a_refusal_is_not_carried_elsewhere(serve):
    asked = []
    denies = serve(lambda path, body, headers: (403, {"error": "etcdserver: permission denied", "code": 7}))
    other = serve(lambda path, body, headers: asked.append(path) or (200, {}))
    with pytest.raises(ApiError) as failed:
        Keys([denies, other]).read("/a/")
    assert str(failed.value) == "etcdserver: permission denied" and asked == []


def test_a_member_that_is_frozen_costs_one_time_out_and_is_asked_last_from_then_on(serve):
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        places = []
        good = serve(lambda path, body, headers: places.append(headers) or (200, {"ID": "77"}))
        one = Keys(["https://127.0.0.1:%d" % frozen.getsockname()[1], good], timeout=0.2)
        began = time.monotonic()
        assert [one.grant(3) for _turn in range(5)] == ["77"] * 5
        assert 0.2 <= time.monotonic() - began < 0.4 and one.url == good and len(places) == 5


def test_a_connection_is_kept(serve):
    ports = set()
    where = serve(lambda path, body, headers: (200, {"ID": "77"}), ports.add)
    one = Keys([where, nobody()])
    assert one.grant(3) == one.grant(3) == "77" and len(ports) == 1


# etcd 3.4's words, 3.5's, and none at all.
@pytest.mark.parametrize("refusal", [
    {"error": "etcdserver: invalid auth token", "message": "etcdserver: invalid auth token", "code": 16},
    {"message": "etcdserver: invalid auth token", "code": 16, "details": []}, {}])
def test_a_token_is_got_kept_and_got_anew(serve, refusal):
    log = []

    def answer(path, body, headers):
        log.append((path, headers.get("Authorization")))
        if path == "/v3/auth/authenticate":
            return 200, {"token": "t%d" % len(log)}
        if headers.get("Authorization") == "t1" and len(log) > 3:
            return 401, refusal
        return 200, {"succeeded": True}

    one = Keys([serve(answer)], user="lease", password="p")
    assert one.transact([], []) and one.transact([], []) and one.transact([], [])
    assert [path.split("/")[-1] for path, _token in log] == ["authenticate", "txn", "txn", "txn", "authenticate", "txn"]
    assert log[-1][1] == "t5"


def test_where_nobody_has_to_log_in_nobody_does(serve):
    def answer(path, body, headers):
        if path == "/v3/auth/authenticate":
            return 400, {"error": "etcdserver: authentication is not enabled", "code": 9}
        return 200, {"ID": "1"}

    assert Keys([serve(answer)], user="lease", password="p").grant(3) == "1"


def test_keys_and_values(serve):
    asked = []

    def answer(path, body, headers):
        asked.append(body)
        return 200, {"kvs": [{"key": keys.packed("/a/writer"), "value": keys.packed('{"name": "db1"}'), "create_revision": "5",
                              "mod_revision": "7", "lease": "77"}, {"key": keys.packed("/a/x"), "value": keys.packed("no JSON"),
                                                                    "create_revision": "1", "mod_revision": "1"}]}

    assert Keys([serve(answer)]).read("/a/") == {"writer": ({"name": "db1"}, 5, 7, "77"), "x": ({}, 1, 1, "0")}
    assert asked == [{"key": keys.packed("/a/"), "range_end": keys.packed("/a0")}]
    assert keys.put("/a", {"b": 1}, "9") == {
        "request_put": {"key": keys.packed("/a"), "value": keys.packed('{"b": 1}'), "lease": "9"}}


@pytest.mark.parametrize("answer, there", [({"result": {"TTL": "3"}}, True), ({"result": {}}, False), ({}, False)])
def test_whether_a_lease_was_still_there(serve, answer, there):
    assert Keys([serve(lambda path, body, headers: (200, answer))]).keep_alive("7") is there


def test_an_error_within_a_stream_is_one(serve):
    with pytest.raises(ApiError) as failed:
        Keys([serve(lambda path, body, headers: (200, {"error": {"grpc_code": 5, "message": "lease not found"}}))]).keep_alive("7")
    assert "lease not found" in str(failed.value)


R, L, LED, S = keys.REFUSED, keys.LEADERLESS, keys.LED, keys.SILENT


@pytest.mark.parametrize("states, proven", [
    ([R, R, S], True), ([R, L, S], True), ([L, L, L], True), ([R, S, S], False), ([S, S, S], False), ([R, R, LED], False),
    ([R, R, S, S], True), ([R, S, S, S], False), ([R, R, S, S, S], False), ([R, R, L, S, S], True), ([R], True)])
def test_when_it_is_proven_that_nobody_can_change_anything(states, proven):
    assert keys.no_majority(states) is proven


def test_members_are_asked_whether_they_know_a_leader(serve):
    leads = serve(lambda path, body, headers: (200, {"leader": "123"}))
    lost = serve(lambda path, body, headers: (200, {"leader": "0", "errors": ["etcdserver: no leader"]}))
    assert Keys([nobody(), lost, nobody()]).leaderless() is True
    assert Keys([nobody(), leads, nobody()]).leaderless() is False

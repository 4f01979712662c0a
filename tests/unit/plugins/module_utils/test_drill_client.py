from __future__ import annotations

import asyncio
import json
import threading
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _drill_client as client
from ansible_collections.failover.stack.plugins.module_utils import _drill_files as files

SETTINGS = {
    "address": "127.0.0.1",
    "host_header": "",
    "path": "/ping.json",
    "session_path": "/session.json",
    "rate": 100,
    "keep_every": 2,
    "sessions": 2,
    "session_rate": 10.0,
    # Long, since these tests run beside others; the one about limits has its own.
    "time_limit_ms": 5000,
    "vips": [],
    "neighbours": {},
    "arp_ms": 50,
    "max_s": 1,
    "served_header": "X-Served-By",
    "sorry_header": "X-Sorry",
    "download": {"path": "", "count": 0, "rate_bytes_s": 0, "planned_s": 1, "anew_s": 0},
    "quiet": {"count": 0, "every_s": 0.1},
}


class Service:
    """A small server in a thread: answers as the demo application does, or as told."""

    def __init__(self, answer):
        self.answer, self.port, self.ready = answer, None, threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True)
        self.thread.start()
        self.ready.wait(5)

    async def serve(self):
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await server.serve_forever()

    async def handle(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                reply = await self.answer(head)
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


def page(value, *headers):
    body = json.dumps(value).encode()
    extra = b"".join(h + b"\r\n" for h in headers)
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (len(body), extra) + body


async def friendly(head):
    if b"/session.json" in head:
        count = int(head.split(b"COUNT=")[1].split(b";")[0].split(b"\r")[0]) + 1 if b"COUNT=" in head else 1
        answer = {"instance": "t", "jvm_route": "a-t", "session": "x.a-t", "counter": count, "new": count == 1}
        return page(answer, b"Set-Cookie: COUNT=%d" % count)
    return page({"instance": "t", "jvm_route": "a-t"})


def observe(answer, tmp_path, **more):
    service = Service(answer)
    settings = dict(SETTINGS, port=service.port, control=str(tmp_path / "c" / "finish"), **more)
    return asyncio.run(client.Observer(settings).run())


def test_observer_sees_good_service(tmp_path):
    seen = observe(friendly, tmp_path)
    assert seen["instances"] == ["a-t"]
    assert set(seen["rows"][3]) == {client.OK}
    anonymous = [sent for sent, visitor in zip(seen["rows"][0], seen["rows"][2]) if visitor == client.ANONYMOUS]
    assert 50 <= len(anonymous) <= 140
    assert seen["lost"] == []
    assert set(seen["rows"][2]) == {-1, 0, 1}


def test_observer_counts_time_limits_without_slowing_down(tmp_path):
    async def hangs(_head):
        await asyncio.sleep(5)

    seen = observe(hangs, tmp_path, sessions=0, time_limit_ms=200)
    assert set(seen["rows"][3]) == {client.TIMEOUT}
    assert len(seen["rows"][0]) >= 50


@pytest.mark.parametrize(
    "reply, code",
    [
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", client.STATUS),
        (page({"hello": 1}), client.BODY),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", client.BODY),
        (None, client.RESET),
    ],
)
def test_observer_counts_other_failures(tmp_path, reply, code):
    async def answer(_head):
        return reply

    seen = observe(answer, tmp_path, sessions=0, keep_every=0)
    assert set(seen["rows"][3]) == {code}


def test_observer_counts_refusals(tmp_path):
    settings = dict(SETTINGS, port=1, sessions=0, control=str(tmp_path / "finish"))
    assert set(asyncio.run(client.Observer(settings).run())["rows"][3]) == {client.REFUSED}


def test_observer_sees_a_lost_session(tmp_path):
    number = iter(range(10000))

    async def forgets(_head):
        return page({"instance": "t", "session": "%d.a" % next(number), "counter": 1, "new": True})

    seen = observe(forgets, tmp_path, sessions=1, rate=1)
    assert len(seen["lost"]) >= 5
    assert seen["lost"][0]["reason"] == "id changed"


def test_observer_finishes_when_told(tmp_path):
    control = str(tmp_path / "c" / "finish")
    files.write_json(control, {"settle_s": 0.2, "wait_for_all": True, "wait_s": 5})
    started = time.monotonic()
    seen = observe(friendly, tmp_path, max_s=20)
    assert time.monotonic() - started < 5
    assert seen["all_back"]


def test_observer_knows_who_served_and_which_connections_were_kept(tmp_path):
    async def served(_head):
        return page({"instance": "t", "jvm_route": "a-t"}, b"x-served-by: web2")

    seen = observe(served, tmp_path, sessions=0)
    assert seen["served"] == ["web2"]
    assert set(seen["rows"][6]) == {0}
    kept = sum(seen["rows"][5])
    assert abs(kept - len(seen["rows"][5]) / 2) <= 1


def test_observer_tells_apologies_from_failures(tmp_path):
    async def apologises(_head):
        return b"HTTP/1.1 503 No\r\nX-SORRY: yes\r\nContent-Length: 0\r\n\r\n"

    seen = observe(apologises, tmp_path, sessions=1)
    assert set(seen["rows"][3]) == {client.SORRY}
    assert seen["lost"] == []


def test_observer_downloads_and_keeps_quiet(tmp_path):
    more = {
        "download": {"path": "/ping.json", "count": 2, "rate_bytes_s": 0, "planned_s": 9.0, "anew_s": 0},
        "quiet": {"count": 1, "every_s": 0.2},
    }
    seen = observe(friendly, tmp_path, sessions=0, **more)
    assert [d["outcome"] for d in seen["downloads"]["seen"]] == ["whole", "whole"]
    assert seen["quiet"]["opened"] == 1
    assert seen["quiet"]["broken"] == []
    assert seen["length_ms"] <= 3000


FOUND = {"holders": {"198.18.0.101": ["p1"]}, "answers": ["ok"] * 4, "served": ["web1", "web2"], "session": {}, "sides": 1}
LEDGER = {"servers": {"db1": "198.18.0.31", "db2": "198.18.0.32"}, "address": "198.18.0.102"}


@pytest.mark.parametrize("settings, found, clauses", [
    ({"serving": ["web1", "web2"]}, {}, []),
    ({}, {"holders": {"198.18.0.101": []}}, ["198.18.0.101 has no holder"]),
    ({}, {"holders": {"198.18.0.101": ["p1", "p2"]}}, ["198.18.0.101 has 2 holders (p1, p2)"]),
    ({}, {"answers": ["ok", "refused or unreachable", "bad status"]},
     ["2 of 3 requests to 127.0.0.1 failed (bad status, refused or unreachable)"]),
    ({"serving": ["web1", "web3"]}, {}, ["web3 serves nothing at 127.0.0.1"]),
    ({"serving": ["web3"], "rate": 0}, {}, []),
    ({"ledger": LEDGER}, {"writers": ["db1"], "readers": ["db2"], "behind": []}, []),
    ({"ledger": LEDGER}, {"writers": ["db1"], "readers": [], "behind": []}, ["db2 does not answer"]),
    ({"ledger": LEDGER}, {"writers": ["db1"], "readers": ["db2"], "behind": ["db2"]}, ["db2 does not get what is written"]),
    # The writer may be none of those that are looked at; that the address takes rows is tried before.
    ({"ledger": LEDGER}, {"writers": [], "readers": ["db1", "db2"], "behind": []}, []),
    ({"ledger": LEDGER}, {"writers": ["db1", "db2"], "readers": [], "behind": [], "sides": 2},
     ["db1 and db2 take what is written, on 2 sides"]),
    ({"ledger": LEDGER}, {"writers": ["db1", "db2"], "readers": [], "behind": [], "sides": 1}, []),
])
def test_what_speaks_against_beginning_a_drill(settings, found, clauses):
    assert list(client.unsteady({**SETTINGS, **settings}, {**FOUND, **found})) == clauses


def test_the_steady_state_is_waited_for():
    began = time.monotonic()

    async def late(head):
        return await friendly(head) if time.monotonic() - began > 0.6 else b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

    service = Service(late)
    found, clauses = asyncio.run(client.steady({**SETTINGS, "port": service.port}, 10))
    assert clauses == [] and set(found["answers"]) == {"ok"}


def test_what_is_not_steady_in_time_is_told():
    async def never(head):
        return b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

    service = Service(never)
    _found, clauses = asyncio.run(client.steady({**SETTINGS, "port": service.port}, 0.1))
    assert clauses == ["6 of 6 requests to 127.0.0.1 failed (bad status)"]

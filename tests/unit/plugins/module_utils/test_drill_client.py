from __future__ import annotations

import asyncio
import json
import threading
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _drill_client as client

SETTINGS = {
    "address": "127.0.0.1",
    "host_header": "",
    "path": "/ping.json",
    "session_path": "/session.json",
    "rate": 100,
    "keep_every": 2,
    "sessions": 2,
    "session_rate": 10.0,
    "time_limit_ms": 200,
    "vips": [],
    "neighbours": {},
    "arp_ms": 50,
    "max_s": 1,
}


def test_response_by_length():
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    assert client.parse_response(data[:-1]) is None
    assert client.parse_response(data[:10]) is None
    assert client.parse_response(data)[0::2] == (200, b"hi")


def test_response_in_chunks():
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    assert client.parse_response(data[:-8]) is None
    assert client.parse_response(data)[2] == b"abcde"


def test_response_until_closed():
    data = b"HTTP/1.0 503 No\r\n\r\nbody"
    assert client.parse_response(data) is None
    assert client.parse_response(data, closed=True)[0] == 503


def test_response_that_is_none():
    with pytest.raises(ValueError):
        client.parse_response(b"garbage\r\n\r\n")


def test_jar_keeps_the_newest_cookies():
    jar = client.Jar()
    jar.take([(b"set-cookie", b"JSESSIONID=1.a; Path=/"), (b"set-cookie", b"SRV=web1"), (b"server", b"x")])
    jar.take([(b"set-cookie", b"JSESSIONID=1.b; HttpOnly")])
    assert jar.header() == b"Cookie: JSESSIONID=1.b; SRV=web1\r\n"


def visit(*answers):
    visitor = client.Visitor(0)
    return [visitor.judge({"session": s, "counter": c, "new": n}) for s, c, n in answers]


def test_a_session_that_moves_between_tomcats_lives():
    assert visit(("x.a", 1, True), ("x.a", 2, False), ("x.b", 3, False)) == [None, None, None]


def test_a_counter_may_jump_forward():
    assert visit(("x.a", 1, True), ("x.a", 5, False))[1] is None


@pytest.mark.parametrize(
    "second, reason",
    [
        (("y.a", 2, False), "id changed"),
        (("x.a", 2, True), "new again"),
        (("x.a", 1, False), "counter went from 1 to 1"),
        (("x.a", 0, False), "counter went from 1 to 0"),
    ],
)
def test_a_session_is_lost(second, reason):
    assert visit(("x.a", 1, True), second)[1] == reason


def test_a_loss_counts_once():
    assert visit(("x.a", 5, True), ("y.a", 1, True), ("y.a", 2, False))[2] is None


def test_arp_question_and_answer():
    mac = bytes(range(6))
    probe = client.arp_question(mac, None, "198.18.0.101")
    assert len(probe) == 42
    assert probe[28:32] == b"\0\0\0\0"
    assert client.arp_answer(probe) is None
    reply = mac + mac + b"\x08\x06\0\x01\x08\0\x06\x04\0\x02" + mac + bytes([198, 18, 0, 101]) + mac + bytes(4)
    assert client.arp_answer(reply) == ("00:01:02:03:04:05", "198.18.0.101", "0.0.0.0")


def test_holders_by_round():
    holders = client.Holders(["v"])
    for step, macs in enumerate([["m1"], ["m1"], [], ["m2"], ["m1", "m2"]]):
        holders.begin(step % 2, step * 50.0)
        for mac in macs:
            holders.reply(step % 2, mac, "v")
    holders.finish()
    assert holders.export()["spans"]["v"] == [[0.0, 50.0, 1], [100.0, 100.0, 0], [150.0, 150.0, 2], [200.0, 200.0, 3]]


def test_a_late_answer_counts_for_its_own_question():
    holders = client.Holders(["v"])
    holders.begin(0, 0.0)
    holders.begin(1, 50.0)
    holders.reply(0, "m1", "v")
    holders.reply(1, "m2", "v")
    holders.finish()
    assert [span[2] for span in holders.export()["spans"]["v"]] == [1, 2]


def test_pack_and_unpack():
    assert client.unpack(client.pack({"a": [1, 2]})) == {"a": [1, 2]}


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
    assert 80 <= len(anonymous) <= 140
    assert seen["lost"] == []
    assert set(seen["rows"][2]) == {-1, 0, 1}


def test_observer_counts_time_limits_without_slowing_down(tmp_path):
    async def hangs(_head):
        await asyncio.sleep(5)

    seen = observe(hangs, tmp_path, sessions=0)
    assert set(seen["rows"][3]) == {client.TIMEOUT}
    assert len(seen["rows"][0]) >= 80


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
    client.write_json(control, {"settle_s": 0.2, "wait_for_all": True, "wait_s": 5})
    started = time.monotonic()
    seen = observe(friendly, tmp_path, max_s=20)
    assert time.monotonic() - started < 5
    assert seen["all_back"]

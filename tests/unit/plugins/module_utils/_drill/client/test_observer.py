from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client import files
from ansible_collections.failover.stack.plugins.module_utils._drill.client import observer as client

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
    "quiet": {"count": 0, "every_s": 0.1, "method": "GET"},
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
    mark, marked = tmp_path / "c" / "finish.running", []

    async def noted(head):
        marked.append(mark.exists())
        return await answer(head)

    service = Service(noted)
    settings = dict(SETTINGS, port=service.port, control=str(tmp_path / "c" / "finish"), **more)
    seen = asyncio.run(client.Observer(settings).run())
    assert True in marked and not mark.exists()
    return seen


def test_observer_sees_good_service(tmp_path):
    seen = observe(friendly, tmp_path)
    assert seen["instances"] == ["a-t"]
    assert set(seen["rows"][3]) == {client.OK}
    anonymous = [sent for sent, visitor in zip(seen["rows"][0], seen["rows"][2]) if visitor == client.ANONYMOUS]
    # One each 10 ms of the time that it took.
    assert 50 <= len(anonymous) <= seen["length_ms"] / 10 + 40
    assert seen["lost"] == []
    assert set(seen["rows"][2]) == {-1, 0, 1}


def test_visitors_come_by_all_addresses(tmp_path):
    asked = []

    async def noted(head):
        asked.append((head.split(b"Host: ")[1].split(b"\r")[0], b"session" in head, b"keep-alive" in head))
        return await friendly(head)

    seen = observe(noted, tmp_path, also=["localhost"], host_header="", sessions=4)
    assert set(seen["rows"][3]) == {client.OK} and seen["lost"] == []
    # Anonymous ones and visitors, both with new and with kept connections.
    assert set(asked) == set(itertools.product((b"127.0.0.1", b"localhost"), (True, False), (True, False)))


def test_a_look_asks_at_every_address():
    async def by_one(head):
        return b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n" if b"Host: localhost" in head else await friendly(head)

    settings = {**SETTINGS, "port": Service(by_one).port, "also": ["localhost"], "host_header": "", "sessions": 0}
    _found, clauses = asyncio.run(client.steady(settings, 0.1))
    assert clauses == ["14 of 28 requests to 127.0.0.1 and localhost failed (bad status)"]


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


def test_any_body_is_good_where_it_is_said_so_and_names_nobody_but_by_its_header(tmp_path):
    async def plain(_head):
        return b"HTTP/1.1 200 OK\r\nX-Served-By: web1\r\nContent-Length: 5\r\n\r\nhello"

    seen = observe(plain, tmp_path, sessions=0, body="any")
    assert set(seen["rows"][3]) == {client.OK} and seen["served"] == seen["instances"] == ["web1"]
    nameless = observe(plain, tmp_path, sessions=0, body="any", served_header="")
    assert set(nameless["rows"][3]) == {client.OK} and nameless["instances"] == []
    # A visitor's session is in the body.
    assert client.BODY in observe(plain, tmp_path, sessions=1, body="any")["rows"][3]


def test_an_answer_that_is_cut_short_is_not_any_body(tmp_path):
    async def short(head):
        if b"keep-alive" in head:
            return None
        return b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"

    assert client.OK not in observe(short, tmp_path, sessions=0, body="any", time_limit_ms=200)["rows"][3]


def good(**more):
    return json.dumps({"instance": "t", "session": "x.t", "counter": 1, "new": True, **more}).encode()


@pytest.mark.parametrize("status, headers, body, code, instances", [
    (200, [], good(), client.OK, ["t"]), (200, [], good(jvm_route="a-t"), client.OK, ["a-t"]),
    (200, [], good(jvm_route=""), client.OK, ["t"]),
    (200, [], good(instance=7), client.OK, ["7"]),
    (500, [], good(), client.STATUS, []), (0, [], b"", client.STATUS, []), (302, [], good(), client.STATUS, []),
    *((200, [], body, client.BODY, []) for body in (
        b"", b"[]", b"null", b"7", b"{}", b'"instance"', b"\xff\xfe", b'{"instance": "t"', good()[:-1],
        good(counter="soon"), good(counter=None),
        good(counter=float("inf")), good(counter=[1]), b"[" * 100000, b'{"a":' * 100000)),
    # An apology counts whatever its status, and whatever it says of a session.
    (200, [(b"x-sorry", b"")], good(), client.SORRY, []), (503, [(b"x-sorry", b"yes")], b"", client.SORRY, []),
])
def test_what_an_answer_is_taken_for(status, headers, body, code, instances):
    observer, visitor = client.Observer(dict(SETTINGS, also=[])), client.Visitor(0)
    assert observer.understand(status, headers, body, visitor, 0.0)[0] == code
    assert observer.instances == instances and observer.lost == []


def test_a_session_is_lost_only_by_an_answer_that_says_so():
    observer, visitor = client.Observer(dict(SETTINGS)), client.Visitor(3)
    sorry, cookie = [(b"x-sorry", b"1"), (b"set-cookie", b"S=sorry")], [(b"set-cookie", b"S=x")]
    for at, (status, headers, body) in enumerate([
            (200, cookie, good(counter=4)), (503, [], b""), (200, sorry, good(session="z", counter=1)), (200, [], b"{"),
            (200, [], good(counter=5, new=False)), (200, [], good(counter=5, new=False)), (200, [], good(session="y.t", counter=9))]):
        observer.understand(status, headers, body, visitor, float(at))
    assert [(one["at"], one["visitor"], one["reason"]) for one in observer.lost] == [
        (5, 3, "counter went from 5 to 5"), (6, 3, "id changed")]
    # What a sorry server hands out is no cookie of the service.
    assert visitor.jar.cookies == {b"S": b"x"}


def test_an_answer_that_drives_a_parser_mad_is_a_row_all_the_same(tmp_path):
    async def deep(_head):
        body = b"[" * 100000
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    seen = observe(deep, tmp_path, rate=20)
    assert set(seen["rows"][3]) == {client.BODY} and set(seen["rows"][2]) == {-1, 0, 1}


def test_a_name_in_a_header_may_be_any_bytes():
    observer = client.Observer(dict(SETTINGS))
    assert [observer.server_of(headers) for headers in (
        [(b"x-served-by", b"w\xfc")], [(b"x-served-by", b"")], [(b"served-by", b"w")], [], [(b"x-served-by", b"w2")])] == [0, -1, -1, -1, 1]
    assert observer.served == ["w\xfc", "w2"]


def test_the_end_is_told_by_hand_or_comes_by_itself(tmp_path):
    """Where nothing is asked for, nobody is waited for; a file that is being written is not there yet."""
    control = tmp_path / "c" / "finish"
    control.parent.mkdir()
    control.write_text('{"settle_s": 0', encoding="utf-8")

    async def work():
        observer, stop = client.Observer(dict(SETTINGS, rate=0, control=str(control), max_s=30)), asyncio.Event()
        asyncio.get_running_loop().call_later(0.6, control.write_text, '{"settle_s": 0, "wait_for_all": true, "wait_s": 7}')
        await observer.wait_for_end(stop)
        return observer, stop.is_set()

    observer, stopped = asyncio.run(work())
    assert stopped and observer.back is True and observer.wait_s == 7 and 600 <= observer.length < 30000


def test_instances_that_do_not_answer_again_are_not_back(tmp_path):
    control = tmp_path / "finish"
    files.write_json(str(control), {"settle_s": 0, "wait_for_all": True, "wait_s": 0.3})

    async def work(instances, recent, **more):
        observer = client.Observer(dict(SETTINGS, control=str(control), max_s=60, **more))
        observer.instances, observer.recent = instances, recent
        await observer.wait_for_end(asyncio.Event())
        return observer.back

    soon = time.monotonic() + 3600
    assert asyncio.run(work(["a", "b"], {0: soon})) is False
    assert asyncio.run(work([], {})) is False
    assert asyncio.run(work(["a", "b"], {0: soon, 1: soon})) is True


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
    assert time.monotonic() - started < 18
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
        "quiet": {"count": 1, "every_s": 0.2, "method": "GET"},
    }
    seen = observe(friendly, tmp_path, sessions=0, **more)
    assert [d["outcome"] for d in seen["downloads"]["seen"]] == ["whole", "whole"]
    assert seen["quiet"]["opened"] == 1
    assert seen["quiet"]["broken"] == []
    assert seen["length_ms"] <= 30000


def test_a_quiet_connection_posts_a_form():
    observer = client.Observer({"time_limit_ms": 1000, "host_header": "shop.test", "address": "127.0.0.1"})
    head, _gap, body = observer.request("/cart", True, method="POST").partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[:2] == [b"POST /cart HTTP/1.1", b"Host: shop.test"] and b"Content-Length: %d" % len(body) in lines and body == b"n=1"
    assert observer.request("/cart", True) == head.replace(b"POST", b"GET").partition(b"Content-Type")[0] + b"\r\n"


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


def test_a_probe_tells_who_answered_how_often_and_leaves_out_what_was_no_answer():
    """Two servers by turns, of which one says sorry once in a while; a visitor's answers count for nobody."""
    turns = itertools.count()

    async def answer(head):
        if b"/session.json" in head:
            return await friendly(head)
        number = next(turns)
        sorry = [b"X-Sorry: lb1"] if number == 4 else []
        return page({"instance": "t"}, b"X-Served-By: web%d" % (2 - number % 2), *sorry)

    service = Service(answer)
    found = asyncio.run(client.probe({**SETTINGS, "port": service.port, "requests": 9}))
    assert (found["shares"], found["served"]) == ({"web2": 4, "web1": 4}, ["web1", "web2"])
    assert (next(turns), found["answers"].count("sorry")) == (9, 1)


@pytest.mark.parametrize("address, header, wanted", [
    ("2001:db8:7::100", "", b"Host: [2001:db8:7::100]\r\n"),
    ("198.51.100.7", "", b"Host: 198.51.100.7\r\n"),
    ("2001:db8:7::100", "shop.example.com", b"Host: shop.example.com\r\n"),
])
def test_an_ipv6_address_stands_in_brackets_in_the_host_header(address, header, wanted):
    assert wanted in client.Observer({**SETTINGS, "address": address, "host_header": header}).request("/", False)


def test_what_is_not_steady_in_time_is_told():
    async def never(head):
        return b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

    service = Service(never)
    _found, clauses = asyncio.run(client.steady({**SETTINGS, "port": service.port}, 0.1))
    assert clauses == ["6 of 6 requests to 127.0.0.1 failed (bad status)"]

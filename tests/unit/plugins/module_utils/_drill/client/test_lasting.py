from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client import lasting
from ansible_collections.failover.stack.plugins.module_utils._drill.client.visitor import Connection

BLOB = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(2048))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
REQUEST = b"GET /blob HTTP/1.1\r\nHost: x\r\n\r\n"


def test_the_window_follows_the_rate_within_bounds():
    assert lasting.window(200000) == 25000
    assert lasting.window(100) == 4096
    assert lasting.window(10**9) == 65536


def test_head_of():
    assert lasting.head_of(b"HTTP/1.1 200 OK\r\nContent-") is None
    assert lasting.head_of(HEAD % 12 + b"rest") == (200, 12, b"rest")
    assert lasting.head_of(b"HTTP/1.0 404 No\r\n\r\n") == (404, None, b"")
    with pytest.raises(lasting.Broken, match="not an HTTP answer"):
        lasting.head_of(b"garbage\r\n\r\n")
    # A hint before the answer is none.
    assert lasting.head_of(b"HTTP/1.1 103 Hints\r\nContent-Length: 9\r\n\r\n") is None
    assert lasting.head_of(b"HTTP/1.1 100 Go\r\n\r\n" + HEAD % 12 + b"rest") == (200, 12, b"rest")


async def serve(handle, work, host="127.0.0.1"):
    """Runs work(port) beside a server whose n-th connection is handled by handle(n, reader, writer)."""
    number = iter(range(1000))

    async def one(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await handle(next(number), reader, writer)
        writer.close()

    server = await asyncio.start_server(one, host, 0)
    async with server:
        return await work(server.sockets[0].getsockname()[1])


def reset(writer):
    """Closing with a zero linger time sends a reset."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


def download(handle, seconds=0.5, host="127.0.0.1", **more):
    settings = dict({"path": "/blob", "count": 1, "rate_bytes_s": 0, "planned_s": 30.0, "anew_s": 0}, **more)
    began = time.monotonic()

    async def work(port):
        stop = asyncio.Event()
        downloads = lasting.Downloads(settings, host, port, REQUEST, lambda: (time.monotonic() - began) * 1000)
        await downloads.prepare()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        await asyncio.gather(*downloads.jobs(stop))
        return downloads.export()

    return asyncio.run(serve(handle, work, host))


async def whole(_number, _reader, writer):
    writer.write(HEAD % len(BLOB) + BLOB)
    await writer.drain()


def test_a_download_lasts_until_it_is_told_to_hurry():
    told = download(whole)
    (one,) = told["seen"]
    assert told["bytes"] == len(BLOB)
    assert told["rate_bytes_s"] == round(len(BLOB) / 30)
    assert one["outcome"] == "whole"
    assert one["bytes"] == len(BLOB)
    # Planned for half a minute.
    assert 400 < one["to"] < 20000


def test_a_download_by_ipv6():
    told = download(whole, host="::1")
    assert (told["problem"], [one["outcome"] for one in told["seen"]]) == ("", ["whole"])


def test_an_ended_download_is_begun_anew_only_before_the_fault():
    """By a clock of its own: each download takes 100 ms of it, however busy this machine is."""
    async def work(port):
        settings = {"path": "/blob", "count": 1, "rate_bytes_s": 1000000, "planned_s": 30.0, "anew_s": 0.25}
        downloads = lasting.Downloads(settings, "127.0.0.1", port, REQUEST, lambda: 100 * len(downloads.seen))
        await downloads.prepare()
        await asyncio.wait_for(asyncio.gather(*downloads.jobs(asyncio.Event())), 60)
        return downloads.export()["seen"]

    assert [(one["from"], one["outcome"]) for one in asyncio.run(serve(whole, work))] == [(0, "whole"), (100, "whole"), (200, "whole")]


def broken(second):
    """The reference is good, the slow one is what the case says."""

    async def handle(number, reader, writer):
        await (second if number else whole)(number, reader, writer)

    return download(handle)["seen"][0]


async def short(_number, _reader, writer):
    writer.write(HEAD % len(BLOB) + BLOB[:1000])


async def torn(_number, _reader, writer):
    writer.write(HEAD % len(BLOB) + BLOB[:1000])
    await writer.drain()
    await asyncio.sleep(0.05)
    reset(writer)


async def wrong(_number, _reader, writer):
    writer.write(HEAD % len(BLOB) + b"x" + BLOB[1:])


async def longer(_number, _reader, writer):
    writer.write(HEAD % (len(BLOB) + 1) + BLOB + b"x")


async def sorry(_number, _reader, writer):
    writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    "second, outcome",
    [
        (short, "short"),
        (torn, "reset"),
        (wrong, "wrong checksum"),
        (longer, "wrong length"),
        (sorry, "status 503"),
    ],
)
def test_broken_downloads(second, outcome):
    assert broken(second)["outcome"] == outcome


def test_a_silent_server_is_a_stall_and_in_the_end_broken(monkeypatch):
    monkeypatch.setattr(lasting, "REST_S", 0.2)

    async def silent(_number, _reader, writer):
        writer.write(HEAD % len(BLOB) + BLOB[:1000])
        await asyncio.sleep(2)

    one = broken(silent)
    assert one["outcome"] == "did not end"
    assert one["stall_ms"] > 150


def test_nothing_to_compare_with():
    async def missing(_number, _reader, writer):
        writer.write(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")

    told = download(missing)
    assert told["problem"] == "no copy of /blob to compare with: status 404"
    assert told["seen"] == []


def keep_quiet(handle, seconds=0.5):
    began = time.monotonic()

    async def work(port):
        async def connect():
            return (await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port))[1]

        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        one = lasting.Quiet(0.05, REQUEST, connect, lambda: (time.monotonic() - began) * 1000)
        await one.run(stop)
        return lasting.quiet_export([one])

    return asyncio.run(serve(handle, work))


async def kept(_number, reader, writer):
    while True:
        writer.write(HEAD % 2 + b"hi")
        try:
            await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return


def test_a_quiet_connection_lives():
    told = keep_quiet(kept)
    assert (told["opened"], told["ended"], told["broken"]) == (1, 0, [])
    assert told["longest_ms"] < 1000 * lasting.PATIENCE_S


def test_closed_in_order_while_nothing_was_asked_is_not_broken():
    async def once(_number, _reader, writer):
        writer.write(HEAD % 2 + b"hi")

    told = keep_quiet(once, 3)
    assert told["opened"] == told["ended"] + 1 or told["opened"] == told["ended"]
    assert told["opened"] > 2
    assert told["broken"] == []


def test_an_answer_that_says_that_it_is_the_last_dismisses():
    async def last(_number, _reader, writer):
        writer.write(HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") % 2 + b"hi")
        await writer.drain()
        await asyncio.sleep(1)

    told = keep_quiet(last)
    assert told["dismissed"] == told["opened"] > 2 and (told["ended"], told["broken"]) == (0, [])


def test_torn_down_is_broken():
    async def torn_down(number, reader, writer):
        writer.write(HEAD % 2 + b"hi")
        await writer.drain()
        await asyncio.sleep(0.02)
        if number == 0:
            reset(writer)
        else:
            await kept(number, reader, writer)

    told = keep_quiet(torn_down)
    assert [b["reason"] for b in told["broken"]] == ["reset"]
    assert told["opened"] == 2


def test_what_was_asked_and_what_was_refused_is_counted():
    async def refusing(_number, reader, writer):
        while True:
            writer.write(HEAD.replace(b"200", b"503") % 2 + b"hi")
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return

    told = keep_quiet(refusing)
    assert told["asked"] == told["refused"] > 2 and (told["opened"], told["broken"]) == (1, [])


def test_no_answer_is_broken(monkeypatch):
    monkeypatch.setattr(lasting, "PATIENCE_S", 0.1)

    async def mute(_number, _reader, _writer):
        await asyncio.sleep(1)

    assert keep_quiet(mute)["broken"][0]["reason"].startswith("no answer within")


async def unlimited(_number, _reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")


async def nothing(_number, _reader, _writer):
    pass


async def rubbish(_number, _reader, writer):
    writer.write(b"SSH-2.0-x\r\n\r\n")


@pytest.mark.parametrize("handle, why", [
    (unlimited, "no length in the answer"), (nothing, "short"), (rubbish, "not an HTTP answer"), (short, "short")])
def test_what_is_no_file_is_nothing_to_compare_with(handle, why):
    told = download(handle)
    assert (told["problem"], told["seen"], told["bytes"]) == ("no copy of /blob to compare with: " + why, [], 0)
    assert broken(handle)["outcome"] == why


def test_a_whole_copy_that_does_not_come_in_time_is_none(monkeypatch):
    monkeypatch.setattr(lasting, "REFERENCE_S", 0.1)

    async def slow(_number, _reader, writer):
        writer.write(HEAD % 10)
        await asyncio.sleep(3)

    assert download(slow)["problem"] == "no whole copy of /blob within 0 s"


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    async def work():
        downloads = lasting.Downloads({"path": "/blob", "count": 1, "planned_s": 1}, "127.0.0.1", port, REQUEST, lambda: 0.0)
        await downloads.prepare()
        return downloads.export(), downloads.jobs(asyncio.Event())

    told, jobs = asyncio.run(work())
    assert told["problem"] == "no copy of /blob to compare with: no connection" and jobs == []


@pytest.mark.parametrize("size, planned_s, rate", [(65536, 8, 8192), (65536, 1e9, 1024), (65536, 0, 65536)])
def test_a_download_is_planned_to_last(size, planned_s, rate):
    async def handle(_number, _reader, writer):
        writer.write(HEAD % size + BLOB[:size])

    assert download(handle, planned_s=planned_s)["rate_bytes_s"] == rate


def test_an_empty_file_is_whole_and_over_at_once():
    async def empty(_number, _reader, writer):
        writer.write(HEAD % 0)

    told = download(empty)
    assert told["problem"] == "" and {one["outcome"] for one in told["seen"]} == {"whole"}


def quiet_until(handle, enough, fails=0):
    """What a quiet connection saw until that is true; its first attempts to connect fail."""
    tries = []

    async def work(port):
        async def connect():
            tries.append(True)
            if len(tries) <= fails:
                raise ConnectionRefusedError
            return (await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port))[1]

        stop = asyncio.Event()
        one = lasting.Quiet(0.01, REQUEST, connect, lambda: 0.0)
        task, until = asyncio.ensure_future(one.run(stop)), time.monotonic() + 60
        while not enough(one) and time.monotonic() < until:
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(task, 60)
        return lasting.quiet_export([one])

    return asyncio.run(serve(handle, work)), len(tries)


def test_a_service_that_is_away_for_a_while_is_no_broken_connection():
    """Who cannot connect asks again; the anonymous requests count that."""
    told, tries = quiet_until(kept, lambda one: one.asked >= 3, fails=3)
    assert (told["opened"], told["broken"], told["refused"], tries) == (1, [], 0, 4)


def test_closed_instead_of_an_answer_is_broken():
    async def leaves(number, reader, writer):
        writer.write(HEAD % 2 + b"hi")
        if number == 0:
            await reader.readuntil(b"\r\n\r\n")
        else:
            await kept(number, reader, writer)

    told, _tries = quiet_until(leaves, lambda one: one.opened == 2)
    assert [one["reason"] for one in told["broken"]] == ["closed without an answer"] and told["opened"] == 2


def test_of_several_quiet_connections_all_count():
    one, two = (lasting.Quiet(1, b"", None, lambda: 7.9) for _n in range(2))
    one.note("reset")
    one.opened, two.opened, one.longest, two.longest, two.dismissed = 2, 3, 0.2, 0.45, 1
    assert lasting.quiet_export([one, two]) == {
        "opened": 5, "asked": 0, "refused": 0, "ended": 0, "dismissed": 1, "broken": [{"at": 7, "reason": "reset"}], "longest_ms": 450}
    assert lasting.quiet_export([])["longest_ms"] == 0

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _drill_lasting as lasting
from ansible_collections.failover.stack.plugins.module_utils._drill_http import Connection

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


async def serve(handle, work):
    """Runs work(port) beside a server whose n-th connection is handled by handle(n, reader, writer)."""
    number = iter(range(1000))

    async def one(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await handle(next(number), reader, writer)
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    async with server:
        return await work(server.sockets[0].getsockname()[1])


def reset(writer):
    """Closing with a zero linger time sends a reset."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


def download(handle, seconds=0.5, **more):
    settings = dict({"path": "/blob", "count": 1, "rate_bytes_s": 0, "planned_s": 30.0, "anew_s": 0}, **more)
    began = time.monotonic()

    async def work(port):
        stop = asyncio.Event()
        downloads = lasting.Downloads(settings, "127.0.0.1", port, REQUEST, lambda: (time.monotonic() - began) * 1000)
        await downloads.prepare()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        await asyncio.gather(*downloads.jobs(stop))
        return downloads.export()

    return asyncio.run(serve(handle, work))


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
    assert 400 < one["to"] < 2000


def test_an_ended_download_is_begun_anew_only_before_the_fault():
    told = download(whole, rate_bytes_s=1000000, anew_s=0.25)
    assert len(told["seen"]) > 1
    assert all(d["outcome"] == "whole" for d in told["seen"])
    assert len([d for d in told["seen"] if d["from"] > 300]) == 0


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
    assert 150 < one["stall_ms"] < 1500


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
    assert told["longest_ms"] < 200


def test_closed_in_order_while_nothing_was_asked_is_not_broken():
    async def once(_number, _reader, writer):
        writer.write(HEAD % 2 + b"hi")

    told = keep_quiet(once, 3)
    assert told["opened"] == told["ended"] + 1 or told["opened"] == told["ended"]
    assert told["opened"] > 2
    assert told["broken"] == []


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


def test_no_answer_is_broken(monkeypatch):
    monkeypatch.setattr(lasting, "PATIENCE_S", 0.1)

    async def mute(_number, _reader, _writer):
        await asyncio.sleep(1)

    assert keep_quiet(mute)["broken"][0]["reason"].startswith("no answer within")

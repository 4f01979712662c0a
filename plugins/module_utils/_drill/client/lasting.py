# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that were there before the fault and should be there after it: slow downloads and quiet ones."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import time

from ansible_collections.failover.stack.plugins.module_utils._drill.client.visitor import Dropped

CONNECT_S = 5
# A whole copy for comparison must not hold up the drill; nor may what is left of a slow one at the end.
REFERENCE_S = 30
REST_S = 20
# An established connection survives an outage by sending again, at growing distances.
PATIENCE_S = 15


class Broken(Exception):
    """Why a connection did not bring what it should."""


def window(rate):
    """Bytes of receive buffer for a reader of this rate: an eighth of a second, within what TCP can live with.

    With the usual buffer the kernel takes some megabytes whether or not we read them: a file would be here before the
    fault, and nothing of the connection would be left to break. A small one keeps the sender waiting for our next
    acknowledgement, and that has to find its way through whatever has just been broken.
    """
    return int(min(65536, max(4096, rate / 8)))


def head_of(data):
    """(status, length, rest) once the header is complete, None before."""
    head, gap, rest = data.partition(b"\r\n\r\n")
    if not gap:
        return None
    lines = head.split(b"\r\n")
    words = lines[0].split()
    if len(words) < 2 or not words[1].isdigit():
        raise Broken("not an HTTP answer")
    if 100 <= int(words[1]) < 200:
        # Not the answer yet.
        return head_of(rest)
    length = None
    for line in lines[1:]:
        name, _colon, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = int(value)
    return int(words[1]), length, rest


class Transfer:
    """One GET, read at a bounded rate (None: as fast as it comes), counted and summed up."""

    def __init__(self, address, port, request, rate=None):
        self.address, self.port, self.request, self.rate = address, port, request, rate
        self.sum = hashlib.sha256()
        self.length = None
        self.got = 0
        self.stall = 0.0
        self.waiting = None  # since when

    async def run(self, hurry=None):
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setblocking(False)
            if self.rate:
                # Before connecting, since the handshake fixes how far the window can be scaled.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window(self.rate))
            try:
                await asyncio.wait_for(loop.sock_connect(sock, (self.address, self.port)), CONNECT_S)
            except (asyncio.TimeoutError, OSError) as error:
                raise Broken("no connection") from error
            try:
                await loop.sock_sendall(sock, self.request)
                await self.read(loop, sock, hurry)
            except OSError as error:
                raise Broken("reset" if isinstance(error, ConnectionError) else "torn down (%s)" % error) from error

    async def read(self, loop, sock, hurry):
        data, head = b"", None
        step = max(512, int(self.rate / 20)) if self.rate else 65536
        while head is None:
            data += await self.some(loop, sock, 1024)
            head = head_of(data)
        status, self.length, rest = head
        if status != 200:
            raise Broken("status %d" % status)
        if self.length is None:
            raise Broken("no length in the answer")
        self.take(rest)
        while self.got < self.length:
            if self.rate and not hurry.is_set():
                await pause(hurry, step / self.rate)
            self.take(await self.some(loop, sock, min(step, self.length - self.got)))

    def take(self, data):
        self.got += len(data)
        self.sum.update(data)

    async def some(self, loop, sock, most):
        self.waiting = time.monotonic()
        data = await loop.sock_recv(sock, most)
        self.stalled()
        if not data:
            raise Broken("short")
        return data

    def stalled(self):
        if self.waiting is not None:
            self.stall = max(self.stall, time.monotonic() - self.waiting)
            self.waiting = None


async def pause(event, seconds):
    """Sleeps, unless the event comes first."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


class Downloads:
    """Slow downloads of one file, each compared with a whole copy that was fetched before."""

    def __init__(self, p, address, port, request, now):
        self.p, self.address, self.port, self.request, self.now = p, address, port, request, now
        self.reference = None
        self.problem = ""
        self.rate = 0
        self.seen = []

    async def prepare(self):
        copy = Transfer(self.address, self.port, self.request)
        try:
            await asyncio.wait_for(copy.run(), REFERENCE_S)
        except asyncio.TimeoutError:
            self.problem = "no whole copy of %s within %d s" % (self.p["path"], REFERENCE_S)
        except Broken as error:
            self.problem = "no copy of %s to compare with: %s" % (self.p["path"], error)
        else:
            self.reference = (copy.length, copy.sum.hexdigest())
            self.rate = self.p.get("rate_bytes_s") or max(1024, copy.length / max(1.0, self.p["planned_s"]))

    def jobs(self, stop):
        return [self.keep_reading(stop) for _n in range(self.p["count"])] if self.reference else []

    async def keep_reading(self, stop):
        """One after the other as long as the fault is not due; whichever is under way then has to last."""
        while not stop.is_set():
            whole = await self.one(stop)
            if not whole or self.now() > self.p["anew_s"] * 1000:
                break

    async def one(self, stop):
        transfer, begin = Transfer(self.address, self.port, self.request, self.rate), self.now()
        task = asyncio.ensure_future(transfer.run(stop))
        ended = asyncio.ensure_future(stop.wait())
        await asyncio.wait([task, ended], return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait([task], timeout=REST_S)
        ended.cancel()
        outcome = "did not end"
        if task.done():
            error = task.exception()
            outcome = self.judge(transfer) if error is None else str(error)
        else:
            task.cancel()
            await asyncio.wait([task])
        transfer.stalled()
        self.seen.append(
            {
                "from": int(begin),
                "to": int(self.now()),
                "bytes": transfer.got,
                "length": transfer.length,
                "stall_ms": round(transfer.stall * 1000),
                "outcome": outcome,
            }
        )
        return outcome == "whole"

    def judge(self, transfer):
        if transfer.length != self.reference[0]:
            return "wrong length"
        return "whole" if transfer.sum.hexdigest() == self.reference[1] else "wrong checksum"

    def export(self):
        return {
            "path": self.p["path"],
            "problem": self.problem,
            "bytes": self.reference[0] if self.reference else 0,
            "rate_bytes_s": round(self.rate),
            "seen": self.seen,
        }


class Quiet:
    """A kept connection with a request now and then: who looks after it when nothing is sent?"""

    def __init__(self, every, request, connect, now):
        self.every, self.request, self.connect, self.now = every, request, connect, now
        self.opened = self.asked = self.refused = self.ended = self.dismissed = 0
        self.broken = []
        self.longest = 0.0

    async def run(self, stop):
        connection = None
        while not stop.is_set():
            if connection is not None and connection.closed:
                # Ended in order while nothing was asked is the server's right; torn down is not.
                if connection.error is None:
                    self.ended += 1
                else:
                    self.note("reset")
                connection = None
            if connection is None:
                connection = await self.open()
            if connection is not None:
                connection = await self.ask(connection)
            await pause(stop, self.every)
        if connection is not None:
            connection.transport.close()

    async def open(self):
        try:
            connection = await asyncio.wait_for(self.connect(), CONNECT_S)
        except Exception:  # no service at this moment: the anonymous requests count that
            return None
        self.opened += 1
        return connection

    async def ask(self, connection):
        begin = time.monotonic()
        self.asked += 1
        try:
            answer = await asyncio.wait_for(connection.ask(self.request), PATIENCE_S)
        except asyncio.TimeoutError:
            self.note("no answer within %d s" % PATIENCE_S)
        except Dropped:
            self.note("closed without an answer" if connection.error is None else "reset")
        else:
            self.longest = max(self.longest, time.monotonic() - begin)
            # The connection lives all the same.
            self.refused += answer[0] != 200
            if answer[3]:
                return connection
            # Its answer says that it is the last one: nobody who listens asks again on this connection.
            self.dismissed += 1
        connection.transport.abort()
        return None

    def note(self, reason):
        self.broken.append({"at": int(self.now()), "reason": reason})


def quiet_export(connections):
    return {
        "opened": sum(c.opened for c in connections),
        "asked": sum(c.asked for c in connections),
        "refused": sum(c.refused for c in connections),
        "ended": sum(c.ended for c in connections),
        "dismissed": sum(c.dismissed for c in connections),
        "broken": [b for c in connections for b in c.broken],
        "longest_ms": round(max([c.longest for c in connections] or [0]) * 1000),
    }

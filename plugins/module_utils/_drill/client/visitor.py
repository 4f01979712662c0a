# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Just enough HTTP for an observer: one connection, one answer at a time, a visitor's cookies and session."""

from __future__ import annotations

import asyncio
import re

# A header that is continued on the next line is one line.
FOLDED = re.compile(rb"\r\n[ \t]+")
SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}[ \t]*(;.*)?", re.DOTALL)


class Dropped(Exception):
    """The other side closed; fresh says whether nothing of an answer had come."""

    def __init__(self, fresh):
        super().__init__("connection lost")
        self.fresh = fresh


class Refused(Exception):
    pass


def parse_response(data, closed=False):
    """(status, headers, body, keep) of one complete answer, or None while it is incomplete. closed: it was ended in order."""
    head, gap, body = data.partition(b"\r\n\r\n")
    if not gap:
        return None
    lines = FOLDED.sub(b" ", head).split(b"\r\n")
    words = lines[0].split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ValueError("not an HTTP answer")
    status = int(words[1])
    if 100 <= status < 200 and status != 101:
        # Not the answer yet, see RFC 9110, 15.2.
        return parse_response(body, closed)
    headers = []
    length, chunked, keep = None, False, words[0] != b"HTTP/1.0"
    for line in lines[1:]:
        name, _colon, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        headers.append((name, value))
        if name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"transfer-encoding" and value.lower() == b"chunked":
            chunked = True
        elif name == b"connection":
            keep = value.lower() != b"close"
    if status in (204, 304):
        # Never a body, whatever the header says of one.
        return status, headers, b"", keep
    if chunked:
        body = dechunk(body)
        return None if body is None else (status, headers, body, keep)
    if length is not None:
        return None if len(body) < length else (status, headers, body[:length], keep)
    return (status, headers, body, False) if closed else None


def dechunk(data):
    """The body of a complete chunked answer, None while anything is missing up to the empty line at its end.

    What stayed behind of that end would be taken for the beginning of the next answer on a kept connection.
    """
    body = b""
    while True:
        line, gap, rest = data.partition(b"\r\n")
        if not gap:
            return None
        if not SIZE.fullmatch(line):
            raise ValueError("not the size of a chunk")
        size = int(line.split(b";")[0], 16)
        if size == 0:
            # Trailers may come between.
            return body if rest.startswith(b"\r\n") or b"\r\n\r\n" in rest else None
        if len(rest) < size + 2:
            return None
        if rest[size : size + 2] != b"\r\n":
            raise ValueError("a chunk longer than it says")
        body += rest[:size]
        data = rest[size + 2 :]


class Connection(asyncio.Protocol):
    """One TCP connection, one request at a time."""

    def __init__(self):
        self.transport = None
        self.waiting = None
        self.data = b""
        self.closed = False
        self.error = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        self._try()

    def _try(self, closed=False):
        if self.waiting is None or self.waiting.done():
            return
        try:
            answer = parse_response(self.data, closed)
        except ValueError:
            answer = (0, [], b"", False)
        if answer is not None:
            self.data = b""
            self.waiting.set_result(answer)

    def connection_lost(self, exc):
        self.closed, self.error = True, exc
        # A body without a length ends with the connection, but not where that is torn down.
        self._try(closed=exc is None)
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(Dropped(not self.data))

    async def ask(self, request):
        if self.closed:
            raise Dropped(True)
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.waiting


class Jar:
    """A visitor's cookies."""

    def __init__(self):
        self.cookies = {}

    def take(self, headers):
        for name, value in headers:
            if name == b"set-cookie":
                key, eq, content = value.split(b";", 1)[0].partition(b"=")
                if eq:
                    self.cookies[key.strip()] = content.strip()

    def header(self):
        if not self.cookies:
            return b""
        return b"Cookie: " + b"; ".join(k + b"=" + v for k, v in self.cookies.items()) + b"\r\n"


class Visitor:
    """A session and what it must keep: its id, its counter."""

    def __init__(self, number):
        self.number = number
        self.jar = Jar()
        self.id = None
        self.counter = 0

    def judge(self, answer):
        """None when the session lived on, otherwise the way it was lost."""
        identity = str(answer.get("session")).partition(".")[0]
        counter = int(answer.get("counter", 0))
        before, last = self.id, self.counter
        self.id, self.counter = identity, counter
        if before is None:
            return None
        if identity != before:
            return "id changed"
        if answer.get("new"):
            return "new again"
        # A jump forward is a repeated GET; standing still or going back is lost work.
        return "counter went from %d to %d" % (last, counter) if counter <= last else None

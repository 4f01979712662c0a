# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of AMQP 0-9-1 as a ledger needs: every step has a time limit, which the usual blocking client does not offer.

Frames as the specification has them: type, channel, size, payload, 0xCE; numbers in network order.
"""

from __future__ import annotations

import socket
import struct
import time

METHOD, HEADER, BODY, HEARTBEAT, END = 1, 2, 3, 8, 0xCE
GREETING = b"AMQP\x00\x00\x09\x01"
# (class, method)
START, START_OK, TUNE, TUNE_OK, OPEN, OPEN_OK, CLOSE, CLOSE_OK = (
    (10, 10), (10, 11), (10, 30), (10, 31), (10, 40), (10, 41), (10, 50), (10, 51))
CHANNEL_OPEN, CHANNEL_OPEN_OK, CHANNEL_CLOSE = (20, 10), (20, 11), (20, 40)
DECLARE, DECLARE_OK = (50, 10), (50, 11)
QOS, QOS_OK, CONSUME, CONSUME_OK, PUBLISH, RETURN, DELIVER, GET, GET_OK, GET_EMPTY, ACK, NACK = (
    (60, 10), (60, 11), (60, 20), (60, 21), (60, 40), (60, 50), (60, 60), (60, 70), (60, 71), (60, 72), (60, 80), (60, 120))
SELECT, SELECT_OK = (85, 10), (85, 11)
DURABLE, MANDATORY = 2, 1
PERSISTENT = struct.pack(">HB", 0x1000, 2)


class Closed(Exception):
    """The server ended it, with a reason."""


class Lost(Exception):
    """The connection is gone."""


class Silent(Exception):
    """No answer within the time limit."""


def short(text):
    raw = text.encode("utf-8")
    return struct.pack(">B", len(raw)) + raw


def long(raw):
    return struct.pack(">I", len(raw)) + raw


def table(values):
    """A table of strings and whole numbers."""
    raw = b"".join(short(name) + (b"l" + struct.pack(">q", value) if isinstance(value, int) else b"S" + long(value.encode("utf-8")))
                   for name, value in values.items())
    return long(raw)


def read_short(raw, at):
    return raw[at + 1:at + 1 + raw[at]].decode("utf-8", "replace"), at + 1 + raw[at]


def frame(kind, channel, payload):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + bytes([END])


def method(what, payload, channel=1):
    return frame(METHOD, channel, struct.pack(">HH", *what) + payload)


def message(queue, body):
    """basic.publish to a queue by the default exchange, persistent, returned when there is no such queue."""
    return (method(PUBLISH, struct.pack(">H", 0) + short("") + short(queue) + bytes([MANDATORY]))
            + frame(HEADER, 1, struct.pack(">HHQ", 60, 0, len(body)) + PERSISTENT) + frame(BODY, 1, body))


def cut(buffer):
    """(type, channel, payload, rest) of a whole first frame; None as long as it is not there."""
    if len(buffer) < 7:
        return None
    kind, channel, size = struct.unpack(">BHI", buffer[:7])
    if len(buffer) < size + 8:
        return None
    if buffer[size + 7] != END:
        raise Lost("no AMQP")
    return kind, channel, buffer[7:size + 7], buffer[size + 8:]


class Connection:
    """One connection with one channel."""

    def __init__(self, address, port, vhost, user, password, connect_s, answer_s):
        self.answer_s, self.buffer, self.published = answer_s, b"", 0
        self.socket = socket.create_connection((address, port), connect_s)
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open(vhost, user, password, time.monotonic() + connect_s)
        except BaseException:
            self.socket.close()
            raise

    # --- frames

    def fileno(self):
        return self.socket.fileno()

    def send(self, raw, until):
        try:
            self.socket.settimeout(max(0.001, until - time.monotonic()))
            self.socket.sendall(raw)
        except socket.timeout as error:
            raise Silent from error
        except OSError as error:
            raise Lost(error.strerror or str(error)) from error

    def next(self, until):
        """The next frame but heartbeats."""
        while True:
            found = cut(self.buffer)
            if found:
                self.buffer = found[3]
                if found[0] == HEARTBEAT:
                    continue
                return found[:3]
            left = until - time.monotonic()
            if left <= 0:
                raise Silent
            try:
                self.socket.settimeout(left)
                more = self.socket.recv(65536)
            except socket.timeout as error:
                raise Silent from error
            except OSError as error:
                raise Lost(error.strerror or str(error)) from error
            if not more:
                raise Lost("closed without a word")
            self.buffer += more

    def method(self, until):
        """(class and method, arguments); what a server says when it ends things is an exception."""
        kind, _channel, payload = self.next(until)
        if kind != METHOD:
            return None, payload
        what = struct.unpack(">HH", payload[:4])
        if what in (CLOSE, CHANNEL_CLOSE):
            code = struct.unpack(">H", payload[4:6])[0]
            raise Closed("error %d (%s)" % (code, read_short(payload, 6)[0].partition(" - ")[0].lower().replace("_", " ")))
        return what, payload[4:]

    def expect(self, wanted, until):
        while True:
            what, arguments = self.method(until)
            if what == wanted:
                return arguments

    # --- what is done with them

    def open(self, vhost, user, password, until):
        self.send(GREETING, until)
        self.expect(START, until)
        secret = b"\0" + user.encode("utf-8") + b"\0" + password.encode("utf-8")
        self.send(method(START_OK, table({"product": "failover.stack drill"}) + short("PLAIN") + long(secret) + short("en_US"), 0), until)
        channels, size, _heartbeat = struct.unpack(">HIH", self.expect(TUNE, until)[:8])
        # No heartbeats: what is silent is noticed by our own time limits.
        self.send(method(TUNE_OK, struct.pack(">HIH", channels, size, 0), 0) + method(OPEN, short(vhost) + short("") + b"\0", 0), until)
        self.expect(OPEN_OK, until)
        self.send(method(CHANNEL_OPEN, short("")), until)
        self.expect(CHANNEL_OPEN_OK, until)

    def declare(self, queue, arguments):
        """A durable queue; (messages, consumers) in it."""
        until = time.monotonic() + self.answer_s
        self.send(method(DECLARE, struct.pack(">H", 0) + short(queue) + bytes([DURABLE]) + table(arguments)), until)
        told = self.expect(DECLARE_OK, until)
        return struct.unpack(">II", told[1 + told[0]:9 + told[0]])

    def confirms(self):
        until = time.monotonic() + self.answer_s
        self.send(method(SELECT, b"\0"), until)
        self.expect(SELECT_OK, until)

    def publish(self, queue, body):
        """True when it was confirmed, False when it was refused (or there was no queue)."""
        until, good = time.monotonic() + self.answer_s, True
        self.published += 1
        self.send(message(queue, body), until)
        while True:
            what, arguments = self.method(until)
            if what == RETURN:
                good = False
            elif what in (ACK, NACK):
                tag, multiple = struct.unpack(">QB", arguments[:9])
                if tag == self.published or (multiple & 1 and tag > self.published):
                    return good and what == ACK

    def consume(self, queue, prefetch):
        until = time.monotonic() + self.answer_s
        self.send(method(QOS, struct.pack(">IHB", 0, prefetch, 0)), until)
        self.expect(QOS_OK, until)
        self.send(method(CONSUME, struct.pack(">H", 0) + short(queue) + short("") + b"\0" + table({})), until)
        self.expect(CONSUME_OK, until)

    def body(self, until):
        _kind, _channel, header = self.next(until)
        size, raw = struct.unpack(">Q", header[4:12])[0], b""
        while len(raw) < size:
            raw += self.next(until)[2]
        return raw

    def delivered(self, wait_s):
        """(tag, body) of the next message; None when none comes."""
        try:
            while True:
                what, arguments = self.method(time.monotonic() + wait_s)
                if what == DELIVER:
                    at = read_short(arguments, 0)[1]
                    return struct.unpack(">Q", arguments[at:at + 8])[0], self.body(time.monotonic() + self.answer_s)
        except Silent:
            return None

    def get(self, queue):
        """(tag, body) of a message in the queue; None when it is empty."""
        until = time.monotonic() + self.answer_s
        self.send(method(GET, struct.pack(">H", 0) + short(queue) + b"\0"), until)
        while True:
            what, arguments = self.method(until)
            if what == GET_EMPTY:
                return None
            if what == GET_OK:
                return struct.unpack(">Q", arguments[:8])[0], self.body(until)

    def acknowledge(self, tag):
        self.send(method(ACK, struct.pack(">QB", tag, 0)), time.monotonic() + self.answer_s)

    def close(self):
        """Without a farewell, which could take the whole time limit."""
        self.socket.close()

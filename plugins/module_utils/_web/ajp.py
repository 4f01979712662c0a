# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AJP 1.3 packets as far as a health check needs them: pure, no sockets."""

from __future__ import annotations

import struct
from typing import NamedTuple

CPING = b"\x12\x34\x00\x01\x0a"
CPONG = b"AB\x00\x01\x09"

FORWARD_REQUEST, SEND_BODY, SEND_HEADERS, END_RESPONSE = 2, 3, 4, 5
GET = 2
ATTRIBUTE_SECRET, ATTRIBUTES_END = 0x0C, 0xFF
REQUEST_HEADERS = {"accept": 0xA001, "connection": 0xA006, "content-length": 0xA008, "cookie": 0xA009, "host": 0xA00B, "user-agent": 0xA00E}
RESPONSE_HEADERS = {0xA001: "Content-Type", 0xA002: "Content-Language", 0xA003: "Content-Length", 0xA004: "Date", 0xA005: "Last-Modified",
                    0xA006: "Location", 0xA007: "Set-Cookie", 0xA008: "Set-Cookie2", 0xA009: "Servlet-Engine", 0xA00A: "Status",
                    0xA00B: "WWW-Authenticate"}


class Reply(NamedTuple):
    """An answer as far as it has come: complete says whether END_RESPONSE was seen."""

    status: int
    headers: list
    body: bytes
    complete: bool


def _string(text):
    if text is None:
        return b"\xff\xff"
    data = text.encode("utf-8")
    return struct.pack(">H", len(data)) + data + b"\x00"


def get_request(path, host="localhost", secret=None, headers=None):
    """The packet of a GET; the query, if any, is part of path."""
    path, mark, query = path.partition("?")
    sent = {"host": host}
    sent.update({name.lower(): value for name, value in (headers or {}).items()})
    payload = struct.pack(">BB", FORWARD_REQUEST, GET)
    payload += _string("HTTP/1.1") + _string(path) + _string("127.0.0.1") + _string(None) + _string(host)
    payload += struct.pack(">HBH", 80, 0, len(sent))
    for name, value in sent.items():
        payload += struct.pack(">H", REQUEST_HEADERS[name]) if name in REQUEST_HEADERS else _string(name)
        payload += _string(value)
    if mark:
        payload += b"\x05" + _string(query)
    if secret:
        payload += struct.pack(">B", ATTRIBUTE_SECRET) + _string(secret)
    payload += struct.pack(">B", ATTRIBUTES_END)
    return b"\x12\x34" + struct.pack(">H", len(payload)) + payload


def _read_string(data, at):
    length = struct.unpack_from(">H", data, at)[0]
    if length == 0xFFFF:
        return "", at + 2
    return data[at + 2:at + 2 + length].decode("utf-8", "replace"), at + 3 + length


def packets(data):
    """The payloads of all whole packets at the start of data. Raises ValueError for what is not AJP."""
    found, at = [], 0
    while len(data) - at >= 4:
        if data[at:at + 2] != b"AB":
            raise ValueError("not an AJP answer")
        length = struct.unpack_from(">H", data, at + 2)[0]
        if len(data) - at - 4 < length:
            break
        found.append(data[at + 4:at + 4 + length])
        at += 4 + length
    return found


def reply_of(data):
    """What the bytes received so far say."""
    status, headers, body, complete = 0, [], b"", False
    for payload in packets(data):
        kind = payload[0] if payload else 0
        if kind == SEND_HEADERS:
            status = struct.unpack_from(">H", payload, 1)[0]
            at = _read_string(payload, 3)[1]
            count = struct.unpack_from(">H", payload, at)[0]
            at += 2
            for _number in range(count):
                code = struct.unpack_from(">H", payload, at)[0]
                if code >> 8 == 0xA0:
                    name, at = RESPONSE_HEADERS.get(code, "Unknown"), at + 2
                else:
                    name, at = _read_string(payload, at)
                value, at = _read_string(payload, at)
                headers.append((name, value))
        elif kind == SEND_BODY:
            length = struct.unpack_from(">H", payload, 1)[0]
            body += payload[3:3 + length]
        elif kind == END_RESPONSE:
            complete = True
    return Reply(status, headers, body, complete)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._web.ajp import get_request, packets, reply_of


def packet(payload):
    return b"AB" + len(payload).to_bytes(2, "big") + payload


HEADERS = packet(b"\x04\x00\xc8\x00\x02OK\x00" + b"\x00\x02" + b"\xa0\x01\x00\x04text\x00" + b"\x00\x01X\x00\x00\x01y\x00")
BODY = packet(b"\x03\x00\x02hi\x00")
END = packet(b"\x05\x01")


def test_a_request_names_method_path_and_secret():
    request = get_request("/a?b=c", secret="s" * 16)
    assert request[:2] == b"\x12\x34"
    assert int.from_bytes(request[2:4], "big") == len(request) - 4
    assert request[4:6] == b"\x02\x02"
    assert b"\x00\x02/a\x00" in request
    assert b"\x05\x00\x03b=c\x00" in request
    assert request.endswith(b"\x0c\x00\x10" + 16 * b"s" + b"\x00\xff")


def test_without_secret_the_attribute_is_absent():
    assert get_request("/").endswith(b"\x00\xff")
    assert b"\x0c\x00\x10" not in get_request("/")


def test_headers_are_coded_or_spelt():
    request = get_request("/", headers={"Cookie": "a=b", "X-Own": "1"})
    assert b"\xa0\x09\x00\x03a=b\x00" in request
    assert b"\x00\x05x-own\x00\x00\x011\x00" in request


def test_an_answer_in_pieces():
    data = HEADERS + BODY + BODY + END
    for cut in range(len(data)):
        assert not reply_of(data[:cut]).complete
    reply = reply_of(data)
    assert reply == (200, [("Content-Type", "text"), ("X", "y")], b"hihi", True)


def test_other_protocols_are_told_apart():
    with pytest.raises(ValueError, match="not an AJP answer"):
        packets(b"HTTP/1.1 400")

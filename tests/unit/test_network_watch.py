# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts of keepalived's network watch: what it sends and what it takes for an answer."""

from __future__ import annotations

import pathlib
import socket
import struct
import types

import pytest

SOURCE = pathlib.Path(__file__).parents[2] / "roles" / "keepalived" / "templates" / "network-watch.j2"


@pytest.fixture(scope="module")
def watch():
    module = types.ModuleType("network_watch")
    exec(compile(SOURCE.read_text(encoding="utf-8"), str(SOURCE), "exec"), module.__dict__)
    return module


def test_an_echo_request_has_a_right_checksum(watch):
    packet = watch.echo(socket.AF_INET, 4711, 3)
    assert packet[:2] == b"\x08\0" and struct.unpack("!HH", packet[4:]) == (4711, 3)
    assert watch.checksum(packet) == 0


def test_only_an_answer_to_this_process_counts(watch):
    header = bytes([0x45]) + bytes(19)
    answer = header + struct.pack("!BBHHH", 0, 0, 0, 4711, 3)
    assert watch.answered(socket.AF_INET, answer, 4711)
    assert not watch.answered(socket.AF_INET, answer, 4712)
    assert not watch.answered(socket.AF_INET, header + watch.echo(socket.AF_INET, 4711, 3), 4711)
    assert not watch.answered(socket.AF_INET, header, 4711)


def test_ipv6_answers_come_without_a_header(watch):
    assert watch.answered(socket.AF_INET6, struct.pack("!BBHHH", 129, 0, 0, 4711, 3), 4711)
    assert not watch.answered(socket.AF_INET6, struct.pack("!BBHHH", 128, 0, 0, 4711, 3), 4711)

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import socket
import struct

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import ping


def test_an_echo_request_has_a_right_checksum():
    packet = ping.echo(socket.AF_INET, 4711, 3)
    assert packet[:2] == b"\x08\0" and struct.unpack("!HH", packet[4:]) == (4711, 3)
    assert ping.checksum(packet) == 0


@pytest.mark.parametrize("family, data, good", [
    (socket.AF_INET, bytes([0x45]) + bytes(19) + struct.pack("!BBHHH", 0, 0, 0, 4711, 3), True),
    (socket.AF_INET, bytes([0x45]) + bytes(19) + struct.pack("!BBHHH", 0, 0, 0, 4712, 3), False),
    (socket.AF_INET, bytes([0x45]) + bytes(19) + struct.pack("!BBHHH", 8, 0, 0, 4711, 3), False),
    (socket.AF_INET, bytes([0x45]) + bytes(19), False),
    (socket.AF_INET6, struct.pack("!BBHHH", 129, 0, 0, 4711, 3), True),
    (socket.AF_INET6, struct.pack("!BBHHH", 128, 0, 0, 4711, 3), False),
])
def test_only_an_answer_to_this_process_counts(family, data, good):
    assert ping.is_answer(family, data, 4711) is good

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echo requests (ping) and their answers, IPv4 and IPv6."""

from __future__ import annotations

import socket
import struct


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def echo(family, number, sequence):
    kind = 8 if family == socket.AF_INET else 128
    packet = struct.pack("!BBHHH", kind, 0, 0, number, sequence)
    # The kernel fills in the one of ICMPv6 by itself.
    return struct.pack("!BBHHH", kind, 0, checksum(packet), number, sequence)


def is_answer(family, data, number):
    """Whether it answers an echo of this number; what comes by IPv4 has its header still."""
    if family == socket.AF_INET:
        data = data[(data[0] & 15) * 4:]
    return len(data) >= 8 and data[0] in (0, 129) and struct.unpack("!H", data[4:6])[0] == number


def open_socket(family):
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    return socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames by which IPv6 machines ask each other who has an address (RFC 4861), as _vip/address.py has them for ARP. Pure.

Only the standard library: it is also installed beside services that run on the nodes.
"""

from __future__ import annotations

import socket
import struct

ETH_P_IPV6 = 0x86DD
SOLICITATION, ADVERTISEMENT = 135, 136
ICMP, HOPS = 58, 255
UNSPECIFIED, ALL_NODES = "::", "ff02::1"
OVERRIDE = 0x20000000
# Options: the link-layer address of who asks, of who answers.
SOURCE_MAC, TARGET_MAC = 1, 2
# Lets pass what is ICMPv6 of these two types, so that nobody has to look at all that a server sends (classic BPF).
FILTER = ((0x30, 0, 0, 20), (0x15, 0, 4, ICMP), (0x30, 0, 0, 54), (0x15, 1, 0, SOLICITATION), (0x15, 0, 1, ADVERTISEMENT),
          (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0))


def packed(address):
    return socket.inet_pton(socket.AF_INET6, address)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(mac, source, target, message):
    """Ethernet, IPv6 and ICMPv6 around a message whose checksum is still empty. target is a multicast address."""
    ends = packed(source) + packed(target)
    summed = checksum(ends + struct.pack("!II", len(message), ICMP) + message)
    ether = b"\x33\x33" + ends[28:] + mac + struct.pack("!H", ETH_P_IPV6)
    return ether + struct.pack("!IHBB", 6 << 28, len(message), ICMP, HOPS) + ends + message[:2] + struct.pack("!H", summed) + message[4:]


def group_of(address):
    """Where the one who has the address listens for questions about it."""
    return socket.inet_ntop(socket.AF_INET6, packed("ff02::1:ff00:0")[:13] + packed(address)[13:])


def question(mac, source, target):
    """Who has target? Source None asks whether it is free (RFC 4862), with no address of its own."""
    message = struct.pack("!BBHI", SOLICITATION, 0, 0, 0) + packed(target)
    if source:
        message += struct.pack("!BB", SOURCE_MAC, 1) + mac
    return frame(mac, source or UNSPECIFIED, group_of(target), message)


def announcement(mac, address):
    """Tells everybody that the address is here now, whatever they believed."""
    message = struct.pack("!BBHI", ADVERTISEMENT, 0, 0, OVERRIDE) + packed(address) + struct.pack("!BB", TARGET_MAC, 1) + mac
    return frame(mac, address, ALL_NODES, message)


def parts(data):
    """(type, sender's mac, the address it speaks of as its own, the address it asks for or tells); None for anything else.

    Who asks speaks of the address it asks from, who answers of the one that it has.
    """
    if len(data) < 78 or data[12:14] != b"\x86\xdd" or data[20] != ICMP or data[54] not in (SOLICITATION, ADVERTISEMENT):
        return None
    source, target = (socket.inet_ntop(socket.AF_INET6, data[place:place + 16]) for place in (22, 62))
    return data[54], data[6:12], source if data[54] == SOLICITATION else target, target

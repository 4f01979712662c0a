# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames and messages, byte by byte, and the waiting for an address to become free."""

from __future__ import annotations

import select
import socket
import struct

import pytest
from ansible_collections.failover.stack.plugins.module_utils._vip import address as virtual
from ansible_collections.failover.stack.plugins.module_utils._vip import neighbour

MAC, OTHER = b"\x02\x42\0\0\0\x01", b"\x02\x42\0\0\0\x02"
VIP = "198.18.0.102"
OWN = {"02:42:00:00:00:01"}


def answer(mac=OTHER, address=VIP, to=MAC, asked="0.0.0.0"):
    return virtual.arp_frame(virtual.REPLY, mac, address, asked, to=to, target_mac=to)


def test_a_probe_has_no_sender():
    frame = virtual.arp_question(MAC, None, VIP)
    assert frame[:6] == b"\xff" * 6 and frame[6:12] == MAC and frame[12:14] == b"\x08\x06" and len(frame) == 42
    assert virtual.arp_parts(frame) == (1, "02:42:00:00:00:01", "0.0.0.0", VIP)
    assert virtual.probes(frame, VIP) == "02:42:00:00:00:01"
    assert virtual.claims(frame, VIP, set()) is None


def test_a_question_with_a_sender_is_no_probe():
    assert virtual.probes(virtual.arp_question(MAC, "198.18.0.5", VIP), VIP) is None


def test_an_answer_names_its_holder():
    assert virtual.arp_answer(answer()) == ("02:42:00:00:00:02", VIP, "0.0.0.0")
    assert virtual.claims(answer(), VIP, OWN) == "02:42:00:00:00:02"
    assert virtual.claims(answer(MAC), VIP, OWN) is None
    assert virtual.claims(answer(address="198.18.0.9"), VIP, OWN) is None


def test_an_announcement_is_a_claim_and_no_probe():
    frame = virtual.arp_frame(virtual.REQUEST, OTHER, VIP, VIP)
    assert virtual.claims(frame, VIP, OWN) == "02:42:00:00:00:02" and virtual.probes(frame, VIP) is None


@pytest.mark.parametrize("frame", [b"", b"\0" * 41, b"\0" * 60])
def test_what_is_no_arp(frame):
    assert virtual.arp_parts(frame) is None and virtual.arp_answer(frame) is None


def test_netlink_messages_come_apart_again():
    message = virtual.address_message(virtual.NEW_ADDRESS, virtual.ASK, 7, VIP, 24)
    assert struct.unpack("=I", message[:4])[0] == len(message)
    padded = message + b"\0" * (-len(message) % 4)
    kinds = list(virtual.messages(padded + message))
    assert [kind for kind, _payload in kinds] == [virtual.NEW_ADDRESS] * 2
    assert virtual.address_of(kinds[0][1]) == (7, VIP, 24)


def test_a_broken_message_ends_the_reading():
    assert list(virtual.messages(b"\0" * 64)) == []


def test_this_machine_has_the_loopback_address():
    assert virtual.holds("127.0.0.1") and virtual.interface_of("127.0.0.1") == "lo"
    assert not virtual.holds("203.0.113.77") and virtual.interface_of("203.0.113.77") is None
    assert virtual.interface_towards("127.9.9.9") == "lo"


def test_taking_off_what_is_not_there_changes_nothing():
    assert virtual.remove("203.0.113.77") is False


def test_the_gateway_of_an_interface(tmp_path):
    routes = tmp_path / "route"
    routes.write_text("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
                      "eth0\t00000000\t010012C6\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
                      "eth0\t000012C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", encoding="ascii")
    assert virtual.gateway_of("eth0", str(routes)) == "198.18.0.1"
    assert virtual.gateway_of("eth1", str(routes)) is None


class Deaf(virtual.Wire):
    """A wire whose frames are given, one list for each time somebody reads."""

    def __init__(self, heard):
        self.heard, self.asked, self.own, self.mac = heard, 0, OWN, MAC
        self.pair = socket.socketpair()

    def fileno(self):
        return self.pair[0].fileno()

    def ask(self, address, source=None):
        self.asked += 1
        # Something can be read as soon as somebody was asked.
        if self.heard:
            self.pair[1].send(b"x")
        return True

    def frames(self):
        if self.heard and select.select([self], [], [], 0)[0]:
            self.pair[0].recv(100)
            yield from self.heard.pop(0)


def test_an_address_is_free_after_silence():
    wire = Deaf([])
    assert wire.wait_free(VIP, 1, questions=3, every=0.001) is None
    assert wire.asked == 3


def test_an_answer_starts_the_silence_anew():
    wire = Deaf([[answer()], [answer()]])
    assert wire.wait_free(VIP, 1, questions=3, every=0.005) is None
    assert wire.asked == 5


def test_a_holder_that_stays_is_named():
    wire = Deaf([[answer()]] * 1000)
    assert wire.wait_free(VIP, 0.02, questions=3, every=0.001) == "02:42:00:00:00:02"


def test_the_mac_of_a_neighbour():
    assert Deaf([[answer(address="198.18.0.32")]]).mac_of("198.18.0.32", None) == "02:42:00:00:00:02"
    assert Deaf([]).mac_of("198.18.0.32", None, timeout=0.01) is None


# --- IPv6: seen to be understood by the kernels of two Debian machines on one link --------------------------------------------

VIP6 = "2001:db8::102"


def test_an_ipv6_probe_has_no_sender():
    frame = neighbour.question(MAC, None, VIP6)
    assert frame[:6] == b"\x33\x33\xff\0\x01\x02" and frame[6:12] == MAC and frame[21] == 255 and len(frame) == 78
    assert virtual.parts_of(frame) == (virtual.REQUEST, "02:42:00:00:00:01", "::", VIP6)
    assert virtual.probes(frame, VIP6) == "02:42:00:00:00:01" and virtual.claims(frame, VIP6, set()) is None


def test_an_ipv6_question_with_a_sender_is_no_probe_and_shows_that_the_sender_lives():
    frame = neighbour.question(MAC, "2001:db8::31", VIP6)
    assert virtual.probes(frame, VIP6) is None
    assert virtual.parts_of(frame) == (virtual.REQUEST, "02:42:00:00:00:01", "2001:db8::31", VIP6)


def test_an_ipv6_announcement_is_a_claim():
    frame = neighbour.announcement(OTHER, VIP6)
    assert frame[:6] == b"\x33\x33\0\0\0\x01" and frame[58] & 0x20
    assert virtual.claims(frame, VIP6, OWN) == "02:42:00:00:00:02" and virtual.claims(frame, "2001:db8::9", OWN) is None
    assert virtual.claims(neighbour.announcement(MAC, VIP6), VIP6, OWN) is None


@pytest.mark.parametrize("frame", [neighbour.question(MAC, None, VIP6), neighbour.announcement(MAC, VIP6)])
def test_the_checksum_covers_both_addresses(frame):
    """One over everything, the checksum itself among it, is zero (RFC 1071)."""
    message = frame[54:]
    assert neighbour.checksum(frame[22:54] + struct.pack("!II", len(message), 58) + message) == 0


@pytest.mark.parametrize("frame", [b"", b"\0" * 90, neighbour.question(MAC, None, VIP6)[:60]])
def test_what_is_no_question_of_neighbours(frame):
    assert neighbour.parts(frame) is None and virtual.parts_of(frame) is None


def test_an_ipv6_address_is_used_at_once_and_never_as_a_source():
    (_kind, payload), = virtual.messages(virtual.address_message(virtual.NEW_ADDRESS, virtual.ASK, 7, VIP6, 64))
    assert virtual.address_of(payload) == (7, VIP6, 64)
    assert payload[2] == virtual.NO_DAD and struct.unpack("=II", payload[-16:-8]) == (0, virtual.FOR_EVER)


def test_the_ipv6_gateway_of_an_interface(tmp_path):
    none, own = "0" * 32, "20010db8000000000000000000000000"
    routes = tmp_path / "ipv6_route"
    routes.write_text("".join("%s %s %s 00 %s 00000400 00000001 00000000 00000003 %s\n" % line for line in (
        (own, "40", none, none, "eth0"), (none, "00", none, none, "lo"),
        (none, "00", none, "20010db8000000000000000000000001", "eth0"))), encoding="ascii")
    assert virtual.gateway6_of("eth0", str(routes)) == "2001:db8::1"
    assert virtual.gateway6_of("eth1", str(routes)) is None and virtual.gateway6_of("eth0", str(tmp_path / "nothing")) is None

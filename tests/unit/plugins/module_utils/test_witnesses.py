from __future__ import annotations

import socket
import struct

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _witnesses as witnesses

ROUND = 0.1


def after(*rounds, silent=3, stall=1.0):
    """What each round says; a round is who answered, or a number of seconds that it took."""
    one = witnesses.Witnesses(silent, stall)
    return [one.look(set() if isinstance(r, float) else set(r), r if isinstance(r, float) else ROUND) for r in rounds]


def test_two_that_fall_silent_together():
    assert after(["router", "peer"], [], [], [], []) == [False, False, False, True, True]


def test_one_that_falls_silent_has_died():
    assert after(["router", "peer"], ["router"], ["router"], ["router"], ["router"]) == [False] * 5


def test_who_has_died_before_is_no_witness():
    rounds = [["router", "peer"]] + [["router"]] * witnesses.RECENT_ROUNDS + [[]] * 5
    assert not any(after(*rounds))


def test_who_never_answered_is_no_witness():
    assert not any(after(*[["peer"]] * 3, *[[]] * 5))


def test_a_lost_packet_is_no_silence():
    assert not any(after(["router", "peer"], [], ["peer"], [], [], ["router"], [], []))


def test_those_who_answer_by_turns_are_two():
    assert after(["router"], ["peer"], [], [], [])[-1]


def test_one_answer_ends_it():
    assert after(["router", "peer"], [], [], [], ["peer"], []) == [False, False, False, True, False, False]


def test_after_it_only_who_is_back_counts():
    rounds = [["router", "peer"], [], [], [], *[["peer"]] * witnesses.RECENT_ROUNDS, [], [], [], []]
    assert not any(after(*rounds)[4:])


def test_a_machine_that_stood_still_was_heard_by_nobody():
    assert after(["router", "peer"], 8.0, ["router"]) == [False, True, False]
    assert after(["router", "peer"], 0.9, ["router"]) == [False, False, False]
    assert after(["router"], 8.0) == [False, False]


def test_silence_of_one_address():
    one = witnesses.Witnesses(3, 1.0)
    for heard in (["peer", "router"], ["router"], ["router"]):
        one.look(set(heard), ROUND)
    assert (one.silent("peer"), one.silent("router"), one.silent("never")) == (2, 0, None)


ROUTES = """Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t003C12C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth0\t00000000\t013C12C6\t0003\t0\t0\t0\t00000000\t0\t0\t0
"""


def test_the_gateway_of_the_default_route():
    assert witnesses.gateway(ROUTES) == "198.18.60.1"
    assert witnesses.gateway(ROUTES.rpartition("eth0")[0]) is None


def test_an_echo_request_has_a_right_checksum():
    packet = witnesses.echo(socket.AF_INET, 4711, 3)
    assert packet[:2] == b"\x08\0" and struct.unpack("!HH", packet[4:]) == (4711, 3)
    assert witnesses.checksum(packet) == 0


@pytest.mark.parametrize("family, data, good", [
    (socket.AF_INET, bytes([0x45]) + bytes(19) + struct.pack("!BBHHH", 0, 0, 0, 4711, 3), True),
    (socket.AF_INET, bytes([0x45]) + bytes(19) + struct.pack("!BBHHH", 0, 0, 0, 4712, 3), False),
    (socket.AF_INET, bytes([0x45]) + bytes(19) + struct.pack("!BBHHH", 8, 0, 0, 4711, 3), False),
    (socket.AF_INET, bytes([0x45]) + bytes(19), False),
    (socket.AF_INET6, struct.pack("!BBHHH", 129, 0, 0, 4711, 3), True),
    (socket.AF_INET6, struct.pack("!BBHHH", 128, 0, 0, 4711, 3), False),
])
def test_only_an_answer_to_this_process_counts(family, data, good):
    assert witnesses.is_answer(family, data, 4711) is good


def test_own_addresses_are_no_witnesses(monkeypatch):
    monkeypatch.setattr(witnesses.Pings, "open", lambda _self, _family: None)
    pings = witnesses.Pings(["127.0.0.1", "192.0.2.1", "192.0.2.1"], ROUND)
    assert list(pings.found) == ["192.0.2.1"]


class Echo:
    """Pings of which these answer."""

    def __init__(self, asked, heard):
        self.found, self.heard, self.rounds = {a: (socket.AF_INET, a) for a in asked}, set(heard), 0

    def round(self):
        self.rounds += 1
        return self.heard, ROUND


@pytest.mark.parametrize("peers, heard, good, sentence", [
    (["peer"], ["peer", "router"], True, "peer, router answer pings."),
    (["peer"], ["router"], True, "router answer pings."),
    (["peer", "third"], ["peer", "third"], True, "peer, third answer pings."),
    ([], [], True, "No other machine has to answer pings."),
    (["peer"], ["peer"], False, "web1: of peer, router only peer answers pings, so this host cannot tell whether it is cut off: "
     "name machines that answer in v."),
    (["peer"], [], False, "web1: of peer, router none answers pings, so this host cannot tell whether it is cut off: "
     "name machines that answer in v."),
])
def test_who_can_be_witness(peers, heard, good, sentence):
    told = witnesses.told({"host": "web1", "peers": peers, "variable": "v"}, Echo(sorted({*peers, "router"}), heard))
    assert told == (sentence, good)

from __future__ import annotations

import json
import socket

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import witnesses

ROUND = 0.1


def after(*rounds, silent=3, stall=1.0):
    """What each round says; a round is who answered, or a number of seconds that it took."""
    one = witnesses.Witnesses(silent, stall)
    return [one.judge(set() if isinstance(r, float) else set(r), r if isinstance(r, float) else ROUND) for r in rounds]


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
        one.judge(set(heard), ROUND)
    assert (one.silent("peer"), one.silent("router"), one.silent("never")) == (2, 0, None)


ROUTES = """Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t003C12C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth0\t00000000\t013C12C6\t0003\t0\t0\t0\t00000000\t0\t0\t0
"""


def test_the_gateway_of_the_default_route():
    assert witnesses.gateway(ROUTES) == "198.18.60.1"
    assert witnesses.gateway(ROUTES.rpartition("eth0")[0]) is None


ROUTES6 = "%s 00 %s 00 %%s 00000400 00000001 00000000 %%s     eth0\n" % ("0" * 32, "0" * 32)
ALONE = "fe800000000000000000000000000000 40 %s 00 %s 00000100 00000001 00000000 00000001     eth0\n" % ("0" * 32, "0" * 32)


def test_the_gateway_of_a_machine_with_ipv6_alone(tmp_path):
    assert witnesses.gateway6(ALONE + ROUTES6 % ("fe800000000000000000000000000001", "00000003")) == "fe80::1%eth0"
    assert witnesses.gateway6(ROUTES6 % ("20010db8000000000000000000000001", "00000003")) == "2001:db8::1"
    assert witnesses.gateway6(ALONE + ROUTES6 % ("0" * 32, "00200200")) is None
    four, six = tmp_path / "route", tmp_path / "ipv6_route"
    four.write_text(ROUTES.rpartition("eth0")[0])
    assert witnesses.routers((str(four), str(six))) == []
    six.write_text(ROUTES6 % ("20010db8000000000000000000000001", "00000003"))
    assert witnesses.routers((str(four), str(six))) == ["2001:db8::1"]


def test_the_gateways_of_both_families_are_one_machine(tmp_path):
    four, six = tmp_path / "route", tmp_path / "ipv6_route"
    four.write_text(ROUTES)
    six.write_text(ROUTES6 % ("20010db8000000000000000000000001", "00000003"))
    assert witnesses.routers((str(four), str(six))) == ["198.18.60.1"]


def test_own_addresses_are_no_witnesses(monkeypatch):
    monkeypatch.setattr(witnesses.ping, "open_socket", lambda _family: None)
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
    told = witnesses.verdict({"host": "web1", "peers": peers, "variable": "v"}, Echo(sorted({*peers, "router"}), heard))
    assert told == (sentence, good)


# On the wire

class Wire:
    """A raw socket: what was sent, what comes, and whether there is a route."""

    def __init__(self, family, fd):
        self.family, self.fd, self.sent, self.comes, self.route = family, fd, [], [], True

    def fileno(self):
        return self.fd

    def sendto(self, packet, place):
        if not self.route:
            raise OSError(101, "Network is unreachable")
        self.sent.append((place[0], packet))

    def recvfrom(self, _most):
        found = self.comes.pop(0)
        if isinstance(found, OSError):
            raise found
        return found


@pytest.fixture
def wires(monkeypatch, clock):
    """(Pings of two machines, their sockets by family); a round takes no time, what is in .comes arrives in it."""
    made = {family: Wire(family, family) for family in (socket.AF_INET, socket.AF_INET6)}
    played = clock(witnesses)

    def select(readers, _writers, _errors, left):
        played.now += left
        return [wire for wire in readers if wire.comes], [], []

    monkeypatch.setattr(witnesses.ping, "open_socket", made.get)
    monkeypatch.setattr(witnesses, "is_own", lambda family, place: False)
    monkeypatch.setattr(witnesses.select, "select", select)
    return witnesses.Pings(["192.0.2.1", "2001:db8::1"], ROUND), made, played


def answer(pings, family, number=None):
    header = b"\x45" + b"\0" * 19 if family == socket.AF_INET else b""
    kind = 0 if family == socket.AF_INET else 129
    return header + bytes([kind, 0, 0, 0]) + (pings.number if number is None else number).to_bytes(2, "big") + b"\0\1"


def test_each_round_asks_everybody_anew_and_knows_who_answered(wires):
    pings, wire, _clock = wires
    wire[socket.AF_INET].comes = [(answer(pings, socket.AF_INET), ("192.0.2.1", 0))]
    wire[socket.AF_INET6].comes = [(answer(pings, socket.AF_INET6), ("2001:db8::1", 0, 0, 0))]
    heard, took = pings.round()
    assert heard == {"192.0.2.1", "2001:db8::1"} and ROUND <= took < 2 * ROUND
    assert pings.round()[0] == set()
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        (_first, one), (_second, other) = wire[family].sent
        assert [place for place, _packet in wire[family].sent] == [address] * 2 and one != other


@pytest.mark.parametrize("source, number", [("192.0.2.9", None), ("192.0.2.1", 0)])
def test_a_strangers_answer_and_one_to_another_program_say_nothing(wires, source, number):
    pings, wire, _clock = wires
    pings.number = 7
    wire[socket.AF_INET].comes = [(answer(pings, socket.AF_INET, number), (source, 0))]
    assert pings.round()[0] == set()


def test_a_family_without_a_route_or_with_an_error_leaves_the_other_one(wires):
    pings, wire, _clock = wires
    wire[socket.AF_INET].route = False
    wire[socket.AF_INET].comes = [OSError(111, "refused")]
    wire[socket.AF_INET6].comes = [(answer(pings, socket.AF_INET6), ("2001:db8::1", 0, 0, 0))]
    assert pings.round()[0] == {"2001:db8::1"} and wire[socket.AF_INET].sent == []


def test_what_is_done_between_rounds_is_no_standstill(wires):
    pings, _wire, clock = wires
    pings.round()
    clock.now += 30
    assert pings.round()[1] >= 30
    clock.now += 30
    pings.skip()
    assert pings.round()[1] < 1


class Life(Exception):
    """A watchdog's life is over for the test."""


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """(path of a watchdog's configuration, Echo of those whom it asks)"""
    path, made = tmp_path / "watchdog.json", Echo([], {"peer", "router"})
    path.write_text(json.dumps({"host": "web1", "peers": ["peer"], "witnesses": ["other"], "interval_ms": 100, "silent_ms": 250,
                                "stall_ms": 1000, "variable": "v"}))

    def pings(addresses, interval_s):
        made.found, made.interval_s = {a: (socket.AF_INET, a) for a in addresses}, interval_s
        return made

    made.skipped, made.skip = 0, lambda: setattr(made, "skipped", made.skipped + 1)
    monkeypatch.setattr(witnesses, "Pings", pings)
    monkeypatch.setattr(witnesses, "routers", lambda: ["router"])
    return str(path), made


@pytest.mark.parametrize("heard, status, said", [
    ({"peer", "router"}, 0, "peer, router answer pings.\n"),
    ({"peer"}, 1, "web1: of other, peer, router only peer answers pings, so this host cannot tell whether it is cut off: name machines "
                  "that answer in v.\n")])
def test_a_probe_only_asks_the_witnesses(configured, capsys, heard, status, said):
    path, echo = configured
    echo.heard = heard
    assert witnesses.main(path, None, "probe") == status
    assert capsys.readouterr().out == said and (list(echo.found), echo.interval_s) == (["peer", "other", "router"], 0.1)


def test_a_watchdog_is_told_of_each_round_and_what_it_did_takes_its_time(configured):
    path, echo = configured
    told = []

    class Watchdog:
        def __init__(self, given):
            assert given["host"] == "web1"

        def tick(self, cut, known, now):
            told.append((cut, known.silent("peer")))
            echo.heard = set()
            if len(told) == 5:
                raise Life
            return len(told) == 2

    with pytest.raises(Life):
        witnesses.main(path, Watchdog)
    # 250 ms of silence are two rounds (rounded) of 100 ms.
    assert told == [(False, 0), (False, 1), (True, 2), (True, 3), (True, 4)] and echo.skipped == 1

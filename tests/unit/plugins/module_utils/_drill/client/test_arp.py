from __future__ import annotations

import asyncio
import io
import socket

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client import arp


def test_arp_question_and_answer():
    mac = bytes(range(6))
    probe = arp.arp_question(mac, None, "198.18.0.101")
    assert len(probe) == 42
    assert probe[28:32] == b"\0\0\0\0"
    assert arp.arp_answer(probe) is None
    reply = mac + mac + b"\x08\x06\0\x01\x08\0\x06\x04\0\x02" + mac + bytes([198, 18, 0, 101]) + mac + bytes(4)
    assert arp.arp_answer(reply) == ("00:01:02:03:04:05", "198.18.0.101", "0.0.0.0")


def test_holders_by_round():
    holders = arp.Holders(["v"])
    for step, macs in enumerate([["m1"], ["m1"], [], ["m2"], ["m1", "m2"]]):
        holders.begin(step % 2, step * 50.0)
        for mac in macs:
            holders.reply(step % 2, mac, "v")
    holders.finish()
    assert holders.export()["spans"]["v"] == [[0.0, 50.0, 1], [100.0, 100.0, 0], [150.0, 150.0, 2], [200.0, 200.0, 3]]


def test_a_late_answer_counts_for_its_own_question():
    holders = arp.Holders(["v"])
    holders.begin(0, 0.0)
    holders.begin(1, 50.0)
    holders.reply(0, "m1", "v")
    holders.reply(1, "m2", "v")
    holders.finish()
    assert [span[2] for span in holders.export()["spans"]["v"]] == [1, 2]


@pytest.mark.parametrize("rounds, spans", [
    ([], []), ([[]], [[0.0, 0.0, 0]]), ([["a"]] * 5, [[0.0, 200.0, 1]]),
    # Two at once are one span of both, in whatever order they answer.
    ([["a", "b"], ["b", "a"]], [[0.0, 50.0, 3]]), ([["a", "a"]], [[0.0, 0.0, 1]]),
    ([["a"], ["b"], ["a"]], [[0.0, 0.0, 1], [50.0, 50.0, 2], [100.0, 100.0, 1]])])
def test_rounds_that_are_alike_are_one_span(rounds, spans):
    holders = arp.Holders(["v"], {"a": "lb1"})
    for step, macs in enumerate(rounds):
        holders.begin(step % 2, step * 50.0)
        for mac in macs:
            holders.reply(step % 2, mac, "v")
    holders.finish()
    holders.finish()
    told = holders.export()
    assert told["spans"] == {"v": spans} and told["names"] == [{"a": "lb1"}.get(mac, mac) for mac in told["macs"]]


def test_an_answer_nobody_has_asked_for_is_none():
    holders = arp.Holders(["v"])
    holders.reply(0, "a", "v")
    holders.begin(0, 0.0)
    holders.reply(1, "a", "v")
    holders.reply(0, "a", "w")
    holders.finish()
    # The last question was closed: what comes now is too late.
    holders.reply(0, "a", "v")
    assert holders.export() == {"macs": [], "names": [], "spans": {"v": [[0.0, 0.0, 0]]}}


OURS, LB1, LB2 = (bytes([2, 0, 0, 0, 0, n]) for n in (1, 11, 12))


def answer(mac, address, to=OURS, asked=b"\0\0\0\0"):
    return to + mac + b"\x08\x06\0\x01\x08\0\x06\x04\0\x02" + mac + socket.inet_aton(address) + to + asked


@pytest.fixture
def prober():
    """A prober whose wire is a pair of real sockets, and our end of it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    theirs.settimeout(60)
    made = arp.Prober.__new__(arp.Prober)
    made.vips, made.now, made.holders = ["198.51.100.100"], lambda: 0.0, arp.Holders(["198.51.100.100"])
    made.neighbours, made.socket, made.mac, made.source = {"198.51.100.11": "lb1"}, ours, OURS, "198.51.100.9"
    yield made, theirs
    ours.close()
    theirs.close()


def test_only_answers_to_us_count_and_rubbish_ends_nothing(prober):
    made, wire = prober
    made.holders.begin(0, 0.0)
    good = answer(LB1, "198.51.100.100")
    for frame in (b"", b"x", good[:30], good.replace(b"\x08\x06", b"\x08\0", 1), answer(LB2, "198.51.100.100", to=LB1),
                  arp.arp_question(OURS, None, "198.51.100.100"), answer(LB2, "198.51.100.77"), answer(LB1, "198.51.100.11"), good):
        wire.send(frame)
    made.read()
    made.holders.finish()
    # lb1 is known by the answer for its own address.
    assert made.holders.export() == {"macs": ["02:00:00:00:00:0b"], "names": ["lb1"], "spans": {"198.51.100.100": [[0.0, 0.0, 1]]}}


def test_answers_name_the_question_they_belong_to(prober):
    made, wire = prober
    made.holders.begin(0, 0.0)
    made.holders.begin(1, 50.0)
    # One to the question without our address, one to that with it.
    wire.send(answer(LB1, "198.51.100.100"))
    wire.send(answer(LB2, "198.51.100.100", asked=socket.inet_aton("198.51.100.9")))
    made.read()
    made.holders.finish()
    assert made.holders.export()["spans"]["198.51.100.100"] == [[0.0, 0.0, 1], [50.0, 50.0, 2]]


def test_it_asks_in_turns_and_waits_for_the_last_answer(prober, monkeypatch):
    made, wire = prober
    monkeypatch.setattr(arp, "LAST_ANSWER_S", 0.3)
    asked = []

    async def work():
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        made.listen(loop)
        wire.setblocking(False)

        def hear():
            frame = wire.recv(128)
            asked.append(frame[28:32])
            if len(asked) >= 4:
                # It comes after the end was told.
                stop.set()
                loop.call_later(0.05, wire.send, answer(LB1, "198.51.100.100", asked=frame[28:32]))

        loop.add_reader(wire.fileno(), hear)
        await asyncio.wait_for(made.run(0.02, stop), 60)
        loop.remove_reader(wire.fileno())
        loop.remove_reader(made.socket.fileno())

    asyncio.run(work())
    ours = socket.inet_aton("198.51.100.9")
    assert asked[:4] == [b"\0\0\0\0", ours, b"\0\0\0\0", ours]
    assert made.holders.export()["spans"]["198.51.100.100"][-1][2] == 1


def test_a_network_that_is_down_stops_nobody_from_asking(prober):
    made, wire = prober
    wire.close()
    made.ask("198.51.100.100", 0)
    made.read()


ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth1\t0000007F\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
eth2\t0001007F\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""


@pytest.mark.parametrize("address, interface", [("127.0.1.5", "eth2"), ("127.9.9.9", "eth1")])
def test_the_longest_prefix_says_where_an_address_is(monkeypatch, address, interface):
    monkeypatch.setattr(arp, "open", lambda _path: io.StringIO(ROUTES), raising=False)
    assert arp.route_to(address)[0] == interface

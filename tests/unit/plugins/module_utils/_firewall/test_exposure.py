# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import socket

import pytest
from ansible_collections.failover.stack.plugins.module_utils._firewall import exposure

ENTRIES = [
    {"host": "a1", "protocol": "tcp", "ports": [80], "networks": ["0.0.0.0/0"], "why": "visitors", "at": []},
    {"host": "a1", "protocol": "tcp", "ports": [2379, [8000, 8002]], "networks": ["198.18.0.12"], "why": "etcd", "at": []},
    {"host": "a1", "protocol": "tcp", "ports": [443], "networks": ["0.0.0.0/0"], "why": "vip", "at": ["198.18.0.100"]},
    {"host": "a1", "protocol": "udp", "ports": [9], "networks": ["0.0.0.0/0"], "why": "no", "at": []}]
SEEN = {
    "a1": {"addresses": ["198.18.0.11", "2001:db8::11"], "listening": [
        {"address": "0.0.0.0", "port": 80}, {"address": "127.0.0.1", "port": 25}, {"address": "198.18.0.11", "port": 2379},
        {"address": "::", "port": 5000}]},
    "a2": {"addresses": ["198.18.0.12"], "listening": [{"address": "0.0.0.0", "port": 22}]}}


def wanted():
    return exposure.targets(ENTRIES, SEEN, ["a1", "away"])


def test_every_port_that_listens_or_is_declared_is_asked_at_every_address():
    ports = {}
    for one in wanted():
        ports.setdefault((one["host"], one["address"]), []).append(one["port"])
    assert ports == {("a1", "198.18.0.11"): [80, 443, 2379, 5000, 8000, 8001, 8002],
                     ("a1", "2001:db8::11"): [80, 443, 2379, 5000, 8000, 8001, 8002]}
    assert exposure.declared([{"host": "a1", "protocol": "tcp", "ports": [[1, 65535]]}], "a1") == {1, 65535}


def test_who_asks_does_not_ask_itself_nor_by_a_family_that_it_has_not():
    assert exposure.asked_by("a1", wanted(), SEEN, ENTRIES) == []
    asked = exposure.asked_by("a2", wanted(), SEEN, ENTRIES)
    assert {one["address"] for one in asked} == {"198.18.0.11"}
    assert {one["port"] for one in asked if one["expected"]} == {80, 2379, 8000, 8001, 8002}


def judged(result, port=80, source="198.18.0.5", address="198.18.0.11"):
    return exposure.difference(ENTRIES, wanted(), SEEN, {"stranger": [
        {"address": address, "port": port, "result": result, "source": source}]})


@pytest.mark.parametrize("result, port, source, unexpected", [
    ("open", 80, "198.18.0.5", ""), ("dropped", 80, "198.18.0.5", "closed"), ("refused", 80, "198.18.0.5", "closed"),
    ("open", 2379, "198.18.0.12", ""), ("open", 2379, "198.18.0.5", "open"), ("refused", 2379, "198.18.0.5", "open"),
    ("dropped", 2379, "198.18.0.5", ""), ("refused", 8000, "198.18.0.12", ""), ("dropped", 8000, "198.18.0.12", "closed"),
    ("open", 5000, "198.18.0.12", "open"), ("dropped", 443, "198.18.0.5", ""), ("unreached", 80, "198.18.0.5", "")])
def test_what_differs_from_the_matrix(result, port, source, unexpected):
    found = judged(result, port, source)
    assert [bool(found["unexpected_open"]), bool(found["unexpected_closed"])] == [unexpected == "open", unexpected == "closed"]
    assert found["tried"] == 1 and found["unreached"] == (result == "unreached")


def test_a_difference_is_a_sentence():
    assert judged("open", 2379)["unexpected_open"] == ["stranger (198.18.0.5) connects to a1 198.18.0.11 port 2379: nobody declared that"]
    assert judged("dropped")["unexpected_closed"] == [
        "stranger (198.18.0.5) does not get through to a1 198.18.0.11 port 80: declared for visitors"]


def test_addresses_of_a_host_are_those_by_which_others_reach_it():
    listing = ('[{"ifname": "lo", "addr_info": [{"local": "198.18.0.100", "scope": "global"}]}, {"ifname": "eth0", "addr_info": ['
               '{"local": "198.18.0.11", "scope": "global"}, {"local": "fe80::1", "scope": "link"}]}]')
    assert exposure.held(listing) == ["198.18.0.11"] and exposure.held("") == []


def test_connections_are_made_and_told_in_their_order():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        ports = [nobody.getsockname()[1], server.getsockname()[1]] * 3
        told = exposure.connects([{"address": "127.0.0.1", "port": port} for port in ports], 2, 2)
    assert [one["result"] for one in told] == ["refused", "open"] * 3
    assert [one["port"] for one in told] == ports and {one["source"] for one in told} == {"127.0.0.1"}


def test_silence_is_dropped_after_the_time():
    """A listener whose queue is full answers nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        target = {"address": "127.0.0.1", "port": server.getsockname()[1]}
        full = [socket.socket() for _each in range(3)]
        for one in full:
            one.setblocking(False)
            one.connect_ex((target["address"], target["port"]))
        (told,) = exposure.connects([target], 0.3, 4)
        for one in full:
            one.close()
    assert told["result"] == "dropped"


def test_who_is_let_in_and_was_slow_is_asked_again_with_more_time(monkeypatch):
    rounds = []

    def attempts(targets, timeout_s, at_once):
        rounds.append(([one["port"] for one in targets], timeout_s))
        return [{"port": one["port"], "result": "open" if len(rounds) == one["slow"] else "dropped"} for one in targets]

    monkeypatch.setattr(exposure, "attempts", attempts)
    told = exposure.connects([{"port": 1, "slow": 1}, {"port": 2, "slow": 2, "expected": True}, {"port": 3, "slow": 9, "expected": True},
                              {"port": 4, "slow": 9}, {"port": 5, "slow": 3, "expected": True}], 2, 64)
    assert rounds == [([1, 2, 3, 4, 5], 2), ([2, 3, 5], 4), ([3, 5], 8)]
    assert told == [{"port": port, "result": result} for port, result in
                    ((1, "open"), (2, "open"), (3, "dropped"), (4, "dropped"), (5, "open"))]


@pytest.mark.parametrize("error, result", [
    (0, "open"), (errno.ECONNREFUSED, "refused"), (errno.ETIMEDOUT, "dropped"), (errno.EHOSTUNREACH, "dropped"), (errno.EACCES, "dropped"),
    (errno.ENETUNREACH, "unreached"), (errno.EINPROGRESS, None)])
def test_what_an_error_says_of_a_connection(monkeypatch, error, result):
    monkeypatch.setattr(socket.socket, "connect_ex", lambda _self, _place: error)
    one = exposure.Attempt("127.0.0.1", 1, 9e9)
    one.socket.close()
    assert one.result == result

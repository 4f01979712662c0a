# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog beside a RabbitMQ node: when it asks, and when it leaves alone."""

from __future__ import annotations

import socket
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import rabbitmq_watchdog as watchdog


@pytest.mark.parametrize("there, peers, more_than_half", [
    (2, 2, True), (1, 2, True), (0, 2, False), (1, 3, False), (2, 4, True), (0, 0, True)])
def test_majority_counts_the_node_itself(there, peers, more_than_half):
    assert watchdog.majority(there, peers) is more_than_half


def test_it_asks_only_after_its_time():
    stuck = watchdog.Stuck(60)
    assert [stuck.due(now, True, False, True) for now in (0, 30, 59, 60)] == [False, False, False, True]


@pytest.mark.parametrize("active, serving, with_majority", [(False, False, True), (True, True, True), (True, False, False)])
def test_time_in_another_state_does_not_count(active, serving, with_majority):
    stuck = watchdog.Stuck(60)
    stuck.due(0, True, False, True)
    assert not stuck.due(50, active, serving, with_majority)
    assert not stuck.due(70, True, False, True)
    assert stuck.due(130, True, False, True)


def test_a_place_that_does_not_answer():
    assert not watchdog.reachable("[127.0.0.1]:1")


def test_a_place_that_answers_by_either_family():
    for host, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
        with socket.socket(family) as listener:
            listener.bind((host, 0))
            listener.listen()
            place = "[%s]:%d" % listener.getsockname()[:2]
            assert watchdog.reachable(place if family == socket.AF_INET6 else place.strip("[").replace("]", ""))


class Ended(Exception):
    """The watchdog's life is over for the test."""


class Node:
    """A node by whose state the watchdog acts; `ran` is what it did to it."""

    def __init__(self):
        self.active, self.serves, self.peers, self.says, self.parted, self.ran = True, False, 2, "true\n", "0\n", []

    def run(self, command, **more):
        self.ran.append(" ".join(command[:2]))
        if command[0] == "rabbitmqctl":
            assert more["timeout"] == 120
            says = self.says if "rabbit_outside_app_process" in command[-1] else self.parted
            if says is None:
                raise watchdog.subprocess.TimeoutExpired(command, 120)
            return types.SimpleNamespace(returncode=0 if says else 69, stdout=says)
        if command[1] == "kill":
            assert command[2:] == ["--signal", "KILL", "rabbitmq-server.service"] and more["check"]
        return types.SimpleNamespace(returncode=0 if self.active else 3)

    def reachable(self, place):
        return self.serves if place == "192.0.2.51:5672" else int(place[8]) <= self.peers


@pytest.fixture
def lives(monkeypatch, clock, tmp_path):
    """lives(seconds, node, {second: change}) -> how often it gave a sign of life. lives.log: the node's log."""
    played, beats = clock(watchdog), []

    def end():
        raise Ended

    def life(seconds, node, later=None):
        played.later = {**(later or {}), seconds: end}
        monkeypatch.setattr(watchdog.subprocess, "run", node.run)
        monkeypatch.setattr(watchdog, "reachable", node.reachable)
        monkeypatch.setattr(watchdog.alive, "beat", lambda: beats.append(played.now))
        with pytest.raises(Ended):
            watchdog.main("--serves", "192.0.2.51:5672", "--peer", "192.0.2.1:25672", "--peer", "192.0.2.2:25672",
                          "--unit", "rabbitmq-server.service", "--seconds", "20", "--log", str(life.log))
        return len(beats)

    life.log = tmp_path / "rabbit@mq1.log"
    life.log.write_text("running_partitioned_network, of the time before\n")
    return life


def test_a_node_that_does_not_go_on_is_killed_and_then_left_alone_for_as_long(lives, capsys):
    node = Node()
    assert lives(50, node) == 10
    assert node.ran.count("systemctl kill") == 1 and node.ran.index("systemctl kill") == node.ran.index("rabbitmqctl --quiet") + 1
    assert capsys.readouterr().out == "rabbitmq-server.service has had its majority back for 20 s and does not go on: it is restarted.\n"


@pytest.mark.parametrize("state", [{"serves": True}, {"active": False}, {"peers": 0}, {"says": "false\n"}])
def test_a_node_that_serves_is_stopped_alone_or_stopped_by_an_operator_is_left_alone(lives, state):
    node = Node()
    vars(node).update(state)
    lives(120, node)
    assert "systemctl kill" not in node.ran


@pytest.mark.parametrize("says", ["", None])
def test_a_node_that_does_not_answer_is_asked_again_and_not_killed(lives, says):
    node = Node()
    node.says = says
    lives(60, node, {52: lambda: setattr(node, "says", "true\n")})
    assert node.ran.count("rabbitmqctl --quiet") >= 5 and node.ran.count("systemctl kill") == 1


def test_what_it_said_of_itself_before_does_not_count_later(lives):
    """Asked when it was due, it said no: it has its whole time again."""
    node = Node()
    node.says = "false\n"
    lives(44, node, {27: lambda: setattr(node, "says", "true\n")})
    assert node.ran.count("rabbitmqctl --quiet") == 1 and "systemctl kill" not in node.ran


# --- A member that stood still and goes on ----------------------------------------------


SIGN = b"Mnesia('rabbit@mq1'): ** ERROR ** mnesia_event got {inconsistent_database, running_partitioned_network, 'rabbit@mq2'}\n"


@pytest.fixture
def serving():
    node = Node()
    node.serves = True
    return node


def asked(node):
    return node.ran.count("rabbitmqctl --quiet")


def tells(lives, node, parted):
    """What happens when it finds itself parted from so many."""
    def change():
        node.parted = parted
        with open(lives.log, "ab") as handle:
            handle.write(SIGN)
    return change


def test_a_node_in_which_nothing_happens_is_asked_once_and_then_every_quarter_of_an_hour(lives, serving):
    lives(890, serving, {880: lambda: serving.ran.append(str(asked(serving)))})
    assert serving.ran[-1] == "1"
    lives(890 + 920, serving)
    assert asked(serving) == 1 + 2


def test_who_is_parted_from_most_is_restarted(lives, serving, capsys):
    lives(95, serving, {52: tells(lives, serving, "2\n"), 80: lambda: setattr(serving, "parted", "0\n")})
    assert serving.ran.count("systemctl kill") == 1
    assert capsys.readouterr().out == (
        "rabbitmq-server.service reaches all other members and has been parted from 2 of them for 15 s: it is restarted.\n")
    # Once more afterwards, when it is whole.
    assert asked(serving) == 1 + 3 + 1


@pytest.mark.parametrize("parted", ["1\n", None, "", "undefined\n"])
def test_the_others_are_not_and_are_asked_until_they_are_whole(lives, serving, parted):
    lives(150, serving, {52: tells(lives, serving, parted), 120: lambda: setattr(serving, "parted", "0\n")})
    assert "systemctl kill" not in serving.ran and 7 <= asked(serving) <= 9


def test_a_partition_that_ends_by_itself_restarts_nobody(lives, serving):
    lives(120, serving, {52: tells(lives, serving, "2\n"), 62: lambda: setattr(serving, "parted", "0\n"),
                         70: lambda: setattr(serving, "parted", "2\n")})
    assert "systemctl kill" not in serving.ran


def test_while_others_are_away_nobody_is_asked(lives, serving):
    def gone():
        tells(lives, serving, "2\n")()
        serving.peers = 1

    lives(120, serving, {52: gone})
    assert asked(serving) == 1 and "systemctl kill" not in serving.ran
    serving.peers = 2
    lives(240, serving, {200: lambda: setattr(serving, "peers", 2)})
    assert "systemctl kill" in serving.ran


@pytest.mark.parametrize("members, separated, minority", [
    (3, 2, True), (3, 1, False), (2, 1, False), (4, 2, False), (5, 3, True), (5, 2, False)])
def test_half_is_no_minority(members, separated, minority):
    parted = watchdog.Parted(members)
    assert [parted.due(now, separated) for now in (0, 15)] == [False, minority]


def test_a_log_is_read_on_when_it_is_rotated_emptied_or_comes_later(tmp_path):
    path = tmp_path / "log"
    log = watchdog.Log(path)
    assert log.grown() == b""
    path.write_bytes(b"one\n")
    assert log.grown() == b"one\n" and log.grown() == b""
    with open(path, "ab") as handle:
        handle.write(b"two\n")
    assert log.grown() == b"two\n"
    path.rename(tmp_path / "log.0")
    path.write_bytes(b"three is longer than both\n")
    assert log.grown() == b"three is longer than both\n"
    path.write_bytes(b"4\n")
    assert log.grown() == b"4\n"


def test_of_much_that_is_new_the_end_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(watchdog, "READ_AT_ONCE", 10)
    path = tmp_path / "log"
    path.write_bytes(b"")
    log = watchdog.Log(path)
    path.write_bytes(b"x" * 50 + b"the end.\n")
    assert log.grown() == b"xthe end.\n" and log.grown() == b""

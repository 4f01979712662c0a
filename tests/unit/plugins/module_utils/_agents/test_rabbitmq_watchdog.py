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
        self.active, self.serves, self.peers, self.says, self.ran = True, False, 2, "true\n", []

    def run(self, command, **more):
        self.ran.append(" ".join(command[:2]))
        if command[0] == "rabbitmqctl":
            assert more["timeout"] == 120 and "rabbit_outside_app_process" in command[-1]
            if self.says is None:
                raise watchdog.subprocess.TimeoutExpired(command, 120)
            return types.SimpleNamespace(returncode=0 if self.says else 69, stdout=self.says)
        if command[1] == "kill":
            assert command[2:] == ["--signal", "KILL", "rabbitmq-server.service"] and more["check"]
        return types.SimpleNamespace(returncode=0 if self.active else 3)

    def reachable(self, place):
        return self.serves if place == "192.0.2.51:5672" else int(place[8]) <= self.peers


@pytest.fixture
def lives(monkeypatch, clock):
    """lives(seconds, node, {second: change}) -> how often it gave a sign of life."""
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
                          "--unit", "rabbitmq-server.service", "--seconds", "20")
        return len(beats)

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

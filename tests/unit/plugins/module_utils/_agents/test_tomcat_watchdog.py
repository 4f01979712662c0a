from __future__ import annotations

import socket
import threading
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import tomcat_watchdog as watchdog
from ansible_collections.failover.stack.plugins.module_utils._web.modjk import CPONG

PEER = ("198.18.60.22", 8009)


# Of two connections to another member one has 214 bytes that were not acknowledged.
SHOWN = """ESTAB 0      0      198.18.60.21:40086 198.18.60.22:4000
ESTAB 31     214    198.18.60.21:40090 198.18.60.22:4000
"""


class Instance(watchdog.Instance):
    """Remembers what is done to it."""

    def __init__(self, state=False, peers=(PEER,)):
        super().__init__({"unit": "tomcat@a.service", "peers": peers, "ports": [4000]})
        self.state, self.done = state, []

    def stopped(self):
        return self.state

    def signal(self, name):
        self.done.append(name)
        self.state = {"SIGSTOP": True, "SIGCONT": False, "SIGKILL": None}[name]


@pytest.fixture
def commands(monkeypatch):
    done = []

    def run(*command):
        done.append(command)
        return types.SimpleNamespace(stdout=SHOWN if command[0] == "ss" and "--kill" not in command else "", returncode=0)

    monkeypatch.setattr(watchdog, "run", run)
    return done


def answering(monkeypatch, *places):
    monkeypatch.setattr(watchdog, "answers_ping", lambda host, port, _timeout: (host, port) in places)


def test_it_stands_still_and_connections_with_something_unsent_are_destroyed(commands):
    one = Instance()
    one.stop()
    assert one.done == ["SIGSTOP"]
    assert [command[-1] for command in commands] == ["dport = :4000", "sport = :40090 and dport = :4000"]
    assert ["--kill" in command for command in commands] == [False, True]


def test_what_ss_shows():
    assert watchdog.unsent(SHOWN) == [40090]
    assert watchdog.unsent("") == []
    assert watchdog.unsent("ESTAB 0 7 [2001:db8::21]:40090 [2001:db8::22]:4000\n") == [40090]


@pytest.mark.parametrize("state", [True, None])
def test_one_that_stands_still_or_does_not_run_is_left_alone(commands, state):
    one = Instance(state)
    one.stop()
    assert one.done == [] and commands == []


def test_who_was_replaced_is_started_anew(commands, monkeypatch):
    answering(monkeypatch, PEER)
    one = Instance(True)
    watchdog.resume_or_restart(one, 0)
    assert one.done == ["SIGKILL"]
    assert commands == [("systemctl", "restart", "--no-block", "tomcat@a.service")]


def test_who_was_not_replaced_goes_on(commands, monkeypatch):
    answering(monkeypatch)
    one = Instance(True)
    watchdog.resume_or_restart(one, 0)
    assert one.done == ["SIGCONT"] and commands == []


@pytest.mark.parametrize("state", [False, None])
def test_what_does_not_stand_still_is_not_touched(commands, monkeypatch, state):
    answering(monkeypatch, PEER)
    one = Instance(state)
    watchdog.resume_or_restart(one, 0)
    assert one.done == []


def test_the_first_who_answers(monkeypatch):
    answering(monkeypatch, ("c", 1))
    assert watchdog.anybody([("b", 1), ("c", 1)], 0) == ("c", 1)
    answering(monkeypatch)
    assert watchdog.anybody([("b", 1)], 0.05) is None
    assert watchdog.anybody([], 1) is None


def test_a_whole_cut(commands, monkeypatch):
    answering(monkeypatch, PEER)
    one = Instance()
    watch = watchdog.Watchdog([one], 0)
    took = [watch.tick(cut, None, now) for now, cut in enumerate([False, False, True, True, False, False])]
    assert one.done == ["SIGSTOP", "SIGKILL"]
    # The first round settles what another watchdog may have left.
    assert took == [True, False, True, True, True, False]


def test_what_a_watchdog_before_has_left_is_settled(commands, monkeypatch):
    answering(monkeypatch)
    one = Instance(True)
    watchdog.Watchdog([one], 0).tick(False, None, 0)
    assert one.done == ["SIGCONT"]


def test_an_instance_that_systemd_starts_while_cut_off_stands_still_too(commands):
    one = Instance(None)
    watch = watchdog.Watchdog([one], 0)
    watch.tick(True, None, 0)
    one.state = False
    watch.tick(True, None, 0.1)
    assert one.done == []
    watch.tick(True, None, 1.2)
    assert one.done == ["SIGSTOP"]


def test_nobody_in_total_silence_loses_his_sessions(commands, monkeypatch):
    """Both stood still: whoever asks first finds the other standing still, so nobody is killed."""
    one, two = Instance(True), Instance(True)
    monkeypatch.setattr(watchdog, "answers_ping", lambda _host, _port, _timeout: two.state is False)
    watchdog.resume_or_restart(one, 0)
    assert one.done == ["SIGCONT"]


def test_a_tomcat_that_stands_still_does_not_answer():
    """The kernel accepts, nobody says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert watchdog.anybody([server.getsockname()], 0) is None

        def answer():
            while True:
                connection, _from = server.accept()
                with connection:
                    if connection.recv(5):
                        connection.sendall(CPONG)

        threading.Thread(target=answer, daemon=True).start()
        assert watchdog.anybody([server.getsockname()], 2) == server.getsockname()

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
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
            with contextlib.suppress(OSError):
                while True:
                    connection, _from = server.accept()
                    with connection:
                        if connection.recv(5):
                            connection.sendall(CPONG)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        assert watchdog.anybody([server.getsockname()], 2) == server.getsockname()
        # It must not go on at whatever gets this number next.
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


# A real process behind the unit

@pytest.fixture
def unit(tmp_path, monkeypatch):
    """A process that is the unit's, which systemctl, played by a script, knows and sends signals to; .asked has what systemctl was told."""
    process = subprocess.Popen(["sleep", "60"])
    asked = tmp_path / "asked"
    (tmp_path / "systemctl").write_text(
        '#!/bin/sh\necho "$*" >> {0}/asked\ncase $1 in show) cat {0}/pid;; kill) kill -${{3#SIG}} $(cat {0}/pid);; esac\n'.format(tmp_path))
    (tmp_path / "systemctl").chmod(0o755)
    (tmp_path / "ss").write_text("#!/bin/sh\necho 'cannot open netlink' >&2; exit 1\n")
    (tmp_path / "ss").chmod(0o755)
    (tmp_path / "pid").write_text("%d\n" % process.pid)
    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path, os.environ["PATH"]))
    one = watchdog.Instance({"unit": "tomcat@a.service", "peers": [], "ports": [4000]})
    one.process, one.asked, one.place = process, asked, tmp_path / "pid"
    yield one
    process.kill()
    process.wait()


def soon(true, seconds=5):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def test_a_process_stands_still_goes_on_and_is_seen_to(unit, capsys):
    assert unit.stopped() is False
    unit.stop()
    assert soon(lambda: unit.stopped() is True)
    said = capsys.readouterr().out
    # What it cannot do it says, and goes on to the next.
    assert "ss --no-header --tcp --numeric state connected dport = :4000 failed: cannot open netlink" in said
    assert said.endswith("tomcat@a.service stands still: this machine is cut off.\n")
    unit.go_on()
    assert soon(lambda: unit.stopped() is False)
    assert "kill --signal SIGSTOP tomcat@a.service" in unit.asked.read_text()


def test_who_is_started_anew_is_killed_first_since_it_could_not_end_in_order(unit):
    unit.stop()
    unit.renew()
    assert unit.process.wait(5) == -signal.SIGKILL
    assert unit.asked.read_text().splitlines()[-2:] == ["kill --signal SIGKILL tomcat@a.service", "restart --no-block tomcat@a.service"]
    assert unit.stopped() is None


@pytest.mark.parametrize("text", ["0\n", "", "4194304\n"])
def test_a_unit_without_a_process_does_not_run(unit, text):
    unit.place.write_text(text)
    assert unit.stopped() is None
    unit.stop()
    assert "SIGSTOP" not in unit.asked.read_text()

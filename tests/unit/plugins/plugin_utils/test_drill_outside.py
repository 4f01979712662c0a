# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What drills reach outside: real sockets, signals and processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.faults.machine import MachineError
from ansible_collections.failover.stack.plugins.module_utils._drill.faults.playbook import PlaybookFailed
from ansible_collections.failover.stack.plugins.plugin_utils import drill_outside as subject

P = {"machine_names": {"db1": "lab-db1"}, "machine_driver": "docker", "addresses": {"db1": "127.0.0.1"},
     "playbook_command": ["/bin/sh"], "playbook_directory": "/none", "config": "", "playbook_s": 60}


class Hosts:
    """Where modules go; what was asked of it."""

    def __init__(self):
        self.asked = []

    def run(self, *given):
        self.asked.append(given)
        return {"ansible_job_id": "j7"}

    def run_all(self, calls):
        self.asked.append(calls)
        return [{} for _call in calls]


@pytest.fixture
def outside():
    return subject.Outside(dict(P), "client", Hosts(), ["s3cret"])


def test_modules_go_to_their_hosts_and_the_observer_to_the_client(outside):
    assert outside.modules([("db1", "m", {})]) == [{}]
    assert outside.begin("observe", {"a": 1}, 60) == {"ansible_job_id": "j7"} and outside.job({"ansible_job_id": "j7"})
    assert outside.elsewhere.asked == [[("db1", "m", {})], ("client", "observe", {"a": 1}, 60),
                                       ("client", "ansible.builtin.async_status", {"jid": "j7"})]


def test_nobody_reads_a_secret_on_the_screen(outside, monkeypatch):
    shown = []
    monkeypatch.setattr(subject.Display, "display", lambda self, text, *more, **others: shown.append(text))
    outside.say("access denied for drill:s3cret@db1")
    assert shown == ["access denied for drill:(not shown)@db1"]


def test_waiting_ends_in_time_and_at_once_where_nobody_waits_for_us(outside):
    began = time.monotonic()
    outside.sleep(0.2)
    assert time.monotonic() - began >= 0.2
    outside.sleep(0)
    outside.sleep(-5)
    # As after Ansible's main process was killed: another one is our parent now.
    outside.parent = -1
    for seconds in (3600, 0):
        with pytest.raises(KeyboardInterrupt):
            outside.sleep(seconds)


# --- Machines -------------------------------------------------------------------

class Machine:
    fails, opened, status = None, [], []

    def __init__(self, name):
        self.name = name

    @classmethod
    def open(cls, name):
        cls.opened.append(name)
        if name == "none":
            raise MachineError("there is no container 'none': make the lab first")
        return cls(name)

    def kill(self):
        if Machine.fails:
            raise Machine.fails  # pylint: disable=raising-bad-type
        return 5.0, 6.0

    def heal(self):
        return ["start"], 7.0, 8.0


@pytest.fixture
def machines(monkeypatch):
    monkeypatch.setattr(subject, "DRIVERS", {"docker": Machine})
    monkeypatch.setattr(Machine, "opened", [])
    monkeypatch.setattr(Machine, "fails", None)
    return Machine


def test_machines_have_names_of_their_own_where_it_is_said_so(outside, machines):
    assert outside.machines("kill", ["db1", "db2"]) == (5.0, 6.0) and machines.opened == ["lab-db1", "db2"]
    assert outside.machines("heal", ["db1"]) == (7.0, 8.0)


@pytest.mark.parametrize("error, sentence", [
    (RuntimeError("the engine is away"), "kill of lab-db1 failed: the engine is away"), (MachineError("no cable"), "no cable")])
def test_what_a_driver_throws_is_a_sentence(outside, machines, error, sentence):
    machines.fails = error
    with pytest.raises(MachineError) as failed:
        outside.machines("kill", ["db1"])
    assert str(failed.value) == sentence


def test_a_machine_that_is_not_there_keeps_others_from_being_hit(outside, machines):
    machines.fails = AssertionError("hit")
    with pytest.raises(MachineError, match="there is no container 'none': make the lab first"):
        outside.machines("kill", ["db1", "none"])


# --- Who answers again ------------------------------------------------------------

@contextlib.contextmanager
def server(says, monkeypatch, after=0):
    """Something that listens where SSH would and says that; None for nothing. The first `after` connections hear nothing and are closed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setattr(subject, "SSH_PORT", listening.getsockname()[1])
        kept, count = [], iter(range(10000))

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection = listening.accept()[0]
                    if next(count) < after:
                        connection.close()
                        continue
                    kept.append(connection)
                    if says is not None:
                        connection.sendall(says)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(60)
    for connection in kept:
        connection.close()


@pytest.mark.parametrize("says, there", [
    (b"SSH-2.0-OpenSSH_9.2p1\r\n", True), (b"HTTP/1.1 200 OK\r\n", False), (None, False), (b"SS", False)])
def test_a_host_is_back_when_its_ssh_server_says_who_it_is(outside, monkeypatch, says, there):
    with server(says, monkeypatch):
        assert outside.reachable(["db1"], 60 if there else 0.3) == ([] if there else ["db1"])


def test_a_host_that_comes_late_is_waited_for(outside, monkeypatch):
    with server(b"SSH-2.0-x\r\n", monkeypatch, after=3):
        assert outside.reachable(["db1"], 60) == []


def test_those_that_stay_away_are_named_in_their_order(outside, monkeypatch):
    with server(b"SSH-2.0-x\r\n", monkeypatch):
        outside.p.update(addresses={"a": "127.0.0.1", "b": "127.0.0.2", "c": "127.0.0.3", "d": "127.0.0.1"})
        assert outside.reachable(["c", "a", "b", "d"], 5) == ["c", "b"]
    assert outside.reachable([], 5) == []


# --- Playbooks and interruptions ----------------------------------------------------

def test_a_playbook_is_run_as_the_parameters_say(outside, tmp_path):
    (tmp_path / "p.yml").write_text("echo $ANSIBLE_CONFIG >%s/config; exit 3" % tmp_path, encoding="utf-8")
    outside.p.update(playbook_directory=str(tmp_path), config="/of/the/site")
    with pytest.raises(PlaybookFailed, match=r"p\.yml failed with status 3"):
        outside.playbook({"playbook": "p.yml"})
    assert (tmp_path / "config").read_text(encoding="utf-8") == "/of/the/site\n"
    at, done = outside.playbook({"playbook": "p.yml", "fails": True})
    assert at <= done


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_interruption_comes_through_and_no_other_until_all_is_healed(number):
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    healed = []
    with pytest.raises(KeyboardInterrupt), subject.interruptible():
        try:
            os.kill(os.getpid(), number)
            time.sleep(60)
        finally:
            for one in (signal.SIGINT, signal.SIGTERM):
                os.kill(os.getpid(), one)
            healed.append(True)
    assert healed == [True] and [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_without_an_interruption_nothing_is_different_afterwards():
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ValueError), subject.interruptible():
        assert signal.getsignal(signal.SIGTERM) not in before
        raise ValueError
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_by_chance_nobody_is_left_out(outside):
    hosts = ["host%d" % number for number in range(30)]
    orders = [outside.shuffled(hosts) for _round in range(3)]
    assert all(sorted(one) == sorted(hosts) for one in orders) and any(one != hosts for one in orders)

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a lab's nodes: whoever dies meanwhile is told at once, with the end of its console."""

import importlib.util
import pathlib
import socket
import threading
import time
from importlib.machinery import SourceFileLoader

import pytest

PATH = pathlib.Path(__file__).resolve().parents[3] / "scripts" / "nodes-ready"
loader = SourceFileLoader("nodes_ready", str(PATH))
ready = importlib.util.module_from_spec(importlib.util.spec_from_loader("nodes_ready", loader))
loader.exec_module(ready)


class Engine:
    """What is asked of the Docker engine: states and consoles by container."""

    def __init__(self, states, consoles=None):
        self.api, self.states, self.consoles = self, states, consoles or {}

    def inspect_container(self, name):
        return {"State": {"Running": self.states[name] is None, "ExitCode": self.states[name] or 0}}

    def logs(self, name, tail):
        return "\n".join(self.consoles.get(name, "").splitlines()[-tail:]).encode()


@pytest.fixture
def silent(monkeypatch):
    monkeypatch.setattr(ready, "answers", lambda address: False)


def test_who_ended_is_told_at_once_with_its_console(silent):
    engine = Engine({"failover-lab-lb1": 250, "failover-lab-web1": None}, {"failover-lab-lb1": "booting\nKernel panic - not syncing\n"})
    began = time.monotonic()
    sentences = ready.wait(engine, {"failover-lab-lb1": "127.0.0.1", "failover-lab-web1": "127.0.0.1"}, 60)
    assert time.monotonic() - began < 5
    assert sentences == [
        "failover-lab-lb1: the machine ended with status 250 while it was waited for: docker logs failover-lab-lb1 shows all of its"
        " console; docker rm -f failover-lab-lb1 and running this again makes it anew. The end of its console:"
        "\n    booting\n    Kernel panic - not syncing"]


def test_known_last_words_get_their_remedy():
    sentence = ready.sentence_ended("lb1", 250, "userspace - ptrace set fp regs failed, errno = 14")
    assert "this kernel cannot run on this processor (AMX): take user-mode Linux 7.2 or later" in sentence


def test_who_stays_silent_is_told_at_the_end_of_the_time(silent):
    engine = Engine({"failover-lab-web1": None}, {"failover-lab-web1": "\n"})
    sentences = ready.wait(engine, {"failover-lab-web1": "198.18.0.21"}, 0.1)
    assert sentences[0].startswith("failover-lab-web1: no SSH server answered at 198.18.0.21 within 0 s: ")
    assert sentences[0].endswith("The end of its console:\n    (it said nothing)")


def test_nothing_is_said_when_all_answer(monkeypatch):
    monkeypatch.setattr(ready, "answers", lambda address: True)
    assert ready.wait(Engine({"a": 1}), {"a": "127.0.0.1"}, 60) == []


def test_the_console_is_shown_to_its_end_only():
    assert ready.end_of("\n".join(str(n) for n in range(50))).split() == [str(n) for n in range(35, 50)]


@pytest.mark.parametrize("banner, expected", [(b"SSH-2.0-OpenSSH_9.2\r\n", True), (b"220 mail\r\n", False)])
def test_an_ssh_server_says_its_name(monkeypatch, banner, expected):
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            connection, _peer = server.accept()
            connection.sendall(banner)
            connection.close()
        threading.Thread(target=serve, daemon=True).start()
        connect = socket.create_connection
        monkeypatch.setattr(ready.socket, "create_connection", lambda _address, timeout: connect(server.getsockname(), timeout=timeout))
        assert ready.answers("127.0.0.1") is expected

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that keepalived tracks, round by round; sockets and the clock are played. And the sign of life, over a real socket."""

import socket
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import alive, network_watch, run


class Ended(Exception):
    """No more rounds."""


class Network:
    """Who answers in which round: a list of truths. `written` has what the file got, with the round."""

    def __init__(self, monkeypatch, rounds, fails=()):
        self.rounds, self.round, self.now, self.written, self.sent, self.fails = rounds, -1, 0.0, [], [], fails
        put = monkeypatch.setattr
        put(network_watch, "write", lambda path, text: self.written.append((self.round, text)))
        put(network_watch, "time", types.SimpleNamespace(monotonic=lambda: self.now))
        put(network_watch, "select", types.SimpleNamespace(select=self.select))
        put(network_watch.alive, "beat", self.beat)
        put(network_watch.ping, "open_socket", lambda family: self)
        put(network_watch.ping, "echo", lambda family, number, sequence: b"%d" % sequence)
        put(network_watch.ping, "is_answer", lambda family, data, number: data == b"answer")

    family = socket.AF_INET

    def beat(self):
        self.round += 1
        if self.round == len(self.rounds):
            raise Ended

    def select(self, reading, _writing, _failing, left):
        self.now += left
        return ([self] if self.rounds[self.round] is not None else []), [], []

    def sendto(self, data, where):
        if where[0] in self.fails:
            raise OSError("Network is unreachable")
        self.sent.append(where[0])

    def recv(self, _size):
        return b"answer" if self.rounds[self.round] else b"of somebody else"

    def watch(self, *places):
        with pytest.raises(Ended):
            network_watch.main("/run/x", "0.5", "2", "3", *places)
        return self.written


YES, NO, STRANGER = True, None, False


@pytest.mark.parametrize("rounds, written", [
    # What is so at first is written at once.
    ([YES, YES], [(0, "0\n")]), ([NO, NO], [(0, "1\n")]),
    # A fault after `fall` rounds, health again after `rise`.
    ([YES, NO, YES, NO, NO, YES], [(0, "0\n"), (4, "1\n")]),
    ([NO, YES, YES, NO, YES, YES, YES], [(0, "1\n"), (6, "0\n")]),
    # Somebody else's answers are none.
    ([YES, STRANGER, STRANGER], [(0, "0\n"), (2, "1\n")]),
])
def test_the_file_changes_only_after_so_many_rounds(monkeypatch, rounds, written):
    assert Network(monkeypatch, rounds).watch("198.51.100.1") == written


def test_one_way_that_is_gone_does_not_hide_the_other(monkeypatch):
    network = Network(monkeypatch, [YES] * 3, fails=("198.51.100.1",))
    assert network.watch("198.51.100.1", "198.51.100.2") == [(0, "0\n")] and network.sent == ["198.51.100.2"] * 3


def test_a_round_takes_its_time(monkeypatch):
    network = Network(monkeypatch, [NO] * 4)
    network.watch("198.51.100.1")
    assert network.now == pytest.approx(2.0)


@pytest.mark.parametrize("abstract", [False, True])
def test_a_sign_of_life_arrives(tmp_path, monkeypatch, abstract):
    name = "@failover-test-%d" % hash(str(tmp_path)) if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + name[1:] if abstract else name)
        systemd.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        alive.beat()
        assert systemd.recv(99) == b"READY=1\nWATCHDOG=1"


def test_a_sign_that_cannot_be_sent_breaks_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    assert alive.beat() is None
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert alive.beat() is None


def test_a_program_is_started_from_its_own_directory_whatever_else_is_installed(tmp_path, monkeypatch):
    """Of two versions on a host the one that lies beside run.py counts."""
    (tmp_path / "_sub").mkdir()
    (tmp_path / "_sub/tool.py").write_text(
        "from %s._sub.words import WORD\n\n\ndef main(*words):\n    return [WORD, *words]\n" % run.PACKAGE)
    (tmp_path / "_sub/words.py").write_text("WORD = 'mine'\n")
    monkeypatch.setattr(run, "__file__", str(tmp_path / "run.py"))
    before = dict(run.sys.modules)
    try:
        assert run.main("_sub.tool", "a", "b") == ["mine", "a", "b"]
    finally:
        run.sys.modules.clear()
        run.sys.modules.update(before)

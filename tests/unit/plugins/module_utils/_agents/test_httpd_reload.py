from __future__ import annotations

import argparse
import socket

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import httpd_reload as program
from ansible_collections.failover.stack.plugins.module_utils._web.modjk import StatusError

PAGE = "RestartTime: Sunday\nParentServerMPMGeneration: %d\nConnsAsyncKeepAlive: 0\n"
TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 123 1 0 100 0 0 10 0
   1: 1503120C:0050 0103120C:C001 01 00000000:00000000 00:00000000 00000000    33        0 124 1 0 20 4 30 10 -1
   2: 1503120C:0050 0103120C:C002 06 00000000:00000000 03:00000AAA 00000000     0        0 0 3 0
   3: 1503120C:01BB 0103120C:C003 01 00000000:00000000 00:00000000 00000000    33        0 125 1 0 20 4 30 10 -1
   4: 1503120C:C004 0103120C:0050 01 00000000:00000000 00:00000000 00000000    33        0 126 1 0 20 4 30 10 -1
"""


class Httpd:
    """Its connections, as they are at each look; its generation."""

    def __init__(self, path, connected=((),), code=0, reloads=True):
        self.path, self.connected, self.generation, self.code, self.reloads = path, list(connected), 1, code, reloads
        self.now, self.closing = 0.0, []

    def look(self, _ports):
        return set(self.connected.pop(0) if len(self.connected) > 1 else self.connected[0])

    def ask(self, _url, _seconds, auto):
        return PAGE % self.generation

    def graceful(self, _command):
        self.closing.append(self.path.exists())
        self.generation += self.reloads
        return self.code

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def reload(tmp_path, monkeypatch):
    """Reloads an httpd, after which nothing is closing; returns its status and how long that took."""
    def run(**more):
        httpd = Httpd(tmp_path / "closing", **more)
        monkeypatch.setattr(program, "ask", httpd.ask)
        monkeypatch.setattr(program, "connected", httpd.look)
        monkeypatch.setattr(program, "time", argparse.Namespace(monotonic=lambda: httpd.now, sleep=httpd.sleep))
        given = argparse.Namespace(
            url="http://127.0.0.1/server-status", port=[80], closing_file=str(httpd.path), kept_s=6, command=["graceful"])
        code = program.reload(given, httpd.graceful)
        assert not httpd.path.exists() and httpd.closing == [True], "closing before the reload, and no longer than it"
        return code, round(httpd.now, 1)
    return run


def test_connections_of_visitors():
    first, second = ("1503120C:0050", "0103120C:C001"), ("1503120C:01BB", "0103120C:C003")
    assert program.connections(TCP, [80, 443]) == {first, second}
    assert program.connections(TCP, [443]) == {second}
    assert program.connections("", [80]) == set()


def test_a_reload_waits_until_those_that_were_there_have_gone(reload):
    assert reload(connected=["ab", "abc", "bd", "cd", "ef"]) == (0, 0.2 + 0.9)


def test_it_waits_no_longer_than_a_connection_is_kept(reload):
    code, took = reload(connected=["a"])
    assert code == 0 and 6 <= took - 0.9 < 6.2


def test_nobody_there_costs_the_wait_for_the_new_processes_only(reload):
    assert reload() == (0, 0.9)


def test_without_a_status_page_it_is_reloaded_all_the_same(reload, monkeypatch):
    def nothing(*_more, **_auto):
        raise StatusError("it does not answer")

    monkeypatch.setattr(Httpd, "ask", nothing)
    assert reload() == (0, 0.0)


def test_a_reload_that_fails_says_so(reload):
    assert reload(code=1, reloads=False) == (1, 0.0)


def test_new_processes_that_do_not_serve_are_a_failed_reload(reload, capsys):
    code, took = reload(reloads=False)
    assert code == 1 and took >= 15
    assert capsys.readouterr().err == "No new processes of httpd serve http://127.0.0.1/server-status within 15 s: see its error log.\n"


def test_an_old_process_that_still_answers_is_waited_for(reload, monkeypatch):
    answers = iter([1, *([2] * 8), 1, *([2] * 20)])
    monkeypatch.setattr(Httpd, "ask", lambda *_more, **_auto: PAGE % next(answers))
    assert reload() == (0, 1.8)


def test_a_real_connection_is_seen():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, listener.accept()[0] as accepted:
            (own, other), = program.connected([port])
            assert accepted.getsockname()[1] == port and own.endswith(":%04X" % port) and other.endswith(":%04X" % client.getsockname()[1])


def test_its_arguments():
    with pytest.raises(SystemExit):
        program.main("--url", "x")

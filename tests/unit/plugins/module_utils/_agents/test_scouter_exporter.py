from __future__ import annotations

import http.server
import json
import os
import subprocess
import threading
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import figures
from ansible_collections.failover.stack.plugins.module_utils._agents import scouter_exporter as program

SHOW = "Id=tomcat@a.service\nActiveState=active\nActiveEnterTimestampMonotonic=0\nMemoryCurrent=1048576\nTasksCurrent=3\nNRestarts=0\n"
STATS = "# pxname,svname,qcur,scur,stot,status,hrsp_5xx,\nweb,FRONTEND,,5,120,OPEN,3,\napp,web1,0,2,60,UP,0,\n"
AUTO = "Total Accesses: 120\nBusyWorkers: 1\nIdleWorkers: 49\n"


class Place(http.server.BaseHTTPRequestHandler):
    """A collector that takes lines, and an httpd that tells of itself."""

    def do_GET(self):
        if self.path != "/;csv":
            return self.answer(AUTO)
        self.server.logins.append(self.headers.get("Authorization"))
        return self.answer(STATS)

    def do_POST(self):
        self.server.got.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.answer("")

    def answer(self, text):
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *words):
        pass


@pytest.fixture
def place():
    server = http.server.HTTPServer(("127.0.0.1", 0), Place)
    server.got, server.logins, server.status = [], [], 200
    server.url = "http://127.0.0.1:%d" % server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def exporter(monkeypatch, place):
    """As on a host with one unit; `said` is what it wrote to the journal."""
    said = []
    monkeypatch.setattr(figures, "say", said.append)
    monkeypatch.setattr(figures, "texts", lambda: {"loadavg": "0.50 0 0"})
    told = types.SimpleNamespace(returncode=0, stdout=SHOW.encode(), stderr=b"")
    monkeypatch.setattr(subprocess, "run", lambda command, **more: told)
    made = program.Exporter({"url": place.url + "/telegraf/metric", "interval_s": 2, "answer_s": 2, "host": "web1",
                             "units": ["tomcat@a.service"], "httpd_url": place.url + "/server-status?auto",
                             "haproxy": {"url": "", "user": "", "password_file": "/nowhere"},
                             "mysql": {"user": "", "socket": "/run/m.sock", "password_file": "/nowhere"}})
    made.said, made.systemctl = said, told
    return made


def test_one_round(exporter, place):
    exporter.tell()
    exporter.tell()
    assert [path for path, _text in place.got] == ["/telegraf/metric"] * 2
    lines = [line.rsplit(" ", 1)[0] for line in place.got[1][1].splitlines()]
    assert lines == ["failover_host,host=web1 load1=0.500,net_in=0i,net_out=0i,beat=2i",
                     "failover_unit,host=web1,unit=tomcat@a memory=1i,tasks=3i,restarts=0i,beat=2i",
                     "failover_httpd,host=web1 busy=1i,idle=49i,requests=120i,beat=2i"]
    assert not exporter.said


def test_what_does_not_answer_is_left_out_and_said_once(exporter, place):
    exporter.config["httpd_url"] = "http://127.0.0.1:1/server-status?auto"
    exporter.systemctl.returncode, exporter.systemctl.stderr = 1, b"No bus.\n"
    exporter.tell()
    exporter.tell()
    assert [line.split(",")[0] for line in place.got[1][1].splitlines()] == ["failover_host"]
    assert len(exporter.said) == 2 and exporter.said[0] == "systemd: systemctl show ended with 1: No bus."
    exporter.systemctl.returncode = 0
    exporter.tell()
    assert exporter.said[2:] == ["systemd: is well again"]


def test_haproxy(exporter, place, tmp_path):
    (tmp_path / "password").write_text("of the proxy\n", encoding="utf-8")
    exporter.config["haproxy"] = {"url": place.url + "/;csv", "user": "admin", "password_file": str(tmp_path / "password")}
    exporter.tell()
    assert place.got[0][1].splitlines()[-1].rsplit(" ", 1)[0] == (
        "failover_haproxy,host=web1 sessions=5i,arrived=120i,queue=0i,errors=3i,up=1i,down=0i,drained=0i,beat=1i")
    assert place.logins == ["Basic YWRtaW46b2YgdGhlIHByb3h5"] and not exporter.said


@pytest.fixture
def server(exporter, database, tmp_path):
    """The database server of the host, which the exporter asks as user watch."""
    (tmp_path / "password").write_text("of the database\n", encoding="utf-8")
    exporter.config["mysql"] = {"user": "watch", "socket": "/run/m.sock", "password_file": str(tmp_path / "password")}
    rows = [{"Variable_name": name, "Value": value} for name, value in (("Threads_connected", "5"), ("Uptime", "9"))]
    database.answers = {"SHOW GLOBAL STATUS": rows, "SELECT VERSION()": [{"version": "10.11.6-MariaDB"}],
                        "SHOW ALL SLAVES STATUS": []}
    return database


def test_a_database_server(exporter, place, server):
    exporter.tell()
    assert place.got[0][1].splitlines()[-1].rsplit(" ", 1)[0] == (
        "failover_mysql,host=web1 connections=5i,channels=0i,stopped=0i,uptime=9i,beat=1i")
    assert server.open == 0 and not exporter.said


def test_an_account_that_may_not_see_replication(exporter, place, server):
    def denied(*values):
        raise figures.connection.Failure("denied", 1227)

    server.answers["SHOW ALL SLAVES STATUS"] = denied
    exporter.tell()
    assert "connections=5i,uptime=9i" in place.got[0][1] and server.open == 0


def test_a_database_server_that_is_away_is_said_without_its_password(exporter, place, server):
    server.down = figures.connection.Unreachable("/run/m.sock: nobody there")
    exporter.tell()
    assert exporter.said == ["the database server: /run/m.sock: nobody there"] and "mysql" not in place.got[0][1]


def test_a_collector_that_is_away_holds_up_nothing_and_is_said_once(exporter, place):
    exporter.config["url"] = "http://127.0.0.1:1/telegraf/metric"
    exporter.tell()
    exporter.tell()
    assert len(exporter.said) == 1 and exporter.said[0].startswith("the collector at http://127.0.0.1:1/telegraf/metric: ")
    exporter.config["url"] = place.url
    exporter.tell()
    assert place.got


def test_a_collector_that_has_no_place_for_lines_is_said(exporter, place):
    place.status, exporter.config["httpd_url"] = 404, ""
    exporter.tell()
    assert "404" in exporter.said[0]


def test_main_goes_on(monkeypatch, tmp_path):
    config = tmp_path / "exporter.json"
    config.write_text(json.dumps({"interval_s": 5}), encoding="utf-8")
    rounds, slept = [], []

    def sleep(seconds):
        if len(slept) == 2:
            raise SystemExit
        slept.append(seconds)

    monkeypatch.setattr(program.Exporter, "tell", lambda self: rounds.append(1))
    monkeypatch.setattr(program.time, "sleep", sleep)
    with pytest.raises(SystemExit):
        program.main(str(config))
    assert len(rounds) == 3 and all(4.5 < seconds <= 5 for seconds in slept)


def test_usage_of_a_disk():
    assert 0 <= figures.usage("/") <= 100
    assert figures.usage("/nowhere/at/all") is None


def test_status_of_a_process():
    assert "VmRSS" in figures.status_of(os.getpid())
    assert figures.status_of(2 ** 22 + 1) == ""


def test_proc_is_read():
    assert set(figures.texts()) == set(figures.PROC)

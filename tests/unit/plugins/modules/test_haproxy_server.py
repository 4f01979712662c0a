# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draining and bringing back a server, and HAProxy's health, over a real socket with a HAProxy behind it that is played."""

import os
import socket
import threading

import pytest
from ansible_collections.failover.stack.plugins.modules import haproxy_info, haproxy_server


class HAProxy(threading.Thread):
    """Servers {(backend, name): [state asked for, status, sessions]} behind an admin socket."""

    BITS = {"ready": 0, "maint": 1, "drain": 8}

    def __init__(self, path):
        super().__init__(daemon=True)
        self.servers = {("web", "web1"): ["ready", "UP", 3], ("web", "web2"): ["ready", "UP", 1], ("api", "web1"): ["ready", "UP", 0]}
        self.told, self.refuses, self.leaves = [], "", True
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)

    def run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            with connection:
                connection.sendall(self.answer(connection.recv(4096).decode().strip()).encode())

    def answer(self, command):
        if command == "show servers state":
            rows = ["1 %s 1 %s 127.0.0.1 2 %d 0" % (*key, self.BITS[server[0]]) for key, server in self.servers.items()]
            return "\n".join(["1", "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight", *rows, ""])
        if command == "show stat":
            rows = ["%s,%s,%d,%s,0,L7OK,127.0.0.1:80," % (*key, server[2], server[1]) for key, server in self.servers.items()]
            return "\n".join(["# pxname,svname,scur,status,bck,check_status,addr,", "web,FRONTEND,4,OPEN,,,,", *rows, ""])
        if command == "show info":
            return "Name: HAProxy\nPid: %d\n" % os.getpid()
        self.told.append(command)
        if self.refuses:
            return self.refuses + "\n"
        _set, _server, key, _state, state = command.split()
        server = self.servers[tuple(key.split("/"))]
        server[0] = state
        server[1] = {"ready": "UP", "drain": "DRAIN", "maint": "MAINT"}[state]
        if self.leaves and state != "ready":
            server[2] = 0
        return "\n"


@pytest.fixture
def proxy(tmp_path, clock, monkeypatch):
    clock(haproxy_server, haproxy_info)
    # The worker began at second 1000.
    monkeypatch.setattr(haproxy_info, "worker_start", {str(os.getpid()): 1000.0}.get)
    made = HAProxy(str(tmp_path / "s"))
    made.arguments = {"socket": str(tmp_path / "s")}
    made.start()
    yield made
    made.listener.close()


def test_a_server_is_drained_where_it_is_and_once(proxy, play):
    result = play(haproxy_server, dict(proxy.arguments, server="web1", state="drain"), diff=True)
    assert (result["changed"], result["backends"], result["sessions_left"]) == (True, ["api", "web"], 0)
    assert result["diff"] == {"before": "api ready\nweb ready\n", "after": "api drain\nweb drain\n"}
    assert not play(haproxy_server, dict(proxy.arguments, server="web1", state="drain"))["changed"]
    assert proxy.told == ["set server api/web1 state drain", "set server web/web1 state drain"]


def test_check_mode_tells_haproxy_nothing(proxy, play):
    result = play(haproxy_server, dict(proxy.arguments, server="web1", state="maint"), check=True)
    assert result["changed"] and result["backends"] == ["api", "web"] and proxy.told == []


def test_maintenance_begins_with_a_drain_and_sessions_that_stay_are_told(proxy, play):
    proxy.leaves = False
    result = play(haproxy_server, dict(proxy.arguments, server="web1", state="maint", backends=["web"], timeout=5))
    assert proxy.told == ["set server web/web1 state drain", "set server web/web1 state maint"] and result["sessions_left"] == 3


def test_a_server_that_comes_back_and_fails_its_checks_is_said(proxy, play, refused, monkeypatch):
    proxy.servers["web", "web2"][:] = ["maint", "MAINT", 0]
    answer = proxy.answer

    def down(command):
        said = answer(command)
        if command.startswith("set"):
            proxy.servers["web", "web2"][1] = "DOWN"
        return said

    proxy.answer = down
    assert refused(haproxy_server, dict(proxy.arguments, server="web2", state="ready", timeout=3)) == (
        "web2 is back in web but did not pass its checks within 3 s: web DOWN L7OK.")


def test_a_server_that_nobody_has_is_no_change(proxy, play):
    result = play(haproxy_server, dict(proxy.arguments, server="web9", state="drain"))
    assert (result["changed"], result["msg"]) == (False, "No backend here has this server.")


def test_what_haproxy_refuses_is_quoted(proxy, refused):
    proxy.refuses = "Permission denied"
    assert refused(haproxy_server, dict(proxy.arguments, server="web2", state="drain")) == (
        "HAProxy refused to set web/web2 to drain: Permission denied")


def test_a_proxy_that_does_not_answer_is_said(tmp_path, refused):
    path = str(tmp_path / "none")
    assert refused(haproxy_server, {"socket": path, "server": "web1", "state": "drain"}) == (
        "HAProxy does not answer on %s (No such file or directory): start it, then run again." % path)


# haproxy_info

def test_a_healthy_proxy_has_no_problems(proxy, play):
    result = play(haproxy_info, dict(proxy.arguments, backends=["web"]))
    assert (result["changed"], result["running"], result["stale"], result["problems"]) == (False, True, False, [])
    assert [server["name"] for server in result["servers"]] == ["web1", "web2", "web1"]


def test_a_backend_without_a_server_that_is_up_is_said(proxy, refused, play):
    for server in proxy.servers.values():
        server[1] = "DOWN"
    said = "Backend api has no server that is up (web1 DOWN L7OK)."
    assert play(haproxy_info, dict(proxy.arguments, backends=["api"]))["problems"] == [said]
    assert refused(haproxy_info, dict(proxy.arguments, backends=["api"], wait_healthy=2)) == "HAProxy is not healthy after 2 s: " + said


def test_a_file_newer_than_the_worker_is_a_reload_that_is_due(proxy, play, refused, tmp_path):
    (tmp_path / "haproxy.cfg").touch()
    os.utime(tmp_path / "haproxy.cfg", (4e9, 4e9))
    newer = dict(proxy.arguments, paths=[str(tmp_path / "haproxy.cfg")])
    assert play(haproxy_info, newer)["stale"]
    assert refused(haproxy_info, dict(newer, wait_current=2)).startswith(
        "HAProxy was reloaded, but no new worker took over within 2 s, the old one goes on with the old configuration")
    os.utime(tmp_path / "haproxy.cfg", (1, 1))
    assert not play(haproxy_info, dict(newer, wait_current=2))["stale"]


def test_the_start_of_a_process_is_known_by_its_own_clock():
    began = haproxy_info.worker_start(str(os.getpid()))
    assert os.stat("/proc/self").st_mtime - 3600 < began < haproxy_info.time.time()
    assert haproxy_info.worker_start("none") is None


def test_a_proxy_that_is_down_is_a_result(tmp_path, play):
    result = play(haproxy_info, {"socket": str(tmp_path / "none")})
    assert not result["running"] and result["problems"][0].startswith("HAProxy does not answer on %s/none" % tmp_path)

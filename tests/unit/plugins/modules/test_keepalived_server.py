# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A director's real server without weight, and with it again; the kernel's table is what the test says."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._ipvs.ipvsadm import Failure
from ansible_collections.failover.stack.plugins.modules import keepalived_server

SERVICES = [{"name": "web", "address": "198.18.0.100", "port": port, "protocol": "tcp", "quorum": 1, "servers": [
    {"name": "web1", "address": "198.18.0.21"}, {"name": "web2", "address": "198.18.0.22"}]} for port in (80, 443)]


def row(address, weight=1, active=0):
    return {"address": address, "weight": weight, "active_connections": active}


def table(*rows, later=()):
    return [{"address": "198.18.0.100", "port": port, "protocol": "tcp", "servers": list(servers)}
            for port, servers in ((80, rows), (443, later or rows))]


@pytest.fixture
def server(tmp_path, clock, monkeypatch):
    """server(state, tables, ...) -> the module's work; each question gets the next table, the last one again and again."""
    def made(state, *tables, check=False, **params):
        left = list(tables)
        one = keepalived_server.Server({"server": "198.18.0.21", "name": "web1", "state": state, "virtual_services": SERVICES,
                                        "directory": str(tmp_path), "wait_s": 5, **params}, "lb1", None)
        one.table = lambda: left.pop(0) if len(left) > 1 else left[0]
        return keepalived_server.work(one, check)

    made.file, made.clock = tmp_path / "198.18.0.21", clock(keepalived_server)
    return made


def test_a_server_is_drained_when_its_connections_have_ended(server):
    both = table(row("198.18.0.21"), row("198.18.0.22"))
    busy, idle = (table(row("198.18.0.21", 0, active), row("198.18.0.22")) for active in (1, 0))
    assert server("drained", both, busy, idle) == {"changed": True, "left": {"active": 0, "weights": [0, 0]}}
    assert server.file.read_text() == "1\n" and server.file.stat().st_mode & 0o777 == 0o644
    # Those that stay are told.
    assert server("drained", busy) == {"changed": False, "left": {"active": 2, "weights": [0, 0]}}


def test_without_a_wait_for_connections_keepalived_still_has_its_time(server):
    """It reads the file at its next check."""
    both, busy = table(row("198.18.0.21"), row("198.18.0.22")), table(row("198.18.0.21", 0, 1), row("198.18.0.22"))
    began = server.clock.now
    assert server("drained", both, both, both, busy, wait_s=0)["left"] == {"active": 2, "weights": [0, 0]}
    assert server.clock.now - began < 2


def test_nobody_is_drained_below_the_quorum(server):
    with pytest.raises(Failure) as refused:
        server("drained", table(row("198.18.0.21"), row("198.18.0.22", 0)))
    assert "lb1: without web1 web (tcp 198.18.0.100:80) has living servers of weight 0, its quorum is 1" in str(refused.value)
    assert not server.file.exists()


def test_a_server_that_keeps_its_weight_is_named(server):
    with pytest.raises(Failure) as failed:
        server("drained", table(row("198.18.0.21"), row("198.18.0.22")))
    assert str(failed.value).startswith("web1 (198.18.0.21) has the weights [1, 1] in the table of lb1 instead of 0")


def test_check_mode_writes_nothing(server):
    assert server("drained", table(row("198.18.0.21"), row("198.18.0.22")), check=True)["changed"] is True
    assert not server.file.exists()


def test_a_server_is_back_when_all_virtual_servers_have_it(server):
    half = table(row("198.18.0.21"), row("198.18.0.22"), later=[row("198.18.0.22")])
    whole = table(row("198.18.0.21", 3), row("198.18.0.22"))
    assert server("active", half, half, whole) == {"changed": True, "left": {"active": 0, "weights": [3, 3]}}
    assert server.file.read_text() == "0\n"
    # One that is held for dead in some of them at this moment is not failed.
    assert server("active", half)["left"]["weights"] == [1]
    with pytest.raises(Failure) as failed:
        server("active", table(row("198.18.0.22")))
    assert "has no weight in the table of lb1" in str(failed.value)


def test_a_server_that_no_table_has_is_refused_at_its_return_and_at_its_leave(server):
    """Its name is mistyped, or its checks fail."""
    nobody = table(row("198.18.0.22"))
    with pytest.raises(Failure) as failed:
        server("active", nobody)
    assert str(failed.value) == ("web1 (198.18.0.21) has no weight in the table of lb1: its checks fail there, read journalctl -u "
                                 "keepalived.")
    with pytest.raises(Failure, match=r"^web1 \(198\.18\.0\.21\) has the weights \[\] in the table of lb1 instead of 0: name a real"):
        server("drained", nobody, virtual_services=[])


def test_a_return_is_waited_for_a_little_also_where_nobody_wants_to_wait(server):
    """keepalived reads the file at its next check."""
    gone, both = table(row("198.18.0.22")), table(row("198.18.0.21"), row("198.18.0.22"))
    assert server("active", gone, gone, both, wait_s=0)["left"] == {"active": 0, "weights": [1, 1]}


def test_a_server_without_a_name_is_called_by_its_address(server):
    with pytest.raises(Failure, match=r"^198\.18\.0\.21 \(198\.18\.0\.21\) has no weight"):
        server("active", table(row("198.18.0.22")), name="")


class Kernel:
    """ipvsadm as the module runs it: its answers by the first argument."""

    saved = ("-A -t 198.18.0.100:80 -s rr\n-a -t 198.18.0.100:80 -r 198.18.0.21:80 -g -w 0\n"
             "-a -t 198.18.0.100:80 -r 198.18.0.22:80 -g -w 1\n")
    listed = ("IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn\n"
              "  -> RemoteAddress:Port\nTCP  198.18.0.100:80 rr\n  -> 198.18.0.21:80                 0          0          0          4\n"
              "  -> 198.18.0.22:80                 0          0          7          0\n")

    def run(self, arguments, text):
        return 0, self.saved if arguments[0] == "-Sn" else self.listed, ""


@pytest.fixture
def director(monkeypatch, commands):
    kernel = Kernel()
    monkeypatch.setattr(keepalived_server, "starter", lambda path: kernel.run)
    return kernel


def test_the_kernels_own_table_counts(director, play, tmp_path, monkeypatch, clock):
    clock(keepalived_server)
    given = {"server": "198.18.0.21", "state": "drained", "directory": str(tmp_path), "virtual_services": SERVICES[:1]}
    assert play(keepalived_server, given, check=True) == {"changed": True, "left": {"active": 0, "weights": [0]}}
    assert list(tmp_path.iterdir()) == []
    assert play(keepalived_server, given)["changed"] and (tmp_path / "198.18.0.21").read_text() == "1\n"
    assert not play(keepalived_server, given)["changed"]


def test_what_is_refused_is_said_with_its_host(director, refused, tmp_path, monkeypatch):
    given = {"server": "198.18.0.22", "name": "web2", "state": "drained", "directory": str(tmp_path / "nowhere"),
             "virtual_services": SERVICES[:1]}
    assert refused(keepalived_server, given).startswith("db2: without web2 web (tcp 198.18.0.100:80) has living servers of weight 0")
    assert refused(keepalived_server, dict(given, virtual_services=[])) == (
        "db2: %s/nowhere/198.18.0.22.new cannot be written: No such file or directory." % tmp_path)
    director.run = lambda arguments, text: (255, "", "Can't initialize ipvs: Protocol not available\n")
    monkeypatch.setattr(keepalived_server, "starter", lambda path: director.run)
    assert refused(keepalived_server, given) == (
        "db2: this kernel has no IPVS (ipvsadm says: Protocol not available): load module ip_vs or use a kernel that has it.")

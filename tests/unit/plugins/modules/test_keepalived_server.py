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

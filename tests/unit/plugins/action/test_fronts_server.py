# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All balancers told at once."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.action import fronts_server

SERVICES = [{"servers": [{"name": "web1", "address": "198.18.0.21"}]}]


@pytest.fixture
def tell(act, monkeypatch):
    """tell(arguments, {host: answer}) -> the result; `told` has the calls."""
    def run(arguments, answers=None, variables=None):
        class Elsewhere:
            def __init__(self, action):
                self.value = lambda host, name, default: (variables or {}).get(name, default)

            def run_all(self, calls):
                run.told = calls
                return [(answers or {}).get(host, {"changed": True}) for host, _module, _arguments in calls]

        monkeypatch.setattr(fronts_server, "Elsewhere", Elsewhere)
        return act(fronts_server, arguments, []).run()

    return run


def test_proxies_and_directors_are_told_at_the_same_time(tell):
    done = tell({"server": "web1", "state": "drained", "haproxy": ["proxy1"], "directors": {"lb1": SERVICES}}, {"lb1": {"changed": False}})
    assert done["changed"] is True and done["fronts"] == {"proxy1": {"changed": True}, "lb1": {"changed": False}}
    assert tell.told == [
        ("proxy1", "failover.stack.haproxy_server", {"socket": "/run/haproxy/admin.sock", "server": "web1", "timeout": 10,
                                                     "state": "maint"}),
        ("lb1", "failover.stack.keepalived_server", {"server": "198.18.0.21", "name": "web1", "state": "drained", "wait_s": 5,
                                                     "virtual_services": SERVICES})]


def test_times_are_those_of_the_host(tell):
    arguments = {"server": "web1", "haproxy": ["proxy1"]}
    tell(dict(arguments, state="active"), variables={"haproxy_verify_s": 7, "haproxy_socket": "/s"})
    assert tell.told[0][2] == {"socket": "/s", "server": "web1", "timeout": 7, "state": "ready"}
    tell(dict(arguments, state="drained"), variables={"haproxy_drain_seconds": 3})
    assert tell.told[0][2]["timeout"] == 3


def test_whoever_refuses_is_named(tell):
    done = tell({"server": "web1", "state": "drained", "haproxy": ["proxy1"], "directors": {"lb1": SERVICES, "lb2": SERVICES}},
                {"lb2": {"failed": True, "msg": "below the quorum"}, "proxy1": {"failed": True}})
    assert done["failed"] is True and done["msg"] == "proxy1: it does not answer; lb2: below the quorum"


def test_a_server_that_no_virtual_server_has_is_taken_for_an_address():
    assert fronts_server.address_in(SERVICES, "web1") == fronts_server.address_in(SERVICES, "198.18.0.21") == "198.18.0.21"
    assert fronts_server.address_in([], "198.18.0.9") == "198.18.0.9"

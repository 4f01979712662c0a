# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All balancers asked at once; who holds a server for dead is asked again."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.action import fronts_info


@pytest.fixture
def ask(act, clock, monkeypatch):
    """ask({(host, module): [answers, the last one again and again]}, arguments, variables) -> the result; `asked` has the calls."""
    def run(answers, arguments, variables=None):
        def one(host, module, given):
            run.asked.append((host, given))
            left = answers[host, module.split(".")[-1]]
            return left.pop(0) if len(left) > 1 else left[0]

        class Elsewhere:
            def __init__(self, action):
                self.value = lambda host, name, default: (variables or {}).get(name, default)

            def run_all(self, calls):
                return [one(*call) for call in calls]

        run.asked = []
        monkeypatch.setattr(fronts_info, "Elsewhere", Elsewhere)
        run.clock = clock(fronts_info)
        action = act(fronts_info, arguments, [])
        return action.run()

    return run


PROXY = {"running": True, "problems": [], "servers": [{"name": "web1", "status": "UP"}], "stale": False}


def test_what_each_kind_tells(ask):
    told = ask({("web1", "modjk_info"): [{"workers": ["w"], "in_error": []}], ("proxy1", "haproxy_info"): [PROXY],
                ("lb1", "ipvsadm_info"): [{"services": [{"servers": []}]}]},
               {"modjk": ["web1"], "haproxy": ["proxy1"], "ipvs": ["lb1"]})
    assert told == {"changed": False, "modjk": {"web1": ["w"]}, "ipvs": {"lb1": [{"servers": []}]},
                    "haproxy": {"proxy1": {key: PROXY[key] for key in ("running", "problems", "servers")}}}
    assert ask.asked == [("web1", {"url": "http://127.0.0.1:80/jkmanager", "ping_timeout": 1000}),
                         ("proxy1", {"socket": "/run/haproxy/admin.sock"}), ("lb1", {"gather": ["table"]})]


def test_ports_and_sockets_are_those_of_the_host(ask):
    ask({("web1", "modjk_info"): [{"workers": [], "in_error": []}], ("proxy1", "haproxy_info"): [PROXY]},
        {"modjk": ["web1"], "haproxy": ["proxy1"]}, {"apache_modjk_default_http_port": 8080, "haproxy_socket": "/run/other"})
    assert ask.asked[0][1]["url"] == "http://127.0.0.1:8080/jkmanager" and ask.asked[1][1] == {"socket": "/run/other"}


def test_only_who_holds_one_for_dead_is_asked_again(ask):
    down = dict(PROXY, servers=[{"name": "web1", "status": "DOWN"}])
    told = ask({("web1", "modjk_info"): [{"workers": [], "in_error": []}], ("proxy1", "haproxy_info"): [down, down, PROXY]},
               {"modjk": ["web1"], "haproxy": ["proxy1"]})
    assert [host for host, _given in ask.asked] == ["web1", "proxy1", "proxy1", "proxy1"] and ask.clock.now == 1004
    assert told["haproxy"]["proxy1"]["servers"] == PROXY["servers"]
    ask({("proxy1", "haproxy_info"): [down]}, {"haproxy": ["proxy1"], "wait_s": 10})
    assert ask.clock.now == 1014


def test_who_does_not_answer_is_told(ask):
    told = ask({("web1", "modjk_info"): [{"failed": True, "msg": "mod_jk: refused"}], ("web2", "modjk_info"): [{"failed": True}]},
               {"modjk": ["web1", "web2"], "wait_s": 0})
    assert told == {"failed": True, "msg": "web1: mod_jk: refused; web2: it does not answer"}

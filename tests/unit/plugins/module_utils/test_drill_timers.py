from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _drill_timers as timers

KEEPALIVED = """
# managed
global_defs {
    router_id proxy1   ! a comment
}
vrrp_script haproxy {
    script "/usr/bin/systemctl is-active haproxy.service"
    interval 0.5
    timeout 1
    fall 2
}
vrrp_instance web {
    version 3
    virtual_router_id 101
    priority 140
    advert_int 0.1
    unicast_peer {
        198.18.0.14
    }
    virtual_ipaddress {
        198.18.0.101/24
        198.18.0.102/24 dev eth0
    }
    track_script {
        haproxy
    }
}
vrrp_instance old { virtual_router_id 7
    virtual_ipaddress { 198.18.0.103 } }
"""
HAPROXY = """
global
    maxconn 10
defaults
    timeout connect 5s
    timeout check 1s
    default-server inter 1s
frontend web
    bind :80
    default_backend web
backend web
    timeout connect 250ms
    timeout check 200ms
    default-server inter 300ms fall 3 rise 2 fastinter 100ms
    server web1 198.18.0.21:80 check
    server web2 198.18.0.22:80 check inter 400ms # slower
    server spare 198.18.0.23:80
backend plain
    server one 198.18.0.24:80 check
"""
WORKERS = """
worker.list=lb
worker.base.socket_connect_timeout=300
worker.base.ping_timeout=200
worker.other.ping_timeout=250
worker.base.secret=unread
"""


def everything():
    return {
        "proxy1": {
            "keepalived": timers.keepalived_timers(KEEPALIVED),
            "haproxy": timers.haproxy_timers(HAPROXY),
            "units": {"haproxy.service": {"restart": "always", "restart_ms": 100.0}},
        },
        "proxy2": {"keepalived": timers.keepalived_timers(KEEPALIVED.replace("priority 140", "priority 128"))},
        "web1": {"modjk": timers.modjk_timers(WORKERS)},
    }


def test_keepalived():
    found = timers.keepalived_timers(KEEPALIVED)
    web, old = found["instances"]
    assert (web["name"], web["vrid"], web["version"], web["priority"], web["advert_ms"]) == ("web", 101, 3, 140, 100)
    assert web["addresses"] == ["198.18.0.101", "198.18.0.102"]
    assert web["scripts"] == ["haproxy"]
    assert (old["version"], old["priority"], old["advert_ms"], old["addresses"]) == (2, 100, 1000, ["198.18.0.103"])
    assert found["scripts"]["haproxy"] == {"interval_ms": 500, "fall": 2, "timeout_ms": 1000}


def test_keepalived_of_nothing():
    assert timers.keepalived_timers("") == {"instances": [], "scripts": {}, "virtual_servers": []}
    assert timers.keepalived_timers("}}{ vrrp_instance")["instances"] == []


@pytest.mark.parametrize(
    "version, priority, advert, expected",
    [(3, 128, 100, 350), (3, 256 - 64, 200, 650), (2, 128, 1000, 3500), (3, 100, 1000, 3609.375)],
)
def test_master_down(version, priority, advert, expected):
    assert timers.master_down_ms(version, priority, advert) == expected


def test_haproxy():
    web, plain = timers.haproxy_timers(HAPROXY)["backends"]
    assert [s["name"] for s in web["servers"]] == ["web1", "web2"]
    assert web["servers"][1]["inter"] == 400
    assert (web["connect_ms"], web["check_ms"]) == (250, 200)
    assert (plain["connect_ms"], plain["check_ms"], plain["servers"][0]["inter"]) == (5000, 1000, 1000)


@pytest.mark.parametrize("text, expected", [("250", 250), ("2s", 2000), ("1m", 60000), ("500us", 0.5), ("soon", None)])
def test_haproxy_times(text, expected):
    assert timers.haproxy_ms(text) == expected


def test_detection():
    server = {"inter": 300.0, "fastinter": 100.0, "fall": 3}
    # Gone: each check ends at the connect limit. Frozen: at the check's own. No check limit: at inter.
    assert timers.detection_ms(server, 250, 200, "connect") == 300 + 3 * 250 + 2 * 100
    assert timers.detection_ms(server, 250, 200, "answer") == 300 + 3 * 200 + 2 * 100
    assert timers.detection_ms(server, 250, None, "connect") == 300 + 3 * 300 + 2 * 100
    assert timers.detection_ms({}, None, None, "connect") == 2000 + 3 * 2000 + 2 * 2000


def test_modjk():
    assert timers.modjk_timers(WORKERS) == {"socket_connect_timeout": 300, "ping_timeout": 250}
    assert timers.modjk_ms(timers.modjk_timers(WORKERS)) == 550


def test_predict_vrrp_asks_the_others():
    took, why = timers.predict({"kind": "vrrp", "vip": "198.18.0.101"}, everything(), "proxy1")
    assert took == 350
    assert "priority 128 (proxy2)" in why


def test_predict_without_a_backup():
    took, why = timers.predict({"kind": "vrrp", "vip": "198.18.0.199"}, everything(), "proxy1")
    assert took is None
    assert why == "no other host holds 198.18.0.199 in its keepalived.conf"


def test_predict_checks_and_limits():
    assert timers.predict({"kind": "haproxy_check", "backend": "web"}, everything(), "web2")[0] == 400 + 3 * 250 + 200
    assert timers.predict({"kind": "modjk"}, everything(), "web2")[0] == 550
    assert timers.predict({"kind": "modjk"}, {"web1": {}}, "web2") == (None, "no workers.properties on any host")


def test_predict_restart_and_script():
    spec = {"kind": "restart", "unit": "haproxy.service", "start_ms": 200}
    assert timers.predict(spec, everything(), "proxy1")[0] == 300
    assert timers.predict(spec, everything(), "proxy2") == (
        None,
        "haproxy.service is not restarted by systemd on proxy2",
    )
    spec = {"kind": "script", "vip": "198.18.0.101", "script": "haproxy"}
    assert timers.predict(spec, everything(), "proxy1")[0] == 1100


def test_predict_combined():
    of = [{"kind": "fixed", "ms": 5}, {"kind": "modjk"}]
    assert timers.predict({"kind": "sum", "of": of}, everything(), "")[0] == 555
    assert timers.predict({"kind": "max", "of": of}, everything(), "")[0] == 550
    assert timers.predict({"kind": "min", "of": of}, everything(), "")[0] == 5
    assert timers.predict({}, {}, "")[0] == 0
    assert timers.predict({"kind": "guess"}, {}, "") == (None, "unknown kind of prediction: guess")


def test_combined_of_unknowns_is_unknown():
    assert timers.predict({"kind": "max", "of": [{"kind": "modjk"}]}, {}, "")[0] is None

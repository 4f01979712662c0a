from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill import timers

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


VIP = "198.18.0.101"


@pytest.mark.parametrize("spec, sentence", [
    # Each kind where the timers that it needs are not there.
    ({"kind": "vrrp", "vip": VIP}, "no other host holds 198.18.0.101 in its keepalived.conf"),
    ({"kind": "haproxy_check"}, "no checked server in any haproxy.cfg"),
    ({"kind": "ipvs_check", "vip": VIP}, "no keepalived.conf has a virtual server 198.18.0.101 with a real server"),
    ({"kind": "modjk"}, "no workers.properties on any host"),
    ({"kind": "restart", "unit": "x.service"}, "x.service is not restarted by systemd on web1"),
    ({"kind": "script", "vip": VIP, "script": "haproxy"}, "keepalived on web1 does not track a script haproxy"),
    ({"kind": "min", "of": [{"kind": "modjk"}, {"kind": "haproxy_check"}]},
     "no workers.properties on any host; no checked server in any haproxy.cfg"),
])
@pytest.mark.parametrize("known", [
    {}, {"web1": {}}, {"web1": {"units": {}}}, {"web1": {"keepalived": None, "haproxy": None, "modjk": None, "units": None}},
    {"web1": {"keepalived": {"instances": [], "scripts": {}, "virtual_servers": []}, "haproxy": {"backends": []}, "modjk": {},
              "units": {"x.service": {"restart": "no", "restart_ms": 100.0}}}}])
def test_what_cannot_be_predicted_says_what_is_missing(spec, sentence, known):
    assert timers.predict(spec, known, "web1") == (None, sentence)


@pytest.mark.parametrize("kind, needs", [
    ("vrrp", "vip"), ("fixed", "ms"), ("restart", "unit"), ("script", "vip"), ("sum", "of"), ("max", "of")])
def test_what_a_drill_leaves_out_of_its_prediction_is_named(kind, needs):
    """It was called an unknown kind."""
    assert timers.predict({"kind": kind}, everything(), "proxy1") == (
        None, "the prediction '%s' needs '%s', which is not there" % (kind, needs))
    assert timers.predict({"kind": None}, everything(), "proxy1") == (None, "unknown kind of prediction: None")


@pytest.mark.parametrize("restart_ms, expected", [
    (None, (None, "x.service on web1 waits for ever before it is restarted")), (0.0, (50.0, "systemd: RestartSec 0 ms + start 50 ms"))])
def test_a_restart_that_never_comes_is_none(restart_ms, expected):
    known = {"web1": {"units": {"x.service": {"restart": "on-failure", "restart_ms": restart_ms}}}}
    assert timers.predict({"kind": "restart", "unit": "x.service", "start_ms": "50"}, known, "web1")[0] == expected[0]
    assert timers.predict({"kind": "restart", "unit": "x.service", "start_ms": 50}, known, "web1") == expected


def test_of_a_sum_no_part_may_be_missing_of_ways_one_may():
    of = [{"kind": "fixed", "ms": 900}, {"kind": "modjk"}, {"kind": "fixed", "ms": 5}]
    assert timers.predict({"kind": "sum", "of": of}, {}, "") == (None, "no workers.properties on any host")
    assert timers.predict({"kind": "max", "of": of}, {}, "") == (900.0, "given")
    assert timers.predict({"kind": "min", "of": of}, {}, "") == (5.0, "given")
    assert timers.predict({"kind": "sum", "of": [{"kind": "sum", "of": of}, of[0]]}, {}, "")[0] is None
    assert timers.predict({"kind": "max", "of": [{"kind": "sum", "of": of}, of[2]]}, {}, "")[0] == 5
    assert timers.predict({"kind": "sum", "of": [of[0], {"kind": "none"}]}, {}, "") == (900.0, "given + another instance takes the request")


def backup(priority, version=3, advert_ms=100, addresses=(VIP,)):
    return {"keepalived": {"scripts": {}, "virtual_servers": [], "instances": [{
        "name": "web", "vrid": 1, "version": version, "priority": priority, "advert_ms": advert_ms, "addresses": list(addresses),
        "scripts": []}]}}


@pytest.mark.parametrize("known, target, ms, host", [
    # The best of those that are left, not the one that is hit.
    ({"a": backup(200), "b": backup(100), "c": backup(150)}, "a", 300 + 106 / 256 * 100, "c"),
    ({"a": backup(200), "b": backup(100), "c": backup(150)}, "a, c", 300 + 156 / 256 * 100, "b"),
    # A host whose name is a part of the target's is another.
    ({"lb1": backup(200), "lb10": backup(100)}, "lb10", 300 + 56 / 256 * 100, "lb1"),
    # Who has another address cannot take this one.
    ({"a": backup(100), "b": backup(250, addresses=["198.18.0.102"])}, "x", 300 + 156 / 256 * 100, "a"),
    # Version 2 has a skew in seconds, however short the adverts.
    ({"a": backup(128, version=2)}, "x", 800, "a"), ({"a": backup(255)}, "x", 300 + 100 / 256, "a"),
])
def test_the_best_backup_takes_over(known, target, ms, host):
    took, why = timers.predict({"kind": "vrrp", "vip": VIP}, known, target)
    assert took == pytest.approx(ms) and "(%s)" % host in why


@pytest.mark.parametrize("spec, target, expected", [
    ({}, "web2", 1000 + 3 * 1000 + 2 * 1000),
    ({"backend": "web", "of_target": True}, "web1", 300 + 3 * 250 + 2 * 100),
    ({"backend": "web", "of_target": True}, "web2", 400 + 3 * 250 + 2 * 100),
    ({"backend": "web", "silent": "answer"}, "web1", 400 + 3 * 200 + 2 * 100),
    ({"backend": "plain"}, "web1", 1000 + 3 * 1000 + 2 * 1000),
    ({"backend": "none"}, "web1", None), ({"of_target": True}, "db1", None), ({"of_target": True}, "spare", None),
])
def test_the_slowest_check_that_is_meant_counts(spec, target, expected):
    assert timers.predict(dict(spec, kind="haproxy_check"), everything(), target)[0] == expected


@pytest.mark.parametrize("text, found", [
    ("", {}), ("worker.a.ping_timeout = 200", {"ping_timeout": 200}), ("  worker.a.b.socket_timeout=2\n", {"socket_timeout": 2000}),
    ("#worker.a.ping_timeout=9\nworker.ping_timeout=9\nworker.a.ping_timeout=soon", {}),
    ("worker.a.reply_timeout=7\nworker.b.reply_timeout=5", {"reply_timeout": 7})])
def test_times_of_workers(text, found):
    assert timers.modjk_timers(text) == found


@pytest.mark.parametrize("known, ms", [
    ({"socket_connect_timeout": 300, "socket_timeout": 9000}, 300), ({"socket_timeout": 2000}, 2000), ({"ping_timeout": 200}, 200),
    ({"socket_connect_timeout": 300, "ping_timeout": 200, "prepost_timeout": 500, "connect_timeout": 400}, 800),
    ({"reply_timeout": 5}, None), ({}, None), ({"socket_connect_timeout": 0, "ping_timeout": 0}, None)])
def test_how_long_a_request_waits_for_a_dead_worker(known, ms):
    if ms is None:
        with pytest.raises(timers.Unpredictable, match="no connect or ping timeout in workers"):
            timers.modjk_ms(known)
    else:
        assert timers.modjk_ms(known) == ms


def test_the_slowest_apache_counts_and_one_without_time_limits_is_told():
    known = {"web1": {"modjk": {"ping_timeout": 200}}, "web2": {"modjk": {"ping_timeout": 300}}, "db": {"modjk": {}}}
    assert timers.predict({"kind": "modjk"}, known, "") == (300, "mod_jk: ping and connect time limits 300 ms")
    known["web3"] = {"modjk": {"reply_timeout": 3}}
    assert timers.predict({"kind": "modjk"}, known, "") == (None, "no connect or ping timeout in workers.properties")


CHECKS = """
defaults
    timeout connect 1s
    default-server inter 1s fall 2
backend one
    server a 10.0.0.1:80 check fall 4
defaults other
    timeout check 50ms
listen two
    bind :81 # server x 10.0.0.9:1 check
    server b [2001:db8::1]:80 inter 250 check
    server c 10.0.0.3:80
frontend f
    default-server inter 9s
    server odd 10.0.0.4:80 check
"""


def test_each_section_begins_with_its_own_defaults():
    one, two = timers.haproxy_timers(CHECKS)["backends"]
    assert one == {"name": "one", "connect_ms": 1000.0, "check_ms": None, "servers": [
        {"inter": 1000.0, "fall": 4, "name": "a", "address": "10.0.0.1:80"}]}
    # A later `defaults` forgets the earlier one.
    assert two == {"name": "two", "connect_ms": None, "check_ms": 50.0, "servers": [
        {"inter": 250.0, "name": "b", "address": "[2001:db8::1]:80"}]}
    assert timers.haproxy_timers("") == timers.haproxy_timers("garbage\nbackend\n".replace("backend", "backend x")) == {"backends": []}


@pytest.mark.parametrize("script, expected", [
    ({"interval": 2, "fall": 3}, 3 * 2000 + 100), ({}, 1000 + 100)])
def test_a_script_that_notices(script, expected):
    block = "vrrp_script s { %s }" % " ".join("%s %s\n" % pair for pair in script.items())
    text = block + "\nvrrp_instance i { advert_int 0.1\n virtual_ipaddress { %s/24 }\n track_script { s weight -2 } }" % VIP
    known = {"lb1": {"keepalived": timers.keepalived_timers(text)}}
    assert timers.predict({"kind": "script", "vip": VIP, "script": "s"}, known, "lb1")[0] == expected
    # It is tracked and nowhere described.
    gone = {"lb1": {"keepalived": timers.keepalived_timers(text.replace("vrrp_script s", "vrrp_script t"))}}
    assert timers.predict({"kind": "script", "vip": VIP, "script": "s"}, gone, "lb1") == (
        None, "the prediction 'script' needs 's', which is not there")

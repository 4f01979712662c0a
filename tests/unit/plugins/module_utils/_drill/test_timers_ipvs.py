from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill import timers
from ansible_collections.failover.stack.plugins.module_utils._drill import timers_ipvs as ipvs

VIP = "198.18.0.100"
CONF = """
virtual_server_group both {
    198.18.0.102 80
    198.18.0.103 8080
}
virtual_server 198.18.0.100 80 {
    # web
    lvs_sched wrr
    lvs_method DR
    protocol TCP
    delay_loop 1
    retry 1
    delay_before_retry 0.5
    connect_timeout 0.5
    quorum 1
    sorry_server 198.18.0.11 8080
    real_server 198.18.0.21 80 {
        weight 3
        HTTP_GET {
            url {
                path /httpd-health
                status_code 200
            }
        }
        FILE_CHECK {
            track_file drain_198.18.0.21
            weight -3
        }
    }
    real_server 198.18.0.22 80 {
        weight 2
        delay_loop 2
        HTTP_GET {
            connect_timeout 1
            url {
                path /httpd-health
            }
        }
    }
}
virtual_server 198.18.0.100 443 {
    real_server 198.18.0.21 443 {
        TCP_CHECK {
        }
    }
}
virtual_server group both {
    delay_loop 5
    real_server 198.18.0.21 80 {
        MISC_CHECK {
            misc_path "/bin/true"
            misc_timeout 2
        }
    }
}
"""


def directors(text=CONF):
    return {"lb1": {"keepalived": timers.keepalived_timers(text)}, "lb2": {}}


def predict(**spec):
    return timers.predict(dict(kind="ipvs_check", vip=VIP, **spec), directors(), "web1")


def test_virtual_servers_inherit_their_timers():
    first = timers.keepalived_timers(CONF)["virtual_servers"][0]
    assert (first["address"], first["port"]) == (VIP, "80")
    assert [r["address"] for r in first["real"]] == ["198.18.0.21", "198.18.0.22"]
    assert [c["kind"] for c in first["real"][0]["checks"]] == ["HTTP_GET"]
    one, two = (r["checks"][0]["timers"] for r in first["real"])
    assert (one["delay_loop"], one["connect_timeout"]) == (1, 0.5)
    assert (two["delay_loop"], two["connect_timeout"]) == (2, 1)


def test_a_group_stands_for_its_addresses():
    found = timers.keepalived_timers(CONF)["virtual_servers"][2:]
    assert [(v["address"], v["port"]) for v in found] == [("198.18.0.102", "80"), ("198.18.0.103", "8080")]


def test_a_dead_machine():
    # delay_loop + 2 attempts + one delay between them, of the slower real server
    assert predict(port=80)[0] == 2000 + 2 * 1000 + 500
    assert predict(port=80, server="198.18.0.21")[0] == 1000 + 2 * 500 + 500
    assert "HTTP_GET of 198.18.0.22: connect_timeout 1, delay_before_retry 0.5, delay_loop 2, retry 1" in predict(port=80)[1]


def test_a_dead_service_on_a_living_machine_is_refused_at_once():
    assert predict(port=80, silent="refuse")[0] == 2000 + 500


def test_the_slowest_service_of_the_address_counts():
    assert predict()[0] == 60000 + 2 * 5000 + 1000


def test_a_check_that_looks_at_the_kernel_only():
    assert predict(silent="answer") == (
        None,
        "no check of real server 198.18.0.21 on lb1 notices this (silent: answer)",
    )


def test_nobody_serves_the_address():
    spec = {"kind": "ipvs_check", "vip": "198.18.0.1"}
    assert timers.predict(spec, directors(), "web1") == (
        None,
        "no keepalived.conf has a virtual server 198.18.0.1 with a real server",
    )


@pytest.mark.parametrize(
    "kind, given, silent, expected",
    [
        ("TCP_CHECK", {"delay_loop": 2, "connect_timeout": 1, "retry": 0}, "connect", 3000),
        ("TCP_CHECK", {"delay_loop": 2}, "connect", 2000 + 2 * 5000 + 1000),
        ("HTTP_GET", {"delay_loop": 2}, "connect", 2000 + 2 * 5000 + 3000),
        ("DNS_CHECK", {"delay_loop": 2}, "answer", 2000 + 4 * 5000 + 3 * 2000),
        ("MISC_CHECK", {"delay_loop": 2}, "connect", 2000 + 2000),
        ("MISC_CHECK", {"delay_loop": 2, "misc_timeout": 1}, "refuse", 2000),
        ("PING_CHECK", {"delay_loop": 2}, "refuse", None),
        ("PING_CHECK", {"delay_loop": 2}, "answer", None),
    ],
)
def test_one_check(kind, given, silent, expected):
    assert ipvs.check_ms({"kind": kind, "timers": given}, silent) == expected


def test_what_is_not_a_number_is_left_to_keepalived():
    text = "virtual_server 198.18.0.100 80 {\n delay_loop ${LOOP}\n real_server 198.18.0.21 80 {\n TCP_CHECK {\n }\n }\n}\n"
    server = timers.keepalived_timers(text)["virtual_servers"][0]
    assert server["real"][0]["checks"][0]["timers"] == {}


def test_several_targets_are_no_backups():
    text = "vrrp_instance web {\n version 3\n priority 128\n advert_int 0.1\n virtual_ipaddress {\n 198.18.0.100\n }\n}\n"
    hosts = dict((h, {"keepalived": timers.keepalived_timers(text)}) for h in ("lb1", "lb2"))
    assert timers.predict({"kind": "vrrp", "vip": VIP}, hosts, "lb1")[0] == 350
    assert timers.predict({"kind": "vrrp", "vip": VIP}, hosts, "lb1, lb2")[0] is None


def test_fractions_of_seconds():
    """As the lab's directors have them."""
    own = {"delay_loop": 0.3, "retry": 1.0, "delay_before_retry": 0.1, "connect_timeout": 0.2}
    text = "virtual_server 198.18.0.100 80 {\n%s\nreal_server 198.18.0.21 80 {\nHTTP_GET {\n}\n}\n}\n" % (
        "\n".join("%s %g" % pair for pair in own.items()))
    check = timers.keepalived_timers(text)["virtual_servers"][0]["real"][0]["checks"][0]
    assert check["timers"] == own
    assert round(ipvs.check_ms(check, "connect")) == 800
    assert round(ipvs.check_ms(check, "refuse")) == 400

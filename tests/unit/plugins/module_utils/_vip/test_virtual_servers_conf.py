from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers import resolve_all
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers_conf import check, forwarding, octal, render, text_of

DIRECTORY = "/run/keepalived-drained"

PLAIN = """\
track_file drain_198.18.0.21 {
    file "/run/keepalived-drained/198.18.0.21"
    init_file 0
}

virtual_server 198.18.0.100 80 {
    # web
    lvs_sched wrr
    lvs_method DR
    protocol TCP
    delay_loop 0.5
    quorum 1
    real_server 198.18.0.21 80 {
        weight 3
        lvs_method DR
        HTTP_GET {
            url {
                path /
                status_code 200
            }
        }
        FILE_CHECK {
            track_file drain_198.18.0.21
            weight -3
        }
    }
}"""


def rendered(**virtual):
    virtual = dict({"name": "web", "address": "198.18.0.100", "port": 80, "servers": [{"address": "198.18.0.21"}]}, **virtual)
    return [line.strip() for line in render(resolve_all([virtual], {}, {}), DIRECTORY).splitlines()]


def lines(**given):
    return text_of([check(given, "file_x")])


def test_a_plain_service():
    virtual = {
        "name": "web", "address": "198.18.0.100", "port": 80, "scheduler": "wrr", "delay_loop": 0.5,
        "servers": [{"address": "198.18.0.21", "weight": 3}],
        "checks": [{"type": "HTTP_GET", "urls": [{"path": "/", "status_code": "200"}]}],
    }
    assert render(resolve_all([virtual], {}, {}), DIRECTORY) == PLAIN


def test_one_drain_file_for_a_server_of_two_services():
    text = render(resolve_all([{"name": "web", "address": "198.18.0.100", "ports": [80, 443], "servers": [{"address": "198.18.0.21"}]}],
                              {}, {}), DIRECTORY)
    assert text.count("track_file drain_198.18.0.21 {") == 1
    assert text.count("FILE_CHECK") == 2


def test_a_server_without_weight_needs_no_drain_file():
    assert "FILE_CHECK {" not in rendered(servers=[{"address": "198.18.0.21", "weight": 0}])


@pytest.mark.parametrize("virtual, line", [
    ({"one_packet": True, "protocol": "UDP"}, "ops"),
    ({"persistence_timeout": 60, "persistence_netmask": "255.255.255.0"}, "persistence_granularity 255.255.255.0"),
    ({"persistence_timeout": 60, "persistence_engine": "sip", "protocol": "UDP"}, "persistence_engine sip"),
    ({"scheduler": "sh", "scheduler_flags": ["sh-port"]}, "sh-port"),
    ({"method": "TUN", "tunnel": {"type": "gue", "port": 5555, "checksum": "csum"}}, "lvs_method TUN type gue port 5555 csum"),
    ({"connect_timeout": 3.0}, "connect_timeout 3"),
    ({"quorum": 2, "hysteresis": 1}, "hysteresis 1"),
    ({"quorum_up": "/bin/x 'a b'"}, "quorum_up \"/bin/x 'a b'\""),
    ({"quorum_up": "/bin/x", "notify_user": "root"}, "quorum_up \"/bin/x\" root"),
    ({"alpha": True}, "alpha"),
    ({"omega": True}, "omega"),
    ({"inhibit_on_failure": True}, "inhibit_on_failure"),
    ({"virtualhost": "www"}, "virtualhost www"),
    ({"smtp_alert": False}, "smtp_alert no"),
    ({"sorry_server": {"address": "198.18.0.30"}}, "sorry_server 198.18.0.30 80"),
    ({"sorry_server": {"address": "198.18.0.30", "inhibit": True}}, "sorry_server_inhibit"),
    ({"sorry_server": {"address": "198.18.0.30", "method": "NAT", "port": 81}}, "sorry_server_lvs_method NAT"),
    ({"servers": [{"address": "198.18.0.21", "upper_threshold": 10}]}, "uthreshold 10"),
    ({"servers": [{"address": "198.18.0.21", "lower_threshold": 5}]}, "lthreshold 5"),
    ({"servers": [{"address": "198.18.0.21", "inhibit_on_failure": False}]}, "inhibit_on_failure no"),
    ({"servers": [{"address": "198.18.0.21", "notify_down": "/bin/x"}]}, 'notify_down "/bin/x"'),
    ({"address": "2001:db8::100", "servers": [{"address": "2001:db8::21"}]}, "real_server 2001:db8::21 80 {"),
])
def test_each_word_of_a_service(virtual, line):
    assert line in rendered(**virtual)


def test_a_mark_has_no_protocol():
    found = rendered(address=None, port=None, fwmark=5, family="inet6")
    assert "virtual_server fwmark 5 {" in found and "ip_family inet6" in found
    assert "real_server 198.18.0.21 {" in found
    assert "protocol TCP" not in found


@pytest.mark.parametrize("given, line", [
    ({"type": "SSL_GET", "sni": True, "urls": []}, "    enable_sni"),
    ({"type": "SSL_GET", "virtualhost": "www", "urls": []}, "    enable_sni"),
    ({"type": "SSL_GET", "urls": [{"path": "/", "virtualhost": "www"}]}, "    enable_sni"),
    ({"type": "HTTP_GET", "http_protocol": "1.1"}, "    http_protocol 1.1"),
    ({"type": "HTTP_GET", "urls": [{"path": "/", "digest": "abc"}]}, "        digest abc"),
    ({"type": "HTTP_GET", "urls": [{"path": "/", "regex": "a b", "regex_options": ["caseless", "utf"]}]},
     "        regex_options caseless utf"),
    ({"type": "HTTP_GET", "urls": [{"path": "/", "regex": "a", "regex_no_match": True}]}, "        regex_no_match"),
    ({"type": "TCP_CHECK", "connect_port": 81}, "    connect_port 81"),
    ({"type": "TCP_CHECK", "bindto": "198.18.0.11"}, "    bindto 198.18.0.11"),
    ({"type": "TCP_CHECK", "log_all_failures": True}, "    log_all_failures yes"),
    ({"type": "PING_CHECK", "retry": 2}, "    retry 2"),
    ({"type": "SMTP_CHECK", "helo_name": "lb1"}, "    helo_name lb1"),
    ({"type": "DNS_CHECK", "dns_type": "A"}, "    type A"),
    ({"type": "DNS_CHECK", "dns_name": "www"}, "    name www"),
    ({"type": "MISC_CHECK", "script": "/bin/x 1"}, '    misc_path "/bin/x 1"'),
    ({"type": "MISC_CHECK", "script": "/bin/x", "timeout": 3}, "    misc_timeout 3"),
    ({"type": "MISC_CHECK", "script": "/bin/x", "dynamic": True}, "    misc_dynamic"),
    ({"type": "UDP_CHECK", "payload": "01"}, '    payload "01"'),
    ({"type": "UDP_CHECK", "require_reply": ""}, "    require_reply"),
    ({"type": "UDP_CHECK", "require_reply": "0x"}, '    require_reply "0x"'),
    ({"type": "FILE_CHECK", "file": "/x", "weight": 2}, "    weight 2"),
    ({"type": "FILE_CHECK", "file": "/x"}, "    track_file file_x"),
])
def test_each_word_of_a_check(given, line):
    assert line in lines(**given)


@pytest.mark.parametrize("given", [
    {"type": "SSL_GET", "virtualhost": "www", "sni": False}, {"type": "SSL_GET", "urls": [{"path": "/"}]},
    {"type": "HTTP_GET", "virtualhost": "www"},
])
def test_no_name_in_the_handshake(given):
    assert "    enable_sni" not in lines(**given)


def test_a_misc_check_connects_nowhere():
    assert lines(type="MISC_CHECK", script="/bin/x", connect_port=3) == ["MISC_CHECK {", '    misc_path "/bin/x"', "}"]


def test_a_regex_is_safe_from_the_reader():
    assert octal('a\\d"{2}# $é') == '"a\\134d\\042\\1732\\175\\043 \\044\\303\\251"'


def test_forwarding():
    assert forwarding("lvs_method", "TUN", {}) == "lvs_method TUN"
    assert forwarding("lvs_method", "TUN", {"checksum": "nocsum", "type": "gre"}) == "lvs_method TUN type gre nocsum"

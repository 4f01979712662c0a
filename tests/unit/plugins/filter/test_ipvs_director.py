from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.failover.stack.plugins.filter.ipvs_mark_rules import ipvs_mark_rules
from ansible_collections.failover.stack.plugins.filter.ipvsadm_rules import ipvsadm_rules

SERVICES = [
    {"address": "198.18.7.100", "port": 80, "scheduler": "wrr", "persistent": 300, "servers": [
        {"address": "198.18.7.21", "weight": 2},
        {"address": "198.18.7.22", "port": 8080, "method": "NAT", "upper_threshold": 100, "lower_threshold": 50}]},
    {"fwmark": 1, "servers": []},
]
MARKS = [
    {"mark": 17, "addresses": ["198.18.7.100", "2001:db8::100"], "ports": [80, 443]},
    {"mark": 2, "protocol": "udp", "addresses": ["198.18.7.101"], "ports": [], "only_when_held": True},
]


def test_rules_fill_an_empty_table():
    assert ipvsadm_rules(SERVICES, {"tcp": 900, "udp": None}) == [
        "--set 900 0 0",
        "-A -t 198.18.7.100:80 -s wrr -p 300",
        "-a -t 198.18.7.100:80 -r 198.18.7.21:80 -g -w 2",
        "-a -t 198.18.7.100:80 -r 198.18.7.22:8080 -m -w 1 -x 100 -y 50",
        "-A -f 1 -s wlc",
    ]
    assert ipvsadm_rules([], {}) == []


def test_what_the_module_refuses_is_refused():
    with pytest.raises(AnsibleFilterError, match="has neither address nor fwmark"):
        ipvsadm_rules([{"port": 80}])


def test_marks_by_version_of_ip():
    assert ipvs_mark_rules(MARKS, 4) == [
        "-d 198.18.7.100/32 -p tcp -m multiport --dports 80,443 -j MARK --set-xmark 0x11/0xffffffff",
        "-d 198.18.7.101/32 -p udp -m addrtype --dst-type LOCAL --limit-iface-in -j MARK --set-xmark 0x2/0xffffffff",
    ]
    assert ipvs_mark_rules(MARKS, 6) == [
        "-d 2001:db8::100/128 -p tcp -m multiport --dports 80,443 -j MARK --set-xmark 0x11/0xffffffff"]

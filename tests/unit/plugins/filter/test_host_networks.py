from __future__ import annotations

from ansible_collections.failover.stack.plugins.filter.host_networks import host_networks

FACTS = {
    "interfaces": ["lo", "eth0", "eth1", "br-a.1", "tunl0"],
    "lo": {"ipv4": {"address": "127.0.0.1", "netmask": "255.0.0.0"},
           "ipv4_secondaries": [{"address": "198.18.7.100", "netmask": "255.255.255.255"}],
           "ipv6": [{"address": "::1", "prefix": "128"}]},
    "eth0": {"ipv4": {"address": "198.18.7.11", "netmask": "255.255.255.0"},
             "ipv4_secondaries": [{"address": "198.18.7.100", "netmask": "255.255.255.0"}],
             "ipv6": [{"address": "fe80::1", "prefix": "64"}, {"address": "2001:db8::11", "prefix": "64"}]},
    "eth1": {"ipv4": {"address": "198.18.27.11", "netmask": "255.255.255.0"}},
    "br_a_1": {"ipv4": [{"address": "10.0.0.1", "netmask": "255.255.0.0"}]},
    "tunl0": {"active": True},
}


def test_networks_of_all_interfaces_once_each():
    assert host_networks(FACTS) == ["10.0.0.0/16", "198.18.7.0/24", "198.18.27.0/24", "2001:db8::/64"]


def test_no_facts_no_networks():
    assert host_networks({}) == []


def test_an_odd_fact_is_passed_over():
    assert host_networks({"interfaces": ["eth0"], "eth0": {"ipv4": {"address": None}}}) == []

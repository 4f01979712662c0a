from __future__ import annotations

import json

from ansible_collections.failover.stack.plugins.module_utils._host.network import (
    canonical_network,
    missing_addresses,
    missing_chain,
    missing_links,
    missing_routes,
    missing_sysctls,
)

ADDRESSES = json.dumps([
    {"ifname": "lo", "flags": ["LOOPBACK", "UP", "LOWER_UP"], "addr_info": [
        {"family": "inet", "local": "127.0.0.1", "prefixlen": 8}, {"family": "inet", "local": "198.18.7.100", "prefixlen": 32},
        {"family": "inet6", "local": "2001:db8::100", "prefixlen": 128}]},
    {"ifname": "tunl0", "flags": ["NOARP"], "addr_info": [{}]},
])
ROUTES = json.dumps([
    {"dst": "default", "gateway": "198.18.7.1", "dev": "eth0"}, {"dst": "198.18.7.0/24", "dev": "eth0"},
    {"dst": "198.18.17.0/24", "gateway": "198.18.27.100", "dev": "eth1"}, {"type": "blackhole", "dst": "192.0.2.0/24"},
])
CHAIN = {"program": "iptables", "table": "mangle", "chain": "OURS", "from": "PREROUTING", "rules": ["-d 198.18.7.100/32 -j MARK"]}
LISTED = "-P PREROUTING ACCEPT\n-N OURS\n-A PREROUTING -j OURS\n-A OURS -d 198.18.7.100/32 -j MARK\n"


def test_addresses_by_interface_in_any_spelling():
    wanted = [{"interface": "lo", "address": "198.18.7.100"}, {"interface": "lo", "address": "2001:DB8:0::100"},
              {"interface": "eth0", "address": "198.18.7.100"}]
    assert missing_addresses(wanted, ADDRESSES) == ["198.18.7.100 is not on eth0"]
    assert len(missing_addresses(wanted, "")) == 3


def test_links():
    assert missing_links(["lo", "tunl0", "gre0"], ADDRESSES) == ["tunl0 is not up", "gre0 is not up"]


def test_routes_tell_who_has_them_instead():
    assert missing_routes([{"network": "198.18.17.0/24", "gateway": "198.18.27.100"}], ROUTES) == []
    assert missing_routes([{"network": "0.0.0.0/0", "gateway": "198.18.27.100"}], ROUTES) == [
        "the route to default is by 198.18.7.1, not by 198.18.27.100"]
    assert missing_routes([{"network": "192.0.2.0/24", "gateway": "198.18.27.100"}], ROUTES) == [
        "the route to 192.0.2.0/24 is by nothing, not by 198.18.27.100"]
    assert canonical_network("10.0.0.1") == "10.0.0.1/32"


def test_sysctls_ignore_blanks():
    have = {"net.ipv4.vs.sync_threshold": "3\t0\n", "net.ipv4.ip_forward": "0\n", "net.ipv4.vs.conntrack": None}
    assert missing_sysctls({"net.ipv4.vs.sync_threshold": "3 0"}, have) == []
    assert missing_sysctls({"net.ipv4.ip_forward": 1, "net.ipv4.vs.conntrack": "0"}, have) == [
        "sysctl net.ipv4.ip_forward is '0', not '1'", "the kernel has no sysctl net.ipv4.vs.conntrack"]


def test_chains():
    assert missing_chain(CHAIN, LISTED) == []
    assert missing_chain(CHAIN, "") == ["chain OURS of table mangle (iptables) is not there"]
    assert missing_chain(CHAIN, LISTED.replace("-A PREROUTING -j OURS\n", "")) == [
        "chain OURS of table mangle (iptables) is not asked from PREROUTING"]
    assert missing_chain(CHAIN, LISTED + "-A OURS -j ACCEPT\n") == ["chain OURS of table mangle (iptables) has other rules"]

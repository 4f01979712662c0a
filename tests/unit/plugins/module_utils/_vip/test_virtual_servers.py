from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers import (
    connections,
    connections_of,
    endpoints,
    label,
    living,
    missing,
    named,
    network_peers,
    resolve_all,
    weightless,
)

GROUPS = {"web": ["web1", "web2"]}
HOSTVARS = {
    "web1": {"ansible_host": "198.18.0.21"},
    "web2": {"ansible_host": "198.18.0.22", "keepalived_weight": 3, "inner": "198.18.9.22"},
}
VIRTUAL = {"name": "web", "address": "198.18.0.100", "ports": [80, 443], "group": "web", "checks": [{"type": "TCP_CHECK"}]}


def test_a_group_makes_one_service_a_port_with_all_servers():
    services = resolve_all([VIRTUAL], GROUPS, HOSTVARS)
    assert [(service["address"], service["port"]) for service in services] == [("198.18.0.100", 80), ("198.18.0.100", 443)]
    assert services[1]["servers"][1] == {
        "name": "web2", "address": "198.18.0.22", "weight": 3, "port": 443, "method": "DR", "tunnel": {}, "checks": [{"type": "TCP_CHECK"}]}
    assert (services[0]["scheduler"], services[0]["quorum"], services[0]["protocol"]) == ("wlc", 1, "TCP")


def test_another_address_of_a_member_and_another_port():
    """Who does not have it has none: the address of another network would be wrong."""
    servers = resolve_all([dict(VIRTUAL, address_variable="inner", server_port=8080, method="NAT")], GROUPS, HOSTVARS)[0]["servers"]
    assert [(server["address"], server["port"], server["method"]) for server in servers] == [
        (None, 8080, "NAT"), ("198.18.9.22", 8080, "NAT")]


def test_listed_servers_come_after_the_group_and_keep_their_own():
    listed = [{"host": "web1", "port": 81, "weight": 0, "checks": []}, {"address": "2001:DB8::1"}, {"host": "gone"}]
    servers = resolve_all([{"name": "x", "address": "198.18.0.100", "port": 80, "servers": listed}], GROUPS, HOSTVARS)[0]["servers"]
    assert servers[0] == {"name": "web1", "address": "198.18.0.21", "weight": 0, "port": 81, "method": "DR", "tunnel": {}, "checks": []}
    assert (servers[1]["address"], servers[1]["weight"]) == ("2001:db8::1", 1)
    assert servers[2].get("address") is None


def test_a_tunnel_is_for_tunnelled_servers_only():
    virtual = {"name": "x", "address": "198.18.0.100", "port": 80, "method": "TUN", "tunnel": {"type": "gre"},
               "servers": [{"address": "198.18.0.21"}, {"address": "198.18.0.22", "method": "DR"}]}
    assert [server["tunnel"] for server in resolve_all([virtual], {}, {})[0]["servers"]] == [{"type": "gre"}, {}]


def test_endpoints():
    assert endpoints({"fwmark": 5, "address": "x"}) == [(None, 0, 5)]
    assert endpoints({"address": "198.18.0.1", "addresses": ["198.18.0.2"]}) == [("198.18.0.1", 0, None), ("198.18.0.2", 0, None)]


def test_what_is_malformed_is_left_to_preflight():
    assert resolve_all("x", {}, {}) == []
    assert resolve_all([7], {}, {}) == []


def test_peers_by_network():
    hostvars = {"lb2": {"keepalived_addresses": {"inner": "198.18.9.12"}}, "lb3": {}}
    assert network_peers(["lb2", "lb3"], hostvars) == {"inner": ["198.18.9.12"]}


def row(address, weight, active=0):
    return {"address": address, "port": 80, "weight": weight, "active_connections": active}


def table(*rows, port=80):
    return [{"address": "198.18.0.100", "port": port, "protocol": "tcp", "servers": list(rows)}]


SERVICES = resolve_all([dict(VIRTUAL, ports=[80], quorum=2)], GROUPS, HOSTVARS)


def test_a_table_with_the_quorum_lacks_nothing():
    assert missing(SERVICES, table(row("198.18.0.21", 1), row("198.18.0.22", 3))) == []


def test_a_sorry_server_is_no_living_server():
    assert missing(SERVICES, table(row("198.18.0.21", 1), row("198.18.0.30", 5))) == [
        "web (TCP 198.18.0.100:80) has living servers of weight 1, its quorum is 2; without weight: web2"]


def test_a_service_that_is_not_there():
    assert missing(SERVICES, table(port=81)) == ["web (TCP 198.18.0.100:80) is not in the kernel's table"]
    assert missing(SERVICES, []) == ["web (TCP 198.18.0.100:80) is not in the kernel's table"]


def test_a_fwmark_service():
    services = resolve_all([{"name": "m", "fwmark": 7, "servers": [{"address": "198.18.0.21"}]}], {}, {})
    assert missing(services, [{"fwmark": 7, "family": "ipv4", "servers": [row("198.18.0.21", 1)]}]) == []
    assert label(services[0]) == "fwmark 7"


def test_label_of_ipv6():
    assert label({"address": "2001:db8::1", "port": 80}) == "TCP [2001:db8::1]:80"


def test_who_is_without_weight():
    assert weightless(SERVICES, table(row("198.18.0.21", 0), row("198.18.0.22", 3))) == "Without weight, drained or failed: web1."
    assert weightless(SERVICES, table(row("198.18.0.21", 1))) == "Every server in the table has its weight."


def test_connections_are_summed_over_services():
    both = table(row("198.18.0.21", 0, 2), row("198.18.0.22", 3, 9)) + table(row("198.18.0.21", 0, 1), port=443)
    assert connections(both, "198.18.0.21") == {"active": 3, "weights": [0, 0]}
    assert connections([], "198.18.0.21") == {"active": 0, "weights": []}


def test_without_a_server_the_others_must_suffice():
    full = table(row("198.18.0.21", 1), row("198.18.0.22", 3))
    assert missing(SERVICES, full, "198.18.0.21") == []
    assert missing(SERVICES, full, "198.18.0.22") == [
        "web (TCP 198.18.0.100:80) has living servers of weight 1, its quorum is 2; without weight: web2"]
    assert missing(SERVICES, [], "198.18.0.99") == []


def test_who_of_a_services_own_servers_lives():
    service = {"name": "web", "address": "198.18.0.100", "port": 80, "quorum": 1,
               "servers": [{"address": "198.18.0.21"}, {"address": "198.18.0.22"}]}
    sorry = {"address": "198.18.0.5", "weight": 1, "active_connections": 4}
    rows = [{"address": "198.18.0.21", "weight": 3, "active_connections": 2}, {"address": "198.18.0.22", "weight": 0}, sorry]
    table = [{"protocol": "tcp", "address": "198.18.0.100", "port": 80, "servers": rows}]
    assert living(service, table) == {"198.18.0.21": 3} and living(service, table, "198.18.0.21") == {}
    assert connections_of(service, table) == 6
    assert living(service, []) is None and living(service, None) is None and connections_of(service, []) == 0


def test_names_of_services():
    assert named({"name": "web", "protocol": "TCP", "address": "198.18.0.100", "port": 80}) == "web_198.18.0.100:80"
    assert named({"name": "dns", "protocol": "UDP", "address": "2001:db8::1", "port": 53}) == "dns_UDP[2001:db8::1]:53"
    assert named({"name": "all", "fwmark": 5}) == "all_fwmark5"

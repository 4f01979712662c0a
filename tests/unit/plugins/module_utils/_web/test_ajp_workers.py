from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.failover.stack.plugins.filter.ajp_workers import from_inventory
from ansible_collections.failover.stack.plugins.module_utils._web.ajp_workers import ajp_workers, route_of, shortened, worker_of

INSTANCES = [{"name": "a", "services": [{"name": "user", "ajp_port": 8009}, {"name": "admin", "ajp_port": "8010", "jvm_route": "boss"}]}]
HOSTVARS = {
    "web1": {"ansible_host": "198.18.0.21", "tomcat_cluster_instances": INSTANCES},
    "web2": {"tomcat_cluster_address": "10.0.0.2", "ansible_host": "198.18.0.22", "tomcat_cluster_instances": INSTANCES},
    "bare.example": {"tomcat_cluster_instances": INSTANCES[:1]},
    "db1": {},
}
GROUPS = {"tomcat": ["web1", "web2"], "other": ["bare.example", "db1"], "empty": []}


def test_every_connector_of_the_group_in_inventory_order():
    found = ajp_workers(HOSTVARS, GROUPS, ["tomcat", "tomcat"])
    assert [(one["address"], one["port"], one["service"], one["route"]) for one in found] == [
        ("198.18.0.21", 8009, "user", "web1-a"), ("198.18.0.21", 8010, "admin", "boss"),
        ("10.0.0.2", 8009, "user", "web2-a"), ("10.0.0.2", 8010, "admin", "boss")]


def test_address_falls_back_to_the_name_and_dots_leave_the_route():
    found = ajp_workers(HOSTVARS, GROUPS, ["other"])
    assert (found[0]["address"], found[0]["route"]) == ("bare.example", "bare-example-a")


@pytest.mark.parametrize("group", ["empty", "missing"])
def test_a_group_without_hosts_offers_nothing(group):
    assert ajp_workers(HOSTVARS, GROUPS, [group]) == []


def test_a_service_without_ajp_port_is_no_worker():
    assert ajp_workers({"x": {"tomcat_cluster_instances": [{"name": "a", "services": [{"name": "user"}]}]}}, {"g": ["x"]}, ["g"]) == []


def test_route_of_a_service_that_names_it_loses_its_dots_too():
    assert route_of("h", {"name": "a"}, {"jvm_route": "x.y"}) == "x-y"


def test_the_filter_chooses_a_service():
    assert [one["host"] for one in from_inventory(HOSTVARS, GROUPS, ["tomcat"], service="user")] == ["web1", "web2"]


def test_the_filter_says_which_group_is_malformed():
    with pytest.raises(AnsibleFilterError, match="of a host of g is malformed"):
        from_inventory({"x": {"tomcat_cluster_instances": ["a"]}}, {"g": ["x"]}, ["g"])


LONG = "app-node-01.production.eu-central-1.compute.internal.example.com"


def test_a_long_host_has_a_route_and_a_worker_that_mod_jk_takes():
    route = route_of(LONG, {"name": "tc1"}, {})
    assert len(route) <= 60 and route.startswith("app-node-01-production-eu-central-1-compute-")
    assert len(worker_of("customerportal", route)) <= 60
    assert worker_of("shop", "web1-a") == "shop_web1-a"


def test_shortened_names_of_distinct_things_are_distinct():
    names = {shortened(LONG + tail) for tail in ("", "-tc1", "-tc2", ".", "x")}
    assert len(names) == 5 and max(map(len, names)) <= 60
    assert shortened(60 * "a") == 60 * "a" and len(shortened(61 * "a")) == 60


def test_mod_jk_sends_packets_as_large_as_that_tomcat_takes():
    host = {"tomcat_cluster_ajp_packet_size": "32768", "tomcat_cluster_instances": INSTANCES}
    assert {one["packet_size"] for one in ajp_workers({"x": host}, {"g": ["x"]}, ["g"])} == {32768}
    assert {one["packet_size"] for one in ajp_workers(HOSTVARS, GROUPS, ["tomcat"])} == {16384}

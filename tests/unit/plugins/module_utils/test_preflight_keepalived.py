from __future__ import annotations

import copy

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight import clashes
from ansible_collections.failover.stack.plugins.module_utils._preflight_keepalived import claims, problems

INSTANCE = {"name": "web", "virtual_router_id": 51, "addresses": ["198.18.0.101/24"]}
VALUES = {
    "keepalived_group": "haproxy", "keepalived_members": ["proxy1", "proxy2"], "keepalived_address": "198.18.0.13",
    "keepalived_version": 3, "keepalived_advert_interval": 0.1, "keepalived_scripts": [], "keepalived_processes": [],
    "keepalived_sync_groups": [], "keepalived_priority_first": 150, "keepalived_priority_step": 10,
    "keepalived_instances": [INSTANCE], "keepalived_passwords": None, "keepalived_addresses": {}, "keepalived_interface": "eth0",
    "keepalived_virtual_servers": [], "keepalived_virtual_services": [], "keepalived_networks": [], "keepalived_client_networks": [],
    "keepalived_sync_daemon": {}, "keepalived_email": {},
}


def values(**changes):
    result = copy.deepcopy(VALUES)
    for name, value in changes.items():
        if "keepalived_" + name in result and name not in ("addresses", "interface"):
            result["keepalived_" + name] = value
        else:
            result["keepalived_instances"][0][name] = value
    return result


def test_a_sane_site_has_no_problems():
    assert problems("proxy1", VALUES) == []
    assert clashes(claims("proxy1", VALUES) + claims("proxy2", values(address="198.18.0.14"))) == []


@pytest.mark.parametrize("changes, sentence", [
    ({"virtual_router_id": 0}, "virtual_router_id is 0: give a number from 1 to 255."),
    ({"virtual_router_id": 256}, "virtual_router_id is 256: give a number from 1 to 255."),
    ({"priority": 255}, "priority is 255: give a number from 1 to 254."),
    ({"version": 2}, "advert_interval is 0.1, but VRRP 2 counts whole seconds from 1 to 255: give such a number or set version 3."),
    ({"advert_interval": 0.001}, "advert_interval is 0.001, but VRRP 3 allows 0.01 to 40.95 seconds: give a value in that range."),
    ({"authentication": True}, "authentication is true, which VRRP 3 does not know: set version 2 or take it away."),
    ({"addresses": []}, "addresses is empty: name the virtual address with its prefix length."),
    ({"addresses": ["198.18.0.101"]},
     "addresses has 198.18.0.101, which is no address with a prefix length: write it like 198.18.0.101/24."),
    ({"addresses": ["198.18.0.13/24"]},
     "addresses has 198.18.0.13/24, which is this host's own address: choose one that nobody has."),
    ({"addresses": ["198.18.9.101/24"]},
     "addresses has 198.18.9.101/24, but this host's address 198.18.0.13 is not in that subnet: choose an address of the host's "
     "subnet or mend the prefix length."),
    ({"track_scripts": ["x"]}, "track_scripts names 'x', which keepalived_scripts does not have: add it there or take it away."),
    ({"preempt_delay": 5}, "preempt_delay is 5, but preempt is false: set preempt or take the delay away."),
])
def test_each_instance_sentence(changes, sentence):
    found = problems("proxy1", values(**changes))
    assert "proxy1: keepalived_instances[0] (web)." + sentence in found


@pytest.mark.parametrize("changes, sentence", [
    ({"members": ["other"]},
     "proxy1: keepalived_group is 'haproxy', which this host is not in: name the group whose hosts share the addresses."),
    ({"scripts": [{"name": "a"}]}, "proxy1: keepalived_scripts[0] (a) needs either command or tcp_port: give one of the two."),
    ({"scripts": [{"name": "a", "command": "true"}]},
     "proxy1: keepalived_scripts[0].command is 'true': begin with an absolute path."),
    ({"sync_groups": [{"name": "g", "instances": ["nix"]}]},
     "proxy1: keepalived_sync_groups (g) names 'nix', which keepalived_instances does not have: add or remove it."),
])
def test_each_host_sentence(changes, sentence):
    assert sentence in problems("proxy1", values(**changes))


def test_two_instances_of_one_name():
    found = problems("proxy1", values(instances=[INSTANCE, dict(INSTANCE, virtual_router_id=52)]))
    assert "proxy1: keepalived_instances[1] (web) has the name of another instance: give each its own." in found


def test_equal_vrids_of_different_addresses_clash():
    other = values(address="198.18.0.11", addresses=["198.18.0.100/24"])
    assert clashes(claims("proxy1", VALUES) + claims("lb1", other)) == [
        "lb1: keepalived_instances (web) has virtual_router_id 51, which another instance on segment 198.18.0.0/24 uses: give each "
        "VRRP instance of a segment its own."]


def test_a_virtual_address_that_is_another_hosts_address_clashes():
    other = values(address="198.18.0.101")
    assert clashes(claims("web1", dict(other, keepalived_instances=[])) + claims("proxy1", VALUES)) == [
        "proxy1: keepalived_instances (web) has address 198.18.0.101/24, which a host or another instance has: choose one that nobody has."]


INNER = {"network": "inner", "interface": "eth1", "addresses": ["198.18.9.101/24"]}


def test_an_instance_on_a_further_network_is_judged_by_its_own_address():
    assert problems("proxy1", dict(values(**INNER), keepalived_addresses={"inner": "198.18.9.13"})) == []
    assert problems("proxy1", values(addresses=["198.18.9.101/24"], interface="eth1", unicast=False)) == []
    assert problems("proxy1", values(addresses=["198.18.9.101/24"], interface="eth1", source_address="198.18.9.13")) == []


@pytest.mark.parametrize("changes, sentence", [
    (INNER, "network is 'inner', which keepalived_addresses of this host does not have: give its address there."),
    ({"network": "inner"}, "network is 'inner', but interface is not given: name the interface on that network."),
    ({"source_address": "here"}, "source_address is here, which is no address: give one of this host's."),
    ({"source_address": "198.18.7.1"},
     "addresses has 198.18.0.101/24, but this host's address 198.18.7.1 is not in that subnet: choose an address of the host's "
     "subnet or mend the prefix length."),
])
def test_each_sentence_about_further_networks(changes, sentence):
    assert "proxy1: keepalived_instances[0] (web)." + sentence in problems("proxy1", values(**changes))


def test_one_vrid_twice_on_one_interface_in_different_subnets():
    other = dict(INSTANCE, name="other", addresses=["198.18.0.129/25"])
    found = problems("proxy1", values(instances=[INSTANCE, other], address="198.18.0.130"))
    assert ("proxy1: keepalived_instances[1] (other).virtual_router_id is 51, which web has on the same interface: give each its own."
            in found)


def test_one_vrid_on_two_interfaces_is_fine():
    both = dict(values(), keepalived_addresses={"inner": "198.18.9.13"})
    both["keepalived_instances"] = [INSTANCE, dict(INSTANCE, name="inner", **INNER)]
    assert problems("proxy1", both) == []
    assert clashes(claims("proxy1", both)) == []


def test_addresses_on_further_networks_are_claimed_too():
    other = dict(values(), keepalived_addresses={"inner": "198.18.0.101"}, keepalived_instances=[], keepalived_address="198.18.0.14")
    assert clashes(claims("web1", other) + claims("proxy1", VALUES)) == [
        "proxy1: keepalived_instances (web) has address 198.18.0.101/24, which a host or another instance has: choose one that nobody has."]

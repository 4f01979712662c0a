# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions about hosts and groups, where something is missing or written in another way; and that each filter is what it says."""

import importlib
import inspect
import os

import jinja2
import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.failover.stack.plugins import filter as filters
from ansible_collections.failover.stack.plugins.filter import (
    ajp_workers,
    deploy,
    host_addresses,
    host_networks,
    ipvs_mark_rules,
    listed,
    web,
)

NAMES = sorted(name[:-3] for name in os.listdir(os.path.dirname(filters.__path__[0] + "/")) if name.endswith(".py"))


def module(name):
    return importlib.import_module("%s.%s" % (filters.__name__, name))


def functions():
    return {key: function for name in NAMES for key, function in module(name).FilterModule().filters().items()}


@pytest.mark.parametrize("name", [name for name in NAMES if hasattr(module(name), "DOCUMENTATION")])
def test_a_filter_takes_what_its_documentation_says_in_that_order(name):
    told = yaml.safe_load(module(name).DOCUMENTATION)
    [(key, function)] = module(name).FilterModule().filters().items()
    assert key == told["name"] == name
    parameters = list(inspect.signature(function).parameters.values())
    options = [option for option in told.get("options") or {} if option != "_input"]
    assert {one.name for one in parameters[1:]} == set(options)
    positional = [word.strip() for word in str(told.get("positional") or "").split(",") if word.strip() not in ("", "_input")]
    assert [one.name for one in parameters[1:]][:len(positional)] == positional
    # What may be left out there may be left out here.
    assert {one.name for one in parameters[1:] if one.default is inspect.Parameter.empty} == {
        option for option in options if told["options"][option].get("required")}


@pytest.mark.parametrize("name", [name for name in NAMES if getattr(module(name), "EXAMPLES", "").strip()])
def test_an_example_is_an_expression_with_this_filter(name):
    environment, found = jinja2.Environment(), []
    environment.filters.update({"failover.stack." + key: function for key, function in functions().items()})

    def texts(value):
        if isinstance(value, (dict, list)):
            for one in value.values() if isinstance(value, dict) else value:
                texts(one)
        elif isinstance(value, str) and "failover.stack." in value and "{{" in value:
            found.append(value)

    texts(yaml.safe_load(module(name).EXAMPLES))
    assert any("failover.stack." + name in text for text in found)
    for text in found:
        # Ansible's own filters are none of ours.
        for node in environment.parse(text).find_all(jinja2.nodes.Filter):
            assert not node.name.startswith("failover.stack.") or node.name in environment.filters, node.name


# --- Hosts ------------------------------------------------------------------------

HOSTVARS = {"a": {"ansible_host": "198.51.100.1", "inner": "203.0.113.1"}, "b": {"ansible_host": "", "inner": None}, "c": {"inner": ""}}


@pytest.mark.parametrize("variable, addresses", [
    *((variable, ["198.51.100.1", "b", "c"]) for variable in (None, "none", "")), ("inner", ["203.0.113.1", "b", "c"])])
def test_a_host_without_an_address_is_called_by_its_name(variable, addresses):
    assert host_addresses.host_addresses(["a", "b", "c"], HOSTVARS, variable) == addresses


def test_a_host_that_nobody_knows_is_not_passed_over():
    with pytest.raises(KeyError):
        host_addresses.host_addresses(["z"], HOSTVARS)
    assert host_addresses.host_addresses([], HOSTVARS) == []


def interface(**more):
    return {"interfaces": ["eth0"], "eth0": more}


@pytest.mark.parametrize("facts, networks", [
    (interface(ipv4={"address": "10.0.0.1", "netmask": "255.255.255.255"}), []),
    (interface(ipv4={"address": "169.254.1.1", "netmask": "255.255.0.0"}), []),
    (interface(ipv4={"address": "10.0.0.1", "netmask": "255.0.255.0"}), []), (interface(ipv4=None, ipv4_secondaries=None, ipv6=None), []),
    (interface(ipv4={"address": "10.0.0.1", "netmask": "255.255.255.0"},
               ipv4_secondaries=[{"address": "10.0.0.9", "netmask": "255.255.255.0"}]), ["10.0.0.0/24"]),
    (interface(ipv6=[{"address": "2001:db8::1", "prefix": "128"}, {"address": "2001:db8:1::1", "prefix": "64"}]), ["2001:db8:1::/64"]),
    # By number, not by letter; version 4 first.
    ({"interfaces": ["x", "y"],
      "x": {"ipv6": [{"address": "2001:db8::1", "prefix": "64"}], "ipv4": {"address": "10.0.0.1", "netmask": "255.0.0.0"}},
      "y": {"ipv4": {"address": "9.0.0.1", "netmask": "255.0.0.0"}}}, ["9.0.0.0/8", "10.0.0.0/8", "2001:db8::/64"]),
    ({"interfaces": None}, []), ({"interfaces": ["gone"]}, []),
    ({"interfaces": ["eth0:1"], "eth0_1": {"ipv4": {"address": "10.0.0.1", "netmask": "255.255.0.0"}}}, ["10.0.0.0/16"]),
])
def test_networks_that_a_host_is_in(facts, networks):
    assert host_networks.host_networks(facts) == networks


@pytest.mark.parametrize("given, found", [
    ("a, b", ["a", "b"]), ("a", ["a"]), (" a ,, b,", ["a", "b"]), ("", []), (" , ", []), (["a, b"], ["a, b"]), ([], []), (None, None)])
def test_a_list_also_where_it_is_a_text(given, found):
    assert listed.listed(given) == found


MARK = {"mark": 1, "addresses": ["198.51.100.1"]}


@pytest.mark.parametrize("mark, version, rules", [
    ({}, 4, ["-d 198.51.100.1/32 -p tcp -j MARK --set-xmark 0x1/0xffffffff"]), ({}, 6, []), ({"addresses": []}, 4, []),
    ({"mark": "255"}, 4, ["-d 198.51.100.1/32 -p tcp -j MARK --set-xmark 0xff/0xffffffff"]),
    ({"protocol": None, "ports": None, "only_when_held": False}, 4, ["-d 198.51.100.1/32 -p tcp -j MARK --set-xmark 0x1/0xffffffff"]),
    ({"addresses": ["2001:db8::1", "2001:db8::2"], "ports": ["53"], "protocol": "udp"}, 6,
     ["-d 2001:db8::%d/128 -p udp -m multiport --dports 53 -j MARK --set-xmark 0x1/0xffffffff" % n for n in (1, 2)]),
])
def test_a_mark_is_a_rule_for_each_of_its_addresses(mark, version, rules):
    assert ipvs_mark_rules.ipvs_mark_rules([{**MARK, **mark}], version) == rules


# --- Tomcats ------------------------------------------------------------------------

def tomcats(instances):
    return {"web1": {"tomcat_cluster_instances": instances}}


@pytest.mark.parametrize("instances", [
    "a", ["a"], [{"services": ["x"]}], [{"services": [{"ajp_port": "soon"}]}], [{"services": [{"ajp_port": [1]}]}], [None], 7])
def test_instances_that_are_malformed_are_the_inventorys_and_said_so(instances):
    with pytest.raises(AnsibleFilterError, match=r"^tomcat_cluster_instances of a host of tomcat is malformed \(.*\): see the role tomcat"):
        ajp_workers.from_inventory(tomcats(instances), {"tomcat": ["web1"]}, ["tomcat", "tomcat"])


@pytest.mark.parametrize("instances", [None, [], [{}], [{"services": None}], [{"services": [{}]}], [{"services": [{"ajp_port": 0}]}]])
def test_a_host_that_offers_nothing_is_no_error(instances):
    assert ajp_workers.from_inventory(tomcats(instances), {"tomcat": ["web1"]}, ["tomcat"]) == []
    assert ajp_workers.from_inventory({}, {}, ["tomcat"]) == ajp_workers.from_inventory({}, {"tomcat": None}, ["tomcat"]) == []


def test_one_service_of_several_is_chosen_by_its_name():
    services = [{"name": "user", "ajp_port": 8009}, {"name": 7, "ajp_port": 8010}]
    for service, ports in ((None, [8009, 8010]), ("user", [8009]), ("7", [8010]), ("none", [])):
        found = ajp_workers.from_inventory(tomcats([{"name": "a", "services": services}]), {"tomcat": ["web1"]}, ["tomcat"], service)
        assert [one["port"] for one in found] == ports


def test_routes_and_workers_by_what_stands_before_the_filter():
    told = web.FilterModule().filters()
    assert told["jvm_route"]({"name": "user"}, "web1.example", "a") == "web1-example-a"
    assert told["jvm_route"]({"jvm_route": "r.1"}, "web1", "a") == "r-1"
    # `route | modjk_worker_name(application)`, other than the function behind it.
    assert told["modjk_worker_name"]("web1-a", "shop") == "shop_web1-a"


def test_objections_to_a_deployment_begin_with_its_fronts(monkeypatch):
    monkeypatch.setattr(deploy, "objections", lambda *given: given)
    told = deploy.FilterModule().filters()["deploy_objections"]("fronts", "node", "routes", "address")
    assert told == ("node", "routes", "address", "fronts", False, None, False)
    more = {"again": True, "noted": {"held": {}}, "last": True}
    told = deploy.FilterModule().filters()["deploy_objections"]("fronts", "node", "routes", "address", **more)
    assert told[-3:] == (True, {"held": {}}, True)
    monkeypatch.setattr(deploy, "alone", lambda *given: given)
    assert deploy.FilterModule().filters()["deploy_alone"]("fronts", "node", "routes", "address") == ("node", "routes", "address", "fronts")

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._figures import watched
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import cluster

KEEPALIVED = {"group_names": ["ipvs_director"], "keepalived_instances": [
    {"name": "web", "addresses": ["198.51.100.100/24", "2001:db8::100/64 dev eth1"]}, {"name": "none"}]}


def test_vrrp():
    assert watched.vips(KEEPALIVED) == ["198.51.100.100", "2001:db8::100"]
    assert watched.vrrp(one["name"] for one in watched.instances(KEEPALIVED)) == {
        "unit": "keepalived.service", "states": "/run/keepalived-states", "instances": ["web", "none"]}
    # Variables of all hosts say nothing of one that is no director.
    assert watched.instances(dict(KEEPALIVED, group_names=["web"])) == [] and watched.vrrp([]) == {}


def test_virtual_servers():
    service = {"name": "web", "address": "198.51.100.100", "port": 80, "protocol": "TCP", "fwmark": None, "quorum": 2, "delay_loop": 1,
               "servers": [{"name": "web1", "address": "198.51.100.21", "weight": 1, "checks": []}]}
    assert watched.virtual_servers([service]) == [{
        "label": "web_198.51.100.100:80", "address": "198.51.100.100", "port": 80, "protocol": "TCP", "fwmark": None, "quorum": 2,
        "servers": [{"address": "198.51.100.21"}]}]


def test_rabbitmq():
    given = {"group_names": ["rabbitmq"]}
    assert watched.rabbitmq_url(given, "127.0.0.1") == "http://127.0.0.1:15692/metrics"
    assert watched.rabbitmq_url(dict(given, rabbitmq_cluster_prometheus_port=15693), "2001:db8::1") == "http://[2001:db8::1]:15693/metrics"
    assert watched.rabbitmq_url(dict(given, rabbitmq_cluster_plugins=["rabbitmq_management"]), "127.0.0.1") == ""
    assert watched.rabbitmq_url({"group_names": ["web"]}, "127.0.0.1") == "" and watched.rabbitmq("", ["mq1"]) == {}


def test_nodes_are_called_as_their_own_role_calls_them():
    members = ["mq1", "mq2.example.test"]
    assert watched.rabbitmq("http://x", members)["nodes"] == cluster.nodes({"members": members})

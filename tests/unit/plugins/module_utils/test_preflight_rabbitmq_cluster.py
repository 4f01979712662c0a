from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._preflight import clashes
from ansible_collections.failover.stack.plugins.module_utils._preflight_rabbitmq_cluster import claims, problems

ROLE = pathlib.Path(__file__).resolve().parents[4] / "roles/rabbitmq_cluster"
DEFAULTS = {name: value for name, value in yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8")).items()
            if not (isinstance(value, str) and "{{" in value)}
HOSTS = ["mq1", "mq2", "mq3"]


def values(**changes):
    return {
        **DEFAULTS, "rabbitmq_cluster_members": HOSTS, "rabbitmq_cluster_host_groups": ["rabbitmq"], "rabbitmq_cluster_name": "rabbitmq",
        "rabbitmq_cluster_address": "198.51.100.51", "rabbitmq_cluster_bind_address": "198.51.100.51",
        "rabbitmq_cluster_member_addresses": {host: "198.51.100.5%d" % number for number, host in enumerate(HOSTS, 1)},
        "rabbitmq_cluster_internode_tls": True, "rabbitmq_cluster_vhosts": [{"name": "shop"}],
        "rabbitmq_cluster_users": [{"name": "shop", "permissions": [{"vhost": "shop"}]}],
        "rabbitmq_cluster_passwords": {"shop": "long-enough-for-this"},
        **{"rabbitmq_cluster_" + name: value for name, value in changes.items()},
    }


def test_the_usual_cluster():
    assert problems("mq1", values()) == []


@pytest.mark.parametrize("changes, sentence", [
    ({"members": ["mq1", "mq2"], "queues": "mirrored"},
     "mq1: rabbitmq_cluster_partition_handling is pause_minority and group 'rabbitmq' has two members (mq1, mq2): when one fails the "
     "other is "
     "no majority and stops, too. Add a third member."),
    ({"members": ["mq1", "mq2"], "partition_handling": "autoheal"},
     "mq1: rabbitmq_cluster_queues is quorum and group 'rabbitmq' has two members (mq1, mq2): a queue with two replicas stops when one "
     "fails. "
     "Add a third member."),
    ({"cookie": "x" * 256}, "mq1: rabbitmq_cluster_cookie has 256 characters: Erlang takes at most 255."),
    ({"cookie": " \n"}, "mq1: rabbitmq_cluster_cookie is empty: Erlang needs 1 to 255 characters."),
    ({"cookie": "caf\u00e9"},
     "mq1: rabbitmq_cluster_cookie has a character at position 4 that Erlang does not accept: use printable ASCII only."),
    ({"address": ""}, "mq1: rabbitmq_cluster_address is empty: set ansible_host or rabbitmq_cluster_address to an address of this host."),
    ({"member_addresses": {"mq1": "198.51.100.51", "mq2": "", "mq3": "198.51.100.53"}},
     "mq1: member mq2 has no address: set its ansible_host or rabbitmq_cluster_address, names of nodes are resolved by it."),
    ({"member_addresses": {"mq1": "198.51.100.51", "mq2": "queue.example"}},
     "mq1: member mq2 has the address 'queue.example', which is none: set its ansible_host or rabbitmq_cluster_address, names of nodes are "
     "resolved by it."),
    ({"bind_address": "*"}, "mq1: rabbitmq_cluster_bind_address is '*': give an address of this host or ::."),
    ({"replicas": 2}, "mq1: rabbitmq_cluster_replicas is 2: give an odd number up to 9; an even one bears no more losses than the one "
     "below."),
    ({"port": 0, "tls": False},
     "mq1: rabbitmq_cluster_port is 0 and rabbitmq_cluster_tls is false: clients could not connect, set one of them."),
    ({"tls_port": 5672}, "mq1: rabbitmq_cluster_tls_port is 5672, which rabbitmq_cluster_port has: give each its own."),
    ({"management_port": 4369}, "mq1: rabbitmq_cluster_management_port is 4369, which epmd has: give each its own."),
    ({"net_ticktime": 2},
     "mq1: rabbitmq_cluster_net_ticktime is 2: give 4 to 120; below that a busy machine counts as gone, above it a dead one is waited "
     "for."),
    ({"memory_watermark": 1.5}, "mq1: rabbitmq_cluster_memory_watermark is 1.5: give 0.05 to 0.9, RabbitMQ needs room above it."),
    ({"file_handles": 100}, "mq1: rabbitmq_cluster_file_handles is 100: give at least 1024."),
    ({"passwords": {}}, "mq1: rabbitmq_cluster_passwords has none for 'shop' (rabbitmq_cluster_users[0]): add one."),
    ({"passwords": {"shop": "short"}}, "mq1: the password of 'shop' in rabbitmq_cluster_passwords has 5 characters: give at least 12."),
    ({"passwords": {"shop": "long-enough-for-this", "shpo": "long-enough-for-this"}},
     "mq1: rabbitmq_cluster_passwords has one for 'shpo', who is not in rabbitmq_cluster_users: correct the name."),
    ({"users": [{"name": "guest"}], "passwords": {"guest": "long-enough-for-this"}},
     "mq1: rabbitmq_cluster_users[0].name is guest, the account everybody knows: it is removed, choose another."),
    ({"users": [{"name": "shop", "permissions": [{"vhost": "shpo"}]}]},
     "mq1: rabbitmq_cluster_users[0] ('shop') is to have permissions in vhost 'shpo', which is not in rabbitmq_cluster_vhosts: correct the "
     "name or add it."),
    ({"policies": [{"name": "p", "vhost": "shpo", "pattern": ".*", "definition": {}}]},
     "mq1: rabbitmq_cluster_policies[0] ('p') is for vhost 'shpo', which is not in rabbitmq_cluster_vhosts: correct the name or add it."),
    ({"absent": {"vhosts": ["shop"]}}, "mq1: vhost 'shop' is in rabbitmq_cluster_vhosts and in rabbitmq_cluster_absent: take it out of "
     "one."),
    ({"tls_names": ["queue.example"]}, "mq1: rabbitmq_cluster_tls_names has 'queue.example': write DNS:name or IP:address."),
])
def test_one_sentence_for_each_thing(changes, sentence):
    assert problems("mq1", values(**changes)) == [sentence]


def test_no_secret_in_a_sentence():
    said = " ".join(problems("mq1", values(cookie="secret\u00e9", passwords={"shop": "hush"})))
    assert "secret" not in said and "hush" not in said


def test_who_is_not_in_the_group():
    assert problems("mq9", values()) == ["mq9: rabbitmq_cluster_group is 'rabbitmq', it is not in that: name the group of its cluster."]
    assert problems("mq9", values(host_groups=["rabbitmq", "rabbitmq_leaving"])) == []


def test_nodes_have_names_of_their_own():
    members = ["mq1.a.example", "mq1.b.example", "mq2.a.example"]
    addresses = {host: "198.51.100.5%d" % number for number, host in enumerate(members)}
    assert problems("mq1.b.example", values(members=members, member_addresses=addresses)) == [
        "mq1.b.example: its node would be rabbit@mq1, which mq1.a.example has: let the names differ before the first dot."]


def test_two_clusters_are_two():
    other = values(members=["mq4", "mq5", "mq6"], address="198.51.100.51")
    assert clashes(claims("mq1", values()) + claims("mq4", other)) == [
        "mq4: rabbitmq_cluster_name is 'rabbitmq', which another cluster has: give each its own.",
        "mq4: rabbitmq_cluster_address is 198.51.100.51, which another host has: give each its own."]
    named = values(members=["mq1", "mq5", "mq6"], name="stock", address="198.51.100.55")
    assert clashes(claims("mq1", values()) + claims("mq5", named)) == [
        "mq1: it is a member of two clusters (one of them is 'stock'): take it out of one group."]

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes
from ansible_collections.failover.stack.plugins.module_utils._preflight.rabbitmq_cluster import claims, problems

ROLE = pathlib.Path(__file__).resolve().parents[5] / "roles/rabbitmq_cluster"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
DEFAULTS = {name: option["default"] for name, option in SPEC.items() if "default" in option}
HOSTS = ["mq1", "mq2", "mq3"]


def values(**changes):
    return {
        **DEFAULTS, "rabbitmq_cluster_members": HOSTS, "rabbitmq_cluster_host_groups": ["rabbitmq"], "rabbitmq_cluster_name": "rabbitmq",
        "rabbitmq_cluster_address": "198.51.100.51", "rabbitmq_cluster_bind_address": "198.51.100.51",
        "rabbitmq_cluster_distribution_address": "198.51.100.51",
        "rabbitmq_cluster_member_addresses": {host: "198.51.100.5%d" % number for number, host in enumerate(HOSTS, 1)},
        "rabbitmq_cluster_internode_tls": True, "rabbitmq_cluster_vhosts": [{"name": "shop"}],
        "rabbitmq_cluster_users": [{"name": "shop", "permissions": [{"vhost": "shop"}]}],
        "rabbitmq_cluster_passwords": {"shop": "long-enough-for-this"},
        **{"rabbitmq_cluster_" + name: value for name, value in changes.items()},
    }


def test_the_usual_cluster():
    assert problems("mq1", values()) == []


@pytest.mark.parametrize("changes, sentence", [
    ({"discard": ["True"]},
     "mq1: rabbitmq_cluster_discard is true, it has to name the hosts whose messages may go: write -e rabbitmq_cluster_discard=<host>."),
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
    ({"distribution_address": "mq1"}, "mq1: rabbitmq_cluster_distribution_address is 'mq1': give an address of this host or ::."),
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
    ({"users": [{"name": "shop", "other_name": "shop_2"}]},
     "mq1: rabbitmq_cluster_passwords has none for 'shop_2' (rabbitmq_cluster_users[0]): add one."),
    ({"users": [{"name": "shop", "other_name": "shop"}]}, "mq1: rabbitmq_cluster_users has 'shop' twice: take one out."),
    ({"absent": {"users": ["shop"]}},
     "mq1: user 'shop' is in rabbitmq_cluster_users and in rabbitmq_cluster_absent: take it out of one."),
    ({"users": [{"name": "guest"}], "passwords": {"guest": "long-enough-for-this"}},
     "mq1: rabbitmq_cluster_users[0].name is guest, the account everybody knows: it is removed, choose another."),
    ({"users": [{"name": "shop", "permissions": [{"vhost": "shpo"}]}]},
     "mq1: rabbitmq_cluster_users[0] ('shop') is to have permissions in vhost 'shpo', which is not in rabbitmq_cluster_vhosts: correct the "
     "name or add it."),
    ({"policies": [{"name": "p", "vhost": "shpo", "pattern": ".*", "definition": {}}]},
     "mq1: rabbitmq_cluster_policies[0] ('p') is for vhost 'shpo', which is not in rabbitmq_cluster_vhosts: correct the name or add it."),
    ({"absent": {"vhosts": ["shop"]}}, "mq1: vhost 'shop' is in rabbitmq_cluster_vhosts and in rabbitmq_cluster_absent: take it out of "
     "one."),
    ({"policies": [{"name": "ttl", "vhost": "shop", "pattern": "^q", "definition": {"message-ttl": "60000"}},
                   {"name": "ttl", "vhost": "shop", "pattern": ".*", "definition": {"expires": 1}}]},
     "mq1: rabbitmq_cluster_policies[0] and rabbitmq_cluster_policies[1] are both 'ttl' in vhost 'shop', and the server keeps one of a "
     "name: give the other another name."),
    ({"policies": [{"name": "ttl", "vhost": "shop", "pattern": "^q", "definition": {"message-ttl": "soon"}}]},
     "mq1: rabbitmq_cluster_policies[0] ('ttl') has message-ttl 'soon': the server takes a number there."),
    ({"policies": [{"name": "failover-mirrors", "vhost": "shop", "pattern": "^q", "definition": {}}]},
     "mq1: rabbitmq_cluster_policies[0] is 'failover-mirrors', the role's own for rabbitmq_cluster_queues: choose another name."),
    ({"vhosts": [{"name": "shop"}, {"name": "shop"}]}, "mq1: rabbitmq_cluster_vhosts has 'shop' twice: take one out."),
    ({"users": [{"name": "shop", "permissions": [{"vhost": "shop"}, {"vhost": "shop", "read": ""}]}]},
     "mq1: rabbitmq_cluster_users[0] ('shop') has permissions in vhost 'shop' twice: a user has one set there, join them."),
    ({"plugins": ["rabbitmq_management", "Shovel!"]},
     "mq1: rabbitmq_cluster_plugins[1] is 'Shovel!', which is no plugin's name: write it as rabbitmq-plugins list does."),
    ({"plugins": ["rabbitmq_shovel", "rabbitmq_shovel"]}, "mq1: rabbitmq_cluster_plugins has rabbitmq_shovel twice: take one out."),
    ({"consumer_timeout_s": 10}, "mq1: rabbitmq_cluster_consumer_timeout_s is 10: give 60 to 2678400."),
    ({"message_mb": 1024}, "mq1: rabbitmq_cluster_message_mb is 1024: give 0 to 512."),
    ({"management_port": 443}, "mq1: rabbitmq_cluster_management_port is 443: give 1024 to 65535, lower ones only root may listen on, and "
     "RabbitMQ is not root."),
    ({"member_addresses": {"mq1": "198.51.100.51", "mq2": "198.51.100.51"}},
     "mq1: rabbitmq_cluster_address is 198.51.100.51, which member mq2 has, too: give each its own."),
    ({"member_addresses": {"mq1": "198.51.100.51", "mq2": "2001:db8::42"}},
     "mq1: rabbitmq_cluster_address is 198.51.100.51, and member mq2 has 2001:db8::42: nodes find each other by IPv4 or by IPv6, give all "
     "members addresses of one family (clients may have both, see rabbitmq_cluster_bind_address)."),
    ({"members": ["mq1", "mq1.b", "mq3"]},
     "mq1: its node would be rabbit@mq1, which mq1.b has: let the names differ before the first dot."),
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


def test_members_with_ipv6_addresses_only():
    assert problems("mq1", values(address="2001:db8::51", bind_address="2001:db8::51", member_addresses={
        host: "2001:db8::5%d" % number for number, host in enumerate(HOSTS, 1)})) == []


def test_a_password_of_64_characters_and_numbers_in_quotes():
    assert problems("mq1", values(passwords={"shop": "a1" * 32}, policies=[
        {"name": "ttl", "vhost": "shop", "pattern": "^q", "definition": {"message-ttl": "60000"}}])) == []


@pytest.mark.parametrize("text, wrong", [
    ("*", True), ("(", True), ("[a", True), ("a)", True), ("", False), (".*", False), ("^shop\\.", False), ("(?i)^a$", False)])
def test_a_regular_expression_that_is_none_is_refused_before_the_broker_does(text, wrong):
    changes = {"users": [{"name": "shop", "permissions": [{"vhost": "shop", "read": text}]}],
               "policies": [{"name": "p", "vhost": "shop", "pattern": text, "definition": {"expires": 10}}]}
    said = problems("mq1", values(**changes))
    assert [one.split(" is ")[0] for one in said] == (
        ["mq1: rabbitmq_cluster_policies[0].pattern", "mq1: rabbitmq_cluster_users[0].permissions[0].read"] if wrong else [])
    assert all("is no regular expression" in one for one in said)

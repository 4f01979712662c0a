from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes
from ansible_collections.failover.stack.plugins.module_utils._preflight.etcd import claims, problems

ROLE = pathlib.Path(__file__).resolve().parents[5] / "roles/etcd"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
DEFAULTS = {name: option["default"] for name, option in SPEC.items() if "default" in option}
HOSTS = ["etcd1", "etcd2", "etcd3"]
ADDRESSES = {host: "198.51.100.%s" % host[-1] for host in HOSTS}
LONG = "long-enough-for-this"


def values(host="etcd1", **changes):
    return {
        **DEFAULTS, "etcd_members": HOSTS, "etcd_cluster_name": "etcd", "etcd_address": ADDRESSES.get(host), "etcd_root_password": LONG,
        "etcd_member_addresses": ADDRESSES, "etcd_snapshot_age_s": 10800, "etcd_users": [{"name": "writer", "prefixes": ["/w/"]}],
        "etcd_user_passwords": {"writer": LONG}, **{"etcd_" + name: value for name, value in changes.items()}}


def test_the_usual_cluster():
    assert problems("etcd1", values()) == []


def test_one_by_ipv6():
    addresses = {host: "2001:db8::%s" % host[-1] for host in HOSTS}
    assert problems("etcd1", values(address=addresses["etcd1"], member_addresses=addresses)) == []


def test_a_single_member_is_allowed():
    assert problems("etcd1", values(members=["etcd1"])) == []


@pytest.mark.parametrize("changes, sentence", [
    ({"members": HOSTS[:2]}, "etcd1: group 'etcd' has 2 members (etcd1, etcd2): an even number bears no more losses than one less, add one "
     "or take one out."),
    ({"members": [*HOSTS, "etcd4", "etcd5"], "member_addresses": dict(ADDRESSES, etcd4="198.51.100.4", etcd5="")},
     "etcd1: member etcd5 has no address: set its ansible_host or etcd_address, members are told each other's."),
    ({"members": ["etcd1", "ETCD1", "etcd3"], "member_addresses": dict(ADDRESSES, ETCD1="198.51.100.9")},
     "etcd1: member ETCD1 has the same name but for capitals: give each its own."),
    ({"cluster_name": "a b"},
     "etcd1: etcd_cluster_name is 'a b', which a directory is to be called: use letters, digits, ., _ and -."),
    ({"cluster_name": ".."}, "etcd1: etcd_cluster_name is '..', which a directory is to be called: use letters, digits, ., _ and -."),
    ({"address": ""}, "etcd1: etcd_address is empty: set ansible_host or etcd_address to an address of this host."),
    ({"address": "db1.example"}, "etcd1: etcd_address is 'db1.example', which is no address: give one of this host's, ansible_host is the "
     "default."),
    ({"address": "198.51.100.2"}, "etcd1: etcd_address is 198.51.100.2, which member etcd2 has, too: give each its own."),
    ({"address": "2001:db8::1"}, "etcd1: etcd_address is 2001:db8::1, and member etcd2 has 198.51.100.2: members reach each other by IPv4 "
     "or by IPv6, give all of them addresses of one family."),
    ({"address": "fe80::1"}, "etcd1: etcd_address is fe80::1, which means something on one link only: give an address that all members can "
     "reach."),
    ({"tls_names": ["lease.example"]}, "etcd1: etcd_tls_names has 'lease.example': write DNS:name or IP:address."),
    ({"tls_names": ["IP:lease"]}, "etcd1: etcd_tls_names has 'IP:lease': write DNS:name or IP:address."),
    ({"client_port": 379}, "etcd1: etcd_client_port is 379: give 1024 to 65535, lower ones only root may listen on, and etcd is not root."),
    ({"client_port": 2380}, "etcd1: etcd_client_port and etcd_peer_port are both 2380: give each its own."),
    ({"election_ms": 400}, "etcd1: etcd_election_ms is 400, and etcd_heartbeat_ms 100: give at least five times that, etcd does not start "
     "with less."),
    ({"quota_mb": 10000}, "etcd1: etcd_quota_mb is 10000: give 64 to 8192."),
    ({"snapshot_interval_s": 10}, "etcd1: etcd_snapshot_interval_s is 10: give 60 to 604800."),
    ({"snapshots_kept": 0}, "etcd1: etcd_snapshots_kept is 0: give 1 to 10000."),
    ({"snapshot_age_s": 3600}, "etcd1: etcd_snapshot_age_s is 3600, and a snapshot comes every 3600 s: every one would be too old, give "
     "twice that."),
    ({"snapshot_directory": "backups"},
     "etcd1: etcd_snapshot_directory is 'backups': give an absolute path without blanks or quotes."),
    ({"snapshot_directory": "/var/lib/etcd/backups"}, "etcd1: etcd_snapshot_directory is /var/lib/etcd/backups, among the data that "
     "a snapshot is of: choose another, such as /var/backups/etcd."),
    ({"root_password": None},
     "etcd1: etcd_root_password is missing: give the password of the cluster's user root, at least 12 characters."),
    ({"root_password": "short"}, "etcd1: etcd_root_password has 5 characters: give at least 12."),
    ({"root_password": LONG + "\n"}, "etcd1: etcd_root_password has control characters: leave them out."),
    ({"user_passwords": {}}, "etcd1: etcd_user_passwords has none for 'writer' (etcd_users[0]): add one."),
    ({"user_passwords": {"writer": "short"}}, "etcd1: the password of 'writer' in etcd_user_passwords has 5 characters: give at least 12."),
    ({"user_passwords": {"writer": LONG, "wirter": LONG}},
     "etcd1: etcd_user_passwords has one for 'wirter', who is not in etcd_users: correct the name."),
    ({"users": [{"name": "writer", "prefixes": []}]},
     "etcd1: etcd_users[0] ('writer') has no prefixes: name how keys begin that it may touch."),
    ({"users": [{"name": "writer", "prefixes": ["/w/", "/w/"]}]}, "etcd1: etcd_users[0] ('writer') has prefix '/w/' twice: take one out."),
    ({"users": [{"name": "writer", "prefixes": ["/w/"]}, {"name": "writer", "prefixes": ["/x/"]}]},
     "etcd1: etcd_users has 'writer' twice: take one out, a user may have several prefixes."),
    ({"users": [{"name": "root", "prefixes": [""]}], "user_passwords": {"root": LONG}},
     "etcd1: etcd_users[0].name is root, who may do everything already (etcd_root_password): choose another name."),
    ({"users": [{"name": "a b", "prefixes": ["/w/"]}], "user_passwords": {"a b": LONG}},
     "etcd1: etcd_users[0].name is 'a b': use letters, digits, ., _ and -."),
    ({"absent_users": ["writer"]}, "etcd1: 'writer' is in etcd_users and in etcd_absent_users: take it out of one."),
    ({"absent_users": ["root"]}, "etcd1: etcd_absent_users has root, without whom authentication ends: take it out."),
])
def test_refusals(changes, sentence):
    found = problems("etcd1", values(**changes))
    assert sentence in found and LONG not in " ".join(found)


def test_names():
    assert problems("etcd=1", values(members=["etcd=1"]))[0] == (
        "etcd=1: the host's name is to be the member's: use letters, digits, ., _ and -.")
    assert problems("web1", values()) == ["web1: etcd_group is 'etcd', it is not in that: name the group of its cluster."]


def told(*hosts):
    return clashes([claim for host, changes in hosts for claim in claims(host, values(host, **changes))])


def test_members_of_one_cluster_do_not_clash():
    assert told(*((host, {}) for host in HOSTS)) == []


def test_what_belongs_to_one():
    assert told(("etcd1", {}), ("etcd2", {"election_ms": 2000})) == [
        "etcd2: etcd_heartbeat_ms and etcd_election_ms are 100 and 2000, and another member of 'etcd' has other ones: give all members the "
        "same."]
    assert told(("etcd1", {}), ("other", {"members": ["other"], "address": "198.51.100.9"})) == [
        "other: etcd_cluster_name is 'etcd', which another cluster has: give each its own."]
    assert told(("etcd1", {}), ("other", {"members": ["etcd1"], "cluster_name": "b", "address": "198.51.100.9"})) == [
        "etcd1: it is a member of two clusters (one of them is 'b'): take it out of one group."]
    assert told(("etcd1", {}), ("etcd2", {"address": "198.51.100.1"})) == [
        "etcd2: etcd_address is 198.51.100.1, which another host has: give each its own."]

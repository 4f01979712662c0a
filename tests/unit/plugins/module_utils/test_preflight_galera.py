from __future__ import annotations

import copy

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight import clashes
from ansible_collections.failover.stack.plugins.module_utils._preflight_galera import claims, problems

VALUES = {
    "galera_group": "galera", "galera_arbitrator_group": "galera_arbitrator", "galera_leaving_group": "galera_leaving",
    "galera_members": ["galera1", "galera2", "galera3"], "galera_arbitrators": [], "galera_host_groups": ["galera"],
    "galera_excluded_groups": ["mysql_replication"], "galera_address": "198.18.0.41", "galera_bind_address": "198.18.0.41",
    "galera_member_addresses": {"galera1": "198.18.0.41", "galera2": "198.18.0.42", "galera3": "198.18.0.43"},
    "galera_cluster_name": "galera", "galera_port": 3306, "galera_group_port": 4567, "galera_ist_port": 4568, "galera_sst_port": 4444,
    "galera_agent_port": 9200, "galera_sst_method": "mariabackup", "galera_sst_user": "galera_sst",
    "galera_sst_password": "correct-horse-battery", "galera_users": [{"name": "shop", "hosts": ["%"]}],
    "galera_user_passwords": {"shop": "another-horse"}, "galera_databases": ["shop"], "galera_gcache_size_mb": 512,
    "galera_buffer_pool_mb": 256, "galera_max_connections": 300, "galera_applier_threads": 2, "galera_flow_control_limit": 64,
    "galera_sync_wait": 0, "galera_suspect_timeout_ms": 1000, "galera_inactive_timeout_ms": 3000, "galera_keepalive_ms": 300,
    "galera_inactive_check_ms": 200, "galera_tls_days": 3650, "galera_agent_timeout_ms": 500, "galera_verify_seconds": 60,
    "galera_join_seconds": 600,
}


def values(**changes):
    result = copy.deepcopy(VALUES)
    for name, value in changes.items():
        result["galera_" + name] = value
    return result


def test_a_sane_cluster_has_no_problems():
    assert problems("galera1", VALUES) == []
    second = values(address="198.18.0.42", bind_address="198.18.0.42")
    assert clashes(claims("galera1", VALUES) + claims("galera2", second)) == []


def test_any_odd_number_of_votes():
    assert problems("galera1", values(members=["galera1"])) == []
    assert problems("galera1", values(members=["galera%d" % number for number in range(1, 6)])) == []


def test_arbitrators_alone():
    assert problems("arbiter", values(members=[], arbitrators=["arbiter"])) == [
        "arbiter: group 'galera_arbitrator' has arbitrators only: they hold no data, add members to group 'galera'."]


def test_two_members_and_an_arbitrator():
    assert problems("galera1", values(members=["galera1", "galera2"], arbitrators=["arbiter"])) == []


@pytest.mark.parametrize("changes, sentence", [
    ({"members": ["galera1", "galera2"]},
     "group 'galera' has 2 members (galera1, galera2) and no arbitrator: when half of them fail the other half stops, too. Add a member, "
     "or a host to group 'galera_arbitrator'."),
    ({"arbitrators": ["arbiter"]},
     "3 members and 1 arbitrators are an even number of votes: take an arbitrator out of group 'galera_arbitrator'."),
    ({"arbitrators": ["galera1", "arbiter"]}, "it is a member and an arbitrator of 'galera': an arbitrator is to be another machine."),
    ({"address": ""}, "galera_address is empty: set ansible_host or galera_address to an address of this host."),
    ({"address": "galera1.example.test"}, "galera_address is 'galera1.example.test', which is no address: give one of this host's."),
    ({"address": "2001:db8::41"},
     "galera_address is 2001:db8::41: Galera's members find each other by IPv4 here, give such an address of this host."),
    ({"member_addresses": {"galera1": "198.18.0.41", "galera2": ""}},
     "member galera2 has no address: set its ansible_host or galera_address."),
    ({"bind_address": "eth0"}, "galera_bind_address is 'eth0': give an address of this host or *."),
    ({"ist_port": 4567}, "galera_ist_port is 4567, which galera_group_port has: give each its own."),
    ({"port": 70000}, "galera_port is 70000: a port is 1 to 65535."),
    ({"gcache_size_mb": 0}, "galera_gcache_size_mb is 0: give at least 1."),
    ({"sync_wait": 16}, "galera_sync_wait is 16: give 0 to 15."),
    ({"suspect_timeout_ms": 200}, "galera_suspect_timeout_ms is 200: below 300 every hiccup of the network drops a member, give more."),
    ({"inactive_timeout_ms": 500}, "galera_inactive_timeout_ms is 500, less than galera_suspect_timeout_ms 1000: give at least that."),
    ({"keepalive_ms": 400}, "galera_keepalive_ms is 400: give 100 to 333, a third of galera_suspect_timeout_ms."),
    ({"inactive_check_ms": 600}, "galera_inactive_check_ms is 600: give 50 to 500, half of galera_suspect_timeout_ms."),
    ({"sst_password": None}, "galera_sst_password is missing: set it (at least 12 characters), mariabackup needs it."),
    ({"sst_password": "short"}, "galera_sst_password has 5 characters: give at least 12."),
    ({"sst_password": "correct horse battery"}, "galera_sst_password has a quote, colon, blank, backslash or #: leave them out."),
    ({"user_passwords": {}}, "galera_user_passwords has none for 'shop' (galera_users[0]): add one."),
    ({"users": [{"name": "root"}], "user_passwords": {"root": "x"}},
     "galera_users[0].name is 'root', which has its own purpose: choose another."),
    ({"cluster_name": "my cluster"}, "galera_cluster_name is 'my cluster': use up to 32 letters, digits, _ and -."),
    ({"databases": ["a b"]}, "galera_databases has 'a b': use up to 64 letters, digits, _ $ and -."),
    ({"host_groups": ["galera", "mysql_replication"]},
     "it is in group 'galera' and in 'mysql_replication', both would be its database server: take it out of one."),
])
def test_each_sentence(changes, sentence):
    assert "galera1: " + sentence in problems("galera1", values(**changes))


def test_rsync_needs_no_password():
    assert problems("galera1", values(sst_method="rsync", sst_password=None)) == []


def test_a_host_in_no_cluster():
    assert problems("web1", VALUES) == [
        "web1: galera_group is 'galera' and galera_arbitrator_group 'galera_arbitrator', it is in neither: name the group of its cluster."]
    assert problems("galera4", values(host_groups=["galera", "galera_leaving"])) == []


def test_the_same_for_two_clusters():
    other = values(group="stock", members=["galera3", "galera4", "galera5"], cluster_name="stock", address="198.18.0.44")
    assert clashes(claims("galera1", VALUES) + claims("galera4", other)) == [
        "galera3: it is a member of two clusters (one of them is 'stock'): take it out of one group."]
    other = values(group="stock", members=["galera4", "galera5", "galera6"], address="198.18.0.44")
    assert clashes(claims("galera1", VALUES) + claims("galera4", other)) == [
        "galera4: galera_cluster_name is 'galera', which another cluster has: give each its own."]
    other = values(address="198.18.0.41")
    assert clashes(claims("galera1", VALUES) + claims("galera2", other)) == [
        "galera2: galera_address is 198.18.0.41, which another host has: give each its own."]


def test_no_secret_is_told():
    told = " ".join(problems("galera1", values(sst_password="hush hush hush hush", users=[{"name": "root"}])))
    assert "hush" not in told

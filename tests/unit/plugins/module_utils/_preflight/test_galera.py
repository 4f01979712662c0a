from __future__ import annotations

import copy

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes
from ansible_collections.failover.stack.plugins.module_utils._preflight.galera import claims, problems

VALUES = {
    "galera_group": "galera", "galera_arbitrator_group": "galera_arbitrator", "galera_leaving_group": "galera_leaving",
    "galera_members": ["galera1", "galera2", "galera3"], "galera_arbitrators": [], "galera_host_groups": ["galera"],
    "galera_excluded_groups": ["mysql_replication"], "galera_address": "198.18.0.41", "galera_bind_address": "198.18.0.41",
    "galera_more_addresses": [],
    "galera_member_addresses": {"galera1": "198.18.0.41", "galera2": "198.18.0.42", "galera3": "198.18.0.43"},
    "galera_cluster_name": "galera", "galera_port": 3306, "galera_group_port": 4567, "galera_ist_port": 4568, "galera_sst_port": 4444,
    "galera_agent_port": 9200, "galera_sst_method": "mariabackup", "galera_sst_user": "galera_sst",
    "galera_sst_password": "correct-horse-battery", "galera_users": [{"name": "shop", "hosts": ["%"]}],
    "galera_user_passwords": {"shop": "another-horse"}, "galera_databases": ["shop"], "galera_gcache_size_mb": 512,
    "galera_buffer_pool_mb": 256, "galera_max_connections": 300, "galera_applier_threads": 2, "galera_flow_control_limit": 64,
    "galera_sync_wait": 0, "galera_suspect_timeout_ms": 1000, "galera_inactive_timeout_ms": 3000, "galera_keepalive_ms": 300,
    "galera_inactive_check_ms": 200, "galera_tls_days": 3650, "galera_agent_timeout_ms": 500, "galera_verify_s": 60,
    "galera_join_s": 600, "galera_segment": 0, "galera_settings": {}, "galera_provider_options": {},
    "galera_collation": "",
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
    assert problems("arbiter", values(members=[], arbitrators=["arbiter"], member_addresses={})) == [
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
    ({"address": "galera1.example.test"},
     "galera_address is 'galera1.example.test', which is no address: give one of this host's, ansible_host is the default."),
    ({"address": "2001:db8::41"},
     "galera_address is 2001:db8::41, and member galera2 has 198.18.0.42: members reach each other by IPv4 or by IPv6, give all of them "
     "addresses of one family (clients may have both, see galera_bind_address)."),
    ({"member_addresses": {"galera1": "198.18.0.41", "galera2": "198.18.0.41"}},
     "galera_address is 198.18.0.41, which member galera2 has, too: give each its own."),
    ({"member_addresses": {"galera1": "198.18.0.41", "galera2": "db2.prod.example"}},
     "member galera2 has the address 'db2.prod.example', which is none: set its ansible_host or galera_address."),
    ({"agent_port": 80}, "galera_agent_port is 80: give 1024 to 65535, lower ones only root may listen on, and none of these servers "
     "is root."),
    ({"segment": 256}, "galera_segment is 256: give 0 to 255."),
    ({"settings": {"innodb-buffer-pool-size": "1G"}},
     "galera_settings.innodb-buffer-pool-size: the role sets it, set galera_buffer_pool_mb instead."),
    ({"settings": {"collation-server": "utf8mb4_bin"}},
     "galera_settings.collation-server: the role sets it, set galera_collation instead."),
    ({"collation": "latin1_swedish_ci"},
     "galera_collation is latin1_swedish_ci, which is none of character set utf8mb4: choose one that begins with utf8mb4_, such as "
     "utf8mb4_general_ci."),
    ({"collation": "utf8mb4_bin", "settings": {"character-set-server": "latin1"}},
     "galera_collation is utf8mb4_bin, which is none of character set latin1: choose one that begins with latin1_, such as "
     "latin1_general_ci."),
    ({"settings": {"replicate_do_db": ["shop", "crm"]}},
     "galera_settings.replicate_do_db: every member must have the same rows, take it out."),
    ({"settings": {"sql_mode": ["ANSI"]}},
     "galera_settings.sql_mode is a list: give one value, as text with commas where the variable takes several."),
    ({"settings": {"performance_schema": {"on": True}}}, "galera_settings.performance_schema is a dictionary: give one value."),
    ({"settings": {"binlog-do-d": "shop"}},
     "galera_settings.binlog-do-d (it is binlog_do_db): every member must have the same rows, take it out."),
    ({"settings": {"plugin_load": "server_audit"}},
     "galera_settings.plugin_load: it would take the place of what other lines load, write plugin_load_add."),
    ({"databases": [{"name": "shop", "charset": "latin1"}]},
     "galera_databases[0] has charset: write name, character_set and collation, nothing else."),
    ({"address": "2001:DB8:0::41", "member_addresses": {}},
     "galera_address is 2001:DB8:0::41: write it as the server sees it, 2001:db8::41."),
    ({"address": "fe80::41", "member_addresses": {}},
     "galera_address is fe80::41, which means something on one link only: give an address that all members can reach."),
    ({"settings": {"two words": 1}}, "galera_settings has the name 'two words': write a server variable."),
    ({"provider_options": {"gcache.size": "1G"}},
     "galera_provider_options has gcache.size: the role sets it, set galera_gcache_size_mb instead."),
    ({"provider_options": {"gcs.fc_factor": "1;pc.weight=9"}},
     "galera_provider_options has gcs.fc_factor, whose value is none: give a word or a number."),
    ({"users": [{"name": "shop", "hosts": ["app1.prod.example"]}]},
     "galera_users[0].hosts has 'app1.prod.example': the server resolves no names (skip_name_resolve), write localhost, addresses or "
     "patterns of addresses such as 198.51.100.%."),
    ({"member_addresses": {"galera1": "198.18.0.41", "galera2": ""}},
     "member galera2 has no address: set its ansible_host or galera_address."),
    ({"bind_address": "eth0"}, "galera_bind_address is 'eth0': give an address of this host or *."),
    ({"more_addresses": ["eth0"]}, "galera_more_addresses has 'eth0', which is no address: give one of this host's."),
    ({"more_addresses": ["::"]}, "galera_more_addresses has '::', which is no address: give one of this host's."),
    ({"bind_address": "*", "more_addresses": ["127.0.0.1"]},
     "galera_more_addresses has 127.0.0.1, where galera_bind_address (*) listens already: take it out."),
    ({"ist_port": 4567}, "galera_ist_port is 4567, which galera_group_port has: give each its own."),
    ({"port": 70000}, "galera_port is 70000: give 1024 to 65535, lower ones only root may listen on, and none of these servers is "
     "root."),
    ({"gcache_size_mb": 0}, "galera_gcache_size_mb is 0: give at least 1."),
    ({"sync_wait": 16}, "galera_sync_wait is 16: give 0 to 15."),
    ({"suspect_timeout_ms": 200}, "galera_suspect_timeout_ms is 200: below 300 every hiccup of the network drops a member, give more."),
    ({"inactive_timeout_ms": 500}, "galera_inactive_timeout_ms is 500, less than galera_suspect_timeout_ms 1000: give at least that."),
    ({"keepalive_ms": 400}, "galera_keepalive_ms is 400: give 100 to 333, a third of galera_suspect_timeout_ms."),
    ({"inactive_check_ms": 600}, "galera_inactive_check_ms is 600: give 50 to 500, half of galera_suspect_timeout_ms."),
    ({"sst_password": None}, "galera_sst_password is missing: set it (at least 12 characters), mariabackup needs it."),
    ({"sst_password": "short"}, "galera_sst_password has 5 characters: give at least 12."),
    ({"sst_password": "correct horse battery"}, "galera_sst_password has a quote, colon, blank, backslash or #: leave them out."),
    ({"old_passwords": {"galera_sst": "x", "root": "x"}},
     "galera_old_passwords has one for 'root', which is no account here (shop, galera_sst): correct the name, or leave it out."),
    ({"old_passwords": {"shop": "long-enough-for-the-shop"}, "user_passwords": {"shop": "long-enough-for-the-shop"}},
     "galera_old_passwords.shop is the same as its new one: give the one that it had so far, or leave it out to drop that."),
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


def test_members_have_one_collation():
    other = values(address="198.18.0.42", bind_address="198.18.0.42", collation="utf8mb4_bin")
    assert clashes(claims("galera1", VALUES) + claims("galera2", other)) == [
        "galera2: galera_collation is 'utf8mb4_bin', other members of 'galera' have another value: a cluster has one."]


def test_no_secret_is_told():
    told = " ".join(problems("galera1", values(sst_password="hush hush hush hush", users=[{"name": "root"}])))
    assert "hush" not in told


def test_members_with_ipv6_addresses_only():
    addresses = {"galera%d" % number: "2001:db8::4%d" % number for number in (1, 2, 3)}
    assert problems("galera1", values(address="2001:db8::41", bind_address="2001:db8::41", member_addresses=addresses)) == []
    # Clients by IPv4 and IPv6.
    assert problems("galera1", values(address="2001:db8::41", bind_address="*", member_addresses=addresses)) == []


def test_a_password_of_64_characters():
    assert problems("galera1", values(sst_password="0f1e2d3c4b5a69788796a5b4c3d2e1f0" * 2, user_passwords={"shop": "a1" * 32})) == []


def test_the_servers_own_settings_and_segments():
    assert problems("galera1", values(segment=2, sst_password="Correct-horse-7", user_passwords={"shop": "Another-horse-8"}, settings={
        "innodb_io_capacity": 2000, "plugin_load_add": ["server_audit", "simple_password_check"],
        "slow_query_log": True, "init_connect": "SET a = 'b # c'"}, provider_options={"gcs.fc_factor": 0.8})) == []


def test_hosts_of_accounts_without_names():
    places = ["localhost", "%", "10.0.0.%", "10.0.0.0/255.255.255.0", "2001:db8::%", "192.168._.1"]
    assert problems("galera1", values(users=[{"name": "shop", "hosts": places}])) == []


def test_privileges_of_accounts_are_read_before_anything_is_changed():
    users = [{"name": "shop", "hosts": ["%"], "databases": ["shop"], "subject": "/CN=shop", "privileges": {
        "PROCEDURE shop.report": "EXECUTE", "shop.*": "GRANT OPTION", "*.*": "READ ONLY ADMIN", "shop.orders": "SELECT (id, `na,me`)"}}]
    assert problems("galera1", values(users=users)) == []
    users[0].update(privileges={"shop": "SELECT"}, subject="CN=shop")
    assert problems("galera1", values(users=users)) == [
        "galera1: galera_users[0].privileges has the place 'shop': write database.table, database.*, *.*, PROCEDURE database.name or "
        "FUNCTION database.name.",
        "galera1: galera_users[0].subject is 'CN=shop': write it as the server compares it, such as /C=SE/O=Shop/CN=shop "
        "(openssl x509 -noout -subject -nameopt compat -in FILE)."]


def test_a_password_that_a_loaded_plugin_refuses_is_refused_here():
    given = values(settings={"plugin_load_add": ["simple_password_check"]}, sst_password="Correct-horse-7")
    assert problems("galera1", given) == [
        "galera1: galera_user_passwords.shop has 0 digits where 1 are demanded, 0 capital letters where 1 are demanded, and the settings "
        "load simple_password_check, which would refuse it: give another one."]

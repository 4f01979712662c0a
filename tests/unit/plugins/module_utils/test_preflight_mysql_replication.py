from __future__ import annotations

import copy

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight import clashes
from ansible_collections.failover.stack.plugins.module_utils._preflight_mysql_replication import claims, problems

PREFIX = "mysql_replication_"
VALUES = {
    "group": "mysql_replication", "members": ["db1", "db2", "db3"], "sources": ["db1", "db2"], "replicate_from": "", "flavour": "mariadb",
    "address": "198.18.0.31", "addresses": ["198.18.0.31", "198.18.0.32", "198.18.0.33"], "port": 3306, "server_id": 31,
    "gtid_domain_id": 1, "auto_increment_increment": 2, "auto_increment_offset": 1, "memory_percent": 50, "binlog_days": 7,
    "applier_threads": 4, "max_connections": 300, "heartbeat_s": 2, "net_timeout_s": 8, "connect_retry_s": 2, "certificate_days": 3650,
    "datadir": "/var/lib/mysql", "settings": {}, "semi_sync": True, "semi_sync_timeout_ms": 10000, "isolation_s": 3,
    "tls": True, "require_secure_transport": False, "user": "replication", "monitor_user": "monitor",
    "password": "correct-horse-battery", "monitor_password": "another-good-horse", "passwords": {"shop": "a-third-good-horse"},
    "users": [{"name": "shop", "databases": ["shop"]}], "writer_address": "198.18.0.102/24",
}


def values(**changes):
    result = copy.deepcopy(VALUES)
    result.update(changes)
    return {PREFIX + name: value for name, value in result.items()}


def second(**changes):
    return values(**dict({"address": "198.18.0.32", "server_id": 32, "gtid_domain_id": 2, "auto_increment_offset": 2}, **changes))


def test_a_sane_cluster_has_no_problems():
    assert problems("db1", values()) == []
    assert problems("db2", second()) == []
    assert clashes(claims("db1", values()) + claims("db2", second())) == []


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"group": "other", "members": ["db8"], "sources": ["db8"]},
     "mysql_replication_group is 'other', which this host is no member of: name the group that is its cluster."),
    ({"sources": []}, "mysql_replication_sources is empty: name the member that takes the writes."),
    ({"sources": ["db1", "db2", "db3"], "auto_increment_increment": 3},
     "mysql_replication_sources has 3 names (db1, db2, db3): one source, or two that replicate each other."),
    ({"sources": ["db9"]},
     "mysql_replication_sources names 'db9', which is not in group 'mysql_replication' (db1, db2, db3): correct the name or add the host."),
    ({"sources": ["db2"], "replicate_from": "db9"},
     "mysql_replication_replicate_from is 'db9', which is not in this host's cluster, group 'mysql_replication' (db1, db2, db3): a replica "
     "follows a member of its own cluster."),
    ({"sources": ["db2"], "replicate_from": "db1"},
     "mysql_replication_replicate_from is 'db1', the host itself: name another member or leave it out."),
    ({"replicate_from": "db2"},
     "mysql_replication_replicate_from is 'db2', but this host is one of mysql_replication_sources (db1, db2): leave it out, or take the "
     "host "
     "out of the sources."),
    ({"server_id": 0, "address": "db1.example"},
     "mysql_replication_server_id is 0: set a number from 1 to 4294967295 (it is derived from mysql_replication_address, 'db1.example', "
     "only "
     "where that is an IPv4 address)."),
    ({"port": 99999}, "mysql_replication_port is 99999: set a number from 1 to 65535."),
    ({"certificate_days": 30}, "mysql_replication_certificate_days is 30: set a number from 60 to 36500."),
    ({"net_timeout_s": 3},
     "mysql_replication_net_timeout_s is 3 with a heartbeat every 2 s: a replica would leave a living source, set at least 4."),
    ({"datadir": "data"}, "mysql_replication_datadir is 'data': give an absolute path of a directory."),
    ({"datadir": "/home/mysql"},
     "mysql_replication_datadir is /home/mysql: the server's unit may not write beneath /home, choose another place, for example "
     "/srv/mysql."),
    ({"settings": {"log-bin": "x"}},
     "mysql_replication_settings sets log-bin: a member without a binary log can be nobody's source, take it out."),
    ({"settings": {"skip_log_bin": ""}},
     "mysql_replication_settings sets skip_log_bin: a member without a binary log can be nobody's source, take it out."),
    ({"settings": {"gtid_mode": "OFF"}}, "mysql_replication_settings sets gtid_mode: positions are GTIDs here, take it out."),
    ({"settings": {"max_connections": 5}},
     "mysql_replication_settings sets max_connections: set mysql_replication_max_connections instead."),
    ({"auto_increment_increment": 1},
     "mysql_replication_auto_increment_increment is 1 with two sources (db1, db2): both would give out the same numbers, set at least 2."),
    ({"auto_increment_offset": 3},
     "mysql_replication_auto_increment_offset is 3, more than auto_increment_increment, 2: the server would ignore it."),
    ({"tls": False, "require_secure_transport": True},
     "mysql_replication_require_secure_transport is true, but mysql_replication_tls is false: nobody could connect, set "
     "mysql_replication_tls to true."),
    ({"password": None}, "mysql_replication_password is missing: set it, 12 to 32 characters."),
    ({"monitor_password": "short"}, "mysql_replication_monitor_password has 5 characters: use 12 to 32."),
    ({"passwords": {}}, "mysql_replication_passwords has none for 'shop' (mysql_replication_users[0]): name it there."),
    ({"users": [{"name": "monitor"}], "passwords": {"monitor": "x"}},
     "mysql_replication_users[0].name is 'monitor', which is mysql_replication_monitor_user: choose another name."),
    ({"users": [{"name": "shop", "privileges": {"*.*": "ALL"}}]},
     "mysql_replication_users[0].privileges['*.*'] is 'ALL', which makes an administrator: name the privileges it needs."),
    ({"writer_address": "198.18.0.102"},
     "mysql_replication_writer_address is '198.18.0.102': write an IPv4 address with its prefix length, such as 198.51.100.2/24."),
    ({"writer_address": "198.18.0.32/24"},
     "mysql_replication_writer_address is 198.18.0.32, which is a member's own address: choose a free one."),
    ({"writer_address": "198.18.9.102/24"},
     "mysql_replication_writer_address is 198.18.9.102/24, but this host's mysql_replication_address, 198.18.0.31, is not in that network: "
     "correct address or prefix length."),
    ({"isolation_s": 10},
     "mysql_replication_isolation_s is 10, not shorter than semi_sync_timeout_ms, 10000: a writer that is cut off would acknowledge rows "
     "that "
     "nobody else has."),
])
def test_each_contradiction_is_one_sentence(changes, sentence):
    assert problems("db1", values(**changes)) == ["db1: " + sentence]


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"server_id": 31}, "db2: mysql_replication_server_id is 31, which another server has: give each its own."),
    ({"auto_increment_offset": 1}, "db2: mysql_replication_auto_increment_offset is 1, which the other source has: give each its own."),
    ({"gtid_domain_id": 1}, "db2: mysql_replication_gtid_domain_id is 1, which the other source has: give each its own."),
    ({"flavour": "mysql"},
     "db2: mysql_replication_flavour is mysql, other members of group 'mysql_replication' have another value: a cluster has one."),
    ({"sources": ["db2"]},
     "db2: mysql_replication_sources is db2, other members of group 'mysql_replication' have another value: a cluster has one."),
])
def test_members_that_contradict_each_other(changes, sentence):
    assert clashes(claims("db1", values()) + claims("db2", second(**changes))) == [sentence]


def test_two_clusters_cannot_share_a_writer_address():
    other = values(group="other", members=["db7"], sources=["db7"], address="198.18.0.37", server_id=37)
    assert clashes(claims("db1", values()) + claims("db7", other)) == [
        "db7: mysql_replication_writer_address is 198.18.0.102, which somebody else has: choose a free one."]


def test_no_secret_is_told():
    told = " ".join(problems("db1", values(password="sécret-with-accents", monitor_password="short", passwords={"shop": ""})))
    assert "accents" not in told and "short" not in told.replace("not shorter", "")

from __future__ import annotations

import copy

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes
from ansible_collections.failover.stack.plugins.module_utils._preflight.mysql_replication import claims, problems

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
    ({"backup_recipients": ["age1" + "q" * 58]},
     "mysql_replication_backup_recipients has keys, but only a copy on the controller is encrypted, and mysql_replication_backup_fetch is "
     "empty: name a directory there, or take the keys out."),
    ({"backup_fetch": "/srv/backups", "backup_recipients": ["AGE-SECRET-KEY-1QQQ"]},
     "mysql_replication_backup_recipients[0] is no public key of age or SSH: write age1..., ssh-ed25519 ... or ssh-rsa ..., as in a "
     ".pub file."),
    ({"backup_fetch": "/srv/backups", "backup_compress": "none"},
     "mysql_replication_backup_fetch is '/srv/backups' and mysql_replication_backup_compress is none: one file is fetched, and that is "
     "a directory of many; set mysql_replication_backup_compress to zstd, or leave mysql_replication_backup_fetch empty."),
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
    ({"server_id": 0, "address": "2001:db8::31", "addresses": ["2001:db8::31", "2001:db8::32", "2001:db8::33"],
      "writer_address": "2001:db8::102/64"},
     "mysql_replication_server_id is 0: set a number from 1 to 4294967295 (it is derived from mysql_replication_address, '2001:db8::31', "
     "only where that is an IPv4 address)."),
    ({"port": 99999}, "mysql_replication_port is 99999: set a number from 1024 to 65535."),
    ({"certificate_days": 30}, "mysql_replication_certificate_days is 30: set a number from 60 to 36500."),
    ({"net_timeout_s": 3},
     "mysql_replication_net_timeout_s is 3 with a heartbeat every 2 s: a replica would leave a living source, set at least 4."),
    ({"datadir": "data"}, "mysql_replication_datadir is 'data': give an absolute path of a directory."),
    ({"datadir": "/home/mysql"},
     "mysql_replication_datadir is /home/mysql: the server's unit may not write beneath /home, choose another place, for example "
     "/srv/mysql."),
    ({"binlog_directory": "/home/binlog"},
     "mysql_replication_binlog_directory is /home/binlog: the server's unit may not write beneath /home, choose another place, for example "
     "/srv/binlog."),
    ({"binlog_directory": "/var/lib/mysql/log/"},
     "mysql_replication_binlog_directory is /var/lib/mysql/log, which is the data directory or inside of it: choose a directory beside it, "
     "or leave it out."),
    ({"settings": {"log-bin": "x"}},
     "mysql_replication_settings.log-bin: a member without a binary log can be nobody's source, take it out."),
    ({"settings": {"skip_log_bin": ""}},
     "mysql_replication_settings.skip_log_bin: a member without a binary log can be nobody's source, take it out."),
    ({"settings": {"gtid_mode": "OFF"}}, "mysql_replication_settings.gtid_mode: positions are GTIDs here, take it out."),
    ({"settings": {"max_connections": 5}},
     "mysql_replication_settings.max_connections: the role sets it, set mysql_replication_max_connections instead."),
    ({"settings": {"ENABLE-SLAVE_SKIP_ERRORS": "all"}},
     "mysql_replication_settings.ENABLE-SLAVE_SKIP_ERRORS: with errors skipped members differ and nobody notices, take it out."),
    ({"settings": {"loose_skip-log-replica-updates": True}},
     "mysql_replication_settings.loose_skip-log-replica-updates: a member must pass on what it received, take it out."),
    ({"settings": {"binlog_do_d": "shop"}},
     "mysql_replication_settings.binlog_do_d (it is binlog_do_db): what is not in the binary log no replica gets, and a failover would "
     "promote one without it, keep such databases on a server of their own, or leave them out at one replica by replicate_ignore_db."),
    ({"settings": {"wsrep_on": "ON"}},
     "mysql_replication_settings.wsrep_on: this cluster replicates by binary logs, Galera is role galera, take it out."),
    ({"settings": {"innodb_flush_method": "nosync"}},
     "mysql_replication_settings.innodb_flush_method is 'nosync': what is not synced is lost with the machine, write fsync or O_DIRECT."),
    ({"settings": {"replicate_do_db": ["shop"]}},
     "mysql_replication_settings.replicate_do_db: this host is one of mysql_replication_sources, who must have everything: give filters to "
     "single replicas, in their host variables."),
    ({"sources": ["db2"], "settings": {"replicate_ignore_db": "a,b"}},
     "mysql_replication_settings.replicate_ignore_db is 'a,b', which the server takes for one name with a comma in it: write a list."),
    ({"sources": ["db2"], "settings": {"replicate_ignore_db": ["a"]}, "registered": {"db3": {"mysql_replication_replicate_from": "db1"}}},
     "mysql_replication_settings.replicate_ignore_db: db3 replicates from this host and would lack the same: let it "
     "replicate from a member "
     "without filters."),
    ({"settings": {"sql_mode": ["ANSI"]}},
     "mysql_replication_settings.sql_mode is a list: give one value, as text with commas where the variable takes several."),
    ({"settings": {"sql_mode": {"a": 1}}}, "mysql_replication_settings.sql_mode is a dictionary: give one value."),
    ({"settings": {"sql_mode": None}}, "mysql_replication_settings.sql_mode is empty: give one value."),
    ({"settings": {"plugin_load_add": []}},
     "mysql_replication_settings.plugin_load_add is an empty list: take it out, or name what it is to have."),
    ({"settings": {"plugin_load_add": [["a"]]}}, "mysql_replication_settings.plugin_load_add has parts that are empty, lists or "
     "dictionaries: give a list of texts."),
    ({"address": "db1.prod.example"},
     "mysql_replication_address is 'db1.prod.example', which is no address: give one of this host's, ansible_host is the default."),
    ({"addresses": ["198.18.0.31", "198.18.0.32", "db3.prod.example"]},
     "member db3 has the address 'db3.prod.example', which is none: set its ansible_host or mysql_replication_address."),
    ({"addresses": ["198.18.0.31", "198.18.0.32", "2001:db8::33"]},
     "mysql_replication_address is 198.18.0.31, and member db3 has 2001:db8::33: members reach each other by IPv4 or by IPv6, give all of "
     "them addresses of one family (clients may have both, see mysql_replication_bind_address)."),
    ({"bind_address": "198.18.0.31"},
     "mysql_replication_bind_address is 198.18.0.31, without mysql_replication_writer_address (198.18.0.102): leave it empty, then the "
     "server listens there, too, or add it."),
    ({"bind_address": "198.18.0.102,127.0.0.1"},
     "mysql_replication_bind_address is 198.18.0.102,127.0.0.1, without mysql_replication_address (198.18.0.31): leave it empty, then the "
     "server listens there, too, or add it."),
    ({"bind_address": "198.18.0.31,*"},
     "mysql_replication_bind_address is 198.18.0.31,*, and everywhere is not beside other addresses: write it alone."),
    ({"bind_address": "*", "more_addresses": ["192.0.2.31"]},
     "mysql_replication_bind_address is *, beside which mysql_replication_more_addresses (192.0.2.31) counts for nothing: leave one of "
     "them empty."),
    ({"more_addresses": ["db1.example"]},
     "mysql_replication_more_addresses has 'db1.example', which is no address: give one of this host's."),
    ({"more_addresses": ["0.0.0.0"]},
     "mysql_replication_more_addresses has '0.0.0.0', which is no address: give one of this host's."),
    ({"witnesses": ["gateway.example"]},
     "mysql_replication_witnesses has 'gateway.example', which is no address: give one on the writer address's network."),
    ({"witnesses": ["2001:db8::1"]},
     "mysql_replication_witnesses has 2001:db8::1, and this host's mysql_replication_address is 198.18.0.31: give one of the same family."),
    ({"account_hosts": ["198.18.0.31", "db2.example"]},
     "mysql_replication_account_hosts has 'db2.example': the server resolves no names (skip_name_resolve), write localhost, addresses or "
     "patterns of addresses such as 198.51.100.%."),
    ({"users": [{"name": "shop", "host": "app1.prod.example"}]},
     "mysql_replication_users[0].host has 'app1.prod.example': the server resolves no names (skip_name_resolve), "
     "write localhost, addresses "
     "or patterns of addresses such as 198.51.100.%."),
    ({"users": [{"name": "shop", "host": "2001:DB8::5"}]},
     "mysql_replication_users[0].host has 2001:DB8::5: write it as the server sees it, 2001:db8::5."),
    ({"seed_port": 3306}, "mysql_replication_seed_port is 3306, the server's own port: choose another one."),
    ({"registered": {"db2": {"mysql_replication_server_id": "31"}}},
     "mysql_replication_server_id is 31, which member db2 has, too: give each its own."),
    ({"server_id": 3323068448}, "mysql_replication_server_id is 3323068448, which member db2 has, too: give each its own."),
    ({"server_id": 4294967296},
     "mysql_replication_server_id is 4294967296: set a number from 1 to 4294967295 (it is derived from mysql_replication_address, "
     "'198.18.0.31', only where that is an IPv4 address)."),
    ({"user": "r" * 33, "flavour": "mysql"},
     "mysql_replication_user is '%s': use letters, digits and . _ - only, 32 at most." % ("r" * 33)),
    ({"users": [{"name": "s" * 129}], "passwords": {"s" * 129: "a-third-good-horse"}},
     "mysql_replication_users[0].name is '%s': use letters, digits and . _ - only, 128 at most." % ("s" * 129)),
    ({"users": [{"name": "shop", "host": "%" * 256}]},
     "mysql_replication_users[0].host has one of 256 characters: 255 is the most that an account's host may have."),
    ({"databases": ["d" * 65]}, "mysql_replication_databases has '%s': use up to 64 letters, digits, _ $ and -." % ("d" * 65)),
    ({"databases": ["mysql"]}, "mysql_replication_databases has 'mysql', which is the server's own: choose another name."),
    ({"databases": ["shop", {"name": "shop"}]}, "mysql_replication_databases has 'shop' twice: name it once."),
    ({"databases": [["shop"]]}, "mysql_replication_databases[0] is no name: write one, or {name: shop, character_set: utf8mb4, collation: "
     "utf8mb4_bin}."),
    ({"databases": [{"name": "shop", "encoding": "utf8mb4"}]},
     "mysql_replication_databases[0] has encoding: write name, character_set and collation, nothing else."),
    ({"databases": [{"name": "shop", "character_set": "latin1", "collation": "utf8mb4_bin"}]},
     "mysql_replication_databases[0].collation is 'utf8mb4_bin', which is none of character set latin1: leave character_set out, or choose "
     "another one."),
    ({"writer_address": "2001:DB8::102/64", "address": "2001:db8::31", "addresses": ["2001:db8::31", "2001:db8::32", "2001:db8::33"]},
     "mysql_replication_writer_address is 2001:DB8::102: write it as the server sees it, 2001:db8::102."),
    ({"bind_address": "0.0.0.0", "writer_address": "2001:db8::102/64", "address": "2001:db8::31",
      "addresses": ["2001:db8::31", "2001:db8::32", "2001:db8::33"]},
     "mysql_replication_bind_address is 0.0.0.0, and 2001:db8::31 is an IPv6 address: write *."),
    ({"auto_increment_increment": 1},
     "mysql_replication_auto_increment_increment is 1 with two sources (db1, db2): both would give out the same numbers, set at least 2."),
    ({"auto_increment_offset": 3},
     "mysql_replication_auto_increment_offset is 3, more than auto_increment_increment, 2: the server would ignore it."),
    ({"tls": False, "require_secure_transport": True},
     "mysql_replication_require_secure_transport is true, but mysql_replication_tls is false: nobody could connect, set "
     "mysql_replication_tls to true."),
    ({"password": None}, "mysql_replication_password is missing: set it, 12 to 96 characters."),
    ({"monitor_password": "short"}, "mysql_replication_monitor_password has 5 characters: use 12 to 256."),
    ({"old_passwords": {"shpo": "a-former-good-horse"}},
     "mysql_replication_old_passwords has one for 'shpo', which is no account here (replication, monitor, shop): correct the name, or "
     "leave it out."),
    ({"old_passwords": {"shop": "a-third-good-horse"}},
     "mysql_replication_old_passwords.shop is the same as its new one: give the one that it had so far, or leave it out to drop that."),
    ({"password": "x" * 97}, "mysql_replication_password has 97 characters: use 12 to 96."),
    ({"flavour": "mysql", "password": "x" * 33}, "mysql_replication_password has 33 characters: use 12 to 32."),
    ({"flavour": "mysql", "passwords": {"shop": "x" * 257}},
     "mysql_replication_passwords.shop has 257 bytes: the server takes 256 at most."),
    ({"settings": {"plugin_load_add": "simple_password_check"}, "password": "Correct-horse-7", "monitor_password": "Another-horse-8"},
     "mysql_replication_passwords.shop has 0 digits where 1 are demanded, 0 capital letters where 1 are demanded, and the settings load "
     "simple_password_check, which would refuse it: give another one."),
    ({"settings": {"slave_connections_needed_for_purge": 1}},
     "mysql_replication_settings.slave_connections_needed_for_purge: with more than 0 the last member's binary logs are never "
     "removed, take it out."),
    ({"settings": {"character_set_collations": "utf8mb4=utf8mb4_bin"}},
     "mysql_replication_settings.character_set_collations: the role sets it, set mysql_replication_collation instead."),
    ({"collation": "uca1400_ai_ci"},
     "mysql_replication_collation is uca1400_ai_ci, which is none of character set utf8mb4: choose one that begins with utf8mb4_, such as "
     "utf8mb4_general_ci."),
    ({"settings": {"max_binlog_total_size": "9G"}},
     "mysql_replication_settings.max_binlog_total_size: the role sets it, set mysql_replication_binlog_total_mb instead."),
    ({"binlog_total_mb": 9}, "mysql_replication_binlog_total_mb is 9: set at least 64, or 0 for binlog_disk_percent."),
    ({"binlog_disk_percent": 100}, "mysql_replication_binlog_disk_percent is 100: set a number from 1 to 90."),
    ({"passwords": {}}, "mysql_replication_passwords has none for 'shop' (mysql_replication_users[0]): name it there."),
    ({"users": [{"name": "monitor"}], "passwords": {"monitor": "x"}},
     "mysql_replication_users[0].name is 'monitor', which is mysql_replication_monitor_user: choose another name."),
    ({"users": [{"name": "shop", "privileges": {"*.*": "ALL"}}]},
     "mysql_replication_users[0].privileges['*.*'] has ALL PRIVILEGES: 'shop' would write on replicas, too, though they are read-only; "
     "name the privileges it needs, or the account in mysql_replication_administrators."),
    ({"users": [{"name": "shop", "privileges": {"shop": "SELECT"}}]},
     "mysql_replication_users[0].privileges has the place 'shop': write database.table, database.*, *.*, PROCEDURE database.name or "
     "FUNCTION database.name."),
    ({"users": [{"name": "shop", "privileges": {"shop.*": "SELECT; DROP"}}]},
     "mysql_replication_users[0].privileges['shop.*'] is 'SELECT; DROP': write privileges, separated by commas, columns in parentheses."),
    ({"users": [{"name": "shop", "privileges": {"shop.*": "PROCESS"}}]},
     "mysql_replication_users[0].privileges['shop.*'] has PROCESS, which the server does not grant there: such privileges hold for *.*."),
    ({"users": [{"name": "shop", "privileges": {"PROCEDURE shop.report": "SELECT"}}]},
     "mysql_replication_users[0].privileges['PROCEDURE shop.report'] has SELECT, which the server does not grant there."),
    ({"users": [{"name": "shop", "privileges": {"shop.*": "SELECT (id)"}}]},
     "mysql_replication_users[0].privileges['shop.*'] has SELECT of columns: only SELECT, INSERT, UPDATE and REFERENCES of one table, such "
     "as shop.orders, have columns."),
    ({"users": [{"name": "shop", "subject": "/CN=shop"}], "tls": False},
     "mysql_replication_users[0]: 'shop' must come with TLS (subject), but mysql_replication_tls is false: set that to true."),
    ({"users": [{"name": "shop", "issuer": "CN=ca"}]},
     "mysql_replication_users[0].issuer is 'CN=ca': write it as the server compares it, such as /C=SE/O=Shop/CN=shop "
     "(openssl x509 -noout -issuer -nameopt compat -in FILE)."),
    ({"writer_address": "198.18.0.102"},
     "mysql_replication_writer_address is '198.18.0.102': write an address with its prefix length, such as 198.51.100.2/24 or "
     "2001:db8::2/64."),
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


def test_old_passwords_of_all_accounts_are_taken():
    old = dict.fromkeys(["replication", "monitor", "shop"], "a-former-good-horse")
    assert problems("db1", values(old_passwords=old)) == [] == problems("db1", values(old_passwords=None))


def test_no_secret_is_told():
    told = " ".join(problems("db1", values(password="sécret-with-accents", monitor_password="short", passwords={"shop": ""})))
    assert "accents" not in told and "short" not in told.replace("not shorter", "")


def test_members_with_ipv6_addresses_only():
    addresses = ["2001:db8::31", "2001:db8::32", "2001:db8::33"]
    assert problems("db1", values(address=addresses[0], addresses=addresses, writer_address="2001:db8::102/64")) == []


@pytest.mark.parametrize("bind", ["", "*", "::", "0.0.0.0", "198.18.0.31,198.18.0.102", "198.18.0.31, 198.18.0.102, 2001:db8::31"])
def test_clients_by_both_families(bind):
    assert problems("db1", values(bind_address=bind)) == []


def test_filters_at_one_replica_and_whatever_the_server_has_besides():
    settings = {"replicate_do_db": ["shop", "crm"], "replicate_wild_ignore_table": ["scratch.%", "tmp\\_%.%"], "innodb_io_capacity": 2000,
                "plugin_load_add": ["server_audit"], "init_connect": "SET a = 'b # c'", "slow_launch_time": 2, "log_slow_verbosity": "full"}
    assert problems("db3", values(sources=["db1"], address="198.18.0.33", settings=settings)) == []


def test_mysql_reads_its_state_from_the_performance_schema():
    assert problems("db1", values(settings={"performance_schema": "OFF"})) == []
    assert problems("db1", values(settings={"performance_schema": "OFF"}, flavour="mysql")) == [
        "db1: mysql_replication_settings.performance_schema: the state of replication is read from it, take it out."]


@pytest.mark.parametrize("flavour, privilege", [
    ("mariadb", "READ ONLY ADMIN, PROCESS"), ("mariadb", "Read_Only Admin"), ("mariadb", "ALL"), ("mysql", "SYSTEM_VARIABLES_ADMIN"),
    ("mysql", "super"), ("mysql", "SELECT, GRANT OPTION")])
def test_an_application_that_would_write_on_replicas_is_refused_unless_it_is_named(flavour, privilege):
    given = values(flavour=flavour, password="correct-horse-battery", users=[{"name": "shop", "privileges": {"*.*": privilege}}])
    [sentence] = problems("db1", given)
    assert "'shop' would write on replicas, too" in sentence and sentence.endswith("or the account in mysql_replication_administrators.")
    assert problems("db1", dict(given, mysql_replication_administrators=["shop"])) == []


@pytest.mark.parametrize("flavour, privilege", [("mysql", "CONNECTION_ADMIN, PROCESS"), ("mariadb", "CONNECTION ADMIN, BINLOG REPLAY")])
def test_privileges_that_do_not_pass_read_only_are_taken(flavour, privilege):
    """Tried: on MySQL 9.7 CONNECTION_ADMIN is stopped by super_read_only, with which every member starts."""
    assert problems("db1", values(flavour=flavour, users=[{"name": "shop", "privileges": {"*.*": privilege}}])) == []


def test_a_routine_and_the_right_to_pass_a_database_on_are_taken():
    users = [{"name": "shop", "host": "10.0.0.%", "databases": ["shop"], "privileges": {
        "PROCEDURE shop.report": "EXECUTE", "FUNCTION shop.rate": "EXECUTE", "shop.*": "GRANT OPTION",
        "shop.orders": "SELECT (id, `na,me`), update(id)"}, "x509": True, "subject": "/CN=shop"}]
    assert problems("db1", values(users=users)) == []


@pytest.mark.parametrize("flavour, length", [("mariadb", 64), ("mariadb", 96), ("mysql", 32)])
def test_passwords_as_long_as_the_server_takes_them_for_replication(flavour, length):
    """openssl rand -hex 32 has 64 characters."""
    assert problems("db1", values(flavour=flavour, password="0" * length, monitor_password="1" * 64)) == []


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"sources": ["db1"], "auto_increment_increment": 1},
     "mysql_replication_failover is mmm and mysql_replication_sources has db1: name two that replicate each other, MMM moves the "
     "writer's part "
     "between them."),
    ({"bind_address": "198.18.0.31,198.18.0.102"},
     "mysql_replication_bind_address is 198.18.0.31,198.18.0.102, and failover is mmm, whose addresses of readers come and go: leave it "
     "empty or write *."),
    ({"semi_sync": False}, "mysql_replication_failover is mmm and mysql_replication_semi_sync is false: a row that only the writer has "
                           "would be "
                           "lost with it, leave it out.")])
def test_what_mmm_needs(changes, sentence):
    assert problems("db1", values(failover="mmm")) == []
    assert problems("db1", values(failover="mmm", **changes)) == ["db1: " + sentence]


def test_mmm_knows_no_chains():
    (sentence,) = problems("db3", values(failover="mmm", replicate_from="db2", address="198.18.0.33", server_id=33))
    assert sentence == ("db3: mysql_replication_failover is mmm and mysql_replication_replicate_from is 'db2': MMM turns every replica "
                        "to the "
                        "writer, leave it out.")


AUTOMATIC = {"failover": "automatic", "sources": ["db1"], "etcd_addresses": ["198.18.0.61"], "etcd_group": "etcd", "lease_ttl_s": 5,
             "gtid_domain_id": 1, "auto_increment_increment": 1}
WHERE = "mysql_replication_failover is automatic"


def automatic(**changes):
    return [one for one in problems("db1", values(**{**AUTOMATIC, **changes})) if "automatic" in one or "lease" in one]


@pytest.mark.parametrize("changes, sentence", [
    ({}, None), ({"lease_ttl_s": 2}, None), ({"lease_ttl_s": 60}, None), ({"etcd_user": "mysql", "etcd_password": "secret"}, None),
    # Led by hand none of it matters.
    ({"failover": "manual", "sources": ["db1", "db2"], "semi_sync": False, "etcd_addresses": [], "lease_ttl_s": 0}, None),
    ({"sources": ["db1", "db2"]}, WHERE + " and mysql_replication_sources has 2 names: name one, whoever follows it can take over."),
    ({"replicate_from": "db2"}, WHERE + " and mysql_replication_replicate_from is 'db2': every member follows the writer, leave it out."),
    ({"members": ["db1"]}, WHERE + " and group 'mysql_replication' has one member: nobody could take over, add others."),
    ({"semi_sync": False}, WHERE + " and mysql_replication_semi_sync is false: a row that only the writer has would be lost with it, leave "
     "it out."),
    ({"etcd_addresses": []}, WHERE + " and group 'etcd' has no hosts: put three into it, or name an etcd cluster's members in "
     "mysql_replication_etcd_addresses."),
    ({"etcd_user": "mysql"}, WHERE + " and mysql_replication_etcd_password is empty: set the password of etcd's user mysql."),
    ({"lease_ttl_s": 1}, "mysql_replication_lease_ttl_s is 1: set a number from 2 to 60."),
    ({"lease_ttl_s": 61}, "mysql_replication_lease_ttl_s is 61: set a number from 2 to 60."),
])
def test_a_cluster_that_decides_itself_needs_somebody_who_may_decide(changes, sentence):
    found = [one.partition(": ")[2] for one in automatic(**changes)]
    assert (sentence in found) if sentence else found == []


@pytest.mark.parametrize("changes, sentence", [
    ({"sources": ["db1", "db1"]}, "mysql_replication_sources names db1 twice: name each once."),
    ({"user": "repl", "monitor_user": "repl"}, "mysql_replication_user and mysql_replication_monitor_user are both 'repl': give each its "
     "own name, their privileges differ."),
    ({"writer_address": "198.18.0.102"}, "mysql_replication_writer_address is '198.18.0.102': write an address with its prefix length, "
     "such as 198.51.100.2/24 or 2001:db8::2/64."),
    ({"writer_address": "writer/24"}, "mysql_replication_writer_address is 'writer/24': write an address with its prefix length, such as "
     "198.51.100.2/24 or 2001:db8::2/64."),
])
def test_names_and_addresses_that_cannot_be(changes, sentence):
    assert "db1: " + sentence in problems("db1", values(**changes))

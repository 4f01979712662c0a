from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import server

OWN = {"unit": "mariadb.service", "config": "/etc/mysql/x.cnf", "masked": ["mariadb.socket"]}
CONTENTS = {"_contents." + name: name for name in (
    "server", "dropin", "initialise", "agent", "agent_unit", "authority", "certificate", "key")}


HOST = {"memory_mb": 2000, "running": False, "databases_before": [], "datadir_before": "/var/lib/mysql", "datadir_differs": False,
        "datadir_real": "/var/lib/mysql", "initialised": True, "empty": False, "databases": [], "log_bin_before": {},
        "relay_log_before": {}}


def values(**more):
    return {
        "inventory_hostname": "db1", "ansible_check_mode": False, "ansible_play_batch": ["db1", "db2"], "members": ["db1", "db2"],
        "addresses": ["198.18.0.31", "198.18.0.32"], "address": "198.18.0.31", "writer_address": "198.18.0.102/24", "port": "3306",
        "bind_address": "", "more_addresses": [],
        "group": "dual", "socket": "/run/mysqld/mysqld.sock", "flavour": "mariadb", "tls": True, "datadir": "/var/lib/mysql",
        "binlog_directory": "", "leave_datadir": "", "buffer_pool_mb": 0, "memory_percent": 50,
        "binlog_days": 7, "binlog_total_mb": 0, "binlog_disk_percent": 50, "failover": "manual", "monitor_password": "m", "semi_sync": True,
        "semi_sync_timeout_ms": "10000",
        "certificates_directory": "/certs", "certificate_days": 397, "_own": OWN,
        "_certificates": "/etc/mysql/certificates", "_default_datadir": "/var/lib/mysql", "_log_directory": "/var/log/mysql",
        "_log_group": "adm", "_apparmor": "/etc/apparmor.d/local/usr.sbin.mysqld",
        "_contents.program": [{"path": server.AGENT + "/run.py", "content": "program"}], **CONTENTS, **more}


@pytest.mark.parametrize("memory, percent, pool", [
    (2000, 50, 896), (256, 50, 128), (250, 50, 96), (100, 50, 32), (40, 10, 32), (None, 50, 256)])
def test_buffer_pool(memory, percent, pool):
    assert server.buffer_pool_mb(memory, percent) == pool


def test_a_buffer_pool_that_is_given():
    assert server.server(values(buffer_pool_mb=64))["buffer_pool_mb"] == 64
    assert server.server(values(_host=dict(HOST, memory_mb=2000)))["buffer_pool_mb"] == 896


@pytest.mark.parametrize("more, listens, nonlocal_", [
    ({}, ["198.18.0.31", "198.18.0.102", "127.0.0.1"], False), ({"flavour": "mysql"}, ["198.18.0.31", "198.18.0.102", "127.0.0.1"], True),
    ({"flavour": "mysql", "bind_address": "*"}, ["*"], False)])
def test_where_it_listens(more, listens, nonlocal_):
    """MySQL does not start with an address that is not there."""
    found = server.server(values(**more))
    assert (found["listens"], found["nonlocal"]) == (listens, nonlocal_)
    assert found["narrow"] == ([] if listens == ["*"] else [3306])


def problems(host, **more):
    return server.server(values(_host=dict(HOST, **host), **more))["problems"]


ELSEWHERE = {"datadir_before": "/data/mysql", "datadir_differs": True, "databases_before": ["shop"], "initialised": False, "databases": []}


def test_a_data_directory_that_only_the_server_knows_of_is_named():
    (sentence,) = problems(dict(ELSEWHERE, running=True))
    assert sentence == (
        "mysql_replication_datadir is /var/lib/mysql, while /data/mysql, which the running server uses, has the databases shop: set "
        "mysql_replication_datadir to /data/mysql, or move them with the server stopped, or leave them there by setting "
        "mysql_replication_leave_datadir to /data/mysql")
    assert "is the server's by its option files" in problems(ELSEWHERE)[0]
    assert problems(dict(ELSEWHERE, running=True), leave_datadir="/data/mysql/") == []


def test_databases_that_were_moved_are_not_missed_and_those_in_use_are():
    moved = dict(ELSEWHERE, databases=["shop"], initialised=True)
    assert problems(moved) == []
    assert len(problems(dict(moved, running=True))) == 1
    # A package that initialised the new directory has moved nothing.
    assert len(problems(dict(ELSEWHERE, initialised=True))) == 1


def log(base, **more):
    return {"log_bin_before": dict({"base": base, "index": base + ".index", "elsewhere": False}, **more)}


@pytest.mark.parametrize("host, more, log_bin, index", [
    ({}, {}, "binlog", "binlog.index"),
    (log("/var/lib/mysql/mysql-bin"), {}, "mysql-bin", "mysql-bin.index"),
    (log("/srv/disk2/mysql-bin"), {"_real": "/srv/disk2"}, "mysql-bin", "mysql-bin.index"),
    (log("/var/log/mysql/mysql-bin", index="/var/lib/mysql/bin.index"), {}, "/var/log/mysql/mysql-bin", "bin.index"),
    ({}, {"binlog_directory": "/srv/binlog"}, "/srv/binlog/binlog", "/srv/binlog/binlog.index"),
    (log("/srv/binlog/mysql-bin"), {"binlog_directory": "/srv/binlog"}, "/srv/binlog/mysql-bin", "/srv/binlog/mysql-bin.index"),
    # Another data directory is another server's history.
    (dict(log("/data/mysql-bin"), datadir_differs=True), {}, "binlog", "binlog.index")])
def test_logs_that_are_there_keep_their_name(host, more, log_bin, index):
    given = dict(HOST, **host, datadir_real=more.pop("_real", "/var/lib/mysql"))
    found = server.server(values(_host=given, **more))
    assert (found["log_bin"], found["log_bin_index"], found["problems"]) == (log_bin, index, [])


def test_relay_logs_keep_theirs():
    before = {"base": "/var/lib/mysql/db1-relay-bin", "index": "/var/lib/mysql/db1-relay-bin.index"}
    found = server.logs(values(_host=dict(HOST, relay_log_before=before)))
    assert (found["relay_log"], found["relay_log_index"]) == ("db1-relay-bin", "db1-relay-bin.index")
    assert server.logs(values())["relay_log"] == "relay-bin"


def test_logs_are_not_moved():
    (sentence,) = problems(log("/var/lib/mysql/mysql-bin", elsewhere=True), binlog_directory="/srv/binlog")
    assert sentence.startswith("mysql_replication_binlog_directory is /srv/binlog, and the binary logs are /var/lib/mysql/mysql-bin.*: ")


def test_a_log_that_outlived_its_data_is_not_begun_upon():
    (sentence,) = problems(dict(log("/srv/binlog/binlog"), empty=True), binlog_directory="/srv/binlog")
    assert sentence.startswith("the data directory /var/lib/mysql is empty, while binary logs of an earlier server are there, /srv/binlog")


def test_a_directory_for_binary_logs_belongs_to_the_server():
    assert {"path": "/srv/binlog", "owner": "mysql", "group": "mysql", "mode": "0750"} in server.directories(
        values(binlog_directory="/srv/binlog"))
    assert server.server(values())["directories"][1]["path"] == "/var/log/mysql"


def test_mysqls_profile_knows_links_and_logs():
    host = dict(HOST, datadir_real="/srv/disk2/mysql")
    found = server.server_files(values(tls=False, flavour="mysql", _host=host, binlog_directory="/srv/binlog"))
    assert [one["content"] for one in found if one["path"].startswith("/etc/apparmor.d")] == [
        "/srv/disk2/mysql/ r,\n/srv/disk2/mysql/** rwk,\n/srv/binlog/ r,\n/srv/binlog/** rwk,\n"]


def test_server():
    found = server.server(values())
    assert found["dropin"] == "/etc/systemd/system/mariadb.service.d/failover-stack.conf"
    assert found["unit"] == {"name": "mariadb.service", "state": "started", "enabled": True, "reads": [
        "/etc/mysql/x.cnf", found["dropin"]]}
    assert found["doors"] == [{"protocol": "mysql", "socket": "/run/mysqld/mysqld.sock"},
                              {"protocol": "mysql", "address": "198.18.0.31", "port": 3306}]
    assert found["links"] == [{"path": "/etc/systemd/system/mariadb.socket", "target": "/dev/null"}]
    assert [one["path"] for one in found["directories"]] == [
        "/var/lib/mysql", "/var/log/mysql", "/var/lib/mysql-files", "/etc/mysql/certificates", server.AGENT, "/var/lib/failover-mysql"]
    assert (found["mysql"], found["own_apparmor"], found["problems"]) == (False, False, [])


@pytest.mark.parametrize("disk, given, total, one", [
    (100000, 0, 49984, 1024), (2000, 0, 960, 120), (100, 0, 64, 8), (100000, 512, 512, 64), (0, 0, 0, 1024)])
def test_binary_logs_go_by_age_and_size_whether_replicas_are_connected_or_not(disk, given, total, one):
    """After a failover the role may not run for long: every member has it, not the one alone that has replicas."""
    found = server.server(values(binlog_total_mb=given, _host=dict(HOST, disk_mb=disk)))
    assert (found["binlog_total_mb"], found["binlog_mb"]) == (total, one)
    assert found["variables"] == {"binlog_expire_logs_seconds": 604800, "slave_connections_needed_for_purge": 0,
                                  "max_binlog_total_size": total * 1048576, "rpl_semi_sync_master_timeout": 10000,
                                  "rpl_semi_sync_source_timeout": 10000}


def test_a_cluster_that_is_led_by_hand_again_does_not_wait_for_ever():
    assert server.waiting(values(failover="automatic")) == {}
    assert server.waiting(values(semi_sync=False)) == {
        "rpl_semi_sync_master_timeout": 10000, "rpl_semi_sync_source_timeout": 10000, "rpl_semi_sync_master_enabled": 0,
        "rpl_semi_sync_source_enabled": 0}


def test_check_mode_on_a_blank_machine():
    assert server.server(values(ansible_check_mode=True, _installed={"blank": True}))["blank_check"] is True
    # The task was skipped, or never reached.
    for more in ({}, {"_installed": {"skipped": True}}, {"ansible_check_mode": False, "_installed": {"blank": True}}):
        assert server.server(values(**{"ansible_check_mode": True, **more}))["blank_check"] is False


def test_places():
    assert server.places(values()) == [
        {"name": "db1", "address": "198.18.0.31", "port": 3306}, {"name": "db2", "address": "198.18.0.32", "port": 3306}]


def test_the_agent_sees_a_socket_in_tmp():
    assert server.agent_settings(values())["private_tmp"] is True
    assert server.agent_settings(values(socket="/tmp/mysql.sock"))["private_tmp"] is False
    assert server.agent_settings(values(socket="/var/tmp/a/mysql.sock"))["private_tmp"] is False
    assert server.agent_settings(values(socket="/var/lib/tmp/mysql.sock"))["private_tmp"] is True


def test_files():
    found = server.files(values())
    assert [(one["path"], one["content"]) for one in found["server"]] == [
        ("/etc/mysql/x.cnf", "server"), ("/etc/systemd/system/mariadb.service.d/failover-stack.conf", "dropin"),
        ("/etc/mysql/certificates/ca.pem", "authority"), ("/etc/mysql/certificates/server.pem", "certificate"),
        ("/etc/mysql/certificates/server.key", "@@server_key@@")]
    assert found["server"][-1]["mode"] == "0400"
    assert [one["path"] for one in found["agent"]] == found["units"][0]["reads"] == [
        server.AGENT + "/run.py", "/etc/systemd/system/mysql-writer.service", "/etc/mysql/failover-stack-writer.json"]
    assert found["agent"][-1]["mode"] == "0600"
    assert server.secrets(values()) == {"server_key": "key", "monitor": '"m"'}


def test_files_without_tls():
    assert len(server.server_files(values(tls=False))) == 2
    assert server.secrets(values(tls=False)) == {"monitor": '"m"'}


LEASE = {"failover": "automatic", "failover_alone": False, "etcd_addresses": ["198.18.0.31", "2001:db8::32"], "etcd_port": 2379,
         "etcd_user": "lease", "etcd_password": "e\"", "etcd_authority": __file__, "lease_ttl_s": 3, "password": "r", "user": "replication",
         "connect_retry_s": 2, "heartbeat_s": 2, "_contents.etcd_authority": "etcd"}


def test_where_the_members_decide_the_agent_knows_the_store():
    made = server.lease(values(**LEASE))
    assert made["store"] == {"endpoints": ["https://198.18.0.31:2379", "https://[2001:db8::32]:2379"], "user": "lease", "ttl_s": 3,
                             "password": "@@etcd@@", "ca": "/etc/mysql/certificates/etcd-ca.pem", "prefix": "/failover.stack/mysql/dual/"}
    assert made["replication"]["channels"]["db2"]["source_host"] == "198.18.0.32" and made["order"] == ["db1", "db2"]
    assert server.lease(values()) == {} and "watchdog_s" not in server.agent_settings(values())
    assert server.agent_settings(values(**LEASE))["watchdog_s"] == 1
    assert server.secrets(values(**LEASE)) == {"server_key": "key", "monitor": '"m"', "etcd": '"e\\""', "replication": '"r"'}
    assert {"path": "/etc/mysql/certificates/etcd-ca.pem", "content": "etcd"} in server.server_files(values(**LEASE))


def test_the_authority_of_the_store_is_named_when_it_is_missing():
    missing = {**LEASE, "etcd_authority": "/nowhere/ca.pem"}
    assert server.server(values(**missing))["problems"] == [
        "mysql_replication_etcd_authority is /nowhere/ca.pem, which is not there: run playbooks/etcd.yml first, or name the authority's "
        "file"]
    assert server.server(values(**{**missing, "ansible_check_mode": True}))["problems"] == []
    assert server.server(values(**LEASE))["problems"] == []


def test_files_of_mysql_with_its_data_elsewhere():
    found = server.server_files(values(tls=False, flavour="mysql", datadir="/srv/mysql"))
    assert found[2:] == [{"path": "/etc/apparmor.d/local/usr.sbin.mysqld", "content": "/srv/mysql/ r,\n/srv/mysql/** rwk,\n"},
                         {"path": "/etc/mysql/failover-stack-initialise.sql", "content": "initialise"}]


# --- Certificates


def test_names_in_a_certificate():
    assert server.certificate_names("db1", "198.18.0.31", "") == ["DNS:db1", "IP:198.18.0.31"]
    assert server.certificate_names("db1", "db1", "198.18.0.102") == ["DNS:db1", "IP:198.18.0.102"]
    assert server.certificate_names("db1", "db1.example.net", "2001:db8::2") == ["DNS:db1", "DNS:db1.example.net", "IP:2001:db8::2"]


NAMES = ["IP:198.18.0.102", "DNS:db1", "IP:198.18.0.31"]
AUTHORITY = {"not_after": "20360101000000Z", "subject_key_identifier": "aa"}
MEMBER = {"not_after": "20360101000000Z", "authority_key_identifier": "aa", "subject_alt_name": NAMES}
# 2026-11-29
NOW = 1795910400


def certificates(exists, authority=None, member=None, **more):
    given = values(_authority_seen=authority or AUTHORITY, _certificate_seen=member or MEMBER, **more)
    return server.certificates(given, exists=lambda path: path in exists, now=lambda: NOW)


ALL = {"/certs/authority.key", "/certs/authority.pem", "/certs/db1.key", "/certs/db1.pem"}


def test_certificates_that_are_as_they_shall_be():
    found = certificates(ALL)
    assert (found["authority"], found["member"], found["fits"], found["authority_fits"], found["first"], found["signs"]) == (
        "/certs/authority", "/certs/db1", True, True, True, True)


@pytest.mark.parametrize("path", sorted(ALL))
def test_a_file_is_missing(path):
    found = certificates(ALL - {path})
    assert not found["fits"] and found["authority_fits"] == ("authority" not in path)


@pytest.mark.parametrize("member", [
    dict(MEMBER, not_after="20270226000000Z"), dict(MEMBER, authority_key_identifier="bb"), dict(MEMBER, subject_alt_name=NAMES[1:]),
    dict(MEMBER, subject_alt_name=None)])
def test_a_certificate_that_is_made_anew(member):
    found = certificates(ALL, member=member)
    assert found["authority_fits"] and not found["fits"]


def test_an_authority_that_ends_within_90_days():
    assert not certificates(ALL, dict(AUTHORITY, not_after="20270226000000Z"))["authority_fits"]
    assert certificates(ALL, dict(AUTHORITY, not_after="20270228000000Z"))["authority_fits"]


def test_a_certificate_that_ends_within_a_week_is_told():
    assert certificates(ALL)["ending"] == [] and certificates(set())["ending"] == []
    assert certificates(ALL, member=dict(MEMBER, not_after="20261205000000Z"))["ending"] == ["/certs/db1.pem"]
    assert certificates(ALL, dict(AUTHORITY, not_after="20261205000000Z"))["ending"] == ["/certs/authority.pem"]
    assert certificates(ALL, member=dict(MEMBER, not_after="20261208000000Z"))["ending"] == []
    assert certificates(ALL, member=dict(MEMBER, not_after="20261205000000Z"), certificate_days=60)["ending"] == []


def test_a_short_certificate_is_not_made_anew_in_each_run():
    assert certificates(ALL, member=dict(MEMBER, not_after="20270127000000Z"), certificate_days=60)["fits"]
    assert not certificates(ALL, member=dict(MEMBER, not_after="20261213000000Z"), certificate_days=60)["fits"]


@pytest.mark.parametrize("days, authority", [(397, 3650), (7300, 7300)])
def test_how_long_new_certificates_are_valid(days, authority):
    found = certificates(ALL, certificate_days=days)
    assert (found["days"], found["authority_days"]) == (days, authority)


def test_nothing_is_signed_in_check_mode_that_is_not_there():
    assert not certificates(set(), ansible_check_mode=True)["signs"]
    assert certificates({"/certs/db1.pem"}, ansible_check_mode=True)["signs"]
    assert certificates(set())["signs"]


def test_one_of_those_of_this_run_makes_the_authority():
    assert not certificates(ALL, ansible_play_batch=["db2"])["first"]
    assert not certificates(ALL, inventory_hostname="db2")["first"]
    assert certificates(ALL, inventory_hostname="db2", ansible_play_batch=["db2"])["first"]


def test_where_mmm_leads_there_is_no_agent_and_both_sources_acknowledge():
    led = values(failover="mmm", sources=["db1", "db2"], semi_sync=True)
    assert server.files(led)["agent"] == [] == server.files(led)["units"]
    assert server.acknowledges(led) == "ON" == server.acknowledges(values(semi_sync=True))
    assert server.acknowledges(dict(led, inventory_hostname="db3")) == "OFF" == server.acknowledges(values(semi_sync=False))
    (sentence,) = problems({"leads": "mysql-writer"}, failover="mmm", sources=["db1"], semi_sync=True)
    assert "mysql-writer.service leads this member" in sentence


def test_where_the_keys_of_the_lease_are():
    found = server.store({"group": "dual", "etcd_addresses": ["198.18.0.31"], "etcd_port": 2379})
    assert found == {"url": "https://198.18.0.31:2379", "begin": "/failover.stack/mysql/dual/", "end": "/failover.stack/mysql/dual0"}

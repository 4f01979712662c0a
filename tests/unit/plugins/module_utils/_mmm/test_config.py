# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.failover.stack.plugins.module_utils._mmm import config

CLUSTER = {
    "hosts": {"db1": {"ip": "192.0.2.31", "mode": "master", "peer": "db2", "interface": "eth0"},
              "db2": {"ip": "192.0.2.32", "mode": "master", "peer": "db1", "interface": "eth0"},
              "db3": {"ip": "192.0.2.33", "mode": "slave", "peer": None, "interface": "ens3"}},
    "port": 3306, "agent_port": 9989, "kill_retries": 3, "blocking": False, "writer": "192.0.2.102",
    "readers": ["192.0.2.111", "192.0.2.112"], "reader_hosts": ["db2", "db3"], "sources": ["db1", "db2"]}


def words(text):
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_names():
    assert [config.name_of(name) for name in ("db1", "db-1_a", "db1.example.com")] == ["db1", "db-1_a", "db1-example-com"]


def test_what_all_hosts_have_in_common():
    assert words(config.common(CLUSTER)) == [
        "# Written by failover.stack.", "active_master_role writer", "max_kill_retries 3",
        "<host default>", "pid_path /run/mysql-mmm/mmm_agentd.pid", "bin_path /usr/lib/mysql-mmm", "agent_port 9989", "mysql_port 3306",
        "</host>", "<host db1>", "ip 192.0.2.31", "mode master", "peer db2", "cluster_interface eth0", "</host>",
        "<host db2>", "ip 192.0.2.32", "mode master", "peer db1", "cluster_interface eth0", "</host>",
        "<host db3>", "ip 192.0.2.33", "mode slave", "cluster_interface ens3", "</host>",
        "<role writer>", "hosts db1, db2", "ips 192.0.2.102", "mode exclusive", "</role>",
        "<role reader>", "hosts db2, db3", "ips 192.0.2.111, 192.0.2.112", "mode balanced", "</role>"]


def test_no_readers_no_role_and_no_port_is_closed():
    text = config.common(dict(CLUSTER, readers=[], blocking=True))
    assert "reader" not in text and "blocking_type hard" in words(text)


def test_passwords_are_with_those_who_need_them():
    assert "password" not in config.common(CLUSTER)
    assert words(config.agent("db1", "mmm_agent", "replication")) == [
        "# Written by failover.stack.", "include mmm_common.conf", "this db1", "<host default>", "agent_user mmm_agent",
        "agent_password @@agent@@", "replication_user replication", "replication_password @@replication@@", "</host>"]


def test_the_monitor():
    text = config.monitor({"address": "127.0.0.1", "port": 9988, "ping_addresses": ["192.0.2.31", "192.0.2.32"], "flap_count": 3,
                           "flap_s": 3600, "auto_set_online_s": 0, "kill_host": "", "monitor_user": "mmm_monitor", "period_s": 1,
                           "trap_s": 2, "timeout_s": 1, "max_backlog_s": 60})
    assert words(text) == [
        "# Written by failover.stack.", "include mmm_common.conf", "<monitor>", "ip 127.0.0.1", "port 9988",
        "pid_path /run/mysql-mmm-monitor/mmm_mond.pid", "bin_path /usr/lib/mysql-mmm", "status_path /var/lib/mysql-mmm/mmm_mond.status",
        "ping_interval 1", "ping_ips 192.0.2.31, 192.0.2.32", "flap_count 3", "flap_duration 3600", "auto_set_online 0", "mode active",
        "</monitor>", "<host default>", "monitor_user mmm_monitor", "monitor_password @@monitor@@", "</host>",
        "<check default>", "check_period 1", "trap_period 2", "timeout 1", "max_backlog 60", "</check>"]


def test_interfaces_of_those_who_take_no_part():
    assert config.interfaces_in(config.common(CLUSTER)) == {"db1": "eth0", "db2": "eth0", "db3": "ens3"}
    assert config.interfaces_in("") == {}
    assert config.interfaces_in("<host default>\n  cluster_interface eth9\n</host>\ncluster_interface eth8\n") == {"default": "eth9"}


def test_how_long_a_dead_server_is_noticed():
    assert config.detection_s(1, 2, 1) == (2, 8) and config.detection_s(5, 10, 2) == (10, 25)

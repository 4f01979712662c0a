# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the jobs ask and tell a server, whose answers are played."""

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import server as seed_server
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure

UUID = "0B1A5D1E-0000-0000-0000-000000000002"


@pytest.fixture
def mariadb(database):
    database.answers.update({"SELECT VERSION()": [{"v": "10.11.19-MariaDB"}], "STOP": [], "RESET": [], "SET": []})
    return seed_server.Server({})


@pytest.fixture
def mysql(database):
    database.answers.update({"SELECT VERSION()": [{"v": "9.7.4"}], "STOP": [], "RESET": [], "SET": []})
    return seed_server.Server({})


@pytest.mark.parametrize("text, position", [
    ("mariadb-bin.000002\t330\t0-1-5,1-2-9\n", "0-1-5,1-2-9"),
    ("mariadb-bin.000002\t330\t\n", ""),
    ("mariadb-bin.000002\t330\n", ""),
    ("", ""),
])
def test_position_in_a_backup(tmp_path, text, position):
    (tmp_path / "xtrabackup_binlog_info").write_text(text)
    assert seed_server.read_binlog_info(str(tmp_path)) == position


def test_the_newer_name_of_the_position_counts_first(tmp_path):
    (tmp_path / "xtrabackup_binlog_info").write_text("f\t1\t0-1-1")
    (tmp_path / "mariadb_backup_binlog_info").write_text("f\t1\t0-1-2")
    assert seed_server.read_binlog_info(str(tmp_path)) == "0-1-2"


def test_a_backup_without_a_position_has_none(tmp_path):
    assert seed_server.read_binlog_info(str(tmp_path)) == ""


@pytest.mark.parametrize("state, server_id, own", [
    ("0-1-7,0-2-3", 2, "0-2-3"), ("1-2-9, 0-2-3", "2", "0-2-3,1-2-9"), ("0-12-9", 2, ""), ("", 2, "")])
def test_own_gtids_of_mariadb(state, server_id, own):
    assert seed_server.own_part(state, server_id) == own


def test_own_gtids_of_mysql(database, mysql):
    other = "1b1a5d1e-0000-0000-0000-000000000001"
    database.answers.update({"SELECT @@server_uuid": [{"v": UUID}],
                             "SELECT @@global.gtid_executed": [{"v": "%s:1-100,\n%s:1-3" % (other, UUID.lower())}]})
    assert mysql.own_writes() == UUID.lower() + ":1-3"
    assert mysql.position() == "%s:1-100,%s:1-3" % (other, UUID.lower())


def test_a_server_without_a_position_has_an_empty_one(database, mariadb):
    database.answers["SELECT @@global.gtid_current_pos"] = [{"v": None}]
    assert mariadb.position() == ""


def test_logs_that_another_server_cannot_use(database, mariadb):
    database.globals.update({"datadir": "/var/lib/mysql/", "log_bin_basename": "/var/log/mysql/bin",
                             "relay_log_basename": "/var/lib/mysql/relay", "relay_log": "relay"})
    paths = mariadb.binlogs()
    assert paths[:3] == ["/var/log/mysql/bin", "/var/lib/mysql/relay", "/var/lib/mysql/relay"]
    assert "/var/lib/mysql/ib_logfile" in paths and "/var/lib/mysql/ibdata" not in "".join(paths)


def test_the_donors_sources_are_forgotten_each_channel(database, mariadb):
    database.answers["SHOW ALL SLAVES STATUS"] = [{"Connection_name": ""}, {"Connection_name": "dc2"}]
    mariadb.forget_sources()
    assert database.began("STOP", "RESET") == ["STOP SLAVE ", "RESET SLAVE  ALL", "STOP SLAVE dc2", "RESET SLAVE dc2 ALL"]


def test_mysqls_channels_are_forgotten(database, mysql):
    database.answers["SHOW REPLICA STATUS"] = [{"Channel_Name": "dc2"}]
    mysql.forget_sources()
    assert database.began("STOP", "RESET") == ["STOP REPLICA FOR CHANNEL dc2", "RESET REPLICA ALL FOR CHANNEL dc2"]


@pytest.mark.parametrize("log_bin, told", [
    ("ON", ["RESET MASTER", "SET GLOBAL gtid_binlog_state = 0-1-7", "SET GLOBAL gtid_slave_pos = 0-1-7"]),
    ("OFF", ["SET GLOBAL gtid_slave_pos = 0-1-7"]),
])
def test_a_copy_goes_on_where_its_data_ends(database, mariadb, log_bin, told):
    database.globals["log_bin"] = log_bin
    mariadb.start_from("0-1-7")
    assert database.began("RESET", "SET") == told


def test_mysqls_clone_carries_its_position_itself(database, mysql):
    mysql.start_from(UUID + ":1-9")
    assert database.began("RESET", "SET") == []


def test_who_is_not_read_only_is_not_made_so(database, mysql):
    database.globals["super_read_only"] = "OFF"
    mysql.unlogged([("SET PASSWORD", None)])
    assert database.began("SET") == ["SET SESSION sql_log_bin = 0", "SET PASSWORD", "SET SESSION sql_log_bin = 1"]


class Later:
    """A server that lets nobody in the first times."""

    def __init__(self, times):
        self.times, self.asked = times, 0

    def __call__(self, login):
        self.asked += 1
        if self.asked <= self.times:
            raise Failure("not yet")
        return "connection"


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only by sleeping."""
    now = [100.0]
    monkeypatch.setattr(seed_server.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(seed_server.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))


def test_a_server_is_waited_for(monkeypatch, clock):
    later = Later(3)
    monkeypatch.setattr(seed_server, "Server", later)
    assert seed_server.wait_for({}, 5) == "connection" and later.asked == 4


@pytest.mark.parametrize("seconds, alive, most", [(1, True, 5), (60, False, 1)])
def test_waiting_ends_with_its_time_and_with_the_server(monkeypatch, clock, seconds, alive, most):
    later = Later(1000)
    monkeypatch.setattr(seed_server, "Server", later)
    with pytest.raises(Failure, match=r"^not yet$"):
        seed_server.wait_for({}, seconds, lambda: alive)
    assert later.asked == most

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a transfer: who is refused before anything is started, and what is started; systemd and the servers are played."""

import json
import os
import pwd
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import job
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import files
from ansible_collections.failover.stack.plugins.module_utils._sql.accounts import is_password
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Unreachable
from ansible_collections.failover.stack.plugins.modules import mysql_seed

SECRET = "Qk3-of-the-throw-away-account"
MARIADB = "10.11.19-MariaDB-0+deb12u1-log"
OFFER = {"dialect": "mariadb", "version": MARIADB, "log_bin": True, "logs_replicated": True, "total": 4096, "certificate": "donor's"}


@pytest.fixture
def host(tmp_path, commands, database, monkeypatch):
    """A host with a data directory and a MariaDB that has a binary log; nothing runs on it."""
    monkeypatch.setattr(job, "BASE", str(tmp_path / "run"))
    monkeypatch.setattr(job.runtime, "files", lambda entry, read: {"_mysql/worker.py": "text", "run.py": "launcher"})
    monkeypatch.setattr(pwd, "getpwnam", lambda name: types.SimpleNamespace(pw_uid=105, pw_gid=111))
    datadir = tmp_path / "mysql"
    datadir.mkdir()
    (datadir / "ibdata1").write_text("x" * 9000)
    commands.answers.update({
        "systemctl is-active": (3, "inactive\n", ""), "systemctl reset-failed": "", "systemctl stop": "", "systemd-run": "",
        "/usr/sbin/mysqld --version": "mysqld  Ver 10.11.19-MariaDB for debian-linux-gnu"})
    commands.answers["openssl req"] = certificate
    database.globals.update({"datadir": str(datadir) + "/", "log_bin": "ON", "log_slave_updates": "ON", "read_only": "ON",
                             "log_replica_updates": "ON", "innodb_page_size": "16384", "super_read_only": "ON"})
    database.answers.update({
        "SELECT VERSION()": [{"v": MARIADB}], "SELECT @@global.gtid_current_pos": [{"v": "0-1-7"}],
        "SELECT @@global.gtid_binlog_state": [{"v": "0-1-7,0-2-3"}], "SELECT @@server_id": [{"v": 2}]})
    return types.SimpleNamespace(datadir=datadir, run=tmp_path / "run", login={
        "login_unix_socket": "/run/mysqld/mysqld.sock", "config_file": "", "datadir": str(datadir)})


@pytest.fixture
def mysql(database):
    """The same host's server is a MySQL, whose plugin is there."""
    database.globals["gtid_mode"] = "ON"
    uuid = "0b1a5d1e-0000-0000-0000-000000000002"
    database.answers.update({
        "SELECT VERSION()": [{"v": "9.7.4"}], "SELECT @@server_uuid": [{"v": uuid}],
        "SELECT @@global.gtid_executed": [{"v": uuid + ":1-5"}], "SELECT 1 FROM information_schema.PLUGINS": [{"1": 1}],
        "SET ": [], "DROP USER": [], "CREATE USER": [], "GRANT": []})


def certificate(command):
    directory = os.path.dirname(command.split("-out ")[1])
    for name, text in (("own.key", "the key"), ("own.crt", "joiner's")):
        with open(os.path.join(directory, name), "w", encoding="ascii") as handle:
            handle.write(text)
    return 0, "", ""


def settings(host, name):
    return json.loads((host.run / name / "settings.json").read_text())


# The donor

def test_a_donor_says_what_it_has_and_hands_out_a_certificate(host, play, commands, monkeypatch):
    monkeypatch.setattr(mysql_seed.worker, "tool", lambda *names: names[0])
    result = play(mysql_seed, dict(host.login, act="offer"))
    assert result["changed"] and result["offer"]["certificate"] == "joiner's"
    assert {key: result["offer"][key] for key in ("dialect", "position", "own_writes", "log_bin", "logs_replicated", "writable")} == {
        "dialect": "mariadb", "position": "0-1-7", "own_writes": "0-2-3", "log_bin": True, "logs_replicated": True, "writable": False}
    assert result["offer"]["total"] >= 9000
    assert (host.run / "seed-send/own.key").stat().st_mode & 0o777 == 0o600 and "the key" not in json.dumps(result)


def test_in_check_mode_a_donor_makes_nothing(host, play, commands, database):
    play(mysql_seed, dict(host.login, act="offer"), check=True)
    assert commands.ran == ["systemctl is-active failover-mysql-seed-send.service"] and not host.run.exists()
    assert database.open == 0


def test_a_donor_that_sends_already_is_refused(host, refused, commands):
    commands.answers["systemctl is-active"] = "active\n"
    assert refused(mysql_seed, dict(host.login, act="offer")) == (
        "db2: this donor already sends to another joiner: wait for that, or name another donor by mysql_replication_seed_donor")


@pytest.mark.parametrize("name, sentence", [
    ("log_bin", "db1: this donor has no binary log, so nobody knows where its copy has to go on: switch log_bin on there"),
    ("log_slave_updates", "db1: this donor does not log what it replicates, its position says too little: switch log_slave_updates on"),
])
def test_a_donor_whose_position_says_nothing_is_refused(host, refused, database, name, sentence):
    database.globals[name] = "OFF"
    assert refused(mysql_seed, dict(host.login, act="offer", peer="db1")) == sentence
    assert not host.run.exists()


def test_a_donor_that_does_not_answer_is_said_with_its_name(host, refused, database):
    database.down = Unreachable("/run/mysqld/mysqld.sock: Connection refused")
    assert refused(mysql_seed, dict(host.login, act="offer")) == "db2: /run/mysqld/mysqld.sock: Connection refused"


def test_mysqls_account_is_for_one_joiner_unlogged_and_the_server_is_read_only_again(host, mysql, play, database):
    result = play(mysql_seed, dict(host.login, act="offer", address="198.18.0.33", clone_password=SECRET))
    # What is stored, not the password: validate_password judges only what it sees in clear.
    created = next(values[2] for statement, values in database.did if statement.startswith("CREATE USER"))
    assert is_password("caching_sha2_password", created.encode(), SECRET)
    assert database.began("SET", "CREATE", "DROP", "GRANT") == [
        "SET SESSION sql_log_bin = 0", "SET GLOBAL super_read_only = 0",
        "DROP USER IF EXISTS failover_clone@198.18.0.33",
        "CREATE USER failover_clone@198.18.0.33 IDENTIFIED WITH caching_sha2_password AS %s REQUIRE SSL" % created,
        "GRANT BACKUP_ADMIN ON *.* TO failover_clone@198.18.0.33",
        "SET GLOBAL super_read_only = 1", "SET SESSION sql_log_bin = 1"]
    assert SECRET not in json.dumps(result)


def test_an_account_that_cannot_be_made_leaves_the_server_read_only(host, mysql, refused, database):
    def no(*_values):
        raise Unreachable("/run/mysqld/mysqld.sock says: Lost connection (error 2013)", 2013)

    database.answers["CREATE USER"] = no
    refused(mysql_seed, dict(host.login, act="offer", address="198.18.0.33", clone_password=SECRET))
    assert database.began("SET")[-2:] == ["SET GLOBAL super_read_only = 1", "SET SESSION sql_log_bin = 1"]


@pytest.mark.parametrize("there, check, dropped", [([{"1": 1}], False, 1), ([{"1": 1}], True, 0), ([], False, 0)])
def test_the_account_goes_when_it_is_there(host, mysql, play, database, there, check, dropped):
    database.answers["SELECT 1 FROM mysql.user"] = there
    assert play(mysql_seed, dict(host.login, act="withdraw", address="198.18.0.33"), check=check)["changed"] == bool(there)
    assert len(database.began("DROP USER")) == dropped and database.open == 0


def test_mariadb_has_no_account_to_withdraw(host, play, database):
    assert play(mysql_seed, dict(host.login, act="withdraw", address="198.18.0.33")) == {"changed": False}


def test_a_donor_sends_only_to_whom_showed_a_certificate(host, play, commands):
    assert play(mysql_seed, dict(host.login, act="send", address="198.18.0.33")) == {"changed": False}
    assert play(mysql_seed, dict(host.login, act="send", address="198.18.0.33", certificate="joiner's"), check=True) == {"changed": False}
    assert commands.ran == []
    job.prepare("seed-send")
    arguments = dict(host.login, act="send", address="198.18.0.33", certificate="joiner's", rate_mib_s=3, login_password=SECRET)
    assert play(mysql_seed, arguments) == {"changed": True}
    given = settings(host, "seed-send")
    assert (given["task"], given["address"], given["port"], given["peer"], given["rate"]) == (
        "send", "198.18.0.33", 4444, "joiner's", 3 << 20)
    assert not [command for command in commands.ran if SECRET in command]
    assert (host.run / "seed-send/settings.json").stat().st_mode & 0o777 == 0o600


# The joiner

def receive(host, **more):
    return dict(host.login, act="receive", peer="db1", address="198.18.0.33", offer=OFFER, **more)


def test_a_joiner_starts_its_unit_and_touches_no_data(host, play, commands):
    assert play(mysql_seed, receive(host, keep_old=True)) == {"changed": True, "attached": False, "certificate": "joiner's"}
    given = settings(host, "seed-receive")
    assert (given["datadir"], given["uid"], given["gid"], given["keep_old"], given["own_writes"], given["peer"], given["clone_user"]) == (
        str(host.datadir), 105, 111, True, "0-2-3", "donor's", "")
    assert (host.datadir / "ibdata1").exists() and not os.path.exists(files.staging_of(str(host.datadir)))
    assert commands.began("systemd-run")[0].endswith(" _mysql.seed.worker %s/seed-receive" % host.run)


def test_in_check_mode_a_joiner_starts_nothing(host, play, commands):
    assert play(mysql_seed, receive(host), check=True) == {"changed": True, "attached": False, "certificate": ""}
    assert not commands.began("systemd-run", "openssl") and not host.run.exists()


@pytest.mark.parametrize("state", ["active", "activating", "deactivating"])
def test_a_joiner_that_is_being_seeded_is_watched_not_begun_again(host, play, commands, state):
    commands.answers["systemctl is-active"] = state + "\n"
    assert play(mysql_seed, receive(host)) == {"changed": False, "attached": True, "certificate": ""}
    assert not commands.began("systemd-run")


def test_a_joiner_whose_server_is_down_is_known_by_its_program(host, play, refused, commands, database):
    database.down = Unreachable("/run/mysqld/mysqld.sock: No such file or directory")
    commands.answers["/usr/sbin/mysqld --version"] = "mysqld  Ver 11.8.9-MariaDB for debian-linux-gnu\n"
    assert refused(mysql_seed, receive(host)) == (
        "db2: its server is mysqld  Ver 11.8.9-MariaDB for debian-linux-gnu, that of the donor db1 is %s: install the same series on "
        "both" % MARIADB)
    commands.answers["/usr/sbin/mysqld --version"] = "mysqld  Ver 10.11.6-MariaDB for debian-linux-gnu"
    commands.answers["/usr/sbin/mysqld --print-defaults"] = (
        "mysqld would have been started with the following arguments:\n--log_bin=/srv/binlog/binlog ")
    play(mysql_seed, receive(host))
    # Nobody could be asked what it wrote itself.
    assert settings(host, "seed-receive")["own_writes"] is None
    assert settings(host, "seed-receive")["log_base"] == "/srv/binlog/binlog"


def test_a_joiner_whose_data_directory_is_a_link_stages_where_it_leads_to(host, play, refused, monkeypatch, tmp_path):
    disk = tmp_path / "disk2"
    disk.mkdir()
    host.datadir.rename(disk / "data")
    host.datadir.symlink_to(disk / "data")
    play(mysql_seed, receive(host))
    assert settings(host, "seed-receive")["datadir"] == str(disk / "data")
    asked = []
    monkeypatch.setattr(files, "free", lambda directory: asked.append(directory) or 4096)
    assert "in %s, and 4.0 KiB are free there" % disk in refused(mysql_seed, receive(host)) and asked == [str(disk)]
    monkeypatch.setattr(files.os.path, "ismount", lambda path: path == str(disk / "data"))
    assert refused(mysql_seed, receive(host)).startswith(
        "db2: the data directory %s, a link to %s, is a mount point" % (host.datadir, disk / "data"))


@pytest.mark.parametrize("mode", ["OFF", "OFF_PERMISSIVE", "ON_PERMISSIVE"])
def test_a_donor_without_gtids_for_all_is_refused(host, mysql, refused, database, mode):
    database.globals["gtid_mode"] = mode
    assert refused(mysql_seed, dict(host.login, act="offer", peer="db1")) == (
        "db1: this donor has gtid_mode %s, so nobody knows where its copy has to go on: it must be ON there" % mode)


def test_too_little_room_is_refused_before_anything_is_started(host, refused, commands, monkeypatch):
    monkeypatch.setattr(files, "free", lambda directory: 4096)
    assert refused(mysql_seed, receive(host)) == (
        "db2: the copy of db1 needs 4.4 KiB in %s, and 4.0 KiB are free there: make room, nothing was changed" % host.datadir.parent)
    assert not commands.began("systemd-run") and not host.run.exists()


def test_a_data_directory_that_is_a_mount_point_is_refused(host, refused, monkeypatch):
    monkeypatch.setattr(files.os.path, "ismount", lambda path: path == str(host.datadir))
    assert refused(mysql_seed, receive(host)).startswith(
        "db2: the data directory %s is a mount point and cannot be exchanged" % host.datadir)


def test_mysqls_joiner_gets_the_password_in_a_file_only(host, mysql, play, commands):
    offer = dict(OFFER, dialect="mysql", version="9.7.4", certificate="")
    result = play(mysql_seed, receive(host, clone_password=SECRET) | {"offer": offer})
    given = settings(host, "seed-receive")
    assert (given["clone_user"], given["clone_password"]) == ("failover_clone", SECRET)
    assert SECRET not in json.dumps(result) and not [command for command in commands.ran if SECRET in command]
    assert not commands.began("openssl")


# Both

@pytest.mark.parametrize("running, check, stopped", [
    (("seed-receive",), False, ["failover-mysql-seed-receive.service"]),
    (("seed-send", "seed-receive"), False, ["failover-mysql-seed-send.service", "failover-mysql-seed-receive.service"]),
    (("seed-send",), True, []),
    ((), False, []),
])
def test_stop_ends_what_runs(host, play, commands, running, check, stopped):
    commands.answers["systemctl is-active"] = lambda command: (0, "active" if any(
        command.endswith(job.unit(name)) for name in running) else "inactive", "")
    assert play(mysql_seed, {"act": "stop"}, check=check) == {"changed": bool(running)}
    assert [command.split()[-1] for command in commands.began("systemctl stop")] == stopped


def test_status_tells_a_job_that_died_and_changes_nothing(host, play, commands):
    job.Progress(os.path.join(job.prepare("seed-receive"), "state.json")).phase("copy", 10)
    commands.answers["journalctl"] = "Main process exited, code=killed\n"
    result = play(mysql_seed, {"act": "status"})
    assert not result["changed"] and result["finished"]
    assert result["error"] == "failover-mysql-seed-receive.service died in phase 'copy' (Main process exited, code=killed)"

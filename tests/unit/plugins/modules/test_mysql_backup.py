# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What starts a backup, a restore, and what must not; and which backups there are."""

import json
import os
import pwd
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import job
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup import rules, scratch
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import files
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Unreachable
from ansible_collections.failover.stack.plugins.modules import mysql_backup, mysql_backup_info, mysql_restore

SECRET = "Vb7-roots-password"
MARIADB = "10.11.19-MariaDB-0+deb12u1-log"
GOOD = "db2-20261121T030000Z"


def backup_in(directory, name, **more):
    """A finished backup, as far as its name and its entries tell."""
    path = directory / name
    (path / rules.DATA).mkdir(parents=True)
    (path / rules.SUMS).touch()
    manifest = dict({"format": rules.FORMAT, "name": name, "host": "db2", "dialect": "mariadb", "version": MARIADB, "gtid": "0-1-7",
                     "data_bytes": 4096, "compress": "none", "layout": {}, "tables": {"shop.order": {"rows": 3, "checksum": 9}}}, **more)
    (path / rules.MANIFEST).write_text(json.dumps(manifest))
    return path


@pytest.fixture
def host(tmp_path, commands, database, monkeypatch):
    monkeypatch.setattr(job, "BASE", str(tmp_path / "run"))
    monkeypatch.setattr(job.runtime, "files", lambda entry, read: {"run.py": "launcher"})
    monkeypatch.setattr(pwd, "getpwnam", lambda name: types.SimpleNamespace(pw_uid=os.getuid(), pw_gid=os.getgid()))
    # Only root may give a directory to root.
    monkeypatch.setattr(mysql_backup.beneath.os, "fchown", lambda descriptor, user, group: None)
    monkeypatch.setattr(mysql_backup.shutil, "which", lambda name: "/usr/bin/" + name)
    for name in ("mysql", "backups", "place"):
        (tmp_path / name).mkdir()
    commands.answers.update({"systemctl is-active": (3, "inactive\n", ""), "systemctl reset-failed": "", "systemd-run": "",
                             "/usr/sbin/mysqld --version": "mysqld  Ver 10.11.19-MariaDB for debian-linux-gnu"})
    # The scratch server is stopped by a job's own means.
    ended = []
    monkeypatch.setattr(scratch, "run", lambda command: ended.append(" ".join(command)) or (3, "inactive\n", ""))
    database.globals.update({"datadir": str(tmp_path / "mysql"), "log_bin": "ON", "log_slave_updates": "ON", "read_only": "ON"})
    database.answers.update({
        "SELECT VERSION()": [{"v": MARIADB}], "SELECT @@global.gtid_current_pos": [{"v": "0-1-7"}],
        "SELECT @@global.gtid_binlog_state": [{"v": "0-1-7,0-2-3"}], "SELECT @@server_id": [{"v": 2}]})
    login = {"login_unix_socket": "/run/mysqld/mysqld.sock", "config_file": "", "login_password": SECRET}
    return types.SimpleNamespace(root=tmp_path, backups=tmp_path / "backups", place=tmp_path / "place", run=tmp_path / "run", ended=ended,
                                 backup=dict(login, directory=str(tmp_path / "backups")), restore=dict(
                                     login, directory=str(tmp_path / "backups"), place=str(tmp_path / "place"), backup=GOOD,
                                     datadir=str(tmp_path / "mysql")))


def settings(host, name):
    return json.loads((host.run / name / "settings.json").read_text())


# Backup

def test_a_backup_is_started_and_halves_of_earlier_ones_go(host, play, commands):
    (host.backups / (rules.PARTIAL + GOOD)).mkdir()
    backup_in(host.backups, GOOD)
    assert play(mysql_backup, dict(host.backup, keep=3, compress="none")) == {"changed": True}
    assert os.listdir(host.backups) == [GOOD] and host.backups.stat().st_mode & 0o777 == 0o710
    given = settings(host, "backup")
    assert (given["task"], given["host"], given["dialect"], given["keep"], given["compress"]) == ("backup", "db2", "mariadb", 3, "none")
    assert commands.began("systemd-run")[0].endswith(" _mysql.backup.worker %s/backup" % host.run)
    assert not [command for command in commands.ran if SECRET in command]


def test_in_check_mode_nothing_of_a_backup_is_made(host, play, commands):
    (host.backups / (rules.PARTIAL + GOOD)).mkdir()
    assert play(mysql_backup, host.backup, check=True) == {"changed": True}
    assert os.listdir(host.backups) == [rules.PARTIAL + GOOD] and not commands.began("systemd-run") and not host.run.exists()


def test_a_backup_that_runs_is_not_begun_again(host, play, commands, database):
    commands.answers["systemctl is-active"] = "active\n"
    (host.backups / (rules.PARTIAL + GOOD)).mkdir()
    assert play(mysql_backup, host.backup) == {"changed": False}
    assert os.listdir(host.backups) == [rules.PARTIAL + GOOD] and not commands.began("systemd-run") and database.did == []


def test_a_server_without_a_binary_log_is_not_backed_up(host, refused, database, commands):
    database.globals["log_bin"] = "OFF"
    assert refused(mysql_backup, host.backup) == (
        "db2: this server has no binary log, so nobody would know where its backup ends: switch log_bin on")
    assert database.open == 0 and not commands.began("systemd-run")


@pytest.mark.parametrize("compress, sentence", [
    ("zstd", "db2: there is no zstd and no mariadb-backup here: install it"),
    ("none", "db2: there is no mariadb-backup here: install it"),
])
def test_tools_that_are_missing_are_named_before_the_work(host, refused, monkeypatch, compress, sentence):
    monkeypatch.setattr(mysql_backup.shutil, "which", lambda name: None)
    assert refused(mysql_backup, dict(host.backup, compress=compress)) == sentence


def test_a_backup_for_which_there_is_no_room_is_not_begun(host, refused, monkeypatch, commands):
    (host.root / "mysql/ibdata1").write_text("x" * 9000)
    monkeypatch.setattr(files, "free", lambda directory: 0)
    sentence = refused(mysql_backup, dict(host.backup, name="eu-db2"))
    assert sentence.startswith("eu-db2: a backup needs ")
    assert sentence.endswith(" in %s, and 0 B are free there: make room, nothing was changed" % host.backups)
    assert not commands.began("systemd-run")


def test_the_state_of_a_backup(host, play):
    job.prepare("backup")
    job.Progress(str(host.run / "backup/state.json")).finish({"name": GOOD})
    result = play(mysql_backup, {"act": "status"})
    assert not result["changed"] and result["finished"] and result["result"] == {"name": GOOD}


# Restore

def test_a_restore_is_proved_beside_the_running_server(host, play, commands, database):
    backup_in(host.backups, GOOD)
    assert play(mysql_restore, host.restore) == {"changed": False}
    given = settings(host, "restore")
    assert (given["task"], given["backup"], given["into"], given["own_writes"], given["dialect"]) == (
        "restore", GOOD, False, None, "mariadb")
    assert database.did == [] and not [command for command in commands.ran if SECRET in command]


def test_who_is_replaced_is_asked_what_it_wrote_itself(host, play, commands, database):
    backup_in(host.backups, GOOD)
    assert play(mysql_restore, dict(host.restore, into=True)) == {"changed": True}
    assert settings(host, "restore")["own_writes"] == "0-2-3" and settings(host, "restore")["keep_old"]
    assert database.open == 0
    database.down = Unreachable("no")
    commands.answers["/usr/sbin/mysqld --print-defaults"] = ""
    play(mysql_restore, dict(host.restore, into=True))
    assert settings(host, "restore")["own_writes"] is None


@pytest.mark.parametrize("into", [False, True])
def test_in_check_mode_nothing_is_restored(host, play, commands, into):
    backup_in(host.backups, GOOD)
    (host.place / GOOD).mkdir()
    assert play(mysql_restore, dict(host.restore, into=into), check=True) == {"changed": into}
    assert (host.place / GOOD).exists() and not commands.began("systemd-run") and host.ended == []


@pytest.mark.parametrize("name", ["", "db2-20260101T000000Z", rules.PARTIAL + GOOD])
def test_what_is_no_good_backup_is_refused(host, refused, commands, name):
    backup_in(host.backups, GOOD)
    (host.backups / (rules.PARTIAL + GOOD)).mkdir()
    assert refused(mysql_restore, dict(host.restore, backup=name)) == (
        "db2: there is no good backup '%s' in %s: mysql_backup_info lists those that are there" % (name, host.backups))
    assert not commands.began("systemd-run")


def test_a_backup_of_another_series_is_refused(host, refused):
    backup_in(host.backups, GOOD, version="11.8.9-MariaDB")
    assert refused(mysql_restore, host.restore) == (
        "db2: its server is mysqld  Ver 10.11.19-MariaDB for debian-linux-gnu, that of the donor the backup %s is 11.8.9-MariaDB: install "
        "the same series on both" % GOOD)


def test_a_restore_that_runs_is_not_disturbed(host, refused, commands):
    backup_in(host.backups, GOOD)
    commands.answers["systemctl is-active"] = "active\n"
    assert refused(mysql_restore, host.restore) == (
        "db2: a backup is being restored here already: wait for it, or stop the unit failover-mysql-restore.service")


def test_who_is_being_seeded_is_not_restored(host, refused, commands):
    """Both make the new data in one directory beside the old."""
    backup_in(host.backups, GOOD)
    commands.answers["systemctl is-active failover-mysql-seed-receive.service"] = "active\n"
    assert refused(mysql_restore, dict(host.restore, into=True)) == (
        "db2: it is being seeded: wait for that, or end it by mysql_seed with act=stop")
    assert not commands.began("systemd-run")


def test_a_restore_without_room_is_refused(host, refused, monkeypatch):
    backup_in(host.backups, GOOD, data_bytes=1 << 30)
    monkeypatch.setattr(files, "free", lambda directory: 1 << 20)
    said = "db2: the restored backup needs 1.10 GiB in %s, and 1.0 MiB are free there: make room, nothing was changed"
    assert refused(mysql_restore, host.restore) == said % host.place
    # Into: beside the data directory, where it takes its place.
    assert refused(mysql_restore, dict(host.restore, into=True)) == said % host.root


@pytest.mark.parametrize("act", ["run", "remove"])
@pytest.mark.parametrize("place", ["", "/sub", "/.."])
def test_a_place_among_the_backups_would_remove_them_and_is_refused(host, refused, act, place):
    backup_in(host.backups, GOOD)
    place = str(host.backups) + place
    assert refused(mysql_restore, dict(host.restore, place=place, act=act)) == (
        "db2: place %s and directory %s lie in one another, and what an earlier restore left in place is removed: name a place outside of "
        "the backups" % (place, host.backups))
    assert (host.backups / GOOD / rules.MANIFEST).exists() and host.ended == []


def test_a_backups_place_by_another_path_is_the_same_place(host, refused):
    backup_in(host.backups, GOOD)
    (host.root / "other").symlink_to(host.backups)
    assert "lie in one another" in refused(mysql_restore, dict(host.restore, place=str(host.root / "other"), act="remove"))


def test_remove_takes_what_a_restore_left_and_nothing_else(host, play):
    for name in (GOOD, "lost+found", "notes"):
        (host.place / name).mkdir()
    remove = {"act": "remove", "place": str(host.place), "directory": str(host.backups)}
    assert play(mysql_restore, remove, check=True) == {"changed": True} and (host.place / GOOD).exists()
    assert play(mysql_restore, remove) == {"changed": True}
    assert sorted(os.listdir(host.place)) == ["lost+found", "notes"]
    assert "systemctl stop failover-mysql-scratch-restore.service" in host.ended
    assert play(mysql_restore, remove) == {"changed": False}


def test_a_scratch_server_that_still_runs_is_something_to_remove(host, play, monkeypatch):
    monkeypatch.setattr(scratch, "run", lambda command: (0, "active\n", ""))
    assert play(mysql_restore, {"act": "remove", "place": str(host.place)}, check=True) == {"changed": True}


def test_a_restore_needs_its_backups_name(host, refused):
    assert refused(mysql_restore, {"act": "run", "directory": "/nowhere"}) == (
        "db2: there is no good backup '' in /nowhere: mysql_backup_info lists those that are there")


# What there is

def test_only_finished_backups_are_listed_oldest_first(host, play):
    for name in ("db9-20261120T030000Z", GOOD, "db1-20261122T030000Z"):
        backup_in(host.backups, name)
    backup_in(host.backups, "db1-20261123T030000Z", format=99)
    backup_in(host.backups, "by-hand")
    (host.backups / (rules.PARTIAL + "db1-20261124T030000Z")).mkdir()
    result = play(mysql_backup_info, {"directory": str(host.backups)})
    assert result["names"] == ["db9-20261120T030000Z", GOOD, "db1-20261122T030000Z"] and not result["changed"]
    assert result["backups"][GOOD]["tables"] == 1 and result["backups"][GOOD]["gtid"] == "0-1-7"


def test_a_directory_that_is_not_there_has_none(host, play):
    assert play(mysql_backup_info, {"directory": str(host.root / "nowhere")}) == {"changed": False, "names": [], "backups": {}}

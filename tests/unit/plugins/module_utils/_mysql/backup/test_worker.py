# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a backup is worth without its copy: names, checks, what is removed."""

import hashlib
import json
import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup import rules, shelf, worker
from ansible_collections.failover.stack.plugins.module_utils._mysql.job import Failure


class Progress:
    def phase(self, name, total=0):
        pass

    def count(self, done, total=None):
        pass


@pytest.fixture
def good(tmp_path):
    """A finished backup of two files."""
    name = rules.name_of("db1", 1795000000)
    path = tmp_path / name
    (path / rules.DATA).mkdir(parents=True)
    sums = {}
    for at, text in ((rules.DATA + "/ibdata1", "data"), (rules.DATA + "/shop.frm", "table")):
        (path / at).write_text(text)
        sums[at] = hashlib.sha256(text.encode()).hexdigest()
    manifest = json.dumps({"format": rules.FORMAT, "name": name, "compress": "none"})
    (path / rules.MANIFEST).write_text(manifest)
    sums[rules.MANIFEST] = hashlib.sha256(manifest.encode()).hexdigest()
    (path / rules.SUMS).write_text(rules.sums_text(sums))
    return path


def verify(path):
    return worker.verify({"backup": path.name}, Progress(), str(path))


def test_a_whole_backup_gives_its_manifest(good):
    assert verify(good)["name"] == good.name


@pytest.mark.parametrize("damage, named", [
    (lambda path: (path / "data/ibdata1").write_text("dada"), "data/ibdata1"),
    (lambda path: (path / "data/shop.frm").unlink(), "data/shop.frm"),
    (lambda path: (path / "data/more.frm").touch(), "data/more.frm"),
    (lambda path: (path / rules.MANIFEST).write_text("{}"), rules.MANIFEST),
])
def test_a_changed_missing_or_further_file_is_damage(good, damage, named):
    damage(good)
    with pytest.raises(Failure) as refused:
        verify(good)
    assert str(refused.value) == "backup %s is damaged: 1 of its files are not as they were written (%s): take another one" % (
        good.name, named)


def test_halves_go_and_good_ones_stay(good):
    half = good.parent / (rules.PARTIAL + good.name)
    half.mkdir()
    worker.remove_halves(str(good.parent))
    assert os.listdir(good.parent) == [good.name]


def test_a_half_never_counts_as_a_backup(good):
    assert list(shelf.good_backups(str(good.parent))) == [good.name]
    (good / rules.MANIFEST).unlink()
    assert shelf.good_backups(str(good.parent)) == {}
    assert shelf.good_backups(str(good.parent / "nowhere")) == {}


def test_a_copy_that_fails_leaves_neither_half_nor_loses_an_older_one(good, monkeypatch):
    def fail(_settings, _progress, partial):
        assert os.path.isdir(partial)
        raise Failure("mariadb-backup failed: no")

    monkeypatch.setattr(worker, "make_copy", fail)
    with pytest.raises(Failure, match=r"^mariadb-backup failed: no$"):
        worker.backup({"directory": str(good.parent), "host": "db1", "keep": 0}, Progress())
    assert os.listdir(good.parent) == [good.name]


class Server:
    """A replica with channels; what it is told."""

    def __init__(self, mariadb=True):
        self.mariadb, self.told = mariadb, []

    def channels(self):
        return ["", "dc2"]

    def rows(self, statement, values):
        self.told.append(statement % values)


@pytest.mark.parametrize("mariadb, form", [(True, "%s SLAVE %s SQL_THREAD"), (False, "%s REPLICA SQL_THREAD FOR CHANNEL %s")])
def test_a_held_replica_applies_again_also_after_a_failure(mariadb, form):
    server = Server(mariadb)
    with pytest.raises(Failure), worker.Held(server, True):
        raise Failure("no")
    assert server.told == [form % (verb, name) for verb in ("STOP", "START") for name in ("", "dc2")]


def test_who_is_not_held_is_told_nothing():
    server = Server()
    with worker.Held(server, False) as held:
        assert held.snapshot({}) == (None, "")
    assert server.told == []


# Restore, whole: real files, a scratch server that is played

TABLES = {"shop.order": {"rows": 3, "checksum": 9}}


class Scratch:
    """A scratch server: which data directory it ran on, whether it runs."""

    unit, login = "failover-mysql-scratch-restore.service", {"unix_socket": "/run/failover-mysql-scratch-restore/mysqld.sock"}

    def __init__(self, datadir):
        self.datadir, self.runs, self.fails = datadir, False, False

    def start(self):
        if self.fails:
            raise Failure("the scratch server does not start on %s" % self.datadir)
        self.runs = True
        return self

    mariadb = True

    def close(self):
        pass

    def stop(self):
        self.runs = False


@pytest.fixture
def restored(good, tmp_path, monkeypatch):
    """restored(tables that the scratch server has, **settings) -> result of the restore of `good`; .scratch is its server."""
    manifest = json.dumps({"format": rules.FORMAT, "name": good.name, "compress": "none", "data_bytes": 9, "layout": {}, "gtid": "0-1-7",
                           "version": "10.11.19-MariaDB", "tables": TABLES})
    (good / rules.MANIFEST).write_text(manifest)
    sums = rules.parse_sums((good / rules.SUMS).read_text())
    (good / rules.SUMS).write_text(rules.sums_text(dict(sums, **{rules.MANIFEST: hashlib.sha256(manifest.encode()).hexdigest()})))
    (tmp_path / "var/mysql").mkdir(parents=True)
    (tmp_path / "var/mysql/ibdata1").write_text("own")

    def restore(tables=None, fails=False, **more):
        def scratch_of(_settings, datadir, layout):
            restore.scratch = Scratch(datadir)
            restore.scratch.fails = fails
            return restore.scratch

        monkeypatch.setattr(worker, "scratch_of", scratch_of)
        monkeypatch.setattr(worker, "numbers", lambda server, told: TABLES if tables is None else tables)
        return worker.restore(dict({
            "directory": str(good.parent), "backup": good.name, "into": False, "keep": False, "keep_old": True,
            "place": str(tmp_path / "place"), "datadir": str(tmp_path / "var/mysql"),
            "uid": os.getuid(), "gid": os.getgid()}, **more), Counting())

    restore.place, restore.datadir = tmp_path / "place", tmp_path / "var/mysql"
    return restore


class Counting(Progress):
    def note(self, text):
        pass


def test_a_proved_backup_leaves_nothing_behind(restored, good):
    result = restored()
    assert (result["backup"], result["tables"], result["rows"], result["gtid"], result["kept"], result["socket"]) == (
        good.name, 1, 3, "0-1-7", "", "")
    assert not restored.scratch.runs and os.listdir(restored.place) == [] and (restored.datadir / "ibdata1").read_text() == "own"
    assert verify(good)


def test_a_scratch_server_that_is_kept_runs_on(restored):
    result = restored(keep=True)
    assert restored.scratch.runs and result["socket"] == Scratch.login["unix_socket"] and result["unit"] == Scratch.unit
    with open(result["kept"] + "/ibdata1", encoding="ascii") as handle:
        assert handle.read() == "data"


@pytest.mark.parametrize("into", [False, True])
def test_a_backup_that_is_not_what_its_manifest_says_is_refused_and_removed(restored, good, into):
    with pytest.raises(Failure) as refused:
        restored({"shop.order": {"rows": 2, "checksum": 9}}, into=into, keep=True)
    assert str(refused.value) == "the restored data is not that of backup %s: shop.order has 2 rows instead of 3" % good.name
    assert not restored.scratch.runs and (restored.datadir / "ibdata1").read_text() == "own"
    assert not os.path.exists(str(restored.datadir) + ".seed") and not list(restored.place.glob("*"))
    assert verify(good)


def test_a_damaged_backup_is_not_even_unpacked(restored, good):
    (good / rules.DATA / "ibdata1").write_text("dada")
    with pytest.raises(Failure, match="is damaged"):
        restored(into=True)
    assert not hasattr(restored, "scratch") and (restored.datadir / "ibdata1").read_text() == "own"


def test_a_scratch_server_that_does_not_start_is_the_end(restored):
    with pytest.raises(Failure, match=r"^the scratch server does not start on "):
        restored(fails=True)
    assert os.listdir(restored.place) == []


def test_what_an_interrupted_restore_left_goes_first(restored, good):
    half = restored.place / good.name / rules.DATA
    half.mkdir(parents=True)
    (half / "stale.ibd").touch()
    result = restored(keep=True)
    assert sorted(os.listdir(result["kept"])) == ["ibdata1", "shop.frm"]


class OwnServer:
    """The member's own server on the restored data."""

    def __init__(self):
        self.told = []

    def forget_sources(self):
        self.told.append("forget")

    def start_from(self, position):
        self.told.append(position)

    def position(self):
        return "0-1-7"

    def close(self):
        self.told.append("closed")


@pytest.mark.parametrize("keep_old", [True, False])
def test_into_replaces_the_data_and_keeps_the_old_one_when_asked(restored, monkeypatch, keep_old):
    server = OwnServer()

    def exchange(settings, progress, new, aside):
        worker.files.exchange(settings["datadir"], new, aside)
        return server

    monkeypatch.setattr(worker.seed, "exchange", exchange)
    result = restored(into=True, keep_old=keep_old)
    assert (restored.datadir / "ibdata1").read_text() == "data" and server.told == ["forget", "0-1-7", "closed"]
    left = sorted(path.name.split("-")[0] for path in restored.datadir.parent.iterdir())
    assert left == ["mysql", "mysql.before"][:1 + keep_old] and bool(result["kept"]) is keep_old
    if keep_old:
        with open(result["kept"] + "/ibdata1", encoding="ascii") as handle:
            assert handle.read() == "own"


def test_an_exchange_that_fails_leaves_the_members_own_data(restored, monkeypatch):
    def exchange(*_arguments):
        raise Failure("somebody wrote to this server")

    monkeypatch.setattr(worker.seed, "exchange", exchange)
    with pytest.raises(Failure, match=r"^somebody wrote to this server$"):
        restored(into=True)
    assert [path.name for path in restored.datadir.parent.iterdir()] == ["mysql"]
    assert (restored.datadir / "ibdata1").read_text() == "own"


# Backup, whole

@pytest.fixture
def copied(tmp_path, monkeypatch):
    """copied(**settings) -> result of a backup whose copy is two files; every second has a new name."""
    now = [1795000000.0]
    monkeypatch.setattr(worker.os, "chown", lambda path, user, group: None)
    monkeypatch.setattr(worker.os, "sync", lambda: None)
    monkeypatch.setattr(worker.time, "time", lambda: now[0])

    def make_copy(_settings, _progress, partial):
        data = os.path.join(partial, rules.DATA)
        os.mkdir(data)
        for name in ("ibdata1", "auto.cnf", "xtrabackup_info"):
            with open(os.path.join(data, name), "w", encoding="ascii") as handle:
                handle.write(name)
        return TABLES, "0-1-7", {}, "10.11.19-MariaDB", "copy"

    monkeypatch.setattr(worker, "make_copy", make_copy)

    def backup(**more):
        now[0] += 1
        return worker.backup(dict({"directory": str(tmp_path), "host": "db1", "keep": 7, "dialect": "mariadb", "compress": "none"}, **more),
                             Counting())

    return backup


def test_a_backup_that_was_made_can_be_verified_and_has_no_copied_identity(copied, tmp_path):
    result = copied()
    path = tmp_path / result["name"]
    manifest = verify(path)
    assert os.listdir(path / rules.DATA) == ["ibdata1"]
    assert (manifest["gtid"], manifest["rows"], manifest["tables"]) == ("0-1-7", 3, TABLES)
    assert result["path"] == str(path) and result["tables"] == 1 and result["removed"] == []
    assert (path / rules.MANIFEST).stat().st_mode & 0o077 == 0


def test_older_ones_go_only_when_the_new_one_is_good(copied, tmp_path, monkeypatch):
    first, second = copied(), copied()
    third = copied(keep=2)
    assert third["removed"] == [first["name"]]

    def full(*_arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr(worker, "digests", full)
    with pytest.raises(OSError, match="No space left"):
        copied(keep=1)
    assert sorted(shelf.good_backups(str(tmp_path))) == sorted(os.listdir(tmp_path)) == [second["name"], third["name"]]

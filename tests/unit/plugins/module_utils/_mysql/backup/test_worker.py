# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a backup is worth without its copy: names, checks, what is removed."""

import hashlib
import json
import os
import shutil
import types

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


# The copy itself, with real tar and zstd

@pytest.fixture
def partial(tmp_path):
    """A copy that was made and is not yet compressed."""
    (tmp_path / rules.DATA / "shop").mkdir(parents=True)
    (tmp_path / rules.DATA / "ibdata1").write_bytes(os.urandom(3000))
    with open(tmp_path / rules.DATA / "shop/order.ibd", "wb") as sparse:
        sparse.truncate(8 << 20)
    return tmp_path


@pytest.mark.skipif(not (shutil.which("zstd") and shutil.which("tar")), reason="there is no zstd or tar here")
def test_what_was_compressed_comes_out_as_it_went_in(partial, tmp_path_factory):
    content, place = (partial / rules.DATA / "ibdata1").read_bytes(), tmp_path_factory.mktemp("place")
    digest = worker.compress(Progress(), str(partial))
    assert os.listdir(partial) == [rules.ARCHIVE] and worker.digest_of(str(partial / rules.ARCHIVE)) == digest
    settings = {"backup": "b", "uid": os.getuid(), "gid": os.getgid()}
    data = worker.unpack(settings, Progress(), str(partial), {"compress": "zstd", "data_bytes": 9}, str(place))
    assert data == str(place / rules.DATA) and (place / rules.DATA / "ibdata1").read_bytes() == content
    order = (place / rules.DATA / "shop/order.ibd").stat()
    # What is empty in a data file takes no room after a restore either.
    assert order.st_size == 8 << 20 and order.st_blocks * 512 < 1 << 20


@pytest.mark.parametrize("tool", ["tar", "zstd"])
def test_a_copy_that_cannot_be_compressed_is_refused_and_stays(partial, program, tool):
    program(tool, "cat > /dev/null < /dev/null; exit 2")
    with pytest.raises(Failure, match=r"^tar or zstd failed while compressing: read journalctl -u failover-mysql-backup$"):
        worker.compress(Progress(), str(partial))
    assert (partial / rules.DATA / "ibdata1").exists()


@pytest.mark.parametrize("compress, tool", [("zstd", "zstd"), ("zstd", "tar"), ("none", "cp")])
def test_a_backup_that_cannot_be_unpacked_is_no_data(partial, program, compress, tool):
    (partial / rules.ARCHIVE).write_bytes(b"")
    program(tool, "exit 1")
    with pytest.raises(Failure, match=r"^backup b cannot be unpacked: read journalctl -u failover-mysql-restore$"):
        worker.unpack({"backup": "b", "uid": 0, "gid": 0}, Progress(), str(partial), {"compress": compress, "data_bytes": 9}, str(partial))


def test_mariadbs_copy_is_of_the_server_that_is_logged_in_to(tmp_path, monkeypatch, program):
    monkeypatch.setattr(worker, "home", lambda name: str(tmp_path))
    program("mariadb-backup", "touch ${3#--target-dir=}/ibdata1")
    target = tmp_path / "copy"
    worker.copy_mariadb({"job": "backup", "login": {"user": "root"}}, Progress(), None, str(target))
    assert os.listdir(target) == ["ibdata1"] and target.stat().st_mode & 0o777 == 0o700
    assert program.called("mariadb-backup") == ["--defaults-extra-file=%s/mariadb-backup.cnf --backup --target-dir=%s" % (tmp_path, target)]
    program("mariadb-backup", "echo '[00] FATAL ERROR: no such user'; exit 1")
    with pytest.raises(Failure, match=r"^mariadb-backup failed: \[00\] FATAL ERROR: no such user$"):
        worker.copy_mariadb({"job": "backup", "login": {"user": "root"}}, Progress(), None, str(tmp_path / "other"))


def test_mysql_may_write_where_it_is_to_clone_to(tmp_path, monkeypatch):
    order, server = [], types.SimpleNamespace(rows=lambda statement, values=(): order.append((statement, values)) or [{"1": 1}])
    monkeypatch.setattr(worker.os, "chown", lambda path, uid, gid: order.append((path, uid, gid)))
    worker.copy_mysql({"uid": 115, "gid": 121}, Progress(), server, str(tmp_path / "data"))
    assert order[1:] == [(str(tmp_path), 115, 121), ("CLONE LOCAL DATA DIRECTORY = %s", (str(tmp_path / "data"),))]


# What is counted, and compared

class Counted(Scratch):
    """The scratch server on the copy; `mariadb` or not, its GTIDs."""

    def __init__(self, mariadb=True):
        super().__init__("/srv/copy")
        self.mariadb, self.position, self.ran = mariadb, lambda: "uuid:1-7", []

    def start(self):
        self.ran.append("start")
        return super().start()

    def stop(self):
        self.ran.append("stop")
        super().stop()


@pytest.mark.parametrize("mariadb, position", [(True, ""), (False, "uuid:1-7")])
def test_a_scratch_server_is_stopped_once_it_has_counted(monkeypatch, mariadb, position):
    monkeypatch.setattr(worker, "numbers", lambda server, told: TABLES)
    scratch = Counted(mariadb)
    assert worker.counted({}, Counting(), scratch) == (TABLES, position) and scratch.ran == ["start", "stop"]
    kept = Counted(mariadb)
    worker.counted({}, Counting(), kept, keep=True)
    assert kept.ran == ["start"] and kept.runs


def test_a_scratch_server_that_cannot_count_does_not_stay(monkeypatch):
    def fail(*_given):
        raise Failure("Table './shop/order' is marked as crashed")

    monkeypatch.setattr(worker, "numbers", fail)
    scratch = Counted()
    with pytest.raises(Failure, match="marked as crashed"):
        worker.counted({}, Counting(), scratch, keep=True)
    assert scratch.ran == ["start", "stop"] and not scratch.runs


@pytest.mark.parametrize("here, at, said", [
    (TABLES, "0-1-7", None),
    (TABLES, "0-1-8", "the server was at 0-1-8 and its copy is at 0-1-7 although its applier was held: find out who else writes to it"),
    ({"shop.order": {"rows": 4, "checksum": 9}}, "0-1-7", "the copy differs from the server: shop.order has 3 rows instead of 4"),
])
def test_the_copy_is_compared_with_the_server_as_of_the_same_moment(monkeypatch, here, at, said):
    monkeypatch.setattr(worker, "numbers", lambda server, told: here)
    watcher = OwnServer()
    if said is None:
        assert worker.compare_with_server(Counting(), watcher, at, TABLES, "0-1-7") is None and watcher.told == ["closed"]
        return
    with pytest.raises(Failure) as failed:
        worker.compare_with_server(Counting(), watcher, at, TABLES, "0-1-7")
    assert str(failed.value) == said


@pytest.mark.parametrize("mariadb", [True, False])
@pytest.mark.parametrize("compare", [True, False])
def test_a_replica_is_held_exactly_as_long_as_it_is_copied_and_looked_at(tmp_path, monkeypatch, mariadb, compare):
    order = []

    class Source(Server):
        version = "1.0"

        def __init__(self, name):
            super().__init__(mariadb)
            self.name = name

        def rows(self, statement, values=()):
            order.append("%s: %s" % (self.name, statement.partition(" %s")[0]))

        def layout(self):
            return {"innodb_page_size": "16384"}

        def position(self):
            order.append(self.name + ": asked where it is")
            return "0-1-7"

        def close(self):
            order.append(self.name + ": closed")

    servers = iter([Source("server"), Source("watcher")])

    def copied(_settings, _progress, _server, target):
        os.mkdir(target, 0o755)
        order.append("copied")

    monkeypatch.setattr(worker, "Server", lambda login: next(servers))
    monkeypatch.setattr(worker, "home", lambda name: str(tmp_path))
    monkeypatch.setattr(worker, "copy_mariadb" if mariadb else "copy_mysql", copied)
    monkeypatch.setattr(worker.seed, "make_consistent", lambda progress, data, log: "0-1-7")
    monkeypatch.setattr(worker, "scratch_of", lambda settings, data, layout: Counted(mariadb))
    monkeypatch.setattr(worker, "counted", lambda settings, progress, scratch: (TABLES, "" if mariadb else "0-1-7"))
    monkeypatch.setattr(worker, "numbers", lambda server, told: TABLES)
    settings = {"login": {}, "compare": compare, "total": 9, "job": "backup", "uid": os.getuid(), "gid": os.getgid(), "dialect": "mariadb"}
    made = worker.make_copy(settings, Counting(), str(tmp_path))
    assert made == (TABLES, "0-1-7", {"innodb_page_size": "16384"}, "1.0", "server" if compare else "copy")
    stop, start = ("%s SLAVE" % verb if mariadb else "%s REPLICA SQL_THREAD FOR CHANNEL" % verb for verb in ("STOP", "START"))
    if compare:
        assert order[:2] == ["server: " + stop] * 2 and order[2] == "copied"
        assert order[3:6] == ["watcher: SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                              "watcher: START TRANSACTION WITH CONSISTENT SNAPSHOT", "watcher: asked where it is"]
        assert order[6:] == ["server: " + start] * 2 + ["watcher: closed", "server: closed"]
    else:
        assert order == ["copied", "server: closed"]
    assert mariadb or os.stat(tmp_path / rules.DATA).st_mode & 0o777 == 0o700

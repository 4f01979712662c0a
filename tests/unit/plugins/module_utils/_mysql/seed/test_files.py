# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.job import Failure
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import files


@pytest.fixture
def place(tmp_path):
    for name, text in (("mysql", "old"), ("mysql.seed", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ibdata1").write_text(text)
    return tmp_path


def read(place, name):
    return (place / name / "ibdata1").read_text()


def swap(place, aside="mysql.before"):
    files.exchange(str(place / "mysql"), str(place / "mysql.seed"), str(place / aside))


def test_the_new_takes_the_place_and_the_old_is_kept(place):
    swap(place)
    assert (read(place, "mysql"), read(place, "mysql.before")) == ("new", "old")
    assert not (place / "mysql.seed").exists()


def test_an_exchange_can_be_undone(place):
    swap(place)
    files.put_back(str(place / "mysql"), str(place / "mysql.seed"), str(place / "mysql.before"))
    assert (read(place, "mysql"), read(place, "mysql.seed")) == ("old", "new")


def test_where_the_second_rename_fails_the_old_is_back(place, monkeypatch):
    rename = os.rename

    def failing(old, new):
        if str(old).endswith(".seed"):
            raise OSError("no")
        rename(old, new)

    monkeypatch.setattr(files.os, "rename", failing)
    with pytest.raises(OSError):
        swap(place)
    assert (read(place, "mysql"), read(place, "mysql.seed")) == ("old", "new")


def test_an_order_to_stop_between_the_two_renames_leaves_the_old_in_its_place(place, monkeypatch):
    rename = os.rename

    def stopped(old, new):
        rename(old, new)
        if str(new).endswith(".before"):
            raise Failure("it was stopped")

    monkeypatch.setattr(files.os, "rename", stopped)
    with pytest.raises(Failure, match=r"^it was stopped$"):
        swap(place)
    assert (read(place, "mysql"), read(place, "mysql.seed")) == ("old", "new") and not (place / "mysql.before").exists()


def test_without_an_old_directory_there_is_nothing_aside(place):
    files.remove(str(place / "mysql"))
    swap(place)
    assert read(place, "mysql") == "new" and not (place / "mysql.before").exists()


def test_too_little_room_is_refused_before_anything(place, monkeypatch):
    monkeypatch.setattr(files, "free", lambda directory: 3 << 20)
    files.demand_room("db2", str(place), 3 << 20, "the copy")
    with pytest.raises(Failure) as refused:
        files.demand_room("db2", str(place), 5 << 20, "the copy")
    assert str(refused.value) == ("db2: the copy needs 5.0 MiB in %s, and 3.0 MiB are free there: make room, nothing was changed" % place)


def test_free_room_of_a_directory_that_is_not_there_is_its_parents(place):
    assert files.free(str(place / "not" / "yet")) == files.free(str(place))


def test_a_mount_point_is_refused(monkeypatch):
    monkeypatch.setattr(files.os.path, "ismount", lambda path: True)
    with pytest.raises(Failure) as refused:
        files.demand_swappable("db2", "/var/lib/mysql")
    assert str(refused.value) == ("db2: the data directory /var/lib/mysql is a mount point and cannot be exchanged: set "
                                  "mysql_replication_datadir to a directory below it")


def test_binary_logs_do_not_count(place):
    (place / "mysql" / "bin.000001").write_bytes(b"x" * 100000)
    with_logs, without = files.occupied(str(place / "mysql")), files.occupied(str(place / "mysql"), (str(place / "mysql/bin."),))
    assert with_logs - without >= 100000


def test_only_the_backups_own_leftovers_go(place):
    for name in ("xtrabackup_info", "mariadb_backup_checkpoints", "backup-my.cnf", "shop_backup.ibd"):
        (place / "mysql" / name).touch()
    files.strip_leftovers(str(place / "mysql"))
    assert sorted(path.name for path in (place / "mysql").iterdir()) == ["ibdata1", "shop_backup.ibd"]


def test_marks_of_the_package_come_along(place):
    (place / "mysql" / "debian-10.11.flag").touch()
    files.take_marks(str(place / "mysql"), str(place / "mysql.seed"))
    assert (place / "mysql.seed" / "debian-10.11.flag").exists()


def test_a_link_in_the_place_of_a_mark_is_not_copied(place):
    """The old directory is the server's own, and what it has becomes readable to the server."""
    (place / "shadow").write_text("hashes")
    (place / "mysql").chmod(0o777)
    (place / "mysql" / "debian-10.11.flag").symlink_to(place / "shadow")
    with pytest.raises(files.beneath.LinkRefused, match=r"debian-10\.11\.flag is a link"):
        files.take_marks(str(place / "mysql"), str(place / "mysql.seed"))
    assert not list((place / "mysql.seed").glob("*.flag"))


def test_what_cannot_be_removed_is_said(place, monkeypatch):
    monkeypatch.setattr(files.shutil, "rmtree", lambda path, ignore_errors: None)
    with pytest.raises(Failure, match="mysql cannot be removed: remove it by hand"):
        files.remove(str(place / "mysql"))


@pytest.mark.parametrize("size, said", [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 20, "5.0 MiB"), (3 << 30, "3.00 GiB")])
def test_sizes(size, said):
    assert files.human(size) == said

from __future__ import annotations

import errno
import os
import shutil

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.faults import disk as disks

MOUNTS = """22 1 0:21 / / rw,relatime shared:1 - overlay overlay rw
40 22 0:39 / /var/lib/my\\040sql rw,relatime shared:2 - tmpfs failover-drill rw,size=1m
"""


def test_mount_points():
    assert disks.mount_points(MOUNTS) == ["/", "/var/lib/my sql"]
    # Only blanks, tabs, line ends, backslashes and hashes are escaped; whatever else is as it is called.
    assert disks.mount_points("1 2 0:1 / /srv/donn\u00e9es\\134x\\011y\\043 rw - tmpfs x rw\nshort line\n") == ["/srv/donn\u00e9es\\x\ty#"]


def test_what_must_not_be_filled():
    assert "has no file system of its own" in disks.refusal("/var/lib/mysql", 100, False, 1024)
    assert "has 9000 MB: set most_mb" in disks.refusal("/var/lib/mysql", 9000, True, 1024)
    assert disks.refusal("/var/lib/mysql", 100, True, 1024) == ""


class Disk(disks.Disk):
    """Without mounting: a mounted directory is a set of names, a bind mount a copy."""

    def __init__(self, tmp_path):
        self.commands, self.points = [], set()
        super().__init__(str(tmp_path / "data"), self.note, place=str(tmp_path / "place"))
        os.makedirs(self.path, exist_ok=True)

    def mounted(self, path):
        return path in self.points

    def note(self, command):
        self.commands.append(command[0])
        if command[0] == "mount":
            self.points.add(command[-1])
        elif command[0] == "umount":
            self.points.discard(command[-1])
        elif command[0] == "cp" and not command[-1].startswith(self.staging):
            os.makedirs(command[-1])
            for name in os.listdir(self.staging):
                with open(os.path.join(command[-1], name), "w") as handle:
                    handle.write("moved")
            for name in os.listdir(self.staging):
                os.unlink(os.path.join(self.staging, name))


def test_there_and_back(tmp_path):
    disk = Disk(tmp_path)
    (tmp_path / "data" / "rows").write_text("old")
    assert disk.shrink(10, "db.service")
    assert not disk.shrink(10, "db.service")
    (tmp_path / "place" / os.path.basename(disk.staging) / "rows").write_text("new")
    assert disk.restore("db.service")
    assert (tmp_path / "data" / "rows").read_text() == "moved"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "place"]
    assert not disk.restore("db.service")
    assert disk.commands.count("systemctl") == 4


def test_files_that_never_moved_stay(tmp_path):
    disk = Disk(tmp_path)
    (tmp_path / "data" / "rows").write_text("old")
    disk.points.add(disk.staging)
    os.makedirs(disk.staging)
    assert disk.restore("db.service")
    assert (tmp_path / "data" / "rows").read_text() == "old"
    assert "cp" not in disk.commands


def test_too_much_to_move(tmp_path):
    with pytest.raises(disks.DiskError, match="needs 2001 MB of memory to become small: set most_mb"):
        Disk(tmp_path).shrink(2000, "db.service")


def test_a_large_one_is_not_filled(tmp_path):
    with pytest.raises(disks.DiskError, match="no file system of its own"):
        Disk(tmp_path).fill()


def test_free(tmp_path):
    disk = Disk(tmp_path)
    assert not disk.free()
    with open(os.path.join(disk.path, disks.FILLER), "w"):
        pass
    assert disk.free()
    assert os.listdir(disk.path) == []


class Broken(Exception):
    """A command that fails, or all of it that ends."""


class Machine(disks.Disk):
    """Real files below a scratch directory. A mount is a directory that is laid over another, which waits beside it meanwhile."""

    def __init__(self, tmp_path, fails_at=None):
        self.count, self.fails_at, self.running, self.spent, self.stack = 0, fails_at, True, [], {}
        super().__init__(str(tmp_path / "data"), self.command, place=str(tmp_path / "place"))

    def step(self):
        self.count += 1
        if self.count == self.fails_at:
            raise Broken

    def mounted(self, path):
        return bool(self.stack.get(path))

    def command(self, command):
        self.step()
        if command[0] == "systemctl":
            self.running = command[1] == "start"
            if self.running:
                # A service that starts writes where it has always written.
                with open(os.path.join(self.path, "started"), "a", encoding="utf-8") as handle:
                    handle.write("x")
        elif command[0] == "cp":
            source, target = command[2:4]
            shutil.copytree(source[:-2] if source.endswith("/.") else source, target, dirs_exist_ok=True)
        elif command[0] == "mount":
            point = command[-1]
            under = "%s.under-%d" % (point, len(self.stack.setdefault(point, [])))
            os.rename(point, under)
            # What a bind mount shows is the same directory twice.
            if command[1] == "--bind":
                os.symlink(self.staging, point)
            else:
                os.mkdir(point)
            self.stack[point].append(under)
        elif command[0] == "umount":
            point = command[1]
            (os.unlink if os.path.islink(point) else shutil.rmtree)(point)
            os.rename(self.stack[point].pop(), point)


ROWS = {"rows": "first", "more/deep": "second"}


@pytest.fixture
def machine(tmp_path):
    def make():
        shutil.rmtree(tmp_path, ignore_errors=True)
        for name, text in ROWS.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Machine(tmp_path)
    return make


def files_of(disk):
    return {os.path.relpath(os.path.join(root, name), disk.path): open(os.path.join(root, name), encoding="utf-8").read()
            for root, _directories, names in os.walk(disk.path) for name in names if name != "started"}


def left_beside(disk, tmp_path):
    return sorted(os.listdir(tmp_path)), os.listdir(tmp_path / "place") if (tmp_path / "place").exists() else []


def test_what_a_service_has_written_on_the_small_disk_is_there_afterwards(machine, tmp_path):
    disk = machine()
    assert disk.shrink(1, "db") and disk.running and files_of(disk) == ROWS
    (tmp_path / "data" / "new").write_text("written while small", encoding="utf-8")
    (tmp_path / "data" / "rows").unlink()
    assert disk.restore("db") and disk.running
    assert files_of(disk) == {"more/deep": "second", "new": "written while small"} and not disk.mounted(disk.staging)
    assert left_beside(disk, tmp_path) == (["data", "place"], [])


def test_broken_off_at_any_command_nothing_is_lost_and_the_unit_runs_in_the_end(machine, tmp_path):
    def there_and_back(disk):
        disk.shrink(1, "db")
        written.append(disk.count)
        (tmp_path / "data" / "rows").write_text("changed", encoding="utf-8")
        disk.restore("db")

    whole, written = machine(), []
    there_and_back(whole)
    assert (written.pop(), whole.count) == (5, 10)
    for point in range(1, whole.count + 1):
        disk = machine()
        disk.fails_at = point
        with pytest.raises(Broken):
            there_and_back(disk)
        disk.fails_at = None
        # Whatever the run before has left, the healing of the next begins here; it may be done twice.
        disk.restore("db")
        disk.restore("db")
        assert disk.running, point
        assert files_of(disk) == (dict(ROWS, rows="changed") if point > 5 else ROWS), point
        assert not disk.mounted(disk.staging) and not disk.mounted(disk.path), point


@pytest.mark.parametrize("gone", ["old", "path"])
def test_broken_off_between_two_renames_the_new_files_come_to_their_place(machine, tmp_path, gone):
    disk = machine()
    disk.shrink(1, "db")
    (tmp_path / "data" / "rows").write_text("changed", encoding="utf-8")
    disk.command(["umount", disk.path])
    shutil.copytree(disk.staging, disk.fresh)
    os.rename(disk.path, disk.old)
    if gone == "old":
        os.rename(disk.fresh, disk.path)
    assert disk.restore("db") and files_of(disk)["rows"] == "changed"
    assert left_beside(disk, tmp_path) == (["data", "place"], [])


def test_a_half_made_copy_of_an_earlier_attempt_is_not_taken_for_the_files(machine, tmp_path):
    disk = machine()
    disk.shrink(1, "db")
    for half in (disk.fresh, disk.old):
        os.mkdir(half)
        with open(os.path.join(half, "rows"), "w", encoding="utf-8") as handle:
            handle.write("half")
    assert disk.restore("db") and files_of(disk) == ROWS and left_beside(disk, tmp_path) == (["data", "place"], [])


def test_a_disk_that_is_already_its_own_is_left_alone(machine):
    disk = machine()
    disk.stack[disk.path] = ["somebody else's"]
    assert disk.shrink(1, "db") is False and disk.count == 0


@pytest.mark.parametrize("path, staging", [("/var/lib/mysql", "var-lib-mysql"), ("/var/lib/mysql/", "var-lib-mysql")])
def test_each_directory_has_a_place_of_its_own(path, staging):
    disk = disks.Disk(path, None, place="/run/x")
    assert (disk.path, disk.staging, disk.moved) == ("/var/lib/mysql", "/run/x/" + staging, "/run/x/var-lib-mysql.moved")


def test_it_is_filled_to_the_last_byte_in_ever_smaller_steps(machine, monkeypatch):
    """16 MB twice, 1 MB three times, five blocks, as on a file system of 35 MB and 20 KB."""
    disk, room = machine(), 35 * disks.MB + 5 * 4096
    steps = []

    def allocate(_handle, start, length):
        if start + length > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        steps.append(length)

    monkeypatch.setattr(os, "posix_fallocate", allocate)
    monkeypatch.setattr(disk, "mounted", lambda _path: True)
    monkeypatch.setattr(os, "statvfs", lambda _path: type("Stat", (), {"f_blocks": 1000, "f_frsize": 4096}))
    assert disk.fill() == room and steps == [16 * disks.MB] * 2 + [disks.MB] * 3 + [4096] * 5
    # What was not room is no full disk.
    monkeypatch.setattr(os, "posix_fallocate", lambda *_given: (one for one in ()).throw(OSError(errno.EIO, "Input/output error")))
    with pytest.raises(OSError, match="Input/output error"):
        disk.fill()
    assert disk.free() and not disk.free()

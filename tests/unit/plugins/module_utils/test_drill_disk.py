from __future__ import annotations

import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _drill_disk as disks

MOUNTS = """22 1 0:21 / / rw,relatime shared:1 - overlay overlay rw
40 22 0:39 / /var/lib/my\\040sql rw,relatime shared:2 - tmpfs failover-drill rw,size=1m
"""


def test_mount_points():
    assert disks.mount_points(MOUNTS) == ["/", "/var/lib/my sql"]


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

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A full disk: a directory gets a small file system of its own, that is filled, emptied, and taken away again.

The small one is a tmpfs, so it works wherever a file system may be mounted. What was there stays underneath, as it was when the
service stopped for the move; a machine that loses its power meanwhile finds that.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat

PLACE = "/run/failover-drill/disk"
FILLER = ".failover-drill-filler"
MB = 1024 * 1024


class DiskError(Exception):
    """A sentence about what is refused or went wrong."""


def mount_points(text):
    """What /proc/self/mountinfo calls mounted; its octal escapes undone."""
    points = [line.split()[4] for line in text.splitlines() if len(line.split()) > 4]
    return [re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point) for point in points]


def refusal(path, total_mb, own, most_mb):
    """Why a file system must not be filled; an empty text when it may."""
    if not own:
        return "%s has no file system of its own, and filling the machine's would break more than meant: shrink it first" % path
    if total_mb > most_mb:
        return "the file system of %s has %d MB: set most_mb if that much is to be filled" % (path, total_mb)
    return ""


class Disk:
    """run: command -> output, or an exception; nothing else starts a process."""

    def __init__(self, path, run, most_mb=1024, place=PLACE):
        self.path, self.run, self.most_mb = path.rstrip("/"), run, most_mb
        self.staging = os.path.join(place, self.path.strip("/").replace("/", "-"))
        # There once the files have moved: before that, those underneath are the only good ones.
        self.moved = self.staging + ".moved"
        self.fresh, self.old = self.path + ".failover-drill-new", self.path + ".failover-drill-old"

    def mounted(self, path):
        with open("/proc/self/mountinfo") as handle:
            return path in mount_points(handle.read())

    def small(self):
        return self.mounted(self.staging)

    def used_mb(self):
        total = 0
        for root, _directories, files in os.walk(self.path):
            for name in files:
                with contextlib.suppress(OSError):  # gone meanwhile
                    total += os.lstat(os.path.join(root, name)).st_blocks * 512
        return total // MB + 1

    def shrink(self, spare_mb, unit):
        """A file system with so much room more than is used now; nothing when it has one of its own."""
        if self.mounted(self.path):
            return False
        size = self.used_mb() + spare_mb
        if size > self.most_mb:
            raise DiskError("%s needs %d MB of memory to become small: set most_mb if there is that much" % (self.path, size))
        os.makedirs(self.staging, mode=0o700, exist_ok=True)
        # A new tmpfs is sticky, and copying into it does not take that away.
        mode = stat.S_IMODE(os.stat(self.path).st_mode)
        self.run(["mount", "-t", "tmpfs", "-o", "size=%dm,mode=%04o" % (size, mode), "failover-drill", self.staging])
        # From here on restore() sees that there is something to undo, a stopped unit too.
        self.run(["systemctl", "stop", unit])
        self.run(["cp", "-a", self.path + "/.", self.staging])
        with open(self.moved, "w"):
            pass
        self.run(["mount", "--bind", self.staging, self.path])
        self.run(["systemctl", "start", unit])
        return True

    def restore(self, unit):
        """Back to where it was, with what has changed since."""
        if not self.small():
            return False
        self.run(["systemctl", "stop", unit])
        if self.mounted(self.path):
            self.run(["umount", self.path])
        if os.path.exists(self.moved):
            self.copy_back()
        # As long as the small one is there, whoever comes after an interruption begins anew.
        self.run(["systemctl", "start", unit])
        self.run(["umount", self.staging])
        os.rmdir(self.staging)
        return True

    def copy_back(self):
        """Whole or not at all: the old ones go when the new ones are complete."""
        if os.path.isdir(self.path):
            shutil.rmtree(self.fresh, ignore_errors=True)
            self.run(["cp", "-a", self.staging, self.fresh])
            shutil.rmtree(self.old, ignore_errors=True)
            os.rename(self.path, self.old)
        os.rename(self.fresh, self.path)
        shutil.rmtree(self.old, ignore_errors=True)
        os.unlink(self.moved)

    def fill(self):
        """Not a byte is left; how many there were."""
        where = os.statvfs(self.path)
        refused = refusal(self.path, where.f_blocks * where.f_frsize // MB, self.mounted(self.path), self.most_mb)
        if refused:
            raise DiskError(refused)
        handle = os.open(os.path.join(self.path, FILLER), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            return self.take(handle, where.f_frsize)
        finally:
            os.close(handle)

    def take(self, handle, block):
        """In steps that become smaller: what is left is less than the smallest."""
        size = 0
        for step in (16 * MB, MB, block):
            while True:
                try:
                    os.posix_fallocate(handle, size, step)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    break
                size += step
        return size

    def free(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.path, FILLER))
            return True
        return False

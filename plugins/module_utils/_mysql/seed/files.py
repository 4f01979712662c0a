# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data directories: how big they are, whether there is room, and how one takes the place of another."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import stat

from ansible_collections.failover.stack.plugins.module_utils._host import beneath
from ansible_collections.failover.stack.plugins.module_utils._mysql.job import Failure, undisturbed

# What mariadb-backup leaves beside the data and no server reads.
LEFTOVERS = ("xtrabackup_*", "mariadb_backup_*", "backup-my.cnf")


def human(size):
    for name in ("B", "KiB", "MiB"):
        if size < 1024:
            return "%d %s" % (size, name) if name == "B" else "%.1f %s" % (size, name)
        size /= 1024.0
    return "%.2f GiB" % size


def occupied(directory, without=()):
    """Bytes on the disk, without files whose path begins with one of `without` (binary logs, for instance)."""
    total = 0
    for root, _directories, files in os.walk(directory):
        for name in files:
            path = os.path.join(root, name)
            if not any(path.startswith(prefix) for prefix in without):
                # A temporary table may be gone by now.
                with contextlib.suppress(OSError):
                    total += os.lstat(path).st_blocks * 512
    return total


def free(directory):
    """Bytes free where the directory is or would be."""
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def demand_room(host, directory, needed, what):
    there = free(directory)
    if there < needed:
        raise Failure("%s: %s needs %s in %s, and %s are free there: make room, nothing was changed" % (
            host, what, human(needed), directory, human(there)))


def staging_of(datadir):
    return datadir.rstrip("/") + ".seed"


def target_of(datadir):
    """Where the data really are. A link stays as it is; what takes their place is made beside them, on the same disk."""
    return os.path.realpath(datadir)


def demand_swappable(host, datadir):
    """A directory can be renamed unless it is where a file system is mounted."""
    real = target_of(datadir)
    if os.path.ismount(real):
        what = datadir if real == datadir.rstrip("/") else "%s, a link to %s," % (datadir, real)
        raise Failure("%s: the data directory %s is a mount point and cannot be exchanged: set mysql_replication_datadir to a "
                      "directory below it" % (host, what))


def strip_leftovers(directory):
    for pattern in LEFTOVERS:
        for path in glob.glob(os.path.join(glob.escape(directory), pattern)):
            os.unlink(path)


def take_marks(old, new):
    """The distribution's own marks (debian-10.11.flag) are files of the package, not of the data."""
    for path in glob.glob(os.path.join(glob.escape(old), "debian-*.flag")):
        # The directory is the server's own: a link in it is nothing of the package's.
        content, info = beneath.read_bytes(path)
        beneath.write(os.path.join(new, os.path.basename(path)), content, stat.S_IMODE(info.st_mode),
                      times_ns=(info.st_atime_ns, info.st_mtime_ns))


def outside(log_base, datadir):
    """The base of binary logs that do not move with the data directory; empty when they do."""
    place = os.path.dirname(log_base)
    return log_base if place and os.path.realpath(place) != os.path.realpath(datadir) else ""


def set_aside(log_base, name):
    """Move the logs of this base into a directory beside them, since they are not the new data's. Returns it; empty without any.

    All or none: a server that starts on a part of its logs does not know what it has.
    """
    found = sorted(glob.glob(glob.escape(log_base) + ".*")) if log_base else []
    if not found:
        return ""
    place = os.path.dirname(log_base)
    aside, like = os.path.join(place, name), os.stat(place)
    try:
        beneath.make_directory(aside, 0o750, like.st_uid, like.st_gid)
        for path in found:
            os.rename(path, os.path.join(aside, os.path.basename(path)))
        sync(place)
    except BaseException:
        with undisturbed():
            for name in os.listdir(aside) if os.path.isdir(aside) else ():
                os.rename(os.path.join(aside, name), os.path.join(place, name))
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(aside)
        raise
    return aside


def bring_back(log_base, aside):
    """Undo set_aside(), whatever logs a server has begun meanwhile."""
    if not aside:
        return
    for path in glob.glob(glob.escape(log_base) + ".*"):
        os.unlink(path)
    for name in os.listdir(aside):
        os.rename(os.path.join(aside, name), os.path.join(os.path.dirname(log_base), name))
    os.rmdir(aside)
    sync(os.path.dirname(log_base))


def exchange(datadir, new, aside):
    """`new` becomes the data directory, what was there goes to `aside`. Two renames on one file system.

    Whatever comes between them, an order to stop too, leaves the old one in its place.
    """
    try:
        if os.path.isdir(datadir):
            os.rename(datadir, aside)
        os.rename(new, datadir)
    except BaseException:
        if os.path.isdir(aside) and not os.path.isdir(datadir):
            os.rename(aside, datadir)
        raise
    sync(os.path.dirname(datadir))


def put_back(datadir, new, aside):
    """Undo an exchange."""
    os.rename(datadir, new)
    os.rename(aside, datadir)
    sync(os.path.dirname(datadir))


def sync(directory):
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path):
    shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        raise Failure("%s cannot be removed: remove it by hand" % path)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that root reads and writes in directories which others may change: no link of theirs is followed.

A service owns its data directory and can put a link where root is about to write, read or give something away. So the way to a file is
gone one directory at a time, each opened below the one before. A link on it is followed only where nobody but root (or who runs this) can
have made it; the file itself is never a link.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat

# As many links as the kernel follows in one path.
MOST_LINKS = 40
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC


class LinkRefused(OSError):
    """A link that somebody else than root may have made stands where root was to go. Its text is the whole sentence."""

    def __init__(self, path):
        super().__init__("%s is a link in a directory that others than root can change, and is not followed: remove it, and find out who "
                         "made it" % path)
        self.path = path


@contextlib.contextmanager
def told(module):
    """Ends `module` with the sentence when a link is refused within."""
    try:
        yield
    except LinkRefused as refusal:
        module.fail_json(msg="%s, then run again." % refusal)


def _only_ours(descriptor):
    """Whether nobody but root and who runs this can make a name in this directory."""
    info = os.fstat(descriptor)
    return info.st_uid in (0, os.geteuid()) and not info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _step(descriptor, name, make):
    """The directory `name` in the one that is open; a missing one is made where `make` is true."""
    try:
        return os.open(name, _DIRECTORY, dir_fd=descriptor)
    except FileNotFoundError:
        if not make:
            raise
    os.mkdir(name, 0o700, dir_fd=descriptor)
    made = os.open(name, _DIRECTORY, dir_fd=descriptor)
    # Whatever the umask of root is.
    os.fchmod(made, 0o755)
    return made


@contextlib.contextmanager
def directory(path, make=False):
    """A descriptor of the directory at the absolute `path`, open for as long as the context lasts.

    make: missing directories are made, owned by root, mode 0755. Raises LinkRefused, and FileNotFoundError or NotADirectoryError as
    opening it would.
    """
    if not os.path.isabs(path):
        raise ValueError("%s is no absolute path" % path)
    parts, links = [part for part in path.split("/") if part not in ("", ".")], 0
    walked, at = "", os.open("/", _DIRECTORY)
    try:
        while parts:
            name = parts.pop(0)
            if _is_link(at, name):
                links += 1
                if not _only_ours(at) or links > MOST_LINKS:
                    raise LinkRefused("%s/%s" % (walked, name))
                target = os.readlink(name, dir_fd=at)
                parts = [part for part in target.split("/") if part not in ("", ".")] + parts
                if os.path.isabs(target):
                    os.close(at)
                    walked, at = "", os.open("/", _DIRECTORY)
                continue
            following = _step(at, name, make)
            os.close(at)
            walked, at = "%s/%s" % (walked, name), following
        yield at
    finally:
        os.close(at)


def _is_link(descriptor, name):
    try:
        return stat.S_ISLNK(os.lstat(name, dir_fd=descriptor).st_mode)
    except FileNotFoundError:
        return False


def _refuse_link(descriptor, path):
    if _is_link(descriptor, os.path.basename(path)):
        raise LinkRefused(path)


def make_directory(path, mode=0o755, uid=None, gid=None):
    """A directory with these permissions and this owner (None: as it is), made if it is missing. It is given away only once it is open."""
    with directory(path, make=True) as own:
        if uid is not None or gid is not None:
            os.fchown(own, -1 if uid is None else uid, -1 if gid is None else gid)
        os.fchmod(own, mode)


def look(path):
    """os.stat_result of what is at the absolute `path`, of a link itself; None where nothing is. Raises OSError."""
    try:
        with directory(os.path.dirname(path)) as parent:
            return os.lstat(os.path.basename(path), dir_fd=parent)
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_bytes(path):
    """(content, os.stat_result) of the regular file at the absolute `path`, which must be no link. Raises OSError."""
    with directory(os.path.dirname(path)) as parent:
        _refuse_link(parent, path)
        # A pipe in its place must not keep us waiting.
        descriptor = os.open(os.path.basename(path), os.O_RDONLY | os.O_NONBLOCK | _FILE, dir_fd=parent)
        with os.fdopen(descriptor, "rb") as handle:
            info = os.fstat(descriptor)
            if not stat.S_ISREG(info.st_mode):
                raise OSError("%s is no regular file" % path)
            return handle.read(), info


def opener(path, flags):
    """For open(…, opener=…) where what is read is big: a link or a pipe in the place of the file is not followed, nor waited for."""
    return os.open(path, flags | os.O_NONBLOCK | _FILE)


def read_text(path):
    """The text (UTF-8) of the regular file at `path`, which must be no link. Raises OSError."""
    return read_bytes(path)[0].decode("utf-8", "replace")


def write(path, content, mode=0o600, uid=None, gid=None, times_ns=None, durable=False):
    """Puts `content` (bytes or text) at the absolute `path`, whole or not at all, and on the disk before it has that name.

    Whoever reads sees the old file or the new one, never with other permissions than `mode` and the owner uid:gid (None: who runs this).
    What was there, be it a link, is replaced. times_ns: (access, modification) in ns. durable: the name is on the disk, too, when this
    returns. Raises OSError.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    name, temporary = os.path.basename(path), ".failover-" + secrets.token_hex(8)
    with directory(os.path.dirname(path)) as parent:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE, 0o600, dir_fd=parent)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(data)
                handle.flush()
                os.fchown(descriptor, -1 if uid is None else uid, -1 if gid is None else gid)
                os.fchmod(descriptor, mode)
                if times_ns:
                    os.utime(descriptor, ns=times_ns)
                os.fsync(descriptor)
            os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=parent)
            raise
        if durable:
            os.fsync(parent)


def touch(path, mode=0o644):
    """An empty regular file at the absolute `path`; one that is there stays as it is, a link is refused. Raises OSError."""
    with directory(os.path.dirname(path)) as parent:
        _refuse_link(parent, path)
        os.close(os.open(os.path.basename(path), os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | _FILE, mode, dir_fd=parent))


def remove(path):
    """Takes the file or link at the absolute `path` away, wherever the link points; whether there was one. Raises OSError."""
    with contextlib.suppress(FileNotFoundError), directory(os.path.dirname(path)) as parent:
        os.unlink(os.path.basename(path), dir_fd=parent)
        return True
    return False


def symlink(target, path):
    """A link at the absolute `path`, where nothing may be. Raises OSError."""
    with directory(os.path.dirname(path)) as parent:
        os.symlink(target, os.path.basename(path), dir_fd=parent)


def read_link(path):
    """Where the link at the absolute `path` points. Raises OSError."""
    with directory(os.path.dirname(path)) as parent:
        return os.readlink(os.path.basename(path), dir_fd=parent)


def own(path, uid, gid, mode=None):
    """Gives the file or directory at the absolute `path`, which must be no link, to uid:gid; mode: permissions, too. Raises OSError."""
    with directory(os.path.dirname(path)) as parent:
        _refuse_link(parent, path)
        descriptor = os.open(os.path.basename(path), os.O_RDONLY | os.O_NONBLOCK | _FILE, dir_fd=parent)
        try:
            os.fchown(descriptor, uid, gid)
            if mode is not None:
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)


def own_tree(path, uid, gid):
    """Gives a directory and all below it to uid:gid, the inside first, as long as its new owner can change nothing. Raises OSError."""
    with directory(path) as top:
        for _root, directories, files, at in os.fwalk(".", topdown=False, dir_fd=top):
            for name in directories + files:
                os.chown(name, uid, gid, dir_fd=at, follow_symlinks=False)
        os.fchown(top, uid, gid)

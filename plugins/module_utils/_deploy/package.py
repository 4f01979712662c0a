# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of an application: unpacked without letting anything escape, packed so that the same files give the same bytes."""

from __future__ import annotations

import calendar
import gzip
import hashlib
import os
import posixpath
import shutil
import stat
import tarfile
import zipfile

from ansible_collections.failover.stack.plugins.module_utils._deploy.classes import session_classes


class BadPackage(Exception):
    """A sentence's end that tells what is wrong with it."""


def inside(name):
    """A member's path within the package; what leads out of it is refused."""
    path = posixpath.normpath(name)
    if name.startswith("/") or path == ".." or path.startswith("../"):
        raise BadPackage("it has %s, which leads out of it" % name)
    return path


def link_inside(name, target):
    """A symbolic link must stay within the package, wherever that is unpacked."""
    if target.startswith("/"):
        raise BadPackage("it has the link %s to %s, an absolute path" % (name, target))
    inside(posixpath.join(posixpath.dirname(name), target))


def unpack_tar(archive, to):
    with tarfile.open(archive) as tar:
        for member in tar:
            path = inside(member.name)
            if path == ".":
                continue
            there = os.path.join(to, path)
            if os.path.islink(os.path.dirname(there)) or through_link(to, path):
                raise BadPackage("it has %s below a symbolic link" % member.name)
            os.makedirs(there if member.isdir() else os.path.dirname(there), mode=0o755, exist_ok=True)
            if member.issym():
                link_inside(path, member.linkname)
                os.symlink(member.linkname, there)
            elif member.isfile() or member.islnk():
                with tar.extractfile(member) as source, open(there, "wb") as handle:
                    shutil.copyfileobj(source, handle)
                os.chmod(there, 0o755 if member.mode & stat.S_IXUSR else 0o644)
                os.utime(there, (member.mtime, member.mtime))
            elif not member.isdir():
                raise BadPackage("it has %s, which is no file, directory or link" % member.name)


def through_link(to, path):
    """Whether anything above a member is a link."""
    parts = path.split("/")[:-1]
    return any(os.path.islink(os.path.join(to, *parts[:count])) for count in range(1, len(parts) + 1))


def unpack_zip(archive, to):
    with zipfile.ZipFile(archive) as war:
        for member in war.infolist():
            there = os.path.join(to, inside(member.filename))
            if member.is_dir():
                os.makedirs(there, mode=0o755, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(there), mode=0o755, exist_ok=True)
            with war.open(member) as source, open(there, "wb") as handle:
                shutil.copyfileobj(source, handle)
            os.chmod(there, 0o755 if (member.external_attr >> 16) & stat.S_IXUSR else 0o644)
            written = calendar.timegm((*member.date_time, 0, 0, 0))
            os.utime(there, (written, written))


def links_stay(tree):
    """Each link is within the package by its own words; by way of another one it may lead out all the same."""
    whole = os.path.realpath(tree)
    for root, directories, files in os.walk(tree):
        for path in (os.path.join(root, name) for name in sorted(directories + files)):
            if os.path.islink(path) and os.path.commonpath([whole, os.path.realpath(path)]) != whole:
                raise BadPackage("it has the link %s, which leads out of it by another link" % os.path.relpath(path, tree))


def unpack(archive, to):
    """A WAR, a zip or a tar, however compressed."""
    try:
        if zipfile.is_zipfile(archive):
            unpack_zip(archive, to)
        elif tarfile.is_tarfile(archive):
            unpack_tar(archive, to)
            links_stay(to)
        else:
            raise BadPackage("it is neither a WAR, zip nor tar")
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise BadPackage("it cannot be read (%s)" % error) from error


def newest(tree):
    """When the last of its files was written."""
    paths = [os.path.join(root, name) for root, _directories, files in os.walk(tree) for name in files]
    return max([int(os.lstat(path).st_mtime) for path in paths], default=0)


def pack(tree, to, mtime):
    """All files of a tree, in one order, owned by root, with one time: the same tree gives the same bytes."""
    paths = []
    for root, directories, files in os.walk(tree):
        # What a link to a directory leads to is not walked through; the link itself is a member.
        paths += [os.path.join(root, name) for name in directories + files]
    with open(to, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, 0) as packed, tarfile.open(mode="w", fileobj=packed) as tar:
        for path in sorted(paths):
            name = os.path.relpath(path, tree)
            member = tar.gettarinfo(path, name)
            if member.issym():
                link_inside(name, member.linkname)
            elif not (member.isdir() or member.isfile() or member.islnk()):
                raise BadPackage("it has %s, which is no file, directory or link" % name)
            member.uid = member.gid = 0
            member.uname = member.gname = "root"
            member.mtime, member.mode = mtime, 0o755 if member.isdir() or member.mode & stat.S_IXUSR else 0o644
            if member.islnk():
                # A second name of one file becomes a file of its own.
                member.type, member.linkname, member.size = tarfile.REGTYPE, "", os.path.getsize(path)
            if member.isfile():
                with open(path, "rb") as handle:
                    tar.addfile(member, handle)
            else:
                tar.addfile(member)


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        for part in iter(lambda: handle.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()


def class_files(tree):
    """The bytes of all class files that a web application brings along, those of its libraries too."""
    for root, _directories, files in os.walk(os.path.join(tree, "WEB-INF", "classes")):
        for name in files:
            if name.endswith(".class"):
                with open(os.path.join(root, name), "rb") as handle:
                    yield handle.read()
    libraries = os.path.join(tree, "WEB-INF", "lib")
    for name in sorted(os.listdir(libraries)) if os.path.isdir(libraries) else ():
        if name.endswith(".jar"):
            try:
                with zipfile.ZipFile(os.path.join(libraries, name)) as jar:
                    for member in jar.namelist():
                        if member.endswith(".class") and not member.startswith("META-INF/"):
                            yield jar.read(member)
            except zipfile.BadZipFile as error:
                raise BadPackage("its WEB-INF/lib/%s cannot be read (%s)" % (name, error)) from error


def classes_in(tree):
    return session_classes(class_files(tree))


def result_of(tree, result):
    """The directory or archive within a tree that is the application."""
    path = os.path.join(tree, inside(result)) if result else tree
    if not os.path.exists(path):
        raise BadPackage("it has no %s" % result)
    whole = os.path.realpath(tree)
    if os.path.commonpath([whole, os.path.realpath(path)]) != whole:
        raise BadPackage("its %s leads out of it" % result)
    return path

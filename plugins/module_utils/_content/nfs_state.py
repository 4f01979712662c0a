# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine tells of what it exports or mounts by NFS, and what must be so on it. look_* and read_* read, the rest is pure."""

from __future__ import annotations

import ctypes
import errno
import os
import re

from ansible_collections.failover.stack.plugins.module_utils._content.judge import database_of
from ansible_collections.failover.stack.plugins.module_utils._content.probe import OURS, lines_of, names_in

RUN = "/run/failover-nfs"
VERSIONS = "/proc/fs/nfsd/versions"
# What others may have put there; ours is in /etc/exports.d.
FOREIGN = "/etc/exports"
AT_FDCWD, HANDLE_BYTES = -100, 128


class FileHandle(ctypes.Structure):
    _fields_ = [("handle_bytes", ctypes.c_uint), ("handle_type", ctypes.c_int), ("f_handle", ctypes.c_ubyte * HANDLE_BYTES)]


# --- Reading ----------------------------------------------------------------------------


def exportable(path):
    """Whether the file system gives handles, without which nfsd cannot export it: an overlay does not, nor does what FUSE has."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle, number = FileHandle(handle_bytes=HANDLE_BYTES), ctypes.c_int()
    if libc.name_to_handle_at(AT_FDCWD, os.fsencode(path), ctypes.byref(handle), ctypes.byref(number), 0) == 0:
        return True
    return ctypes.get_errno() not in (errno.EOPNOTSUPP, errno.ENOSYS)


def look_export(path):
    there = os.path.isdir(path) and not os.path.islink(path)
    return {"exists": there, "mounted": os.path.ismount(path), "link": os.path.islink(path),
            "database": database_of(names_in(path)) if there else None, "exportable": exportable(path) if there else True,
            "type": type_of(path, lines_of("/proc/self/mountinfo")) if there else ""}


def look_mount_root(path):
    """Whether something of somebody's is in the directory over which automount mounts; nothing is looked at once it has."""
    kind = type_of(path, lines_of("/proc/self/mountinfo"), exactly=True)
    names = [] if kind or not os.path.isdir(path) else sorted(os.listdir(path))
    return {"type": kind, "names": names, "link": os.path.islink(path)}


# --- What the kernel says ---------------------------------------------------------------


def unescaped(word):
    """As mount tables and exports write blanks."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), word)


def mountinfo(lines):
    """(place, type, source, options of mount and file system) of each mount, in the kernel's order."""
    found = []
    for line in lines:
        left, _mark, right = line.partition(" - ")
        fields, others = left.split(), right.split()
        if len(fields) > 5 and len(others) > 2:
            found.append((unescaped(fields[4]), others[0], unescaped(others[1]), fields[5].split(",") + others[2].split(",")))
    return found


def type_of(path, lines, exactly=False):
    """Type of the file system at a path, which is the last mount there or above; exactly: of what is mounted at that very path."""
    found, longest = "", -1
    for place, kind, _source, _options in mountinfo(lines):
        above = path == place or (not exactly and path.startswith(place.rstrip("/") + "/"))
        if above and len(place) >= longest:
            found, longest = kind, len(place)
    return found


def mounts_of(lines):
    """{place: {device, options}} of what is mounted by NFS; of several over each other the uppermost."""
    return {place: {"device": source, "options": options, "type": kind} for place, kind, source, options in mountinfo(lines)
            if kind in ("nfs", "nfs4")}


def old_mounts(lines):
    """Where something is mounted by NFS 3 or older, for which rpcbind or rpc.statd may run."""
    return sorted(place for place, one in mounts_of(lines).items() if one["type"] == "nfs")


def exported(text):
    """{path: {client: options}} of what exportfs -v says."""
    found, path = {}, ""
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if not line[0].isspace():
            path = unescaped(words.pop(0))
        for word in words:
            client, _mark, options = word.partition("(")
            found.setdefault(path, {})[client] = options.rstrip(")").split(",")
    return found


def versions(text):
    """{version: whether it is served} of /proc/fs/nfsd/versions."""
    return {word[1:]: word[0] == "+" for word in text.split() if word[0] in "+-"}


# --- What speaks against a run ----------------------------------------------------------


def export_objection(one, seen):
    name, path = one["name"], one["path"]
    if seen["link"]:
        return "export %s: path %s is a symbolic link: name the directory that it leads to, clients would follow it on their own side." % (
            name, path)
    if not seen["exists"]:
        return "export %s: path %s is no directory: make it with what is to be served, or correct the path." % (name, path)
    if seen["database"]:
        return ("export %s: path %s has a data directory of %s: files that a server writes are no content, replicate or back up the "
                "database." % (name, path, seen["database"]))
    if not seen["exportable"]:
        return ("export %s: path %s lies on a file system (%s) that nfsd cannot export: move it to one such as ext4 or XFS." % (
            name, path, seen["type"]))
    if one["own_file_system"] and not seen["mounted"]:
        return ("export %s: path %s is in nfs_content_root's own file system, of which all clients read everything and write nothing, "
                "whatever is said of this one: put it on a file system that is mounted there." % (name, path))
    return None


def root_objection(path, seen):
    if not seen["exists"]:
        return "nfs_content_root %s is no directory: make it, or correct the path." % path
    if not seen["exportable"]:
        return "nfs_content_root %s lies on a file system (%s) that nfsd cannot export: choose a directory on one such as ext4 or XFS." % (
            path, seen["type"])
    return None


def foreign_objection(line):
    return ("%s has '%s', which is somebody else's: move it to nfs_content_exports, or out of the file, since NFS 3 and rpcbind are "
            "switched off here." % (FOREIGN, line))


def mount_root_objection(path, seen):
    if seen["link"]:
        return "nfs_content_mount_root %s is a symbolic link: name a directory." % path
    if seen["type"] not in ("", "autofs"):
        return "nfs_content_mount_root %s has something mounted (%s): unmount it, or name another directory." % (path, seen["type"])
    if seen["names"]:
        return "nfs_content_mount_root %s has %s in it, which automount would hide: move it away, or name another directory." % (
            path, ", ".join(seen["names"][:3]))
    return None


def old_objection(place):
    return "%s is mounted by NFS 3, which needs what is switched off here (rpcbind, rpc.statd): mount it by NFS 4 first." % place


# --- What must be so --------------------------------------------------------------------


def server_problems(wanted, root, seen):
    """wanted: exports as the role's plan has them (path, options, addresses). seen: exported, versions."""
    old = sorted(version for version, on in seen["versions"].items() if on and version.split(".")[0] in ("2", "3"))
    if not seen["versions"]:
        yield "nfsd does not run: look at journalctl -u nfs-server."
        return
    if old:
        yield "nfsd serves version %s: look at what overrides /etc/nfs.conf.d/failover-content.conf." % ", ".join(old)
    paths = {one["path"]: one for one in wanted}
    for path, one in paths.items():
        there = seen["exported"].get(path, {})
        for address in one["addresses"]:
            lacking = [option for option in one["options"] if option not in there.get(address, [])]
            if address not in there:
                yield "export %s: %s is not exported to %s: exportfs -r, and look at what it says." % (one["name"], path, address)
            elif lacking:
                yield "export %s: %s is exported to %s without %s: exportfs -r." % (one["name"], path, address, ", ".join(lacking))
        others = sorted(set(there) - set(one["addresses"]))
        if others:
            yield "export %s: %s is exported to %s, too, which is no client: exportfs -r." % (one["name"], path, ", ".join(others))
    for path in sorted(set(seen["exported"]) - set(paths) - ({root} if root else set())):
        yield "%s is exported, too, and in no nfs_content_exports: take it out of /etc/exports or /etc/exports.d, and exportfs -r." % path


def option_problems(one, there):
    """A sentence, or None. there: what mounts_of says of its place."""
    lacking = [option for option in one["options"] if option not in there["options"]]
    if there["device"] != one["device"]:
        return "content %s: %s has %s mounted instead of %s: umount it, the next access mounts it anew." % (
            one["name"], one["mount"], there["device"], one["device"])
    if lacking:
        return "content %s: %s is mounted without %s: umount it, the next access mounts it anew." % (
            one["name"], one["mount"], ", ".join(lacking))
    return None


def reading_problem(one, read, answer_s):
    """read: what a look at the mount came to: seconds, and error where there was one; None where it did not end in time."""
    if read is None:
        return "content %s: %s did not answer within %g s (nfs_content_answer_s): look at journalctl -u failover-nfs-watch." % (
            one["name"], one["mount"], answer_s)
    if read["error"]:
        return "content %s: %s cannot be read (%s after %.1f s): see whether %s is exported and its server runs." % (
            one["name"], one["mount"], read["error"], read["seconds"], one["device"])
    return None


def away_problem(one, away):
    return "content %s: its server was given up, %s is there: look at journalctl -u failover-nfs-watch." % (
        one["name"], one["away"]) if away else None


def old_programs(sockets):
    """Sentence where rpcbind listens. sockets: (address, port) as /proc/net says."""
    return "somebody listens on port 111 (rpcbind), which NFS 4 does not need: systemctl stop rpcbind.socket rpcbind." if any(
        int(port) == 111 for _address, port in sockets) else None


def foreign_lines(lines):
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#") and line.strip() != OURS]


def to_detach(contents, mount_root, mounts):
    """Places below mount_root where something is mounted that is not as it shall be."""
    wanted = {one["mount"]: one for one in contents}
    return sorted(place for place, there in mounts.items() if place.startswith(mount_root + "/") and (
        place not in wanted or option_problems(wanted[place], there)))

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine tells of content that it has or pulls, and what must be so on it. look_* read, the rest is pure."""

from __future__ import annotations

import json
import os

from ansible_collections.failover.stack.plugins.module_utils._content import status
from ansible_collections.failover.stack.plugins.module_utils._content.judge import database_of

# The first line of what the role writes.
OURS = "# Written by Ansible (failover.stack)."
# Of the directories that the kernel can watch for a user, so many may be needed: other programs watch some, too.
WATCHES_SHARE = 0.8


def names_in(path, depth=2):
    """What lies there, <directory>/<name> for what lies in a directory. A database's directory may be the one below."""
    found = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                found.append(entry.name)
                if depth > 1 and entry.is_dir(follow_symlinks=False):
                    found += ["%s/%s" % (entry.name, name) for name in names_in(entry.path, depth - 1)]
    except (FileNotFoundError, NotADirectoryError):
        return found
    return found


def count_directories(path):
    return sum(1 for _directory in os.walk(path))


def number_in(path):
    with open(path, encoding="utf-8") as handle:
        return int(handle.read())


def read_source(one):
    """one: path, mount, marker, push."""
    path = one["path"]
    names = names_in(path)
    return {"exists": os.path.isdir(path), "empty": not names, "database": database_of(names),
            "mounted": not one["mount"] or os.path.ismount(one["mount"]), "marker": os.path.lexists(os.path.join(path, one["marker"])),
            "directories": count_directories(path) if one["push"] else 0,
            "watches": number_in("/proc/sys/fs/inotify/max_user_watches") if one["push"] else 0}


def read_target(one):
    """one: name, target, mount, atomic."""
    return {"mounted": not one["mount"] or os.path.ismount(one["mount"]), "database": database_of(names_in(one["target"])),
            "link": os.path.islink(one["target"]),
            "full": os.path.isdir(one["target"]) and not os.path.islink(one["target"]) and bool(os.listdir(one["target"])),
            "status": read_status(one["name"])}


def read_status(name):
    try:
        with open(os.path.join(status.STATE, name + ".json"), encoding="utf-8") as handle:
            return json.load(handle)
    except FileNotFoundError:
        return {}


def lines_of(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read().splitlines()
    except FileNotFoundError:
        return []


def source_objection(one, found, known, allowed):
    """A sentence, or None. known: it was a source before. allowed: the marker may be written again."""
    name, path = one["name"], one["path"]
    if not found["mounted"]:
        return "content %s: nothing is mounted at %s (source_mount): mount it, the targets keep what they have." % (name, one["mount"])
    if not found["exists"]:
        return "content %s: path %s is no directory: make it with what is to be served, or correct the path." % (name, path)
    if found["database"]:
        return ("content %s: path %s has a data directory of %s: files that a server writes are no content, replicate or back up the "
                "database." % (name, path, found["database"]))
    if known and not found["marker"] and not allowed:
        return ("content %s: %s/%s is gone, so the directory is not what it was (emptied, not mounted, restored?). The targets keep what "
                "they have; where all is right, -e rsync_sync_mark=%s has it written again." % (name, path, one["marker"], name))
    if found["directories"] > found["watches"] * WATCHES_SHARE:
        return ("content %s: push watches each of its %d directories, and fs.inotify.max_user_watches is %d: raise that, or leave push "
                "out." % (name, found["directories"], found["watches"]))
    return None


def target_objection(one, found):
    name, target = one["name"], one["target"]
    if not found["mounted"]:
        return "content %s: nothing is mounted at %s (target_mount), where %s is: mount it." % (name, one["mount"], target)
    if found["database"]:
        return "content %s: target_path %s has a data directory of %s: name another." % (name, target, found["database"])
    if one["atomic"] and found["full"]:
        return ("content %s: target_path %s is a directory with something in it, and atomic makes it a symbolic link: move it away." % (
            name, target))
    if not one["atomic"] and found["link"]:
        return "content %s: target_path %s is a symbolic link, as atomic leaves it: take it away, or set atomic." % (name, target)
    return None

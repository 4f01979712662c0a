# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the files that belong in a directory are missing there. Pure."""

from __future__ import annotations

import re

CHECKSUM = re.compile(r"^sha256:[0-9a-fA-F]{64}$")
USER = re.compile(r"(?<=://)[^/@\s]+@")


def name_of(one):
    return one["path"].rsplit("/", 1)[-1]


def without_password(source):
    return USER.sub("(not shown)@", source)


def is_url(source):
    return source.startswith(("http://", "https://"))


def has_password(source):
    return bool(USER.search(source))


def objection(files, source=""):
    """What is wrong with the list or the source themselves; empty when nothing is."""
    if has_password(source):
        return "source has a password (%s), which would stand in logs: give one that wants none, such as a mirror of your own." % (
            without_password(source))
    names = [name_of(one) for one in files]
    for one, name in zip(files, names):
        if name in ("", ".", "..") or ".." in one["path"].split("/"):
            return "'%s' is no path of a file below the source: correct it." % one["path"]
        if not CHECKSUM.match(one["checksum"]):
            return "%s: its checksum is '%s': write sha256: and 64 hexadecimal digits." % (one["path"], one["checksum"])
        if names.count(name) > 1:
            return "two files are called %s: each has its own name, since they lie side by side." % name
    return ""


def plan(files, found):
    """(files to bring, names to remove). found: {name: checksum} of what is there."""
    missing = [one for one in files if found.get(name_of(one)) != one["checksum"].lower()]
    wanted = {name_of(one) for one in files}
    # What has the name but is no file is in the way.
    return missing, sorted(name for name in found if name not in wanted)


def diff(directory, missing, surplus):
    return {"before_header": directory, "after_header": directory, "before": "".join(name + "\n" for name in surplus),
            "after": "".join(name_of(one) + "\n" for one in missing)}

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an application may lie: not where a database keeps its files, not on a file system that is not mounted. Pure but for look()."""

from __future__ import annotations

import os
import posixpath

# As packages make them.
DATABASES = ("/var/lib/mysql", "/var/lib/mysql-files", "/var/lib/mysql-keyring", "/var/lib/rabbitmq", "/var/lib/postgresql",
             "/var/lib/mongodb", "/var/lib/redis", "/var/lib/ldap")
# What lies in such a directory, wherever it is.
MARKS = {"ibdata1": "InnoDB", "mysql.ibd": "MySQL", "aria_log_control": "MariaDB", "grastate.dat": "Galera", "PG_VERSION": "PostgreSQL",
         "WiredTiger": "MongoDB"}


def chain(path):
    """A path and all above it, from the inside out."""
    path = posixpath.normpath(path)
    found = [path]
    while path not in ("/", ""):
        path = posixpath.dirname(path)
        found.append(path)
    return found


def within(path, other):
    """Whether a path is another one or lies below it."""
    return posixpath.normpath(other) in chain(path)


def database_of(path, names=None):
    """(directory, whose) when a path lies in a database's directory or has one below it by its usual name; None otherwise.

    names: {directory: names in it} of the path and those above it.
    """
    for known in DATABASES:
        if within(path, known) or (within(known, path) and posixpath.normpath(path) != "/"):
            return known, "a database's"
    for directory in chain(path):
        for name in (names or {}).get(directory, ()):
            if name in MARKS:
                return directory, MARKS[name] + "'s"
    return None


def unmounted(path, fstab, mountinfo):
    """The mount point at or above a path that /etc/fstab names and that is not mounted; empty when there is none."""
    planned = [posixpath.normpath(fields[1].replace("\\040", " ")) for fields in (line.split() for line in fstab.splitlines())
               if len(fields) > 2 and not fields[0].startswith("#") and fields[1].startswith("/") and fields[2] != "swap"]
    mounted = {fields[4].replace("\\040", " ") for fields in (line.split() for line in mountinfo.splitlines()) if len(fields) > 4}
    for directory in chain(path):
        if directory != "/" and directory in planned and directory not in mounted:
            return directory
    return ""


def look(path):
    """{directory: names in it} for database_of()."""
    found = {}
    for directory in chain(path):
        try:
            found[directory] = [name for name in MARKS if os.path.lexists(os.path.join(directory, name))]
        except OSError:
            found[directory] = []
    return found


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except FileNotFoundError:
        return ""


def objections(variable, path):
    """Sentences without the host on why nothing may be laid at a path of this host, or taken from it."""
    found = []
    database = database_of(path, look(path))
    if database:
        found.append("%s is %s, and %s is %s directory: an application does not belong there, choose another one." % (
            variable, path, database[0], database[1]))
    missing = unmounted(path, read("/etc/fstab"), read("/proc/self/mountinfo"))
    if missing:
        found.append("%s is %s, but %s, which /etc/fstab names, is not mounted: mount it, or it will hide what is written there." % (
            variable, path, missing))
    return found

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rsync says of a run, above all of a dry one, and whether that may be done. Pure."""

from __future__ import annotations

import re
from collections import namedtuple

# What a directory of a database has, at least one of them. A site may well have a directory `mysql`; what is in it tells.
DATABASES = {
    "ibdata1": "MySQL or MariaDB", "mysql.ibd": "MySQL", "aria_log_control": "MariaDB", "PG_VERSION": "PostgreSQL",
    "WiredTiger": "MongoDB", "schema.DAT": "RabbitMQ",
}
OF_MYSQL = re.compile(r"mysql/(global_priv|user|db|proc)\.(frm|MAI|MAD|MYI|MYD|ibd)")
# What --itemize-changes writes before a name: eleven characters, %i.
WIDTH = 11
# The last words of every failure, and what follows from others.
ECHOES = re.compile(r"^rsync error:|connection unexpectedly closed|read error: Connection reset|\(see previous errors\)|^$")
# Where rsync leaves what it has got before all is there.
HALF = ".~tmp~"
# Why a run did nothing. Only DELETIONS stays until somebody says go: what the others say heals when the source or the target does.
MARKER, DATABASE, DELETIONS, SPACE = "marker", "database", "deletions", "space"

# Of a run: entries in the source, those that the target lacks, has too many of, has otherwise; bytes of files that come over; whether
# the marker is in the source (None: it is neither made nor deleted, so it is there if the target has it); a database that would come;
# whether the target has what a copy left that was killed.
Counted = namedtuple("Counted", "files created deleted changed bytes marker database half", defaults=(False,))
Rules = namedtuple("Rules", "delete_percent delete_always")


def database_of(names):
    """Whose data directory has these names (of files, or <directory>/<file>); None for nobody's."""
    for name in names:
        kind = DATABASES.get(name.rsplit("/", 1)[-1])
        if kind or OF_MYSQL.search(name):
            return kind or "MySQL or MariaDB"
    return None


def number(text, what):
    found = re.search(r"^%s: (\d+)" % what, text, re.MULTILINE)
    return int(found.group(1)) if found else 0


def counted(output, marker):
    """What `rsync --stats --no-h --out-format='%i %n'` said."""
    deleted = changed = created = 0
    present, database, half = None, None, False
    for line in output.splitlines():
        item, name = line[:WIDTH], line[WIDTH + 1:]
        if line.startswith("*deleting") and HALF in name.split("/"):
            half = True
        elif line.startswith("*deleting"):
            deleted += 1
            present = False if name == marker else present
        elif re.match(r"[<>ch.*][fdLDS][+.?a-zA-Z]{9}$", item):
            new = item[2:] == "+" * 9
            created, changed = created + new, changed + (not new)
            present = True if new and name == marker else present
            database = database or (database_of([name]) if new else None)
    size = number(output, "Total transferred file size")
    return Counted(number(output, "Number of files"), created, deleted, changed, size, present, database, half)


def present(count):
    """Entries that the target has, without its own directory, which rsync counts."""
    return max(count.files - 1 - count.created + count.deleted, 0)


def content(count, has_marker):
    """Of these what is content: the marker, which the role wrote, is none."""
    return present(count) - bool(has_marker and count.marker is None)


def allowed(entries, rules):
    """How many of so many entries may be deleted without anybody's word. Never all, whatever their number."""
    return min(max(entries * rules.delete_percent // 100, rules.delete_always), max(entries - 1, 0))


def objection(count, rules, marker, has_marker, free, go=0):
    """(kind, sentence) where nothing may be done, else None.

    marker: its name. has_marker: whether the target has it. free: bytes. go: so many deletions somebody has allowed.
    """
    if not (has_marker if count.marker is None else count.marker):
        return MARKER, ("the source has no %s: it is empty, not mounted, or not what it was. Nothing was changed; mount or restore it, or, "
                        "where all is right, run playbooks/content.yml with -e rsync_sync_mark=<name of the content>, which writes it "
                        "again" % marker)
    if count.database:
        return DATABASE, ("the source has a data directory of %s, which a copy of running files would not be: take it out of there, and "
                          "use replication or a backup" % count.database)
    entries = content(count, has_marker)
    may = allowed(entries, rules)
    if count.deleted > max(may, go):
        return DELETIONS, ("%d of %d files and directories would be deleted, %d may be (%d %%, or %d). Nothing was changed; where that is "
                           "right, say go" % (count.deleted, entries, may, rules.delete_percent, rules.delete_always))
    if count.bytes > free:
        return SPACE, ("%d bytes are to come and %d are free on the target. Nothing was changed; make room" % (count.bytes, free))
    return None


def differs(count):
    return bool(count.created or count.deleted or count.changed)


def reason(output, code):
    """Of what rsync and ssh wrote about a failure the lines that tell why."""
    lines = [line.strip() for line in output.splitlines()]
    telling = [line for line in lines if not ECHOES.search(line)] or [line for line in lines if line]
    return "%s (rc %d)" % ("; ".join(list(dict.fromkeys(telling))[:3]) or "rsync said nothing", code)

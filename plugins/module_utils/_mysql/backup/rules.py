# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, manifests, retention and comparison of backups; whom to back up. Pure."""

from __future__ import annotations

import calendar
import re
import time

from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.plan import donors_for, only_here
from ansible_collections.failover.stack.plugins.module_utils._mysql.whole import gaps

FORMAT = 1
PARTIAL = ".partial-"
NAME = re.compile(r"^(?P<host>[A-Za-z0-9][A-Za-z0-9_.-]*)-(?P<when>\d{8}T\d{6}Z)$")
MANIFEST, SUMS, DATA, ARCHIVE = "manifest.json", "SHA256SUMS", "data", "data.tar.zst"
# zstd makes a database smaller than this, as a rule; a random one not.
ARCHIVE_ROOM = 1.05


def name_of(host, seconds):
    return "%s-%s" % (host, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds)))


def seconds_of(name):
    """When a backup of that name was begun, in seconds since 1970."""
    return calendar.timegm(time.strptime(NAME.match(name).group("when"), "%Y%m%dT%H%M%SZ"))


def is_good(names, manifest):
    """Whether a directory with these entries is a finished backup. A half one has another name and no manifest."""
    return bool(manifest) and manifest.get("format") == FORMAT and SUMS in names and (DATA in names or ARCHIVE in names)


def oldest_first(names):
    """Backups by their time, whatever their host is called; other names are nobody's."""
    found = [match for match in map(NAME.match, names) if match]
    return [match.group(0) for match in sorted(found, key=lambda match: (match.group("when"), match.group(0)))]


def superfluous(good, keep):
    """Which good backups go when `keep` of them stay; the newest always stays."""
    ordered = oldest_first(good)
    return ordered[:max(0, len(ordered) - max(1, keep))]


def room_needed(total, compress):
    """The copy itself and, beside it, the archive that is made of it."""
    return int(total * (1.1 + (ARCHIVE_ROOM if compress != "none" else 0)))


def sums_text(sums):
    """As sha256sum -c reads it."""
    return "".join("%s  %s\n" % (sums[name], name) for name in sorted(sums))


def parse_sums(text):
    pairs = (line.split("  ", 1) for line in text.splitlines() if "  " in line)
    return {name: digest for digest, name in pairs}


def differences(expected, found, limit=5):
    """Sentences on tables whose rows or checksum are not those of the manifest."""
    sentences = []
    for table in sorted(set(expected) | set(found)):
        before, now = expected.get(table), found.get(table)
        if before is None:
            sentences.append("%s was not in the backup" % table)
        elif now is None:
            sentences.append("%s is missing" % table)
        elif before["rows"] != now["rows"]:
            sentences.append("%s has %s rows instead of %s" % (table, now["rows"], before["rows"]))
        elif before["checksum"] != now["checksum"]:
            sentences.append("%s has the checksum %s instead of %s" % (table, now["checksum"], before["checksum"]))
    return sentences[:limit] + (["and %d more" % (len(sentences) - limit)] if len(sentences) > limit else [])


def rows_of(tables):
    return sum(table["rows"] or 0 for table in tables.values())


def writer_of(observed):
    """The member that may be written to; none, or several, is no answer."""
    writable = sorted(name for name, facts in observed.items() if facts.get("reachable") and facts["writable"])
    return writable[0] if len(writable) == 1 else ""


def backup_source(observed, wanted=""):
    """{host, because, refused}: whom to back up. A healthy replica spares the writer."""
    writer = writer_of(observed)
    if wanted and wanted not in observed:
        return {"host": "", "because": "", "refused": "mysql_replication_backup_from is %s, which is no member of the cluster (%s)" % (
            wanted, ", ".join(sorted(observed)))}
    fit, problems = donors_for("", observed, writer, (), {}, wanted)
    if not fit:
        return {"host": "", "because": "", "refused": "no member can be backed up: %s" % ("; ".join(problems) or "there is none")}
    because = "it was named" if wanted else "it takes the writes, and no replica is healthy" if fit[0] == writer else "a healthy replica"
    return {"host": fit[0], "because": because, "refused": ""}


def choose_backup(lists, name="", host=""):
    """{host, name, refused}: the named backup, or the newest one, of {member: [names of good backups]}."""
    having = {member: [each for each in names if not name or each == name] for member, names in lists.items()
              if not host or member == host}
    found = [(NAME.match(each).group("when"), member, each) for member, names in having.items() for each in oldest_first(names)]
    if not found:
        what = "backup %s" % name if name else "good backup"
        where = "the directory of backups of %s" % (host or ", ".join(sorted(lists)) or "any member")
        return {"host": "", "name": "", "refused": "there is no %s in %s: make one with playbooks/mysql_backup.yml, or bring it there" % (
            what, where)}
    _when, member, chosen = max(found)
    return {"host": member, "name": chosen, "refused": ""}


def into_plan(host, observed, name, discard=()):
    """{refused, keep_old, because} for replacing a member's own data by a named backup."""
    named = host in [each.strip() for one in ([discard] if isinstance(discard, str) else discard) for each in one.split(",")]
    mine = observed.get(host)
    if mine is None:
        return refusal("mysql_replication_restore_into is %s, which is no member of the cluster (%s)" % (host, ", ".join(sorted(observed))))
    if not name:
        return refusal("%s: to replace its data the backup must be named, too: add -e mysql_replication_restore_backup=<name>" % host)
    if mine.get("reachable") and mine["blank"]:
        return {"refused": "", "keep_old": False, "because": "%s is blank" % host}
    if mine.get("writable"):
        return refusal("%s takes the writes: its data is not replaced; switch over to another member first" % host)
    other = covered_by(host, observed)
    if other:
        return {"refused": "", "keep_old": False, "because": "%s has all that %s holds" % (other, host)}
    why = "no other member is known to have all that %s holds" % host
    if named:
        return {"refused": "", "keep_old": True, "because": why}
    return refusal("%s: save it, then replace it by -e mysql_replication_discard=%s" % (why, host))


def refusal(sentence):
    return {"refused": sentence, "keep_old": True, "because": ""}


def covered_by(host, observed):
    """Another member that has all that this one has; else an empty name."""
    mine = observed[host]
    if not mine.get("reachable") or not mine["gtid"].get("executed"):
        return ""
    for other in sorted(observed):
        theirs = observed[other]
        if other != host and theirs.get("reachable") and not any(only_here(mine, theirs)) and not any(gaps(theirs)):
            return other
    return ""

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a target keeps of its last pull, for whoever watches, and what is wrong with it. Pure."""

from __future__ import annotations

import time

from ansible_collections.failover.stack.plugins.module_utils._content.judge import DELETIONS

# Where programs, role and modules find each other's files.
CONFIG, STATE, RUN = "/etc/failover-content", "/var/lib/failover-content", "/run/failover-content"
DONE, UNCHANGED, REFUSED, FAILED = "done", "unchanged", "refused", "failed"
GOOD = (DONE, UNCHANGED)


def text_of(moment):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def after(before, name, now, seconds, result, because="", count=None, kind=""):
    """The status after a run. before: the one before it, {} for none. count: Counted, None where it did not come to that."""
    status = {key: before.get(key) for key in ("last_good", "last_change", "files", "release")}
    status.update({
        "content": name, "at": now, "at_text": text_of(now), "seconds": round(seconds, 2), "result": result, "reason": because,
        "kind": kind, "created": 0, "deleted": 0, "changed": 0, "bytes": 0,
        # A refusal outlives runs that fail, and whatever the source has meanwhile.
        "waiting": None if result in GOOD else before.get("waiting")})
    if kind == DELETIONS and count is not None:
        status["waiting"] = {"since": now, "since_text": text_of(now), "deletions": count.deleted, "reason": because}
    if count is not None:
        status.update(files=count.files, created=count.created, deleted=count.deleted, changed=count.changed, bytes=count.bytes)
    if result in GOOD:
        status["last_good"] = now
    if result == DONE:
        status["last_change"] = now
    return status


def waits_for_go(status):
    """The refusal that waits for somebody's word: since, deletions, reason; None for none."""
    return status.get("waiting")


def trouble(name, status, now, stale_s):
    """A sentence, or None for a content that is as it should be. status: {} when it was never pulled."""
    if not status:
        return "content %s was never pulled: look at journalctl -u failover-content-%s." % (name, name)
    good = status.get("last_good")
    since = "was never pulled whole" if good is None else "is as it was %d s ago" % (now - good)
    if status["result"] == REFUSED:
        how = " (failover-content go %s, or playbooks/content_pull.yml -e rsync_sync_go=%s)" % (name, name) if waits_for_go(status) else ""
        return "content %s %s, the last pull was refused: %s%s." % (name, since, status["reason"], how)
    if status["result"] == FAILED:
        return "content %s %s, the last pull failed: %s." % (name, since, status["reason"])
    if good is None or now - good > stale_s:
        return "content %s %s, %d s are allowed: see whether its timer runs." % (name, since, stale_s)
    return None


def line(name, status, now):
    """For a terminal."""
    if not status:
        return "%s: never pulled" % name
    run = "%(result)s at %(at_text)s in %(seconds)s s" % status
    counts = "%(created)d new, %(changed)d changed, %(deleted)d deleted, %(bytes)d bytes" % status
    if status["result"] in GOOD:
        run += ", " + counts
    elif any(status[key] for key in ("created", "changed", "deleted", "bytes")):
        run += ", which would have been " + counts
    age = "never" if status.get("last_good") is None else "%d s ago" % (now - status["last_good"])
    return "%s: %s; last good %s%s" % (name, run, age, "; " + status["reason"] if status["reason"] else "")

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of an application on a host: what lies where, what is kept, what was deployed before. Pure."""

from __future__ import annotations

HISTORY = 50
LEDGER, RELEASES, SHARED, CURRENT = "deploy.json", "releases", "shared", "current"


def moved(ledger, version, identity):
    """Sentence's part on a version that stood for something else when it was deployed last; empty when it did not."""
    known = (ledger.get("versions") or {}).get(version)
    if not known or known["identity"] == identity:
        return ""
    return ("%s was %s when it was deployed at %s and is %s now: nobody can go back to a version that moves, "
            "give what is new its own name") % (
        version, known["identity"][:12], known["at"], identity[:12])


def deployed(ledger, version, identity, release, before, at, who):
    """The ledger after a switch."""
    versions = dict(ledger.get("versions") or {}, **{version: {"identity": identity, "at": at}})
    history = [*(ledger.get("history") or []), {"at": at, "by": who, "from": before, "to": release}]
    return {"versions": versions, "history": history[-HISTORY:]}


def superfluous(records, keep, needed):
    """Releases that may go: the oldest beyond so many, never one that is needed. records: {release: when it was laid down}."""
    newest = sorted(records, key=lambda name: (records[name], name), reverse=True)
    return sorted(name for name in newest[max(keep, 1):] if name not in needed)


def release_of(target):
    """The release that the link current leads to; empty for anything else."""
    parts = (target or "").rstrip("/").split("/")
    return parts[-1] if len(parts) > 1 and parts[-2] == RELEASES else ""


def shared_objection(path, there):
    """Why a path of a release cannot be a link to a shared directory. there: None, or names in it, or a file's own name."""
    if there:
        return "brings along %s with %s, which is shared by all versions: take it out of the application, or out of shared" % (path, there)
    return ""

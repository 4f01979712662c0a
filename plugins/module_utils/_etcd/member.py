# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member's machine: its unit, its data, what is laid down for its first start. The only place of etcd_member that touches files."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import time

from ansible_collections.failover.stack.plugins.module_utils._etcd.cluster import INITIAL
from ansible_collections.failover.stack.plugins.module_utils._host import beneath


def has_data(directory):
    """Whether a member has been here: its log or its database."""
    wal, database = os.path.join(directory, "member", "wal"), os.path.join(directory, "member", "snap", "db")
    return os.path.exists(database) or (os.path.isdir(wal) and any(name.endswith(".wal") for name in os.listdir(wal)))


def active_state(module, unit):
    """active, activating, inactive, failed … ; inactive where there is no such unit."""
    out = module.run_command([module.get_bin_path("systemctl", required=True), "show", "--property=ActiveState", "--value", "--", unit])[1]
    return out.strip() or "inactive"


def read_login(path):
    """The password in a file of ours; empty without one."""
    try:
        with open(path or "", encoding="utf-8") as handle:
            return handle.read().rstrip("\n")
    except FileNotFoundError:
        return ""


def lay_down(state, cluster, token, path=INITIAL):
    """What the unit reads at the first start, see cluster.dropin()."""
    beneath.make_directory(os.path.dirname(path), 0o755)
    beneath.write(path, "ETCD_INITIAL_CLUSTER_STATE=%s\nETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_TOKEN=%s\n" % (
        state, cluster, token), 0o644)


def take_away(path=INITIAL):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def set_aside(directory, now=None):
    """Data that are not to be used any more stay beside; where. Empty when there were none."""
    if not os.path.isdir(os.path.join(directory, "member")):
        return ""
    beside = "%s.before-%s" % (directory, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now)))
    owner = os.stat(directory)
    os.rename(directory, beside)
    beneath.make_directory(directory, 0o700, owner.st_uid, owner.st_gid)
    return beside


def give_to(directory, user):
    """All of a directory to the server's user, nobody else looks in."""
    known = pwd.getpwnam(user)
    beneath.make_directory(directory, 0o700)
    beneath.own_tree(directory, known.pw_uid, known.pw_gid)


def replace(directory, by):
    """An empty directory's place is taken by another one."""
    shutil.rmtree(directory)
    os.rename(by, directory)


def words_of(journal):
    """The last errors of etcd's log, which is JSON, or the last line of what is not."""
    found, plain = [], ""
    for line in journal.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            plain = line.strip() or plain
            continue
        if isinstance(said, dict) and said.get("level") in ("error", "panic", "fatal"):
            found.append(": ".join(str(said[key]) for key in ("msg", "error") if said.get(key)))
    return "; ".join(list(dict.fromkeys(found))[-2:]) or plain

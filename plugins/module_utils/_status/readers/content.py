# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content by rsync and by NFS. See _status/reading.py for what a reader is."""

from __future__ import annotations

import os
import time

from ansible_collections.failover.stack.plugins.module_utils._content import nfs_read, nfs_state, probe, status
from ansible_collections.failover.stack.plugins.module_utils._status.reading import ANSWER_S, listening
from ansible_collections.failover.stack.plugins.module_utils._web import haproxy as haproxy_text


def content(host, asked):
    """ages: seconds since the last good pull, by content, None for never."""
    now, problems, ages = time.time(), [], {}
    for one in asked["sources"]:
        problems.append(probe.source_objection(one, probe.read_source(one), True, False))
    for one in asked["targets"]:
        found = probe.read_target(one)
        good = found["status"].get("last_good")
        ages[one["name"]] = None if good is None else int(now - good)
        problems.append(probe.target_objection(one, found) or status.trouble(one["name"], found["status"], now, one["stale_s"]))
    missing = haproxy_text.missing_binds(asked["binds"], listening()) if asked["binds"] else []
    return {"ages": ages, "sources": [one["name"] for one in asked["sources"]],
            "problems": [one for one in problems if one] + ["nobody listens on %s." % bind for bind in missing]}


def nfs(host, asked):
    """exports, and reads: {content: seconds}, None where it was not read in time."""
    lines, problems = probe.lines_of("/proc/self/mountinfo"), []
    if asked["exports"]:
        said = host.run_command([host.get_bin_path("exportfs", required=True, opt_dirs=["/usr/sbin"]), "-v"], check_rc=True)[1]
        seen = {"exported": nfs_state.exported(said), "versions": nfs_state.versions("\n".join(probe.lines_of(nfs_state.VERSIONS)))}
        problems += nfs_state.server_problems(asked["exports"], asked["root"], seen)
    limit, reads = min(asked["answer_s"], ANSWER_S), {}
    for one in asked["contents"]:
        read = nfs_read.within(one["mount"], limit)
        reads[one["name"]] = read and read["seconds"]
        problems += [nfs_state.reading_problem(one, read, limit), nfs_state.away_problem(one, os.path.exists(one["away"]))]
    mounts = nfs_state.mounts_of(probe.lines_of("/proc/self/mountinfo") if asked["contents"] else lines)
    problems += [nfs_state.option_problems(one, mounts[one["mount"]]) for one in asked["contents"] if one["mount"] in mounts]
    missing = haproxy_text.missing_binds(asked["binds"], listening()) if asked["binds"] else []
    return {"exports": [one["name"] for one in asked["exports"]], "reads": reads,
            "problems": [one for one in problems if one] + ["nobody listens on %s." % bind for bind in missing]}


READERS = {"content": content, "nfs": nfs}

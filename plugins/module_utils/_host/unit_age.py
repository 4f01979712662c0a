# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units and what they read at start: what unit_info and service_state have in common. Touches the host: newest() only."""

from __future__ import annotations

import os
import time

# What is asked of systemd about a unit.
PROPERTIES = "Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,ExecMainStartTimestampMonotonic"


def newest(paths):
    """Newest modification time (seconds) of files and of whole directories."""
    times = [0.0]
    for path in paths:
        if os.path.lexists(path):
            times.append(os.stat(path, follow_symlinks=os.path.exists(path)).st_mtime)
        for root, directories, files in os.walk(path):
            times += [os.lstat(os.path.join(root, name)).st_mtime for name in directories + files]
    return max(times)


def shown(module, names):
    """What systemd says of units, by name, and the wall clock's second at which each one's process started."""
    command = [module.get_bin_path("systemctl", required=True), "show", "--property=" + PROPERTIES, "--", *names]
    for _attempt in range(5):
        answers = parse_show(module.run_command(command, check_rc=True)[1])
        # While it reads its units anew, on a slow machine, systemd has been seen to leave some out.
        if len(answers) == len(names):
            break
        time.sleep(1)
    else:
        module.fail_json(msg="systemctl show told of %d units when asked about %s: look at the state of systemd on this host." % (
            len(answers), ", ".join(names)))
    now, since_boot = time.time(), time.clock_gettime(time.CLOCK_MONOTONIC)
    # systemctl answers in the order asked; a unit that it does not know is shown as inactive.
    blocks = dict(zip(names, answers))
    return blocks, {name: started_at(block, now, since_boot) for name, block in blocks.items()}


def parse_show(text):
    """systemctl show of several units: blocks of Name=Value, separated by empty lines."""
    blocks = []
    for block in text.strip().split("\n\n"):
        pairs = (line.partition("=") for line in block.splitlines())
        blocks.append({name: value for name, mark, value in pairs if mark})
    return [block for block in blocks if block]


def started_at(properties, now_realtime, now_monotonic):
    """Wall-clock second at which the unit's main process started; None when it does not run.

    systemd gives microseconds since boot (ExecMainStartTimestampMonotonic); the wall-clock property has
    whole seconds only, too coarse for a configuration written right before a start.
    """
    if properties.get("ActiveState") not in ("active", "activating", "reloading"):
        return None
    since_boot = int(properties.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
    return now_realtime - (now_monotonic - since_boot) if since_boot else None


def judge(start_times, newest_times):
    """(stale, inactive) names: configuration newer than the process, no process at all."""
    inactive = sorted(name for name, start in start_times.items() if start is None)
    stale = sorted(
        name for name, start in start_times.items()
        if start is not None and newest_times.get(name, 0) > start
    )
    return stale, inactive

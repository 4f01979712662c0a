# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure logic of the module unit_stale."""

from __future__ import annotations


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

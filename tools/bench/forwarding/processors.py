# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processor seconds of containers, from their control groups, and of the whole machine. Docker's own figures are a second old."""

from __future__ import annotations

import os
import pathlib

ROOT = pathlib.Path("/sys/fs/cgroup")
TICKS_S = 1.0 / os.sysconf("SC_CLK_TCK")


def group(text, container):
    """The path of a container's own control group, out of /proc/PID/cgroup: cut after its id, since its init may be further down.

    None when no line of the processor's controller (v1) or of the unified one (v2) names the container.
    """
    lines = [line.split(":", 2) for line in text.splitlines()]
    for wanted in ("cpu", ""):
        for _number, controllers, path in lines:
            parts = path.split("/")
            own = next((n for n, part in enumerate(parts) if container in part), None)
            if wanted in controllers.split(",") and own is not None:
                return "/".join(parts[1:own + 1])
    return None


def numbers(text):
    """cpu.stat and the like: a name and a number a line."""
    return {name: int(value) for name, value in (line.split() for line in text.splitlines())}


def account(stat, usage_ns=None):
    """One reading of a group: seconds used, periods of its quota, how many of them it had used it up in."""
    seconds = stat["usage_usec"] / 1e6 if usage_ns is None else usage_ns / 1e9
    return {"seconds": seconds, "periods": stat.get("nr_periods", 0), "throttled": stat.get("nr_throttled", 0)}


def read(path, root=ROOT):
    unified = root / path / "cpu.stat"
    if unified.exists():
        return account(numbers(unified.read_text(encoding="ascii")))
    usage = (root / "cpuacct" / path / "cpuacct.usage").read_text(encoding="ascii")
    return account(numbers((root / "cpu" / path / "cpu.stat").read_text(encoding="ascii")), int(usage))


def busy(text):
    """Seconds all processors worked since the start of the machine, and those that its own host took from it: /proc/stat."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = [int(word) for word in text.splitlines()[0].split()[1:9]]
    return {"busy": (user + nice + system + irq + softirq) * TICKS_S, "stolen": steal * TICKS_S}


def between(before, after):
    """What was used from one reading to the other, by name."""
    return {name: {key: round(after[name][key] - value, 6) for key, value in part.items()} for name, part in before.items()}


def waiting(before, after):
    """Names of those that used up a quota between two readings: they have work left."""
    return sorted(name for name, part in between(before, after).items() if part["throttled"])

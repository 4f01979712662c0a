# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine gives to a database server: memory, and what its data directories hold."""

from __future__ import annotations

import re

SYSTEM_DATABASES = {"mysql", "sys", "performance_schema", "information_schema"}
NO_DATABASES = {"lost+found", "test"}


def bytes_of(text):
    """A cgroup's limit; None for none."""
    text = (text or "").strip()
    return int(text) if text.isdigit() else None


def memory_mb(meminfo, limits):
    """The smaller of the machine's memory and what its control groups allow, in MiB."""
    total = re.search(r"^MemTotal:\s+(\d+) kB", meminfo or "", re.M)
    known = [int(total.group(1)) * 1024] if total else []
    known += [limit for limit in map(bytes_of, limits) if limit]
    return min(known) // 1048576 if known else None


def configured(text, name):
    """The last value an option has in a server's configuration file; None without."""
    pattern = r"^\s*%s\s*=\s*(.*?)\s*$" % name.replace("_", "[-_]")
    values = re.findall(pattern, text or "", re.M)
    return values[-1].strip("'\"") if values else None


def databases(directories):
    """Names of databases, not the server's own, by the directories within a data directory."""
    return sorted(name for name in directories
                  if name not in SYSTEM_DATABASES | NO_DATABASES and not name.startswith(("#", ".")))

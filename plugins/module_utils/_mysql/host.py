# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine gives to a database server: memory, and what its data directories hold."""

from __future__ import annotations

import os
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


# --- What a server does, or would do: asked of the server, else of its option files ---------------

ASKED = ("datadir", "log_bin_basename", "log_bin_index", "relay_log_basename", "relay_log_index")
QUESTION = "SHOW GLOBAL VARIABLES WHERE Variable_name IN (%s)" % ", ".join("'%s'" % name for name in ASKED)


def answers(text):
    """{variable: value} of what a client prints in batch mode."""
    rows = (line.split("\t", 1) for line in (text or "").splitlines() if "\t" in line)
    return {name: value for name, value in rows if value not in ("", "NULL")}


def effective(text):
    """{option: value} of what `mariadbd --print-defaults` says after its first line; the last of a name counts."""
    found = {}
    for name, value in re.findall(r"(?:^|\s)--([A-Za-z][\w.-]*)(?:=(.*?))?(?=\s+--|\s*$)", (text or "").partition("arguments:")[2], re.S):
        found[re.sub(r"^loose_", "", name.replace("-", "_"))] = value.strip()
    return found


def base_of(value, datadir):
    """The absolute path to which a server appends .000001: an extension is none of it."""
    return os.path.join(datadir, re.sub(r"\.[^./]*$", "", value))


def bases(asked, options, datadir, kind):
    """[(base, index)] where the logs may be, the likeliest first. kind: log_bin or relay_log."""
    found = []
    if asked.get(kind + "_basename"):
        found.append((asked[kind + "_basename"], asked.get(kind + "_index")))
    if options.get(kind):
        found.append((base_of(options[kind], datadir), options.get(kind + "_index")))
    return [(os.path.join(datadir, base), os.path.join(datadir, index_of(base, index))) for base, index in found]


def index_of(base, given):
    """The index's name, whose ending the server adds where it is left out."""
    return re.sub(r"(\.index)?$", ".index", given, count=1) if given else base + ".index"


def log_base_of(run_command, datadir):
    """The same by the option files alone, of a server that does not run: absolute, empty where they name none."""
    options = effective(run_command(["/usr/sbin/mysqld", "--print-defaults"])[1])
    return base_of(options["log_bin"], datadir) if options.get("log_bin") else ""

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How old and how big a server's binary logs are, and whether it removes them.

Servers remove logs by age when they begin a new one, so a log may well be older than that while nothing is written. One that was too old
already when the newest was begun is kept: by a replica that reads it, or because MariaDB from 11.4 on removes nothing while fewer than
slave_connections_needed_for_purge replicas are connected, neither by age nor by size nor by PURGE BINARY LOGS
(https://mariadb.com/kb/en/replication-and-binary-log-system-variables/#slave_connections_needed_for_purge). MariaDB 10.11 and MySQL have no
such variable, and none that bounds the size of all logs (max_binlog_total_size).
"""

from __future__ import annotations

import os

VARIABLES = ("log_bin", "log_bin_basename", "binlog_expire_logs_seconds", "slave_connections_needed_for_purge", "max_binlog_total_size")
MIB = 1048576
# The smallest bound: a few logs must fit beneath it.
LEAST_MB = 64
LARGEST_LOG_MB = 1024


def bound_mb(total_mb, percent, disk_mb):
    """MiB that all binary logs may take: as given, else a share of the file system; 0 where that is not known."""
    return total_mb or (max(int(disk_mb) * percent // 100 // LEAST_MB * LEAST_MB, LEAST_MB) if disk_mb else 0)


def one_log_mb(bound):
    """MiB after which a new log is begun: an eighth of the bound, as the newest one is never removed."""
    return min(max(bound // 8, 1), LARGEST_LOG_MB) if bound else LARGEST_LOG_MB


def disk_mb(path):
    """MiB of the file system on which a directory lies, or will lie; 0 when that cannot be told."""
    while not os.path.exists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    try:
        found = os.statvfs(path)
    except OSError:
        return 0
    return found.f_blocks * found.f_frsize // MIB


def modified(paths):
    """When each was last written; None where the files cannot be seen."""
    try:
        return [os.stat(path).st_mtime for path in paths]
    except OSError:
        return None


def state(rows, variables, times, replicas):
    """rows: of SHOW BINARY LOGS. times: when each was last written, or None. replicas: how many are connected."""
    sizes = [int(row["File_size"]) for row in rows]
    expire = int(variables.get("binlog_expire_logs_seconds") or 0)
    needed = variables.get("slave_connections_needed_for_purge")
    found = {"count": len(rows), "bytes": sum(sizes), "closed_bytes": sum(sizes[:-1]), "expire_s": expire, "oldest_s": None,
             "replicas": replicas, "replicas_needed": None if needed is None else int(needed),
             "bound_bytes": int(variables.get("max_binlog_total_size") or 0)}
    if times and len(times) > 1:
        # The last but one was closed when the newest was begun.
        found["oldest_s"] = int(times[-2] - times[0])
    return found


def read(server, local=True):
    """state() of a server, None without a binary log. local: whether its files are this host's."""
    variables = server.variables(*VARIABLES)
    if str(variables.get("log_bin")).upper() not in ("ON", "1"):
        return None
    rows = server.rows("SHOW BINARY LOGS")
    directory = os.path.dirname(variables.get("log_bin_basename") or "")
    times = modified([os.path.join(directory, row["Log_name"]) for row in rows]) if local and directory else None
    dumps = server.rows("SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE COMMAND LIKE %s", ("Binlog Dump%",))
    return dict(state(rows, variables, times, int(dumps[0]["n"])), disk_mb=disk_mb(directory) if local and directory else 0)


def spelled(seconds):
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return "%d %s" % (seconds // unit, name)
    return "%d s" % seconds


def problems(found, bound, variable):
    """Sentences. bound: MiB that closed logs may take, 0 for any; variable: what says so."""
    if not found:
        return []
    sentences = []
    expire, oldest = found["expire_s"], found["oldest_s"]
    if expire and oldest is not None and oldest > expire + max(10, expire // 100):
        kept = "the oldest of %d was %s old when the newest was begun, and they expire after %s" % (
            found["count"], spelled(oldest), spelled(expire))
        if (found["replicas_needed"] or 0) > found["replicas"]:
            why = "slave_connections_needed_for_purge is %d and %d replicas are connected, run playbooks/mysql_replication.yml" % (
                found["replicas_needed"], found["replicas"])
        else:
            why = "a replica may still read them" if found["replicas"] else "see the server's log, or run PURGE BINARY LOGS"
        sentences.append("its binary logs are not removed: %s (%s)" % (kept, why))
    if bound and found["closed_bytes"] > bound * MIB:
        sentences.append("its binary logs take %d MiB, more than the %d that %s allows: %s" % (
            found["bytes"] // MIB, bound, variable,
            "a replica may still read them" if found["bound_bytes"] and found["replicas"] else
            "this server does not bound them by itself, give more room, keep them for fewer days or PURGE BINARY LOGS"
            if not found["bound_bytes"] else "run playbooks/mysql_replication.yml"))
    return sentences

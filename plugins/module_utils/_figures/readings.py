# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host, its units and its httpd tell of themselves, as the exporter's fields. Pure; None is what is not told."""

from __future__ import annotations

import csv
import io

from ansible_collections.failover.stack.plugins.module_utils._galera import state

# Of systemctl show.
PROPERTIES = "Id,ActiveState,ActiveEnterTimestampMonotonic,MainPID,MemoryCurrent,CPUUsageNSec,TasksCurrent,NRestarts"
# More than any machine has: systemd's way to say that it does not know.
UNKNOWN = 1 << 63
MIB = 1 << 20
# What a container shares with its machine says nothing of either.
VIRTUAL = ("lo", "docker", "veth", "br-", "virbr")


def processor(stat, ticks):
    """(busy, waiting for disks) in seconds since the machine started, of all processors together; /proc/stat."""
    words = next((text.split()[1:] for text in stat.splitlines() if text.startswith("cpu ")), [])
    if len(words) < 8:
        return None, None
    user, nice, system, _idle, wait, irq, softirq, steal = map(int, words[:8])
    return (user + nice + system + irq + softirq + steal) / ticks, wait / ticks


def memory(meminfo):
    """Percent used, MB available, MB of swap used; /proc/meminfo has kB."""
    kb = {name: int(rest.split()[0]) for name, mark, rest in (text.partition(":") for text in meminfo.splitlines()) if rest.split()}
    total, free = kb.get("MemTotal", 0), kb.get("MemAvailable")
    if not total or free is None:
        return {}
    return {"memory_used": 100.0 * (total - free) / total, "memory_free": free // 1024,
            "swap_used": (kb.get("SwapTotal", 0) - kb.get("SwapFree", 0)) // 1024}


def network(dev):
    """KB in and out of real interfaces since they are there; /proc/net/dev."""
    rows = [(name.strip(), rest.split()) for name, mark, rest in (text.partition(":") for text in dev.splitlines()) if mark]
    real = [words for name, words in rows if not name.startswith(VIRTUAL) and len(words) >= 16]
    return {"net_in": sum(int(words[0]) for words in real) // 1024, "net_out": sum(int(words[8]) for words in real) // 1024}


def disks(mounts, usage):
    """How full the fullest file system is, percent; /proc/self/mounts. usage: percent of a place, None where it cannot be asked.
    One that is mounted in several places is asked once."""
    seen = {}
    for text in mounts.splitlines():
        device, place = text.split()[:2]
        if device.startswith("/dev/") or place == "/":
            seen.setdefault(device, place)
    told = [one for one in map(usage, seen.values()) if one is not None]
    return {"disk_used": max(told)} if told else {}


def host(texts, ticks, usage):
    """texts: by name of the file below /proc."""
    busy, wait = processor(texts.get("stat", ""), ticks)
    load, uptime = texts.get("loadavg", "").split(), texts.get("uptime", "").split()
    return {"load1": float(load[0]) if load else None, "cpu": busy, "cpu_wait": wait, "uptime": int(float(uptime[0])) if uptime else None,
            **memory(texts.get("meminfo", "")), **network(texts.get("net/dev", "")), **disks(texts.get("self/mounts", ""), usage)}


def process(status):
    """Memory in MB and tasks of one process; /proc/<pid>/status."""
    said = {name: rest.split() for name, mark, rest in (text.partition(":") for text in status.splitlines()) if mark}
    size, tasks = said.get("VmRSS"), said.get("Threads")
    return {"memory": int(size[0]) // 1024 if size else None, "tasks": int(tasks[0]) if tasks else None}


def units(text, now_s, status):
    """{unit: fields} of those that run, from systemctl show. now_s: seconds since boot. status: text of /proc/<pid>/status, empty without:
    where cgroups do not count (v1 for some of them), the main process stands for the unit."""
    found = {}
    for block in text.strip().split("\n\n"):
        said = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if said.get("ActiveState") != "active":
            continue
        number = {key: int(value) for key, value in said.items() if value.isdigit() and int(value) < UNKNOWN}
        began, size, spent = (number.get(key) for key in ("ActiveEnterTimestampMonotonic", "MemoryCurrent", "CPUUsageNSec"))
        tasks, main = number.get("TasksCurrent"), number.get("MainPID")
        alone = process(status(main)) if main and None in (size, tasks) else {}
        found[said["Id"]] = {
            "memory": alone.get("memory") if size is None else size // MIB, "cpu": None if spent is None else spent / 1e9,
            "tasks": alone.get("tasks") if tasks is None else tasks, "restarts": number.get("NRestarts"),
            "uptime": int(now_s - began / 1e6) if began else None}
    return found


def haproxy(text):
    """HAProxy's statistics as CSV; nothing where this is something else. A server in maintenance or draining is drained, not down."""
    if not text.startswith("# pxname,"):
        return {}
    rows = list(csv.DictReader(io.StringIO(text[2:])))
    fronts = [row for row in rows if row["svname"] == "FRONTEND"]
    backs = [row for row in rows if row["svname"] == "BACKEND"]
    states = [row.get("status", "").split(" ")[0] for row in rows if row["svname"] not in ("FRONTEND", "BACKEND")]

    def total(some, name):
        return sum(int(row.get(name) or 0) for row in some)

    return {"sessions": total(fronts, "scur"), "arrived": total(fronts, "stot"), "errors": total(fronts, "hrsp_5xx"),
            "queue": total(backs, "qcur"), "up": sum(state in ("UP", "no") for state in states), "down": states.count("DOWN"),
            "drained": sum(state in ("MAINT", "DRAIN", "NOLB") for state in states)}


def sql(status, channels, galera):
    """A database server. status: SHOW GLOBAL STATUS by name. channels: as mysql_replica_info has them, None where the account may not see
    them. galera: as _galera/state.py reads it, empty without."""
    names = {"connections": "threads_connected", "running": "threads_running", "questions": "questions", "slow": "slow_queries",
             "uptime": "uptime"}
    found = {ours: int(status[theirs]) for ours, theirs in names.items() if str(status.get(theirs, "")).isdigit()}
    if channels is not None:
        lags = [channel["lag"] for channel in channels if channel["lag"] is not None]
        standing = [channel for channel in channels if (channel["receiver"], channel["applier"]) != ("running", "running")]
        found.update(channels=len(channels), stopped=len(standing), lag=max(lags) if lags else None)
    if galera.get("wsrep_cluster_size"):
        found.update(members=galera["wsrep_cluster_size"], primary=int(state.primary(galera)), synced=int(state.synced(galera)),
                     queue=galera.get("wsrep_local_recv_queue"), paused=galera.get("wsrep_flow_control_paused_ns", 0) / 1e9)
    return found


def httpd(text):
    """mod_status in its form for programs (?auto); nothing where this is something else."""
    said = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    names = {"busy": "BusyWorkers", "idle": "IdleWorkers", "requests": "Total Accesses", "sent": "Total kBytes",
             "uptime": "ServerUptimeSeconds"}
    return {ours: int(said[theirs]) for ours, theirs in names.items() if said.get(theirs, "").isdigit()}

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest batch for `ipvsadm --restore` that turns the kernel's table into the desired one."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._ipvs.parse import (
    NO_THRESHOLDS,
    daemon_text,
    options_text,
    server_text,
    table_text,
    thresholds_text,
)

# The kernel lifts a backup's shorter buffer to this.
SHORTEST_BACKUP = 1024


class Plan:
    """lines: the batch. after: the table once it is applied. edits: servers that are changed in place."""

    def __init__(self, table, thresholds=None):
        self.before, self.after = table, dict(table)
        self.known = thresholds
        self.thresholds = dict(thresholds or {})
        self.lines, self.removals = [], []
        self.changed = []
        self.edits = 0

    def text(self, after):
        return table_text(self.after if after else self.before, self.changed, self.thresholds if after else self.known)


def plan_table(table, desired, thresholds=None, purge=(), purge_servers=True):
    """Plan for {name: Wanted or None}. purge: names of further services that go.

    New servers come before the old ones go, so that a service is not empty in between.
    """
    plan = Plan(table, thresholds)
    for name, wanted in desired.items():
        if wanted is None:
            if name in table:
                _drop(plan, name)
        else:
            _service(plan, name, wanted, purge_servers)
    for name in purge:
        _drop(plan, name)
    plan.lines += plan.removals
    return plan


def _drop(plan, name):
    plan.removals.append("-D " + name)
    plan.changed.append(name)
    del plan.after[name]


def _service(plan, name, wanted, purge_servers):
    now = plan.before.get(name)
    if now is None:
        plan.lines.append("-A %s %s" % (name, options_text(wanted.options)))
    elif now[0] != wanted.options:
        plan.lines.append("-E %s %s" % (name, options_text(wanted.options)))
    elif now[1] == wanted.servers and not wanted.thresholds:
        return
    start = len(plan.lines)
    servers = _servers(plan, name, now[1] if now else {}, wanted, purge_servers)
    if now is None or now[0] != wanted.options or len(plan.lines) > start:
        plan.changed.append(name)
        plan.after[name] = (wanted.options, servers)


def _servers(plan, name, now, wanted, purge_servers):
    """Adds, edits, then removals; returns the servers as they will be."""
    servers, edits, removals = dict(now), [], []
    for server, kind in wanted.servers.items():
        old = now.get(server)
        if kind is None:
            if old is not None:
                removals.append(server)
            continue
        kept = plan.thresholds.get((name, server), NO_THRESHOLDS) if old is not None else NO_THRESHOLDS
        thresholds = wanted.thresholds.get(server, kept)
        if old == kind and thresholds == kept:
            continue
        servers[server] = kind
        plan.thresholds[name, server] = thresholds
        words = "%s -r %s %s%s" % (name, server, server_text(kind), thresholds_text(thresholds))
        if old is None:
            plan.lines.append("-a " + words)
        else:
            edits.append("-e " + words)
    if purge_servers:
        removals += [server for server in now if server not in wanted.servers]
    plan.lines += edits
    plan.edits += len(edits)
    for server in removals:
        plan.lines.append("-d %s -r %s" % (name, server))
        del servers[server]
    return servers


def draining(desired):
    """The (service, server) pairs that are wanted with weight 0."""
    return [(name, server) for name, wanted in desired.items() if wanted is not None
            for server, kind in wanted.servers.items() if kind is not None and kind.weight == 0]


# --- Time-outs and sync daemons --------------------------------------------------


def timeouts_text(timeouts):
    return "--set %d %d %d" % (timeouts["tcp"], timeouts["tcpfin"], timeouts["udp"])


def plan_timeouts(now, wanted):
    """(lines, timeouts afterwards). ipvsadm keeps what is 0."""
    after = dict(now, **{key: value for key, value in wanted.items() if value})
    return ([timeouts_text(after)] if after != now else []), after


def _same(now, wanted):
    for key in ("interface", "id", "group", "port", "ttl"):
        value = wanted.get(key)
        if key == "id":
            value = value or 0
        if value is not None and value != now.get(key):
            return False
    length = wanted.get("maxlen")
    if length is not None and wanted["state"] == "backup":
        length = max(length, SHORTEST_BACKUP)
    return length is None or length == now.get("maxlen")


def plan_daemons(now, wanted):
    """(lines before those of the table, lines after them, daemons afterwards by state).

    A running daemon is not changed but stopped and started. One that goes does so first: while it runs, the kernel refuses some servers.
    """
    first, last, after = [], [], {}
    names = {daemon["state"]: daemon for daemon in wanted}
    for state in now:
        if state not in names:
            first.append("--stop-daemon " + state)
        elif _same(now[state], names[state]):
            after[state] = now[state]
        else:
            last.append("--stop-daemon " + state)
    for state, daemon in names.items():
        if state not in after:
            last.append(daemon_text(daemon))
            after[state] = daemon
    return first, last, after

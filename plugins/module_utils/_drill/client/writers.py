# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ledger at work beside an observer: the writers, a watch for each server, and what is there when it is over."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._drill.client import amqp, sql
from ansible_collections.failover.stack.plugins.module_utils._drill.client.watch import Watch, count_sides
from ansible_collections.failover.stack.plugins.module_utils._drill.history import Failed, History, Pool, Unknown, outcomes, reconcile

# A server that has the last row, and no others for so long, gets no more.
SETTLED_S = 3
# How long a single row may be on its way to a server that counts as level.
ARRIVAL_S = 3


class LedgerError(Exception):
    """A sentence about why there can be no ledger."""


def password_of(path):
    """The first line of a file that nobody else may read."""
    if not path:
        return ""
    try:
        if stat.S_IMODE(os.stat(path).st_mode) & 0o077:
            raise LedgerError("others may read the ledger's password file %s: give it the mode 0600" % path)
        with open(path) as handle:
            return handle.readline().rstrip("\n")
    except OSError as error:
        raise LedgerError("the ledger's password file %s cannot be read: %s" % (path, error.strerror)) from error


def kind_of(p, run):
    if p["kind"] in sql.KINDS and sql.pymysql is None:
        raise LedgerError(sql.MISSING)
    if p["kind"] in amqp.KINDS and amqp.wire.pika is None:
        raise LedgerError(amqp.wire.MISSING)
    return {**sql.KINDS, **amqp.KINDS}[p["kind"]](p, password_of(p["password_file"]), run)


def probe_servers(p):
    """Makes the place for the things ready, and says which servers accept them, on how many sides; an unreachable one is in no list."""
    kind, found, sides = kind_of(p, int(time.time() * 1000)), {"writers": [], "readers": [], "behind": []}, []
    began = time.monotonic()
    try:
        kind.prepare()
    except Exception as error:  # whatever a driver throws
        raise LedgerError("%s at %s:%s takes nothing: %s" % (p["kind"], p["address"], p["port"], error)) from error
    found["prepared_ms"] = round((time.monotonic() - began) * 1000)
    now = time.monotonic
    # Where every server takes writes, the one that leads is meant.
    leader = kind.leader() if hasattr(kind, "leader") else None
    for name, address in p["servers"].items():
        watch = Watch(kind, name, address, lambda _newest, _now: 0.0, now)
        side = watch.once()
        watch.drop()
        if side is not None:
            found["writers" if side and leader in (None, name) else "readers"].append(name)
            sides += [set(side)] if side else []
    found["sides"] = count_sides(sides)
    # Brokers hand out what they have; servers must get what is written.
    if p["kind"] in sql.KINDS:
        found["behind"] = behind(kind, p["servers"], [*found["writers"], *found["readers"]])
    return found


def behind(kind, servers, answering):
    """Servers that do not get a row that is written now, within ARRIVAL_S."""
    try:
        connection = kind.connect()
        with contextlib.closing(connection):
            connection.write(1)
    except (Failed, Unknown) as reason:
        raise LedgerError("a row cannot be written: %s" % reason) from reason
    left, until = list(answering), time.monotonic() + ARRIVAL_S
    while left and time.monotonic() < until:
        left = [name for name in left if not arrived(kind, servers[name])]
        time.sleep(0.1 if left else 0)
    return left


def arrived(kind, address):
    try:
        return kind.extent(address)[0] == 1
    except Exception:  # whatever a driver throws: it has not shown that it has the row
        return False


def level(extents, unchanged_s):
    """Whether waiting brings nothing more: all have the same, or all have come to the same end and stay different."""
    if None in extents:
        return False
    return len(set(extents)) == 1 or (len(set(newest for _rows, newest in extents)) == 1 and unchanged_s > SETTLED_S)


class Writers:
    def __init__(self, p, now):
        self.p, self.now = p, now
        self.kind = kind_of(p, int(time.time() * 1000))
        self.pool = Pool(self.kind.connect, History(p["file"]), now, p["connections"])
        self.stop_writing, self.stop_looking = threading.Event(), threading.Event()
        self.watches = [Watch(self.kind, n, a, self.pool.progress.behind_ms, now) for n, a in p["servers"].items()]
        self.threads = []

    def start(self):
        for watch in self.watches:
            watch.once()  # the writers know the servers' names by then
            self.begin(watch.keep_looking, self.p["watch_ms"], self.stop_looking)
        self.begin(self.pool.run, self.p["interval_ms"], self.stop_writing)

    def begin(self, what, *arguments):
        thread = threading.Thread(target=what, args=arguments, daemon=True)
        thread.start()
        self.threads.append(thread)

    def back(self):
        return all(watch.current() for watch in self.watches)

    def finish(self, wait_s):
        """Ends writing, waits until every server has all that the writer has, and compares."""
        self.stop_writing.set()
        self.pool.end(self.p["timeout_ms"] / 1000.0 + self.p["connect_timeout_ms"] / 1000.0 + 1)
        began = time.monotonic()
        self.wait_until_level(began + wait_s)
        level_ms = (time.monotonic() - began) * 1000
        self.stop_looking.set()
        for thread in self.threads:
            thread.join(5)
        return self.export(level_ms)

    def wait_until_level(self, until):
        before, since = None, 0.0
        while time.monotonic() < until:
            extents = [self.tried(self.kind.extent, a) for a in [self.p["address"], *self.p["servers"].values()]]
            if extents != before:
                before, since = extents, time.monotonic()
            if level(extents, time.monotonic() - since):
                return
            time.sleep(0.3)

    def tried(self, what, address):
        try:
            return what(address)
        except Exception:  # whatever a driver throws: nobody could look
            return None

    def export(self, level_ms):
        if self.pool.history.error:
            raise LedgerError("the ledger %s could not be written (%s): what became of the writes is not known, give it room and "
                              "drill again" % (self.p["file"], self.pool.history.error))
        with open(self.p["file"]) as handle:
            outcome = outcomes(handle)
        there = dict((n, self.tried(self.kind.numbers, a)) for n, a in self.p["servers"].items())
        told = reconcile(outcome, self.tried(self.kind.numbers, self.p["address"]), there)
        told.update(
            kind=self.p["kind"],
            address=self.p["address"],
            interval_ms=self.p["interval_ms"],
            level_ms=round(level_ms),
            errors=dict((w.name, w.error) for w in self.watches if w.error),
            spans=dict((w.name, w.spans.export()) for w in self.watches),
        )
        return told

    def add_to(self, seen):
        """The writes among an observer's requests: codes and instances come after its own."""
        codes, servers = len(seen["codes"]) - 1, len(seen["instances"])
        seen["codes"] = seen["codes"] + self.pool.codes[1:]
        seen["instances"] = seen["instances"] + self.pool.servers
        seen["reconnects"] += self.pool.reconnects
        seen["lag_ms"] = max(seen["lag_ms"], round(self.pool.lag, 1))
        rows = [list(r) for r in zip(*seen["rows"])]
        for sent, took, visitor, code, instance, kept, served in list(self.pool.rows):
            rows.append([sent, took, visitor, code and code + codes, instance if instance < 0 else instance + servers, kept, served])
        rows.sort()
        seen["rows"] = [list(c) for c in zip(*rows)] if rows else [[] for _c in range(7)]

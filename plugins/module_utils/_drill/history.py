# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of acknowledged things: numbered rows or messages, what became of each, and what of them is there afterwards.

Open loop: number n is due at its planned time, whatever became of the others. It goes out on a connection that is free, or on
a new one as long as there may be more: as an application with a pool of connections does.
What is sent (rows, messages) is a kind's business: see client.sql.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time

WRITER = -2  # in the column of visitors
IDLE_S = 5
SENT, ACKNOWLEDGED, FAILED, UNKNOWN = "s", "a", "f", "u"
EXHAUSTED = "no connection of the pool was free"


class Failed(Exception):
    """It certainly was not done: there was no connection, or the server said no."""


class Unknown(Exception):
    """It was sent, and no answer came: it may have been done or not."""


class History:
    """The ledger on disk: a line when a number is sent and one when its outcome is known, each written at once."""

    def __init__(self, path):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        self.handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.lock = threading.Lock()
        # Why the ledger is not whole; nothing can be told from it then.
        self.error = ""

    def note(self, what, number):
        line = b"%s %d\n" % (what.encode(), number)
        with self.lock:
            # What comes too late is not written: what became of it stays unknown.
            if self.handle is None:
                return
            try:
                whole = os.write(self.handle, line) == len(line)
                self.error = self.error or ("" if whole else "cut short")
            except OSError as error:
                self.error = self.error or error.strerror

    def close(self):
        with self.lock:
            os.close(self.handle)
            self.handle = None


def outcomes(lines):
    """What became of each number; one that was sent and never came back is unknown."""
    found = {}
    for line in lines:
        what, _gap, number = line.strip().partition(" ")
        # Half of a number is another one.
        if number.isdigit() and line.endswith("\n"):
            found[int(number)] = UNKNOWN if what == SENT else what
    return found


def numbers(outcome, what):
    return set(n for n, w in outcome.items() if w == what)


def reconcile(outcome, writer, servers, most=20):
    """The ledger against what is there: every number in order of finding, once for each time it is there.

    writer: the numbers found where it is written to, servers: those found on each server; None where nobody could look.
    """
    acknowledged = numbers(outcome, ACKNOWLEDGED)
    result = {"acknowledged": len(acknowledged), "failed": len(numbers(outcome, FAILED)), "unknown": len(numbers(outcome, UNKNOWN))}
    result["checked"] = writer is not None
    there = set(writer or [])
    lost = sorted(acknowledged - there) if writer is not None else []
    result["lost"], result["lost_numbers"] = len(lost), lost[:most]
    result["unknown_committed"] = len(numbers(outcome, UNKNOWN) & there)
    result["failed_committed"] = len(numbers(outcome, FAILED) & there)
    result["duplicates"] = len(writer or []) - len(there)
    result["servers"] = {}
    for name, found in servers.items():
        known = found is not None
        mine = set(found or [])
        result["servers"][name] = {
            "rows": len(found) if known else None,
            "missing": len(acknowledged - mine) if known else None,
            "duplicates": len(found) - len(mine) if known else None,
            # A row that the writer does not have: the two have gone different ways.
            "strange": len(mine - there) if known and writer is not None else None,
        }
    return result


class Progress:
    """Which numbers are acknowledged and since when: how far behind is a server whose newest number is known?"""

    def __init__(self):
        self.lock = threading.Lock()
        self.at = {}
        self.highest = 0

    def acknowledged(self, number, now):
        with self.lock:
            self.at[number] = now
            self.highest = max(self.highest, number)

    def behind_ms(self, newest, now):
        """How long ago the first acknowledged number after the newest that is there was acknowledged."""
        with self.lock:
            for number in range(newest + 1, self.highest + 1):
                if number in self.at:
                    return max(0.0, now - self.at[number])
        return 0.0


class Worker(threading.Thread):
    """One connection and what is sent on it, one after the other."""

    def __init__(self, pool):
        super().__init__(daemon=True)
        self.pool, self.connection, self.inbox = pool, None, queue.SimpleQueue()

    def run(self):
        while True:
            try:
                job = self.inbox.get(timeout=IDLE_S)
            except queue.Empty:
                # Whoever has taken us from the idle ones has put or will put something in.
                if self.pool.leave(self):
                    break
                continue
            if job is None:
                break
            self.pool.one(self, *job)
            self.pool.back(self)
        self.drop()

    def drop(self):
        if self.connection is not None:
            with contextlib.suppress(Exception):
                self.connection.close()
        self.connection = None

    def send(self, number):
        """The server that acknowledged it. A connection that was closed while nothing was asked is replaced, as pools do."""
        if self.connection is not None and self.connection.stale():
            self.pool.reconnects += 1
            self.drop()
        if self.connection is None:
            self.connection = self.pool.connect()
        self.connection.write(number)
        return self.connection.server


class Pool:
    """The writers. rows: as an observer's, (planned ms, took 0.1 ms, visitor, code, instance, kept connection, served by)."""

    def __init__(self, connect, history, now, most):
        self.connect, self.history, self.now, self.most = connect, history, now, most
        self.progress = Progress()
        self.lock = threading.Lock()
        self.idle, self.everyone, self.rows, self.codes, self.servers = [], set(), [], ["ok"], []
        self.reconnects, self.lag = 0, 0.0

    def submit(self, number, planned):
        with self.lock:
            worker = self.idle.pop() if self.idle else None
            if worker is None and len(self.everyone) < self.most:
                worker = Worker(self)
                self.everyone.add(worker)
                worker.start()
        if worker is None:
            self.write_down(number, planned, FAILED, self.code(EXHAUSTED), -1)
        else:
            worker.inbox.put((number, planned))

    def one(self, worker, number, planned):
        self.history.note(SENT, number)
        outcome, code, instance = ACKNOWLEDGED, 0, -1
        try:
            instance = self.index(self.servers, worker.send(number))
        except Exception as reason:  # whatever a driver throws: a write must not vanish without a row, nor its worker with it
            outcome = FAILED if isinstance(reason, Failed) else UNKNOWN
            expected = isinstance(reason, (Failed, Unknown))
            code = self.code(str(reason) if expected else "unknown: %s" % type(reason).__name__)
            # Read only, say: the next one may find another server at this address.
            worker.drop()
        if outcome == ACKNOWLEDGED:
            self.progress.acknowledged(number, self.now())
        self.write_down(number, planned, outcome, code, instance)

    def write_down(self, number, planned, outcome, code, instance):
        took = max(0.0, self.now() - planned)
        self.history.note(outcome, number)
        self.rows.append((int(planned), int(took * 10), WRITER, code, instance, 1, -1))

    def code(self, reason):
        return self.index(self.codes, reason)

    def index(self, known, name):
        with self.lock:
            if name not in known:
                known.append(name)
            return known.index(name)

    def back(self, worker):
        with self.lock:
            self.idle.append(worker)

    def leave(self, worker):
        with self.lock:
            if worker in self.idle:
                self.idle.remove(worker)
                self.everyone.discard(worker)
                return True
        return False

    def run(self, every_ms, stop):
        """Until stop is set. Late numbers are sent at once: none is left out."""
        start, number = self.now(), 0
        while not stop.is_set():
            planned = start + number * every_ms
            wait = planned - self.now()
            if wait > 0:
                time.sleep(wait / 1000.0)
                continue
            self.lag = max(self.lag, -wait)
            number += 1
            self.submit(number, planned)

    def end(self, patience_s):
        """Whatever is under way gets so long; what has not come back then stays unknown."""
        with self.lock:
            left = list(self.everyone)
        for worker in left:
            worker.inbox.put(None)
        until = time.monotonic() + patience_s
        for worker in left:
            worker.join(max(0.0, until - time.monotonic()))
        self.history.close()

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""The servers of an automatic cluster, as its agent sees them: the local one, polled, changed and, when it hangs, killed; the others, asked
whether they still follow it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import signal
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_record
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_store import now
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_writer import Peers, Server, places, say
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, connect
from ansible_collections.failover.stack.plugins.module_utils._sql.dialect import SqlDialect

# What a peer said counts so long as proof that it still follows.
PROOF_S = 1.2
# A server that has less room than this cannot commit.
ROOM_BYTES = 1 << 20
# How long a server may take to become read-only before it is killed: a commit that waits for a replica would hold it up for ever.
CLOSE_S = 0.5
# A busy machine needs a while to end a process: its connections are closed then, which clients hear only while the address is still here.
ENDING_S = 0.4


class Local(Server):
    """The local server, and what it says of its replication."""

    def __init__(self, config):
        super().__init__(config)
        self.channels, self.acks, self.waits, self.datadir, self.full = [], False, False, None, ""
        # wrote: whether it took writes when it answered last.
        self.first, self.wrote = threading.Event(), False
        self.boot, self.seen, self.waiting, self.known = boot(), None, (0, 0), False

    def poll(self):
        super().poll()
        self.wrote = self.answer[1] == mysql_record.WRITABLE if self.answer[1] != mysql_record.DOWN else self.wrote
        self.first.set()
        try:
            if self.connection:
                self.channels, self.acks, self.waits = self.sql.channels(), self.sql.acknowledges(), self.sql.waits()
                self.waiting = self.sql.waiting() if self.waits else (0, 0)
                self.datadir = self.datadir or self.sql.one("SELECT @@global.datadir AS d")["d"]
                self.full, self.known = self.without_room(), True
        except (Failure, OSError):
            self.close()
            self.answer = (time.time(), mysql_record.DOWN, None)

    def without_room(self):
        place = os.statvfs(self.datadir)
        return "the file system of %s is full" % self.datadir if place.f_bavail * place.f_frsize < ROOM_BYTES else ""

    def instance(self):
        """The server's process as long as it is there, whether it answers or not: None means that it can do nothing any more."""
        self.seen = self.answer[2] or self.seen
        return "%s:%s" % (self.boot, self.seen) if self.seen and alive_as(self.seen) else None

    def kill(self):
        """A server that hangs, or whose commits wait for ever, cannot be asked. Whether there was one."""
        if not self.instance():
            return False
        say("kills the server (process %s)" % self.seen.split(":")[0])
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(self.seen.split(":")[0]), signal.SIGKILL)
        end = time.monotonic() + ENDING_S
        while not ended(self.seen) and time.monotonic() < end:
            time.sleep(0.01)
        return True

    def change(self, wanted):
        if wanted == mysql_record.READ_ONLY:
            self.fence()
            return
        with contextlib.closing(self.connect(read_timeout=30)) as own, mysql_record.locked():
            if not mysql_record.read_record()[0].get("writer") or self.wanted != wanted:
                return
            sql = SqlDialect(own)
            sql.forget_sources()
            sql.acknowledge(False)
            sql.wait_always(True)
            for name in ("read_only",) if sql.mariadb else ("super_read_only", "read_only"):
                sql.run("SET GLOBAL %s = 0" % name)
        say("the server takes writes")

    def fence(self):
        """Closed within CLOSE_S, or killed. Commits that wait are answered to nobody: waiting does not end before the process does."""
        worker = threading.Thread(target=self.close_for_writes, daemon=True)
        worker.start()
        worker.join(CLOSE_S)
        if worker.is_alive():
            self.kill()

    def close_for_writes(self):
        try:
            with contextlib.closing(self.connect(read_timeout=5)) as own:
                sql = SqlDialect(own)
                if sql.waiting()[0]:
                    self.kill()
                    return
                sql.run(sql.read_only_statement())
                say("the server is read-only, %d client connections were ended" % len(sql.end(sql.clients())))
        except (Failure, OSError) as error:
            # The next round sees that it still takes writes, and tries again.
            say("the server could not be made read-only: %s" % error)


def let_go(path):
    """A server whose agent has ended acknowledges nothing any more: nobody would withdraw what its key in the store says."""
    with open(path, encoding="utf-8") as handle:
        server = Server(json.load(handle))
    try:
        with contextlib.closing(server.connect()) as own:
            sql = SqlDialect(own)
            if sql.acknowledges():
                sql.acknowledge(False)
                say("the agent has ended: acknowledges no more")
    except (Failure, OSError) as error:
        say("the agent has ended, and the server could not be told to acknowledge no more: %s" % error)


def started():
    """With which data, and as what, the server was started: see mysql_start."""
    return mysql_record.read_json(os.path.join(mysql_record.DIRECTORY, mysql_record.START))


def boot():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as handle:
        return handle.read()[:8]


def stat_of(found):
    """What the kernel says of the process that was seen; empty when it is not that one any more."""
    pid, began = found.split(":")
    try:
        with open("/proc/%s/stat" % pid, encoding="ascii", errors="replace") as handle:
            fields = handle.read().rpartition(")")[2].split()
    except OSError:
        return []
    return fields if fields[19] == began else []


def alive_as(found):
    """Whether the process that was seen is still that one."""
    return bool(stat_of(found))


def ended(found):
    """Whether it has closed all that it had, though nobody has taken note of its end yet."""
    return stat_of(found)[:1] in ([], ["Z"], ["X"])


class Followers(Peers):
    """The other members, asked by the writer: whether they still follow it, and what they have."""

    def __init__(self, config, server):
        super().__init__(config, server)
        self.here = places(config["own"])
        # When they were asked, what this server had before that, {member: what it had}, {member: when it was known to follow}
        self.answer, self.proofs = (-1e9, None, {}), {}

    def ask(self, peer):
        where = dict(self.config["login"], unix_socket=None, host=peer["address"], port=peer["port"], connect_timeout=1,
                     read_timeout=1, write_timeout=1)
        asked = now()
        try:
            with contextlib.closing(connect(where)) as server:
                sql = SqlDialect(server)
                if any((one["host"], one["port"]) in self.here and one["io"] == "Yes" for one in sql.channels()):
                    self.proofs[peer["name"]] = asked
                return peer["name"], sql.position()
        except (Failure, OSError):
            return peer["name"], None

    def once(self, pool):
        asked, needed = now(), None
        with contextlib.suppress(Failure, OSError), contextlib.closing(self.server.connect()) as own:
            sql = SqlDialect(own)
            needed = sql.position() if sql.waits() else None
        found = dict(pool.map(self.ask, self.config["peers"]))
        self.answer = (asked, needed, {name: position for name, position in found.items() if position is not None})

    def proof(self, members):
        """Whether one of these said just now that it follows: nobody can have taken over before that."""
        return any(now() - self.proofs.get(name, -1e9) < PROOF_S for name in members)

    def run(self):
        with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(self.config["peers"]))) as pool:
            while True:
                self.wanted.wait()
                self.once(pool)
                time.sleep(0.2)

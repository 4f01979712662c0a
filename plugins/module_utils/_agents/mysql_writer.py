# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""The agent of the writer address: the service mysql-writer, started with the path of its configuration.

The address is here exactly while this server takes writes and the record says that it is the writer. A server that was restarted
is read-only and takes writes again only when nobody objects; who is cut off, or hears somebody else answer for the address,
stops at once. What is done when is decided in mysql_record.plan; this file only asks and applies it.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import fcntl
import json
import os
import select
import socket
import struct
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_record
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, connect
from ansible_collections.failover.stack.plugins.module_utils._sql.dialect import SqlDialect
from ansible_collections.failover.stack.plugins.module_utils._sql.gtid import GtidError, contains
from ansible_collections.failover.stack.plugins.module_utils._vip import address as virtual

TICK_S, ASK_S, POLL_S = 0.25, 0.5, 0.2
# An answer of the local server that is older counts as none.
STALE_S = 2.0
# So long after a change of hands frames of the former holder may still be under way.
SETTLE_S = 0.3
RIVAL_S = 1.5
LAST_WORDS_S, ENDING_S = 0.02, 0.2
PEERS_FRESH_S = 3.0
# Neighbours and switches that missed the first announcement.
ANNOUNCE_AGAIN_S = (0.1, 1.0, 5.0)


def say(text):
    print(text, flush=True)


def instance_of(server):
    """Which server process answers: its id and its start."""
    raw = server.connection._sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid = struct.unpack("iII", raw)[0]
    with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as handle:
        return "%d:%s" % (pid, handle.read().rpartition(")")[2].split()[19])


class Server(threading.Thread):
    """The local server: polled, told to change. A statement that hangs hangs here and not in the main loop."""

    def __init__(self, config):
        super().__init__(daemon=True)
        self.config = config
        self.connection = None
        self.wanted = None
        # when the question was asked (wall clock), state, instance
        self.answer = (0.0, mysql_record.DOWN, None)
        self.last_up = time.monotonic()

    def latest(self):
        if time.time() - self.answer[0] > STALE_S:
            return (time.time(), mysql_record.DOWN, None)
        return self.answer

    def connect(self, read_timeout=5):
        return connect({"unix_socket": self.config["socket"], "user": "root", "password": None, "connect_timeout": 2,
                        "read_timeout": read_timeout})

    def poll(self):
        asked = time.time()
        try:
            if not self.connection:
                self.connection = self.connect()
                self.sql = SqlDialect(self.connection)
            state = mysql_record.WRITABLE if self.sql.writable() else mysql_record.READ_ONLY
            self.answer = (asked, state, instance_of(self.connection))
            self.last_up = time.monotonic()
        except (Failure, OSError):
            self.close()
            self.answer = (asked, mysql_record.DOWN, None)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def change(self, wanted):
        # Commits that wait for a replica's word hold the statement up; it goes on in the server meanwhile.
        own = self.connect(read_timeout=30)
        try:
            sql = SqlDialect(own)
            if wanted == mysql_record.WRITABLE:
                with mysql_record.locked():
                    if not mysql_record.read_record()[0].get("writer") or self.wanted != wanted:
                        return
                    sql.allow_writes()
                say("the server takes writes")
                return
            sql.run("SET SESSION lock_wait_timeout = 2")
            ended = sql.end(sql.clients())
            sql.run(sql.read_only_statement())
            sql.wait_for_replicas(False)
            say("the server is read-only, %d client connections were ended" % len(ended + sql.end(sql.clients())))
        finally:
            own.close()

    def run(self):
        while True:
            self.poll()
            wanted, state = self.wanted, self.answer[1]
            if wanted and state not in (wanted, mysql_record.DOWN):
                try:
                    self.change(wanted)
                except (Failure, OSError) as error:
                    say("cannot make the server %s: %s" % (wanted, error))
                self.poll()
            if self.wanted == wanted:
                self.wanted = None
            time.sleep(POLL_S)


class Peers(threading.Thread):
    """The other members, asked while it matters."""

    def __init__(self, config, server):
        super().__init__(daemon=True)
        self.config, self.server = config, server
        self.wanted = threading.Event()
        self.answer = (0.0, [])

    def latest(self, since):
        """What they said after a moment, None when they were not asked since or too long ago."""
        asked, peers = self.answer
        return None if asked < since or time.monotonic() - asked > PEERS_FRESH_S else peers

    def ask(self, peer):
        where = dict(self.config["login"], unix_socket=None, host=peer["address"], port=peer["port"], connect_timeout=1,
                     read_timeout=1, write_timeout=1)
        try:
            server = connect(where)
            try:
                sql = SqlDialect(server)
                return peer["name"], sql.writable(), [(c["host"], c["port"]) for c in sql.channels()], sql.position()
            finally:
                server.close()
        except (Failure, OSError) as error:
            return peer["name"], None, [], str(error)

    def judge(self, answers, ours):
        here, others = places(self.config["own"]), dict((p["name"], places(p)) for p in self.config["peers"])
        known = dict((name, where) for name, _writable, where, _position in answers)
        everybody = set().union(*others.values()) if others else set()
        peers = [mysql_record.Peer(name=name) if writable is None else
                 mysql_record.Peer(name, True, writable, mysql_record.follows(where, here, everybody), not has(ours, place))
                 for name, writable, where, place in answers]
        return mysql_record.chained(peers, known, others)

    def run(self):
        with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(self.config["peers"]))) as pool:
            while True:
                self.wanted.wait()
                asked = time.monotonic()
                answers = list(pool.map(self.ask, self.config["peers"]))
                # Whether they are ahead cannot be found out without the local server.
                with contextlib.suppress(Failure, OSError):
                    own = self.server.connect()
                    try:
                        self.answer = (asked, self.judge(answers, SqlDialect(own).position()))
                    finally:
                        own.close()
                time.sleep(0.3)


def has(ours, theirs):
    try:
        return contains(ours, theirs)
    except GtidError:
        return False


def places(member):
    return {(member["address"], member["port"]), (member["name"], member["port"])}


class Net:
    """The address, who else claims it, and whether anybody can be heard at all."""

    def __init__(self, config):
        self.config = config
        self.address = config["address"]
        self.wire = None
        self.targets, self.heard = set(), {}
        self.last_asked = self.last_heard = -1e9
        self.rival = (None, -1e9)
        self.announcements = []

    def open(self):
        """Anew when the interface became another one."""
        name = virtual.interface_of(self.config["own"]["address"])
        if self.wire and (name != self.wire.interface or socket.if_nametoindex(name) != self.index):
            self.wire.close()
            self.wire = None
        if name and not self.wire:
            self.wire, self.index = virtual.Wire(name, self.config["own"]["address"]), socket.if_nametoindex(name)
            self.last_heard = time.monotonic()
        if self.wire:
            wanted = [peer["address"] for peer in self.config["peers"]] + self.config.get("witnesses", [])
            near = {one for one in wanted
                    if (":" in one) == self.wire.six and virtual.interface_towards(one) == self.wire.interface}
            gateway = virtual.gateway_of(self.wire.interface, six=self.wire.six)
            self.targets = near | ({gateway} if gateway else set())

    def listen(self):
        """Takes note of every frame; the MACs of those who ask whether the address is free."""
        asking = []
        for frame in self.wire.frames() if self.wire else ():
            parts = virtual.parts_of(frame)
            if parts is None or parts[1] in self.wire.own:
                continue
            if parts[2] in self.targets:
                self.last_heard = self.heard[parts[2]] = time.monotonic()
            if parts[2] == self.address:
                self.rival = (parts[1], time.monotonic())
            if virtual.probes(frame, self.address):
                asking.append(parts[1])
        return asking

    def ask(self, for_address):
        now = time.monotonic()
        if not self.wire or now - self.last_asked < ASK_S:
            return
        self.last_asked = now
        self.open()
        for target in self.targets:
            self.wire.ask(target, self.config["own"]["address"])
        if for_address and self.address:
            self.wire.ask(self.address)

    def silent(self, address, limit_s):
        """Whether a neighbour that used to answer has not for so long, while somebody else has."""
        now, last = time.monotonic(), self.heard.get(address)
        return last is not None and now - last > limit_s and now - self.last_heard < limit_s / 2

    def isolated(self):
        if not self.wire:
            return True
        return bool(self.targets) and time.monotonic() - self.last_heard > self.config["isolation_s"]

    def free(self):
        """Nobody else has it."""
        return self.wire is not None and self.wire.wait_free(self.address, 0.5) is None

    def take(self):
        added = virtual.add(self.wire.interface, self.address, self.config["prefix"])
        self.announce_soon()
        return added

    def announce_soon(self):
        now = time.monotonic()
        self.announcements = [now] + [now + later for later in ANNOUNCE_AGAIN_S]

    def announce(self, held):
        while self.announcements and self.announcements[0] <= time.monotonic():
            self.announcements.pop(0)
            if held and self.wire:
                self.wire.announce(self.address)


class WriterAgent:
    def __init__(self, config):
        self.config = config
        self.server = Server(config)
        self.peers = Peers(config, self.server)
        self.net = Net(config)
        self.memory_path = os.path.join(mysql_record.RUN_DIRECTORY, "memory.json")
        self.memory = self.remembered()
        self.continuous = False
        self.settled = self.last_tick = time.monotonic()
        self.because, self.record, self.changed = None, {}, -1.0

    def remembered(self):
        """Of the server process that took writes, and whether it was this agent that stopped it. Outlives the agent, not a boot."""
        try:
            with open(self.memory_path, encoding="utf-8") as handle:
                return json.load(handle)
        except (OSError, ValueError):
            return {"instance": None, "own": False}

    def remember(self, **values):
        new = dict(self.memory, **values)
        if new != self.memory:
            self.memory = new
            with open(self.memory_path, "w", encoding="utf-8") as handle:
                json.dump(new, handle)

    def own_state(self, late):
        record, changed = mysql_record.read_record()
        if changed != self.changed:
            self.record, self.changed, self.settled = record, changed, time.monotonic()
        answered, state, instance = self.server.latest()
        held = bool(self.net.address) and virtual.holds(self.net.address)
        mac, heard = self.net.rival
        rival = mac if heard > self.settled + SETTLE_S and time.monotonic() - heard < RIVAL_S else None
        own = mysql_record.Own(
            recorded=self.record.get("writer"), yielding=self.record.get("yield_until", 0) > time.time(), server=state, held=held,
            down_s=time.monotonic() - self.server.last_up,
            restarted=self.memory["own"] or (instance is not None and instance != self.memory["instance"]),
            continuous=self.continuous, rival=rival, isolated=late or self.net.isolated())
        return own, answered, instance

    def tick(self):
        now = time.monotonic()
        late, self.last_tick = now - self.last_tick > self.config["isolation_s"], now
        if late:
            say("nothing was done for more than %s s, whatever was known is old" % self.config["isolation_s"])
            self.net.last_heard = -1e9
        if not self.net.wire:
            self.net.open()
        own, answered, instance = self.own_state(late)
        self.net.ask(own.recorded)
        if own.isolated or own.rival:
            self.settled = now if own.isolated else self.settled
        if not own.recorded or own.server == mysql_record.WRITABLE:
            self.peers.wanted.clear()
        else:
            self.peers.wanted.set()
        decision = mysql_record.plan(own, self.peers.latest(self.settled))
        self.apply(own, decision, answered)
        held = virtual.holds(self.net.address) if self.net.address else False
        self.continuous = own.recorded and not own.isolated and not own.rival and (
            held and (own.server == mysql_record.WRITABLE or self.continuous))
        if own.recorded and own.server == mysql_record.WRITABLE and not (own.isolated or own.rival):
            self.remember(instance=instance, own=False)
        self.net.announce(held)

    def apply(self, own, decision, answered):
        urgent = mysql_record.urgent(own)
        # What was seen before the record changed says nothing about what it is now.
        if answered <= self.changed and not urgent:
            return
        if decision.because != self.because:
            self.because = decision.because
            say(decision.because)
        if urgent:
            self.stop(own, decision)
            decision = decision._replace(address=mysql_record.KEEP, server=mysql_record.KEEP)
        with mysql_record.locked(wait=False) as got:
            # The module works, or has worked since this was seen.
            if not got or mysql_record.read_record()[1] != self.changed:
                return
            self.change(own, decision)

    def stop(self, own, decision):
        """Needs no lock: it is right whatever else is under way. The address first, that never hangs."""
        if own.held:
            self.release()
        if decision.server == mysql_record.READ_ONLY and own.server == mysql_record.WRITABLE:
            self.remember(own=True)
            self.server.wanted = mysql_record.READ_ONLY

    def change(self, own, decision):
        if decision.address == mysql_record.RELEASE and own.held:
            self.release()
        if decision.address == mysql_record.TAKE and self.net.address:
            if self.net.free():
                self.net.take()
                say("the address %s is here" % self.net.address)
            else:
                self.net.listen()
        if decision.record == mysql_record.FORGET:
            mysql_record.write_record({"writer": False, "by": "agent", "because": decision.because})
        if decision.server == mysql_record.READ_ONLY and own.server == mysql_record.WRITABLE:
            self.server.wanted = mysql_record.READ_ONLY
        if decision.server == mysql_record.WRITABLE and (own.held or not self.net.address or self.net.free()):
            self.server.wanted = mysql_record.WRITABLE

    def release(self):
        if virtual.remove(self.net.address):
            self.continuous = False
            say("the address %s was given up" % self.net.address)

    def hand_over(self, macs):
        """The one to whom the address was promised asks whether it is free: now it is."""
        record = mysql_record.read_record()[0]
        if record.get("writer") or record.get("yield_to") not in macs or not virtual.holds(self.net.address):
            return
        # Ended while the address is still here, a connection can say so to its client. A busy server must not hold the address back.
        ender = threading.Thread(target=self.end_clients, daemon=True)
        ender.start()
        ender.join(ENDING_S)
        time.sleep(LAST_WORDS_S)
        self.release()

    def end_clients(self):
        with contextlib.suppress(Failure, OSError), contextlib.closing(self.server.connect(read_timeout=1)) as server:
            sql = SqlDialect(server)
            say("handed over, %d client connections are ended" % len(sql.end(sql.clients())))

    def forget_lease(self):
        """Of a cluster that decided by a lease: from now on it is led by hand, and whoever adopts it again must not go by what was then."""
        with mysql_record.locked():
            record = mysql_record.read_record()[0]
            left = {name: value for name, value in record.items() if name not in ("lease", "data")}
            if left != record:
                mysql_record.write_record(left)

    def run(self):
        self.forget_lease()
        self.server.start()
        self.peers.start()
        while True:
            self.tick()
            until = time.monotonic() + TICK_S
            while (left := until - time.monotonic()) > 0:
                if not self.net.wire:
                    time.sleep(left)
                elif select.select([self.net.wire], [], [], left)[0]:
                    asking = self.net.listen()
                    if asking:
                        self.hand_over(asking)


def main(path, what="run"):
    """what: run; start, which is done before the server is started; ended, when the agent has."""
    if what == "start":
        from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_start
        return mysql_start.main(path)
    if what == "ended":
        from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_servers import let_go
        return let_go(path)
    os.umask(0o077)
    os.makedirs(mysql_record.DIRECTORY, exist_ok=True)
    alive = os.open(os.path.join(mysql_record.RUN_DIRECTORY, mysql_record.ALIVE), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with open(path, encoding="utf-8") as handle:
        config = json.load(handle)
    if config.get("store"):
        from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_automatic import AutomaticAgent
        AutomaticAgent(config).run()
    WriterAgent(config).run()

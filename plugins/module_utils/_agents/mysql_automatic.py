# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""The agent where the members decide by a lease in etcd who takes the writes: it asks, and applies what mysql_lease.plan says."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import select
import signal
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import alive, mysql_lease, mysql_record
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_store import Store, now
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_writer import POLL_S, Net, Peers, Server, places, say
from ansible_collections.failover.stack.plugins.module_utils._mysql.replica import OPTIONS
from ansible_collections.failover.stack.plugins.module_utils._mysql.replica_run import Replica
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, connect
from ansible_collections.failover.stack.plugins.module_utils._sql.dialect import SqlDialect
from ansible_collections.failover.stack.plugins.module_utils._sql.gtid import union
from ansible_collections.failover.stack.plugins.module_utils._vip import address as virtual

TICK_S = 0.1
# What a peer said counts so long as proof that it still follows.
PROOF_S = 1.2
# Whoever could not follow or stop is tried again after that.
AGAIN_S = 2.0
# A server that has less room than this cannot commit.
ROOM_BYTES = 1 << 20
# So long an address that somebody else answers for is asked for, and commits may wait without one being acknowledged.
CONTEST_S, STUCK_S = 1.0, 2.0
LAST_WORDS_S = 0.05
# An agent that was just started first looks at its server, but no longer than this.
FIRST_S = 1.0
# Three questions of the address protocol in a row.
SILENT_S = 1.7
# How long a server may take to become read-only before it is killed: a commit that waits for a replica would hold it up for ever.
CLOSE_S = 0.5
LEASE, UNKNOWN = "lease.json", -1
NO_PARAMETERS = dict.fromkeys([option.name for option in OPTIONS] + ["source_log_file", "source_log_pos", "source_gtid", "filters"])


class Local(Server):
    """The local server, and what it says of its replication."""

    def __init__(self, config):
        super().__init__(config)
        self.channels, self.acks, self.waits, self.datadir, self.full = [], False, False, None, ""
        self.first = threading.Event()
        self.boot, self.seen, self.waiting, self.known = boot(), None, (0, 0), False

    def poll(self):
        super().poll()
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


def started():
    """With which data, and as what, the server was started: see mysql_start."""
    return mysql_record.read_json(os.path.join(mysql_record.DIRECTORY, mysql_record.START))


def boot():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as handle:
        return handle.read()[:8]


def alive_as(found):
    """Whether the process that was seen is still that one."""
    pid, began = found.split(":")
    try:
        with open("/proc/%s/stat" % pid, encoding="ascii", errors="replace") as handle:
            return handle.read().rpartition(")")[2].split()[19] == began
    except OSError:
        return False


def shown(sync):
    return "may acknowledge: %s" % (", ".join(
        "%s%s" % (name, "" if entry["whole"] else " (catches up)") for name, entry in sorted(sync.items())) or "nobody")


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


class AutomaticAgent:
    def __init__(self, config, directory=mysql_record.RUN_DIRECTORY):
        self.config, self.directory, self.name = config, directory, config["own"]["name"]
        self.order = [self.name, *[peer["name"] for peer in config["peers"]]]
        self.order.sort(key=config["order"].index)
        self.server, self.net = Local(config), Net(config)
        self.followers = Followers(config, self.server)
        self.store = Store(config["store"], self.name, os.path.join(directory, LEASE), say)
        self.because, self.promise, self.following, self.refused = None, None, 0, ""
        self.busy, self.tried = {}, {}
        self.continuous, self.basis, self.basis_at, self.told_at = False, None, now(), -1e9
        self.request, self.told = None, None
        self.contested, self.stuck = None, (None, now())
        # Whether no request of ours to give the lease away can still be on its way; of which `sync` a change was asked for; since when
        # this server last acknowledged alone. Of what an earlier agent did nothing is known.
        self.confirmed, self.offered, self.freed = False, UNKNOWN, now()

    # What is known

    def own_state(self, view):
        record = mysql_record.read_record()[0]
        _answered, state, _instance = self.server.latest()
        held = bool(self.net.address) and virtual.holds(self.net.address)
        return mysql_lease.Own(
            self.name, state, self.server.instance(), recorded=bool(record.get("writer")), held=held, lease=self.store.mine(),
            proof=self.followers.proof((view or self.last_view).sync), down_s=time.monotonic() - self.server.last_up,
            unfit=self.server.full, continuous=self.continuous, alive=self.store.valid(), confirmed=self.confirmed,
            by_hand=bool(record.get("writer")) and not record.get("lease"))

    last_view = mysql_lease.View()

    def silent(self, view):
        """Whether the machine of the writer has not answered for a while, though others on its wire do."""
        peer = next((one for one in self.config["peers"] if view and one["name"] == view.writer), None)
        return bool(peer) and self.net.silent(peer["address"], SILENT_S)

    def complete(self, view):
        """Whether this member's data are those of the last writer, with all that it ever acknowledged."""
        data, start = mysql_record.read_record()[0].get("data"), started()
        return bool(data) and view.last.get("name") == self.name and start.get("role") != "replica" and data == start.get("data")

    # A round

    def tick(self):
        if not self.net.wire:
            self.net.open()
        view = self.store.view()
        self.last_view = view or self.last_view
        own = self.own_state(view)
        self.net.ask(own.recorded)
        decision = mysql_lease.plan(own, view, self.order, self.store.leaderless(), self.config["alone"])
        if decision.because != self.because:
            self.because = decision.because
            say(decision.because)
        self.apply(own, view, decision)
        if view is not None:
            self.requested(own, view)
        held = virtual.holds(self.net.address) if self.net.address else False
        self.continuous = own.recorded and (held or not self.net.address) and own.server == mysql_record.WRITABLE
        # Each question is a connection with TLS: only while the answer matters.
        if own.recorded and (view is None or self.store.trouble or self.server.waiting[0] or mysql_lease.changes(view, self.name)):
            self.followers.wanted.set()
        else:
            self.followers.wanted.clear()
        self.net.announce(held)
        self.publish(own, view)
        self.tell(own, view)
        alive.beat()

    def apply(self, own, view, decision):
        # What needs no lock: it is right whatever else is under way. The end of a server that hangs reaches its clients only from the
        # address they know.
        if decision.server == mysql_lease.KILL and self.server.kill():
            time.sleep(LAST_WORDS_S)
        if decision.address == mysql_record.RELEASE and own.held:
            self.release()
        if decision.server == mysql_record.READ_ONLY and own.server == mysql_record.WRITABLE and "handover" not in self.busy:
            self.server.wanted = mysql_record.READ_ONLY
        with mysql_record.locked(wait=False) as got:
            if got:
                self.change(own, view, decision)

    def change(self, own, view, decision):
        if decision.lease == mysql_lease.FORGET:
            self.write_record(False)
        elif decision.lease == mysql_lease.GIVE_UP:
            self.write_record(False)
            self.store.give_up(view, lambda done: say("the lease was given up" if done else "the lease could not be given up"))
        elif decision.lease in (mysql_lease.TAKE, mysql_lease.ADOPT):
            self.begin("channel", self.take, view, decision.lease == mysql_lease.ADOPT, own.recorded)
        elif decision.lease == mysql_lease.CONFIRM and "handover" not in self.busy:
            self.store.confirm(view, self.is_confirmed)
        if view is not None and view.writer == self.name and own.lease:
            self.lead(own, view, decision)
        elif own.server == mysql_record.READ_ONLY and self.server.waits:
            self.begin("acks", self.apply_freely)
        elif decision.acks is not None and own.server != mysql_record.DOWN and decision.acks != self.server.acks:
            self.begin("acks", self.acknowledge, decision.acks)
        if decision.lease == mysql_lease.DEPOSE:
            self.store.depose(view, lambda done: say("the lease of %s was ended" % view.writer) if done else None)
        if decision.replication == mysql_lease.PROMISE:
            self.begin("channel", self.stop_receiving, view)
        elif decision.replication == mysql_lease.FOLLOW:
            self.follow(own, view, decision.target)

    def lead(self, own, view, decision):
        """As the one who holds the lease."""
        if "handover" in self.busy:
            return
        if (not own.recorded or own.by_hand) and decision.lease != mysql_lease.GIVE_UP:
            self.write_record(True, started().get("data"))
        if decision.server == mysql_record.WRITABLE:
            self.server.wanted = mysql_record.WRITABLE
        if decision.address == mysql_record.TAKE and self.net.address and own.server == mysql_record.WRITABLE:
            self.take_address()
        mac, heard = self.net.rival
        if own.held and time.monotonic() - heard < 0.5:
            say("%s answers for the address, too: it is announced again" % mac)
            self.net.rival = (None, -1e9)
            self.net.announce_soon()
        if own.server != mysql_record.WRITABLE:
            return
        if decision.acks is not None and decision.acks != self.server.waits:
            self.change_waiting(view, decision.acks)
        if self.server.channels:
            # Of two sources that replicated each other before they decided themselves.
            self.begin("channel", self.forget_sources)
        self.admit(view)
        self.free_waiters(view)

    def is_confirmed(self, done):
        self.confirmed = done

    def change_waiting(self, view, wanted):
        """It acknowledges alone only when nobody can still be let in by an earlier request, however late that comes."""
        if wanted or self.offered not in (UNKNOWN, view.sync_made):
            self.begin("acks", self.wait_for_replicas, wanted)
        else:
            self.store.confirm(view, lambda done: setattr(self, "offered", view.sync_made) if done else None)

    def take_address(self):
        """A machine whose programs hang may answer for the address as long as it likes; nothing that is sent there is acknowledged."""
        self.contested = self.contested or now()
        free = self.net.free()
        if free or now() - self.contested > CONTEST_S:
            self.net.take()
            say("the address %s is here%s" % (self.net.address, "" if free else ", though somebody without the lease answers for it"))
            self.contested = None
        else:
            self.net.listen()

    def free_waiters(self, view):
        """Commits that wait for replicas which have them already: one that connects anew, by GTID, says nothing of what it had before
        (seen with MariaDB 10.11.19), and behind two groups of such commits no further one is sent. Their clients get no answer."""
        waiting, answered = self.server.waiting
        if not waiting or answered != self.stuck[0]:
            self.stuck = (answered, now())
        asked, needed, positions = self.followers.answer
        if now() - self.stuck[1] < STUCK_S or asked < self.stuck[1] + STUCK_S / 2 or not needed:
            return
        if any(mysql_lease.has(positions.get(name), needed) for name in view.sync):
            self.begin("waiters", self.end_waiting)

    def end_waiting(self):
        with self.sql() as sql:
            ended = sql.end([row for row in sql.clients(local=True) if "semi-sync ACK" in (row["State"] or "")])
        say("ended %d connections that waited for replicas which have everything already" % len(ended))

    # Who may acknowledge

    def admit(self, view):
        basis = (view.sync, {name: (told.get("instance"), told.get("following"), told.get("acks")) for name, told in view.members.items()})
        if basis != self.basis:
            self.basis, self.basis_at = basis, now()
        asked, needed, positions = self.followers.answer
        if asked < self.basis_at or "acks" in self.busy:
            return
        needed = needed if asked > self.freed else None
        wanted = mysql_lease.next_sync(view, self.name, positions, needed, self.config["alone"])
        if wanted != view.sync:
            self.offered = view.sync_made
            self.store.change_sync(view, wanted, lambda done: say(shown(wanted)) if done else None)

    # Jobs beside the rounds

    def begin(self, kind, job, *arguments):
        """One of a kind at a time; what failed is not tried again at once."""
        if kind in self.busy or now() - self.tried.get((kind, job.__name__), -1e9) < AGAIN_S:
            return

        def run():
            try:
                job(*arguments)
                # What it did is seen by the next poll.
                self.tried[kind, job.__name__] = now() - AGAIN_S + 2 * POLL_S
            except Exception as error:  # whatever it is, the rounds go on and it is tried again
                self.tried[kind, job.__name__] = now()
                say("%s: %s" % (job.__name__.replace("_", " "), error if isinstance(error, (Failure, OSError)) else repr(error)))
            finally:
                del self.busy[kind]

        self.busy[kind] = threading.Thread(target=run, daemon=True)
        self.busy[kind].start()

    @contextlib.contextmanager
    def sql(self, read_timeout=10):
        with contextlib.closing(self.server.connect(read_timeout)) as own:
            yield SqlDialect(own)

    def forget_sources(self):
        with self.sql() as sql:
            sql.forget_sources()

    def acknowledge(self, wanted):
        with self.sql() as sql:
            sql.acknowledge(wanted)
        self.server.acks = wanted
        say("acknowledges for the writer" if wanted else "acknowledges no more")

    def apply_freely(self):
        """A replica's applier would wait for replicas of its own. Read-only it has no commit left that somebody waits for."""
        with self.sql() as sql:
            if sql.fenced():
                sql.wait_always(False)
                self.server.waits = False

    def wait_for_replicas(self, wanted):
        with self.sql() as sql:
            sql.wait_always(wanted)
        self.freed = self.freed if wanted else now()
        self.server.waits = wanted
        say("acknowledges when a replica has it" if wanted else "acknowledges alone")

    def stop_receiving(self, view):
        instance = self.server.instance()
        with self.sql() as sql:
            sql.stop_receiving()
            position = sql.position()
            for channel in sql.channels():
                position = union(position, channel["received"]) if channel["gtid"] else position
        if self.server.instance() != instance:
            raise Failure("the server was started anew meanwhile")
        self.following = 0
        self.promise = {"term": view.term, "position": position, "instance": instance, "complete": self.complete(view),
                        "unfit": self.server.full}

    def take(self, view, adopt, continues):
        """Everything that was received is applied, then whoever is first in the store has it."""
        with self.sql() as sql:
            handed = view.handover.get("gtid") if view.handover.get("to") == self.name else None
            if not self.caught_up(sql, handed, 10):
                raise Failure("not everything that was received could be applied within 10 s")
            position = sql.position()
        if not (adopt or continues or handed is not None or mysql_lease.has(position, mysql_lease.everything(view))):
            raise Failure("%s is here, and not all of %s" % (position, mysql_lease.everything(view)))
        sync = {} if adopt else view.sync if continues else mysql_lease.taken_sync(view, self.name)
        if handed is not None:
            sync = {name: dict(entry, whole=False) for name, entry in view.sync.items() if name != self.name}
        # Before: whoever has got the lease is the one who has everything, also when nobody is left to write that down.
        with mysql_record.locked():
            mysql_record.write_record(dict(mysql_record.read_record()[0], data=started().get("data")))
        answered, got = threading.Event(), []

        def then(done):
            got.append(done)
            answered.set()

        self.store.take(view, position, sync, "agent", then)
        if not answered.wait(self.store.ttl_s) or not got[0]:
            say("the lease was not got: somebody else was first, or something changed")
            return
        with mysql_record.locked():
            self.write_record(True)
        self.following, self.promise, self.confirmed = 0, None, True
        say("took the lease with %s" % (position or "nothing"))

    def caught_up(self, sql, gtid, limit_s, names=None):
        """names: of the channels that count, all by default."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            counted = [channel for channel in sql.channels() if names is None or channel["name"] in names]
            if all(sql.applied(channel) for channel in counted) and (gtid is None or mysql_lease.has(sql.position(), gtid)):
                return True
            time.sleep(0.01)
        return False

    def follow(self, own, view, target):
        peer = next((one for one in self.config["peers"] if one["name"] == target), None)
        if peer is None or own.server == mysql_record.DOWN:
            return
        returning = self.returning()
        mine = [one for one in self.server.channels if (one["host"], one["port"]) in places(peer)]
        if mine and mine[0]["io"] != "No" and mine[0]["applier"] == "Yes":
            if mine[0]["io"] == "Yes":
                self.following, self.refused = view.term, ""
                if returning:
                    self.begin("settle", self.settle, view)
            return
        self.following = 0
        if mine and mine[0]["error"]:
            # Nothing that starting it again would mend.
            self.refused = mine[0]["error"]
            return
        # See mysql_lease.receives().
        if not returning or (mysql_lease.acknowledges(view, own) and self.server.acks):
            self.begin("channel", self.receive_from, view, peer)

    def returning(self):
        """Whether this member was the writer since it last had everything of another one."""
        return bool(mysql_record.read_record()[0].get("data"))

    def settle(self, view):
        with self.sql() as sql:
            level = mysql_lease.has(sql.position(), view.last.get("gtid"))
        if level:
            with mysql_record.locked():
                self.write_record(False, None)

    def receive_from(self, view, peer):
        """Who has nothing that the new writer lacked when it began may follow without being asked much."""
        with contextlib.closing(self.server.connect(30)) as server:
            self.apply_received(SqlDialect(server))
            known = mysql_lease.has(view.last.get("gtid"), SqlDialect(server).position())
            settings = dict(self.config["replication"]["channels"][peer["name"]])
            parameters = {**NO_PARAMETERS, **settings, "state": "started", "channel": "", "update_password": "never",
                          "source_password": self.config["replication"]["password"], "check_source": not known, "allow_errant": False,
                          "demote": True, "wait": 0, "connect_timeout": 2}
            replica = Replica(server, parameters, self.name, say).read()
            plan = replica.plan()
            problems = [] if known or not (plan.changes or plan.starts) else replica.problems_of_source()
            if problems:
                self.refused = " ".join(problems)
                raise Failure(self.refused)
            replica.apply(plan.steps)
        say("receives from %s" % peer["name"])

    def apply_received(self, sql):
        """A channel that gets another source forgets what it received and has not applied, and that may be all there is of it."""
        for channel in sql.channels():
            if channel["applier"] != "Yes" and channel["error"]:
                self.refused = channel["error"]
                raise Failure(self.refused)
        running = [channel["name"] for channel in sql.channels() if channel["applier"] == "Yes"]
        if not self.caught_up(sql, None, 10, running):
            raise Failure("not everything that was received could be applied within 10 s")

    # A planned move

    def requested(self, own, view):
        """What module mysql_writer asks for: at once, or never."""
        request = mysql_record.read_json(os.path.join(self.directory, mysql_record.REQUEST))
        if not request or request.get("id") == self.request:
            return
        self.request = request["id"]
        if time.time() - request.get("at", 0) > 10:
            return
        if request.get("to") in view.sync and own.lease and own.server == mysql_record.WRITABLE:
            self.begin("handover", self.hand_over, view, request)
        elif request.get("give_up") and not view.writer:
            self.store.forget_members(view, request["give_up"], lambda done: say(
                "given up: %s" % ", ".join(request["give_up"]) if done else "nobody was given up: something changed"))

    def hand_over(self, view, request):
        """Read-only, with time for what is under way; then the lease, for that one alone. Whatever goes wrong, the lease is still here, and
        with it the writes."""
        with self.sql(read_timeout=5) as sql:
            closer = threading.Thread(target=self.close_softly, args=(sql,), daemon=True)
            closer.start()
            closer.join(request["patience_ms"] / 1000)
            with self.sql() as other:
                other.end(other.clients()) if closer.is_alive() else None
            closer.join(2)
            if closer.is_alive() or not self.closed():
                raise Failure("the server did not become read-only: somebody still writes")
        with self.sql() as sql:
            gtid = sql.position()
            sql.end(sql.clients())
        self.confirmed = False
        self.release()
        with mysql_record.locked():
            self.write_record(False)
        self.store.give_up(view, lambda done: say("the lease is handed to %s" % request["to"] if done else "the lease was not handed over"),
                           request["to"], gtid)
        time.sleep(0.5)

    def close_softly(self, sql):
        with contextlib.suppress(Failure):
            sql.run(sql.read_only_statement())

    def closed(self):
        with self.sql() as sql:
            return sql.fenced()

    # Effects

    def write_record(self, writer, data=()):
        record, _changed = mysql_record.read_record()
        kept = record.get("data") if data == () else data
        mysql_record.write_record({"writer": writer, "by": "agent", "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "lease": True,
                                   **({"data": kept} if kept else {})})

    def release(self):
        if virtual.remove(self.net.address):
            self.continuous = False
            say("the address %s was given up" % self.net.address)

    def publish(self, own, view):
        term = (view or self.last_view).term
        if self.promise and (self.promise["term"], self.promise["instance"]) != (term, own.instance):
            self.promise = None
        if not self.server.known:
            # An agent that was just started does not know whether the server acknowledges.
            return
        up = own.server != mysql_record.DOWN
        told = {"instance": own.instance, "following": self.following if up else 0, "unfit": own.unfit,
                "acks": self.server.acks or bool(view and mysql_lease.admitted(view, own))}
        if self.silent(view):
            told["silent"] = term
        if view and view.writer not in (None, self.name) and up and not own.recorded and self.returning():
            told["joining"] = term
        if self.promise and up:
            told["promise"] = self.promise
        if self.refused:
            told["refused"] = self.refused
        self.store.publish(told)

    def tell(self, own, view):
        """For module and verify."""
        told = {"because": self.because, "trouble": self.store.trouble, "lease": own.lease, "refused": self.refused,
                "view": view and dict(view._asdict(), members=sorted(view.members))}
        if told != self.told or now() - self.told_at > 1:
            self.told, self.told_at = told, now()
            mysql_record.write_json(os.path.join(self.directory, mysql_record.STATUS), dict(told, at=time.time()))

    def run(self):
        for thread in (self.server, self.followers, self.store, threading.Thread(target=self.store.keep_proving, daemon=True)):
            thread.start()
        self.server.first.wait(FIRST_S)
        while True:
            self.tick()
            until = time.monotonic() + TICK_S
            while (left := until - time.monotonic()) > 0:
                if not self.net.wire:
                    time.sleep(left)
                elif select.select([self.net.wire], [], [], left)[0]:
                    self.net.listen()

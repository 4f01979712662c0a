# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster that lives by a lease, as a model: servers, their agents, an etcd, a network. All that is decided is decided by the real rules
(mysql_lease, mysql_start.role) through the real way into the store (mysql_store.Store); what servers, systemd and wires do is played.

Time goes by steps of a tenth of a second. A step is not atomic: who acts when in it is drawn, what was decided is done later, by a job that
may stand still in the middle, and what is asked of etcd may be done without an answer, or long after nobody waits for it any more.
"""

from __future__ import annotations

import base64
import contextlib
import json
import random

from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_lease as rules
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_start, mysql_store
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import DOWN, READ_ONLY, WRITABLE
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import ApiError

STEP_S, TTL_S, UNKNOWN = 0.1, 3, -1
# mysql_automatic's and mysql_writer's.
STALE_S, PROOF_S, AGAIN_S, SILENT_S, CLOSE_S, STUCK_S = 2.0, 1.2, 2.0, 1.7, 0.5, 2.0


class Broken(AssertionError):
    """What must never be."""


class Failed(Exception):
    """A statement, or a job."""


def unpacked(text):
    return base64.b64decode(text).decode()


class Etcd:
    """Its majority. A lease never ends before its time, by etcd's clock, and may end later."""

    def __init__(self, world):
        self.world, self.up, self.revision, self.keys, self.leases, self.late, self.made = world, True, 0, {}, {}, [], 0

    def grant(self, ttl_s):
        self.made += 1
        self.leases[str(self.made)] = [ttl_s, self.world.t + ttl_s + self.world.random.uniform(0, 0.5)]
        return str(self.made)

    def keep_alive(self, lease):
        if lease not in self.leases:
            return False
        self.leases[lease][1] = self.world.t + self.leases[lease][0] + self.world.random.uniform(0, 0.5)
        return True

    def transact(self, compare, success):
        for one in compare:
            _value, made, changed, _lease = self.keys.get(unpacked(one["key"]), (None, 0, 0, "0"))
            if (made != int(one["create_revision"])) if one["target"] == "CREATE" else (changed != int(one["mod_revision"])):
                return False
        if any(one.get("request_put", {}).get("lease", "0") not in ("0", *self.leases) for one in success):
            raise ApiError("requested lease not found")
        self.revision += 1
        for one in success:
            if "request_put" in one:
                given = one["request_put"]
                key = unpacked(given["key"])
                self.keys[key] = (json.loads(unpacked(given["value"])), self.keys.get(key, (0, self.revision))[1], self.revision,
                                  given.get("lease", "0"))
            else:
                self.keys.pop(unpacked(one["request_delete_range"]["key"]), None)
        return True

    def read(self, prefix):
        return {key[len(prefix):]: entry for key, entry in self.keys.items()}

    def step(self):
        due, self.late = [one for one in self.late if one[0] <= self.world.t], [one for one in self.late if one[0] > self.world.t]
        for _at, act in due if self.up else ():
            with contextlib.suppress(ApiError):
                act()
        if not self.up:
            # Without a leader no lease ends; a new one gives each its whole time.
            for lease in self.leases.values():
                lease[1] = self.world.t + lease[0]
            return
        for lease in [one for one, (_ttl, end) in self.leases.items() if end < self.world.t]:
            del self.leases[lease]
            gone = [key for key, entry in self.keys.items() if entry[3] == lease]
            self.revision += bool(gone)
            for key in gone:
                del self.keys[key]


class Way:
    """A machine's way to etcd: in the place of _etcd.keys.Keys."""

    def __init__(self, world, name):
        self.world, self.name = world, name

    def ask(self, act):
        world = self.world
        if not (world.etcd.up and world.reaches_store(self.name)):
            raise ApiError("no etcd answers")
        if world.random.random() < world.lossy:
            fate = world.random.random()
            if fate < 0.3:
                act()
            elif fate < 0.6:
                world.etcd.late.append((world.t + world.random.uniform(0, 4), act))
            raise ApiError("no etcd answers: timed out")
        return act()

    def grant(self, ttl_s):
        return self.ask(lambda: self.world.etcd.grant(ttl_s))

    def keep_alive(self, lease):
        return self.ask(lambda: self.world.etcd.keep_alive(lease))

    def transact(self, compare, success):
        return self.ask(lambda: self.world.etcd.transact(compare, success))

    def read(self, prefix):
        return self.ask(lambda: self.world.etcd.read(prefix))

    def leaderless(self):
        return not self.world.etcd.up and self.world.reaches_store(self.name)


class Store(mysql_store.Store):
    """The real one; what it keeps in /run is kept by the machine."""

    def recall(self):
        known = self.path.get("lease")
        if known:
            self.lease, self.until, self.writer = known

    def remember(self):
        self.path["lease"] = (self.lease, self.until, self.writer)


class Server:
    """MariaDB: `log` is on the disk, its first `committed` rows are in the tables, too; `relay` is what was received and not applied."""

    def __init__(self, world, name, number):
        self.world, self.name, self.id = world, name, number
        self.up, self.frozen, self.process = True, False, 0
        self.log, self.committed, self.relay, self.commits = [], 0, [], []
        self.writable, self.waits, self.acks = False, False, False
        self.source = self.link = None
        self.io, self.error = False, ""
        self.restart_at = None

    def runs(self):
        return self.up and not self.frozen and not self.world.frozen(self.name)

    def has(self):
        return self.log + self.relay

    def position(self, received=False):
        log = self.has() if received else self.log
        return "0-%d-%d" % (log[-1][0], len(log)) if log else ""

    def instance(self):
        return "%s:%d" % (self.name, self.process) if self.up else None

    def waiting(self):
        return len(self.log) - self.committed if self.waits else 0

    def die(self):
        self.up = self.frozen = self.writable = self.acks = False
        self.relay, self.link, self.waits = [], None, False
        self.restart_at = self.world.t + self.world.random.uniform(0.3, 3)

    def start(self, role):
        """As a replica it takes back what was in its log and in no table."""
        self.up, self.process, self.restart_at = True, self.process + 1, None
        if role == "replica":
            del self.log[self.committed:]
        self.committed, self.io = len(self.log), bool(self.source) and role != "replica"

    def commit(self):
        self.world.rows += 1
        self.log.append((self.id, self.world.rows))
        if not self.waits:
            self.acknowledge(len(self.log))

    def acknowledge(self, until):
        for row in self.log[self.committed:until]:
            self.world.acknowledged[row] = self.name
        self.committed = max(self.committed, until)

    def receive(self):
        """From its source, as far as a part of a step goes."""
        source = self.world.servers.get(self.source)
        if not self.io or not source or not self.runs():
            return
        if not self.world.connected(self.name, self.source):
            # Short cuts a connection outlives.
            self.link = self.link if self.world.random.random() < 0.97 else None
            return
        if not source.runs():
            self.link = self.link if source.up else None
            return
        if self.link is None or self.link[0] != source.process:
            mine = self.has()
            if mine != source.log[:len(mine)]:
                self.error, self.io = "the source does not have all that is here", False
                return
            self.link = (source.process, self.acks)
        begin = len(self.has())
        new = source.log[begin:begin + self.world.random.choice((0, 1, 1, 5))]
        self.relay += new
        if new and self.link[1]:
            late = self.world.random.choice((0, 0, 0.1, 0.3))
            self.world.words.append((self.world.t + late, source, source.process, self, begin + len(new)))

    def work(self):
        """Applies, or lets its clients write."""
        draw = self.world.random
        if not self.runs():
            return
        if self.relay and not self.writable and not self.waits and draw.random() < self.world.applies:
            some = draw.choice((1, len(self.relay)))
            self.log += self.relay[:some]
            del self.relay[:some]
            self.committed = len(self.log)
        if self.writable and draw.random() < 0.5 and self.waiting() < 4:
            self.commit()

    def hears(self):
        """Whether a commit here could be acknowledged in this moment."""
        return self.runs() and self.writable and (not self.waits or any(
            one.io and one.source == self.name and one.link == (self.process, True) and one.runs()
            and self.world.connected(one.name, self.name) for one in self.world.servers.values()))


class Agent:
    """What mysql_automatic does, in the same order, with jobs that take their time."""

    def __init__(self, world, name):
        self.world, self.name, self.draw, self.server = world, name, world.random, world.servers[name]
        self.disk, self.run = {"writer": False, "lease": False, "data": None}, {}
        self.up, self.frozen, self.back_at, self.peer = True, False, None, {}
        self.fresh()

    def fresh(self):
        self.store = Store({"endpoints": [], "prefix": "/p/", "ttl_s": TTL_S}, self.name, self.run, lambda words: None,
                           Way(self.world, self.name))
        self.polled = (-1e9, DOWN, None, None)
        self.promise, self.following, self.refused = None, 0, ""
        self.jobs, self.tried, self.continuous, self.last_view = {}, {}, False, rules.View()
        self.basis, self.basis_at, self.answer, self.proofs, self.asking = None, self.world.t, (-1e9, None, {}), {}, None
        self.wanted, self.last_up, self.stuck, self.store_at, self.poll_at, self.handed = None, self.world.t, (None, 0.0), 0, 0, None
        self.confirmed, self.seen, self.freed, self.offered = False, None, self.world.t, UNKNOWN

    def runs(self):
        return self.up and not self.frozen and not self.world.frozen(self.name)

    # What is seen

    def poll(self):
        one = self.server
        if one.frozen:
            return
        if one.up:
            self.polled = (self.world.t, WRITABLE if one.writable else READ_ONLY, one.instance(), {
                "source": one.source, "io": one.io, "linked": one.link is not None, "error": one.error, "acks": one.acks,
                "waits": one.waits, "waiting": one.waiting(), "answered": one.committed})
            self.last_up = self.world.t
        else:
            self.polled = (self.world.t, DOWN, None, self.polled[3])

    def own_state(self, view):
        at, state, _instance, _more = self.polled
        state = DOWN if self.world.t - at > STALE_S else state
        proof = any(self.world.t - self.proofs.get(name, -1e9) < PROOF_S for name in (view or self.last_view).sync)
        self.seen = self.polled[2] or self.seen
        instance = self.seen if self.server.instance() == self.seen else None
        return rules.Own(self.name, state, instance, recorded=self.disk["writer"], held=self.disk["writer"],
                         lease=self.store.mine(), proof=proof, down_s=self.world.t - self.last_up, continuous=self.continuous,
                         alive=self.store.valid(), confirmed=self.confirmed, by_hand=self.disk["writer"] and not self.disk["lease"],
                         joined=self.disk["lease"], wrote=self.polled[1] == WRITABLE)

    def ask_followers(self):
        """A job of its own: what they have is asked after what is here."""
        asked, needed = self.world.t, None
        if self.server.runs() and self.server.waits:
            needed = self.server.position()
        yield
        found = {}
        for name, peer in self.world.servers.items():
            if name != self.name and peer.runs() and self.world.connected(self.name, name):
                if peer.source == self.name and peer.io and peer.link:
                    self.proofs[name] = self.world.t
                found[name] = peer.position()
            if self.draw.random() < 0.3:
                yield
        self.answer = (asked, needed, found)

    # A round

    def tick(self):
        view = self.store.view()
        self.last_view = view or self.last_view
        own = self.own_state(view)
        decision = rules.plan(own, view, self.world.order, self.store.leaderless(), self.world.alone)
        self.apply(own, view, decision)
        if view is not None and self.handed:
            to, self.handed = self.handed, None
            if to in view.sync and own.lease and own.server == WRITABLE:
                self.begin("handover", self.hand_over, view, to)
        self.continuous = own.recorded and own.server == WRITABLE
        self.asking = own.recorded and (view is None or self.store.trouble or (self.polled[3] or {}).get("waiting") or rules.changes(
            view, self.name))
        self.publish(own, view)

    def apply(self, own, view, decision):
        if decision.server == rules.KILL and self.server.up:
            self.server.die()
        if decision.server == READ_ONLY and own.server == WRITABLE and "handover" not in self.jobs:
            self.wanted = READ_ONLY
        if "server" in self.jobs:
            # It has the lock.
            return
        if decision.lease == rules.FORGET:
            self.disk["writer"] = False
        elif decision.lease == rules.GIVE_UP:
            self.disk["writer"] = False
            self.store.give_up(view, lambda done: None)
        elif decision.lease in (rules.TAKE, rules.ADOPT):
            self.begin("channel", self.take, view, decision.lease == rules.ADOPT, own.recorded)
        elif decision.lease == rules.CONFIRM and "handover" not in self.jobs:
            self.store.confirm(view, self.is_confirmed)
        here = self.polled[3] or {}
        if view is not None and view.writer == self.name and own.lease:
            self.lead(own, view, decision, here)
        elif own.server == READ_ONLY and here.get("waits"):
            self.begin("acks", self.wait, False, True)
        elif decision.acks is not None and own.server != DOWN and decision.acks != here.get("acks"):
            self.begin("acks", self.acknowledge, decision.acks)
        if decision.lease == rules.DEPOSE:
            self.store.depose(view, lambda done: None)
        if decision.replication == rules.PROMISE:
            self.begin("channel", self.stop_receiving, view)
        elif decision.replication == rules.FOLLOW:
            self.follow(own, view, decision.target, here)

    def is_confirmed(self, done):
        self.confirmed = done

    def lead(self, own, view, decision, here):
        if "handover" in self.jobs:
            return
        if (not own.recorded or own.by_hand) and decision.lease != rules.GIVE_UP:
            self.disk.update(writer=True, lease=True, data="data")
        if decision.server == WRITABLE:
            self.wanted = WRITABLE
        if own.server != WRITABLE:
            return
        if decision.acks and not here.get("waits"):
            self.begin("acks", self.wait, True, False)
        elif decision.acks is False and here.get("waits") and self.offered not in (UNKNOWN, view.sync_made):
            self.begin("acks", self.wait, False, False)
        elif decision.acks is False and here.get("waits"):
            self.store.confirm(view, lambda done: setattr(self, "offered", view.sync_made) if done else None)
        self.admit(view)
        asked, needed, positions = self.answer
        if not here["waiting"] or here["answered"] != self.stuck[0]:
            self.stuck = (here["answered"], self.world.t)
        elif self.world.t - self.stuck[1] > STUCK_S and asked > self.stuck[1] + STUCK_S / 2 and needed and any(
                rules.has(positions.get(name), needed) for name in view.sync):
            # Nobody is told, and they are in the tables.
            self.server.committed = len(self.server.log) if self.server.runs() else self.server.committed

    def admit(self, view):
        basis = (view.sync, {name: (told.get("instance"), told.get("following"), told.get("acks")) for name, told in view.members.items()})
        if basis != self.basis:
            self.basis, self.basis_at = basis, self.world.t
        asked, needed, positions = self.answer
        if asked >= self.basis_at and "acks" not in self.jobs:
            needed = needed if asked > self.freed else None
            wanted = rules.next_sync(view, self.name, positions, needed, self.world.alone)
            if wanted != view.sync:
                self.offered = view.sync_made
                self.store.change_sync(view, wanted, lambda done: None)

    def publish(self, own, view):
        term = (view or self.last_view).term
        if self.promise and (self.promise["term"], self.promise["instance"]) != (term, own.instance):
            self.promise = None
        up = own.server != DOWN
        if self.polled[3] is None:
            return
        told = {"instance": own.instance, "following": self.following if up else 0, "unfit": "",
                "acks": self.polled[3]["acks"] or bool(view and rules.admitted(view, own))}
        if view and view.writer and view.writer != self.name and self.world.t - self.peer.get(view.writer, self.world.t) > SILENT_S:
            told["silent"] = term
        if view and view.writer not in (None, self.name) and up and not own.recorded and self.disk["data"]:
            told["joining"] = term
        if self.promise and up:
            told["promise"] = self.promise
        self.store.publish(told)

    # Jobs

    def begin(self, kind, job, *arguments):
        if kind not in self.jobs and self.world.t >= self.tried.get((kind, job.__name__), -1e9):
            self.jobs[kind] = (job(*arguments), (kind, job.__name__))

    def work(self):
        for kind, (job, key) in list(self.jobs.items()):
            if self.server.frozen or self.draw.random() < 0.4:
                continue
            try:
                next(job)
                continue
            except StopIteration:
                self.tried[key] = self.world.t + 0.4
            except Failed:
                self.tried[key] = self.world.t + AGAIN_S
            self.jobs.pop(kind, None)

    def sql(self):
        """A connection: it ends with its process."""
        if not self.server.runs():
            raise Failed
        return self.server.process

    def same(self, process):
        if not self.server.up or self.server.process != process:
            raise Failed

    def change(self, wanted):
        """The thread of the server's: closed soon, or killed; opened only for a recorded writer."""
        begun, one = self.world.t, self.server
        if wanted == READ_ONLY:
            if one.waiting() and one.runs():
                one.die()
            while one.up and one.frozen:
                if self.world.t - begun > CLOSE_S:
                    one.die()
                yield
            one.writable = False
            return
        process = self.sql()
        if not self.disk["writer"] or self.wanted != wanted:
            return
        yield
        self.same(process)
        one.source, one.io, one.link, one.relay, one.acks = None, False, None, [], False
        one.waits = True
        yield
        self.same(process)
        one.writable = True
        self.world.opened(one)

    def serve(self):
        state = self.polled[1]
        if "server" not in self.jobs and self.wanted and state not in (self.wanted, DOWN):
            wanted, self.wanted = self.wanted, self.wanted
            self.jobs["server"] = (self.change(wanted), ("server", wanted))
        elif self.wanted == state:
            self.wanted = None

    def acknowledge(self, wanted):
        process = self.sql()
        self.server.acks = wanted
        yield
        self.same(process)
        if self.server.io:
            self.server.link = None
            yield
            self.same(process)

    def wait(self, wanted, closed):
        process = self.sql()
        yield
        self.same(process)
        if not closed or not self.server.writable:
            self.server.waits = wanted
            self.freed = self.freed if wanted else self.world.t
            if not wanted and self.server.writable:
                self.server.acknowledge(len(self.server.log))
            elif not wanted:
                self.server.committed = len(self.server.log)

    def stop_receiving(self, view):
        instance, process = self.server.instance(), self.sql()
        yield
        self.same(process)
        self.server.io, self.server.link = False, None
        yield
        self.same(process)
        self.following = 0
        complete = bool(self.disk["data"]) and view.last.get("name") == self.name and self.world.role[self.name] != "replica"
        self.promise = {"term": view.term, "position": self.server.position(received=True), "instance": instance, "unfit": "",
                        "complete": complete}

    def caught_up(self, process, gtid=None):
        end = self.world.t + 10
        while self.server.relay or (gtid is not None and not rules.has(self.server.position(), gtid)):
            yield
            self.same(process)
            if self.world.t > end:
                raise Failed

    def take(self, view, adopt, continues):
        process = self.sql()
        handed = view.handover.get("gtid") if view.handover.get("to") == self.name else None
        yield from self.caught_up(process, handed)
        position = self.server.position()
        if not (adopt or continues or handed is not None or rules.has(position, rules.everything(view))):
            raise Failed
        yield
        sync = {} if adopt else view.sync if continues else rules.taken_sync(view, self.name)
        if handed is not None:
            sync = {name: dict(entry, whole=False) for name, entry in view.sync.items() if name != self.name}
        self.disk["data"] = "data"
        got, end = [], self.world.t + TTL_S
        self.store.take(view, position, sync, "agent", got.append)
        while not got and self.world.t < end:
            yield
        if got and got[0]:
            yield
            self.disk.update(writer=True, lease=True)
            self.following, self.promise, self.confirmed = 0, None, True

    def follow(self, own, view, target, here):
        if own.server == DOWN:
            return
        returning = bool(self.disk["data"])
        if here["source"] == target and here["io"] and not here["error"]:
            if here["linked"]:
                self.following, self.refused = view.term, ""
                self.disk["lease"] = True
                if returning:
                    self.begin("settle", self.settle, view)
            return
        self.following = 0
        if here["source"] == target and here["error"]:
            self.refused = here["error"]
        elif not returning or (rules.acknowledges(view, own) and here["acks"]):
            self.begin("channel", self.receive_from, view, target)

    def settle(self, view):
        process = self.sql()
        yield
        self.same(process)
        if rules.has(self.server.position(), view.last.get("gtid")):
            self.disk.update(writer=False, data=None)

    def receive_from(self, view, target):
        process, peer = self.sql(), self.world.servers[target]
        yield from self.before_turning(process)
        if not rules.has(view.last.get("gtid"), self.server.position()):
            if not (peer.runs() and self.world.connected(self.name, target)):
                raise Failed
            if self.server.log != peer.log[:len(self.server.log)]:
                self.refused = "diverged"
                raise Failed
        yield
        self.same(process)
        self.server.relay, self.server.source, self.server.io, self.server.link, self.server.error = [], target, True, None, ""

    def before_turning(self, process):
        """A channel that gets another source forgets what it had received and not applied."""
        yield from self.caught_up(process)

    def hand_over(self, view, to):
        process = self.sql()
        yield
        self.same(process)
        if self.server.waiting():
            raise Failed
        self.server.writable = False
        yield
        self.same(process)
        gtid, self.confirmed = self.server.position(), False
        self.disk["writer"] = False
        self.store.give_up(view, lambda done: None, to, gtid)
        for _moment in range(5):
            yield


class World:
    """One run: `faults` for so many seconds, then everything is healed and somebody has to write."""

    def __init__(self, seed, members=3, alone=False, **weather):
        self.random, self.t, self.rows, self.alone = random.Random(seed), 100.0, 0, alone
        self.order = ["db%d" % number for number in range(1, members + 1)]
        # How many questions to etcd get no answer, how soon what was received is applied, which faults there are.
        self.lossy, self.applies = self.random.choice((0, 0, 0.05, 0.2)), self.random.choice((0.1, 0.4, 0.9))
        vars(self).update(weather)
        self.etcd, self.acknowledged, self.words = Etcd(self), {}, []
        self.cut, self.cut_store, self.pairs, self.still = set(), set(), set(), set()
        self.servers = {name: Server(self, name, number) for number, name in enumerate(self.order, 1)}
        self.role, self.asked, self.until, self.story = dict.fromkeys(self.order, "writer"), {}, [], []
        self.leaders, self.discarded = 0, []
        self.rates = {name: self.random.uniform(0.999, 1.001) for name in self.order}
        self.offsets = {name: self.random.uniform(-1000, 1000) for name in self.order}
        self.acting = self.order[0]
        self.agents = {name: Agent(self, name) for name in self.order}
        self.adopt()

    def adopt(self):
        """Led by hand until now."""
        first, others = self.servers[self.order[0]], self.order[1:]
        self.agents[first.name].disk["writer"] = True
        first.writable = True
        for name in others:
            self.servers[name].source, self.servers[name].io = first.name, True

    # The network, and what a machine's clock shows

    def connected(self, one, other):
        return one not in self.cut and other not in self.cut and frozenset((one, other)) not in self.pairs

    def reaches_store(self, name):
        return name not in self.cut and name not in self.cut_store

    def frozen(self, name):
        return name in self.still

    def clock(self):
        return self.offsets[self.acting] + self.t * self.rates[self.acting]

    # One step

    def step(self):
        self.t += STEP_S
        self.etcd.step()
        acts = [(self.machine, name) for name in self.order] + [(self.serve, name) for name in self.order]
        self.random.shuffle(acts)
        for act, name in acts:
            self.acting = name
            act(name)
            self.deliver()
        self.judge()

    def deliver(self):
        due, self.words = [one for one in self.words if one[0] <= self.t], [one for one in self.words if one[0] > self.t]
        for _at, source, process, replica, until in due:
            if source.up and source.process == process and not source.runs():
                self.words.append((self.t + STEP_S, source, process, replica, until))
            elif source.up and source.process == process and source.waits and self.connected(source.name, replica.name):
                source.acknowledge(until)

    def serve(self, name):
        self.servers[name].receive()
        self.servers[name].work()

    def machine(self, name):
        if name in self.still:
            return
        agent, server = self.agents[name], self.servers[name]
        for peer in self.order:
            if self.connected(name, peer) and peer not in self.off:
                agent.peer[peer] = self.t
        if not server.up and server.restart_at is not None and server.restart_at <= self.t and name not in self.off:
            self.start_server(name)
        if not agent.up and agent.back_at is not None and agent.back_at <= self.t and name not in self.off:
            agent.up, agent.back_at = True, None
            agent.fresh()
        if not agent.runs():
            return
        self.rounds(agent)

    off = frozenset()

    def rounds(self, agent):
        draw = self.random
        if agent.store_at <= self.t:
            agent.store_at = self.t + 0.2
            try:
                agent.store.once()
                agent.store.trouble = ""
            except ApiError as error:
                agent.store.trouble = str(error)
                agent.store_at = self.t + draw.choice((0.2, 0.6, 1.5))
                asked = mysql_store.now()
                agent.store.proven = (asked, agent.store.etcd.leaderless())
                agent.store.prolong(asked)
        if agent.poll_at <= self.t:
            agent.poll_at = self.t + 0.2
            agent.poll()
        agent.serve()
        if agent.asking and "followers" not in agent.jobs:
            agent.jobs["followers"] = (agent.ask_followers(), ("followers", ""))
        agent.work()
        if draw.random() < 0.9:
            agent.tick()

    def start_server(self, name):
        """As mysql_start decides it."""
        wrote = bool(self.agents[name].disk["data"])
        began, answered = self.asked.setdefault(name, [self.t, None])
        view = None
        if self.etcd.up and self.reaches_store(name):
            view = rules.view_of(self.etcd.read("/p/"))
            answered = self.asked[name][1] = answered or self.t
        found = mysql_start.role(name, wrote, view)
        if wrote and view and view.writer == name and self.t - began < mysql_start.NOTICE_S:
            found = None
        if found is None and (self.t - began > mysql_start.STORE_S if view is None else self.t - answered > mysql_start.TAKEOVER_S):
            found = "writer"
        if found:
            del self.asked[name]
            self.role[name] = found
            self.servers[name].start(found)

    # What must be

    def judge(self):
        able = [one.name for one in self.servers.values() if one.hears()]
        if len(able) > 1:
            raise Broken("at %.1f %s can both acknowledge a commit: %s" % (self.t, " and ".join(able), self.told()))

    def opened(self, server):
        there = set(server.log)
        lost = [row for row in self.acknowledged if row not in there]
        self.leaders += 1
        if lost:
            raise Broken("at %.1f %s takes writes without %d acknowledged rows, such as %s of %s: %s" % (
                self.t, server.name, len(lost), lost[0], self.acknowledged[lost[0]], self.told()))

    def told(self):
        return "; ".join(self.story[-12:])

    # Faults

    def break_something(self):
        name, fault = self.random.choice(self.order), self.random.choice(self.faults)
        last = self.random.choice((0.3, 1, 2, 4, 8))
        getattr(self, fault)(name, last)
        self.story.append("%.1f %s %s %.1f" % (self.t, fault, name, last))

    faults = ("server_dies", "server_dies", "machine_dies", "cut_off", "cut_off", "cut_from_store", "cut_from_one", "agent_dies",
              "agent_dies", "agent_frozen", "server_frozen", "machine_frozen", "etcd_down", "handed_over")

    def later(self, seconds, act):
        self.until.append((self.t + seconds, act))

    def server_dies(self, name, _last):
        if self.servers[name].up:
            self.servers[name].die()

    def machine_dies(self, name, last):
        if name in self.off:
            return
        self.off = self.off | {name}
        if self.servers[name].up:
            self.servers[name].die()
        self.servers[name].restart_at = self.t + last + 1
        agent = self.agents[name]
        agent.up, agent.back_at = False, self.t + last + 0.5
        agent.run.clear()
        self.asked.pop(name, None)
        self.later(last, lambda: setattr(self, "off", self.off - {name}))

    def hold(self, kept, what, last):
        kept.add(what)
        self.later(last, lambda: kept.discard(what))

    def cut_off(self, name, last):
        self.hold(self.cut, name, last)

    def cut_from_store(self, name, last):
        self.hold(self.cut_store, name, last)

    def cut_from_one(self, name, last):
        self.hold(self.pairs, frozenset((name, self.random.choice([one for one in self.order if one != name]))), last)

    def machine_frozen(self, name, last):
        self.hold(self.still, name, last)

    def agent_dies(self, name, last):
        agent = self.agents[name]
        if agent.up:
            agent.up, agent.back_at = False, self.t + self.random.choice((0.2, 1, last))
            self.let_go(self.servers[name])

    def let_go(self, server):
        """What is done when an agent has ended. A server that hangs cannot be told."""
        if server.runs() and server.acks:
            server.acks, server.link = False, None

    def agent_frozen(self, name, last):
        """systemd kills one that gives no sign of life for half of the lease's time."""
        agent = self.agents[name]
        agent.frozen = True

        def ends():
            agent.frozen = False
            if last >= TTL_S / 2:
                self.agent_dies(name, 0)
        self.later(min(last, TTL_S / 2), ends)

    def server_frozen(self, name, last):
        server = self.servers[name]
        process, server.frozen = server.process, server.up

        def ends():
            if server.process == process:
                server.frozen = False
        self.later(last, ends)

    def etcd_down(self, _name, last):
        self.etcd.up = False
        self.later(last, lambda: setattr(self.etcd, "up", True))

    def handed_over(self, name, _last):
        for agent in self.agents.values():
            agent.handed = name if agent.name != name and agent.disk["writer"] else None

    # A run

    def go(self, seconds):
        end = self.t + seconds
        while self.t < end:
            due, self.until = [act for at, act in self.until if at <= self.t], [one for one in self.until if one[0] > self.t]
            for act in due:
                act()
            self.step()

    def settled(self, adopted=False):
        """Whether somebody's commits are acknowledged, or becomes so within a minute; at first, when replicas may do it."""
        for _half in range(120):
            before = len(self.acknowledged)
            self.go(0.5)
            if len(self.acknowledged) > before and not (adopted and not any(
                    rules.view_of(self.etcd.read("/p/")).sync.get(name, {}).get("whole") for name in self.order)):
                return True
        return False

    def discard(self):
        """Whoever was the writer, came back before anybody had taken over, and kept what nobody acknowledged, is refused until an operator
        gives that up by name; so are those who got it from there."""
        writer = next((one for one in self.servers.values() if one.writable), None)
        refused = [one for one in self.servers.values() if writer and self.agents[one.name].refused == "diverged"]
        for one in refused:
            one.die()
            one.log, one.committed, one.source, one.error = list(writer.log), len(writer.log), None, ""
            self.agents[one.name].disk.update(lease=False, data=None)
            self.discarded.append(one.name)
        return refused

    def play(self, faults, pause_s=(0.2, 1, 3, 6)):
        if not self.settled(adopted=True):
            raise Broken("nobody took the lease of a healthy cluster")
        for _number in range(faults):
            self.break_something()
            self.go(self.random.choice(pause_s))
        self.go(9)
        self.lossy = 0
        self.cut.clear(), self.cut_store.clear(), self.pairs.clear(), self.still.clear()
        if not self.settled() and not (self.discard() and self.settled()):
            raise Broken("everything is healed, and nobody writes: %s" % self.told())
        writer = next(one for one in self.servers.values() if one.writable)
        self.opened(writer)
        return self

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""The agent where the members decide by a lease in etcd who takes the writes: its rounds. It looks, and applies what mysql_lease.plan
says."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import alive, mysql_lease, mysql_record
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_jobs import UNKNOWN, Jobs
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_servers import Followers, started
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_store import Lead, now
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_writer import places, say
from ansible_collections.failover.stack.plugins.module_utils._vip import address as virtual

TICK_S = 0.1
# So long an address that somebody else answers for is asked for, and commits may wait without one being acknowledged.
CONTEST_S, STUCK_S = 1.0, 2.0
LAST_WORDS_S = 0.05
# An agent that was just started first looks at its server, but no longer than this: systemd waits for its first sign of life.
FIRST_S = 0.3
# Three questions of the address protocol in a row.
SILENT_S = 1.7


def shown(sync):
    return "may acknowledge: %s" % (", ".join(
        "%s%s" % (name, "" if entry["whole"] else " (catches up)") for name, entry in sorted(sync.items())) or "nobody")


class AutomaticAgent(Jobs):
    def __init__(self, config, directory=mysql_record.RUN_DIRECTORY):
        super().__init__(config, directory)
        self.order = [self.name, *[peer["name"] for peer in config["peers"]]]
        self.order.sort(key=config["order"].index)
        self.followers = Followers(config, self.server)
        self.because, self.basis, self.basis_at, self.told_at = None, None, now(), -1e9
        self.request, self.told, self.marked = None, None, None
        # offered: of which `sync` a change was asked for, UNKNOWN of an earlier agent.
        self.contested, self.stuck, self.offered = None, (None, now()), UNKNOWN

    # What is known

    def own_state(self, view):
        record = self.record
        _answered, state, _instance = self.server.latest()
        held = bool(self.net.address) and virtual.holds(self.net.address)
        return mysql_lease.Own(
            self.name, state, self.server.instance(), recorded=bool(record.get("writer")), held=held, lease=self.store.mine(),
            proof=self.followers.proof((view or self.last_view).sync), down_s=time.monotonic() - self.server.last_up,
            unfit=self.server.full, continuous=self.continuous, alive=self.store.valid(), confirmed=self.confirmed,
            by_hand=bool(record.get("writer")) and not record.get("lease"), joined=bool(record.get("lease")),
            wrote=self.server.wrote)

    def silent(self, view):
        """Whether the machine of the writer has not answered for a while, though others on its wire do."""
        peer = next((one for one in self.config["peers"] if view and one["name"] == view.writer), None)
        return bool(peer) and self.net.silent(peer["address"], SILENT_S)

    # A round

    def tick(self):
        if not self.net.wire:
            self.net.open()
        view, self.record = self.store.view(), mysql_record.read_record()[0]
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
        self.mark(own.lease and own.server == mysql_record.WRITABLE)
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

    # From whom is received, and what is asked for

    def follow(self, own, view, target):
        peer = next((one for one in self.config["peers"] if one["name"] == target), None)
        if peer is None or own.server == mysql_record.DOWN:
            return
        returning = self.returning()
        mine = [one for one in self.server.channels if (one["host"], one["port"]) in places(peer)]
        if mine and mine[0]["io"] != "No" and mine[0]["applier"] == "Yes":
            if mine[0]["io"] == "Yes":
                self.following, self.refused = view.term, ""
                if not own.joined:
                    self.begin("join", self.join)
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

    def requested(self, own, view):
        """What module mysql_writer asks for: at once, or never."""
        request = mysql_record.read_json(os.path.join(self.directory, mysql_record.REQUEST))
        if not request or request.get("id") == self.request:
            return
        self.request = request["id"]
        if time.time() - request.get("at", 0) > 10:
            return
        if request.get("park") and own.lease:
            self.store.park(view, lambda done: say("nobody takes over, it is to be led by hand" if done else "etcd was not told that"))
        elif request.get("to") in view.sync and own.lease and own.server == mysql_record.WRITABLE:
            self.begin("handover", self.hand_over, view, request)
        elif request.get("give_up") and not view.writer:
            self.store.forget_members(view, request["give_up"], lambda done: say(
                "given up: %s" % ", ".join(request["give_up"]) if done else "nobody was given up: something changed"))

    # What others see

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

    def mark(self, leads):
        """For what is done when this agent has ended, see mysql_servers.let_go()."""
        if leads == self.marked:
            return
        path = os.path.join(self.directory, mysql_record.LEADS)
        if leads:
            with open(path, "w", encoding="ascii"):
                pass
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        self.marked = leads

    def tell(self, own, view):
        """For module and verify."""
        told = {"because": self.because, "trouble": self.store.trouble, "lease": own.lease, "refused": self.refused,
                "view": view and dict(view._asdict(), members=sorted(view.members))}
        if told != self.told or now() - self.told_at > 1:
            self.told, self.told_at = told, now()
            mysql_record.write_json(os.path.join(self.directory, mysql_record.STATUS), dict(told, at=time.time()))

    def run(self):
        lead = Lead(self.config["store"], self.config["own"]["address"], self.store, say)
        for thread in (self.server, self.followers, self.store, lead, threading.Thread(target=self.store.keep_proving, daemon=True)):
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

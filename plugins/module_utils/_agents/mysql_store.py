# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member's place in the store: its lease, what it says of itself, what it reads of the others. One thread talks to etcd."""

from __future__ import annotations

import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_lease, mysql_record
from ansible_collections.failover.stack.plugins.module_utils._etcd import lead
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import ApiError, place
from ansible_collections.failover.stack.plugins.module_utils._etcd.keys import Keys, created, delete, put, unchanged

ROUND_S = 0.2
# What was read before that says nothing about now.
FRESH_S = 1.5
# So long before the lease can run out its holder behaves as if it had.
MARGIN_S = 0.4
HANDOVER_TTL_S, PARKED_TTL_S = 4, 600
# How often the writer looks whether its member of etcd leads, and how long a member may take to answer that.
LEAD_S, LEAD_TIMEOUT_S = 1.0, 1.0


def now():
    """Goes on while the machine sleeps, and no clock is set by it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lead(threading.Thread):
    """Keeps the lead of etcd off the writer's machine, where etcd is on the database machines: else one death would take both, and whether
    the writer's lease has ended could be said only after an election."""

    def __init__(self, config, address, store, say):
        super().__init__(daemon=True)
        own = [url for url in config["endpoints"] if place(url)[0] == address]
        self.lead = lead.Lead(own[0], config.get("ca"), LEAD_TIMEOUT_S) if own else None
        self.store, self.say, self.trouble = store, say, ""

    def once(self):
        try:
            to = self.lead.give_away() if self.store.mine() else ""
        except ApiError as error:
            if self.trouble != str(error):
                self.say("etcd may be led from the writer's machine: %s" % error)
            self.trouble = str(error)
            return
        self.trouble = ""
        if to:
            self.say("etcd is led by %s from now on, the writer is here" % to)

    def run(self):
        while self.lead:
            self.once()
            time.sleep(LEAD_S)


class Store(threading.Thread):
    """config: the part `store` of the agent's configuration. name: this member's. path: where the lease is remembered, so that an agent
    that is started anew goes on with it."""

    def __init__(self, config, name, path, say, etcd=None):
        super().__init__(daemon=True)
        self.config, self.name, self.path, self.say = config, name, path, say
        self.etcd = etcd or Keys(config["endpoints"], config.get("ca"), self.timeout_s(), config.get("user"), config.get("password"))
        self.prefix, self.ttl_s = config["prefix"], config["ttl_s"]
        self.lock, self.wake = threading.Lock(), threading.Event()
        self.lease, self.until, self.renewed, self.writer = None, 0.0, -1e9, False
        self.seen = (-1e9, None)
        # published: what our key has, and its lease, as it was read last; revision: of which it is.
        self.published, self.revision, self.wanted, self.requests = (None, ""), 0, {}, []
        self.proven = (-1e9, False)
        self.trouble = "not asked yet"
        self.recall()

    def timeout_s(self):
        """All members can be asked once within a lease's time."""
        return max(0.3, self.config["ttl_s"] / 5)

    # What the agent asks

    def view(self):
        read, found = self.seen
        return found if now() - read < FRESH_S else None

    def valid(self):
        """Whether the lease cannot have run out: etcd counts from when it got the request, later than we do."""
        return self.lease is not None and now() < self.until - MARGIN_S

    def mine(self):
        """Whether the writer's key is this member's, as far as is known, and was kept in time."""
        return self.writer and self.valid()

    def leaderless(self):
        asked, found = self.proven
        return found and now() - asked < FRESH_S

    def publish(self, told):
        with self.lock:
            if told != self.wanted:
                self.wanted = told
                self.wake.set()

    def request(self, what, compare, success, then):
        """A transaction; then(whether it was done) is called from the thread of the store. One of a kind at a time."""
        with self.lock:
            if any(one[0] == what for one in self.requests):
                return
            self.requests.append((what, compare, success, then))
        self.wake.set()

    # Transactions, in the words of mysql_lease

    def key(self, name):
        return self.prefix + name

    def take(self, view, gtid, sync, by, then):
        key = self.key
        self.request("take", [created(key("writer"), 0), unchanged(key("last"), view.term), unchanged(key("sync"), view.sync_made)],
                     lambda: [put(key("writer"), {"name": self.name}, self.lease), put(key("sync"), sync), delete(key("handover")),
                              put(key("last"), {"name": self.name, "gtid": gtid, "by": by})], then)

    def give_up(self, view, then, to=None, gtid=""):
        """The writer's key goes. With `to` that one alone may take it, for a while; not any more when the writer has confirmed since that
        it stays: who is handed the lease asks nobody else what they have."""
        def success():
            if not to:
                return [delete(self.key("writer"))]
            return [delete(self.key("writer")), put(self.key("handover"), {"from": self.name, "to": to, "gtid": gtid},
                                                    self.etcd.grant(HANDOVER_TTL_S))]

        self.request("give up", [created(self.key("writer"), view.made)] + (
            [unchanged(self.key("sync"), view.sync_made)] if to else []), success, then)

    def confirm(self, view, then):
        """From now on nothing that was asked before gives the lease to another one, however late it comes."""
        self.change_sync(view, view.sync, then)

    def park(self, view, then):
        """Nobody takes over for a while: the agents that know of a lease are about to go, one after the other."""
        self.request("park", [created(self.key("writer"), view.made)], lambda: [
            put(self.key("handover"), {"from": self.name, "to": mysql_lease.NOBODY}, self.etcd.grant(PARKED_TTL_S))], then)

    def depose(self, view, then):
        self.request("depose", [created(self.key("writer"), view.made), unchanged(self.key("sync"), view.sync_made)],
                     lambda: [delete(self.key("writer"))], then)

    def change_sync(self, view, sync, then):
        still = [unchanged(self.key("member/" + name), said) for name, said in mysql_lease.leaving(view, sync)]
        self.request("sync", [created(self.key("writer"), view.made), unchanged(self.key("sync"), view.sync_made), *still],
                     lambda: [put(self.key("sync"), sync)], then)

    def forget_members(self, view, names, then):
        """Somebody has decided that what these alone may have does not count; only while nobody is the writer."""
        left = {name: dict(entry, whole=True) for name, entry in view.sync.items() if name not in names}
        self.request("forget", [created(self.key("writer"), 0), unchanged(self.key("sync"), view.sync_made)],
                     lambda: [put(self.key("sync"), left)], then)

    # The thread

    def recall(self):
        """Of what another release wrote there it takes what it knows, or nothing."""
        known = mysql_record.read_json(self.path)
        if isinstance(known, dict) and {"lease", "until", "writer"} <= set(known):
            self.lease, self.until, self.writer = known["lease"], known["until"], known["writer"]

    def remember(self):
        mysql_record.write_json(self.path, {"lease": self.lease, "until": self.until, "writer": self.writer})

    def run(self):
        while True:
            try:
                self.once()
                self.told("")
            except ApiError as error:
                self.told(str(error))
            self.wake.wait(ROUND_S)
            self.wake.clear()

    def keep_proving(self):
        """While there is trouble, in a thread of its own: a member of etcd that only hangs holds the other one up."""
        while True:
            if self.trouble:
                asked = now()
                self.proven = (asked, self.etcd.leaderless())
                self.prolong(asked)
            time.sleep(ROUND_S)

    def prolong(self, asked):
        """Without a leader no lease ends, and a new leader gives each its whole time once more. Not one of which a checkpoint was kept; but
        where etcd was told to keep them, it does so of leases with more than five minutes left (server/lease/lessor.go), and ours have a
        minute at most."""
        if self.proven[1] and asked < self.until:
            self.until = max(self.until, asked + self.ttl_s)

    def told(self, trouble):
        if bool(trouble) != bool(self.trouble):
            self.say("etcd: %s" % (trouble or "answers"))
        self.trouble = trouble

    def once(self):
        self.renew()
        self.publish_now()
        self.act()
        asked = now()
        keys = self.etcd.read(self.prefix)
        value, _made, self.revision, lease = keys.get("member/" + self.name, (None, 0, 0, ""))
        self.published = (value, lease)
        view = mysql_lease.view_of(keys)
        self.seen, self.proven = (asked, view), (-1e9, False)
        self.writer = view.writer == self.name and view.by == self.lease
        self.remember()

    def renew(self):
        sent = now()
        if self.lease and sent - self.renewed < self.ttl_s / 6:
            return
        if self.lease and not self.etcd.keep_alive(self.lease):
            self.say("the lease has run out")
            self.lease = None
        if not self.lease:
            self.lease = self.etcd.grant(self.ttl_s)
        self.renewed, self.until = sent, sent + self.ttl_s

    def publish_now(self):
        """Over what was seen there and nothing else: what we said earlier may reach etcd late, by a member that stood still."""
        with self.lock:
            wanted = self.wanted
        if wanted and (wanted, self.lease) != self.published:
            key = self.key("member/" + self.name)
            self.etcd.transact([unchanged(key, self.revision)], [put(key, wanted, self.lease)])

    def act(self):
        with self.lock:
            pending, self.requests = self.requests, []
        wrong = None
        for _what, compare, success, then in pending:
            done = False
            try:
                done = wrong is None and self.etcd.transact(compare, success())
            except ApiError as error:
                wrong = error
            then(done)
        if wrong:
            raise wrong

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""What the agent of an automatic cluster does beside its rounds, since it takes its time: who acknowledges, the lease, from whom is
received, a planned move."""

from __future__ import annotations

import contextlib
import os
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_lease, mysql_record
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_servers import Local, started
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_store import Store, now
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_writer import POLL_S, Net, say
from ansible_collections.failover.stack.plugins.module_utils._mysql.replica import OPTIONS
from ansible_collections.failover.stack.plugins.module_utils._mysql.replica_run import Replica
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure
from ansible_collections.failover.stack.plugins.module_utils._sql.dialect import SqlDialect
from ansible_collections.failover.stack.plugins.module_utils._sql.gtid import union
from ansible_collections.failover.stack.plugins.module_utils._vip import address as virtual

# Whoever could not follow or stop is tried again after that.
AGAIN_S = 2.0
LEASE, UNKNOWN = "lease.json", -1
NO_PARAMETERS = dict.fromkeys([option.name for option in OPTIONS] + ["source_log_file", "source_log_pos", "source_gtid", "filters"])


def stuck(channels):
    """Why what was received cannot be applied, "" when it can."""
    return next((channel["error"] for channel in channels if channel["applier"] != "Yes" and channel["error"]), "")


class Jobs:
    """One of a kind at a time, each in a thread of its own. What they leave is read by the rounds."""

    def __init__(self, config, directory=mysql_record.RUN_DIRECTORY):
        self.config, self.directory, self.name = config, directory, config["own"]["name"]
        self.server, self.net = Local(config), Net(config)
        self.store = Store(config["store"], self.name, os.path.join(directory, LEASE), say)
        # What it has of the store, and of its own part. The record is read anew in each round.
        self.last_view, self.record = mysql_lease.View(), mysql_record.read_record()[0]
        self.promise, self.following, self.refused = None, 0, ""
        self.busy, self.tried, self.continuous = {}, {}, False
        # Whether no request of ours to give the lease away can still be on its way; since when this server last acknowledged alone. Of what
        # an earlier agent did nothing is known.
        self.confirmed, self.freed = False, now()

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

    # Who acknowledges, and for whom is waited

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

    def end_waiting(self):
        with self.sql() as sql:
            ended = sql.end([row for row in sql.clients(local=True) if "semi-sync ACK" in (row["State"] or "")])
        say("ended %d connections that waited for replicas which have everything already" % len(ended))

    # The lease

    def stop_receiving(self, view):
        instance = self.server.instance()
        with self.sql() as sql:
            sql.stop_receiving()
            position, channels = sql.position(), sql.channels()
        for channel in channels:
            position = union(position, channel["received"]) if channel["gtid"] else position
        if self.server.instance() != instance:
            raise Failure("the server was started anew meanwhile")
        self.following = 0
        self.promise = {"term": view.term, "position": position, "instance": instance, "complete": self.complete(view),
                        "unfit": self.server.full or stuck(channels)}

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
            self.keep_record(dict(mysql_record.read_record()[0], data=started().get("data")))
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

    def complete(self, view):
        """Whether this member's data are those of the last writer, with all that it ever acknowledged."""
        data, start = self.record.get("data"), started()
        return bool(data) and view.last.get("name") == self.name and start.get("role") != "replica" and data == start.get("data")

    # From whom is received

    def forget_sources(self):
        with self.sql() as sql:
            sql.forget_sources()

    def returning(self):
        """Whether this member was the writer since it last had everything of another one."""
        return bool(self.record.get("data"))

    def join(self):
        """Whoever follows a holder of the lease is led by it."""
        with mysql_record.locked():
            if not mysql_record.read_record()[0].get("writer"):
                self.write_record(False)

    def settle(self, view):
        with self.sql() as sql:
            level = mysql_lease.has(sql.position(), view.last.get("gtid"))
        if level:
            with mysql_record.locked():
                self.write_record(False, None)

    def receive_from(self, view, peer):
        """Who has nothing that the new writer lacked when it began may follow without being asked much."""
        with contextlib.closing(self.server.connect(30)) as server:
            self.apply_received(SqlDialect(server), self.name in view.sync)
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

    def apply_received(self, sql, counts):
        """A channel that gets another source forgets what it received and has not applied, and of one that counts that may be all there is
        of it."""
        channels = sql.channels()
        if counts and stuck(channels):
            self.refused = stuck(channels)
            raise Failure(self.refused)
        running = [channel["name"] for channel in channels if channel["applier"] == "Yes"]
        if not self.caught_up(sql, None, 10, running):
            raise Failure("not everything that was received could be applied within 10 s")

    # A planned move

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
        last = self.last_view
        view = last if last.writer == self.name and request["to"] in last.sync else view
        self.store.give_up(view, lambda done: say("the lease is handed to %s" % request["to"] if done else "the lease was not handed over"),
                           request["to"], gtid)
        time.sleep(0.5)

    def close_softly(self, sql):
        with contextlib.suppress(Failure):
            sql.run(sql.read_only_statement())

    def closed(self):
        with self.sql() as sql:
            return sql.fenced()

    # The record and the address

    def write_record(self, writer, data=()):
        kept = mysql_record.read_record()[0].get("data") if data == () else data
        self.keep_record({"writer": writer, "by": "agent", "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "lease": True,
                          **({"data": kept} if kept else {})})

    def keep_record(self, record):
        mysql_record.write_record(record)
        self.record = record

    def release(self):
        if virtual.remove(self.net.address):
            self.continuous = False
            say("the address %s was given up" % self.net.address)

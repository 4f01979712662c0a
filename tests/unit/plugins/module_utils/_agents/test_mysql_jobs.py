# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the agent of an automatic cluster does beside its rounds: what it promises, when it turns to another source, what it writes down."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_jobs, mysql_record
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_lease import View
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure


class Sql:
    """A server's answers: position, what was received, and whether its applier runs."""

    def __init__(self, position="0-1-9", received="0-1-9", applier="Yes", error=""):
        self.at, self.said = position, []
        self.row = {"name": "", "host": "192.0.2.1", "port": 3306, "io": "Yes", "applier": applier, "error": error, "received": received,
                    "gtid": True}

    def channels(self):
        return [self.row]

    def position(self):
        return self.at

    def applied(self, channel):
        return mysql_jobs.mysql_lease.has(self.at, channel["received"])

    def stop_receiving(self):
        self.said.append("stopped")

    def wait_always(self, wanted):
        self.said.append("waits" if wanted else "waits no more")


@pytest.fixture
def jobs(monkeypatch, tmp_path, clock):
    played = clock(mysql_jobs)
    played.strftime, played.gmtime = time.strftime, time.gmtime
    monkeypatch.setattr(mysql_jobs, "now", mysql_jobs.time.monotonic)
    monkeypatch.setattr(mysql_jobs, "say", lambda words: None)
    monkeypatch.setattr(mysql_jobs, "started", lambda: {"data": "1:2", "role": "writer"})
    for name in ("read_record", "write_record", "locked"):
        monkeypatch.setattr(mysql_record, name, functools.partial(getattr(mysql_record, name), directory=str(tmp_path)))
    made = object.__new__(mysql_jobs.Jobs)
    made.name, made.record, made.sql_of, made.confirmed, made.freed = "db2", {}, Sql(), False, -1.0
    made.promise, made.following, made.refused = None, 5, ""
    made.server = types.SimpleNamespace(instance=lambda: "b:1", full="", waits=True)
    made.store = types.SimpleNamespace(ttl_s=3)
    made.sql = lambda **more: contextlib.nullcontext(made.sql_of)
    return made


PROMISED = {"instance": "b:1", "promise": {"term": 7, "position": "0-1-9", "instance": "b:1"}}


def test_a_promise_has_what_was_received_and_is_of_one_process(jobs):
    jobs.sql_of = Sql(received="0-1-12")
    jobs.stop_receiving(View(7, last={"name": "db1"}))
    assert jobs.promise == {"term": 7, "position": "0-1-12", "instance": "b:1", "complete": False, "unfit": ""}
    assert jobs.sql_of.said == ["stopped"] and jobs.following == 0
    processes = ["b:1", "b:2"]
    jobs.server.instance = lambda: processes.pop(0)
    with pytest.raises(Failure, match="started anew"):
        jobs.stop_receiving(View(8, last={"name": "db1"}))
    # What cannot be applied makes nobody the writer.
    jobs.server.instance, jobs.sql_of = lambda: "b:2", Sql(received="0-1-12", applier="No", error="Duplicate entry")
    jobs.stop_receiving(View(8, last={"name": "db1"}))
    assert jobs.promise["unfit"] == "Duplicate entry"


def test_what_was_received_is_applied_before_another_source_makes_it_forgotten(jobs):
    jobs.apply_received(Sql(), True)
    with pytest.raises(Failure, match="not everything that was received could be applied"):
        jobs.apply_received(Sql(received="0-1-12"), False)
    stuck = Sql(received="0-1-12", applier="No", error="Duplicate entry")
    with pytest.raises(Failure, match="Duplicate entry"):
        jobs.apply_received(stuck, True)
    assert jobs.refused == "Duplicate entry"
    # It acknowledged nothing, or its server is a new process: what was received is elsewhere, or gone.
    jobs.apply_received(stuck, False)
    jobs.apply_received(Sql(received="0-1-12", applier="No"), True)


def test_whoever_gets_the_lease_has_noted_before_that_it_has_everything(jobs):
    mysql_record.write_record({"writer": False, "by": "agent"})
    seen = []

    def take(view, position, sync, by, then):
        seen.append((position, sync, dict(mysql_record.read_record()[0])))
        then(len(seen) > 1)

    jobs.store.take = take
    view = View(7, sync={"db2": {"instance": "b:1", "whole": True}}, last={"name": "db1"}, members={"db2": PROMISED})
    jobs.take(view, False, False)
    assert seen[0] == ("0-1-9", {}, {"writer": False, "by": "agent", "data": "1:2"}) and jobs.following == 5 and not jobs.confirmed
    jobs.take(view, False, False)
    assert jobs.record == mysql_record.read_record()[0] and jobs.record["writer"] and jobs.record["lease"] and jobs.confirmed
    assert jobs.complete(View(8, last={"name": "db2"})) and jobs.returning()


def test_who_does_not_have_what_it_promised_does_not_take_the_lease(jobs):
    view = View(7, sync={"db2": {"instance": "b:1", "whole": True}}, members={"db2": dict(PROMISED, promise=dict(
        PROMISED["promise"], position="0-1-10"))})
    with pytest.raises(Failure, match="and not all of 0-1-10"):
        jobs.take(view, False, False)


def test_since_when_it_acknowledged_alone_is_known(jobs):
    jobs.wait_for_replicas(True)
    assert jobs.freed == -1.0 and jobs.server.waits is True
    jobs.wait_for_replicas(False)
    assert jobs.freed == mysql_jobs.now() and jobs.server.waits is False and jobs.sql_of.said == ["waits", "waits no more"]


# What it does besides, one of a kind at a time

@pytest.fixture
def said(jobs, monkeypatch):
    words = []
    monkeypatch.setattr(mysql_jobs, "say", words.append)
    return words


def ended(jobs, kind):
    thread = jobs.busy.get(kind)
    if thread:
        thread.join(10)
    assert kind not in jobs.busy


@pytest.fixture
def busy(jobs):
    jobs.busy, jobs.tried = {}, {}
    return jobs


def test_one_of_a_kind_at_a_time(busy):
    going, ran = threading.Event(), []

    def job(what):
        ran.append(what)
        assert going.wait(10)

    def other():
        ran.append("other")

    busy.begin("source", job, "first")
    busy.begin("source", job, "second")
    busy.begin("lease", other)
    ended(busy, "lease")
    going.set()
    ended(busy, "source")
    assert sorted(ran) == ["first", "other"]


@pytest.mark.parametrize("error, words", [
    (None, None), (Failure("db1 has nothing"), "receive from: db1 has nothing"),
    (OSError(28, "No space left"), "receive from: [Errno 28] No space left"), (KeyError("name"), "receive from: KeyError('name')")])
def test_what_failed_is_said_and_tried_again_only_later(busy, said, error, words):
    ran = []

    def receive_from():
        ran.append(1)
        if error:
            raise error

    def attempt():
        busy.begin("source", receive_from)
        ended(busy, "source")

    attempt()
    attempt()
    assert len(ran) == 1 and said == ([words] if words else [])
    # What went well is done again as soon as two polls can have seen what it did.
    mysql_jobs.time.sleep(2 * mysql_jobs.POLL_S if not error else mysql_jobs.AGAIN_S - 0.01)
    attempt()
    assert len(ran) == (1 if error else 2)
    mysql_jobs.time.sleep(0.02)
    attempt()
    assert len(ran) == 2


class Closing(Sql):
    """A server that becomes read-only, or keeps the statement waiting as long as clients are there."""

    def __init__(self, jobs, holds=False, stays=False):
        super().__init__("0-1-12")
        self.jobs, self.holds, self.stays, self.free = jobs, holds, stays, threading.Event()
        self.row.update(host="192.0.2.9")

    def clients(self, local=False):
        return [{"Id": 7, "State": "Waiting for semi-sync ACK from slave"}, {"Id": 8, "State": None}] if local else [{"Id": 9}]

    def end(self, clients):
        self.said.append("ended %s" % [one["Id"] for one in clients])
        self.free.set()
        return clients

    def read_only_statement(self):
        return "SET GLOBAL read_only = 1"

    def run(self, statement):
        if self.holds:
            assert self.free.wait(10)
        self.said.append(statement)

    def fenced(self):
        return "SET GLOBAL read_only = 1" in self.said and not self.stays

    def forget_sources(self):
        self.said.append("forgot")

    def acknowledge(self, wanted):
        self.said.append("acknowledges" if wanted else "acknowledges no more")


@pytest.fixture
def handing(jobs, said, monkeypatch):
    """handing(server) -> what happened, one after the other, when db2 gave its part to db3."""
    jobs.net, jobs.continuous, jobs.confirmed = types.SimpleNamespace(address="198.51.100.100"), True, True
    jobs.last_view = View(9, writer="db2", sync={"db3": {"instance": "b:3"}})

    def hand(server):
        jobs.sql_of, did = server, server.said
        monkeypatch.setattr(mysql_jobs.virtual, "remove", lambda address: did.append("gave up " + address) or True)
        write = jobs.keep_record
        jobs.keep_record = lambda record: (did.append("recorded %s" % record["writer"]), write(record))
        jobs.store.give_up = lambda view, then, to, gtid: (did.append("%d to %s with %s" % (view.term, to, gtid)), then(jobs.got))
        jobs.hand_over(View(8, writer="db2"), {"to": "db3", "patience_ms": 100})
        return did

    jobs.got = True
    return hand


def test_a_part_is_given_away_only_when_nothing_can_be_written_any_more(jobs, handing, said):
    did = handing(Closing(jobs))
    # The position is what it has once it is closed, the address is gone before anybody else can have it.
    assert did == ["SET GLOBAL read_only = 1", "ended [9]", "gave up 198.51.100.100", "recorded False", "9 to db3 with 0-1-12"]
    assert said == ["the address 198.51.100.100 was given up", "the lease is handed to db3"]
    assert not jobs.confirmed and not jobs.continuous and mysql_record.read_record()[0]["writer"] is False


def test_who_does_not_end_in_time_is_ended(jobs, handing):
    assert handing(Closing(jobs, holds=True))[:3] == ["ended [9]", "SET GLOBAL read_only = 1", "ended [9]"]


def test_a_server_that_stays_open_keeps_its_part(jobs, handing):
    server = Closing(jobs, stays=True)
    with pytest.raises(Failure, match=r"^the server did not become read-only: somebody still writes$"):
        handing(server)
    assert not [words for words in server.said if words.startswith(("gave up", "recorded", "9 to"))] and jobs.confirmed


def test_what_it_knows_of_the_store_counts_when_the_newest_does_not_fit(jobs, handing, said):
    jobs.last_view, jobs.got = View(9, writer="db2", sync={}), False
    assert handing(Closing(jobs))[-1] == "8 to db3 with 0-1-12" and said[-1] == "the lease was not handed over"


def test_an_address_that_was_not_here_is_not_given_up(jobs, said, monkeypatch):
    jobs.net, jobs.continuous = types.SimpleNamespace(address="198.51.100.100"), True
    monkeypatch.setattr(mysql_jobs.virtual, "remove", lambda address: False)
    jobs.release()
    assert jobs.continuous and said == []


def test_whose_commits_wait_are_ended_and_nobody_else(jobs, said):
    jobs.sql_of = Closing(jobs)
    jobs.end_waiting()
    assert jobs.sql_of.said == ["ended [7]"] and said == ["ended 1 connections that waited for replicas which have everything already"]


@pytest.mark.parametrize("wanted, words", [(True, "acknowledges for the writer"), (False, "acknowledges no more")])
def test_who_acknowledges_is_told_and_known(jobs, said, wanted, words):
    jobs.sql_of = Closing(jobs)
    jobs.acknowledge(wanted)
    assert jobs.server.acks is wanted and said == [words] and len(jobs.sql_of.said) == 1
    jobs.forget_sources()
    assert jobs.sql_of.said[-1] == "forgot"


@pytest.mark.parametrize("closed", [True, False])
def test_an_applier_waits_for_nobody_but_who_may_write_does(jobs, closed):
    jobs.sql_of = Closing(jobs)
    jobs.sql_of.said += ["SET GLOBAL read_only = 1"] * closed
    jobs.apply_freely()
    assert ("waits no more" in jobs.sql_of.said) is closed and jobs.server.waits is not closed


def test_a_member_that_follows_is_led_by_the_lease_but_a_writer_by_hand_stays_one(jobs):
    jobs.join()
    assert mysql_record.read_record()[0]["writer"] is False and mysql_record.read_record()[0]["lease"] is True
    by_hand = {"writer": True, "by": "operator"}
    mysql_record.write_record(by_hand)
    jobs.join()
    assert mysql_record.read_record()[0] == by_hand


@pytest.mark.parametrize("at, kept", [("0-1-12", False), ("0-1-11", True)])
def test_whose_data_it_has_is_known_until_it_has_all_of_another_writers(jobs, at, kept):
    mysql_record.write_record({"writer": True, "by": "agent", "data": "1:2"})
    jobs.sql_of = Sql(at)
    jobs.settle(View(8, last={"name": "db1", "gtid": "0-1-12"}))
    assert ("data" in mysql_record.read_record()[0]) is kept


# From whom is received

@pytest.fixture
def receiving(jobs, said, monkeypatch):
    """receiving(position here, problems of the source, changes) -> (parameters of the replica, steps that were applied)."""
    jobs.config = {"replication": {"channels": {"db1": {"source_host": "192.0.2.1", "source_port": 3306}}, "password": "secret"}}
    jobs.server.connect = lambda seconds: types.SimpleNamespace(close=lambda: None)

    def receive(at, problems=(), changes=("source",), starts=()):
        did, asked = [], []

        class Replica:
            def __init__(self, server, parameters, host, told):
                did.append(parameters)

            def read(self):
                return self

            def plan(self):
                return types.SimpleNamespace(changes=list(changes), starts=list(starts), steps=["CHANGE"])

            def problems_of_source(self):
                asked.append(1)
                return list(problems)

            def apply(self, steps):
                did.append(steps)

        monkeypatch.setattr(mysql_jobs, "Replica", Replica)
        monkeypatch.setattr(mysql_jobs, "SqlDialect", lambda server: Sql(at, received=at))
        jobs.receive_from(View(8, last={"name": "db1", "gtid": "0-1-12"}, sync={}), {"name": "db1"})
        return did[0], did[1:], len(asked)

    return receive


def test_who_has_nothing_that_the_writer_lacked_follows_without_questions(receiving, said):
    parameters, applied, asked = receiving("0-1-11", problems=["never asked"])
    assert (parameters["check_source"], parameters["allow_errant"], parameters["source_host"], parameters["source_password"]) == (
        False, False, "192.0.2.1", "secret")
    assert applied == [["CHANGE"]] and asked == 0 and said == ["receives from db1"]


def test_who_has_more_follows_only_a_source_that_has_it_too(jobs, receiving, said):
    parameters, applied, asked = receiving("0-1-13")
    assert parameters["check_source"] is True and applied == [["CHANGE"]] and asked == 1
    with pytest.raises(Failure, match=r"^db2 has 0-1-13, which db1 lacks\. Seed db2 anew\.$"):
        receiving("0-1-13", problems=["db2 has 0-1-13, which db1 lacks.", "Seed db2 anew."])
    assert jobs.refused == "db2 has 0-1-13, which db1 lacks. Seed db2 anew." and said == ["receives from db1"]


def test_a_channel_that_only_runs_on_asks_nobody(receiving):
    assert receiving("0-1-13", problems=["not asked"], changes=())[1:] == ([["CHANGE"]], 0)

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the agent of an automatic cluster does beside its rounds: what it promises, when it turns to another source, what it writes down."""

from __future__ import annotations

import contextlib
import functools
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

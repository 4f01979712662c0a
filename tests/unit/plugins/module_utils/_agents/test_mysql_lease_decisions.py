# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every state of a member beside every state of the store: what no single decision of the agent may be, whatever led to it.

test_mysql_lease_model.py draws whole lives of a cluster; here each decision stands alone, those too that a life seldom meets."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_lease as lease
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import DOWN, KEEP, READ_ONLY, RELEASE, TAKE, WRITABLE

ORDER = ["db1", "db2", "db3"]
FULL = "the file system of /var/lib/mysql is full"


def told(number, term=7, **more):
    return {"instance": "i%d" % number, "following": term, "acks": True, "unfit": "", **more}


def promised(number, position, **more):
    return told(number, 0, promise={"term": 7, "position": position, "instance": "i%d" % number, "complete": False, "unfit": "", **more})


def entry(number, whole=True):
    return {"instance": "i%d" % number, "whole": whole}


FOLLOW = {"db1": told(1), "db2": told(2), "db3": told(3)}
PROMISED = {"db1": promised(1, "0-2-9"), "db3": promised(3, "0-2-8")}
SILENT = {name: dict(one, silent=7) for name, one in FOLLOW.items()}
BOTH = {"db1": entry(1), "db3": entry(3)}


def view(writer, **more):
    return lease.View(**{"term": 7, "writer": writer, "by": "1", "last": {"name": writer or "db2", "gtid": "0-2-5"}, "sync": BOTH,
                         "made": 7, "members": FOLLOW, **more})


# As db1 sees it.
VIEWS = {
    "the store is silent": None,
    "nobody was ever the writer": lease.View(),
    "db1 leads": view("db1", sync={"db2": entry(2), "db3": entry(3)}),
    "db1 leads, db3 catches up": view("db1", sync={"db2": entry(2, False), "db3": entry(3, False)}),
    "db1 leads, nobody follows": view("db1", sync={}, members={}),
    "db1 leads, db3 is gone": view("db1", sync={"db2": entry(2), "db3": entry(3)}, members={"db2": told(2)}),
    "db2 leads": view("db2"),
    "db2 leads, db1 may not acknowledge": view("db2", sync={"db3": entry(3)}),
    "db2 leads, db1 has not said that it would": view("db2", members=dict(FOLLOW, db1=told(1, acks=False))),
    "db2 leads and is silent": view("db2", members=SILENT),
    "nobody leads": view(None),
    "nobody leads, db1 has most": view(None, members=PROMISED),
    "nobody leads, db3 has most": view(None, members={"db1": promised(1, "0-2-8"), "db3": promised(3, "0-2-9")}),
    "nobody leads, db1 is unfit": view(None, members={"db1": promised(1, "0-2-9", unfit=FULL), "db3": promised(3, "0-2-9")}),
    "nobody leads, db3 has not promised": view(None, members={"db1": promised(1, "0-2-9"), "db3": told(3)}),
    "nobody leads, it acknowledged alone": view(None, sync={}, members=PROMISED),
    "handed to db1": view(None, handover={"from": "db2", "to": "db1", "gtid": "0-2-9"}),
    "handed to db3": view(None, handover={"from": "db2", "to": "db3", "gtid": "0-2-9"}),
    "parked": view(None, handover={"from": "db2", "to": lease.NOBODY}, members=PROMISED),
    "db1 was the last": view(None, last={"name": "db1", "gtid": "0-1-5"}, sync={"db2": entry(2), "db3": entry(3)}),
}
FLAGS = ("recorded", "held", "lease", "proof", "continuous", "alive", "confirmed", "by_hand", "joined", "wrote")


def owns():
    for server, unfit, down_s in ((WRITABLE, "", 0), (WRITABLE, FULL, 0), (READ_ONLY, "", 0), (DOWN, "", 1.0), (DOWN, "", 11.0)):
        for flags in itertools.product((False, True), repeat=len(FLAGS)):
            given = dict(zip(FLAGS, flags))
            # Led by hand is who is recorded and has never held the lease, and its lease is one that was renewed.
            if (given["by_hand"] and (not given["recorded"] or given["joined"])) or (given["lease"] and not given["alive"]):
                continue
            if given["wrote"] and server != DOWN:
                continue
            yield lease.Own("db1", server, "i1", unfit=unfit, down_s=down_s, **given)


OWNS = list(owns())


@pytest.fixture(scope="module", params=[(False, False), (True, False), (False, True)], ids=["", "the store cannot change", "may be alone"])
def decisions(request):
    """(name of the view, view, own, leaderless, decision) of all."""
    leaderless, alone = request.param
    return [(name, seen, own, leaderless, lease.plan(own, seen, ORDER, leaderless, alone)) for name, seen in VIEWS.items() for own in OWNS
            # A lease that is its own is one that the store knows.
            if not (own.lease and seen is not None and seen.writer != "db1")]


def test_a_server_takes_writes_only_with_the_lease_in_hand(decisions):
    opened = 0
    for name, seen, own, _leaderless, decision in decisions:
        if decision.server == WRITABLE:
            opened += 1
            assert seen is not None and seen.writer == "db1" and own.lease and own.confirmed and own.server == READ_ONLY, (name, own)
    assert opened


def test_who_sees_another_holder_neither_writes_nor_has_the_address(decisions):
    for name, seen, own, _leaderless, decision in decisions:
        if seen is not None and seen.writer == "db2":
            assert decision.server == {WRITABLE: READ_ONLY, READ_ONLY: KEEP}.get(own.server, decision.server), (name, own, decision)
            assert decision.address == (RELEASE if own.held else KEEP), (name, own, decision)
            assert decision.lease in (KEEP, lease.FORGET, lease.DEPOSE), (name, own, decision)


def test_a_former_writers_server_that_hangs_is_ended_when_another_one_holds_the_lease(decisions):
    for name, seen, own, _leaderless, decision in decisions:
        if seen is not None and seen.writer == "db2" and own.server == DOWN:
            assert decision.server == (lease.KILL if own.recorded or own.wrote else KEEP), (name, own, decision)


def test_the_address_is_taken_by_the_writer_alone(decisions):
    for name, seen, own, leaderless, decision in decisions:
        if decision.address == TAKE:
            assert not own.held, (name, own)
            if seen is None:
                assert own.recorded and (own.by_hand or (own.server == WRITABLE and (own.lease or own.proof or leaderless))), (name, own)
            else:
                assert seen.writer == "db1" and own.lease and own.server == WRITABLE, (name, own)


def test_the_lease_is_given_up_only_for_somebody_who_can_take_over_at_once(decisions):
    for name, _seen, own, _leaderless, decision in decisions:
        if decision.lease == lease.GIVE_UP:
            assert name == "db1 leads" and (own.server == DOWN or own.unfit), (name, own)
            # Whatever is under way there is not acknowledged any more.
            assert decision.server == lease.KILL and decision.address == RELEASE, (name, own)


def test_the_lease_is_taken_only_where_nobody_has_it_and_by_whom_it_is_for(decisions):
    taken = set()
    for name, seen, own, leaderless, decision in decisions:
        if decision.lease == TAKE:
            taken.add(name)
            assert seen is not None and seen.writer in (None, "db1"), (name, own)
            if own.recorded:
                # It was the last one, never ceased to be it, and its replicas still follow it.
                assert seen.last["name"] == "db1" and own.continuous and (own.proof or leaderless) and own.server == WRITABLE, (name, own)
            else:
                assert own.server != DOWN and own.joined and not lease.parked(seen), (name, own)
    assert {"nobody leads, db1 has most", "handed to db1", "db1 was the last"} <= taken
    assert not taken & {"nobody leads, db3 has most", "nobody leads, db1 is unfit", "nobody leads, db3 has not promised", "handed to db3",
                        "nobody leads, it acknowledged alone", "parked", "nobody leads"}


def test_who_was_made_the_writer_by_hand_makes_the_lease_its_own_where_nobody_has_it(decisions):
    for name, seen, own, _leaderless, decision in decisions:
        may = seen is not None and seen.writer is None and own.recorded and own.by_hand and own.server == WRITABLE
        assert (decision.lease == lease.ADOPT) == may, (name, own, decision)


def test_nobody_acknowledges_who_is_not_counted_as_one_that_does(decisions):
    for name, seen, own, leaderless, decision in decisions:
        if decision.acks and seen is not None and not (seen.writer == "db1" and own.lease):
            assert name in ("db2 leads",), (name, own)
        if seen is None and not own.recorded:
            assert decision.acks is (None if own.alive or leaderless else False), (name, own)


def test_who_leads_waits_for_replicas_unless_it_may_be_alone_and_is(decisions):
    for name, seen, own, _leaderless, decision in decisions:
        if seen is not None and seen.writer == "db1" and own.lease and own.server == WRITABLE and decision.lease == KEEP:
            assert decision.acks is True or (decision.acks is False and not seen.sync), (name, own, decision)


def test_from_whom_is_received(decisions):
    for name, seen, own, _leaderless, decision in decisions:
        if decision.replication == lease.FOLLOW:
            assert seen.writer == decision.target != own.name and not own.recorded and own.server != DOWN, (name, own)
        if decision.replication == lease.PROMISE:
            assert seen.writer is None and not own.recorded and own.joined and "db1" not in lease.promises(seen), (name, own)


def test_whose_machine_is_silent_is_deposed_by_replicas_alone(decisions):
    for name, _seen, own, _leaderless, decision in decisions:
        may = name == "db2 leads and is silent" and not own.recorded and own.server != DOWN
        assert (decision.lease == lease.DEPOSE) == may, (name, own)


def test_every_decision_says_why(decisions):
    for name, _seen, own, _leaderless, decision in decisions:
        assert decision.because, (name, own)


# --- By which words an operator reads it ------------------------------------------------


def words(name, server=WRITABLE, leaderless=False, alone=False, **more):
    return lease.plan(lease.Own("db1", server, "i1", **more), VIEWS[name], ORDER, leaderless, alone).because


LEADS, FORMER = {"recorded": True, "lease": True, "held": True}, {"recorded": True, "held": True}


@pytest.mark.parametrize("name, given, because", [
    ("the store is silent", dict(FORMER, by_hand=True), "etcd does not answer yet, stays the writer that it was made by hand"),
    ("the store is silent", LEADS, "etcd does not answer, the lease still runs: stays the writer"),
    ("the store is silent", dict(FORMER, proof=True), "etcd does not answer, its replicas still follow it: stays the writer"),
    ("the store is silent", dict(FORMER, leaderless=True), "etcd does not answer, no etcd can give it away: stays the writer"),
    ("the store is silent", dict(LEADS, server=DOWN), "the server does not answer, nor does etcd"),
    ("the store is silent", FORMER, "etcd does not answer"),
    ("db1 leads", LEADS, "writer"),
    ("db1 leads", dict(LEADS, server=DOWN), "the server does not answer, db2 or db3 takes over"),
    ("db1 leads", dict(LEADS, unfit=FULL), FULL + ", db2 or db3 takes over"),
    ("db1 leads", dict(LEADS, server=READ_ONLY, confirmed=False), "the lease is here, unless this member is just giving it away"),
    ("db1 leads", dict(LEADS, server=READ_ONLY), "the lease is here"),
    ("db1 leads", FORMER, "another process here holds the lease"),
    ("db1 leads", {"server": READ_ONLY}, "an older lease of this member has to run out"),
    ("db1 leads, nobody follows", LEADS, "writer, and no replica may acknowledge"),
    ("db1 leads, nobody follows", dict(LEADS, alone=True), "writer, and no replica may acknowledge: it acknowledges alone"),
    ("db1 leads, db3 is gone", dict(LEADS, server=DOWN), "the server does not answer, and nobody can take over"),
    ("db2 leads", FORMER, "db2 holds the lease"),
    ("db2 leads", {"server": READ_ONLY}, "follows db2"),
    ("db2 leads", {"server": DOWN}, "the server does not answer"),
    ("db2 leads and is silent", {"server": READ_ONLY}, "the machine of db2 does not answer anybody who follows it"),
    ("nobody was ever the writer", {"server": READ_ONLY}, "no writer holds a lease yet"),
    ("nobody was ever the writer", {"recorded": True}, "no writer holds a lease yet"),
    ("nobody was ever the writer", {"recorded": True, "by_hand": True}, "no writer holds a lease yet"),
    ("nobody leads", {"recorded": True, "by_hand": True}, "was made the writer by hand"),
    ("nobody leads", {"recorded": True}, "nobody holds the lease"),
    ("nobody leads", {"server": READ_ONLY, "joined": False}, "it is led by hand, until the writer of now takes the lease"),
    ("parked", {"server": READ_ONLY}, "it is led by hand, until the writer of now takes the lease"),
    ("db1 was the last", dict(FORMER, continuous=True, proof=True), "the lease has run out, and its replicas still follow: takes it again"),
    ("handed to db1", {"server": READ_ONLY}, "takes over from db2"),
    ("handed to db3", {"server": READ_ONLY}, "db2 gives its part away"),
    ("nobody leads", {"server": READ_ONLY}, "nobody holds the lease, no longer receives from db2"),
    ("nobody leads, db1 has most", {"server": READ_ONLY}, "nobody holds the lease: db1 takes over"),
    ("nobody leads, db3 has most", {"server": READ_ONLY}, "nobody holds the lease: db3 takes over"),
    ("nobody leads, db3 has not promised", {"server": READ_ONLY},
     "nobody holds the lease: db3 may have acknowledged what nobody else has, and has not told"),
    ("nobody leads, it acknowledged alone", {"server": READ_ONLY}, "nobody holds the lease: db2 acknowledged alone: it has to come back"),
])
def test_why_by_words(name, given, because):
    assert words(name, **given) == because

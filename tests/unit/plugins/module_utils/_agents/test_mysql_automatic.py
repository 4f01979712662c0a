# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rounds of the agent of an automatic cluster: what it does of what mysql_lease decides, in which order, and what it leaves alone."""

from __future__ import annotations

import functools
import json
import os
import threading
import time
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_automatic as automatic
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_jobs, mysql_lease, mysql_record
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_lease import Decision, View
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import DOWN, READ_ONLY, TAKE, WRITABLE

SYNC = {"db1": {"instance": "i1", "whole": True}, "db3": {"instance": "i3", "whole": True}}
PEERS = [{"name": "db1", "address": "192.0.2.1", "port": 3306}, {"name": "db3", "address": "192.0.2.3", "port": 3306}]


def member(number, **more):
    return {"instance": "i%d" % number, "following": 7, "acks": True, "unfit": "", **more}


def leads(**more):
    """db2 is the writer of term 7, db1 and db3 follow."""
    return View(**{"term": 7, "writer": "db2", "by": "9", "last": {"name": "db2", "gtid": "0-2-5"}, "sync": SYNC, "made": 7, "sync_made": 8,
                   "members": {"db1": member(1), "db2": member(2, following=0), "db3": member(3)}, **more})


def follows(**more):
    """db1 is the writer of term 7, db2 follows and may acknowledge."""
    return leads(writer="db1", last={"name": "db1", "gtid": "0-1-5"}, sync={"db2": {"instance": "i2", "whole": True}}, **more)


class Server:
    def __init__(self):
        self.state, self.of, self.wanted, self.killed, self.order = WRITABLE, "i2", None, 0, []
        self.acks, self.waits, self.waiting, self.channels, self.known = False, True, (0, 0), [], True
        self.full, self.wrote, self.last_up, self.runs = "", False, 1000.0, True

    def latest(self):
        return 1000.0, self.state, self.of

    def instance(self):
        return self.of

    def kill(self):
        self.killed += 1
        self.order.append("killed")
        return self.runs


class Net:
    def __init__(self, order):
        self.address, self.wire, self.held, self.is_free, self.rival, self.did = "192.0.2.102", object(), False, True, (None, -1e9), []
        self.mute, self.order = set(), order

    def free(self):
        return self.is_free

    def take(self):
        self.held = True
        self.did.append("take")

    def remove(self, _address):
        held, self.held = self.held, False
        self.order.append("released")
        return held

    def silent(self, address, limit_s):
        assert limit_s == automatic.SILENT_S
        return address in self.mute

    def ask(self, for_address):
        self.asked_for_address = for_address

    def __getattr__(self, what):
        return lambda *arguments: self.did.append(what)


class Store:
    """What was asked of etcd; `done` is what each transaction comes to."""

    def __init__(self, view):
        self.seen, self.asked, self.done, self.told = view, [], True, []
        self.trouble, self.proven, self.lease, self.alive = "", False, True, True

    def view(self):
        return self.seen

    def mine(self):
        return self.lease

    def valid(self):
        return self.alive

    def leaderless(self):
        return self.proven

    def publish(self, told):
        self.told.append(told)

    def __getattr__(self, what):
        def transaction(view, *arguments):
            self.asked.append((what, view, *(one for one in arguments if not callable(one))))
            for then in arguments:
                if callable(then):
                    then(self.done)

        return transaction


@pytest.fixture
def agent(monkeypatch, tmp_path, clock):
    """An agent of db2, whose jobs are noted in .begun and do nothing."""
    played = clock(automatic, mysql_jobs)
    played.strftime, played.gmtime = time.strftime, time.gmtime
    words, beats = [], []
    monkeypatch.setattr(automatic, "now", played.monotonic)
    for module in (automatic, mysql_jobs):
        monkeypatch.setattr(module, "say", words.append)
        monkeypatch.setattr(module, "started", lambda: {"data": "1:2"})
    for name in ("read_record", "write_record", "locked"):
        monkeypatch.setattr(mysql_record, name, functools.partial(getattr(mysql_record, name), directory=str(tmp_path)))
    monkeypatch.setattr(automatic.alive, "beat", lambda: beats.append(played.now))
    made = object.__new__(automatic.AutomaticAgent)
    made.config = {"own": {"name": "db2", "address": "192.0.2.2", "port": 3306}, "peers": PEERS, "alone": False}
    made.name, made.directory, made.order = "db2", str(tmp_path), ["db1", "db2", "db3"]
    made.clock, made.words, made.beats = played, words, beats
    made.server, made.store = Server(), Store(leads())
    made.net = Net(made.server.order)
    made.followers = types.SimpleNamespace(proof=lambda sync: False, answer=(-1e9, None, {}), wanted=threading.Event())
    made.last_view, made.promise, made.following, made.refused, made.busy, made.tried = leads(), None, 0, "", {}, {}
    made.continuous, made.confirmed, made.freed = False, True, -1.0
    made.because, made.basis, made.basis_at, made.told_at = None, None, played.now, -1e9
    made.request, made.told, made.marked, made.contested = None, None, None, None
    made.stuck, made.offered = (None, played.now), automatic.UNKNOWN
    made.begun = []
    made.begin = lambda kind, job, *arguments: made.begun.append((kind, job.__name__, *arguments))
    monkeypatch.setattr(automatic.virtual, "holds", lambda address: made.net.held)
    monkeypatch.setattr(automatic.virtual, "remove", made.net.remove)
    return made


def record(agent, **values):
    mysql_record.write_record(values)
    agent.record = values


def recorded():
    return {key: value for key, value in mysql_record.read_record()[0].items() if key != "at"}


def status(agent):
    with open(os.path.join(agent.directory, mysql_record.STATUS), encoding="utf-8") as handle:
        return json.load(handle)


def job_names(agent):
    return [one[1] for one in agent.begun]


# --- Rounds ---------------------------------------------------------------------------


def test_a_writer_with_the_lease_takes_the_address_and_says_that_it_is_it(agent):
    record(agent, writer=True, lease=True)
    agent.tick()
    assert (agent.net.held, agent.server.wanted, agent.begun) == (True, None, []) and agent.net.asked_for_address is True
    assert agent.words == ["writer", "the address 192.0.2.102 is here"] and agent.beats == [1000.0]
    assert agent.continuous and os.path.exists(os.path.join(agent.directory, mysql_record.LEADS))
    told = status(agent)
    assert (told["because"], told["lease"], told["view"]["members"]) == ("writer", True, ["db1", "db2", "db3"])
    agent.tick()
    assert agent.words == ["writer", "the address 192.0.2.102 is here"] and agent.net.did.count("take") == 1


def test_who_lost_the_lease_gives_the_address_up_and_writes_no_more(agent):
    record(agent, writer=True, lease=True)
    agent.store.seen, agent.store.lease, agent.net.held = follows(), False, True
    agent.tick()
    assert not agent.net.held and agent.server.wanted == READ_ONLY and not agent.continuous
    assert recorded() == {"writer": False, "by": "agent", "lease": True}
    assert agent.words == ["db1 holds the lease", "the address 192.0.2.102 was given up"]
    assert not os.path.exists(os.path.join(agent.directory, mysql_record.LEADS))


def test_while_the_module_works_it_only_does_what_cannot_be_wrong(agent):
    """The address and the writes are given up whoever has the lock; the record, the lease and the sources are left alone."""
    record(agent, writer=True, lease=True)
    agent.store.seen, agent.store.lease, agent.net.held = follows(), False, True
    with mysql_record.locked():
        agent.tick()
    assert not agent.net.held and agent.server.wanted == READ_ONLY
    assert recorded() == {"writer": True, "lease": True} and agent.begun == [] and agent.store.asked == []


@pytest.mark.parametrize("runs, waited", [(True, automatic.LAST_WORDS_S), (False, 0)])
def test_a_server_that_hangs_is_ended_before_its_address_goes(agent, runs, waited):
    """Its clients learn of the end from the address they know."""
    record(agent, writer=True, lease=True)
    agent.store.seen, agent.store.lease, agent.net.held = follows(), False, True
    agent.server.state, agent.server.runs = DOWN, runs
    agent.tick()
    assert agent.server.order == ["killed", "released"] and agent.clock.now == 1000 + waited and agent.server.wanted is None


def test_without_etcd_it_goes_by_what_it_saw_last(agent):
    record(agent, writer=True, lease=True)
    agent.tick()
    agent.store.seen, agent.store.trouble = None, "no etcd answers"
    agent.tick()
    assert agent.net.held and agent.server.wanted is None and agent.followers.wanted.is_set()
    agent.store.lease = False
    asked = []
    agent.followers.proof = lambda sync: asked.append(sync) or False
    agent.tick()
    assert asked == [SYNC] and not agent.net.held and agent.server.wanted == READ_ONLY
    assert agent.words[-2:] == ["etcd does not answer", "the address 192.0.2.102 was given up"]
    assert status(agent)["view"] is None and status(agent)["trouble"] == "no etcd answers"


@pytest.mark.parametrize("changes, asked", [
    ({}, False), ({"view": None}, True), ({"trouble": "db1 does not answer"}, True), ({"waiting": (2, 5)}, True),
    ({"view": leads(sync={})}, True)])
def test_replicas_are_asked_only_while_the_answer_matters(agent, changes, asked):
    record(agent, writer=True, lease=True)
    agent.net.held, agent.store.trouble = True, changes.get("trouble", "")
    agent.server.waiting = changes.get("waiting", (0, 0))
    agent.store.seen = changes.get("view", agent.store.seen)
    agent.followers.wanted.set()
    agent.tick()
    assert agent.followers.wanted.is_set() is asked


def test_a_replica_says_what_it_is_and_asks_nobody(agent):
    record(agent, writer=False, lease=True)
    agent.store.seen, agent.store.lease, agent.server.state, agent.server.waits = follows(), False, READ_ONLY, False
    agent.server.acks, agent.server.channels = True, [{"host": "192.0.2.1", "port": 3306, "io": "Yes", "applier": "Yes", "error": ""}]
    agent.tick()
    assert agent.begun == [] and agent.following == 7 and not agent.followers.wanted.is_set() and agent.words == ["follows db1"]
    agent.tick()
    assert agent.store.told[-1] == {"instance": "i2", "following": 7, "unfit": "", "acks": True}


# --- What a decision makes it do --------------------------------------------------------


@pytest.mark.parametrize("decision, asked, begun", [
    (Decision(lease=mysql_lease.TAKE), [], [("channel", "take", False, False)]),
    (Decision(lease=mysql_lease.ADOPT), [], [("channel", "take", True, False)]),
    (Decision(lease=mysql_lease.DEPOSE), ["depose"], []),
    (Decision(replication=mysql_lease.PROMISE), [], [("channel", "stop_receiving")]),
    (Decision(acks=True), [], [("acks", "acknowledge", True)]),
    (Decision(acks=False), [], []), (Decision(), [], [])])
def test_a_decision_of_one_that_does_not_lead(agent, decision, asked, begun):
    agent.server.state, agent.server.waits, agent.store.lease = READ_ONLY, False, False
    view = follows()
    own = agent_state(agent, view)
    agent.change(own, view, decision)
    assert [one[0] for one in agent.store.asked] == asked
    assert [tuple(part for part in one if part is not view) for one in agent.begun] == begun


def agent_state(agent, view):
    agent.record = mysql_record.read_record()[0]
    return agent.own_state(view)


def test_a_replica_first_ceases_to_wait_for_replicas_of_its_own(agent):
    agent.server.state, agent.store.lease = READ_ONLY, False
    agent.change(agent_state(agent, follows()), follows(), Decision(acks=True))
    assert agent.begun == [("acks", "apply_freely")]


def test_of_a_server_that_does_not_answer_nobody_asks_to_acknowledge(agent):
    agent.server.state, agent.server.waits, agent.store.lease = DOWN, False, False
    agent.change(agent_state(agent, follows()), follows(), Decision(acks=True))
    assert agent.begun == []


@pytest.mark.parametrize("done, words", [(True, "the lease was given up"), (False, "the lease could not be given up")])
def test_who_makes_way_has_noted_it_before_the_lease_goes(agent, done, words):
    record(agent, writer=True, lease=True, data="1:2")
    agent.store.done = done
    agent.change(agent_state(agent, None), leads(), Decision(lease=mysql_lease.GIVE_UP))
    assert recorded() == {"writer": False, "by": "agent", "lease": True, "data": "1:2"} and agent.words == [words]


@pytest.mark.parametrize("done", [True, False])
def test_it_takes_writes_only_when_no_request_of_its_own_can_come_late(agent, done):
    record(agent, writer=True, lease=True)
    agent.server.state, agent.confirmed, agent.store.done = READ_ONLY, False, done
    agent.tick()
    assert agent.store.asked[0][:2] == ("confirm", leads()) and agent.confirmed is done and agent.server.wanted is None
    agent.tick()
    assert agent.server.wanted == (WRITABLE if done else None)


@pytest.mark.parametrize("done, words", [(True, ["the lease of db1 was ended"]), (False, [])])
def test_whoever_ends_the_lease_of_a_silent_machine_says_so(agent, done, words):
    agent.server.state, agent.server.waits, agent.store.done, agent.store.lease = READ_ONLY, False, done, False
    agent.change(agent_state(agent, None), follows(), Decision(lease=mysql_lease.DEPOSE))
    assert agent.words == words


def test_during_a_planned_move_nothing_is_done_against_it(agent):
    """The job closes the server and gives the address up itself."""
    record(agent, writer=True, lease=True)
    agent.busy["handover"], agent.server.state = None, READ_ONLY
    agent.confirmed = False
    agent.tick()
    assert (agent.server.wanted, agent.net.held, agent.store.asked, agent.begun) == (None, False, [], [])
    agent.server.state, agent.store.seen, agent.store.lease = WRITABLE, follows(), False
    agent.tick()
    assert agent.server.wanted is None


# --- The one who leads ------------------------------------------------------------------


@pytest.mark.parametrize("before", [{}, {"writer": False, "lease": True}, {"writer": True}],
                         ids=["blank", "of an earlier agent", "by hand"])
def test_whoever_has_the_lease_notes_that_it_is_the_writer_and_of_which_data(agent, before):
    record(agent, **before)
    agent.tick()
    assert recorded() == {"writer": True, "by": "agent", "lease": True, "data": "1:2"}


def test_an_address_that_somebody_answers_for_is_announced_again(agent):
    record(agent, writer=True, lease=True)
    agent.net.held, agent.net.rival = True, ("02:00:00:00:00:99", 999.8)
    agent.tick()
    assert "announce_soon" in agent.net.did and agent.net.rival == (None, -1e9)
    assert agent.words == ["writer", "02:00:00:00:00:99 answers for the address, too: it is announced again"]
    agent.net.did.clear()
    agent.net.rival = ("02:00:00:00:00:99", 999.4)
    agent.tick()
    assert "announce_soon" not in agent.net.did


def test_an_address_that_is_not_free_is_taken_after_a_while_all_the_same(agent):
    """Whoever answers has no lease: nothing that is sent there is acknowledged."""
    agent.net.is_free = False
    agent.take_address()
    agent.clock.now += automatic.CONTEST_S
    agent.take_address()
    assert not agent.net.held and agent.net.did == ["listen", "listen"]
    agent.clock.now += 0.1
    agent.take_address()
    assert agent.net.held and agent.contested is None
    assert agent.words == ["the address 192.0.2.102 is here, though somebody without the lease answers for it"]


def test_a_read_only_server_gets_no_address(agent):
    record(agent, writer=True, lease=True)
    agent.server.state = READ_ONLY
    agent.lead(agent_state(agent, leads()), leads(), Decision(address=TAKE, server=WRITABLE, acks=True))
    assert not agent.net.held and agent.server.wanted == WRITABLE and agent.begun == []


def test_sources_of_the_time_before_are_forgotten_by_the_writer(agent):
    record(agent, writer=True, lease=True)
    agent.server.channels = [{"name": "old"}]
    agent.tick()
    assert ("channel", "forget_sources") in agent.begun


@pytest.mark.parametrize("offered, wanted, begun, confirmed", [
    (automatic.UNKNOWN, True, [("acks", "wait_for_replicas", True)], False),
    (5, False, [("acks", "wait_for_replicas", False)], False),
    # Of an earlier agent, or of this very `sync`: a request that comes late could still let somebody in, who would count then.
    (automatic.UNKNOWN, False, [], True), (8, False, [], True)])
def test_it_acknowledges_alone_only_when_nobody_can_be_let_in_any_more(agent, offered, wanted, begun, confirmed):
    agent.offered = offered
    agent.change_waiting(leads(), wanted)
    assert agent.begun == begun and [one[0] for one in agent.store.asked] == ["confirm"] * confirmed
    assert agent.offered == (8 if confirmed else offered)


def test_what_was_not_confirmed_is_no_reason_to_acknowledge_alone(agent):
    agent.store.done = False
    agent.change_waiting(leads(), False)
    assert agent.offered == automatic.UNKNOWN


# --- Who may acknowledge ----------------------------------------------------------------


def test_who_follows_is_let_in_by_what_was_seen_since_it_did(agent):
    view = leads(sync={})
    agent.followers.answer = (1001.0, "0-2-9", {"db1": "0-2-9", "db3": "0-2-8"})
    agent.admit(view)
    assert agent.store.asked == [
        ("change_sync", view, {"db1": {"instance": "i1", "whole": True}, "db3": {"instance": "i3", "whole": False}})]
    assert agent.words == ["may acknowledge: db1, db3 (catches up)"] and agent.offered == 8


@pytest.mark.parametrize("why, answer, busy", [
    ("asked before it followed", (999.0, "0-2-9", {}), {}),
    ("the writer is just told whom to wait for", (1001.0, "0-2-9", {}), {"acks": None})])
def test_an_answer_of_before_lets_nobody_in(agent, why, answer, busy):
    agent.followers.answer, agent.busy = answer, busy
    agent.admit(leads(sync={}))
    assert agent.store.asked == [], why


def test_another_member_list_needs_another_answer(agent):
    agent.followers.answer = (1000.5, "0-2-9", {"db1": "0-2-9", "db3": "0-2-9"})
    agent.admit(leads())
    agent.clock.now = 1002.0
    changed = leads(members={"db1": member(1, following=0, acks=False), "db3": member(3)})
    agent.admit(changed)
    assert agent.store.asked == []
    agent.followers.answer = (1003.0, "0-2-9", {"db3": "0-2-9"})
    agent.admit(changed)
    assert agent.store.asked[0][2] == {"db3": {"instance": "i3", "whole": True}}


def test_nobody_is_whole_by_what_was_seen_before_it_ceased_to_acknowledge_alone(agent):
    agent.freed, agent.followers.answer = 1005.0, (1004.0, "0-2-9", {"db1": "0-2-9", "db3": "0-2-9"})
    agent.admit(leads(sync={}))
    assert {entry["whole"] for entry in agent.store.asked[0][2].values()} == {False}


def test_nobody_may_acknowledge_is_said_so():
    assert automatic.shown({}) == "may acknowledge: nobody"


# --- Commits that wait ------------------------------------------------------------------


def test_commits_that_a_replica_has_are_freed_after_a_while(agent):
    agent.server.waiting = (3, 41)
    agent.followers.answer = (1001.5, "0-2-9", {"db1": "0-2-9"})
    agent.free_waiters(leads())
    agent.clock.now = 1001.9
    agent.free_waiters(leads())
    assert agent.begun == []
    agent.clock.now = 1002.0
    agent.free_waiters(leads())
    assert agent.begun == [("waiters", "end_waiting")]


@pytest.mark.parametrize("why, waiting, answer", [
    ("nobody waits", (0, 41), (1003.0, "0-2-9", {"db1": "0-2-9"})),
    ("no replica has it", (3, 41), (1003.0, "0-2-9", {"db1": "0-2-8", "db3": None})),
    ("the answer is of before", (3, 41), (1000.5, "0-2-9", {"db1": "0-2-9"})),
    ("what is needed is unknown", (3, 41), (1003.0, "", {"db1": "0-2-9"})),
    ("who has it may not acknowledge", (3, 41), (1003.0, "0-2-9", {"db4": "0-2-9"}))])
def test_no_commit_is_freed_without_being_elsewhere(agent, why, waiting, answer):
    agent.server.waiting, agent.followers.answer = waiting, answer
    agent.free_waiters(leads())
    agent.clock.now = 1003.0
    agent.free_waiters(leads())
    assert agent.begun == [], why


def test_a_commit_that_was_acknowledged_meanwhile_begins_the_time_anew(agent):
    agent.followers.answer = (1003.5, "0-2-9", {"db1": "0-2-9"})
    for moment, answered in ((1000.0, 41), (1001.5, 42), (1003.0, 42)):
        agent.clock.now, agent.server.waiting = moment, (3, answered)
        agent.free_waiters(leads())
    assert agent.begun == []


# --- From whom is received ----------------------------------------------------------------


def channel(**more):
    return {"host": "192.0.2.1", "port": 3306, "io": "Yes", "applier": "Yes", "error": "", **more}


def follow(agent, view=None, **more):
    view = view or follows()
    agent.store.lease, agent.server.state = False, more.pop("state", READ_ONLY)
    agent.server.channels = more.pop("channels", [channel()])
    record(agent, **more.pop("record", {"writer": False, "lease": True}))
    agent.follow(agent_state(agent, view), view, more.pop("target", "db1"))
    assert not more
    return job_names(agent)


def test_who_receives_says_so(agent):
    assert follow(agent) == [] and agent.following == 7


@pytest.mark.parametrize("host", ["192.0.2.1", "db1"])
def test_a_source_is_known_by_its_name_and_by_its_address(agent, host):
    assert follow(agent, channels=[channel(host=host)]) == []


@pytest.mark.parametrize("channels", [[], [channel(host="192.0.2.3")], [channel(io="No")], [channel(applier="No")]])
def test_who_does_not_receive_from_the_writer_begins_to(agent, channels):
    agent.following = 7
    assert follow(agent, channels=channels) == ["receive_from"] and agent.following == 0
    assert agent.begun[0][2:] == (follows(), PEERS[0])


def test_a_channel_that_just_connects_is_left_to_it_and_not_told_as_received(agent):
    agent.following = 0
    assert follow(agent, channels=[channel(io="Connecting")]) == [] and agent.following == 0


def test_what_starting_again_would_not_mend_is_told(agent):
    assert follow(agent, channels=[channel(applier="No", error="Duplicate entry")]) == [] and agent.refused == "Duplicate entry"
    assert follow(agent) == [] and agent.refused == ""


@pytest.mark.parametrize("more", [{"state": DOWN}, {"target": "db9"}])
def test_nobody_follows_with_a_server_that_is_down_or_somebody_unknown(agent, more):
    agent.following = 6
    assert follow(agent, channels=[], **more) == [] and agent.following == 6


def test_who_follows_for_the_first_time_is_led_by_the_lease_from_then_on(agent):
    assert follow(agent, record={"writer": False}) == ["join"]


def test_a_former_writer_settles_when_it_receives(agent):
    assert follow(agent, record={"writer": False, "lease": True, "data": "1:2"}) == ["settle"]


@pytest.mark.parametrize("acks, said, begun", [(True, True, ["receive_from"]), (False, True, []), (True, False, [])])
def test_a_former_writer_receives_only_after_it_acknowledges(agent, acks, said, begun):
    """MariaDB lets a server have its own transactions back only while it does, and it must have been said before."""
    agent.server.acks = acks
    view = follows(members={"db1": member(1), "db2": member(2, acks=said)})
    assert follow(agent, view, channels=[], record={"writer": False, "lease": True, "data": "1:2"}) == begun


# --- What is asked for --------------------------------------------------------------------


def ask(agent, view, at=0, **request):
    path = os.path.join(agent.directory, mysql_record.REQUEST)
    mysql_record.write_json(path, dict({"id": "r1", "at": agent.clock.time() + at}, **request))
    agent.requested(agent_state(agent, view), view)


@pytest.mark.parametrize("done, words", [(True, "nobody takes over, it is to be led by hand"), (False, "etcd was not told that")])
def test_a_writer_parks_the_cluster_when_asked_to(agent, done, words):
    agent.store.done = done
    ask(agent, leads(), park=True)
    assert agent.store.asked == [("park", leads())] and agent.words == [words]


@pytest.mark.parametrize("done, words", [(True, "given up: db1, db3"), (False, "nobody was given up: something changed")])
def test_members_are_given_up_by_name_while_nobody_writes(agent, done, words):
    agent.store.done = done
    ask(agent, leads(writer=None), give_up=["db1", "db3"])
    assert agent.store.asked == [("forget_members", leads(writer=None), ["db1", "db3"])] and agent.words == [words]
    ask(agent, leads(), id="r2", give_up=["db1"])
    assert len(agent.store.asked) == 1


def test_a_planned_move_goes_to_one_who_may_acknowledge(agent):
    record(agent, writer=True, lease=True)
    ask(agent, leads(), to="db9")
    ask(agent, leads(), id="r2", to="db3", patience_ms=50)
    assert [one[:2] for one in agent.begun] == [("handover", "hand_over")] and agent.begun[0][3]["to"] == "db3"


@pytest.mark.parametrize("why, changes", [
    ("it has no lease", {"lease": False}), ("its server takes no writes", {"state": READ_ONLY}), ("it is too old", {"at": -11})])
def test_a_move_that_cannot_be_done_at_once_is_never_done(agent, why, changes):
    agent.store.lease, agent.server.state = changes.get("lease", True), changes.get("state", WRITABLE)
    ask(agent, leads(), at=changes.get("at", 0), to="db3", patience_ms=50)
    agent.store.lease, agent.server.state = True, WRITABLE
    agent.requested(agent_state(agent, leads()), leads())
    assert agent.begun == [], why


def test_a_request_is_done_once(agent):
    ask(agent, leads(), park=True)
    ask(agent, leads(), park=True)
    assert len(agent.store.asked) == 1
    os.unlink(os.path.join(agent.directory, mysql_record.REQUEST))
    agent.requested(agent_state(agent, leads()), leads())
    assert len(agent.store.asked) == 1


# --- What others see ----------------------------------------------------------------------


def published(agent, view):
    before = len(agent.store.told)
    agent.publish(agent_state(agent, view), view)
    return agent.store.told[before:]


def test_nothing_is_said_before_the_server_was_looked_at(agent):
    agent.server.known = False
    assert published(agent, leads()) == []


def test_a_promise_counts_for_its_term_and_its_process_alone(agent):
    agent.server.state, agent.promise = READ_ONLY, {"term": 7, "instance": "i2", "position": "0-1-9"}
    assert published(agent, leads(writer=None))[0]["promise"] == agent.promise
    agent.server.state = DOWN
    assert "promise" not in published(agent, leads(writer=None))[0] and agent.promise
    agent.server.state, agent.server.of = READ_ONLY, "i9"
    assert "promise" not in published(agent, leads(writer=None))[0] and agent.promise is None
    agent.promise = {"term": 6, "instance": "i9", "position": "0-1-9"}
    assert "promise" not in published(agent, leads(writer=None))[0]


def test_without_etcd_the_term_is_the_one_that_was_seen_last(agent):
    agent.promise = {"term": 7, "instance": "i2", "position": "0-1-9"}
    assert published(agent, None)[0]["promise"] == agent.promise
    agent.last_view = leads(term=8)
    assert "promise" not in published(agent, None)[0]


def test_what_a_member_says_of_itself(agent):
    agent.store.lease, agent.server.state, agent.following = False, READ_ONLY, 7
    agent.server.full, agent.refused = "the file system of /var/lib/mysql is full", "no source"
    assert published(agent, follows()) == [{
        "instance": "i2", "following": 7, "unfit": "the file system of /var/lib/mysql is full", "acks": True, "refused": "no source"}]
    agent.server.state, agent.server.of = DOWN, "other"
    assert published(agent, follows())[0] == {
        "instance": "other", "following": 0, "unfit": "the file system of /var/lib/mysql is full", "acks": False, "refused": "no source"}


def test_the_machine_of_the_writer_is_told_to_be_silent_for_the_term(agent):
    agent.net.mute = {"192.0.2.1", "192.0.2.3"}
    assert published(agent, follows())[0]["silent"] == 7
    assert "silent" not in published(agent, leads())[0] and "silent" not in published(agent, leads(writer=None))[0]
    assert "silent" not in published(agent, None)[0]


@pytest.mark.parametrize("state, before, joins", [
    (READ_ONLY, {"writer": False, "data": "1:2"}, True), (READ_ONLY, {"writer": False}, False),
    (DOWN, {"writer": False, "data": "1:2"}, False),
    (WRITABLE, {"writer": True, "data": "1:2"}, False)])
def test_a_former_writer_says_that_it_is_about_to_follow(agent, state, before, joins):
    agent.server.state, agent.store.lease = state, False
    record(agent, **before)
    assert ("joining" in published(agent, follows())[0]) is joins
    assert "joining" not in published(agent, leads(writer=None))[0]


def test_the_mark_of_the_one_who_leads_is_written_when_that_changes(agent, monkeypatch):
    path = os.path.join(agent.directory, mysql_record.LEADS)
    agent.mark(True)
    os.unlink(path)
    agent.mark(True)
    assert not os.path.exists(path)
    agent.mark(False)
    agent.mark(True)
    assert os.path.exists(path)
    agent.mark(False)
    assert not os.path.exists(path)


def test_what_it_tells_is_written_when_it_changes_and_once_a_second(agent, monkeypatch):
    written = []
    monkeypatch.setattr(mysql_record, "write_json", lambda path, told: written.append((path, told)))
    record(agent, writer=True, lease=True)
    agent.net.held = True
    for moment in (1000.0, 1000.5, 1001.1, 1001.2):
        agent.clock.now = moment
        agent.tick()
    assert len(written) == 2 and written[0][0] == os.path.join(agent.directory, mysql_record.STATUS)
    agent.store.trouble = "db1 does not answer"
    agent.tick()
    assert len(written) == 3 and written[-1][1]["trouble"] == "db1 does not answer"


def test_members_are_preferred_in_the_order_of_the_inventory(monkeypatch):
    monkeypatch.setattr(automatic.Jobs, "__init__", lambda self, config, directory: vars(self).update(
        config=config, name="db2", server=None))
    monkeypatch.setattr(automatic, "Followers", lambda config, server: None)
    agent = automatic.AutomaticAgent({"peers": PEERS, "order": ["db3", "db1", "db2"]}, "/nowhere")
    assert agent.order == ["db3", "db1", "db2"]


def test_its_threads_run_before_its_first_round(agent, monkeypatch):
    class Ended(Exception):
        pass

    began = []

    def round_of():
        began.append("round")
        if began.count("round") == 3:
            raise Ended

    threads = {name: types.SimpleNamespace(start=functools.partial(began.append, name))
               for name in ("server", "followers", "store", "lead")}
    agent.config["store"] = {}
    agent.server, agent.followers = threads["server"], threads["followers"]
    agent.server.first = types.SimpleNamespace(wait=began.append)
    agent.store = types.SimpleNamespace(start=threads["store"].start, keep_proving=lambda: None)
    monkeypatch.setattr(automatic, "Lead", lambda config, address, store, say: threads["lead"])
    monkeypatch.setattr(automatic, "select", types.SimpleNamespace(
        select=lambda read, write, wrong, left: (setattr(agent.clock, "now", agent.clock.now + left), read)[1:]))
    agent.tick = round_of
    with pytest.raises(Ended):
        agent.run()
    assert began == ["server", "followers", "store", "lead", automatic.FIRST_S, "round", "round", "round"]
    assert agent.net.did == ["listen", "listen"] and agent.clock.now == pytest.approx(1000 + 2 * automatic.TICK_S)
    agent.net.wire = None
    began.clear()
    with pytest.raises(Ended):
        agent.run()
    assert agent.clock.now == pytest.approx(1000 + 4 * automatic.TICK_S)

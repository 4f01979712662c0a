# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent decides: rules that hold in every combination, then the situations one by one."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_record
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import (
    DOWN,
    FORGET,
    GRACE_S,
    KEEP,
    READ_ONLY,
    RELEASE,
    TAKE,
    WRITABLE,
    Peer,
    own,
    plan,
)

FOLLOWER = Peer("db2", True, False, "me", False)
ELSEWHERE = Peer("db3", True, False, "other", False)
IDLE = Peer("db2", True, False, None, False)
AHEAD = Peer("db2", True, False, None, True)
WRITER = Peer("db2", True, True, None, False)
GONE = Peer("db2")

STATES = [own(*values) for values in itertools.product(
    (True, False, None), (True, False), (WRITABLE, READ_ONLY, DOWN), (True, False), (0.0, GRACE_S + 1), (True, False), (True, False),
    (None, "02:42:00:00:00:01"), (True, False))]
ONE_PEER = [Peer("db2", *values) for values in itertools.product((True, False), (True, False), ("me", "other", None), (True, False))]
PEERS = [None, [], *([peer] for peer in ONE_PEER), [FOLLOWER, ELSEWHERE], [FOLLOWER, GONE], [GONE, GONE], [IDLE, FOLLOWER], [AHEAD,
                                                                                                                             FOLLOWER]]
EVERYTHING = [(state, peers, plan(state, peers)) for state in STATES for peers in PEERS]


def reached(peers):
    return [peer for peer in peers or () if peer.reached]


def test_every_combination_was_decided():
    assert len(EVERYTHING) == 3 * 2 * 3 * 2 * 2 * 2 * 2 * 2 * 2 * len(PEERS)
    for _state, _peers, decision in EVERYTHING:
        assert decision.address in (KEEP, TAKE, RELEASE)
        assert decision.server in (KEEP, WRITABLE, READ_ONLY)
        assert decision.record in (KEEP, FORGET)
        assert decision.because


def test_who_has_no_record_touches_nothing():
    for state, _peers, decision in EVERYTHING:
        if state.recorded is None:
            assert decision[:3] == (KEEP, KEEP, KEEP)


def test_only_the_recorded_writer_takes_writes_or_the_address():
    for state, _peers, decision in EVERYTHING:
        if not state.recorded:
            assert decision.address != TAKE and decision.server != WRITABLE


def test_nobody_takes_while_another_answers_for_the_address_or_while_cut_off():
    for state, _peers, decision in EVERYTHING:
        if state.recorded is not None and (state.rival or state.isolated):
            assert decision.server != WRITABLE and decision.address != TAKE
            if state.recorded:
                assert decision.address == RELEASE
            if state.server == WRITABLE:
                assert decision.server == READ_ONLY


def test_the_address_is_taken_only_where_writes_are_allowed():
    for state, _peers, decision in EVERYTHING:
        if decision.address == TAKE:
            assert state.server == WRITABLE and not state.held


def test_a_server_becomes_writable_only_after_a_restart_and_without_an_objection():
    for state, peers, decision in EVERYTHING:
        if decision.server == WRITABLE:
            assert state.recorded and state.restarted and state.server == READ_ONLY and peers is not None
            assert not any(peer.writable or peer.follows == "other" for peer in reached(peers))
            assert not any(peer.ahead and peer.follows == "me" for peer in reached(peers))
            assert reached(peers) or not peers or state.continuous


def test_the_record_is_forgotten_only_when_another_member_is_writable():
    for state, peers, decision in EVERYTHING:
        if decision.record == FORGET:
            assert state.recorded and any(peer.writable for peer in reached(peers)) and decision.address == RELEASE


def test_two_recorded_writers_never_both_take_writes():
    """Whatever each of two members believes of itself: they see each other, and one of them has the marker of its promotion."""
    for late in (True, False):
        old = own(True, False, READ_ONLY, False, 0.0, True, late)
        new = own(True, False, READ_ONLY, False, 0.0, True, late)
        from_old = plan(old, [Peer("new", True, False, None, True)])
        from_new = plan(new, [Peer("old", True, False, None, False)])
        assert (from_old.server, from_new.server) == (KEEP, WRITABLE)


@pytest.mark.parametrize("state, peers, expected, because", [
    (own(), [], (KEEP, KEEP, KEEP), "writer"),
    (own(held=False), [], (TAKE, KEEP, KEEP), "writer"),
    (own(recorded=False), [], (RELEASE, READ_ONLY, KEEP), "not the writer"),
    (own(recorded=False, yielding=True, server=READ_ONLY), [], (KEEP, KEEP, KEEP), "hands the address over"),
    (own(rival="02:42:00:00:00:01"), [], (RELEASE, READ_ONLY, KEEP), "02:42:00:00:00:01 answers for the address, too"),
    (own(isolated=True), [], (RELEASE, READ_ONLY, KEEP), "cut off: neither a peer nor the gateway answers"),
    (own(server=DOWN, down_s=2), [], (KEEP, KEEP, KEEP), "the server does not answer"),
    (own(server=DOWN, down_s=11), [], (RELEASE, KEEP, KEEP), "the server does not answer for more than 10 s"),
    (own(server=READ_ONLY), [FOLLOWER], (RELEASE, KEEP, KEEP), "somebody made the server read-only"),
    (own(server=READ_ONLY, restarted=True), None, (RELEASE, KEEP, KEEP), "stays read-only: the other members are being asked"),
    (own(server=READ_ONLY, restarted=True, continuous=True), None, (KEEP, KEEP, KEEP),
     "stays read-only: the other members are being asked"),
    (own(server=READ_ONLY, restarted=True), [FOLLOWER], (KEEP, WRITABLE, KEEP), "the writer is back and nobody objects"),
    (own(server=READ_ONLY, restarted=True), [IDLE], (KEEP, WRITABLE, KEEP), "the writer is back and nobody objects"),
    (own(server=READ_ONLY, restarted=True), [], (KEEP, WRITABLE, KEEP), "the writer is back and nobody objects"),
    (own(server=READ_ONLY, restarted=True), [GONE], (RELEASE, KEEP, KEEP), "stays read-only: no other member can be asked"),
    (own(server=READ_ONLY, restarted=True, continuous=True), [GONE], (KEEP, WRITABLE, KEEP), "the writer is back and nobody objects"),
    (own(server=READ_ONLY, restarted=True), [WRITER], (RELEASE, KEEP, FORGET), "db2 is the writer now"),
    (own(server=READ_ONLY, rival="02:42:00:00:00:01"), [WRITER], (RELEASE, KEEP, FORGET), "db2 is the writer now"),
    (own(server=READ_ONLY, restarted=True), [FOLLOWER, ELSEWHERE], (RELEASE, KEEP, KEEP),
     "stays read-only: db3 replicates from another member"),
    (own(server=READ_ONLY, restarted=True), [AHEAD], (RELEASE, KEEP, KEEP), "stays read-only: db2 has transactions that are not here"),
    # A former writer that came back with rows of its own has no say while somebody follows this one.
    (own(server=READ_ONLY, restarted=True), [AHEAD, FOLLOWER._replace(name="db3")], (KEEP, WRITABLE, KEEP),
     "the writer is back and nobody objects"),
    (own(server=READ_ONLY, restarted=True), [FOLLOWER._replace(ahead=True)], (RELEASE, KEEP, KEEP),
     "stays read-only: db2 has transactions that are not here"),
])
def test_situations(state, peers, expected, because):
    decision = plan(state, peers)
    assert (decision[:3], decision.because) == (expected, because)


HERE = {("198.18.0.31", 3306), ("db1", 3306)}
OTHERS = {"db2": {("198.18.0.32", 3306)}, "db3": {("198.18.0.33", 3306)}}
EVERYBODY = set().union(*OTHERS.values())


@pytest.mark.parametrize("sources, expected", [
    ([], None),
    ([("198.18.0.31", 3306)], "me"),
    ([("db1", 3306)], "me"),
    ([("198.18.0.31", 13306)], None),
    ([("198.18.0.32", 3306)], "other"),
    ([("203.0.113.9", 3306)], None),
    ([("198.18.0.32", 3306), ("198.18.0.31", 3306)], "me"),
])
def test_whom_a_peer_follows(sources, expected):
    assert mysql_record.follows(sources, HERE, EVERYBODY) == expected


def test_a_chain_leads_to_its_head():
    sources = {"db2": [("198.18.0.31", 3306)], "db3": [("198.18.0.32", 3306)]}
    peers = [Peer(name, True, False, mysql_record.follows(sources[name], HERE, EVERYBODY)) for name in ("db3", "db2")]
    assert [peer.follows for peer in mysql_record.chained(peers, sources, OTHERS)] == ["me", "me"]


def test_a_chain_behind_somebody_who_cannot_be_asked_follows_another():
    sources = {"db2": [], "db3": [("198.18.0.32", 3306)]}
    peers = [Peer("db2"), Peer("db3", True, False, "other")]
    assert [peer.follows for peer in mysql_record.chained(peers, sources, OTHERS)] == [None, "other"]


def test_a_record_is_written_whole(tmp_path):
    assert mysql_record.read_record(str(tmp_path)) == ({}, 0.0)
    mysql_record.write_record({"writer": True}, str(tmp_path))
    record, changed = mysql_record.read_record(str(tmp_path))
    assert record == {"writer": True} and changed > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["writer.json"]


def test_a_torn_record_is_none(tmp_path):
    (tmp_path / "writer.json").write_text('{"writer": tr', encoding="utf-8")
    assert mysql_record.read_record(str(tmp_path)) == ({}, 0.0)


def test_one_at_a_time(tmp_path):
    with mysql_record.locked(str(tmp_path)) as first, mysql_record.locked(str(tmp_path), wait=False) as second:
        assert (first, second) == (True, False)
    with mysql_record.locked(str(tmp_path), wait=False) as third:
        assert third


def test_an_agent_is_known_by_its_lock(tmp_path):
    import fcntl
    import os

    assert not mysql_record.agent_runs(str(tmp_path))
    handle = os.open(str(tmp_path / mysql_record.ALIVE), os.O_RDWR | os.O_CREAT)
    assert not mysql_record.agent_runs(str(tmp_path))
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert mysql_record.agent_runs(str(tmp_path))
    os.close(handle)


@pytest.mark.parametrize(("state", "at_once"), [
    (own(isolated=True), True),
    (own(rival="02:42:00:00:00:01"), True),
    (own(), False),
    # It hears the writer from which it is just taking over: its server takes writes already, its record comes a moment later.
    (own(recorded=False, server=WRITABLE, rival="02:42:00:00:00:01"), False),
    (own(recorded=False, isolated=True), False),
    (own(recorded=None, rival="02:42:00:00:00:01"), False),
])
def test_only_a_writer_stops_without_waiting_for_whoever_works_on_the_member(state, at_once):
    assert mysql_record.urgent(state) is at_once

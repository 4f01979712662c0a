# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A member's place in the store: what it says, and which requests hold when they come late. The store is the model's."""

from __future__ import annotations

import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_lease as rules
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_store
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import ApiError
from lease_model import World

ETCD = "https://192.0.2.1:2379"
TOLD = {"instance": "i1", "following": 0, "acks": False, "unfit": ""}


@pytest.fixture
def world(monkeypatch):
    made = World(1, lossy=0)
    monkeypatch.setattr(mysql_store, "now", made.clock)
    return made


@pytest.fixture
def store(world):
    one = world.agents["db1"].store
    one.publish(TOLD)
    one.once()
    return one


def key(world, name):
    return world.etcd.keys.get("/p/" + name, (None, 0, 0, "0"))


def view(store):
    store.once()
    return store.view()


def late(store, world, ask):
    """What was asked, to be done later."""
    kept = []
    world.etcd.transact, real = lambda *words: kept.append(words) or False, world.etcd.transact
    ask()
    store.act()
    world.etcd.transact = real
    return lambda: real(*kept[0])


def test_what_it_says_is_there_and_is_said_anew_when_it_is_not(store, world):
    assert key(world, "member/db1")[0] == TOLD
    for gone in (lambda: world.etcd.keys.pop("/p/member/db1"), world.etcd.leases.clear):
        gone()
        world.etcd.step()
        for _round in range(3):
            store.renewed = -1e9
            store.once()
        assert key(world, "member/db1")[0] == TOLD and key(world, "member/db1")[3] == store.lease


def test_what_it_said_earlier_does_not_come_back(store, world):
    store.publish(dict(TOLD, acks=True))
    old = late(store, world, store.publish_now)
    store.publish(dict(TOLD, following=5))
    store.once()
    assert old() is False and key(world, "member/db1")[0] == dict(TOLD, following=5)


def test_who_confirmed_that_it_stays_gives_nothing_away_any_more(store, world):
    store.take(rules.View(), "0-1-1", {}, "agent", lambda done: None)
    now = view(store)
    handed = late(store, world, lambda: store.give_up(now, lambda done: None, "db2", "0-1-1"))
    given_up = late(store, world, lambda: store.give_up(now, lambda done: None))
    got = []
    store.confirm(now, got.append)
    store.once()
    assert got == [True] and handed() is False and key(world, "handover")[0] is None
    # Whom nobody is named for takes over by asking everybody.
    assert given_up() is True and key(world, "writer")[0] is None


def test_a_writer_says_that_it_is_to_be_led_by_hand(store, world):
    store.take(rules.View(), "0-1-1", {}, "agent", lambda done: None)
    store.park(view(store), lambda done: None)
    assert rules.parked(view(store)) and view(store).writer == "db1"
    world.t += 601
    world.etcd.step()
    assert key(world, "handover")[0] is None


def test_nobody_is_taken_out_by_what_it_said_before(store, world):
    store.take(rules.View(), "0-1-1", {"db2": {"instance": "i2", "whole": True}}, "agent", lambda done: None)
    other = world.agents["db2"].store
    other.publish(dict(TOLD, instance="i2"))
    other.once()
    now, got = view(store), []
    other.publish(dict(TOLD, instance="i2", acks=True))
    other.once()
    store.change_sync(now, {}, got.append)
    store.once()
    store.change_sync(view(store), {}, got.append)
    store.once()
    assert got == [False, True] and key(world, "sync")[0] == {}


def test_a_request_after_one_that_failed_is_told_so(store, world):
    now, got = view(store), []
    store.confirm(now, lambda done: got.append(("confirm", done)))
    store.depose(now, lambda done: got.append(("depose", done)))
    world.etcd.up = False
    with pytest.raises(ApiError):
        store.act()
    assert got == [("confirm", False), ("depose", False)] and store.requests == []


@pytest.mark.parametrize("address, endpoints, mine, given, said", [
    ("192.0.2.1", [ETCD, "https://192.0.2.2:2379"], True, ["db2"], ["etcd is led by db2 from now on, the writer is here"]),
    ("192.0.2.1", [ETCD], False, ["db2"], []), ("192.0.2.1", [ETCD], True, [""], []),
    ("2001:db8::1", ["https://[2001:db8::1]:2379"], True, [ApiError("no"), ApiError("no")],
     ["etcd may be led from the writer's machine: no"])])
def test_the_writer_gives_the_lead_of_etcd_away(address, endpoints, mine, given, said):
    words, left = [], list(given)
    one = mysql_store.Lead({"endpoints": endpoints}, address, types.SimpleNamespace(mine=lambda: mine), words.append)
    assert one.lead.api.url == endpoints[0]

    def give_away():
        found = left.pop(0)
        if isinstance(found, ApiError):
            raise found
        return found

    one.lead = types.SimpleNamespace(give_away=give_away)
    for _turn in given:
        one.once()
    assert words == said


def test_where_etcd_is_elsewhere_nothing_is_given_away():
    assert mysql_store.Lead({"endpoints": ["https://192.0.2.9:2379"]}, "192.0.2.1", None, None).lead is None


# What outlives an agent

CONFIG = {"endpoints": [ETCD], "prefix": "/p/", "ttl_s": 3}


def another(path):
    said = []
    made = mysql_store.Store(CONFIG, "db1", str(path), said.append, types.SimpleNamespace())
    made.told_words = said
    return made


def test_an_agent_that_is_started_anew_goes_on_with_the_lease(tmp_path, monkeypatch):
    monkeypatch.setattr(mysql_store, "now", lambda: 100.0)
    path = tmp_path / "lease.json"
    one = another(path)
    one.lease, one.until, one.writer = "77", 103.0, True
    one.remember()
    assert [file.name for file in tmp_path.iterdir()] == ["lease.json"]
    two = another(path)
    assert (two.lease, two.until, two.writer, two.mine()) == ("77", 103.0, True, True)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"lease": "77"}', None])
def test_what_is_torn_or_not_there_is_no_lease(tmp_path, text):
    path = tmp_path / "lease.json"
    if text is not None:
        path.write_text(text)
    one = another(path)
    assert one.lease is None and not one.valid() and not one.mine()


@pytest.mark.parametrize("left_s, valid", [(0.41, True), (0.39, False), (-1, False)])
def test_a_holder_stops_before_its_lease_can_run_out(tmp_path, monkeypatch, left_s, valid):
    monkeypatch.setattr(mysql_store, "now", lambda: 100.0)
    one = another(tmp_path / "lease.json")
    one.lease, one.until, one.writer = "77", 100.0 + left_s, True
    assert one.valid() is valid and one.mine() is valid
    one.writer = False
    assert not one.mine()


@pytest.mark.parametrize("leaderless, asked, until", [
    (True, 101.0, 104.0), (True, 103.5, 103.0), (False, 101.0, 103.0), (True, 99.5, 103.0)])
def test_without_a_leader_a_lease_that_has_not_ended_gets_its_whole_time(tmp_path, leaderless, asked, until):
    one = another(tmp_path / "lease.json")
    one.until, one.proven = 103.0, (asked, leaderless)
    one.prolong(asked)
    assert one.until == until


def test_that_there_is_no_leader_is_known_for_a_moment_only(tmp_path, monkeypatch):
    one, at = another(tmp_path / "lease.json"), [100.0]
    monkeypatch.setattr(mysql_store, "now", lambda: at[0])
    one.proven, one.seen = (99.0, True), (99.0, "view")
    assert one.leaderless() and one.view() == "view"
    at[0] = 99.0 + mysql_store.FRESH_S
    assert not one.leaderless() and one.view() is None
    one.proven = (at[0], False)
    assert not one.leaderless()


def test_trouble_is_said_when_it_comes_and_when_it_goes(tmp_path):
    one = another(tmp_path / "lease.json")
    assert one.trouble == "not asked yet"
    for trouble in ("", "", "192.0.2.1 refuses", "192.0.2.2 refuses", ""):
        one.told(trouble)
    assert one.told_words == ["etcd: answers", "etcd: 192.0.2.1 refuses", "etcd: answers"]


def test_members_are_given_up_only_while_nobody_is_the_writer_and_the_others_count_whole_then(store, world):
    sync = {"db2": {"instance": "i2", "whole": False}, "db3": {"instance": "i3", "whole": True}}
    got = []
    store.take(rules.View(), "0-1-1", sync, "agent", got.append)
    store.forget_members(view(store), ["db3"], got.append)
    now = view(store)
    assert got == [True, False] and now.sync == sync
    store.give_up(now, got.append)
    store.once()
    store.forget_members(view(store), ["db3"], got.append)
    assert view(store).sync == {"db2": {"instance": "i2", "whole": True}} and got == [True, False, True, True]


def test_one_request_of_a_kind_at_a_time(tmp_path):
    one = another(tmp_path / "lease.json")
    for number in (1, 2):
        one.request("take", [], list, number)
    one.request("sync", [], list, 3)
    assert [(what, then) for what, _compare, _success, then in one.requests] == [("take", 1), ("sync", 3)] and one.wake.is_set()


def test_what_it_says_wakes_the_thread_only_when_it_is_new(tmp_path):
    one = another(tmp_path / "lease.json")
    one.publish(TOLD)
    assert one.wake.is_set()
    one.wake.clear()
    one.publish(dict(TOLD))
    assert not one.wake.is_set()

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

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of the lease in random order: never two that can acknowledge, nothing acknowledged is lost, somebody writes again. And that
this test can fail: rules that were broken on purpose are found."""

from __future__ import annotations

import lease_model
import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_lease as rules
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_store
from lease_model import Broken, World

# More faults at once than anybody has, so that few runs find much.
FAULTS, PAUSES_S = 15, (0.2, 0.4, 1, 2)


@pytest.fixture
def runs(monkeypatch):
    def made(seed, members=3, alone=False, **weather):
        world = World(seed, members, alone, **weather)
        monkeypatch.setattr(mysql_store, "now", world.clock)
        return world.play(FAULTS, PAUSES_S)
    return made


@pytest.mark.parametrize("members, alone, seeds", [(3, False, 70), (3, True, 25), (4, False, 20), (2, False, 10)])
def test_whatever_happens_nothing_is_lost_and_somebody_writes_again(runs, members, alone, seeds):
    worlds = [runs(seed, members, alone) for seed in range(seeds)]
    # Else little was tried.
    assert sum(len(world.acknowledged) for world in worlds) > 20 * seeds
    assert sum(world.leaders for world in worlds) > 1.3 * seeds
    assert sum(len(world.discarded) for world in worlds) <= seeds / 20


REAL = {name: getattr(rules, name) for name in ("unproven", "next_sync", "taken_sync", "as_former", "as_replica", "as_writer")}


def one_may_be_missing(view):
    why = REAL["unproven"](view)
    return "" if " may have acknowledged what nobody else has" in why else why


def who_is_gone_does_not_count(view):
    there = {name: entry for name, entry in view.sync.items() if name in rules.promises(view)}
    return REAL["unproven"](view._replace(sync=there))


def any_process_will_do(view):
    given = rules.promises(view)
    same = {name: dict(entry, instance=given.get(name, entry)["instance"]) for name, entry in view.sync.items()}
    return REAL["unproven"](view._replace(sync=same))


def everybody_has_everything(view, me, positions, needed, alone=False):
    return {name: dict(entry, whole=True) for name, entry in REAL["next_sync"](view, me, positions, needed, alone).items()}


def takers_leave_nobody_behind(view, me):
    return {name: dict(entry, whole=True) for name, entry in REAL["taken_sync"](view, me).items()}


def opens_before_it_knows(own, view, alone):
    return REAL["as_writer"](own._replace(confirmed=True), view, alone)


def goes_on_without_the_lease(own, view, leaderless):
    return REAL["as_former"](own, view, leaderless)._replace(server=rules.KEEP, lease=rules.KEEP)


def never_stops_receiving(own, view, order):
    found = REAL["as_replica"](own, view, order)
    return found._replace(replication=rules.NOTHING) if found.replication == rules.PROMISE else found


# In which weather a rule is missed soonest.
LAGGING = {"faults": ("server_dies", "cut_from_one"), "lossy": 0}
DYING = {"faults": ("cut_off", "machine_dies", "cut_from_one"), "lossy": 0}


@pytest.mark.parametrize("name, broken, weather", [
    ("unproven", one_may_be_missing, {}), ("unproven", who_is_gone_does_not_count, DYING), ("unproven", any_process_will_do, DYING),
    ("next_sync", everybody_has_everything, LAGGING), ("taken_sync", takers_leave_nobody_behind, LAGGING),
    ("as_writer", opens_before_it_knows, {"faults": ("handed_over",), "lossy": 0.3, "applies": 0.3}),
    ("as_former", goes_on_without_the_lease, {}), ("as_replica", never_stops_receiving, {})],
    ids=lambda one: getattr(one, "__name__", None))
def test_a_rule_that_is_broken_is_found(runs, monkeypatch, name, broken, weather):
    monkeypatch.setattr(rules, name, broken)
    with pytest.raises(Broken):
        for seed in range(200):
            runs(seed, **weather)


def test_two_that_acknowledge_are_found(monkeypatch):
    world = World(1)
    monkeypatch.setattr(mysql_store, "now", world.clock)
    world.settled(adopted=True)
    follower = world.servers["db2"]
    follower.writable, follower.waits = True, False
    with pytest.raises(Broken, match="can both acknowledge a commit"):
        world.judge()


def test_the_model_is_reproducible(runs):
    first, second = runs(3), runs(3)
    assert first.acknowledged == second.acknowledged and first.story == second.story and lease_model.STEP_S

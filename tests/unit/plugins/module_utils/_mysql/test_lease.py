# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module asks of the agent that holds the lease."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import REQUEST, STATUS, read_json, write_json
from ansible_collections.failover.stack.plugins.module_utils._mysql import lease
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure

VIEW = {"writer": "db1", "term": 7, "sync": {}, "handover": {}}


@pytest.fixture
def agent(tmp_path, clock):
    """agent(view, …): what it tells, one after the other, whenever it is waited for."""
    played = clock(lease)
    played.time = lambda: 1000.0

    def tells(*views):
        left = list(views)

        def sleep(_seconds):
            write_json(str(tmp_path / STATUS), {"view": left.pop(0) if len(left) > 1 else left[0], "at": 1000.0})

        write_json(str(tmp_path / STATUS), {"view": left.pop(0) if len(left) > 1 else left[0], "at": 1000.0})
        wait = played.sleep
        played.sleep = lambda seconds: (sleep(seconds), wait(seconds))
        return str(tmp_path)

    return tells


def test_that_it_is_to_be_led_by_hand_is_waited_for(agent):
    directory = agent(VIEW, VIEW, dict(VIEW, handover={"from": "db1", "to": ""}))
    lease.park("db1", 5, directory)
    assert read_json(directory + "/" + REQUEST)["park"] is True
    assert lease.parked({"handover": {"to": ""}}) and not lease.parked(VIEW) and not lease.parked({})


def test_an_agent_that_does_not_is_told(agent):
    with pytest.raises(Failure, match="did not note within 5 s in etcd that the cluster is to be led by hand"):
        lease.park("db1", 5, agent(VIEW))


def told(tmp_path, at=1000.0, **more):
    write_json(str(tmp_path / STATUS), {"view": VIEW, "at": at, **more})
    return str(tmp_path)


@pytest.mark.parametrize("at, fresh", [(1000.0, True), (995.1, True), (1004.9, True), (995.0, False), (1005.0, False)])
def test_what_an_agent_told_counts_for_a_while(tmp_path, clock, at, fresh):
    clock(lease).time = lambda: 1000.0
    assert bool(lease.status(told(tmp_path, at))) is fresh
    assert lease.status(str(tmp_path / "nowhere")) == {}


def test_an_agent_that_was_just_started_is_waited_for(tmp_path, clock):
    played = clock(lease)
    played.time = lambda: 1000.0
    played.later = {3: lambda: told(tmp_path)}
    assert lease.known("db1", str(tmp_path), 5)["view"] == VIEW and 1003 <= played.now < 1003.2


@pytest.mark.parametrize("trouble, words", [("", ""), ("etcd: 192.0.2.9 refuses", ", etcd: 192.0.2.9 refuses")])
def test_an_agent_that_sees_no_store_is_told_with_its_trouble(tmp_path, clock, trouble, words):
    clock(lease).time = lambda: 1000.0
    write_json(str(tmp_path / STATUS), {"view": {}, "at": 1000.0, "trouble": trouble})
    with pytest.raises(Failure) as refused:
        lease.known("db1", str(tmp_path), 5)
    assert str(refused.value) == ("db1: the agent of the writer address (mysql-writer.service) does not say who holds the lease%s: look at "
                                  "its journal, and at etcd." % words)


@pytest.mark.parametrize("view, sentence", [
    ({"term": 0, "writer": None, "last": {}}, None),
    ({"term": 7, "writer": "db2", "last": {"name": "db2"}},
     "db1: the lease decides who takes the writes, and db2 has it: this member is not made the writer, hand it over with "
     "playbooks/mysql_switchover.yml."),
    ({"term": 7, "writer": None, "last": {"name": "db3"}},
     "db1: the lease decides who takes the writes, and nobody has it at present, db3 had it last: this member is not made the writer, hand "
     "it over with playbooks/mysql_switchover.yml."),
])
def test_only_a_cluster_without_a_past_is_begun_from_outside(agent, view, sentence):
    directory = agent(view)
    if sentence is None:
        assert lease.may_begin("db1", directory) is None
        return
    with pytest.raises(Failure) as refused:
        lease.may_begin("db1", directory)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("held, writer, sync, sentence", [
    (True, "db1", {"db2": {}}, None),
    (False, "db3", {"db2": {}}, "db1: the lease is with db3 and not here, nothing was changed: ask again who the writer is."),
    (False, None, {"db2": {}}, "db1: the lease is with nobody and not here, nothing was changed: ask again who the writer is."),
    (True, "db1", {"db4": {}, "db3": {}}, "db1: db2 may not acknowledge at present (db3, db4 may), so it may lack something, nothing was "
     "changed: wait until it follows."),
    (True, "db1", {}, "db1: db2 may not acknowledge at present (nobody may), so it may lack something, nothing was changed: wait until it "
     "follows."),
])
def test_a_lease_is_handed_only_by_who_has_it_to_who_has_everything(held, writer, sync, sentence):
    found = {"lease": held, "view": {"writer": writer, "sync": sync}}
    if sentence is None:
        assert lease.may_hand_over("db1", found, "db2") is None
        return
    with pytest.raises(Failure) as refused:
        lease.may_hand_over("db1", found, "db2")
    assert str(refused.value) == sentence


def test_whoever_asks_for_a_move_waits_until_the_other_has_the_lease(agent):
    directory = agent(VIEW, dict(VIEW, writer=None), dict(VIEW, writer="db2"))
    lease.hand_over("db1", "db2", 800, 5, directory)
    asked = read_json(directory + "/" + REQUEST)
    assert (asked["to"], asked["patience_ms"], asked["at"]) == ("db2", 800, 1000.0) and asked["id"]
    lease.hand_over("db1", "db2", 800, 5, directory)
    # Another request, though it says the same.
    assert read_json(directory + "/" + REQUEST)["id"] != asked["id"]


@pytest.mark.parametrize("writer, where", [("db1", "db1"), (None, "nobody")])
def test_a_move_that_does_not_happen_is_told_with_who_has_the_lease(agent, writer, where):
    with pytest.raises(Failure) as failed:
        lease.hand_over("db1", "db2", 800, 5, agent(dict(VIEW, writer=writer)))
    assert str(failed.value) == ("db1: db2 did not get the lease within 5 s, it is with %s (None): look at the journals of "
                                 "mysql-writer.service." % where)


def test_nobody_is_given_up_while_somebody_takes_the_writes(agent):
    with pytest.raises(Failure, match=r"^db2: db1 holds the lease, so nobody has to be given up\.$"):
        lease.give_up("db2", {"view": VIEW}, ["db3"], 5, agent(VIEW))


def test_who_is_given_up_is_waited_for_to_be_out_of_those_who_acknowledge(agent, tmp_path):
    nobody = dict(VIEW, writer=None, sync={"db2": {}, "db3": {}})
    directory = agent(nobody, nobody, dict(nobody, sync={"db2": {}}))
    lease.give_up("db2", {"view": nobody}, ["db3"], 5, directory)
    assert read_json(directory + "/" + REQUEST)["give_up"] == ["db3"] and lease.status(directory)["view"]["sync"] == {"db2": {}}
    with pytest.raises(Failure) as failed:
        lease.give_up("db2", {"view": nobody}, ["db2", "db3"], 5, directory)
    assert str(failed.value) == "db2: db2, db3 could not be given up within 5 s: look at the journal of mysql-writer.service."


def test_an_agent_that_says_nothing_has_given_up_nobody(tmp_path, clock):
    clock(lease).time = lambda: 1000.0
    with pytest.raises(Failure, match="could not be given up within 5 s"):
        lease.give_up("db2", {"view": dict(VIEW, writer=None)}, ["db3"], 5, str(tmp_path))

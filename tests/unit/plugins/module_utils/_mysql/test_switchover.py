# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every sentence that stands against handing the writer's part over, or against taking it away."""

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.switchover import (
    failover_cluster,
    failover_problems,
    switchover_problems,
)

TOPOLOGY = {"db1": {"role": "source", "source": None, "action": "none", "writable": True, "because": ""},
            "db2": {"role": "replica", "source": "db1", "action": "none", "writable": False, "because": ""},
            "db3": {"role": "replica", "source": "db1", "action": "none", "writable": False, "because": ""}}
CHANNEL = {"channel": "", "gtid": "slave_pos", "received": "0-1-9", "receiver": "running", "applier": "running", "applier_errno": 0,
           "applier_error": "", "delay": 0, "lag": 0, "filters": {}, "ssl": True, "source_host": "db1", "source_port": 3306}
WRITER = {"reachable": True, "writable": True, "log_bin": True, "answers": True}
REPLICA = {"reachable": True, "writable": False, "log_bin": True, "log_replica_updates": True, "blank": False, "channels": [CHANNEL],
           "gtid": {"enabled": True, "executed": "0-1-9"}}


def switch(writer=None, candidate=None, row=None, places=None, **more):
    writer, candidate = WRITER if writer is None else writer, REPLICA if candidate is None else candidate
    topology = dict(TOPOLOGY, db2=dict(TOPOLOGY["db2"], **(row or {})))
    return switchover_problems({"db1": writer, "db2": candidate}, topology, "db2", places=places, **more)


def test_a_healthy_pair_has_none():
    assert switch() == []
    assert switch(row={"action": "join"}) == []


@pytest.mark.parametrize("writer, sentence", [
    ({"reachable": False}, "the writer db1 cannot be asked: playbooks/mysql_failover.yml is for a writer that is dead."),
    ({}, "the writer db1 cannot be asked: playbooks/mysql_failover.yml is for a writer that is dead."),
    (dict(WRITER, writable=False), "the writer db1 is read-only: run playbooks/mysql_replication.yml first."),
    (dict(WRITER, log_bin=False), "the writer db1 has no binary log, so what the candidate lacks cannot be told."),
])
def test_a_writer_that_cannot_hand_over(writer, sentence):
    assert switch(writer) == [sentence]


def test_without_a_writer_there_is_nothing_to_hand_over():
    rows = {name: dict(row, role="replica") for name, row in TOPOLOGY.items()}
    assert switchover_problems({}, rows, "db2") == ["nobody is the writer: run playbooks/mysql_replication.yml first."]


@pytest.mark.parametrize("candidate, row, sentence", [
    ({"reachable": False, "because": "refused"}, {}, "db2 cannot be reached: refused."),
    ({}, {}, "db2 cannot be reached: no connection by SSH."),
    (dict(REPLICA, log_replica_updates=False), {},
     "db2: it does not log what it replicates (log_bin, log_replica_updates), so the others could not follow it."),
    (dict(REPLICA, channels=[]), {}, "db2: it does not replicate."),
    (REPLICA, {"source": "db3"}, "db2: it replicates from db3, not from the writer db1."),
    (REPLICA, {"source": None}, "db2: it replicates from nobody, not from the writer db1."),
    (REPLICA, {"action": "seed", "because": "it has errant transactions"}, "db2: it has errant transactions."),
    (dict(REPLICA, channels=[dict(CHANNEL, lag=11)]), {}, "db2: it is 11 s behind db1:3306."),
    (dict(REPLICA, channels=[dict(CHANNEL, ssl=False)]), {}, "db2: it replicates from db1:3306 without TLS."),
])
def test_a_candidate_that_is_not_fit(candidate, row, sentence):
    assert switch(candidate=candidate, row=row) == [sentence]


def test_what_is_allowed_is_no_problem():
    assert switch(candidate=dict(REPLICA, channels=[dict(CHANNEL, lag=11, ssl=False)]), tls=False, max_lag=20) == []


@pytest.mark.parametrize("here, there, sentence", [
    ({"before": {"address_held": True}, "mac": "aa"}, {"holder": "aa"}, None),
    ({"before": {"address_held": True}, "mac": "aa"}, {"holder": None}, None),
    ({"before": {"address_held": False}, "mac": "aa"}, {"holder": "bb"},
     "the writer address is held by bb, which is not the writer db1: take it away there."),
    ({"before": {"address_held": True}, "mac": "aa"}, {"holder": "bb"},
     "the writer address is answered for by bb, the writer db1 has aa: it has two holders."),
])
def test_who_answers_for_the_address(here, there, sentence):
    assert switch(places={"db1": here, "db2": there}) == ([sentence] if sentence else [])


# Failover

DEAD = {"reachable": False, "answers": False, "because": "No route to host"}


def test_a_writer_that_is_dead_may_be_replaced():
    answers = [{"state": "stopped"}, {"state": "started", "failed": True}]
    assert failover_problems({"db1": DEAD}, TOPOLOGY, answers, [{"holder": None}]) == []


@pytest.mark.parametrize("old, answers, sentence", [
    (WRITER, [], "The writer db1 answers and takes writes: playbooks/mysql_switchover.yml hands its part over without loss, "
                 "-e mysql_failover_dead=db1 takes it away."),
    (dict(DEAD, answers=True, because="Too many connections."), [],
     "The server of db1 answers and cannot be asked (Too many connections): repair that, or "
     "-e mysql_failover_dead=db1 takes its part away."),
    (DEAD, [{"state": "started"}], "The server of db1 answers, though db1 cannot be reached by SSH to fence it: switch it off, then say so "
                                   "with -e mysql_failover_dead=db1."),
])
def test_a_writer_that_lives_is_not_replaced_unless_that_is_said(old, answers, sentence):
    old = dict(old, answers=old.get("answers") and not old["reachable"])
    assert failover_problems({"db1": old}, TOPOLOGY, answers, []) == [sentence]
    assert failover_problems({"db1": old}, TOPOLOGY, answers, [], dead="db1") == []
    assert failover_problems({"db1": old}, TOPOLOGY, answers, [], dead="db3") == [sentence]


def test_a_writer_whose_machine_nobody_reaches_is_switched_off_by_somebody():
    (sentence,) = failover_problems({"db1": DEAD}, TOPOLOGY, [{"state": "started", "failed": True}], [], lost=["db1"])
    assert sentence.startswith("db1 cannot be reached by SSH, so nobody knows") and sentence.endswith("-e mysql_failover_dead=db1.")
    assert failover_problems({"db1": DEAD}, TOPOLOGY, [], [], dead="db1", lost=["db1"]) == []
    assert failover_problems({"db1": DEAD}, TOPOLOGY, [], [], lost=["db3"]) == []


def test_whoever_answers_for_the_address_is_switched_off_first_whatever_is_said():
    places = [{"holder": "bb"}, {"holder": "aa"}, {"holder": "bb"}, {}]
    assert failover_problems({"db1": DEAD}, TOPOLOGY, [], places, dead="db1") == [
        "aa and bb still answers for the writer address, and db1 cannot be reached by SSH to fence it: switch it off."]


def test_who_was_the_writer_must_be_known():
    rows = {name: dict(row, role="replica") for name, row in TOPOLOGY.items()}
    assert failover_problems({}, rows, [], []) == [
        "who was the writer cannot be told: name the member that shall be it with -e mysql_failover_to=<host>."]


SHOPS = {"db1": "shop", "db2": "shop", "db5": "stock"}
GROUPS = {"shop": ["db1", "db2"], "stock": ["db5"], "empty": []}


@pytest.mark.parametrize(("members", "given", "cluster", "problem"), [
    ({"db1": "shop"}, {}, "shop", ""),
    (SHOPS, {"named": "db5"}, "stock", ""),
    (SHOPS, {"group": "stock"}, "stock", ""),
    (SHOPS, {}, "", "there are several database clusters, shop, stock: name one by -e mysql_failover_group=<group>"),
    (SHOPS, {"named": "dbx"}, "", "dbx is no member of a database cluster: name one of db1, db2, db5"),
    (SHOPS, {"group": "empty"}, "", "mysql_failover_group is 'empty', which is no group with hosts in this inventory: correct the name"),
    ({}, {"named": "db1"}, "", "group mysql_replication has no hosts in this inventory: name the right inventory by -i"),
])
def test_the_cluster_that_a_failover_is_meant_for(members, given, cluster, problem):
    assert failover_cluster(members, GROUPS, **given) == {"cluster": cluster, "problem": problem}

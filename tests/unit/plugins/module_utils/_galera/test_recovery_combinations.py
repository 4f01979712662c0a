# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every combination of three members in every state, against what may never happen to what a client was told is stored."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.failover.stack.plugins.module_utils._galera.recovery import classify, lines, plan

UUID, OTHER = "c8c6bbed-e5a4-11f1-b1d1-8ec0291e69c8", "11111111-e5a4-11f1-b1d1-8ec0291e69c8"
MEMBERS = ["g1", "g2", "g3"]


def state(kind, seqno=-1, uuid="", **more):
    told = {"reachable": True, "running": False, "starting": False, "primary": False, "uuid": uuid, "seqno": seqno, "source": "none",
            "grastate": "ok", "safe_to_bootstrap": False, "databases": [], "kind": kind}
    return dict(told, **more)


def stopped(seqno, uuid=UUID, **more):
    return state("data", seqno, uuid, source="grastate.dat", databases=["shop"], **more)


STATES = {
    "primary at 30": state("primary", 30, UUID, running=True, primary=True, source="running"),
    "primary at 7 of another cluster": state("primary", 7, OTHER, running=True, primary=True, source="running"),
    "alone at 30": state("running", 30, UUID, running=True, source="running"),
    "alone at 31": state("running", 31, UUID, running=True, source="running"),
    "stopped at 29": stopped(29),
    "stopped at 31": stopped(31),
    "stopped at 31, safe": stopped(31, safe_to_bootstrap=True),
    "stopped at 40 of another cluster": stopped(40, OTHER),
    "starting": state("starting", starting=True),
    "unreachable": {},
    "unreadable": state("unreadable", problem="no position was told", databases=["shop"]),
    "torn": state("torn", 90, UUID, sst_in_progress=True, databases=["shop"]),
    "blank": state("blank"),
    "standalone": state("standalone", databases=["shop"]),
}
# Kinds of members that may have what no other has, and that nobody can look at now.
HIDDEN = ("unreachable", "unreadable")
WITH_DATA = ("data", "running")
ALL = list(itertools.product(sorted(STATES), repeat=3))


def infos_of(names):
    return {member: {key: value for key, value in STATES[name].items() if key != "kind"} for member, name in zip(MEMBERS, names)}


def kind_of(name):
    return STATES[name].get("kind", "unreachable")


def decided(chosen):
    """(names of the states, options, decision) of every combination with these options."""
    for names in ALL:
        yield names, plan(MEMBERS, infos_of(names), **chosen)


def members_of(names, *kinds):
    return [member for member, name in zip(MEMBERS, names) if kind_of(name) in kinds]


# Without an override, with each member given up, with each named, and with one named and the two others given up.
OPTIONS = [{}, *({"discard": [member]} for member in MEMBERS), *({"bootstrap_from": member} for member in MEMBERS),
           *({"bootstrap_from": member, "discard": [other for other in MEMBERS if other != member]} for member in MEMBERS),
           {"discard": MEMBERS[:2]}]


@pytest.fixture(scope="module", params=OPTIONS, ids=lambda given: ", ".join("%s=%s" % pair for pair in given.items()) or "no override")
def runs(request):
    return request.param, list(decided(request.param))


def test_the_states_are_what_they_are_called():
    for name, info in STATES.items():
        assert classify(info) == kind_of(name), name


def test_nobody_is_bootstrapped_beside_a_primary_component(runs):
    for names, decision in runs[1]:
        if members_of(names, "primary"):
            assert decision["verdict"] in ("primary", "refuse") and decision["bootstrap"] is None and decision["stop"] == [], names


def test_whatever_may_be_ahead_is_read_or_given_up_by_name(runs):
    options, decisions = runs
    for names, decision in decisions:
        if decision["verdict"] == "bootstrap":
            assert set(members_of(names, *HIDDEN)) <= set(options.get("discard", [])), names


def test_no_transaction_is_lost_that_nobody_gave_up(runs):
    """Whoever is bootstrapped has, of its cluster, all that any member has that was not named in galera_discard."""
    options, decisions = runs
    for names, decision in decisions:
        if decision["verdict"] != "bootstrap":
            continue
        kept = [STATES[name] for member, name in zip(MEMBERS, names)
                if kind_of(name) in WITH_DATA and member not in options.get("discard", [])]
        assert all(one["uuid"] == decision["uuid"] and one["seqno"] <= decision["seqno"] for one in kept), names


def test_no_database_of_a_server_that_was_in_no_cluster_is_lost_that_nobody_gave_up(runs):
    options, decisions = runs
    for names, decision in decisions:
        lone = [member for member in members_of(names, "standalone") if member not in options.get("discard", [])]
        assert not set(lone) & set(decision["join"]), names
        if decision["verdict"] == "bootstrap":
            assert lone in ([], [decision["bootstrap"]]), names


def test_nobody_joins_a_living_component_with_what_that_has_not(runs):
    options, decisions = runs
    for names, decision in decisions:
        if decision["verdict"] != "primary":
            continue
        for member, name in zip(MEMBERS, names):
            info = STATES[name]
            foreign = kind_of(name) in WITH_DATA and (info["uuid"] != decision["uuid"] or info["seqno"] > decision["seqno"])
            if (foreign or kind_of(name) == "unreadable") and member not in options.get("discard", []):
                assert member in decision["refused"] and member not in decision["join"], names


def test_a_decision_is_whole(runs):
    """Whoever acts by it finds each member in one place, and nobody whom it cannot reach."""
    options, decisions = runs
    for names, decision in decisions:
        gone, joining = set(members_of(names, "unreachable")), set(decision["join"])
        assert decision["verdict"] in ("primary", "settle", "bootstrap", "refuse") and decision["because"].endswith("."), names
        assert not gone & (joining | set(decision["stop"]) | {decision["bootstrap"]}), names
        assert decision["bootstrap"] not in joining and not joining & set(decision["refused"]), names
        assert set(decision["discard"]) <= joining & set(options.get("discard", [])), names
        assert (decision["bootstrap"] is not None) == (decision["verdict"] == "bootstrap"), names
        assert [row["member"] for row in decision["table"]] == MEMBERS and len(lines(decision)) == 6, names
        if decision["verdict"] == "refuse":
            assert not (joining or decision["stop"] or decision["discard"] or decision["given_up"]), names
        if decision["verdict"] == "bootstrap":
            assert joining == set(MEMBERS) - {decision["bootstrap"]} - gone, names
            # A position that goes on without somebody is noted for exactly those who could not be asked.
            assert set(decision["given_up"]) == (gone if decision["uuid"] else set()), names


def test_who_is_started_anew_does_not_run_before(runs):
    for names, decision in runs[1]:
        if decision["verdict"] == "bootstrap" and decision["how"] == "start":
            assert set(members_of(names, "running")) <= set(decision["stop"]), names
        if decision["verdict"] == "bootstrap" and decision["how"] == "running":
            assert decision["bootstrap"] in members_of(names, "running") and decision["bootstrap"] not in decision["stop"], names


def test_servers_are_stopped_to_be_read_only_when_that_is_all_that_is_missing(runs):
    for names, decision in runs[1]:
        if decision["verdict"] == "settle":
            assert decision["stop"] == members_of(names, "starting") and not members_of(names, "primary"), names


def test_an_override_never_makes_more_be_lost_than_it_names():
    """Who is bootstrapped without an override is so with a member given up as well, unless that is the member given up."""
    for names, decision in decided({}):
        if decision["verdict"] != "bootstrap":
            continue
        for member in MEMBERS:
            other = plan(MEMBERS, infos_of(names), discard=[member])
            if member != decision["bootstrap"]:
                assert (other["bootstrap"], other["seqno"]) == (decision["bootstrap"], decision["seqno"]), (names, member)


def test_the_order_of_the_inventory_decides_between_equals_alone():
    """Another order of the same members chooses one that is as far ahead."""
    for names in itertools.combinations_with_replacement(sorted(STATES), 3):
        found = set()
        for order in itertools.permutations(names):
            decision = plan(MEMBERS, infos_of(order))
            found.add((decision["verdict"], decision["uuid"], decision["seqno"]))
        assert len(found) == 1, (names, found)


def test_who_was_given_up_once_is_never_what_the_others_are_replaced_by():
    """Two of three went on at 30 without one: whatever it has now, it neither joins as it is nor begins the cluster."""
    record = {"given_up": {"g3": "%s:30" % UUID}}
    for one, two, three in ALL:
        if kind_of(three) not in ("data", "running", "starting") or "primary" in (kind_of(one), kind_of(two)):
            continue
        infos = infos_of((one, two, three))
        for member in MEMBERS[:2]:
            infos[member] = dict(infos[member], **record) if infos[member] else {}
        decision = plan(MEMBERS, infos)
        if any(infos[member] for member in MEMBERS[:2]) and decision["verdict"] == "bootstrap":
            assert decision["bootstrap"] != "g3" and "g3" not in decision["join"], (one, two, three)

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every state of a member beside every state of the others: what may never be lost, whoever takes over, gives or gets data."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.candidate import candidate
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.plan import judge, seed_plan
from ansible_collections.failover.stack.plugins.module_utils._mysql.topology import topology

IDS = {"db1": 1, "db2": 2, "db3": 3}
ADDRESS = {name: "198.51.100.3%d" % number for name, number in IDS.items()}
DEAD = {"reachable": False, "because": "nobody answers"}


# --- Who takes over -----------------------------------------------------------------


def replica(number, executed, received=None, state=None, **channel):
    """Of db1, which wrote as server 1 and is dead now."""
    row = {"channel": "", "gtid": "slave_pos", "received": received or executed, "receiver": "connecting", "applier": "running",
           "applier_errno": 0, "applier_error": "", "delay": 0, "lag": 0, "filters": {}, **channel}
    return {"reachable": True, "dialect": "mariadb", "server_id": number, "server_uuid": "", "blank": False, "log_bin": True,
            "log_replica_updates": True, "channels": [row],
            "gtid": {"enabled": True, "executed": executed, "state": state or executed, "slave": executed, "server_id": number}}


# What it is, how much of the writer's it has once all is applied that it received, and whether it could take over.
REPLICAS = {
    "has 95": (lambda number: replica(number, "0-1-95"), 95, True),
    "has 95, received 100": (lambda number: replica(number, "0-1-95", "0-1-100"), 100, True),
    "has 100": (lambda number: replica(number, "0-1-100"), 100, True),
    "received 101, broken": (lambda number: replica(
        number, "0-1-95", "0-1-101", applier="stopped", applier_errno=1062, applier_error="Duplicate entry"), 101, False),
    "received 101, late on purpose": (lambda number: replica(number, "0-1-50", "0-1-101", delay=3600), 101, False),
    "has 100 in part": (lambda number: replica(number, "0-1-100", filters={"do_db": ["shop"]}), 100, False),
    "wrote itself": (lambda number: replica(number, "0-%d-97" % number, state="0-1-95,0-%d-97" % number), 95, False),
    "dead": (lambda number: DEAD, None, False),
}
THREE = list(itertools.product(sorted(REPLICAS), repeat=3))
MEMBERS = ["db2", "db3", "db4"]


@pytest.mark.parametrize("given_up", [[], ["db2"], ["db3"], ["db3", "db4"]], ids=lambda names: ", ".join(names) or "nobody given up")
def test_whoever_takes_over_has_all_that_anybody_has_who_was_not_given_up(given_up):
    chosen = 0
    for names in THREE:
        seen = {member: REPLICAS[name][0](number) for number, (member, name) in enumerate(zip(MEMBERS, names), 2)}
        found = candidate(seen, given_up=given_up)
        assert (found["best"] is None) == bool(found["refused"]), names
        if found["best"] is None:
            assert found["wait_for"] == "" and found["refused"].endswith("."), names
            continue
        chosen += 1
        state = dict(zip(MEMBERS, names))
        _made, has, fit = REPLICAS[state[found["best"]]]
        others = [name for member, name in state.items() if member not in (found["best"], *given_up)]
        # Alone, what it wrote itself is in nobody's way.
        alone = all(state[member] == "dead" for member in MEMBERS if member != found["best"])
        assert fit or (alone and state[found["best"]] == "wrote itself"), names
        assert "dead" not in others and all(REPLICAS[name][1] <= has for name in others), names
        assert found["wait_for"] == ("0-1-%d" % has if fit else found["wait_for"]), names
    assert chosen


def test_a_refusal_names_what_would_let_it_go_on():
    """Whoever types what the sentence says gets a decision, or another sentence about somebody else."""
    for names in THREE:
        seen = {member: REPLICAS[name][0](number) for number, (member, name) in enumerate(zip(MEMBERS, names), 2)}
        refused, given_up = candidate(seen)["refused"], []
        for _round in MEMBERS:
            if refused and "-e mysql_failover_without=db" in refused:
                given_up += [part.split(".")[0].split(",")[0].strip() for part in refused.split("mysql_failover_without=")[1:]]
                refused = candidate(seen, given_up=given_up)["refused"]
        assert refused is None or refused.startswith("no member can take over: "), (names, given_up, refused)


# --- Whose data may be replaced -------------------------------------------------------


def holder(executed, databases, number, state=None, **more):
    return {"reachable": True, "dialect": "mariadb", "version": "10.11.18", "writable": False, "log_bin": True, "log_replica_updates": True,
            "databases": databases, "blank": not databases, "channels": [{"receiver": "running", "applier": "running", "lag": 0}],
            "gtid": {"executed": executed, "state": state or executed, "slave": executed, "server_id": number}, **more}


WRITER = holder("0-1-100", ["shop"], 1, writable=True)
# What it is, and whether a copy of the writer's data in place of its own loses nothing.
HOLDERS = {
    "blank": (holder("", [], 3), True),
    "blank with transactions of its own": (holder("0-3-2", [], 3), True),
    "behind": (holder("0-1-90", ["shop"], 3), True),
    "level": (holder("0-1-100", ["shop"], 3), True),
    "wrote itself": (holder("0-3-101", ["shop"], 3, state="0-1-100,0-3-101"), False),
    "another database": (holder("0-1-100", ["crm", "shop"], 3), False),
    "data without a history": (holder("", ["shop"], 3), False),
    "takes writes": (holder("0-1-100", ["shop"], 3, writable=True), False),
    "silent": (DEAD, False),
}


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("name", HOLDERS)
def test_data_goes_without_being_asked_for_only_where_nothing_is_lost(name, named):
    mine, harmless = HOLDERS[name]
    allowed, keep, because = judge("db3", mine, "db1", WRITER, named)
    assert allowed == (harmless or (named and name != "takes writes")) and keep is not harmless and because
    assert judge("db3", mine, "db3", WRITER, named)[0] is False


@pytest.mark.parametrize("discard", ["", "db3", "db2", "db2, db3"])
def test_nobody_gives_who_has_less_than_the_writer_gave_it(discard):
    """Two of three get a copy or none: a donor is none of those whose data goes, answers, replicates and wrote nothing itself."""
    for one, two in itertools.product(HOLDERS, repeat=2):
        seen = {"db1": WRITER, "db2": dict(HOLDERS[one][0]), "db3": HOLDERS[two][0]}
        if seen["db2"].get("gtid"):
            seen["db2"]["gtid"] = dict(seen["db2"]["gtid"], server_id=2, **{
                key: seen["db2"]["gtid"][key].replace("0-3-", "0-2-") for key in ("executed", "state", "slave")})
        for entry in seed_plan(["db3"], seen, "db1", discard) + seed_plan(["db2", "db3"], seen, "db1", discard):
            named = entry["host"] in discard
            harmless, takes = HOLDERS[one if entry["host"] == "db2" else two][1], seen[entry["host"]].get("writable")
            assert bool(entry["refused"]) == (not harmless and not (named and not takes)), (one, two, entry)
            assert entry["donor"] in (("",) if entry["refused"] else ("db1", "db2")), (one, two, entry)
            if entry["donor"] == "db2":
                assert entry["host"] == "db3" and one not in ("wrote itself", "takes writes", "silent"), (one, two, entry)
            assert entry["refused"] or entry["keep_old"] is not harmless, (one, two, entry)


# --- Who follows whom -------------------------------------------------------------------


def channel(source, **more):
    return {"channel": "", "source_host": ADDRESS[source], "source_port": 3306, "source_uuid": "", "source_server_id": 0,
            "gtid": "slave_pos", "receiver": "running", "applier": "running", "receiver_errno": 0, "applier_errno": 0, "receiver_error": "",
            "applier_error": "", **more}


def server(name, source=None, state="0-1-100", writable=False, blank=False, **more):
    executed = state.split(",")[-1]
    return {"reachable": True, "dialect": "mariadb", "server_id": IDS[name], "server_uuid": "", "writable": writable, "blank": blank,
            "databases": [] if blank else ["shop"], "channels": [channel(source, **more)] if source else [],
            "gtid": {"executed": executed, "state": state, "slave": executed if source else "", "server_id": IDS[name], "purged": "",
                     "complete": True}}


def stray(name):
    return "0-1-100,0-%d-101" % IDS[name]


def servers(name):
    """Everything that one may be, as (what it is, what was seen of it)."""
    yield "dead", DEAD
    yield "blank", server(name, state="", blank=True)
    yield "blank and writable", server(name, state="", blank=True, writable=True)
    yield "writable", server(name, writable=True)
    yield "writable with a stray", server(name, state=stray(name), writable=True)
    yield "read-only without a source", server(name)
    for source in [other for other in IDS if other != name]:
        yield "follows " + source, server(name, source)
        yield "behind " + source, server(name, source, state="0-1-90")
        yield "stray behind " + source, server(name, source, state=stray(name))
        yield "writable behind " + source, server(name, source, writable=True)
        yield "broken behind " + source, server(name, source, applier="stopped", applier_errno=1062, applier_error="Duplicate entry")
        yield "broken with a stray behind " + source, server(
            name, source, state=stray(name), applier="stopped", applier_errno=1062, applier_error="Duplicate entry")
        yield "without GTIDs behind " + source, server(name, source, gtid="none")


CLUSTERS = list(itertools.product(*([(name, what, seen) for what, seen in servers(name)] for name in IDS)))
REPLACES, MOVES = ("seed",), ("join", "rejoin", "repoint")


@pytest.fixture(scope="module", params=[["db1"], ["db1", "db2"]], ids=["one source", "two sources"])
def rows(request):
    return [({name: what for name, what, _seen in one}, {name: seen for name, _what, seen in one},
             topology({name: seen for name, _what, seen in one}, ADDRESS, request.param)) for one in CLUSTERS]


def test_one_member_takes_the_writes_and_all_lead_to_it(rows):
    for what, _seen, found in rows:
        (writer,) = [name for name, row in found.items() if row["writable"]]
        for name, row in found.items():
            steps, at = 0, name
            while at != writer and steps < 4:
                at, steps = found[at]["source"], steps + 1
            assert at == writer and row["source"] != name, what


def test_data_that_nobody_else_has_is_never_replaced_or_joined_with(rows):
    for what, seen, found in rows:
        (writer,) = [name for name, row in found.items() if row["writable"]]
        for name, row in found.items():
            if name == writer or "stray" not in what[name] or not seen[row["source"]].get("reachable"):
                continue
            source = seen[row["source"]]
            if "0-%d-" % IDS[name] not in source["gtid"]["state"]:
                assert row["action"] in ("refuse", "none"), (what, name, row)
                # It goes on as long as nothing has to be done with it, and everybody is told.
                assert row["action"] == "refuse" or row["errant"], (what, name, row)


def test_a_writers_own_data_is_never_replaced(rows):
    for what, _seen, found in rows:
        (writer,) = [name for name, row in found.items() if row["writable"]]
        assert found[writer]["action"] in ("none", "join", "repoint", "refuse"), (what, found[writer])


def test_an_empty_server_does_not_take_the_writes_where_one_with_data_may(rows):
    for what, seen, found in rows:
        (writer,) = [name for name, row in found.items() if row["writable"]]
        lonely = not any(ADDRESS[writer] in [one["source_host"] for one in other.get("channels") or []] for other in seen.values())
        if what[writer].startswith("blank") and lonely:
            assert not any(name.startswith("writable") for name in what.values()), what


def test_nothing_is_done_to_or_by_a_server_that_is_dead(rows):
    for what, _seen, found in rows:
        for name, row in found.items():
            if what[name] == "dead":
                assert row["action"] == "none" and row["errant"] == "", (what, name)
            elif row["action"] in REPLACES + MOVES:
                assert what[row["source"]] != "dead", (what, name)


def test_nobody_is_moved_from_an_unknown_position(rows):
    for what, seen, found in rows:
        for name, row in found.items():
            if what[name].startswith("without GTIDs") and row["action"] in MOVES:
                (one,) = seen[name]["channels"]
                assert one["source_host"] == ADDRESS[row["source"]] or row["writable"], (what, name, row)


def test_every_row_says_why(rows):
    for what, _seen, found in rows:
        assert all(row["because"] and row["role"] in ("source", "passive", "replica") for row in found.values()), what
        assert sum(row["role"] == "source" for row in found.values()) == 1, what

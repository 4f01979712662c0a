from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill import analysis, figures
from ansible_collections.failover.stack.plugins.module_utils._drill import report as table
from ansible_collections.failover.stack.plugins.module_utils._drill.history import WRITER

WHOLE = {"rows": 50, "missing": 0, "duplicates": 0, "strange": 0}
LEVEL = [[0, 5, 4900, 4905, [], False, 30]]
LEDGER = {
    "kind": "sql",
    "address": "10.0.0.100",
    "interval_ms": 100,
    "acknowledged": 50,
    "failed": 0,
    "unknown": 0,
    "checked": True,
    "lost": 0,
    "lost_numbers": [],
    "unknown_committed": 0,
    "failed_committed": 0,
    "duplicates": 0,
    "level_ms": 10,
    "errors": {},
    "servers": {"db1": WHOLE, "db2": WHOLE},
    "spans": {"db1": [[0, 5, 4900, 4905, ["db1"], False, 0]], "db2": LEVEL},
}
DRILL = {
    "name": "d",
    "fault": "unit_kill",
    "budget_ms": 500,
    "expect": {"acknowledged_lost_max": 0, "duplicates_max": 0, "writable_max": 1, "caught_up_max_ms": 1000},
}


def writes(failed=(), slow=None):
    """(planned, took ms, visitor, code, instance, kept, served)"""
    slow = slow or {}
    return [(t, slow.get(t, 5), WRITER, 2 if t in failed else 0, 0, 1, -1) for t in range(0, 5000, 100)]


def judge(rows=None, drill=None, events=None, **ledger):
    rows = writes() if rows is None else rows
    seen = {
        "started": 1000.0,
        "rows": [list(c) for c in zip(*[(r[0], r[1] * 10, *r[2:]) for r in rows])],
        "codes": ["ok", "time limit", "error 1290 (read only)"],
        "ledger": dict(LEDGER, **ledger),
    }
    events = dict({"fault_at": 1002.0, "heal_at": 1004.0}, **(events or {}))
    return analysis.analyse(seen, dict(DRILL, **(drill or {})), events, (0.0, "why"))


def said(**more):
    return [m.split(": ", 1)[1] for m in judge(**more)["missed"]]


def test_all_is_well():
    result = judge()
    assert result["passed"], result["missed"]
    assert (result["acknowledged"], result["acknowledged_lost"], result["writes"]) == (50, 0, 50)
    assert result["writable_max"] == 1
    assert result["servers"]["db2"]["lag_max_ms"] == 30
    assert result["servers"]["db2"]["caught_up_ms"] == 0


def test_an_outage_lasts_until_the_first_good_acknowledgement():
    result = judge(rows=writes(failed=(2000, 2100, 2200), slow={2300: 80}))
    assert [(w["from"], w["to"]) for w in result["windows"]] == [(2000, 2380)]
    assert result["outage_ms"] == 380
    assert result["failures"] == {"error 1290 (read only)": 3}


def test_a_stalled_write_is_an_outage_and_not_a_failure():
    result = judge(rows=writes(slow={2000: 1500, 2100: 1400, 2200: 1300}))
    assert (result["outage_ms"], result["failed"], result["write_stall_ms"]) == (305, 0, 1500)


def test_visitors_and_writers_have_outages_of_their_own():
    visits = [(t, 5, -1, 1 if t == 1000 else 0, -1, 0, -1) for t in range(0, 5000, 100)]
    result = judge(rows=sorted(visits + writes(failed=(2000,))))
    assert [(w["from"], w["to"]) for w in result["windows"]] == [(1000, 1100), (2000, 2105)]


@pytest.mark.parametrize(
    "ledger, sentences",
    [
        ({"lost": 2}, ["2 acknowledged and lost, allowed 0"]),
        ({"duplicates": 1}, ["1 written twice, allowed 0"]),
        ({"checked": False}, ["nobody could look at 10.0.0.100 for what was acknowledged"]),
        ({"acknowledged": 0}, ["nothing was acknowledged"]),
        ({"failed_committed": 3}, ["3 writes that failed are there all the same"]),
        ({"servers": {"db2": dict(WHOLE, missing=4)}}, ["db2 lacks 4 acknowledged, allowed 0"]),
        ({"servers": {"db2": dict(WHOLE, strange=4)}}, ["db2 has 4 that the writer does not have"]),
        ({"servers": {"db2": dict(WHOLE, rows=None, missing=None, duplicates=None)}}, ["db2 could not be asked for what is there"]),
        ({"servers": {"db2": dict(WHOLE, duplicates=1)}}, ["1 written twice, allowed 0"]),
        (
            {"spans": {"db1": LEVEL, "db2": [[0, 5, 3000, 3005, [], False, 0], [3100, 3105, 4900, 4905, None, False, 0]]}},
            ["db2 had not caught up in the end"],
        ),
        (
            {"spans": {"db1": LEVEL, "db2": [[3100, 3105, 5400, 5405, [], True, 3000], [5500, 5505, 5900, 5905, [], False, 10]]}},
            ["db2 had caught up after 1505 ms, allowed 1000 ms"],
        ),
        (
            {"spans": {"db1": LEDGER["spans"]["db1"], "db2": [[3100, 3105, 3400, 3405, ["db2"], False, 0], *LEVEL]}},
            ["2 accepted writes at the same moment, allowed 1"],
        ),
    ],
)
def test_what_is_missed(ledger, sentences):
    assert said(**ledger) == sentences


def test_without_expectations_nothing_acknowledged_may_be_lost():
    missed = said(drill={"expect": {}}, lost=5, servers={"db2": dict(WHOLE, missing=5, strange=2)})
    assert missed[0] == "5 acknowledged and lost, allowed 0"
    assert len(missed) == 3


def test_losses_are_only_counted_where_a_drill_says_so():
    assert said(drill={"expect": {"acknowledged_lost_max": None}}, lost=5, servers={"db2": dict(WHOLE, missing=5, strange=2)}) == []


def test_a_ledger_that_was_expected_and_is_not_there():
    seen = {"started": 1000.0, "rows": [list(c) for c in zip(*[(t, 5, -1, 0, -1, 0, -1) for t in range(0, 5000, 100)])], "codes": []}
    missed = analysis.analyse(seen, dict(DRILL, expect={"writable_max": 1}), {"fault_at": 1002.0}, (0.0, ""))["missed"]
    assert missed == ["d: there was no ledger for writable_max: give the drill one with 'ledger'"]


FAILED = tuple(range(2000, 4500, 100))
THEN = {"then_at": 1003.0, "then_done": 1004.2}


def test_the_budget_may_begin_with_the_answer():
    result = judge(rows=writes(failed=FAILED), drill={"budget_ms": 1600, "budget_from": "then"}, events=THEN)
    assert (result["outage_ms"], result["then_outage_ms"], result["then_took_ms"], result["then_ms"]) == (2505, 1505, 1200, 3000)
    assert result["passed"], result["missed"]
    assert said(rows=writes(failed=FAILED), drill={"budget_from": "then"}, events=THEN) == [
        "outage 1505 ms from the beginning of the playbook, budget 500 ms"
    ]
    assert said(drill={"budget_from": "then"}) == ["the playbook that answers the fault did not run"]


def test_what_lies_after_a_moment():
    windows = [{"from": 0, "to": 100}, {"from": 200, "to": 900}]
    assert figures.part_from(windows, 500) == 400
    assert figures.part_from(windows, 150) == 700
    assert figures.part_from(windows, 900) == 0


def test_table_of_ledgers():
    late = [[0, 5, 4900, 4905, [], True, 2000]]
    results = [judge(events=THEN), judge(lost=1, checked=False, spans=dict(LEDGER["spans"], db2=late))]
    lines = table.table(results)
    begin = next(n for n, line in enumerate(lines) if line.startswith("ledger"))
    assert lines[begin].split()[:4] == ["ledger", "acknowledged", "lost", "missing"]
    assert lines[begin + 1].endswith("5 ms         1  db1 0 ms, db2 0 ms")
    assert " ? " in lines[begin + 2]
    assert lines[begin + 2].endswith("db1 0 ms, db2 -")
    assert "the playbook took 1200 ms" in lines[-1]
    assert "50 acknowledged, 0 of them lost, 0 unknown" in table.one_line(results[0])

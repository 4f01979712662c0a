from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _drill_analysis as analysis
from ansible_collections.failover.stack.plugins.module_utils import _drill_table as table

DRILL = {"name": "d", "fault": "unit_kill", "budget_ms": 100, "expect": {"sessions_lost_max": 0, "vip_holders_max": 1}}


def seen(rows, **more):
    """An observer's columns: (sent, took ms, visitor, code, instance)."""
    columns = [list(c) for c in zip(*[(r[0], r[1] * 10, *r[2:5], *(r[5:] or (0, -1))) for r in rows])]
    arp = {"macs": ["a", "b"], "names": ["a", "b"], "spans": {"v": [[0, 5000, 1]]}}
    codes = ["ok", "time limit", "refused", "lost", "status", "body", "sorry"]
    return dict({"started": 1000.0, "rows": columns, "codes": codes, "arp": arp, "lost": [], "sessions": 2}, **more)


def steady(failed=()):
    return [(t, 5, -1, 1 if t in failed else 0, 0) for t in range(0, 5000, 100)]


def judge(drill=None, rows=None, fault_at=1002.0, prediction=(50.0, "why"), **more):
    events = {"fault_at": fault_at, "heal_at": 1004.0, "target": "web1"}
    return analysis.analyse(seen(steady() if rows is None else rows, **more), drill or DRILL, events, prediction)


def spans(rows):
    return [(w["from"], w["to"], w["failed"]) for w in analysis.windows(rows)]


def test_no_failure_no_window():
    assert spans([(0, False), (10, False)]) == []
    assert spans([]) == []


def test_window_ends_where_the_next_good_request_was_sent():
    assert spans([(0, False), (10, True), (20, True), (30, False), (40, False)]) == [(10, 30, 2)]


def test_failures_close_together_are_one_window_though_some_succeeded_between():
    rows = [(0, True), (100, False), (400, True), (410, False), (900, True), (905, False)]
    assert spans(rows) == [(0, 905, 3)]


def test_failures_far_apart_are_two_windows():
    assert spans([(0, True), (10, False), (501, True), (520, False)]) == [(0, 10, 1), (501, 520, 1)]


def test_failures_with_nothing_between_and_far_apart_stay_two():
    assert spans([(0, True), (600, True), (610, False)]) == [(0, 0, 1), (600, 610, 1)]


def test_an_outage_that_lasts_to_the_end_ends_with_the_last_request():
    assert spans([(0, False), (10, True), (20, True)]) == [(10, 20, 2)]


@pytest.mark.parametrize("share, value", [(0.5, 2), (0.99, 4), (0.25, 1), (0.0, 1)])
def test_percentile_is_the_nearest_rank(share, value):
    assert analysis.percentile([4, 2, 1, 3], share) == value


def test_percentile_of_nothing():
    assert analysis.percentile([], 0.5) is None


def test_phases_by_time_of_sending():
    stages = analysis.phases([(0, 5, -1, 0, 0), (10, 300, -1, 0, 0), (20, 900, -1, 1, -1), (30, 7, -1, 0, 0)], 10, 30)
    assert [stages[p]["requests"] for p in ("before", "during", "after")] == [1, 2, 1]
    assert stages["during"]["failed"] == 1
    assert stages["during"]["slow"] == 1
    assert stages["during"]["p99_ms"] == 300
    assert stages["after"]["max_ms"] == 7


def test_a_request_under_way_at_the_fault_is_its_victim():
    stages = analysis.phases([(0, 5, -1, 0, 0), (90, 1000, -1, 1, -1), (50, 10, -1, 2, -1)], 100, 2000)
    assert stages["before"]["failed"] == 1
    assert stages["during"]["failed"] == 1


def test_holders_counts_two_answers_to_one_question_and_moves():
    arp = {"spans": {"v": [[0, 100, 1], [150, 300, 0], [350, 400, 2], [450, 450, 3], [500, 600, 2]]}}
    held = analysis.holders(arp)["v"]
    assert held["max"] == 2
    assert held["gap_ms"] == 150
    assert held["last"] == 1


def test_holder_that_comes_back_has_not_moved():
    assert analysis.holders({"spans": {"v": [[0, 1, 1], [2, 3, 0], [4, 5, 1]]}})["v"]["moves"] == 0


def test_a_kept_budget():
    result = judge()
    assert result["passed"]
    assert result["outage_ms"] == 0
    assert result["predicted_ms"] == 50
    assert result["requests"] == 50
    assert result["missed"] == []


def test_keys_that_later_tiers_share():
    keys = "name tier fault target outage_ms predicted_ms budget_ms requests failed p99_ms sessions_lost acknowledged "
    keys += "acknowledged_lost vip_holders_max passed"
    assert set(keys.split()) <= set(judge())


def test_an_outage_over_budget():
    result = judge(rows=steady(failed=(2000, 2100)))
    assert result["outage_ms"] == 200
    assert result["missed"] == ["d: outage 200 ms, budget 100 ms"]
    assert not result["passed"]


def test_lost_sessions_are_missed():
    result = judge(lost=[{"at": 2500, "visitor": 0, "reason": "id changed"}])
    assert result["missed"] == ["d: 1 sessions lost, allowed 0"]


def test_failed_requests_against_their_limit():
    result = judge(dict(DRILL, budget_ms=1000, expect={"failed_max": 1}), steady(failed=(2000, 2100)))
    assert result["missed"] == ["d: 2 requests failed, allowed 1"]
    assert result["failures"] == {"time limit": 2}


def test_two_holders_are_missed():
    arp = {"spans": {"v": [[0, 2000, 1], [2050, 2050, 3], [2100, 5000, 2]]}}
    assert judge(arp=arp)["missed"] == ["d: 2 holders of a virtual address at once, allowed 1"]


def test_nobody_holding_at_the_end_is_missed():
    assert judge(arp={"spans": {"v": [[0, 2000, 1], [2050, 5000, 0]]}})["missed"] == ["d: 0 holders of v at the end"]


def test_a_fault_that_never_came_is_missed():
    assert "d: the fault was not injected" in judge(fault_at=None)["missed"]


def test_failures_before_the_fault_spoil_a_drill():
    assert "d: 1 requests failed before the fault" in judge(rows=steady(failed=(500,)))["missed"]


def test_nothing_observed_is_missed():
    empty = dict(seen(steady()), rows=[[] for _column in range(7)])
    result = analysis.analyse(empty, DRILL, {"fault_at": 1002.0, "heal_at": 1004.0}, (None, ""))
    assert "d: nothing was observed before the fault" in result["missed"]


def test_instances_that_stay_away_are_missed():
    assert judge(dict(DRILL, wait_for_all=True), all_back=False)["missed"] == ["d: not every instance answered again"]


def test_budget_from_the_prediction():
    drill = {"name": "d", "fault": "machine_kill", "budget_factor": 1.2}
    assert judge(drill)["budget_ms"] == 60
    assert judge(drill, prediction=(None, "no file"))["missed"] == [
        "d: no budget, since nothing was predicted (no file)"
    ]


def test_calm_counts_moves():
    drill = {"name": "d", "fault": "none", "expect": {"vip_moves_max": 0}}
    arp = {"spans": {"v": [[0, 2000, 1], [2050, 5000, 2]]}}
    assert judge(drill, fault_at=None, arp=arp)["missed"] == ["d: 1 moves of a virtual address, allowed 0"]


def test_thin_keeps_failures_and_slow_answers():
    rows = [(t, 5, -1, 0, 0) for t in range(10000)]
    rows[7] = (7, 5, -1, 2, -1)
    rows[13] = (13, 400, -1, 0, 0)
    kept = analysis.thin(seen(rows), None, None, most=100)
    assert len(kept[0]) < 110
    assert 7 in kept[0]
    assert 13 in kept[0]


def test_table_lines_up():
    lines = table.table([judge(), judge(rows=steady(failed=(2000, 2100)))])
    assert len(lines) == 3
    assert lines[1].endswith("ok")
    assert lines[2].endswith("MISSED")
    assert lines[1].index("ok") == lines[2].index("MISSED")


def test_one_line():
    assert table.one_line(judge()).startswith(
        "ok     d: outage 0 ms (predicted 50 ms, budget 100 ms), 0 of 50 failed"
    )

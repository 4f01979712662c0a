from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill import analysis
from ansible_collections.failover.stack.plugins.module_utils._drill import report as table

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


def test_slow_answers_are_late_though_nothing_failed():
    rows = [(t, 300 if 2000 <= t <= 2400 else 5, -1, 0, 0) for t in range(0, 5000, 100)] + [(2450, 900, analysis.WRITER, 0, 0)]
    result = judge(rows=sorted(rows))
    assert (result["outage_ms"], result["failed"], result["late_ms"]) == (0, 0, 500)
    assert judge(rows=steady(failed=(2000, 2100)))["late_ms"] == 200
    assert judge()["late_ms"] == 0


def test_how_long_nobody_got_an_answer():
    assert judge()["unanswered_ms"] == 100
    # Sent at 2000, 2100 and 2200: one answer comes after 900 ms, which ends it; the requests after it have failed.
    rows = [(t, {2000: 5, 2100: 900}.get(t, 5), -1, 1 if 2100 < t < 3500 else 0, 0) for t in range(0, 5000, 100)]
    assert judge(rows=rows)["unanswered_ms"] == 995
    assert judge(rows=steady(failed=range(4000, 5000, 100)))["unanswered_ms"] == 4900 - 3905
    assert judge(rows=steady(failed=range(0, 5000, 100)))["unanswered_ms"] == 4900
    assert judge(rows=[])["unanswered_ms"] == 0


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
    assert result["missed"] == ["d: outage 200 ms, budget 100 ms", "d: 2 requests failed, allowed 1"]
    assert not result["passed"]


def test_lost_sessions_are_missed():
    result = judge(lost=[{"at": 2500, "visitor": 0, "reason": "id changed"}])
    assert result["missed"] == ["d: 1 sessions lost, allowed 0"]


def test_failed_requests_against_their_limit():
    result = judge(dict(DRILL, budget_ms=1000, expect={"failed_max": 1}), steady(failed=(2000, 2100)))
    assert result["missed"] == ["d: 2 requests failed, allowed 1"]
    assert result["failures"] == {"time limit": 2}


LOST = [{"at": 2500, "visitor": 0, "reason": "id changed"}]
TWO = {"spans": {"v": [[0, 2000, 1], [2050, 2050, 3], [2100, 5000, 2]]}}


def test_what_a_drill_promises_without_saying_so():
    bare = {"name": "d", "fault": "unit_kill"}
    assert judge(bare, lost=LOST)["missed"] == ["d: 1 sessions lost, allowed 0"]
    assert judge(bare, arp=TWO)["missed"] == ["d: 2 holders of a virtual address at once, allowed 1"]
    assert judge(dict(bare, expect={"failed_max": 0}), lost=LOST)["missed"] == ["d: 1 sessions lost, allowed 0"]


def test_a_promise_is_taken_away_only_by_null():
    drill = {"name": "d", "fault": "unit_kill", "budget_ms": 1000, "expect": {"sessions_lost_max": None, "failed_max": None}}
    assert judge(drill, steady(failed=range(2000, 2800, 100)), lost=LOST)["missed"] == []
    assert judge(dict(drill, expect={}), lost=LOST)["missed"] == ["d: 1 sessions lost, allowed 0"]


def test_no_more_may_fail_than_the_budget_has_requests():
    """Ten a second are asked: 500 ms are five, however many short outages they come from."""
    drill = {"name": "d", "fault": "unit_kill", "budget_ms": 500}
    assert judge(drill, steady(failed=range(2000, 2500, 100)))["missed"] == []
    short = [*range(1100, 1400, 100), *range(2100, 2400, 100), *range(3100, 3400, 100)]
    assert judge(drill, steady(failed=short), fault_at=1001.0)["missed"] == ["d: 9 requests failed, allowed 5"]


def test_the_share_that_the_fault_may_touch():
    drill = {"name": "d", "fault": "unit_kill", "budget_ms": 500, "expect": {"failed_share": 0.4}}
    assert judge(drill, steady(failed=(2000, 2200)))["missed"] == []
    assert judge(drill, steady(failed=(2000, 2200, 2400)))["missed"] == ["d: 3 requests failed, allowed 2"]


def test_a_budget_of_nothing_allows_no_failure():
    drill = {"name": "d", "fault": "unit_kill", "budget_ms": 0}
    assert judge(drill, steady(failed=(2000,)))["missed"][-1] == "d: 1 requests failed, allowed 0"
    calm = {"name": "d", "fault": "none", "budget_ms": 0}
    assert judge(calm, steady(failed=(2000,)), fault_at=None)["missed"][-1] == "d: 1 requests failed, allowed 0"


def test_where_an_operator_answers_the_budget_counts_no_requests():
    drill = {"name": "d", "fault": "unit_kill", "budget_ms": 100, "budget_from": "then"}
    assert "allowed" not in " ".join(judge(drill, steady(failed=(2000, 2100)))["missed"])


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


def expecting(expect, rows=None, **more):
    drill = {"name": "d", "fault": "unit_kill", "expect": expect}
    extra = more.pop("drill", {})
    return judge(dict(drill, **extra), rows, **more)


def apologies(first, last, before=0, failed=()):
    """Good until 2000, failures as told, sorry from first to last."""
    return [
        (t, 5, -1, 6 if first <= t <= last or t < before else 2 if t in failed else 0, 0, 0, -1) for t in range(0, 5000, 100)
    ]


def test_an_apology_is_neither_good_nor_failed():
    result = expecting({"failed_max": 2, "sorry_min": 5}, apologies(2200, 3000, failed=(2000, 2100)))
    assert result["missed"] == []
    assert (result["failed"], result["sorry"], result["sorry_ms"]) == (2, 9, 900)
    assert result["outage_ms"] == 200
    assert result["phases"]["during"]["failed"] == 2
    assert result["phases"]["during"]["sorry"] == 9
    assert "sorry" not in result["failures"]


def test_too_few_apologies():
    assert expecting({"sorry_min": 5}, apologies(2200, 2300))["missed"] == ["d: 2 answers of the sorry server, wanted 5"]


def test_apologies_before_the_fault_spoil_a_drill():
    said = expecting({}, apologies(9000, 9000, before=200))["missed"]
    assert said == ["d: the sorry server answered 2 requests before the fault"]


def test_apologies_to_the_end():
    assert expecting({}, apologies(2000, 9000))["sorry_ms"] == 2900


def test_the_outage_of_the_return_is_told_apart():
    rows = steady(failed=(2000, 2100, 2200, 4100, 4200))
    result = expecting({"return_outage_max_ms": 100}, rows)
    assert (result["outage_ms"], result["return_outage_ms"]) == (300, 200)
    assert result["missed"] == ["d: outage of 200 ms at or after the return, allowed 100"]
    assert expecting({"return_outage_max_ms": 200}, rows)["missed"] == []


def test_a_long_outage_that_ends_after_the_return_is_the_fault_s():
    assert expecting({}, steady(failed=(3800, 3900, 4000, 4100)))["return_outage_ms"] == 0


def shared(alpha, beta, **more):
    """New connections before the fault, and what must not count: kept ones, sessions, the time of the fault."""
    rows = [(n, 5, -1, 0, 0, 0, 0 if n < alpha else 1) for n in range(alpha + beta)]
    rows += [(500, 5, -1, 0, 0, 1, 0), (501, 5, 3, 0, 0, 0, 0), (502, 5, -1, 2, -1, 0, -1), (2500, 5, -1, 0, 0, 0, 0)]
    expect = {"distribution": {"alpha": 3, "beta": 2}}
    return expecting(dict(expect, **more), sorted(rows), served=["alpha", "beta"])


def test_shares_of_new_connections():
    result = shared(300, 200)
    assert result["distribution"] == {
        "alpha": {"count": 300, "expected": 300.0, "deviation": 0.0},
        "beta": {"count": 200, "expected": 200.0, "deviation": 0.0},
    }
    assert not any("share" in sentence for sentence in result["missed"])


def test_a_share_that_is_off():
    result = shared(320, 180)
    assert result["distribution"]["beta"]["deviation"] == -0.1
    said = "d: beta answered 180 of new connections, -10.0 % from its share of 200, allowed 5 %"
    assert said in result["missed"]
    assert not any("share" in sentence for sentence in shared(320, 180, distribution_tolerance=0.1)["missed"])


def test_a_server_that_nobody_expected_and_one_that_never_answered():
    result = expecting(
        {"distribution": {"alpha": 1, "gamma": 1}},
        [(t, 5, -1, 0, 0, 0, t // 1000) for t in (0, 1000)],
        served=["alpha", "beta"],
    )
    assert "d: beta answered 1 times without a share" in result["missed"]
    assert "d: gamma answered 0 of new connections, -100.0 % from its share of 1, allowed 5 %" in result["missed"]


def test_servers_that_do_not_say_who_they_are():
    result = expecting({"distribution": {"alpha": 1}})
    assert "d: 20 answers do not name their server: let the web servers send the header" in result["missed"]


def test_shares_by_instance():
    result = expecting({"distribution": {"a": 1}}, instances=["a"], drill={"distribution_by": "instance"})
    assert result["distribution"]["a"]["count"] == 20


def test_nothing_to_share():
    rows = [(t, 5, 0, 0, 0, 0, -1) for t in range(0, 5000, 100)]
    assert "d: nothing to count for the distribution" in expecting({"distribution": {"a": 1}}, rows)["missed"]


def one_download(outcome="whole", begin=100, end=5000):
    seen_one = {"from": begin, "to": end, "bytes": 1, "length": 1, "stall_ms": 7, "outcome": outcome}
    return {"problem": "", "rate_bytes_s": 10, "bytes": 1, "path": "/b", "seen": [seen_one]}


def lasting(told, expect=None):
    return expecting(expect or {"downloads_broken_max": 0}, downloads=told, drill={"download": {"path": "/b"}})


def test_a_download_that_crossed_the_fault():
    result = lasting(one_download())
    assert result["missed"] == []
    assert (result["downloads"], result["downloads_broken"], result["downloads_crossed"]) == (1, 0, 1)
    assert result["download_stall_ms"] == 7


@pytest.mark.parametrize(
    "told, said",
    [
        (one_download("reset", end=2500), "1 downloads broken, allowed 0"),
        (
            one_download(end=3000),
            "no download was under way from the fault to the return: take a lower rate or a larger file",
        ),
        (dict(one_download(), seen=[], problem="no copy of /b to compare with: reset"), "no copy of /b to compare with: reset"),
        (dict(one_download(), seen=[]), "there was no download: give the drill one with 'download'"),
    ],
)
def test_downloads_that_miss(told, said):
    assert lasting(told)["missed"] == ["d: " + said]


def test_quiet_connections():
    told = {"opened": 2, "ended": 1, "dismissed": 3, "broken": [{"at": 2100, "reason": "reset"}], "longest_ms": 40}
    result = expecting({"connections_broken_max": 0}, quiet=told)
    assert result["missed"] == ["d: 1 quiet connections broken, allowed 0"]
    assert (result["connections"], result["connections_ended"], result["connection_wait_ms"]) == (2, 1, 40)
    assert result["connections_dismissed"] == 3
    assert expecting({"connections_broken_max": 0})["missed"] == [
        "d: there was no quiet connection: give the drill one with 'quiet'"
    ]


def moved(*masks):
    arp = {"macs": ["a", "b"], "names": ["lb1", "lb2"], "spans": {"v": [[n * 1000, n * 1000 + 950, m] for n, m in enumerate(masks)]}}
    return arp


@pytest.mark.parametrize(
    "wanted, masks, said",
    [
        ("lb1", (1, 1, 2, 2, 1), []),
        ("before", (1, 1, 2, 2, 1), []),
        ("other", (1, 1, 2, 2, 2), []),
        ("before", (1, 1, 2, 2, 2), ["d: v is held by lb2 at the end, not by lb1"]),
        ("other", (1, 1, 0, 1, 1), ["d: v is held by lb1 at the end, not by another host than lb1"]),
        ("lb1", (1, 1, 0, 0, 0), ["d: v is held by nobody at the end, not by lb1"]),
        ("other", (1, 1, 2, 0, 0), ["d: v is held by nobody at the end, not by another host than lb1"]),
    ],
)
def test_who_holds_it_at_the_end(wanted, masks, said):
    assert expecting({"vip_holder_at_end": wanted}, arp=moved(*masks))["missed"] == said


def test_time_without_an_answer_is_a_figure():
    assert expecting({}, arp=moved(1, 1, 0, 2))["vip_silent_ms"] == 950


def test_how_long_fault_and_return_took():
    events = {"fault_at": 1002.0, "fault_done": 1002.5, "heal_at": 1004.0, "heal_done": 0}
    result = analysis.analyse(seen(steady()), DRILL, events, (None, ""))
    assert (result["fault_took_ms"], result["heal_took_ms"]) == (500, None)


def test_what_only_some_drills_measure_stands_below_the_table():
    lines = table.table([judge(), shared(300, 200), lasting(one_download())])
    assert lines[4] == ""
    assert lines[5].startswith("d: new connections alpha 60.0 % (share 60.0 %), beta 40.0 % (share 40.0 %)")
    assert lines[6] == "d: 0 of 1 downloads broken, stalled for 7 ms at most"
    assert table.one_line(lasting(one_download())).endswith("; 0 of 1 downloads broken, stalled for 7 ms at most")


# --- At the edges ---------------------------------------------------------------


def by_hand(rows, join_ms):
    """The same said otherwise: each failure is good again with the first success after it; what touches or is close is one."""
    lasting = [(sent, next((s for s, bad in rows[n + 1:] if not bad), rows[-1][0])) for n, (sent, failed) in enumerate(rows) if failed]
    found = []
    for begin, end in lasting:
        if found and begin - found[-1][-1][0] <= join_ms:
            found[-1].append((begin, end))
        else:
            found.append([(begin, end)])
    return [(one[0][0], min(one[-1][1], following[0][0]) if following else one[-1][1], len(one))
            for one, following in zip(found, [*found[1:], None])]


@pytest.mark.parametrize("step", [100, 300, 499, 500, 501, 700])
def test_outages_of_every_pattern_of_eight_requests(step):
    for pattern in range(256):
        rows = [(n * step, bool(pattern >> n & 1)) for n in range(8)]
        found, expected = spans(rows), by_hand(rows, analysis.JOIN_MS)
        # Between two that are far apart without any success the first has no end of its own: there it lasts to its last failure.
        expected = [(begin, (end if any(not bad and begin < sent <= end for sent, bad in rows) or position + 1 == len(expected)
                             else max(sent for sent, bad in rows if bad and sent < end)), count)
                    for position, (begin, end, count) in enumerate(expected)]
        assert found == expected, (pattern, rows)
        assert sum(count for _begin, _end, count in found) == bin(pattern).count("1")


@pytest.mark.parametrize("failed, outage_ms, failures", [
    # Open at the end: at least until the last request.
    (range(4000, 5000, 100), 900, 10), (range(0, 5000, 100), 4900, 50),
    # Begun before the fault and lasting beyond it: as long as it was.
    (range(1800, 2300, 100), 500, 5),
    # Two of them: the longer one counts, failures of both do.
    ([2000, 2100, 2200, 3000, 3100], 300, 5), ([2000, 2100, 3000, 3100, 3200], 300, 5),
    # A lucky answer in between does not halve it.
    ([2000, 2100, 2200, 2400, 2500, 2600], 700, 6),
    ([2500], 100, 1), ([], 0, 0),
])
def test_how_long_the_longest_outage_was(failed, outage_ms, failures):
    result = judge(rows=steady(failed=failed))
    assert (result["outage_ms"], result["failed"]) == (outage_ms, failures)


def test_an_outage_that_began_before_the_fault_spoils_the_drill_however_short_the_budget():
    missed = judge(dict(DRILL, budget_ms=10000), steady(failed=(1800, 1900, 2000, 2100)))["missed"]
    assert missed == ["d: 2 requests failed before the fault"]


@pytest.mark.parametrize("at, fault, heal, phase", [
    (1999, 2000, 4000, "before"), (2000, 2000, 4000, "during"), (3999, 2000, 4000, "during"), (4000, 2000, 4000, "after"),
    (9999, 2000, None, "during"), (9999, None, 4000, "before"), (0, 0, 0, "after"), (5, 10, 3, "before")])
def test_the_moment_of_fault_and_healing_belongs_to_what_follows(at, fault, heal, phase):
    assert analysis.phase_of(at, fault, heal) == phase


@pytest.mark.parametrize("row, phase", [
    # Sent before, failed at the fault or after it: the fault's.
    ((1900, 100, -1, 1, -1), "during"), ((1900, 99, -1, 1, -1), "before"), ((1900, 5000, -1, 1, -1), "during"),
    # Good or an apology is where it was sent, however late it came.
    ((1900, 900, -1, 0, 0), "before"), ((1900, 900, -1, 6, -1), "before"),
    ((2000, 1, -1, 1, -1), "during"), ((4000, 1, -1, 1, -1), "after")])
def test_whose_a_request_is(row, phase):
    stages = analysis.phases([row], 2000, 4000)
    assert [name for name, stage in stages.items() if stage["requests"]] == [phase]


@pytest.mark.parametrize("took, slow, late", [(250, 0, 0), (251, 1, 100)])
def test_slow_begins_beyond_its_limit(took, slow, late):
    rows = [(t, took if t == 2000 else 5, -1, 0, 0) for t in range(0, 5000, 100)]
    result = judge(rows=rows)
    assert (result["slow"], result["late_ms"], result["failed"], result["outage_ms"]) == (slow, late, 0, 0)


def test_a_failure_is_not_slow_and_a_slow_answer_is_none_of_the_percentiles_of_failures():
    rows = [(t, 900 if t in (2000, 2100) else 5, -1, 1 if t == 2000 else 0, 0) for t in range(0, 5000, 100)]
    during = judge(rows=rows)["phases"]["during"]
    assert (during["requests"], during["failed"], during["slow"], during["max_ms"], during["p50_ms"]) == (20, 1, 1, 900, 5)


@pytest.mark.parametrize("failed, return_ms", [
    # From the moment of the healing on.
    ((4000,), 100), ((4900,), 0), ((4200, 4300, 4800), 700), ((3400, 4000), 100),
    # Less than half a second after the fault's last failure: still the fault's own.
    ((3900, 4300), 0), ((3900, 4400), 0), ((3900, 4500), 100),
])
def test_what_the_return_cost(failed, return_ms):
    assert judge(rows=steady(failed=failed))["return_outage_ms"] == return_ms


def test_without_a_healing_there_is_no_return():
    events = {"fault_at": 1002.0, "heal_at": None}
    result = analysis.analyse(seen(steady(failed=(4500,))), DRILL, events, (None, ""))
    assert (result["return_outage_ms"], result["heal_ms"], result["heal_took_ms"]) == (0, None, None)
    assert result["phases"]["after"]["requests"] == 0 and result["phases"]["during"]["failed"] == 1


@pytest.mark.parametrize("fault_at, sentence", [
    # A host's clock that is ahead of the client's puts the fault behind the end, one that is slow before the beginning.
    (1500.0, "d: nothing was observed between the fault and its healing"), (990.0, "d: nothing was observed before the fault")])
def test_a_fault_outside_of_what_was_observed_is_no_drill(fault_at, sentence):
    assert sentence in judge(fault_at=fault_at)["missed"]


def test_an_observer_that_stood_still_through_the_fault_saw_nothing():
    rows = [row for row in steady() if not 2000 <= row[0] < 4000]
    assert judge(rows=rows)["missed"] == ["d: nothing was observed between the fault and its healing"]


@pytest.mark.parametrize("spans_of, fault, expected", [
    ([], 100, ("", "", 0, 0)),
    ([[0, 500, 1]], 100, ("a", "a", 1, 0)),
    # Who held it just before the fault, not who held it first.
    ([[0, 50, 1], [60, 90, 2], [100, 500, 1]], 100, ("b", "a", 1, 2)),
    # Nobody before: who came with the fault is not of before.
    ([[0, 90, 0], [100, 500, 2]], 100, ("", "b", 1, 0)),
    # Both, and nobody, at the end.
    ([[0, 90, 1], [100, 500, 3]], 100, ("a", "a and b", 2, 1)),
    ([[0, 90, 3], [100, 500, 0]], 100, ("a and b", "", 0, 0)),
    ([[0, 90, 1], [100, 500, 2]], None, ("b", "b", 1, 1)),
])
def test_who_held_an_address_before_and_at_the_end(spans_of, fault, expected):
    held = analysis.holders({"names": ["a", "b"], "spans": {"v": spans_of}}, fault)["v"]
    assert (held["holder_before"], held["holder_at_end"], held["last"], held["moves"]) == expected


@pytest.mark.parametrize("begin, end, heal_at, crossed", [
    (1999, 4001, 1004.0, 1), (2000, 5000, 1004.0, 0), (1999, 4000, 1004.0, 0), (1999, 2001, None, 1), (1999, 2000, None, 0)])
def test_a_download_crosses_from_before_the_fault_to_after_the_healing(begin, end, heal_at, crossed):
    told = analysis.downloads({"downloads": one_download(begin=begin, end=end)}, 2000.0, (heal_at - 1000) * 1000 if heal_at else None)
    assert told["downloads_crossed"] == crossed and told["downloads"] == 1


def test_sessions_that_were_lost_are_counted_each_time_and_kept_with_their_moment():
    lost = [{"at": 2500, "visitor": n, "reason": "id changed"} for n in (0, 1, 0)]
    result = judge(dict(DRILL, expect={"sessions_lost_max": 2}), lost=lost)
    assert (result["sessions_lost"], result["lost"], result["sessions"]) == (3, lost, 2)
    assert result["missed"] == ["d: 3 sessions lost, allowed 2"]


def test_what_is_written_ends_no_apology():
    rows = sorted([*apologies(2200, 3000), *((t + 50, 5, analysis.WRITER, 0, 0, 1, -1) for t in range(0, 5000, 100))])
    assert expecting({}, rows)["sorry_ms"] == 900
    assert expecting({}, sorted([*apologies(2200, 9000), (4990, 5, analysis.WRITER, 0, 0, 1, -1)]))["sorry_ms"] == 2700


@pytest.mark.parametrize("wanted, kept", [(None, 10000), (100, 101)])
def test_a_page_has_every_failure_and_a_share_of_the_rest(wanted, kept):
    rows = [(t, 5, -1, 1 if t == 7 else 0, 0) for t in range(10000)]
    told = analysis.thin(seen(rows), None, None, most=wanted or 20000)
    assert len(told[0]) == kept and 7 in told[0] and len(told) == 5
    assert analysis.thin({"rows": [[] for _column in range(7)]}, None, None) == [[] for _column in range(7)]


def test_failures_have_the_observers_words():
    rows = [(t, 5, -1, {2000: 1, 2100: 2, 2200: 2, 2300: 6}.get(t, 0), 0) for t in range(0, 5000, 100)]
    result = judge(dict(DRILL, budget_ms=None), rows)
    assert result["failures"] == {"time limit": 1, "refused": 2} and result["sorry"] == 1


@pytest.mark.parametrize("events, took", [
    ({"fault_at": 1002.0, "fault_done": 1002.0}, 0), ({"fault_at": 1002.0, "fault_done": 1001.0}, 0), ({"fault_at": 1002.0}, None),
    ({"fault_at": 1002.0, "fault_done": 1003.25}, 1250)])
def test_a_clock_that_goes_back_makes_no_negative_times(events, took):
    assert analysis.analyse(seen(steady()), DRILL, events, (None, ""))["fault_took_ms"] == took

from __future__ import annotations

import pytest
from forwarding.rounds import left, progress, ratios, schedule, unusable

DR = {"name": "DR", "single": ["http://v:81/", "http://v:82/"], "multi": "http://v/", "real": ["web1", "web2"], "between": ["lb1"]}
DIRECT = {"name": "direct", "single": ["http://a/", "http://b/"], "multi": None, "real": ["web1", "web2"], "between": []}
LIMITS = {"least": 3, "most": 9, "seconds": 300, "width": 0.01, "wanted": ["DR"]}


def run(mode, kind, number, rate, began=0.0, real=("web1",)):
    return {"mode": mode, "kind": kind, "round": number, "requests_per_s": rate, "began": began, "ended": began + 4.0, "real": list(real)}


def rounds(mode, *values, start=1, began=0.0):
    """Rounds with these efficiencies, both servers alike; each run is 4 s."""
    found = []
    for n, value in enumerate(values):
        found += [run(mode, kind, start + n, rate, began + 12 * n + 4 * k)
                  for k, (kind, rate) in enumerate((("single", 100.0), ("multi", 200.0 * value), ("single", 100.0)))]
    return found


def test_all_of_them_stand_in_the_middle_and_every_other_round_goes_back():
    assert [(p["kind"], p["url"], p["concurrency"], p["real"]) for p in schedule(DR, 1, 128)] == [
        ("single", "http://v:81/", 128, ["web1"]), ("multi", "http://v/", 256, ["web1", "web2"]), ("single", "http://v:82/", 128, ["web2"])]
    assert [p["url"] for p in schedule(DR, 2, 128)] == ["http://v:82/", "http://v/", "http://v:81/"]


def test_three_servers_have_three_times_as_much():
    mode = dict(DR, single=["1", "2", "3"], real=["a", "b", "c"])
    parts = schedule(mode, 1, 10)
    assert [p["kind"] for p in parts] == ["single", "multi", "single", "single"] and parts[1]["concurrency"] == 30


def test_nothing_to_compare():
    assert [p["url"] for p in schedule(DIRECT, 1, 128)] == ["http://a/", "http://b/"]


def test_ratio_is_of_the_sum_since_servers_differ():
    runs = [run("DR", "single", 1, 90.0), run("DR", "multi", 1, 196.0), run("DR", "single", 1, 110.0)]
    assert ratios(runs, "DR", 2) == pytest.approx([0.98])


def test_half_a_round_and_an_unanswered_one_are_no_ratio():
    runs = rounds("DR", 0.9, 1.0)
    assert len(ratios(runs, "DR", 2)) == 2
    assert len(ratios(runs[:-1], "DR", 2)) == 1
    assert len(ratios([*runs[:-1], run("DR", "single", 2, 0.0)], "DR", 2)) == 1
    assert ratios(runs, "NAT", 2) == []


def test_rounds_are_told_by_number_even_as_text():
    runs = [dict(r, round=str(r["round"])) for r in rounds("DR", *[1.0] * 11)]
    assert len(ratios(runs, "DR", 2)) == 11


def test_everybody_until_there_are_the_least_rounds():
    assert left([], ["direct", "DR"], {"DR": 2}, LIMITS) == ["direct", "DR"]
    assert left(rounds("DR", 1.0, 1.0), ["direct", "DR"], {"DR": 2}, LIMITS) == ["direct", "DR"]


def test_then_only_those_that_are_wanted_and_wide():
    narrow, wide = rounds("DR", 0.999, 1.0, 1.001), rounds("DR", 0.9, 1.0, 1.1)
    assert left(narrow, ["direct", "DR"], {"DR": 2}, LIMITS) == []
    assert left(wide, ["direct", "DR"], {"DR": 2}, LIMITS) == ["DR"]
    assert left(wide, ["direct", "DR"], {}, LIMITS) == []
    assert left([*narrow, *rounds("NAT", 0.9, 1.0, 1.1)], ["DR", "NAT"], {"DR": 2, "NAT": 2}, LIMITS) == ["NAT"]


def test_where_it_lies_does_not_matter():
    """Wholly above the budget or wholly below, a wide one goes on."""
    for level in (0.5, 1.5):
        assert left(rounds("DR", 0.98 * level, level, 1.02 * level), ["DR"], {"DR": 2}, LIMITS) == ["DR"]


def test_no_more_than_the_most():
    assert left(rounds("DR", *[0.9, 1.1] * 4), ["DR"], {"DR": 2}, LIMITS) == ["DR"]
    assert left(rounds("DR", *[0.9, 1.1, 1.0] * 3), ["DR"], {"DR": 2}, LIMITS) == []


def test_no_round_that_does_not_fit_into_the_time():
    """Three rounds of 12 s end at 36 s; another one would end at 48 s."""
    wide = rounds("DR", 0.9, 1.0, 1.1)
    assert left(wide, ["DR"], {"DR": 2}, dict(LIMITS, seconds=48)) == ["DR"]
    assert left(wide, ["DR"], {"DR": 2}, dict(LIMITS, seconds=47)) == []


def test_progress():
    runs = [*rounds("DR", 0.99, 0.99), *rounds("NAT", 0.5)]
    assert progress(runs, {"DR": 2, "NAT": 2, "direct": 2}) == "DR 0.990 (0.990 to 0.990), NAT 0.500"
    assert progress([], {"DR": 2}) == ""


def test_modes_that_cannot_be_measured():
    assert unusable([DR, DIRECT], ["DR"]) is None
    assert unusable([DR, DIRECT], ["DR", "RD", "N"]) == "no mode is called N, RD: choose from DR, direct."
    assert unusable([dict(DR, real=["web1"])], ["DR"]) == (
        "DR: single has 2 addresses and real has 1 servers: give each server its own address.")

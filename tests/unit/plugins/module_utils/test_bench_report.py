from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _bench_page as bench_page
from ansible_collections.failover.stack.plugins.module_utils._bench_report import missed, summarize, table


def run(mode, kind, number, rate, **more):
    return dict({"mode": mode, "kind": kind, "round": number, "requests_per_s": rate, "complete": 100, "failed": 0, "non_2xx": 0,
                 "p95_ms": 20}, **more)


@pytest.fixture
def runs():
    rates = {"single": [100.0, 110.0, 90.0], "multi": [190.0, 205.0, 198.0]}
    found = [run("DR", kind, n + 1, rate) for kind, values in rates.items() for n, rate in enumerate(values)]
    return [*found, run("direct", "single", 1, 105.0)]


def test_efficiency_is_that_of_the_medians(runs):
    (entry,) = summarize(runs, ["DR"], 2)
    assert entry["single"]["median"] == 100 and entry["multi"]["median"] == 198
    assert entry["efficiency"] == pytest.approx(0.99)
    assert (entry["multi"]["min"], entry["multi"]["max"]) == (190, 205)
    assert entry["requests"] == 600 and entry["failed"] == 0


def test_spread_goes_by_round_whatever_the_order(runs):
    (entry,) = summarize(list(reversed(runs)), ["DR"], 2)
    assert entry["efficiency_rounds"]["values"] == pytest.approx([0.95, 205 / 220, 1.1])
    assert entry["efficiency_rounds"]["min"] == pytest.approx(205 / 220)


def test_a_round_may_lack_its_other_half_and_rounds_may_be_text(runs):
    cut = [dict(r, round=str(r["round"])) for r in runs if not (r["kind"] == "multi" and r["round"] == 3)]
    (entry,) = summarize(cut, ["DR"], 2)
    assert len(entry["efficiency_rounds"]["values"]) == 2


def test_a_mode_without_several_nodes_has_no_efficiency(runs):
    entry = summarize(runs, ["direct"], 2)[0]
    assert entry["efficiency"] is None and entry["multi"] is None and entry["single"]["median"] == 105


def test_nothing_served_is_no_division_by_zero():
    entry = summarize([run("DR", "single", 1, 0.0), run("DR", "multi", 1, 5.0)], ["DR"], 2)[0]
    assert entry["efficiency"] is None and entry["efficiency_rounds"] is None


def test_budget(runs):
    results = summarize(runs, ["DR", "direct"], 2)
    assert missed(results, {"DR": 0.98}) == []
    assert missed(results, {"DR": 0.995}) == [
        "DR: efficiency 0.990, wanted 0.995: 2 nodes served 198.0 requests/s, one of them 100.0 (medians)."]
    assert missed(results, {"TUN": 0.9}) == ["TUN: nothing was measured, but an efficiency of 0.900 is wanted."]


def test_failed_requests_count_against_it(runs):
    results = summarize([*runs, run("NAT", "single", 1, 9.0, failed=2, non_2xx=1)], ["NAT"], 2)
    assert missed(results, {}) == ["NAT: 3 of 100 requests failed."]


def test_table(runs):
    lines = table(summarize(runs, ["direct", "DR"], 2), {"DR": 0.98})
    assert re.split(r"\s{2,}", lines[1]) == ["direct", "105.0", "105 to 105", "-", "-", "-", "-", "-", "20 ms", "-", "0"]
    assert re.split(r"\s{2,}", lines[2]) == [
        "DR", "100.0", "90 to 110", "198.0", "190 to 205", "0.990", "0.932 to 1.100", "0.98", "20 ms", "20 ms", "0"]


@pytest.mark.parametrize("value,top,step", [(0, 1, 1), (7, 8, 2), (950, 1000, 200), (1010, 1200, 200), (2593.9, 3000, 500)])
def test_ceiling_is_round(value, top, step):
    assert bench_page.ceiling(value) == (top, step)


def test_plot_is_sound_xml_and_has_a_bar_for_each(runs):
    plot = bench_page.plot(summarize(runs, ["direct", "DR"], 2), {"DR": 0.98})
    root = ElementTree.fromstring(plot)
    assert sorted(e.get("class") for e in root.iter("rect")) == ["multi", "single", "single"]
    (dot,) = root.iter("circle")
    assert dot.get("class") == "dot"
    assert all(0 <= float(e.get("y")) <= bench_page.TOP + bench_page.HEIGHT for e in root.iter("rect"))


def test_plot_of_nothing():
    ElementTree.fromstring(bench_page.plot(summarize([], ["DR"], 2), {}))


def test_page_escapes_and_leaves_no_gap(runs):
    template = "@@VERDICT@@@@MISSED@@@@FACTS@@@@PLOT@@@@ROWS@@@@NODES@@@@CPUS@@@@GUIDE_SINGLE@@@@AT@@@@MACHINE@@"
    made = bench_page.page(template, summarize(runs, ["DR"], 2), {"DR": 0.995}, ["a < b"],
                           {"at": "<now>", "cpus": {"web2": 0.1, "web1": 0.1, "tun1": 0.3}})
    assert "@@" not in made and "<now>" not in made and "&lt;now&gt;" in made and "a &lt; b" in made
    assert "0.1 for web1, web2; 0.3 for tun1" in made and 'class="dot bad"' in made

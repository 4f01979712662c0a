from __future__ import annotations

import pathlib
import re
from xml.etree import ElementTree

import pytest
from ansible_collections.failover.stack.plugins.module_utils._report.page import fill
from forwarding import page as bench_page
from forwarding.report import elsewhere, missed, processors, summarize, table

REAL = ["web1", "web2"]


def used(seconds, periods=0, throttled=0):
    return {"seconds": seconds, "periods": periods, "throttled": throttled}


def run(mode, kind, number, rate, real=("web1",), **more):
    between = {} if mode == "direct" else {"lb1": used(0.5)}
    return dict({"mode": mode, "kind": kind, "round": number, "requests_per_s": rate, "complete": 100, "failed": 0, "non_2xx": 0,
                 "p95_ms": 20, "taken_s": 2.0, "real": list(real), "machine": {"busy": 2.0, "stolen": 0.1},
                 "processors": {"client1": used(0.25), **between, **{host: used(0.2, 100, 90) for host in real}}}, **more)


def rounds(mode, *values):
    """Rounds with these efficiencies; web2 is a little faster than web1."""
    found = []
    for n, value in enumerate(values):
        found += [run(mode, "single", n + 1, 90.0), run(mode, "multi", n + 1, 200.0 * value, REAL),
                  run(mode, "single", n + 1, 110.0, ["web2"])]
    return found


@pytest.fixture
def runs():
    return [*rounds("DR", 0.985, 0.99, 0.995), run("direct", "single", 1, 105.0), run("direct", "single", 1, 105.0, ["web2"])]


def test_efficiency_is_the_mean_of_the_rounds_with_an_interval(runs):
    (entry,) = summarize(runs, ["DR"])
    assert entry["efficiency"]["mean"] == pytest.approx(0.99, abs=1e-4)
    # s / sqrt n = 0.00505 / 1.732, t = 4.303.
    assert entry["efficiency"]["high"] - entry["efficiency"]["low"] == pytest.approx(2 * 4.303 * 0.005 / 3 ** 0.5, rel=1e-3)
    assert entry["efficiency_rounds"]["values"] == pytest.approx([0.985, 0.99, 0.995])
    assert entry["single"]["median"] == 100 and entry["multi"]["median"] == pytest.approx(198)
    assert (entry["rounds"], entry["nodes"], entry["requests"], entry["failed"]) == (3, 2, 900, 0)
    assert (entry["least"], entry["verdict"]) == (None, None)


def test_a_mode_without_several_nodes_has_no_efficiency(runs):
    entry = summarize(runs, ["direct"])[0]
    assert entry["efficiency"] is None and entry["multi"] is None and entry["single"]["median"] == 105
    assert entry["hosts"][-1] == {"host": "web2", "single": {"processors": 0.1, "requests_per_processor_s": 1050.0, "at_limit": 0.9},
                                  "multi": None}


def test_nothing_served_is_no_division_by_zero():
    entry = summarize([run("DR", "single", 1, 0.0), run("DR", "single", 1, 1.0, ["web2"]), run("DR", "multi", 1, 5.0, REAL)], ["DR"])[0]
    assert entry["efficiency"] is None and entry["efficiency_rounds"] is None


def test_processor_seconds_of_each_machine(runs):
    """A real server has answered its part: half of multi. In single only those runs count that asked it."""
    (entry,) = summarize(runs, ["DR"])
    hosts = {host["host"]: host for host in entry["hosts"]}
    assert list(hosts) == ["client1", "lb1", "web1", "web2"]
    assert hosts["lb1"]["single"]["processors"] == pytest.approx(0.25) and hosts["lb1"]["single"]["at_limit"] is None
    assert hosts["lb1"]["multi"]["requests_per_processor_s"] == pytest.approx(198 * 2 / 0.5)
    assert hosts["web1"]["single"]["requests_per_processor_s"] == pytest.approx(900)
    assert hosts["web2"]["single"]["requests_per_processor_s"] == pytest.approx(1100)
    assert hosts["web1"]["multi"] == {"processors": pytest.approx(0.1), "requests_per_processor_s": pytest.approx(990), "at_limit": 0.9}


def test_what_else_the_machine_did(runs):
    """2.1 s of busy and stolen, less 0.95 s (single) or 1.15 s (multi) of the machines, in 2 s."""
    found = elsewhere([r for r in runs if r["mode"] == "DR"])
    assert (found["min"], found["max"]) == (pytest.approx(0.475), pytest.approx(0.575))
    assert elsewhere([]) is None


def test_budget_is_about_the_interval(runs):
    def judged(least):
        results = summarize(runs, ["DR", "direct"], {"DR": least})
        return results[0]["verdict"], missed(results)

    assert judged(0.97) == ("kept", [])
    assert judged(0.98) == ("undecided", [
        "DR: undecided: efficiency 0.990, but 0.980 lies within the 95 % interval of 3 rounds, 0.978 to 1.002: measure more of them, or on "
        "a machine that does nothing else."])
    assert judged(1.01) == ("missed", [
        "DR: efficiency 0.990, 95 % interval 0.978 to 1.002, wanted 1.010: 2 nodes served 198.0 requests/s, one of them 100.0 (medians)."])


def test_too_little_for_a_verdict_is_not_kept():
    assert missed(summarize(rounds("DR", 1.1), ["DR"], {"DR": 0.98})) == [
        "DR: one round (1.100) tells no interval, but an efficiency of 0.980 is wanted: measure at least two."]
    assert missed(summarize([], ["DR"], {"DR": 0.98})) == ["DR: nothing was measured, but an efficiency of 0.980 is wanted."]


def test_failed_requests_count_against_it(runs):
    results = summarize([*runs, run("NAT", "single", 1, 9.0, failed=2, non_2xx=1)], ["NAT"])
    assert missed(results) == ["NAT: 3 of 100 requests failed."]
    assert "missed" in bench_page.overall(results)[0]


def test_table(runs):
    lines = table(summarize(runs, ["direct", "DR"], {"DR": 0.97}))
    assert re.split(r"\s{2,}", lines[1]) == ["direct", "105.0", "105 to 105", "-", "-", "-", "-", "1", "-", "20 ms", "-", "0"]
    assert re.split(r"\s{2,}", lines[2]) == [
        "DR", "100.0", "90 to 110", "198.0", "197 to 199", "0.990", "0.978 to 1.002", "3", "0.97", "kept", "20 ms", "20 ms", "0"]


def test_table_of_processors(runs):
    lines = processors(summarize(runs, ["direct", "DR"]))
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "direct client1", "direct web1", "direct web2", "DR client1", "DR lb1", "DR web1", "DR web2"]
    assert re.split(r"\s{2,}", lines[6]) == ["DR web1", "0.100", "900", "90 %", "0.100", "990", "90 %"]


@pytest.mark.parametrize("value,top,step", [(0, 1, 1), (7, 8, 2), (950, 1000, 200), (1010, 1200, 200), (2593.9, 3000, 500)])
def test_ceiling_is_round(value, top, step):
    assert bench_page.ceiling(value) == (top, step)


def test_plot_is_sound_xml_and_has_a_bar_for_each(runs):
    plot = bench_page.plot(summarize(runs, ["direct", "DR"], {"DR": 0.98}))
    root = ElementTree.fromstring(plot)
    assert sorted(e.get("class") for e in root.iter("rect")) == ["multi", "single", "single"]
    assert sorted(e.get("class") for e in root.iter("circle")) == ["dot undecided", "round", "round", "round"]
    assert all(0 <= float(e.get("y")) <= bench_page.TOP + bench_page.HEIGHT for e in root.iter("rect"))
    assert all(bench_page.TOP <= float(e.get("cy")) <= bench_page.TOP + bench_page.HEIGHT for e in root.iter("circle"))


def test_plot_of_nothing_and_of_one_round():
    ElementTree.fromstring(bench_page.plot(summarize([], ["DR"])))
    root = ElementTree.fromstring(bench_page.plot(summarize(rounds("DR", 0.5), ["DR"])))
    assert [e.get("class") for e in root.iter("circle")] == ["round", "dot free"]


@pytest.mark.parametrize("least,said", [(0.97, "kept"), (0.98, "undecided"), (1.01, "missed")])
def test_page_says_the_verdict(runs, least, said):
    made = bench_page.parts(summarize(runs, ["DR"], {"DR": least}), None, {})
    assert made["VERDICT"].startswith('<span class="tag %s">' % said)


def test_parts_are_escaped(runs):
    made = bench_page.parts(summarize(runs, ["DR"], {"DR": 1.01}), elsewhere(runs),
                            {"at": "<now>", "cpus": {"web2": 0.1, "web1": 0.1, "tun1": 0.3}})
    assert made["AT"] == "&lt;now&gt;" and made["CPUS"] == "0.1 for web1, web2; 0.3 for tun1"
    assert 'class="dot missed"' in made["PLOT"] and "wanted 1.010" in made["MISSED"]


def test_the_template_has_no_name_that_nobody_fills_in(runs):
    template = (pathlib.Path(__file__).parents[4] / "tools/bench/report.html").read_text(encoding="utf-8")
    assert "@@" not in fill(template, bench_page.parts(summarize(runs, ["DR"]), elsewhere(runs), {}))

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sentence for each promise that was not kept, and none for those that were."""

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill import checker
from ansible_collections.failover.stack.plugins.module_utils._drill.checker import budget, failed_max, missed

VIP = "198.51.100.100"
RESULT = {
    "name": "d", "fault": "unit_kill", "fault_ms": 2000, "length_ms": 5000, "budget_ms": 100, "outage_ms": 0, "predicted_by": "",
    "requests": 50,
    "phases": {"before": {"requests": 20, "failed": 0, "sorry": 0}, "during": {"requests": 10}},
    "failed": 0, "sessions_lost": 0, "vip_holders_max": 1, "vip_moves": 1,
    "vips": {VIP: {"last": 1, "holder_before": "a", "holder_at_end": "b"}}, "download_problem": None, "download_list": [], "downloads": 0,
    "downloads_broken": 0, "downloads_crossed": 0, "connections": 0, "connections_broken": 0, "sorry": 0, "all_back": True}
ROWS = {"rows": 10, "missing": 0, "strange": 0, "caught_up_ms": 900}
WITH_LEDGER = {"servers": {"db1": ROWS}, "ledger_checked": True, "acknowledged": 10, "acknowledged_lost": 0, "failed_committed": 0,
               "duplicates": 0, "writable_max": 1, "ledger": {"address": VIP}}


def before(requests, failed=0, sorry=0):
    return {"phases": {"before": {"requests": requests, "failed": failed, "sorry": sorry}, "during": {"requests": 1}}}


def judged(drill=None, **more):
    return missed(dict(RESULT, **more), dict({"name": "d"}, **(drill or {})))


def test_what_was_kept_is_no_sentence():
    assert judged() == [] and judged(**WITH_LEDGER) == []


@pytest.mark.parametrize("more, sentence", [
    ({"sessions_lost": 1}, "1 sessions lost, allowed 0"), ({"vip_holders_max": 2}, "2 holders of a virtual address at once, allowed 1"),
    ({"failed": 2}, "2 requests failed, allowed 1"), ({"outage_ms": 101}, "outage 101 ms, budget 100 ms"),
    (dict(WITH_LEDGER, acknowledged_lost=3), "3 acknowledged and lost, allowed 0"),
])
def test_what_goes_without_saying_is_held_too(more, sentence):
    assert judged(**more) == ["d: " + sentence]


@pytest.mark.parametrize("more, sentence", [
    ({"requests": 0}, "nothing was observed before the fault"),
    ({**before(0), "budget_ms": None}, "nothing was observed before the fault"),
    (before(20, failed=2), "2 requests failed before the fault"), (before(20, failed=1), "1 requests failed before the fault"),
    (before(20, sorry=3), "the sorry server answered 3 requests before the fault"),
    # As where the client's clock is behind the host's by more than the drill lasts: all failures of the fault would be none.
    ({"phases": dict(RESULT["phases"], during={"requests": 0})}, "nothing was observed between the fault and its healing"),
    ({"fault_ms": None}, "the fault was not injected"),
])
def test_a_drill_that_was_none_is_not_passed(more, sentence):
    assert "d: " + sentence in judged(**more)


def test_a_promise_is_taken_away_by_null_only():
    assert judged({"expect": {"sessions_lost_max": None}}, sessions_lost=9) == []
    assert judged({"expect": {"sessions_lost_max": 2}}, sessions_lost=3) == ["d: 3 sessions lost, allowed 2"]


@pytest.mark.parametrize("drill, more, most", [
    ({}, {}, 1), ({}, {"budget_ms": 1000}, 10), ({"expect": {"failed_share": 0.25}}, {"budget_ms": 1000}, 3),
    ({}, {"budget_ms": None}, None), ({"budget_from": "then"}, {}, None), ({}, WITH_LEDGER, None),
    ({}, {"fault_ms": None, "budget_ms": 1000}, 10), ({}, {"budget_ms": 0}, 0)])
def test_how_many_requests_may_fail(drill, more, most):
    assert failed_max(dict(RESULT, **more), drill) == most


@pytest.mark.parametrize("drill, predicted, ms", [
    ({"budget_ms": "1500"}, 700, 1500), ({"budget_factor": 1.2}, 700, 840), ({"budget_factor": 1.2}, None, None), ({}, 700, None),
    ({"budget_ms": 0, "budget_factor": 9}, 700, 0)])
def test_the_budget(drill, predicted, ms):
    assert budget(drill, predicted) == ms


def test_a_factor_of_no_prediction_is_no_budget_and_said():
    assert judged({"budget_factor": 1.2}, budget_ms=None, predicted_by="") == [
        "d: no budget, since nothing was predicted (the drill has no predict)"]


def test_the_budget_of_an_answer_is_not_that_of_the_outage():
    assert judged({"budget_from": "then"}, outage_ms=9000, then_outage_ms=90) == []
    assert judged({"budget_from": "then"}, then_outage_ms=150) == ["d: outage 150 ms from the beginning of the playbook, budget 100 ms"]
    assert judged({"budget_from": "then"}, then_outage_ms=None) == ["d: the playbook that answers the fault did not run"]


@pytest.mark.parametrize("wanted, sentence", [
    ("before", "198.51.100.100 is held by b at the end, not by a"), ("other", None), ("b", None),
    ("c", "198.51.100.100 is held by b at the end, not by c")])
def test_who_holds_the_address_in_the_end(wanted, sentence):
    assert judged({"expect": {"vip_holder_at_end": wanted}}) == (["d: " + sentence] if sentence else [])


def test_nobody_and_two_in_the_end_are_told():
    vips = {VIP: {"last": 2, "holder_before": "a", "holder_at_end": None}}
    assert judged({"expect": {"vip_holders_max": 2, "vip_holder_at_end": "other"}}, vips=vips) == [
        "d: 2 holders of 198.51.100.100 at the end", "d: 198.51.100.100 is held by nobody at the end, not by another host than a"]


@pytest.mark.parametrize("more, expect, sentence", [
    ({"ledger_checked": False}, {}, "nobody could look at 198.51.100.100 for what was acknowledged"),
    ({"acknowledged": 0}, {}, "nothing was acknowledged"),
    ({"failed_committed": 2}, {}, "2 writes that failed are there all the same"),
    ({"writable_max": 2}, {"writable_max": 1}, "2 accepted writes at the same moment, allowed 1"),
    ({"servers": {"db1": dict(ROWS, rows=None)}}, {}, "db1 could not be asked for what is there"),
    ({"servers": {"db1": dict(ROWS, missing=4)}}, {}, "db1 lacks 4 acknowledged, allowed 0"),
    ({"servers": {"db1": dict(ROWS, strange=1)}}, {}, "db1 has 1 that the writer does not have"),
    ({"servers": {"db1": dict(ROWS, caught_up_ms=None)}}, {"caught_up_max_ms": 1000}, "db1 had not caught up in the end"),
    ({"servers": {"db1": ROWS}}, {"caught_up_max_ms": 800}, "db1 had caught up after 900 ms, allowed 800 ms"),
])
def test_a_ledger_tells_what_is_not_where_it_belongs(more, expect, sentence):
    assert judged({"expect": expect}, **dict(WITH_LEDGER, **more)) == ["d: " + sentence]


def test_a_promise_about_a_ledger_needs_one():
    assert judged({"expect": {"duplicates_max": 0}}) == ["d: there was no ledger for duplicates_max: give the drill one with 'ledger'"]


@pytest.mark.parametrize("drill, more, sentence", [
    ({"download": {"path": "/big"}}, {"download_list": [{"outcome": "whole"}], "downloads": 1},
     "no download was under way from the fault to the return: take a lower rate or a larger file"),
    ({}, {"download_problem": "the file is too small"}, "the file is too small"),
    ({"expect": {"downloads_broken_max": 0}}, {}, "there was no download: give the drill one with 'download'"),
    ({"expect": {"connections_broken_max": 0}}, {}, "there was no quiet connection: give the drill one with 'quiet'"),
    ({"expect": {"sorry_min": 5}}, {"sorry": 4}, "4 answers of the sorry server, wanted 5"),
    ({"wait_for_all": True}, {"all_back": False}, "not every instance answered again"),
    ({}, {"distribution": {}}, "nothing to count for the distribution"),
    ({}, {"distribution": {"web1": {"count": 66, "deviation": 0.06, "expected": 60}}},
     "web1 answered 66 of new connections, +6.0 % from its share of 60, allowed 5 %"),
    ({}, {"distribution": {"web1": {"count": 60, "deviation": 0.0, "expected": 60}, "(nobody named)": {"count": 3}}},
     "3 answers do not name their server: let the web servers send the header"),
    ({}, {"distribution": {"web9": {"count": 3, "deviation": None, "expected": None}}}, "web9 answered 3 times without a share"),
])
def test_a_promise_that_could_not_be_measured_is_not_kept(drill, more, sentence):
    assert judged(drill, **more) == ["d: " + sentence]


# Promise, figure, what the drill needs beside it, the words for one more than two.
MOST = [
    ("failed_max", "failed", {}, "3 requests failed, allowed 2"),
    ("sessions_lost_max", "sessions_lost", {}, "3 sessions lost, allowed 2"),
    ("vip_holders_max", "vip_holders_max", {}, "3 holders of a virtual address at once, allowed 2"),
    ("vip_moves_max", "vip_moves", {}, "3 moves of a virtual address, allowed 2"),
    ("acknowledged_lost_max", "acknowledged_lost", WITH_LEDGER, "3 acknowledged and lost, allowed 2"),
    ("duplicates_max", "duplicates", WITH_LEDGER, "3 written twice, allowed 2"),
    ("writable_max", "writable_max", WITH_LEDGER, "3 accepted writes at the same moment, allowed 2"),
    ("downloads_broken_max", "downloads_broken", {"downloads": 9}, "3 downloads broken, allowed 2"),
    ("connections_broken_max", "connections_broken", {"connections": 9}, "3 quiet connections broken, allowed 2"),
    ("return_outage_max_ms", "return_outage_ms", {}, "outage of 3 ms at or after the return, allowed 2"),
]


@pytest.mark.parametrize("promise, figure, needs, words", MOST)
@pytest.mark.parametrize("two", [2, "2"])
def test_each_promise_is_kept_up_to_its_limit_and_not_beyond(promise, figure, needs, words, two):
    assert judged({"expect": {promise: two}}, **{**needs, figure: 2}) == []
    assert judged({"expect": {promise: two}}, **{**needs, figure: 3}) == ["d: " + words]
    assert judged({"expect": {promise: None}}, **{**needs, figure: 3}) == []


def test_no_promise_is_without_a_test_of_its_limit():
    assert sorted(row[:2] for row in checker.AT_MOST) == sorted(row[:2] for row in MOST)


SERVER = [
    ({"missing": 2}, {"acknowledged_lost_max": 2}, None),
    ({"missing": 3}, {"acknowledged_lost_max": 2}, "db1 lacks 3 acknowledged, allowed 2"),
    ({"missing": 9, "strange": 9}, {"acknowledged_lost_max": None}, None),
    ({"strange": 1}, {"acknowledged_lost_max": 9}, "db1 has 1 that the writer does not have"),
    # Nobody could look at the writer: that is told elsewhere.
    ({"strange": None}, {}, None),
    ({"caught_up_ms": 1000}, {"caught_up_max_ms": 1000}, None),
    ({"caught_up_ms": 1001}, {"caught_up_max_ms": 1000}, "db1 had caught up after 1001 ms, allowed 1000 ms"),
    ({"caught_up_ms": None}, {}, None), ({"caught_up_ms": 0}, {"caught_up_max_ms": 0}, None),
    ({"rows": None, "missing": None, "strange": None, "caught_up_ms": None}, {"acknowledged_lost_max": None},
     "db1 could not be asked for what is there"),
    # An empty server that lacks nothing since nothing was lost of nothing.
    ({"rows": 0, "missing": 0}, {}, None),
]


@pytest.mark.parametrize("part, expect, sentence", SERVER)
def test_a_server_keeps_what_it_has_promised(part, expect, sentence):
    assert judged({"expect": expect}, **{**WITH_LEDGER, "servers": {"db1": dict(ROWS, **part)}}) == (["d: " + sentence] if sentence else [])


def test_every_server_is_told_of_by_name():
    servers = {name: dict(ROWS, missing=n) for n, name in enumerate(("db3", "db1", "db2"))}
    assert judged(**{**WITH_LEDGER, "servers": servers}) == [
        "d: db1 lacks 1 acknowledged, allowed 0", "d: db2 lacks 2 acknowledged, allowed 0"]


@pytest.mark.parametrize("drill, more, sentences", [
    ({}, {"outage_ms": 100}, []), ({}, {"outage_ms": 101}, ["outage 101 ms, budget 100 ms"]),
    ({}, {"outage_ms": 1, "budget_ms": 0, "failed": 0}, ["outage 1 ms, budget 0 ms"]),
    ({}, {"outage_ms": 99999, "budget_ms": None}, []),
    ({"budget_from": "then"}, {"then_outage_ms": 100, "outage_ms": 5000}, []),
    ({"budget_from": "then"}, {"then_outage_ms": 101}, ["outage 101 ms from the beginning of the playbook, budget 100 ms"]),
    # Where no budget is given the playbook must have run all the same.
    ({"budget_from": "then"}, {"budget_ms": None}, ["the playbook that answers the fault did not run"]),
    ({"budget_factor": 2}, {"budget_ms": None, "predicted_by": "no haproxy.cfg"},
     ["no budget, since nothing was predicted (no haproxy.cfg)"]),
])
def test_the_outage_up_to_the_budget(drill, more, sentences):
    assert judged(drill, **more) == ["d: " + one for one in sentences]


@pytest.mark.parametrize("asked, fault, budget_ms, share, most", [
    # 20 in 2 s: 10 a second. One more than whole ones may fail, since the last begins within the budget.
    (20, 2000, 99, None, 1), (20, 2000, 100, None, 1), (20, 2000, 101, None, 2), (20, 2000, 1000, 0.5, 5), (20, 2000, 1000, 0, 0),
    (20, 2000, 1000, "0.11", 2), (0, 2000, 1000, None, 0), (5, 0.2, 1, None, 5)])
def test_as_many_may_fail_as_are_asked_within_the_budget(asked, fault, budget_ms, share, most):
    drill = {} if share is None else {"expect": {"failed_share": share}}
    result = dict(RESULT, fault_ms=fault, budget_ms=budget_ms, **before(asked))
    assert failed_max(result, drill) == most
    if asked:
        assert judged(drill, **{**result, "failed": most}) == []
        assert judged(drill, **{**result, "failed": most + 1}) == ["d: %d requests failed, allowed %d" % (most + 1, most)]


NOBODY = {"last": 0, "holder_before": "", "holder_at_end": ""}


@pytest.mark.parametrize("expect, held, sentences", [
    # Nobody before and nobody afterwards is not the same holder.
    ({"vip_holder_at_end": "before"}, NOBODY, [VIP + " is held by nobody at the end, not by whom nobody saw before"]),
    ({"vip_holder_at_end": "other"}, NOBODY, [VIP + " is held by nobody at the end, not by another host than "]),
    ({"vip_holder_at_end": "a"}, {"last": 2, "holder_before": "a", "holder_at_end": "a and b"},
     [VIP + " is held by a and b at the end, not by a"]),
    ({"vip_holders_max": 1}, NOBODY, ["0 holders of %s at the end" % VIP]),
    ({"vip_holders_max": None}, NOBODY, []), ({"vip_holders_max": None}, dict(NOBODY, last=2), []), ({}, NOBODY, []),
    ({"vip_holders_max": 1, "vip_moves_max": 1}, {"last": 1, "holder_before": "a", "holder_at_end": "b"}, []),
])
def test_an_address_and_its_holder_when_it_is_over(expect, held, sentences):
    assert judged({"expect": expect}, vips={VIP: held}) == ["d: " + one for one in sentences]


@pytest.mark.parametrize("promise, value", [("vip_moves_max", 0), ("vip_moves_max", 5), ("vip_holder_at_end", "before")])
def test_what_is_promised_of_an_address_needs_one_that_is_asked_for(promise, value):
    assert judged({"expect": {promise: value}}, vips={}, vip_moves=0) == [
        "d: nobody was asked for an address for %s: give the drill its 'vips'" % promise]
    assert judged({"expect": {promise: None}}, vips={}, vip_moves=0) == []


def test_every_address_is_held_to_it():
    vips = {address: {"last": 1, "holder_before": "a", "holder_at_end": end} for address, end in (("v2", "b"), ("v1", "a"), ("v3", "a"))}
    assert judged({"expect": {"vip_holder_at_end": "other"}}, vips=vips) == [
        "d: v1 is held by a at the end, not by another host than a", "d: v3 is held by a at the end, not by another host than a"]


def shared(tolerance=None, **parts):
    expect = {} if tolerance is None else {"distribution_tolerance": tolerance}
    told = {host: dict(zip(("count", "expected", "deviation"), part)) for host, part in parts.items()}
    return [one[3:] for one in judged({"expect": expect}, distribution=told)]


def test_a_share_up_to_the_tolerance():
    assert shared(a=(105, 100, 0.05), b=(95, 100, -0.05)) == shared(0.2, a=(120, 100, 0.2)) == shared("0.2", a=(80, 100, -0.2)) == []
    assert shared(a=(106, 100, 0.06), b=(94, 100, -0.06)) == [
        "a answered 106 of new connections, +6.0 % from its share of 100, allowed 5 %",
        "b answered 94 of new connections, -6.0 % from its share of 100, allowed 5 %"]
    assert shared(0, a=(100, 100, 0.0), b=(101, 100, 0.01)) == [
        "b answered 101 of new connections, +1.0 % from its share of 100, allowed 0 %"]


def test_who_has_no_share_must_not_answer_and_is_no_fault_where_he_does_not():
    assert shared(a=(100, 100, 0.0), drained=(0, 0, None)) == []
    assert shared(a=(100, 100, 0.0), drained=(1, 0, None)) == ["drained answered 1 times without a share"]
    # Nobody has answered anything: that is one sentence, not one for each.
    assert shared(a=(0, 0, None), b=(0, 0, None)) == ["nothing to count for the distribution"]


@pytest.mark.parametrize("more, sentences", [
    # Broken before the fault, or after: it has not crossed it either way, and the promise is about what is broken.
    ({"download_list": [{"outcome": "reset"}], "downloads": 1, "downloads_broken": 1}, ["1 downloads broken, allowed 0"]),
    ({"download_list": [{"outcome": "whole"}, {"outcome": "reset"}], "downloads": 2, "downloads_broken": 1, "downloads_crossed": 1},
     ["1 downloads broken, allowed 0"]),
    ({"download_list": [{"outcome": "whole"}], "downloads": 1, "downloads_crossed": 1}, []),
    ({"download_list": [], "download_problem": "no copy"}, ["no copy"]),
    ({"download_list": []}, ["there was no download: give the drill one with 'download'"]),
    # Where nothing breaks nothing has to cross.
    ({"download_list": [{"outcome": "whole"}], "downloads": 1, "fault": "none", "fault_ms": None, "budget_ms": None}, []),
])
def test_a_download_had_to_be_under_way(more, sentences):
    assert judged({"download": {"path": "/b"}, "expect": {"downloads_broken_max": 0}}, **more) == ["d: " + one for one in sentences]


@pytest.mark.parametrize("sorry, wanted, kept", [(5, 5, True), (4, 5, False), (0, 0, True), (6, "5", True), (0, None, True)])
def test_a_sorry_server_answers_at_least_so_often(sorry, wanted, kept):
    assert judged({"expect": {"sorry_min": wanted}}, sorry=sorry) == (
        [] if kept else ["d: %d answers of the sorry server, wanted 5" % sorry])


@pytest.mark.parametrize("promise", ["acknowledged_lost_max", "duplicates_max", "writable_max", "caught_up_max_ms"])
def test_what_is_promised_of_writes_needs_a_ledger(promise):
    assert judged({"expect": {promise: 0}}) == ["d: there was no ledger for %s: give the drill one with 'ledger'" % promise]
    assert judged({"expect": {promise: None}}) == []


def test_everything_that_went_wrong_is_told_not_only_the_first():
    result = {
        **WITH_LEDGER, "outage_ms": 101, "sessions_lost": 1, "ledger_checked": False, "acknowledged": 0, "all_back": False, "sorry": 0}
    assert judged({"expect": {"sorry_min": 1}, "wait_for_all": True}, **result) == ["d: " + one for one in (
        "outage 101 ms, budget 100 ms", "1 sessions lost, allowed 0", "0 answers of the sorry server, wanted 1",
        "nobody could look at %s for what was acknowledged" % VIP, "nothing was acknowledged", "not every instance answered again")]

from __future__ import annotations

import pathlib

import pytest
from forwarding.ab import command, parse, trouble


@pytest.fixture
def recorded():
    def read(name):
        return (pathlib.Path(__file__).parents[2] / "recorded/bench" / (name + ".txt")).read_text(encoding="utf-8")
    return read


def test_time_comes_before_number():
    """ab's -t sets a number of its own and would undo an earlier -n."""
    words = command("ab", "http://h/", 4, 5, 1000)
    assert words.index("-t") < words.index("-n") and words[-1] == "http://h/"


def test_good(recorded):
    assert parse(recorded("good")) == {
        "taken_s": 0.456, "complete": 300, "failed": 0, "non_2xx": 0, "time_per_request_ms": 6.084, "bytes": 63900,
        "requests_per_s": 657.89, "p50_ms": 2, "p95_ms": 26, "p99_ms": 127}


@pytest.mark.parametrize("name,failed,non_2xx", [("length", 30, 0), ("reset", 20, 0), ("non2xx", 0, 60)])
def test_failures_are_counted_and_do_not_make_it_faster(recorded, name, failed, non_2xx):
    found = parse(recorded(name))
    assert (found["failed"], found["non_2xx"]) == (failed, non_2xx)
    assert found["requests_per_s"] == round((60 - failed - non_2xx) / found["taken_s"], 2)
    assert trouble(0, recorded(name), "", found) is None


def test_one_request_has_no_percentiles(recorded):
    found = parse(recorded("one"))
    assert found["complete"] == 1 and found["p50_ms"] is None


@pytest.mark.parametrize("name", ["refused", "silent"])
def test_nobody_answers(recorded, name):
    """ab calls that 46332 requests a second."""
    found = parse(recorded(name))
    assert found["requests_per_s"] == 0
    assert trouble(0, recorded(name), "", found) == "none of 60 requests was answered"


@pytest.mark.parametrize("rc,err,says", [
    (104, "apr_socket_recv: Connection reset by peer (104)\nTotal of 12 requests completed\n",
     "apr_socket_recv: Connection reset by peer (104)"),
    (22, "", "it ended with status 22 and said nothing"),
])
def test_cut_short(recorded, rc, err, says):
    assert parse(recorded("good")[:300]) is None
    assert trouble(rc, "", err, None) == says

from __future__ import annotations

import math
import random

import pytest
from forwarding.stats import interval, quantile, verdict, within


# The table in every textbook, two-sided.
@pytest.mark.parametrize("freedom,coverage,t", [
    (1, 0.95, 12.706), (2, 0.95, 4.303), (3, 0.95, 3.182), (4, 0.95, 2.776), (5, 0.95, 2.571), (9, 0.95, 2.262), (10, 0.95, 2.228),
    (29, 0.95, 2.045), (30, 0.95, 2.042), (120, 0.95, 1.980), (3, 0.99, 5.841), (10, 0.99, 3.169), (1, 0.5, 1.0),
])
def test_quantile_is_the_table_s(freedom, coverage, t):
    assert quantile(freedom, coverage) == pytest.approx(t, abs=6e-4)


def test_within_is_nothing_at_zero_and_all_far_out():
    for freedom in (1, 2, 7, 8):
        assert within(0, freedom) == 0 and within(1e9, freedom) == pytest.approx(1)


def test_interval_by_hand():
    """Logarithms -0.02, 0, 0.02: mean 0, s 0.02, t 4.303, half 4.303 x 0.02 / sqrt 3."""
    found = interval([math.exp(-0.02), 1.0, math.exp(0.02)])
    half = 4.3027 * 0.02 / math.sqrt(3)
    assert found["mean"] == pytest.approx(1) and found["count"] == 3
    assert (found["low"], found["high"]) == pytest.approx((math.exp(-half), math.exp(half)), abs=1e-5)


def test_interval_of_little():
    assert interval([]) is None
    assert interval([0.99]) == {"mean": pytest.approx(0.99), "low": None, "high": None, "count": 1}
    assert interval([0.9, 0.9, 0.9])["low"] == pytest.approx(0.9)


def test_interval_holds_what_it_says():
    """Of 400 series of eight around 0.98 about 380 hold it."""
    chance = random.Random(1)
    held = 0
    for _series in range(400):
        found = interval([0.98 * math.exp(chance.gauss(0, 0.03)) for _round in range(8)])
        held += found["low"] <= 0.98 <= found["high"]
    assert 368 <= held <= 392


@pytest.mark.parametrize("low,high,said", [
    (0.98, 1.02, "kept"), (0.985, 0.99, "kept"), (0.9799, 1.1, "undecided"), (0.97, 0.98, "undecided"), (0.9, 0.9799, "missed"),
    (None, None, "undecided"),
])
def test_verdict_is_about_the_interval(low, high, said):
    assert verdict({"mean": 0.98, "low": low, "high": high, "count": 9}, 0.98) == said


def test_no_verdict_of_nothing():
    assert verdict(None, 0.98) == "undecided"

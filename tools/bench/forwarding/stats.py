# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a few ratios say about the true one: Student's interval, and a verdict about it."""

from __future__ import annotations

import math
import statistics

COVERAGE = 0.95


def within(t, freedom):
    """The probability that Student's t lies between -t and t: the finite series of Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, odd = math.cos(angle), freedom % 2
    term, total = (cosine, cosine) if odd else (1.0, 1.0)
    for n in range(2 + odd, freedom - 1, 2):
        term *= cosine ** 2 * (n - 1) / n
        total += term
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * (total if freedom > 1 else 0.0))
    return math.sin(angle) * total


def quantile(freedom, coverage=COVERAGE):
    """The t within which that share of Student's distribution lies, by bisection."""
    low, high = 0.0, 1.0
    while within(high, freedom) < coverage:
        high *= 2
    for _step in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle, freedom) < coverage else (low, middle)
    return high


def interval(ratios, coverage=COVERAGE):
    """Geometric mean of independent ratios and where the true one lies: mean of the logarithms -+ t s / sqrt(n). One says nothing."""
    if not ratios:
        return None
    logs = [math.log(ratio) for ratio in ratios]
    mean = statistics.fmean(logs)
    found = {"mean": math.exp(mean), "low": None, "high": None, "count": len(logs)}
    if len(logs) > 1:
        half = quantile(len(logs) - 1, coverage) * statistics.stdev(logs) / math.sqrt(len(logs))
        found.update(low=math.exp(mean - half), high=math.exp(mean + half))
    return found


def verdict(found, least):
    """kept: all of the interval is at least that. missed: all of it is below. Else nobody knows, which is not kept."""
    if found is None or found["low"] is None:
        return "undecided"
    if found["low"] >= least:
        return "kept"
    return "missed" if found["high"] < least else "undecided"

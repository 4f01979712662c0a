# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ab (ApacheBench) prints, as figures."""

from __future__ import annotations

import re

NUMBER = r"\s+([0-9.]+)"
FIGURES = {
    "taken_s": (r"Time taken for tests:" + NUMBER, float),
    "complete": (r"Complete requests:" + NUMBER, int),
    "failed": (r"Failed requests:" + NUMBER, int),
    # The line is there only when there are some.
    "non_2xx": (r"Non-2xx responses:" + NUMBER, int),
    # The first of two such lines: as one of the clients sees it.
    "time_per_request_ms": (r"Time per request:" + NUMBER, float),
    "bytes": (r"Total transferred:" + NUMBER, int),
}
PERCENT = re.compile(r"^\s*(\d+)%\s+(\d+)", re.M)
MISSING = {"non_2xx": 0}


def command(ab, url, concurrency, seconds, requests):
    """ab's arguments: bounded in time and in number; -t comes first, since it sets a number of its own."""
    return [ab, "-q", "-r", "-t", str(seconds), "-n", str(requests), "-c", str(concurrency), url]


def parse(text):
    """Figures by name; None when ab did not get as far as printing them.

    Its own requests per second count what failed as well: refused connections look like the fastest server of all. So only good
    answers are counted here. A request may be among the failed twice, that errs on the low side.
    """
    found = {}
    for name, (pattern, kind) in FIGURES.items():
        match = re.search(pattern, text)
        if not match and name not in MISSING:
            return None
        found[name] = kind(match.group(1)) if match else MISSING[name]
    good = max(0, found["complete"] - found["failed"] - found["non_2xx"])
    found["requests_per_s"] = round(good / found["taken_s"], 2) if found["taken_s"] else 0.0
    percents = {int(share): int(ms) for share, ms in PERCENT.findall(text)}
    for share in (50, 95, 99):
        found["p%d_ms" % share] = percents.get(share)
    return found


def trouble(rc, out, err, figures):
    """Why there is nothing to count, in words; None when there is."""
    if figures and not figures["bytes"]:
        return "none of %d requests was answered" % figures["complete"]
    if rc == 0 and figures:
        return None
    lines = [line.strip() for line in (err or out).splitlines() if line.strip() and not line.startswith("Total of")]
    return lines[-1] if lines else "it ended with status %d and said nothing" % rc

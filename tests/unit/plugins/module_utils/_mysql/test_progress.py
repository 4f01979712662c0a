# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.progress import line, rate, summary

MIB = 1 << 20
STATE = {"phase": "copy", "phase_started": 100.0, "now": 110.0, "done": 50 * MIB, "total": 100 * MIB, "note": ""}


@pytest.mark.parametrize("before, speed", [
    (None, 5 * MIB),
    (dict(STATE, now=108.0, done=46 * MIB), 2 * MIB),
    # Another phase, the same moment, a counter that began anew: never negative, never a division by zero.
    (dict(STATE, phase="prepare", now=108.0, done=1), 5 * MIB),
    (dict(STATE), 5 * MIB),
    (dict(STATE, now=108.0, done=90 * MIB), 0.0),
])
def test_speed(before, speed):
    assert rate(STATE, before) == speed


@pytest.mark.parametrize("state, said", [
    ({}, "copy 50.0 MiB of 100.0 MiB (50 %), 5.0 MiB/s, 10 s left"),
    # The total is an estimate: never more than 99 %, never less than nothing left.
    ({"done": 120 * MIB}, "copy 120.0 MiB of 100.0 MiB (99 %), 12.0 MiB/s, 0 s left"),
    ({"done": 0}, "copy 0 B of 100.0 MiB (0 %)"),
    ({"total": 0}, "copy 50.0 MiB"),
    ({"total": 0, "done": 0}, "copy"),
    ({"phase": "count", "note": "table 1 of 2"}, "count table 1 of 2"),
    ({"phase": ""}, "between two phases 50.0 MiB of 100.0 MiB (50 %), 5.0 MiB/s, 10 s left"),
])
def test_lines(state, said):
    assert line("db2", "seeding from db1", dict(STATE, **state)) == "db2: seeding from db1: " + said


@pytest.mark.parametrize("result, size", [({"bytes": 3 * MIB}, "3.0 MiB "), ({}, ""), ({"bytes": 0}, "")])
def test_summary(result, size):
    state = {"phases": [{"name": "copy", "seconds": 12.1}, {"name": "start", "seconds": 0.25}], "result": result}
    assert summary("db2", "backup", state) == "db2: backup: %sin 12.3 s (copy 12.1, start 0.2)" % size

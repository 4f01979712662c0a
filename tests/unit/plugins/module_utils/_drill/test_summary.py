# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill import summary as subject
from ansible_collections.failover.stack.plugins.module_utils._drill.history import WRITER

CODES = ["ok", "time limit", "refused or unreachable", "connection lost", "bad status", "wrong body", "sorry"]


def seen(rows, **more):
    """(sent ms, took ms, visitor, code, instance, served)"""
    columns = [list(c) for c in zip(*[(r[0], r[1] * 10, r[2], r[3], r[4], 0, r[5]) for r in rows])] or [[] for _column in range(7)]
    return {"started": 1000.0, "rows": columns, "codes": CODES, "served": ["web1", "web2"], "instances": ["db1", "db2"],
            "arp": {"names": [], "spans": {}}, **more}


def asked(bad=(), slow=(), sorry=(), until=5000):
    return [(t, 900 if t in slow else 5, -1, 2 if t in bad else 6 if t in sorry else 0, -1, t // 100 % 2) for t in range(0, until, 100)]


def told(*written):
    """A ledger's part, with these (sent ms, took ms, code, server) written."""
    server = {"rows": 3, "missing": 0, "duplicates": 0, "strange": 0}
    ledger = {"acknowledged": 3, "lost": 1, "lost_numbers": [2], "kind": "sql", "address": "a", "interval_ms": 20, "checked": True,
              "errors": {}, "failed": 0, "unknown": 0, "unknown_committed": 0, "failed_committed": 0, "duplicates": 0, "level_ms": 5,
              "servers": {"db1": server}, "spans": {"db1": [[0, 1, 9, 10, ["db1"], False, 0]], "db2": [[0, 1, 9, 10, ["db2"], False, 0]]}}
    return seen([(sent, took, WRITER, code, index, -1) for sent, took, code, index in written], ledger=ledger)


def test_an_undisturbed_service():
    figures = subject.summary(seen(asked()))
    assert [figures[key] for key in ("requests", "failed", "sorry", "outage_ms", "late_ms", "longest_ms")] == [50, 0, 0, 0, 0, 5]
    assert figures["started"] == 1000.0 and figures["served"] == {"web1": 25, "web2": 25} and figures["unanswered_ms"] == 100
    assert figures["failures"] == {} and figures["reconnects"] == 0 and "ledger" not in figures
    assert subject.summary(seen(asked(), reconnects=3))["reconnects"] == 3


def test_what_failed_is_counted_by_kind_with_its_moment_and_what_was_slow_is_late():
    figures = subject.summary(seen(asked(bad=(1000, 1100), slow=(3000,), sorry=(4000,))))
    assert (figures["failed"], figures["failures"], figures["failed_at"]) == (2, {"refused or unreachable": 2}, [1000, 1100])
    assert (figures["outage_ms"], figures["unanswered_ms"], figures["longest_ms"], figures["sorry"]) == (200, 300, 900, 1)
    assert subject.summary(seen(asked(slow=(3000, 3100, 3200))))["late_ms"] == 300


def test_quiet_connections():
    broken = [{"at": 5, "reason": "reset"}] * 13
    quiet = {"opened": 3, "asked": 90, "refused": 1, "dismissed": 1, "ended": 0, "longest_ms": 4, "broken": broken}
    figures = subject.summary(seen(asked(), quiet=quiet))["quiet"]
    assert [figures[key] for key in ("opened", "asked", "refused", "dismissed", "broken")] == [3, 90, 1, 1, 13]
    assert len(figures["first_broken"]) == subject.FIRST
    assert subject.summary(seen(asked()))["quiet"]["asked"] == 0


def test_nothing_was_asked():
    figures = subject.summary(seen([]), [{"name": "p", "begin": 1000.0, "end": 1001.0}])
    assert figures["requests"] == figures["unanswered_ms"] == figures["longest_ms"] == figures["periods"]["p"]["unacknowledged_ms"] == 0


def test_a_service_that_is_not_there_from_the_beginning_is_not_unobserved():
    assert subject.summary(seen(asked(bad=range(0, 1000, 100))))["unanswered_ms"] == 1005
    assert subject.summary(seen(asked(bad=range(0, 5000, 100))))["unanswered_ms"] == 4900


def test_each_period_has_its_own_part():
    periods = [{"name": "first", "begin": 1001.0, "end": 1002.0}, {"name": "second", "begin": 1002.05, "end": 1004.0},
               {"name": "third", "begin": 1004.0, "end": 1005.0}]
    # From 1900 to 2500, which the first sees to the end and the second from its beginning.
    found = subject.summary(seen(asked(bad=range(1900, 2500, 100))), periods)["periods"]
    assert [found[name]["outage_ms"] for name in ("first", "second", "third")] == [600, 450, 0]
    assert [found[name]["unanswered_ms"] for name in ("first", "second", "third")] == [700, 455, 100]
    assert [found[name]["failed"] for name in ("first", "second", "third")] == [1, 4, 0]


def test_a_ledger_tells_what_was_lost_who_acknowledged_and_for_how_long_nobody_did():
    figures = subject.summary(told((0, 5, 0, 0), (20, 5, 2, -1), (1500, 5, 0, 1), (1520, 5, 0, 1), (1540, 30, 0, 0)),
                              [{"name": "late", "begin": 1001.0, "end": 1009.0}])
    ledger = figures["ledger"]
    assert (ledger["lost"], ledger["lost_numbers"], ledger["writable_max"]) == (1, [2], 2)
    assert [(one["servers"], one["from"] < one["to"]) for one in ledger["writable_at_once"]] == [(["db1", "db2"], True)]
    assert ledger["acknowledged_by"] == ["db1", "db2", "db1"] and ledger["unacknowledged_ms"] == 1500
    assert figures["periods"]["late"]["unacknowledged_ms"] == 505
    # Writes are nobody's requests.
    assert figures["requests"] == figures["failed"] == 0


@pytest.mark.parametrize("spans, holders, order, shared, silent", [
    ([[0, 1000, 1]], 1, ["a"], 0, 0),
    # It moves, nobody answers for a while, and it comes back.
    ([[0, 100, 1], [120, 300, 0], [320, 400, 2], [420, 500, 1]], 1, ["a", "b", "a"], 0, 220),
    # The same one after a silence has not moved.
    ([[0, 100, 1], [120, 120, 0], [140, 200, 1]], 1, ["a"], 0, 40),
    # Both for three questions, until one is left.
    ([[0, 100, 1], [120, 160, 3], [180, 200, 2]], 2, ["a", "b"], 60, 20),
    ([[0, 100, 2], [120, 120, 3], [140, 200, 2]], 2, ["b", "a"], 20, 20),
    # Nobody any more, and nobody at all.
    ([[0, 100, 1], [120, 500, 0]], 1, ["a"], 0, 400),
    ([[0, 500, 0]], 0, [], 0, 500),
    ([], 0, [], 0, 0),
])
def test_how_an_address_was_held(spans, holders, order, shared, silent):
    held = subject.summary(seen(asked(), arp={"names": ["a", "b"], "spans": {"v": spans}}))["vips"]["v"]
    assert held == {"holders_max": holders, "order": order, "shared_ms": shared, "silent_ms": silent}

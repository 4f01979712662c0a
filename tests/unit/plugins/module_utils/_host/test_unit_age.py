from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._host.unit_age import judge, parse_show, started_at

SHOWN = """Id=a.service
ActiveState=active
ExecMainStartTimestampMonotonic=5000000

Id=b.service
ActiveState=inactive
ExecMainStartTimestampMonotonic=0
"""


def test_parse_show_keeps_the_order():
    assert [block["Id"] for block in parse_show(SHOWN)] == ["a.service", "b.service"]


def test_started_at_is_wall_clock():
    running, stopped = parse_show(SHOWN)
    assert started_at(running, now_realtime=1000.0, now_monotonic=105.0) == 900.0
    assert started_at(stopped, 1000.0, 105.0) is None


def test_a_crashed_unit_has_no_start():
    assert started_at({"ActiveState": "failed", "ExecMainStartTimestampMonotonic": "5000000"}, 1000.0, 105.0) is None


def test_judge():
    starts = {"fresh": 100.0, "stale": 100.0, "down": None}
    assert judge(starts, {"fresh": 99.0, "stale": 101.0, "down": 500.0}) == (["stale"], ["down"])

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import gtid as g

A, B = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4350f323-7565-4e59-8763-4b1b83a0ce0e"


@pytest.mark.parametrize(("text", "normal"), [
    ("", ""),
    ("%s:1-5" % A, "%s:1-5" % A),
    ("%s:1-5:7:6,\n%s:3" % (A.upper(), B), "%s:1-7,%s:3" % (A, B)),
    ("%s:5:1-2:3" % A, "%s:1-3:5" % A),
    ("%s:1-3:blue:4-6:1-2:red:9" % A, "%s:1-3:blue:1-2:4-6:red:9" % A),
    ("%s:blue:1,%s:4" % (A, A), "%s:4:blue:1" % A),
    ("1-11-5, 0-3-2", "0-3-2,1-11-5"),
    # Of a binary log state the last of each domain.
    ("0-3-2,0-4-9,0-5-1", "0-4-9"),
])
def test_normal(text, normal):
    assert g.normal(text) == normal
    assert g.normal(normal) == normal


@pytest.mark.parametrize("text", ["nonsense", "0-1", "1-2-3,x", A, "%s:" % A, "%s:1-" % A, "%s:1-2:9x" % A, "0-1-2,%s:1" % A])
def test_what_is_no_gtid_is_refused(text):
    with pytest.raises(g.GtidError):
        g.normal(text)


@pytest.mark.parametrize(("left", "right", "rest"), [
    ("%s:1-10" % A, "%s:1-4" % A, "%s:5-10" % A),
    ("%s:1-10" % A, "%s:3-4:8" % A, "%s:1-2:5-7:9-10" % A),
    ("%s:1-10" % A, "%s:1-20" % A, ""),
    ("%s:1-10" % A, "%s:1-20" % B, "%s:1-10" % A),
    # A tag is a history of its own.
    ("%s:1-3:blue:1-3" % A, "%s:1-3" % A, "%s:blue:1-3" % A),
    ("0-1-10", "0-2-7", "0-1-8..10"),
    ("0-1-10", "0-2-9", "0-1-10"),
    ("0-1-10,1-5-3", "0-1-10", "1-5-1..3"),
    ("0-1-10", "0-1-12,1-5-3", ""),
    ("", "0-1-1", ""),
    ("0-1-1", "", "0-1-1"),
])
def test_subtract(left, right, rest):
    assert g.subtract(left, right) == rest
    assert g.contains(right, left) is (rest == "")


def test_the_two_dialects_are_not_compared():
    with pytest.raises(g.GtidError, match="cannot be compared"):
        g.subtract("0-1-5", "%s:1" % A)


@pytest.mark.parametrize(("left", "right", "both"), [
    ("%s:1-3" % A, "%s:4-5,%s:1" % (A, B), "%s:1-5,%s:1" % (A, B)),
    ("0-1-5,2-1-1", "0-2-7", "0-2-7,2-1-1"),
    ("", "", ""),
])
def test_union(left, right, both):
    assert g.union(left, right) == both == g.union(right, left)


@pytest.mark.parametrize(("left", "right", "number"), [
    ("%s:1-10:12,%s:1" % (A, B), "", 12), ("%s:1-10" % A, "%s:4-5" % A, 8), ("0-1-10,1-1-5", "0-1-8", 7), ("", "", 0),
])
def test_count(left, right, number):
    assert g.count(left, right) == number


def mariadb(state="", slave="", executed=None, server_id=None):
    executed = g.union(slave, g.normal(state)) if executed is None else executed
    return {"executed": executed, "state": state, "slave": slave, "server_id": server_id}


@pytest.mark.parametrize(("mine", "theirs", "errant"), [
    # A healthy replica, and one that lags.
    (mariadb("0-1-100", "0-1-100", server_id=2), mariadb("0-1-100", server_id=1), ""),
    (mariadb("0-1-90", "0-1-90", server_id=2), mariadb("0-1-100", server_id=1), ""),
    # A stray write that is newer than all the source has, and one whose number the source has passed.
    (mariadb("0-1-100,0-2-101", "0-1-100", server_id=2), mariadb("0-1-100", server_id=1), "0-2-1..101"),
    (mariadb("0-1-100,0-2-101", "0-1-100", server_id=2), mariadb("0-1-200", server_id=1), "0-2-1..101"),
    # An old source whose last writes never got out.
    (mariadb("0-1-105", server_id=1), mariadb("0-1-100,0-2-150", "0-1-100", server_id=2), "0-1-101..105"),
    (mariadb("0-1-100", server_id=1), mariadb("0-1-100,0-2-150", "0-1-100", server_id=2), ""),
    # The source was seeded: its binary log knows nothing of what came before, its position does.
    (mariadb("0-1-100", "0-1-100", server_id=3), mariadb("0-2-101", "0-1-100", server_id=2), ""),
    (mariadb("0-9-50,0-1-100", "0-1-100", server_id=3), mariadb("0-2-101", "0-1-100", server_id=2), ""),
    # But for what the replica wrote itself a position of another server says nothing.
    (mariadb("0-3-50", server_id=3), mariadb("0-2-101", "0-1-100", server_id=2), "0-3-1..50"),
    # Two sources in domains of their own.
    (mariadb("1-1-10,2-2-20", "2-2-20", server_id=1), mariadb("1-1-10,2-2-20", "1-1-10", server_id=2), ""),
    (mariadb("1-1-11,2-2-20", "2-2-20", server_id=1), mariadb("1-1-10,2-2-20", "1-1-10", server_id=2), "1-1-11"),
    # Without a binary log there is only the position.
    (mariadb("", "0-1-100", server_id=2), mariadb("0-1-100", server_id=1), ""),
    (mariadb("", "0-1-101", server_id=2), mariadb("0-1-100", server_id=1), "0-1-101"),
    (mariadb(), mariadb("0-1-100"), ""),
])
def test_errant_on_mariadb(mine, theirs, errant):
    assert g.errant(mine, theirs) == errant


def test_errant_on_mysql():
    mine = {"executed": "%s:1-10,%s:1-2" % (A, B)}
    assert g.errant(mine, {"executed": "%s:1-20" % A}) == "%s:1-2" % B
    assert g.errant(mine, {"executed": "%s:1-20,%s:1-2" % (A, B)}) == ""


@pytest.mark.parametrize(("spans", "result"), [
    ("0-2-1..5", True), ("0-1-5", False), ("0-1-5,0-2-6", True), ("", False), ("%s:1-5" % A, True), ("%s:1-5" % B, False)])
def test_own(spans, result):
    assert g.own(spans, 2, A) is result


@pytest.mark.parametrize(("spans", "source", "left"), [
    ("0-3-7,7-50-1..9", {"executed": "0-1-6", "state": "0-1-6"}, "0-3-7"),
    ("7-2-1..9", {"executed": ""}, "7-2-1..9"),
    ("0-50-7", {"executed": "", "slave": "0-1-6"}, "0-50-7"),
    ("%s:1-5,%s:8" % (A, B), {"executed": "%s:1-7" % B}, "%s:8" % B),
    ("%s:blue:1-5" % A, {"executed": "%s:1-7" % B}, ""),
    ("", {"executed": "0-1-6"}, "")])
def test_what_the_source_never_heard_of_came_by_another_channel(spans, source, left):
    assert g.of_stream(spans, source, server_id=2) == left


def test_what_a_server_wrote_itself_came_by_none():
    assert g.of_stream("%s:1-5" % A.upper(), {"executed": "%s:1-7" % B}, 2, A) == "%s:1-5" % A.upper()

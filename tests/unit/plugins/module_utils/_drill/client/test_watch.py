from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client import watch


def spans(*looks):
    """(asked, answered, side, behind) each."""
    told = watch.Spans()
    for look in looks:
        told.add(*look)
    return told.export()


def steady(begin, end, side, every=100):
    return [(t, t + 5, side, 0) for t in range(begin, end, every)]


def test_equal_looks_are_one_span():
    assert spans(*steady(0, 300, ["a"])) == [[0, 5, 200, 205, ["a"], False, 0]]
    found = spans((0, 5, [], 0), (100, 105, [], 900), (200, 205, None, 0))
    assert [(s[4], s[5], s[6]) for s in found] == [([], False, 0), ([], True, 900), (None, False, 0)]


def test_one_side_at_a_time():
    servers = {"a": spans(*steady(0, 1000, ["a"]), *steady(1000, 2000, [])), "b": spans(*steady(50, 1000, []), *steady(1010, 2000, ["b"]))}
    assert watch.sides_at_once(servers) == []
    assert watch.most_sides(servers) == 1


def test_between_two_answers_nothing_is_certain():
    # a may have become read only just after 900, b writable just before 950.
    servers = {"a": spans(*steady(0, 1000, ["a"]), *steady(1000, 2000, [])), "b": spans(*steady(50, 950, []), *steady(950, 2000, ["b"]))}
    assert watch.most_sides(servers) == 1


def test_two_sides_at_once():
    servers = {"a": spans(*steady(0, 2000, ["a"])), "b": spans(*steady(0, 1000, []), *steady(1000, 1500, ["b"])), "c": spans()}
    assert watch.most_sides(servers) == 2
    assert watch.sides_at_once(servers) == [(1005, 1400, ["a", "b"])]


def test_nobody_writes():
    assert watch.most_sides({"a": spans(*steady(0, 500, []))}) == 0
    assert watch.most_sides({}) == 0


@pytest.mark.parametrize(
    "sides, count",
    [
        ([{"a", "1", "2"}, {"b", "1", "2"}], 1),
        # Cut off and not yet aware of it: it still sees the others.
        ([{"a", "1", "2", "3"}, {"b", "2", "3"}], 1),
        ([{"a", "1"}, {"b", "2"}], 2),
        ([{"a", "1"}, {"b", "2"}, {"c", "1", "2"}], 1),
        ([], 0),
    ],
)
def test_components(sides, count):
    assert watch.count_sides(sides) == count


def test_caught_up():
    found = spans((0, 5, [], 0), (100, 105, None, 0), (200, 205, None, 0), (300, 305, [], 5000), (400, 405, [], 100), (500, 505, [], 10))
    assert watch.caught_up_ms(found, 250) == 155
    # Level all along: the look under way counts.
    assert watch.caught_up_ms(found, 450) == 0
    assert watch.caught_up_ms(found, 600) is None


class Kind:
    def __init__(self):
        self.alive, self.opened = True, 0

    def ask(self, _name, _address):
        self.opened += 1
        return self, "version"

    def look(self, name, _connection, _version):
        if not self.alive:
            raise OSError("gone")
        return [name], 7

    def close(self):
        pass


def test_a_watch_opens_again():
    kind = Kind()
    one = watch.Watch(kind, "a", "10.0.0.1", lambda newest, _now: newest * 100.0, iter(range(1000)).__next__)
    assert one.once() == ["a"]
    assert not one.current()  # 700 ms behind
    kind.alive = False
    assert one.once() is None
    assert one.error == "gone"
    assert not one.current()
    kind.alive, one.behind = True, lambda _newest, _now: 0.0
    one.once()
    assert one.current()
    assert kind.opened == 2

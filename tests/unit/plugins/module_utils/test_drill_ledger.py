from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _drill_ledger as ledger

# Milliseconds are what it is about, so an overloaded machine makes it fail.
pytestmark = pytest.mark.clock


def test_fates_of_a_ledger_on_disk(tmp_path):
    book = ledger.Book(str(tmp_path / "new" / "d.ledger"))
    for what, number in [("s", 1), ("s", 2), ("a", 1), ("f", 3), ("s", 4), ("u", 4), ("s", 5)]:
        book.note(what, number)
    book.close()
    book.note("a", 5)
    with open(str(tmp_path / "new" / "d.ledger")) as handle:
        assert ledger.fates(handle) == {1: "a", 2: "u", 3: "f", 4: "u", 5: "u"}
    assert (tmp_path / "new" / "d.ledger").stat().st_mode & 0o777 == 0o600


def test_a_torn_line_says_nothing():
    assert ledger.fates(["a 1\n", "a "]) == {1: "a"}


FATE = {1: "a", 2: "a", 3: "a", 4: "f", 5: "u", 6: "u"}


def test_everything_is_there():
    told = ledger.settle(FATE, [1, 2, 3], {"db1": [1, 2, 3], "db2": [3, 2, 1]})
    assert (told["acknowledged"], told["failed"], told["unknown"]) == (3, 1, 2)
    assert (told["lost"], told["unknown_committed"], told["failed_committed"], told["duplicates"]) == (0, 0, 0, 0)
    assert told["servers"]["db2"] == {"rows": 3, "missing": 0, "duplicates": 0, "strange": 0}


def test_lost_twice_and_unknown_ones():
    told = ledger.settle(FATE, [1, 3, 3, 4, 6], {"db2": [1, 7], "db3": None})
    assert (told["lost"], told["lost_numbers"]) == (1, [2])
    assert (told["unknown_committed"], told["failed_committed"], told["duplicates"]) == (1, 1, 1)
    assert told["servers"]["db2"] == {"rows": 2, "missing": 2, "duplicates": 0, "strange": 1}
    assert told["servers"]["db3"]["rows"] is None


def test_nobody_could_look():
    told = ledger.settle(FATE, None, {"db1": [1]})
    assert not told["checked"]
    assert told["lost"] == 0
    assert told["servers"]["db1"]["strange"] is None


def test_how_far_behind():
    progress = ledger.Progress()
    for number, at in [(1, 100), (2, 200), (4, 400)]:
        progress.acknowledged(number, at)
    assert progress.behind_ms(4, 1000) == 0
    # 3 was never acknowledged.
    assert progress.behind_ms(2, 1000) == 600
    assert progress.behind_ms(0, 1000) == 900


class Link:
    """A server that does as it is told for each number."""

    def __init__(self, told):
        self.told, self.server, self.closed, self.dead = told, "db1", False, False

    def stale(self):
        return self.dead

    def write(self, number):
        act = self.told.get(number)
        if isinstance(act, Exception):
            raise act
        if act:
            time.sleep(act)

    def close(self):
        self.closed = True


def run(tmp_path, told, numbers=6, most=4, every_ms=5, connect=None):
    began, links = time.monotonic(), []

    def open_one():
        links.append(Link(told))
        return links[-1]

    book = ledger.Book(str(tmp_path / "ledger"))
    pool = ledger.Pool(connect or open_one, book, lambda: (time.monotonic() - began) * 1000, most)
    stop = threading.Event()
    thread = threading.Thread(target=pool.run, args=(every_ms, stop))
    thread.start()
    time.sleep((numbers - 0.5) * every_ms / 1000.0)
    stop.set()
    thread.join()
    pool.end(2)
    with open(str(tmp_path / "ledger")) as handle:
        return pool, ledger.fates(handle), links


def test_all_acknowledged_on_few_connections(tmp_path):
    # Four connections that stall together for longer than four of these are all taken: not on a busy machine either.
    pool, fates, links = run(tmp_path, {}, numbers=10, every_ms=50)
    assert set(fates.values()) == {"a"}
    assert 1 <= len(links) <= 4
    assert pool.servers == ["db1"]
    assert pool.progress.highest == max(fates)
    assert [row[3] for row in pool.rows] == [0] * len(fates)
    assert all(link.closed for link in links)


def test_what_fails_and_what_is_unknown(tmp_path):
    pool, fates, _links = run(tmp_path, {2: ledger.Failed("read only"), 3: ledger.Unknown("lost")}, numbers=8)
    assert (fates[1], fates[2], fates[3], fates[4]) == ("a", "f", "u", "a")
    assert pool.codes == ["ok", "read only", "lost"]
    assert sorted(row[3] for row in pool.rows)[-2:] == [1, 2]


def test_a_stalled_write_does_not_hold_up_the_next(tmp_path):
    pool, fates, links = run(tmp_path, {1: 0.2}, numbers=10)
    assert set(fates.values()) == {"a"}
    assert len(links) >= 2
    took = sorted(row[1] / 10.0 for row in pool.rows)
    assert took[-1] >= 190
    assert took[-2] < 150


def test_without_a_free_connection_a_write_fails(tmp_path):
    pool, fates, _links = run(tmp_path, dict((n, 0.3) for n in range(100)), numbers=6, most=2)
    assert [fates[n] for n in (1, 2, 3, 4)] == ["a", "a", "f", "f"]
    assert ledger.EXHAUSTED in pool.codes


def test_no_connection_is_a_failure(tmp_path):
    def refuse():
        raise ledger.Failed("refused")

    _pool, fates, _links = run(tmp_path, {}, connect=refuse)
    assert set(fates.values()) == {"f"}


def test_a_connection_that_was_closed_in_between_is_replaced():
    opened = []

    class Pool:
        reconnects = 0

        def connect(self):
            opened.append(Link({}))
            return opened[-1]

    worker = ledger.Worker(Pool())
    assert worker.send(1) == "db1"
    opened[0].dead = True
    worker.send(2)
    assert len(opened) == 2
    assert opened[0].closed
    assert worker.pool.reconnects == 1

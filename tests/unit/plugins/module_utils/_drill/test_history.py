from __future__ import annotations

import errno
import os
import threading
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill import history as ledger

# Milliseconds are what it is about, so an overloaded machine makes it fail.
pytestmark = pytest.mark.clock


def test_fates_of_a_ledger_on_disk(tmp_path):
    history = ledger.History(str(tmp_path / "new" / "d.ledger"))
    for what, number in [("s", 1), ("s", 2), ("a", 1), ("f", 3), ("s", 4), ("u", 4), ("s", 5)]:
        history.note(what, number)
    history.close()
    history.note("a", 5)
    with open(str(tmp_path / "new" / "d.ledger")) as handle:
        assert ledger.outcomes(handle) == {1: "a", 2: "u", 3: "f", 4: "u", 5: "u"}
    assert (tmp_path / "new" / "d.ledger").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text, found", [
    ("a 1\na ", {1: "a"}), ("a 1\na", {1: "a"}), ("a 1\n\n a 2\n", {1: "a", 2: "a"}), ("a x\na -1\na 1.5\n1\n", {}), ("", {}),
    # Half of "f 12" would say of an acknowledged 1 that it had failed, and nobody would miss it.
    ("a 1\ns 12\nf 1", {1: "a", 12: "u"}),
    ("s 12\na 1", {12: "u"}),
    # What was cut off in the middle of the ledger spoils its neighbour, not others.
    ("s 1\ns 2\na 1a 2\na 3\n", {1: "u", 2: "u", 3: "a"}),
    # A number whose outcome is there before it was sent keeps it only until then; an outcome that is none is unknown to nobody.
    ("a 4\ns 4\n", {4: "u"}),
])
def test_a_ledger_that_ends_or_is_torn_anywhere(text, found):
    assert ledger.outcomes(text.splitlines(keepends=True)) == found


def test_a_ledger_cut_anywhere_never_calls_a_write_what_it_was_not():
    text = "".join("s %d\n" % n for n in (9, 10, 11)) + "a 9\nf 10\na 11\n"
    whole = {9: "a", 10: "f", 11: "a"}
    for end in range(len(text) + 1):
        for number, what in ledger.outcomes(text[:end].splitlines(keepends=True)).items():
            assert what in ("u", whole[number]), text[:end]


@pytest.mark.parametrize("wrote, error", [(OSError(errno.ENOSPC, "No space left on device"), "No space left on device"), (2, "cut short")])
def test_a_ledger_that_cannot_be_written_says_so_and_stops_nobody(tmp_path, monkeypatch, wrote, error):
    history, real, answers = ledger.History(str(tmp_path / "ledger")), os.write, [None, wrote, OSError("later")]

    def write(handle, line):
        answer = answers.pop(0) if answers else None
        if isinstance(answer, OSError):
            raise answer
        return answer or real(handle, line)

    monkeypatch.setattr(ledger.os, "write", write)
    for number in range(1, 5):
        history.note("s", number)
    monkeypatch.undo()
    history.close()
    assert history.error == error
    assert (tmp_path / "ledger").read_text(encoding="utf-8") == "s 1\ns 4\n"


def test_a_new_run_begins_with_an_empty_ledger(tmp_path):
    for number in (1, 2):
        history = ledger.History(str(tmp_path / "ledger"))
        assert history.error == ""
        history.note("a", number)
        history.close()
    assert (tmp_path / "ledger").read_text(encoding="utf-8") == "a 2\n"


FATE = {1: "a", 2: "a", 3: "a", 4: "f", 5: "u", 6: "u"}


def test_everything_is_there():
    told = ledger.reconcile(FATE, [1, 2, 3], {"db1": [1, 2, 3], "db2": [3, 2, 1]})
    assert (told["acknowledged"], told["failed"], told["unknown"]) == (3, 1, 2)
    assert (told["lost"], told["unknown_committed"], told["failed_committed"], told["duplicates"]) == (0, 0, 0, 0)
    assert told["servers"]["db2"] == {"rows": 3, "missing": 0, "duplicates": 0, "strange": 0}


def test_lost_twice_and_unknown_ones():
    told = ledger.reconcile(FATE, [1, 3, 3, 4, 6], {"db2": [1, 7], "db3": None})
    assert (told["lost"], told["lost_numbers"]) == (1, [2])
    assert (told["unknown_committed"], told["failed_committed"], told["duplicates"]) == (1, 1, 1)
    assert told["servers"]["db2"] == {"rows": 2, "missing": 2, "duplicates": 0, "strange": 1}
    assert told["servers"]["db3"]["rows"] is None


def test_nobody_could_look():
    told = ledger.reconcile(FATE, None, {"db1": [1]})
    assert not told["checked"]
    assert told["lost"] == 0
    assert told["servers"]["db1"]["strange"] is None


@pytest.mark.parametrize("writer, servers, expected", [
    # Nothing is there: all that was acknowledged is lost, and every server lacks it.
    ([], {"db1": []}, {"lost": 3, "lost_numbers": [1, 2, 3], "checked": True, "duplicates": 0,
                       "servers": {"db1": {"rows": 0, "missing": 3, "duplicates": 0, "strange": 0}}}),
    # The writer lacks what a replica has: lost all the same, and the replica is a stranger.
    ([1, 2], {"db1": [1, 2, 3]}, {"lost": 1, "lost_numbers": [3], "servers": {
        "db1": {"rows": 3, "missing": 0, "duplicates": 0, "strange": 1}}}),
    # Twice on one server alone.
    ([1, 2, 3], {"db1": [1, 1, 2, 3, 3, 3]}, {"lost": 0, "duplicates": 0, "servers": {
        "db1": {"rows": 6, "missing": 0, "duplicates": 3, "strange": 0}}}),
    # Nobody could look at the writer: nothing is said of losses, and all of what the server lacks.
    (None, {"db1": [2]}, {"checked": False, "lost": 0, "servers": {"db1": {"rows": 1, "missing": 2, "duplicates": 0, "strange": None}}}),
    # Numbers that nobody has sent.
    ([1, 2, 3, 70], {}, {"lost": 0, "unknown_committed": 0, "failed_committed": 0, "servers": {}}),
    ([1, 2, 3, 4, 5, 6], {}, {"lost": 0, "unknown_committed": 2, "failed_committed": 1}),
])
def test_a_ledger_against_what_is_there(writer, servers, expected):
    told = ledger.reconcile(FATE, writer, servers)
    assert {key: told[key] for key in expected} == expected


def test_of_many_lost_ones_the_first_are_named_and_all_are_counted():
    told = ledger.reconcile({n: "a" for n in range(100)}, list(range(50)), {}, most=3)
    assert (told["lost"], told["lost_numbers"]) == (50, [50, 51, 52])


def test_nobody_is_behind_of_nothing():
    progress = ledger.Progress()
    assert progress.behind_ms(0, 1000) == 0
    progress.acknowledged(5, 900)
    # Out of turn: the highest stays the highest, and a clock that seems to go back is no negative time.
    progress.acknowledged(3, 950)
    assert (progress.highest, progress.behind_ms(4, 1000), progress.behind_ms(0, 1000), progress.behind_ms(2, 940)) == (5, 100, 50, 0)


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

    history = ledger.History(str(tmp_path / "ledger"))
    pool = ledger.Pool(connect or open_one, history, lambda: (time.monotonic() - began) * 1000, most)
    stop, submit = threading.Event(), pool.submit

    def until_the_last(number, planned):
        submit(number, planned)
        if number == numbers:
            stop.set()

    pool.submit = until_the_last
    pool.run(every_ms, stop)
    pool.end(2)
    with open(str(tmp_path / "ledger")) as handle:
        return pool, ledger.outcomes(handle), links


def test_all_acknowledged_on_few_connections(tmp_path):
    # Four connections that stall together for longer than four of these are all taken: not on a busy machine either.
    pool, outcomes, links = run(tmp_path, {}, numbers=10, every_ms=50)
    assert set(outcomes.values()) == {"a"}
    assert 1 <= len(links) <= 4
    assert pool.servers == ["db1"]
    assert pool.progress.highest == max(outcomes)
    assert [row[3] for row in pool.rows] == [0] * len(outcomes)
    assert all(link.closed for link in links)


def test_what_fails_and_what_is_unknown(tmp_path):
    pool, outcomes, _links = run(tmp_path, {2: ledger.Failed("read only"), 3: ledger.Unknown("lost")}, numbers=8, most=20)
    assert (outcomes[1], outcomes[2], outcomes[3], outcomes[4]) == ("a", "f", "u", "a")
    # Which of the two came first is no matter.
    assert pool.codes[0] == "ok" and sorted(pool.codes) == ["lost", "ok", "read only"]
    assert sorted(row[3] for row in pool.rows)[-2:] == [1, 2]


def test_a_stalled_write_does_not_hold_up_the_next(tmp_path):
    # More connections than numbers, and a stall longer than a busy machine's own.
    pool, outcomes, links = run(tmp_path, {1: 1.0}, numbers=10, most=20)
    assert set(outcomes.values()) == {"a"}
    assert len(links) >= 2
    took = sorted(row[1] / 10.0 for row in pool.rows)
    assert took[-1] >= 990
    assert took[-2] < 900


def test_without_a_free_connection_a_write_fails(tmp_path):
    pool, outcomes, _links = run(tmp_path, dict((n, 0.3) for n in range(100)), numbers=6, most=2)
    assert [outcomes[n] for n in (1, 2, 3, 4)] == ["a", "a", "f", "f"]
    assert ledger.EXHAUSTED in pool.codes


@pytest.mark.parametrize("defect", [IndexError("tuple index out of range"), AttributeError("'NoneType' has no attribute 'read'"),
                                    AssertionError(), ValueError("x")])
def test_what_a_driver_throws_unforeseen_is_unknown_and_counted(tmp_path, defect):
    """As PyMySQL does with half a packet: each of these writes had no row, and its worker was gone."""
    pool, outcomes, links = run(tmp_path, {n: defect for n in (2, 3, 4, 5)}, numbers=8, most=20, every_ms=50)
    assert [outcomes[n] for n in range(1, 9)] == ["a", "u", "u", "u", "u", "a", "a", "a"]
    assert pool.codes == ["ok", "unknown: " + type(defect).__name__] and len(pool.rows) == 8
    # Nobody writes on with a connection in that state.
    assert len(links) >= 5 and all(link.closed for link in links)


def test_a_connection_that_cannot_even_be_closed_is_replaced(tmp_path):
    class Stubborn(Link):
        def close(self):
            raise OSError("already gone")

    pool, outcomes, _links = run(tmp_path, {}, numbers=3, most=20, every_ms=50, connect=lambda: Stubborn({1: ledger.Unknown("lost")}))
    assert outcomes == {1: "u", 2: "a", 3: "a"} and pool.servers == ["db1"]


def test_a_worker_without_work_goes_and_another_comes(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "IDLE_S", 0.05)
    pool = ledger.Pool(lambda: Link({}), ledger.History(str(tmp_path / "ledger")), lambda: 0.0, 1)

    def gone():
        until = time.monotonic() + 60
        while pool.everyone and time.monotonic() < until:
            time.sleep(0.01)
        return not pool.everyone

    for number in (1, 2):
        pool.submit(number, 0.0)
        assert gone() and pool.idle == []
    pool.end(10)
    assert (tmp_path / "ledger").read_text(encoding="utf-8") == "s 1\na 1\ns 2\na 2\n"


def test_what_does_not_come_back_in_time_stays_unknown(tmp_path):
    let_go = threading.Event()

    class Hanging(Link):
        def write(self, number):
            let_go.wait(60)

    pool = ledger.Pool(lambda: Hanging({}), ledger.History(str(tmp_path / "ledger")), lambda: 0.0, 2)
    pool.submit(1, 0.0)
    until = time.monotonic() + 60
    while not (tmp_path / "ledger").read_text(encoding="utf-8") and time.monotonic() < until:
        time.sleep(0.01)
    pool.end(0.05)
    let_go.set()
    for worker in pool.everyone:
        worker.join(60)
    with open(str(tmp_path / "ledger"), encoding="utf-8") as handle:
        assert ledger.outcomes(handle) == {1: "u"}


def test_no_connection_is_a_failure(tmp_path):
    def refuse():
        raise ledger.Failed("refused")

    _pool, outcomes, _links = run(tmp_path, {}, connect=refuse)
    assert set(outcomes.values()) == {"f"}


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

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Around the ledger: whose password it takes, and when waiting for servers brings nothing more."""

import os
import threading
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client import watch, writers
from ansible_collections.failover.stack.plugins.module_utils._drill.client.writers import SETTLED_S, LedgerError, level, password_of
from ansible_collections.failover.stack.plugins.module_utils._drill.history import Failed, Unknown


def test_a_password_is_the_first_line_of_a_file_that_nobody_else_reads(tmp_path):
    path = tmp_path / "password"
    path.write_text("of the ledger \nmore\n")
    path.chmod(0o600)
    assert password_of(str(path)) == "of the ledger " and password_of("") == ""


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o601])
def test_a_password_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "password"
    path.write_text("of the ledger")
    path.chmod(mode)
    with pytest.raises(LedgerError) as refused:
        password_of(str(path))
    assert str(refused.value) == "others may read the ledger's password file %s: give it the mode 0600" % path


def test_a_password_file_that_is_not_there_is_named(tmp_path):
    path = os.path.join(str(tmp_path), "none")
    with pytest.raises(LedgerError) as refused:
        password_of(path)
    assert str(refused.value) == "the ledger's password file %s cannot be read: No such file or directory" % path


@pytest.mark.parametrize("extents, unchanged_s, over", [
    ([(10, 12), (10, 12)], 0.0, True),
    # One lacks rows and may still get them, until it has had the last one for a while.
    ([(10, 12), (9, 12)], SETTLED_S, False), ([(10, 12), (9, 12)], SETTLED_S + 0.1, True),
    # One is behind: that is waited for, however long.
    ([(10, 12), (9, 11)], 99.0, False),
    # One could not be asked.
    ([(10, 12), None], 99.0, False),
])
def test_when_waiting_brings_nothing_more(extents, unchanged_s, over):
    assert level(extents, unchanged_s) is over


@pytest.fixture
def broker(monkeypatch, clock):
    """A broker of two members that needs a second and a half to have a queue; .fails says why it has none."""
    now = clock(writers, watch)

    class Broker:
        fails = None

        def prepare(self):
            now.sleep(1.5)
            if Broker.fails:
                raise Broker.fails  # pylint: disable=raising-bad-type

        def leader(self):
            return "mq2"

        def ask(self, name, address):
            return None, name

        def look(self, name, connection, version):
            return ["mq1", "mq2"], 0

    monkeypatch.setattr(writers, "kind_of", lambda _p, _run: Broker())
    return Broker


def test_how_long_it_takes_to_have_a_place_for_what_is_written_is_told(broker):
    p = {"kind": "amqp", "address": "a", "port": 5672, "servers": {"mq1": "b", "mq2": "c"}}
    found = writers.probe_servers(p)
    assert (found["prepared_ms"], found["writers"], found["readers"], found["sides"]) == (1500, ["mq2"], ["mq1"], 1)
    broker.fails = OSError("no route")
    with pytest.raises(LedgerError) as refused:
        writers.probe_servers(p)
    assert str(refused.value) == "amqp at a:5672 takes nothing: no route"


class Server:
    """What three servers have of a ledger's rows, and a kind that looks at them; a list is a table, None is nobody there."""

    def __init__(self, **tables):
        self.tables, self.asked, self.after = tables, [], {}

    def extent(self, address):
        self.asked.append(address)
        for count in [count for count in self.after if len(self.asked) >= count]:
            self.after.pop(count)()
        rows = self.numbers(address)
        return len(rows), max(rows or [0])

    def numbers(self, address):
        if self.tables[address] is None:
            raise OSError("nobody there")
        return list(self.tables[address])

    def connect(self):
        raise Failed("nobody writes here")


P = {"kind": "sql", "address": "vip", "port": 3306, "servers": {"db1": "one", "db2": "two"}, "interval_ms": 20, "watch_ms": 100,
     "timeout_ms": 100, "connect_timeout_ms": 100, "connections": 2}


@pytest.fixture
def ledger(tmp_path, monkeypatch, clock):
    """ledger(Server, lines …) -> Writers whose ledger has these lines, and a clock that passes only in waiting."""
    now = clock(writers)

    def make(server, *lines):
        monkeypatch.setattr(writers, "kind_of", lambda _p, _run: server)
        made = writers.Writers(dict(P, file=str(tmp_path / "d.ledger")), lambda: 0.0)
        for line in lines:
            made.pool.history.note(*line)
        return made, now
    return make


ALL = [("s", 1), ("a", 1), ("s", 2), ("a", 2), ("s", 3), ("f", 3), ("s", 4)]


def test_what_every_server_has_is_compared_at_once(ledger):
    made, now = ledger(Server(vip=[1, 2], one=[1, 2], two=[2, 1]), *ALL)
    told = made.finish(60)
    assert now.now == 1000.0 and (told["level_ms"], told["acknowledged"], told["lost"], told["unknown"], told["failed"]) == (0, 2, 0, 1, 1)
    assert {name: part["missing"] for name, part in told["servers"].items()} == {"db1": 0, "db2": 0} and told["checked"]


def test_a_server_that_is_behind_is_waited_for(ledger):
    server = Server(vip=[1, 2], one=[1, 2], two=[1])
    server.after[9] = lambda: server.tables.update(two=[1, 2])
    made, now = ledger(server, *ALL)
    told = made.finish(60)
    assert 0 < told["level_ms"] < 60000 and told["servers"]["db2"]["missing"] == 0 and now.now > 1000


def test_one_that_never_catches_up_is_compared_when_the_time_is_over(ledger):
    made, now = ledger(Server(vip=[1, 2], one=[1, 2], two=[1]), *ALL)
    told = made.finish(30)
    assert 1030 <= now.now < 1031 and told["servers"]["db2"] == {"rows": 1, "missing": 1, "duplicates": 0, "strange": 0}


def test_one_that_is_different_for_good_is_not_waited_for_to_the_end(ledger):
    # Row 1 is not on db2 and will never be: both have come to the same end.
    made, now = ledger(Server(vip=[1, 2], one=[1, 2], two=[2]), *ALL)
    told = made.finish(60)
    assert now.now < 1060 and told["servers"]["db2"]["missing"] == 1 and told["lost"] == 0


@pytest.mark.parametrize("tables, checked, lost, rows", [
    ({"vip": None, "one": [1, 2], "two": [1, 2]}, False, 0, [2, 2]),
    ({"vip": [1, 2], "one": None, "two": [1, 2]}, True, 0, [None, 2]),
    ({"vip": [2], "one": [2], "two": [2]}, True, 1, [1, 1]),
    ({"vip": [], "one": [], "two": []}, True, 2, [0, 0]),
])
def test_nobody_there_is_not_nothing_there(ledger, tables, checked, lost, rows):
    made, _now = ledger(Server(**tables), *ALL)
    told = made.finish(3)
    assert (told["checked"], told["lost"], [part["rows"] for part in told["servers"].values()]) == (checked, lost, rows)


def test_a_ledger_that_was_not_whole_is_no_result(ledger, tmp_path):
    made, _now = ledger(Server(vip=[1], one=[1], two=[1]), *ALL)
    made.pool.history.error = "No space left on device"
    with pytest.raises(LedgerError) as refused:
        made.finish(3)
    assert str(refused.value) == ("the ledger %s could not be written (No space left on device): what became of the writes is not known, "
                                  "give it room and drill again" % (tmp_path / "d.ledger"))


def test_writes_take_their_place_among_the_requests(ledger):
    made, _now = ledger(Server(vip=[], one=[], two=[]))
    made.pool.rows = [(20, 50, -2, 1, -1, 1, -1), (5, 10, -2, 0, 0, 1, -1)]
    made.pool.codes, made.pool.servers, made.pool.reconnects, made.pool.lag = ["ok", "read only"], ["db1"], 2, 7.06
    seen = {"codes": ["ok", "time limit"], "instances": ["web1"], "reconnects": 1, "lag_ms": 3.0,
            "rows": [[10, 30], [1, 2], [-1, 0], [0, 1], [0, -1], [0, 1], [-1, -1]]}
    made.add_to(seen)
    assert seen["codes"] == ["ok", "time limit", "read only"] and seen["instances"] == ["web1", "db1"]
    assert (seen["reconnects"], seen["lag_ms"]) == (3, 7.1)
    assert [list(row) for row in zip(*seen["rows"])] == [
        [5, 10, -2, 0, 1, 1, -1], [10, 1, -1, 0, 0, 0, -1], [20, 50, -2, 2, -1, 1, -1], [30, 2, 0, 1, -1, 1, -1]]
    empty = {"codes": ["ok"], "instances": [], "reconnects": 0, "lag_ms": 0, "rows": [[] for _column in range(7)]}
    made.pool.rows = []
    made.add_to(empty)
    assert empty["rows"] == [[]] * 7


class Replicas:
    """A writer and its replicas; `arrives` are those that get what is written, `down` those that answer nobody."""

    arrives, down, fails, sides = ("one", "two"), (), None, {"db1": ["db1"], "db2": []}

    def prepare(self):
        self.written = 0

    def connect(self):
        if isinstance(self.fails, Failed):
            raise self.fails  # pylint: disable=raising-bad-type
        return self

    def write(self, _number):
        if self.fails:
            raise self.fails  # pylint: disable=raising-bad-type
        self.written += 1

    def close(self):
        pass

    def ask(self, name, address):
        if address in self.down:
            raise OSError("down")
        return self, name

    def look(self, name, _connection, _version):
        return self.sides[name], 0

    def extent(self, address):
        if address in self.down:
            raise OSError("down")
        return (self.written if address in self.arrives else 0), 1


def probed(monkeypatch, **more):
    monkeypatch.setattr(writers, "kind_of", lambda _p, _run: type("Replicas", (Replicas,), more)())
    return writers.probe_servers(P)


@pytest.mark.parametrize("more, found", [
    ({}, {"writers": ["db1"], "readers": ["db2"], "behind": [], "sides": 1}),
    ({"arrives": ("one",)}, {"writers": ["db1"], "readers": ["db2"], "behind": ["db2"], "sides": 1}),
    # Who answers nobody is in no list, and not waited for.
    ({"down": ("two",)}, {"writers": ["db1"], "readers": [], "behind": [], "sides": 1}),
    ({"sides": {"db1": ["db1"], "db2": ["db2"]}}, {"writers": ["db1", "db2"], "readers": [], "behind": [], "sides": 2}),
    ({"sides": {"db1": ["db1", "x"], "db2": ["db2", "x"]}}, {"writers": ["db1", "db2"], "readers": [], "behind": [], "sides": 1}),
    ({"sides": {"db1": [], "db2": []}}, {"writers": [], "readers": ["db1", "db2"], "behind": [], "sides": 0}),
])
def test_who_takes_what_is_written_and_who_gets_it(monkeypatch, clock, more, found):
    clock(writers)
    told = probed(monkeypatch, **more)
    assert {key: told[key] for key in found} == found


@pytest.mark.parametrize("fails", [Failed("read only"), Unknown("no answer")])
def test_where_no_row_can_be_written_there_is_no_drill(monkeypatch, fails):
    with pytest.raises(LedgerError) as refused:
        probed(monkeypatch, fails=fails)
    assert str(refused.value) == "a row cannot be written: %s" % fails


@pytest.mark.parametrize("kind, module, sentence", [
    ("sql", writers.sql, "PyMySQL is missing on this host: install python3-pymysql"),
    ("amqp", writers.amqp.wire, "pika is missing on this host: install python3-pika")])
def test_what_a_kind_needs_is_named_where_it_is_missing(monkeypatch, kind, module, sentence):
    monkeypatch.setattr(module, "pymysql" if kind == "sql" else "pika", None)
    with pytest.raises(LedgerError) as refused:
        writers.kind_of({"kind": kind, "password_file": ""}, 1)
    assert str(refused.value) == sentence


class Memory:
    """Two servers in memory; what is written on the first is on the second, but for its .loses-th row. Real threads write and look."""

    loses = None

    def __init__(self):
        self.one, self.two, self.server, self.down, self.lock = [], [], "db1", False, threading.Lock()

    def connect(self):
        return self

    def stale(self):
        return False

    def write(self, number):
        # Counted, not by its number: a pool that is busy refuses numbers, any of them.
        with self.lock:
            self.one.append(number)
            lost = len(self.one) == self.loses
        if not lost:
            self.two.append(number)

    def ask(self, name, _address):
        if self.down and name == "db2":
            raise OSError("down")
        return self, name

    def look(self, name, _connection, _version):
        if self.down and name == "db2":
            raise OSError("down")
        rows = self.one if name == "db1" else self.two
        return [name] if name == "db1" else [], max([*rows, 0])

    def numbers(self, address):
        return list(self.two if address == "two" else self.one)

    def extent(self, address):
        rows = self.numbers(address)
        return len(rows), max([*rows, 0])

    def close(self):
        pass


def written_until(tmp_path, monkeypatch, enough, meanwhile=None, **more):
    """What a real ledger told that wrote until that was true."""
    memory, began = type("Memory", (Memory,), more)(), time.monotonic()
    monkeypatch.setattr(writers, "kind_of", lambda _p, _run: memory)
    made = writers.Writers(dict(P, interval_ms=5, watch_ms=5, file=str(tmp_path / "d.ledger")), lambda: (time.monotonic() - began) * 1000)
    made.start()
    for condition in (enough, *([] if meanwhile is None else [meanwhile])):
        until = time.monotonic() + 60
        while not condition(made, memory) and time.monotonic() < until:
            time.sleep(0.01)
    return made, made.finish(60)


def test_a_ledger_from_its_first_row_to_the_last(tmp_path, monkeypatch):
    made, told = written_until(tmp_path, monkeypatch, lambda made, memory: len(memory.one) > 20 and made.back())
    assert told["checked"] and told["acknowledged"] > 20 and (told["lost"], told["duplicates"], told["errors"]) == (0, 0, {})
    assert {name: (part["missing"], part["strange"]) for name, part in told["servers"].items()} == {"db1": (0, 0), "db2": (0, 0)}
    assert told["spans"]["db1"][0][4] == ["db1"] and told["spans"]["db2"][0][4] == [] and not any(t.is_alive() for t in made.threads)


def test_a_row_that_a_server_never_gets_is_missing_there_and_not_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(writers, "SETTLED_S", 0.2)
    _made, told = written_until(tmp_path, monkeypatch, lambda _made, memory: len(memory.one) > 5, loses=3)
    assert told["lost"] == 0 and told["servers"]["db2"]["missing"] == 1 and told["servers"]["db1"]["missing"] == 0


def test_a_server_that_was_away_is_back_when_it_answers(tmp_path, monkeypatch):
    def goes(made, memory):
        memory.down = len(memory.one) > 3
        return memory.down and not made.back()

    def comes(made, memory):
        memory.down = False
        return made.back()

    made, told = written_until(tmp_path, monkeypatch, goes, comes)
    assert made.back() and told["errors"] == {"db2": "down"} and None in [span[4] for span in told["spans"]["db2"]]
    assert told["servers"]["db2"]["missing"] == 0

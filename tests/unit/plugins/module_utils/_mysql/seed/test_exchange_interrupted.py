# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An order to stop, as systemd gives it, before and after every step of an exchange of data directories: what is there afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import job
from ansible_collections.failover.stack.plugins.module_utils._mysql.job import Failure
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import files, worker

LOGS = ("mysql-bin.000001", "mysql-bin.000002", "mysql-bin.index")
STEPS = ("rename", "rmdir", "unlink", "fsync", "chmod", "fchmod")


class Orders:
    """Every step of what is done with files is counted; the `at`-th gets the order, before it is done or after."""

    def __init__(self, monkeypatch):
        self.at, self.after, self.count, self.armed = -1, False, 0, False
        for name in STEPS:
            monkeypatch.setattr(os, name, self.counting(getattr(os, name)))

    def counting(self, step):
        def act(*arguments, **named):
            if not self.armed:
                return step(*arguments, **named)
            number, self.count = self.count, self.count + 1
            if number == self.at and not self.after:
                os.kill(os.getpid(), signal.SIGTERM)
            result = step(*arguments, **named)
            if number == self.at and self.after:
                os.kill(os.getpid(), signal.SIGTERM)
            return result

        return act


class Host:
    """A server's data and its logs, which lie elsewhere, and a copy that is to take their place."""

    def __init__(self, root, monkeypatch, orders):
        self.root, self.orders, self.starts_on, self.runs_on = root, orders, ("old", "new"), "old"
        self.datadir, self.new, self.aside = (str(root / name) for name in ("mysql", "mysql.seed", "mysql.before-20261129T130000"))
        for path, text in ((self.datadir, "old"), (self.new, "new")):
            os.mkdir(path)
            self.write(path + "/ibdata1", text)
        os.mkdir(str(root / "logs"))
        for name in LOGS:
            self.write(str(root / "logs" / name), "old")
        monkeypatch.setattr(worker, "systemctl", self.systemctl)
        monkeypatch.setattr(worker.subprocess, "run", self.run)
        monkeypatch.setattr(worker, "wait_for", lambda login, seconds: "connection")
        monkeypatch.setattr(worker, "nothing_written_since", lambda settings: None)
        self.settings = {"datadir": self.datadir, "unit": "mariadb.service", "uid": os.getuid(), "gid": os.getgid(), "login": {},
                         "start_s": 1, "own_writes": None, "log_base": str(root / "logs" / "mysql-bin")}

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="ascii") as handle:
            handle.write(text)

    def data(self):
        with open(self.datadir + "/ibdata1", encoding="ascii") as handle:
            return handle.read()

    def logs(self):
        """{name: whose} of those that the server finds."""
        place, found = self.root / "logs", {}
        for path in place.iterdir():
            if path.is_file():
                found[path.name] = path.read_text(encoding="ascii")
        return found

    def systemctl(self, verb, unit):
        if verb == "stop":
            self.runs_on = None
        else:
            if self.data() not in self.starts_on:
                # A server that begins on data that is not its own begins logs, too.
                self.write(str(self.root / "logs" / "mysql-bin.000001"), "new")
                raise Failure("systemctl start %s failed" % unit)
            self.runs_on = self.data()

    def run(self, command, check):
        assert check is False
        with contextlib.suppress(Failure):
            self.systemctl(command[1], command[2])

    def exchange(self, at=-1, after=False):
        progress = types.SimpleNamespace(phase=lambda name: None)
        self.orders.at, self.orders.after, self.orders.armed = at, after, True
        try:
            return worker.exchange(self.settings, progress, self.new, self.aside)
        finally:
            self.orders.armed = False


@pytest.fixture
def obeying():
    """SIGTERM is what job.work makes of it."""
    def stop(_number, _frame):
        raise Failure("it was stopped")

    before = signal.signal(signal.SIGTERM, stop)
    yield stop
    assert signal.getsignal(signal.SIGTERM) is stop
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def hosts(tmp_path, monkeypatch, obeying):
    """Fresh hosts, one after the other."""
    orders, made = Orders(monkeypatch), []

    def host(**state):
        orders.count = 0
        made.append(Host(tmp_path_of(tmp_path, len(made)), monkeypatch, orders))
        vars(made[-1]).update(state)
        return made[-1]

    return host


def tmp_path_of(root, number):
    place = root / str(number)
    place.mkdir()
    return place


OLD = dict.fromkeys(LOGS, "old")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_order_to_stop_leaves_the_old_data_with_its_logs_or_the_new(hosts, after):
    whole = hosts()
    assert whole.exchange() == "connection"
    steps, stopped = whole.orders.count, 0
    assert steps >= 8 and whole.data() == whole.runs_on == "new" and whole.logs() == {}
    for at in range(steps):
        host = hosts()
        try:
            host.exchange(at, after)
        except Failure as failure:
            stopped += 1
            assert "it was stopped" in str(failure), at
            assert (host.data(), host.runs_on, host.logs()) == ("old", "old", OLD), at
            assert not os.path.exists(host.aside) and sorted(os.listdir(host.root / "logs")) == sorted(LOGS), at
        else:
            assert (host.data(), host.runs_on, host.logs()) == ("new", "new", {}), at
            assert os.path.isdir(host.aside), at
    assert stopped == steps


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_server_that_does_not_start_on_the_copy_gets_its_own_back_whenever_the_order_comes(hosts, after):
    whole = hosts(starts_on=("old",))
    with pytest.raises(Failure, match="the old data is back in its place"):
        whole.exchange()
    steps = whole.orders.count
    for at in range(steps):
        host = hosts(starts_on=("old",))
        with pytest.raises(Failure):
            host.exchange(at, after)
        assert (host.data(), host.runs_on, host.logs()) == ("old", "old", OLD), at
        assert not os.path.exists(host.aside) and sorted(os.listdir(host.root / "logs")) == sorted(LOGS), at


@pytest.mark.parametrize("number", range(len(LOGS) + 1))
def test_logs_are_put_aside_all_or_none(tmp_path, monkeypatch, number):
    """Also when it is the file system that refuses, not somebody who stops it."""
    (tmp_path / "logs").mkdir()
    for name in LOGS:
        (tmp_path / "logs" / name).write_text("old")
    rename, done = os.rename, []

    def refusing(old, new):
        done.append(old)
        if len(done) == number + 1 <= len(LOGS):
            raise OSError(5, "Input/output error")
        rename(old, new)

    def sync(_directory):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(files.os, "rename", refusing)
    monkeypatch.setattr(files, "sync", sync)
    with pytest.raises(OSError, match="Input/output error"):
        files.set_aside(str(tmp_path / "logs" / "mysql-bin"), "before-x")
    assert sorted(os.listdir(tmp_path / "logs")) == sorted(LOGS)


def test_what_is_undone_hears_no_order_and_says_so_to_what_it_starts(obeying):
    with job.undisturbed():
        os.kill(os.getpid(), signal.SIGTERM)
        # A process that is started now ignores it, too: systemd tells all of a unit.
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    with pytest.raises(Failure, match="it was stopped"):
        os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(ZeroDivisionError), job.undisturbed():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGTERM) is obeying

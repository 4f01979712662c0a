# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A backup that ends at any of its steps, and data that a backup may replace: there is always a whole one, and nothing else is lost."""

from __future__ import annotations

import itertools
import os
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup import rules, shelf, worker

TABLES = {"shop.order": {"rows": 3, "checksum": 9}}
STEPS = ("rename", "mkdir", "unlink", "fsync", "rmdir", "sync", "chown")


class Ended(BaseException):
    """The program is gone, whatever it would still have done."""


@pytest.fixture
def steps(monkeypatch):
    """Counts what is done to files; the `at`-th step is the last one. What tidies up is not there any more either."""
    state = types.SimpleNamespace(at=None, done=[], armed=False)
    rmtree = worker.shutil.rmtree

    def counting(name, step):
        def act(*arguments, **named):
            if state.armed:
                state.done.append(name)
                if len(state.done) - 1 == state.at:
                    raise Ended
            return step(*arguments, **named)

        return act

    for name in STEPS:
        real = getattr(os, name)
        monkeypatch.setattr(os, name, counting(name, (lambda *_arguments, **_named: None) if name in ("sync", "chown") else real))

    def tidy(path, ignore_errors=False):
        if not (state.armed and rules.PARTIAL in path):
            rmtree(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(worker.shutil, "rmtree", tidy)
    return state


@pytest.fixture
def backup(tmp_path, monkeypatch, steps):
    """backup() makes one of two files and keeps two; each has its own second."""
    now = [1795000000.0]
    monkeypatch.setattr(worker.time, "time", lambda: now[0])

    def make_copy(_settings, _progress, partial):
        os.mkdir(os.path.join(partial, rules.DATA))
        for name in ("ibdata1", "auto.cnf"):
            with open(os.path.join(partial, rules.DATA, name), "w", encoding="ascii") as handle:
                handle.write("%s %d" % (name, now[0]))
        return TABLES, "0-1-7", {}, "10.11.19-MariaDB", "copy"

    monkeypatch.setattr(worker, "make_copy", make_copy)
    progress = types.SimpleNamespace(phase=lambda name, total=0: None, count=lambda done, total=None: None)

    def make(at=None):
        now[0] += 1
        steps.at, steps.armed, steps.done = at, True, []
        try:
            return worker.backup({"directory": str(tmp_path), "host": "db1", "keep": 2, "dialect": "mariadb", "compress": "none"}, progress)
        finally:
            steps.armed = False

    make.whole = lambda: sorted(name for name in shelf.good_backups(str(tmp_path)) if worker.verify(
        {"backup": name}, progress, str(tmp_path / name)))
    return make


def test_there_are_always_as_many_whole_backups_as_are_kept(backup, tmp_path, steps):
    for _number in range(3):
        backup()
    count = len(steps.done)
    assert count >= 8 and len(backup.whole()) == 2
    for at in range(count):
        before = backup.whole()
        with pytest.raises(Ended):
            backup(at)
        # A removal that ended halfway leaves no good one: what is told to be good has every byte of it.
        after = backup.whole()
        assert len(after) >= 2 and set(before[1:]) <= set(after), at
        worker.remove_halves(str(tmp_path))
        assert not [name for name in os.listdir(tmp_path) if name.startswith(rules.PARTIAL)], at
        backup()
        assert len(backup.whole()) == 2, at


# --- Into a member's own data ---------------------------------------------------------------


def member(executed, databases, number, **more):
    return {"reachable": True, "dialect": "mariadb", "writable": False, "blank": not databases, "databases": databases, "channels": [],
            "log_filters": {}, "gtid": {"executed": executed, "state": executed, "slave": "", "server_id": number}, **more}


MEMBERS = {
    "blank": member("", [], 3), "behind": member("0-1-90", ["shop"], 3), "level": member("0-1-100", ["shop"], 3),
    "ahead": member("0-1-105", ["shop"], 3), "another database": member("0-1-100", ["crm", "shop"], 3),
    "without a history": member("", ["shop"], 3), "takes writes": member("0-1-100", ["shop"], 3, writable=True),
    "silent": {"reachable": False},
}
OTHERS = {"level": member("0-1-100", ["shop"], 1), "in part": member("0-1-100", ["shop"], 1, log_filters={"ignore_db": ["tmp"]}),
          "silent": {"reachable": False}}


@pytest.mark.parametrize("discard", [(), ["db3"], "db2, db3", ["db2"]])
def test_a_backup_replaces_only_what_another_member_has_or_what_was_named(discard):
    for mine, other in itertools.product(MEMBERS, OTHERS):
        plan = rules.into_plan("db3", {"db1": OTHERS[other], "db3": MEMBERS[mine]}, "a-backup", discard)
        covered = other == "level" and mine in ("behind", "level")
        allowed = mine == "blank" or covered or ("db3" in discard and mine != "takes writes")
        assert bool(plan["refused"]) is not allowed or (mine == "takes writes" and plan["refused"]), (mine, other, plan)
        assert plan["keep_old"] is (mine != "blank" and not covered) or mine == "takes writes", (mine, other, plan)


@pytest.mark.parametrize("host, name, said", [
    ("db9", "b", "mysql_replication_restore_into is db9, which is no member of the cluster (db1, db3)"),
    ("db3", "", "db3: to replace its data the backup must be named, too: add -e mysql_replication_restore_backup=<name>"),
    ("db1", "b", "no other member is known to have all that db1 holds: save it, then replace it by -e mysql_replication_discard=db1"),
    ("db3", "b", "db3 takes the writes: its data is not replaced; switch over to another member first"),
])
def test_why_a_backup_replaces_nothing(host, name, said):
    seen = {"db1": member("0-1-105", ["shop"], 1), "db3": MEMBERS["takes writes"]}
    assert rules.into_plan(host, seen, name) == {"refused": said, "keep_old": True, "because": ""}

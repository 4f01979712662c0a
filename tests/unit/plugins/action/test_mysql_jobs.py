# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""mysql_seed, mysql_backup, mysql_restore on the controller: start, watch, come back after a lost connection."""

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.failover.stack.plugins.action import mysql_backup, mysql_restore, mysql_seed
from ansible_collections.failover.stack.plugins.plugin_utils import mysql_watch

ENDED = {"finished": True, "phases": [{"name": "copy", "seconds": 2.0}], "result": {"bytes": 1024}, "error": "", "phase": ""}
RUNS = {"finished": False, "phases": [], "result": {}, "error": "", "phase": "copy", "done": 512, "total": 1024}


class Clock:
    """Time that passes only by waiting."""

    def __init__(self):
        self.now, self.waited = 1000.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.waited.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(mysql_watch, "time", made)
    # A default argument was bound when the class was made.
    monkeypatch.setattr(mysql_watch.Watch.__init__, "__defaults__", (True, made.sleep))
    return made


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(mysql_watch.Display, "display", lambda self, text, *more, **others: lines.append(text))
    return lines


@pytest.fixture
def task(act, clock, said):
    return act


@pytest.mark.parametrize("action, module, what", [
    (mysql_backup, "failover.stack.mysql_backup", "backup"), (mysql_restore, "failover.stack.mysql_restore", "restore of db3-x")])
def test_a_job_is_started_and_watched_to_its_end(task, said, action, module, what):
    arguments = {"backup": "db3-x"} if action is mysql_restore else {"keep": 3}
    played = task(action, arguments, [{"changed": True}, RUNS, ENDED])
    result = played.run()
    assert [(name, given["act"]) for name, given in played.called] == [(module, "start"), (module, "status"), (module, "status")]
    assert all(dict(given, act="") == dict(arguments, act="") for _name, given in played.called)
    assert result == {"changed": True, "phases": ENDED["phases"], "result": ENDED["result"],
                      "summary": "db2: %s: 1.0 KiB in 2.0 s (copy 2.0)" % what}
    assert said == ["db2: %s: copy 512 B of 1.0 KiB (50 %%)" % what, result["summary"]]


def test_a_job_that_changes_nothing_does_not_say_that_it_did(task):
    """A backup that is proved, and one that ran already."""
    assert task(mysql_restore, {"backup": "db3-x"}, [{"changed": False}, ENDED]).run()["changed"] is False


def test_a_job_that_failed_says_so_and_is_no_change(task):
    result = task(mysql_backup, {}, [{"changed": True}, dict(ENDED, error="db2: no room", result={})]).run()
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, "db2: backup failed: db2: no room")


def test_a_refusal_is_handed_on_and_nothing_is_watched(task):
    refusal = {"failed": True, "msg": "db2: there is no zstd here: install it"}
    played = task(mysql_backup, {}, [refusal])
    assert played.run() == refusal and len(played.called) == 1


def test_in_check_mode_nothing_is_watched(task):
    played = task(mysql_backup, {}, [{"changed": True}], check=True)
    assert played.run() == {"changed": True} and len(played.called) == 1


@pytest.mark.parametrize("act_asked", ["start", "status", "remove"])
def test_other_acts_are_the_modules_alone(task, act_asked):
    played = task(mysql_restore, {"act": act_asked}, [{"changed": False}])
    assert played.run() == {"changed": False} and [given["act"] for _name, given in played.called] == [act_asked]


@pytest.mark.parametrize("act_asked", ["offer", "receive", "send", "status", "withdraw", "stop"])
def test_seedings_other_acts_are_the_modules_alone(task, act_asked):
    played = task(mysql_seed, {"act": act_asked}, [{"changed": False}])
    assert played.run() == {"changed": False} and played.called == [("failover.stack.mysql_seed", {"act": act_asked})]


def test_seeding_is_watched_by_its_state(task, said):
    played = task(mysql_seed, {"act": "watch", "peer": "db1", "every_s": 9}, [RUNS, ENDED])
    assert played.run()["changed"] and said[0].startswith("db2: seeding from db1: copy")
    assert [given["act"] for _name, given in played.called] == ["status", "status"]


def test_a_connection_that_breaks_is_made_anew(task, said):
    result = task(mysql_seed, {"act": "watch"}, [
        RUNS, {"unreachable": True, "msg": "timed out"}, AnsibleConnectionFailure("refused"), ENDED]).run()
    assert result["changed"] and said.count("db2: seeding goes on, the connection is lost; trying again") == 2


def test_who_stays_away_is_given_up_with_the_truth(task, clock):
    result = task(mysql_seed, {"act": "watch", "every_s": 60}, [{"unreachable": True, "msg": "timed out"}] * 9).run()
    assert result == {
        "failed": True, "msg": "db2: seeding goes on there, but the host cannot be reached (timed out): run again to watch it"}
    assert 180 < clock.now - 1000 <= 240


def test_a_connection_that_never_comes_back_fails_as_ansible_says(task):
    with pytest.raises(AnsibleConnectionFailure):
        task(mysql_seed, {"act": "watch", "every_s": 60}, [AnsibleConnectionFailure("refused")] * 9).run()


def test_a_module_that_fails_while_watching_is_the_end(task):
    broken = {"failed": True, "msg": "no python"}
    assert task(mysql_seed, {"act": "watch"}, [RUNS, broken]).run() == broken


def test_lines_come_as_often_as_asked_and_short_jobs_are_asked_sooner(task, said, clock):
    task(mysql_seed, {"act": "watch", "every_s": 5}, [RUNS] * 40 + [ENDED]).run()
    assert clock.waited[0] == 0.5 and max(clock.waited) <= 5
    elapsed = clock.now - 1000
    assert elapsed / 10 <= len(said) - 1 <= elapsed / 5 + 1

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import signal
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mha_manager
from ansible_collections.failover.stack.plugins.module_utils._mha import listing
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, Unreachable

MEMBERS = {"db1": "192.0.2.31", "db2": "192.0.2.32", "db3": "192.0.2.33"}
CONFIG = {"members": MEMBERS, "candidates": list(MEMBERS), "port": 3306, "user": "mha", "ssh_port": 22, "ssh_connect_s": 3,
          "ssh_user": "mha",
          "failover_interval_s": 300, "ping_interval_s": 1, "lost_s": 10, "heal_s": 15, "isolation_s": 3}


class Clock:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    def time(self):
        return self.now


class PlayedChild:
    made = []

    def __init__(self, watched):
        self.watched, self.exit, self.busy, self.applied, self.killed, self.frozen = watched, None, False, False, False, False
        PlayedChild.made.append(self)

    def ended(self):
        return self.exit

    def working(self):
        return self.busy and self.exit is None

    def still(self, interval_s):
        return self.frozen and interval_s == CONFIG["ping_interval_s"]

    def end(self):
        self.killed, self.exit = True, 1


class Played:
    """A manager whose members are `found`, asked by `replies`."""

    def __init__(self, monkeypatch, directory):
        self.clock, self.found, self.asked, self.started, self.replies = Clock(), {}, [], [], {}
        PlayedChild.made = []
        for name in ("APP_CONF", "AT_WORK", "STATE", "STATUS", "COMPLETE", "ERROR"):
            monkeypatch.setattr(mha_manager, name, str(directory / name))
        monkeypatch.setattr(mha_manager, "time", self.clock)
        monkeypatch.setattr(mha_manager, "Child", PlayedChild)
        self.ages, self.directory = {}, directory
        monkeypatch.setattr(mha_manager, "age_of", self.ages.get)
        monkeypatch.setattr(mha_manager.os, "unlink", self.ages.pop)
        self.manager = mha_manager.Manager(CONFIG, "secret")
        monkeypatch.setattr(self.manager, "look", lambda: self.found)
        monkeypatch.setattr(self.manager, "start_replication", self.started.append)
        monkeypatch.setattr(self.manager.members, "ask", self.ask)

    def ask(self, place, verb, timeout=0, **given):
        self.asked.append((place, verb))
        return self.replies.get((place, verb)), "no answer"

    def tick(self, seconds=2.0, times=1):
        for _turn in range(times):
            self.manager.tick()
            self.clock.now += seconds

    def conf(self):
        return mha_manager.listed_in(mha_manager.read(mha_manager.APP_CONF), MEMBERS)


@pytest.fixture
def played(monkeypatch, tmp_path):
    return Played(monkeypatch, tmp_path)


def one(name, source=None, writable=False, io="Yes", reached=True, **more):
    return listing.Seen(name, MEMBERS[name], reached, writable, MEMBERS.get(source), io if source else "", "Yes" if source else "",
                        ("binlog.000001", 9) if source else None, ("binlog.000001", 9), **more)


def cluster(writer="db1", **states):
    found = {name: one(name, None if name == writer else writer, name == writer) for name in MEMBERS}
    found.update(states)
    return found


def test_mha_is_started_for_the_writer(played):
    played.found = cluster()
    played.tick()
    assert played.conf() == list(MEMBERS) and [child.watched for child in PlayedChild.made] == ["db1"]


def test_it_goes_on_after_a_failover(played):
    played.found = cluster()
    played.tick()
    PlayedChild.made[0].busy = True
    played.found = cluster("db2", db1=listing.Seen("db1", MEMBERS["db1"]))
    played.tick()
    assert played.conf() == list(MEMBERS)
    PlayedChild.made[0].exit = 0
    played.tick(times=4)
    assert played.conf() == ["db2", "db3"] and [child.watched for child in PlayedChild.made] == ["db1", "db2"]
    played.found = cluster("db2")
    played.tick()
    assert played.conf() == list(MEMBERS)


def test_another_failover_waits_for_the_interval(played):
    played.found = cluster()
    played.ages[mha_manager.COMPLETE] = played.clock.now
    played.tick()
    assert mha_manager.COMPLETE in played.ages
    played.tick(299)
    assert mha_manager.COMPLETE in played.ages
    played.tick()
    assert mha_manager.COMPLETE not in played.ages


def test_a_switchover_by_others_is_noticed(played):
    played.found = cluster()
    played.tick()
    played.found = cluster("db3")
    played.tick(times=4)
    assert [(child.watched, child.killed) for child in PlayedChild.made] == [("db1", True), ("db3", False)]


def test_mhas_manager_that_is_frozen_is_started_anew(played):
    played.found = cluster()
    played.tick()
    PlayedChild.made[0].frozen = True
    played.tick(times=2)
    assert len(PlayedChild.made) == 1, "a machine that stood still has to look once more"
    played.tick(times=2)
    assert [(child.watched, child.killed) for child in PlayedChild.made] == [("db1", True), ("db1", False)]


@pytest.mark.parametrize("silent_s, interval_s, words, still", [
    (29, 1, "7\t0:PING_OK\tmaster:192.0.2.31", False), (31, 1, "7\t0:PING_OK\tmaster:192.0.2.31", True),
    (31, 60, "7\t0:PING_OK\tmaster:192.0.2.31", False), (241, 60, "7\t0:PING_OK\tmaster:192.0.2.31", True),
    (31, 1, "7\t10:INITIALIZING_MONITOR", False), (31, 1, "7\t50:FAILOVER_RUNNING\tmaster:192.0.2.31", False), (31, 1, "", False)])
def test_when_mhas_manager_counts_as_frozen(monkeypatch, tmp_path, silent_s, interval_s, words, still):
    (tmp_path / "STATUS").write_text(words)
    monkeypatch.setattr(mha_manager, "STATUS", str(tmp_path / "STATUS"))
    monkeypatch.setattr(mha_manager.subprocess, "Popen", lambda *_words, **_more: Process())
    child = mha_manager.Child("db1")
    monkeypatch.setattr(mha_manager.time, "time", lambda: child.at + silent_s)
    monkeypatch.setattr(mha_manager, "age_of", lambda _path: child.at)
    assert child.still(interval_s) is still
    child.process.code = 1
    assert not child.still(interval_s)


class Process:
    stdout, code = (), None

    def poll(self):
        return self.code


def test_mha_is_started_for_a_dead_writer_too(played):
    dead = listing.Seen("db1", MEMBERS["db1"])
    played.found = cluster(db1=dead)
    played.tick()
    assert [child.watched for child in PlayedChild.made] == ["db1"] and played.conf() == []
    played.found = cluster(db1=dead, db2=listing.Seen("db2", MEMBERS["db2"]), db3=listing.Seen("db3", MEMBERS["db3"]))
    PlayedChild.made[0].exit = 1
    played.tick(times=5)
    assert len(PlayedChild.made) == 1


def test_a_fenced_writer_that_nobody_replaced_takes_writes_again(played):
    fenced = one("db1")
    played.ages[mha_manager.AT_WORK] = 1000.0
    played.found = cluster(db1=fenced, db2=one("db2", "db1", io="No"))
    played.replies = {(MEMBERS["db1"], "status"): {"recorded": False}, (MEMBERS["db1"], "promote"): {"gtid": "0-1-1"}}
    played.tick(times=9)
    assert played.started and set(played.started) == {"db2"}
    assert played.asked[-1] == (MEMBERS["db1"], "promote")
    played.found = cluster()
    played.tick()
    assert mha_manager.AT_WORK not in played.ages


def test_a_writer_that_kept_its_source_is_told_to_forget_it(played):
    played.ages[mha_manager.AT_WORK] = 1000.0
    played.found = cluster("db2", db1=listing.Seen("db1", MEMBERS["db1"]), db2=one("db2", "db1", True, io="No"))
    played.replies = {(MEMBERS["db2"], "forget"): {"forgotten": ["192.0.2.31:3306"]}}
    played.tick(times=4)
    assert (MEMBERS["db2"], "forget") in played.asked and mha_manager.AT_WORK in played.ages
    played.found = cluster("db2", db1=listing.Seen("db1", MEMBERS["db1"]))
    played.tick()
    assert mha_manager.AT_WORK not in played.ages


def test_what_others_have_stopped_stays_so(played):
    played.found = cluster(db1=one("db1"), db2=one("db2", "db1", io="No"))
    played.replies = {(MEMBERS["db1"], "status"): {"recorded": False}}
    played.tick(times=12)
    assert played.started == [] and played.asked == []


def test_one_that_the_record_names_is_left_to_its_own_agent(played):
    played.ages[mha_manager.AT_WORK] = 1000.0
    played.found = cluster(db1=one("db1"))
    played.replies = {(MEMBERS["db1"], "status"): {"recorded": True}}
    played.tick(times=12)
    assert (MEMBERS["db1"], "promote") not in played.asked


def test_marks_of_a_failover_that_failed(played):
    played.found = cluster()
    played.ages[mha_manager.ERROR] = played.clock.now
    played.tick()
    assert mha_manager.ERROR not in played.ages
    played.found = cluster(db1=listing.Seen("db1", MEMBERS["db1"]))
    played.ages[mha_manager.ERROR] = played.clock.now
    played.manager.applied = True
    played.tick()
    assert mha_manager.ERROR in played.ages
    played.manager.applied = False
    played.tick()
    assert mha_manager.ERROR not in played.ages


def test_a_sign_of_life_is_given_in_each_turn(played, monkeypatch):
    given = []
    monkeypatch.setattr(mha_manager, "beat", lambda: given.append(1))
    played.found = cluster()
    played.tick(times=3)
    assert len(given) == 3


def test_nothing_is_touched_while_mha_works(played):
    played.found = cluster()
    played.tick()
    PlayedChild.made[0].busy = True
    played.found = cluster(db1=one("db1"), db2=one("db2", "db1", io="No"))
    played.tick(times=20)
    assert played.started == [] and played.asked == [] and len(PlayedChild.made) == 1


def test_what_is_seen_of_a_member(database):
    database.answers = {
        "SELECT @@global.read_only": [{"r": 1}], "SHOW MASTER STATUS": [{"File": "binlog.000002", "Position": 4}],
        "SELECT HOST AS h": [{"h": "192.0.2.33:51234"}],
        "SHOW ALL SLAVES STATUS": [{"Master_Host": "192.0.2.31", "Slave_IO_Running": "Yes", "Slave_SQL_Running": "Yes",
                                    "Master_Log_File": "binlog.000001", "Read_Master_Log_Pos": 900, "Last_SQL_Error": ""}]}
    found = mha_manager.seen("db2", "192.0.2.32", database)
    assert found == listing.Seen("db2", "192.0.2.32", True, False, "192.0.2.31", "Yes", "Yes", ("binlog.000001", 900), ("binlog.000002", 4),
                                 ("192.0.2.33",), "")
    database.answers["SHOW ALL SLAVES STATUS"] = []
    assert mha_manager.seen("db1", "192.0.2.31", database).source is None


@pytest.mark.parametrize("failure", [Unreachable("nothing there"), Failure("denied")])
def test_a_member_that_cannot_be_asked(monkeypatch, failure):
    def refuse(_where):
        raise failure

    monkeypatch.setattr(mha_manager, "connect", refuse)
    assert mha_manager.look("db1", "192.0.2.31", CONFIG, "secret") == listing.Seen("db1", "192.0.2.31")


# MHA's own manager, as a process

@pytest.fixture
def child(tmp_path, monkeypatch):
    """child(text of a shell script that is masterha_manager) -> the running Child."""
    made = []
    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path, os.environ["PATH"]))
    monkeypatch.setattr(mha_manager, "STATUS", str(tmp_path / "status"))
    monkeypatch.setattr(mha_manager, "MANAGER_ENVIRONMENT", dict(os.environ))

    def start(script):
        (tmp_path / "masterha_manager").write_text("#!/bin/sh\n" + script)
        (tmp_path / "masterha_manager").chmod(0o755)
        made.append(mha_manager.Child("db1"))
        return made[-1]

    yield start
    for one in made:
        if one.ended() is None:
            one.process.kill()
        one.process.wait(10)


def until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def test_from_where_it_cannot_be_begun_anew_is_heard(child, capsys):
    heard = []

    def arrived():
        heard.append(capsys.readouterr().out)
        return "--conf=" in "".join(heard)

    one = child("echo '* Phase 3.4: New Master Diff Log Generation Phase..'; echo \"$*\"; exec sleep 60")
    assert until(arrived) and one.applied is False and one.ended() is None
    other = child("echo '* Phase 3.5: Master Log Apply Phase..'; exit 10")
    assert until(lambda: other.applied) and until(lambda: other.ended() == 10)


@pytest.mark.parametrize("status, working", [
    ("4711\t50:FAILOVER_RUNNING", True), ("4711\t20:PING_FAILING", True), ("4711\t21:PING_FAILED_ONCE", True),
    ("4711\t0:PING_OK\tmaster:db1", False), ("", False), ("4711", False)])
def test_what_it_is_at_is_in_its_file_as_long_as_it_runs(child, tmp_path, status, working):
    (tmp_path / "status").write_text(status)
    one = child("exec sleep 60")
    assert one.working() is working
    one.process.kill()
    one.process.wait(10)
    assert one.working() is False


def test_it_is_asked_to_end_and_then_ended(child, monkeypatch):
    kind = child("exec sleep 60")
    kind.end()
    assert kind.ended() == -signal.SIGTERM
    stubborn = child("trap '' TERM; echo ready; while :; do sleep 0.1; done")
    wait = stubborn.process.wait
    # Its ten seconds are over at once.
    monkeypatch.setattr(stubborn.process, "wait", lambda seconds=None: wait(0.3 if seconds else None))
    time.sleep(0.3)
    stubborn.end()
    assert stubborn.ended() == -signal.SIGKILL


# What is seen of a member

def test_a_member_as_its_server_tells_it(database, monkeypatch):
    monkeypatch.setattr(mha_manager, "connect", database.connect)
    database.answers = {
        "SELECT @@global.read_only": [{"r": 1}], "SHOW MASTER STATUS": [{"File": "bin.000007", "Position": 812}],
        "SELECT HOST AS h": [{"h": "192.0.2.33:41000"}, {"h": "192.0.2.32:40000"}],
        "SHOW ALL SLAVES STATUS": [{"Master_Host": "192.0.2.31", "Slave_IO_Running": "Yes", "Slave_SQL_Running": "No",
                                    "Master_Log_File": "bin.000003", "Read_Master_Log_Pos": 99, "Last_SQL_Error": "Duplicate entry"}]}
    one = mha_manager.look("db2", "192.0.2.32", dict(CONFIG), "secret")
    assert (one.name, one.writable, one.position, one.dumps) == ("db2", False, ("bin.000007", 812), ("192.0.2.32", "192.0.2.33"))
    assert (one.source, one.io, one.sql, one.read, one.error) == ("192.0.2.31", "Yes", "No", ("bin.000003", 99), "Duplicate entry")
    assert database.open == 0
    database.answers.update({"SHOW MASTER STATUS": [], "SHOW ALL SLAVES STATUS": [{"Master_Host": ""}]})
    database.answers["SELECT @@global.read_only"] = [{"r": 0}]
    bare = mha_manager.look("db1", "192.0.2.31", dict(CONFIG), "secret")
    assert bare.writable and not bare.position and not bare.source


def test_a_member_that_tells_half_of_it_counts_as_not_seen(database, monkeypatch):
    monkeypatch.setattr(mha_manager, "connect", database.connect)
    database.answers = {"SELECT @@global.read_only": []}
    assert mha_manager.look("db2", "192.0.2.32", dict(CONFIG), "secret") == listing.Seen("db2", "192.0.2.32") and database.open == 0
    database.down = Unreachable("no")
    assert mha_manager.look("db2", "192.0.2.32", dict(CONFIG), "secret") == listing.Seen("db2", "192.0.2.32")

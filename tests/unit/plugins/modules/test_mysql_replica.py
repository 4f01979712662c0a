# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A replica and its source as real ones were recorded; what the module would change stays in `ran`."""

import json
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import replica_run, source
from ansible_collections.failover.stack.plugins.module_utils._sql import connection
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, Unreachable
from ansible_collections.failover.stack.plugins.modules import mysql_replica, mysql_replica_info
from mysql_recorded import Recorded

PASSWORD = "Gw6-of-the-replicas"
# What the recorded channel is.
SAME = {"source_host": "198.18.21.11", "source_user": "repl", "source_password": PASSWORD, "gtid": "auto", "connect_retry": 5, "wait": 0}


class Replica(Recorded):
    """Refuses the statement that begins with `fails`; its one channel has what was last said of its threads."""

    fails = "no statement begins so"

    def run(self, statement, values=()):
        super().run(statement, values)
        if statement.startswith(self.fails):
            raise Failure("/run/mysqld/mysqld.sock says: no (error 1227)", 1227)

    def verbs(self):
        return [" ".join(statement.replace("/*", " ").split()[:2]) for statement, _values in self.ran if not statement.startswith("SET")]


class Source(Recorded):
    connection = types.SimpleNamespace(_secure=False, _auth_plugin_name="mysql_native_password")
    grants = "GRANT REPLICATION SLAVE ON *.* TO `repl`@`%`"

    def rows(self, statement, values=()):
        return [{"g": self.grants}] if statement.startswith("SHOW GRANTS") else super().rows(statement, values)


@pytest.fixture
def member(monkeypatch, tmp_path):
    """A replica whose password is known, and its source; asked(where) may be replaced."""
    server, there = Replica("mariadb-10.11-replica"), Source("mariadb-10.11-source")
    row = next(entry for entry in server.log if entry["statement"].startswith("SHOW GLOBAL VARIABLES"))["rows"]
    next(each for each in row if each["Variable_name"] == "datadir")["Value"] = str(tmp_path)
    (tmp_path / "master.info").write_text("\n".join(["33", "binlog.000001", "833", "198.18.21.11", "repl", PASSWORD, "3306", "5", "0", ""]))
    monkeypatch.setattr(connection, "open_server", lambda params: server)
    made = types.SimpleNamespace(server=server, source=there, asked=[], datadir=tmp_path, refuses=None)

    def connect(where, context=None):
        made.asked.append(where)
        if made.refuses:
            raise made.refuses
        return there

    monkeypatch.setattr(source, "connect", connect)
    return made


def test_what_is_so_already_is_neither_changed_nor_asked_about(member, play):
    result = play(mysql_replica, SAME, diff=True)
    assert (result["changed"], result["statements"], result["password_compared"], member.server.ran, member.asked) == (
        False, [], True, [], [])
    assert result["diff"] == {"before": {}, "after": {}} and result["replication"]["source_host"] == "198.18.21.11"
    assert member.server.closed


def test_another_source_is_asked_first_and_then_taken(member, play):
    result = play(mysql_replica, dict(SAME, source_host="198.18.21.77"), diff=True)
    assert result["changed"] and result["repointed_from"] == "198.18.21.11:3306"
    assert [where["host"] for where in member.asked] == ["198.18.21.77"] and member.asked[0]["password"] == PASSWORD
    assert member.server.verbs() == ["STOP SLAVE", "CHANGE MASTER", "START SLAVE"]
    assert result["diff"]["before"]["source_host"] == "198.18.21.11" and result["diff"]["after"]["source_host"] == "198.18.21.77"


def test_the_password_is_in_no_result_diff_or_shown_statement(member, play):
    result = play(mysql_replica, dict(SAME, source_password=PASSWORD + "-new"), diff=True)
    assert result["changed"] and "MASTER_PASSWORD = ********" in " ".join(result["statements"])
    assert PASSWORD not in json.dumps(result)
    # It is bound by the driver, in a statement that the logs do not get.
    secret = [statement for statement, values in member.server.ran if PASSWORD + "-new" in values]
    assert len(secret) == 1 and PASSWORD not in secret[0]
    quiet = [statement for statement, _values in member.server.ran]
    assert quiet.index("SET SESSION sql_log_off = 1") < quiet.index(secret[0])


def test_check_mode_says_the_same_and_changes_nothing(member, play):
    said = play(mysql_replica, dict(SAME, source_host="198.18.21.77"), check=True)
    assert said["changed"] and member.server.ran == []
    assert play(mysql_replica, dict(SAME, source_host="198.18.21.77"))["statements"] == said["statements"]


def test_a_source_that_refuses_leaves_the_old_configuration_running(member, play):
    member.refuses = Failure("198.18.21.77:3306: Access denied (error 1045)", 1045)
    sentence = ("the source 198.18.21.77:3306 refuses user 'repl' with this password: correct source_user and source_password, or the "
                "account there.")
    result = play(mysql_replica, dict(SAME, source_host="198.18.21.77"), fails=True)
    assert result["msg"] == "db2: %s Nothing was changed and the old configuration runs on." % sentence
    assert (result["problems"], result["changed"], result["statements"], "repointed_from" in result) == ([sentence], False, [], False)
    assert member.server.ran == []
    result = play(mysql_replica, dict(SAME, source_host="198.18.21.77"), check=True)
    assert result["warnings"] == ["db2: " + sentence] and result["changed"]


@pytest.mark.parametrize("refuses, sentence", [
    (Unreachable("db7:3306: [Errno -2] Name or service not known", 2003),
     "source_host is '198.18.21.77', which no resolver knows: correct the name, or give an address."),
    (Unreachable("198.18.21.77:3306: timed out", 2003),
     "the source 198.18.21.77:3306 cannot be reached (198.18.21.77:3306: timed out): correct source_host and source_port, or start it; "
     "check_source: false does not ask."),
    (Failure("Host is not allowed (error 1130)", 1130),
     "the source 198.18.21.77:3306 allows no user from this host: create 'repl' there for this host."),
])
def test_what_is_wrong_with_a_source_is_said(member, refused, refuses, sentence):
    member.refuses = refuses
    assert refused(mysql_replica, dict(SAME, source_host="198.18.21.77")) == (
        "db2: %s Nothing was changed and the old configuration runs on." % sentence)


def test_a_user_that_may_not_replicate_is_refused(member, refused):
    member.source.grants = "GRANT SELECT ON *.* TO `repl`@`%`"
    assert "the user 'repl' may not replicate from 198.18.21.77:3306: GRANT REPLICATION SLAVE ON *.* to it there." in refused(
        mysql_replica, dict(SAME, source_host="198.18.21.77"))
    assert member.server.ran == []


def test_who_is_not_to_be_asked_is_not_asked(member, play):
    assert play(mysql_replica, dict(SAME, source_host="198.18.21.77", check_source=False))["changed"] and member.asked == []


@pytest.mark.parametrize("missing, words", [
    (("source_host",), "source_host"), (("source_host", "source_user"), "source_host and source_user")])
def test_a_new_channel_needs_to_know_from_whom(member, refused, missing, words):
    asked = {key: value for key, value in SAME.items() if key not in missing}
    assert refused(mysql_replica, dict(asked, channel="new")) == "db2: channel 'new' is new, so %s must be given." % words
    assert member.server.ran == []


def test_a_change_that_is_refused_halfway_leaves_the_threads_running(member, refused):
    member.server.fails = "CHANGE MASTER"
    assert refused(mysql_replica, dict(SAME, source_host="198.18.21.77")) == (
        "db2: /run/mysqld/mysqld.sock says: no (error 1227). The old configuration runs on.")
    assert member.server.verbs() == ["STOP SLAVE", "CHANGE MASTER", "START SLAVE"]


def test_a_channel_is_forgotten_only_once(member, play, monkeypatch):
    result = play(mysql_replica, {"state": "absent", "channel": "side"})
    assert result["changed"] and member.server.verbs() == ["RESET SLAVE"] and result["replication"]
    assert play(mysql_replica, {"state": "absent", "channel": "never was"}) == {
        "changed": False, "statements": [], "password_compared": None, "replication": None}


def test_a_server_that_is_too_old_is_refused(member, refused):
    row = next(entry for entry in member.server.log if entry["statement"].startswith("SHOW GLOBAL VARIABLES"))["rows"]
    next(each for each in row if each["Variable_name"] == "version")["Value"] = "10.4.34-MariaDB"
    assert refused(mysql_replica, SAME) == "db2: MariaDB 10.4.34 is too old: 10.5.1 or newer is needed."


def test_a_server_that_does_not_answer_is_said_with_its_host(monkeypatch, refused):
    def down(params):
        raise Unreachable("/run/mysqld/mysqld.sock: Connection refused", 2002)

    monkeypatch.setattr(connection, "open_server", down)
    assert refused(mysql_replica, SAME) == "db2: /run/mysqld/mysqld.sock: Connection refused."


@pytest.mark.parametrize("text, why", [
    (None, "%s cannot be read (No such file or directory)"),
    ("33\nbinlog.000001\n833\nanother.host\nrepl\nstolen\n3306\n", "%s is not the file of this connection"),
    ("33\n", "%s is not the file of this connection"),
])
def test_a_password_that_cannot_be_compared_is_said_and_not_set(member, play, text, why):
    path = member.datadir / "master.info"
    path.unlink()
    if text:
        path.write_text(text)
    result = play(mysql_replica, SAME)
    assert (result["changed"], result["password_compared"]) == (False, False)
    assert result["warnings"] == [
        "db2: source_password is not compared with the one in use, because %s; update_password: always sets it on every run." % (
            why.replace("%s", str(path)))]
    assert play(mysql_replica, dict(SAME, update_password="always"))["changed"]


@pytest.mark.parametrize("name, file", [("", "master.info"), ("dc2", "master-dc2.info"), ("DC 2", "master-dc@00202.info"),
                                        ("über", "master-@00fcber.info")])
def test_mariadbs_files_of_a_connection(name, file):
    assert replica_run.master_info("/var/lib/mysql", name) == "/var/lib/mysql/" + file


# Waiting

class Threads:
    """A channel's states, one a query; time passes by sleeping."""

    def __init__(self, *states):
        self.states, self.now = list(states), 0.0

    def run(self, seconds, settle=False):
        replica = replica_run.Replica(None, {"channel": ""}, "db2", clock=lambda: self.now, sleep=self.sleep)
        replica.query = self.query
        return replica.wait(seconds, settle)

    def sleep(self, seconds):
        self.now += seconds

    def query(self):
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        quiet = {"receiver": "running", "applier": "running", "receiver_errno": 0, "applier_errno": 0, "receiver_error": "",
                 "applier_error": "", "source_host": "db1", "source_port": 3306}
        return None if state is None else dict(quiet, **state)


CONNECTING = {"receiver": "connecting"}


def test_both_threads_run_a_moment_later_too():
    threads = Threads(CONNECTING, CONNECTING, {})
    assert threads.run(30) is None and threads.now == pytest.approx(0.2)
    assert Threads({}, {"receiver": "stopped", "receiver_errno": 1236, "receiver_error": "purged."}).run(30, settle=True) == (
        "channel '' does not replicate from db1:3306: the receiving thread is stopped: purged (error 1236).")


@pytest.mark.parametrize("state, sentence, at_once", [
    (CONNECTING, "channel '' does not replicate from db1:3306: the receiving thread is connecting.", False),
    (dict(CONNECTING, receiver_errno=1045, receiver_error="denied"),
     "channel '' does not replicate from db1:3306: the receiving thread is connecting: denied (error 1045).", True),
    ({"applier": "stopped", "applier_errno": 1062, "applier_error": "Duplicate entry."},
     "channel '' does not replicate from db1:3306: the applying thread is stopped: Duplicate entry (error 1062).", True),
    (None, "channel '' is gone.", True),
])
def test_waiting_ends_at_once_where_it_is_of_no_use(state, sentence, at_once):
    threads = Threads(state)
    assert threads.run(5) == sentence and (threads.now == 0) is at_once


def test_a_channel_that_does_not_run_is_said_with_where_it_came_from(member, refused):
    entry = next(entry for entry in member.server.log if entry["statement"] == "SHOW ALL SLAVES STATUS")
    entry["rows"][0].update(Slave_SQL_Running="No", Last_SQL_Errno=1062, Last_SQL_Error="Duplicate entry")
    said = refused(mysql_replica, dict(SAME, source_host="198.18.21.77", wait=5))
    assert said.startswith("db2: channel '' does not replicate from ") and said.endswith(
        "the applying thread is stopped: Duplicate entry (error 1062). Before this it replicated from 198.18.21.11:3306.")


# mysql_replica_info

LOCAL = {"login_unix_socket": "/run/mysqld/mysqld.sock", "config_file": ""}


@pytest.fixture
def observed(member, monkeypatch):
    monkeypatch.setattr(mysql_replica_info, "connect", lambda where: member.server)
    monkeypatch.setattr(mysql_replica_info, "read_record", lambda: ({"writer": True}, 1.0))
    return member


def test_info_changes_nothing(observed, play):
    result = play(mysql_replica_info, LOCAL)
    assert not result["changed"] and observed.server.ran == [] and observed.server.closed
    assert (result["recorded"], result["reachable"], len(result["channels"]), result["server_id"]) == (True, True, 3, 12)


@pytest.mark.parametrize("ok", [True, False])
def test_a_server_that_is_down_is_a_result_only_where_that_is_asked(observed, monkeypatch, play, ok):
    def down(where):
        raise Unreachable("/run/mysqld/mysqld.sock: No such file or directory [Errno 2]", 2002)

    monkeypatch.setattr(mysql_replica_info, "connect", down)
    result = play(mysql_replica_info, dict(LOCAL, unreachable_ok=ok), fails=not ok)
    if ok:
        assert (result["reachable"], result["gone"], result["recorded"], result["changed"]) == (False, True, True, False)
    else:
        assert result["msg"] == "/run/mysqld/mysqld.sock: No such file or directory [Errno 2]"


@pytest.mark.parametrize("code, ok", [(2013, True), (1227, False)])
def test_a_server_that_hangs_while_it_is_asked_is_unreached_and_one_that_refuses_is_not(observed, monkeypatch, play, code, ok):
    def fails(server):
        raise Failure("s says: no (error %d)" % code, code)

    monkeypatch.setattr(mysql_replica_info, "read_info", fails)
    result = play(mysql_replica_info, dict(LOCAL, unreachable_ok=True), fails=not ok)
    assert result.get("reachable", "refused") == (False if ok else "refused") and observed.server.closed


# Settings

def test_settings_fill_what_is_not_given():
    params = dict.fromkeys(mysql_replica.SPEC, None)
    params.update(source_host="db1", ssl=False, settings={"source_host": "db2", "source_port": 3307, "ssl": True, "gtid": None})
    found = mysql_replica.with_settings(params)
    assert (found["source_host"], found["source_port"], found["ssl"], found["gtid"]) == ("db1", 3307, False, None)
    assert mysql_replica.with_settings(dict(params, settings=None))["source_port"] is None


def test_settings_are_parameters_without_a_default_or_a_secret():
    for name in mysql_replica.SETTINGS:
        assert "default" not in mysql_replica.SPEC[name] and not mysql_replica.SPEC[name].get("no_log")


# A second channel

MORE = {"channel": "more", "source_host": "198.18.21.77", "source_user": "repl", "source_password": PASSWORD, "gtid": "auto", "wait": 0}


def source_has(member, position):
    """Of another cluster, whose GTIDs are these."""
    rows = next(entry for entry in member.source.log if entry["statement"].startswith("SHOW GLOBAL VARIABLES"))["rows"]
    for row in rows:
        if row["Variable_name"] in ("gtid_binlog_pos", "gtid_binlog_state", "gtid_current_pos"):
            row["Value"] = position
        if row["Variable_name"] == "gtid_slave_pos":
            row["Value"] = ""


def test_a_second_channel_is_not_refused_for_what_the_first_brought(member, play):
    source_has(member, "7-99-5")
    assert play(mysql_replica, MORE)["changed"] and "CHANGE MASTER" in member.server.verbs()


def test_a_second_channel_in_the_domain_of_the_first_is_refused(member, refused):
    source_has(member, "0-99-1")
    member.server.log.append({"statement": "SHOW BINLOG EVENTS IN %s", "values": ["binlog.000001"], "rows": []})
    assert "has transactions that the source 198.18.21.77:3306 has not" in refused(mysql_replica, MORE)
    assert member.server.ran == []

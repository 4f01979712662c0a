# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statements that close and open a server, and who is a client, in both dialects."""

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure
from ansible_collections.failover.stack.plugins.module_utils._sql.dialect import SqlDialect


@pytest.fixture
def words(request, database):
    database.answers.update({"SELECT VERSION()": [{"v": request.param}], "SET": [], "STOP": [], "START": [], "RESET": [], "KILL": []})
    database.quoted = repr
    made = SqlDialect(database)
    database.did.clear()
    return made


both = pytest.mark.parametrize("words", ["10.11.19-MariaDB", "9.7.4"], indirect=True)
mariadb = pytest.mark.parametrize("words", ["10.11.19-MariaDB"], indirect=True)
mysql = pytest.mark.parametrize("words", ["9.7.4"], indirect=True)


@pytest.mark.parametrize("words, closed, opened", [
    ("10.11.19-MariaDB", "SET GLOBAL read_only = 1", ["SET GLOBAL read_only = 0"]),
    ("9.7.4", "SET GLOBAL super_read_only = 1", ["SET GLOBAL super_read_only = 0", "SET GLOBAL read_only = 0"]),
], indirect=["words"])
def test_closed_by_the_stricter_one_and_opened_whole(words, database, closed, opened):
    assert words.read_only_statement() == closed
    words.allow_writes()
    assert database.began("SET") == opened


@both
@pytest.mark.parametrize("value", [0, 1])
def test_writable(words, database, value):
    database.answers["SELECT @@global.read_only"] = [{"r": value}]
    assert words.writable() is not bool(value)


@pytest.mark.parametrize("words, name", [("10.11.19-MariaDB", "read_only"), ("9.7.4", "super_read_only")], indirect=["words"])
def test_fenced_is_as_closed_as_the_configuration_has_it(words, database, name):
    database.answers["SELECT @@global." + name] = [{"r": 1}]
    assert words.fenced()


@both
@pytest.mark.parametrize("there, wanted, told", [
    ({"rpl_semi_sync_slave_enabled": "ON", "rpl_semi_sync_master_enabled": "OFF"}, True, ["SET GLOBAL rpl_semi_sync_master_enabled = ON"]),
    ({"rpl_semi_sync_slave_enabled": "ON", "rpl_semi_sync_master_enabled": "ON"}, True, []),
    ({"rpl_semi_sync_replica_enabled": "ON", "rpl_semi_sync_source_enabled": "ON"}, False,
     ["SET GLOBAL rpl_semi_sync_source_enabled = OFF"]),
    # The cluster has none: who waits would wait for nobody.
    ({"rpl_semi_sync_slave_enabled": "OFF", "rpl_semi_sync_master_enabled": "OFF"}, True, []),
    ({}, True, []),
])
def test_a_writer_waits_for_replicas_where_the_cluster_has_them(words, database, there, wanted, told):
    database.globals = there
    words.wait_for_replicas(wanted)
    assert database.began("SET") == told


@mariadb
def test_waiting_is_on_before_the_first_write(words, database):
    database.globals = {"rpl_semi_sync_slave_enabled": "ON", "rpl_semi_sync_master_enabled": "OFF"}
    words.allow_writes()
    assert database.began("SET") == ["SET GLOBAL rpl_semi_sync_master_enabled = ON", "SET GLOBAL read_only = 0"]


@mariadb
def test_mariadbs_position_is_what_it_logged_and_what_it_replicated(words, database):
    database.answers["SELECT @@global.gtid_binlog_pos"] = [{"b": "0-1-7", "s": "0-1-5,1-2-3"}]
    assert words.position() == "0-1-7,1-2-3"


@mysql
def test_mysqls_position_is_one_line(words, database):
    database.answers["SELECT @@global.gtid_executed"] = [{"e": "a:1-3,\nb:1-9"}]
    assert words.position() == "a:1-3,b:1-9"


MARIADB_ROW = {"Connection_name": "dc'2", "Master_Host": "db1", "Master_Port": "3306", "Slave_IO_Running": "Yes", "Slave_SQL_Running": "No",
               "Last_SQL_Error": "", "Gtid_IO_Pos": None, "Master_Log_File": "f1", "Read_Master_Log_Pos": 9, "Using_Gtid": "Slave_Pos",
               "Relay_Master_Log_File": "f1", "Exec_Master_Log_Pos": 4}


@mariadb
def test_a_connection_without_a_source_is_none(words, database):
    database.answers["SHOW ALL SLAVES STATUS"] = [MARIADB_ROW, dict(MARIADB_ROW, Master_Host="")]
    (channel,) = words.channels()
    assert channel == {"name": "dc'2", "host": "db1", "port": 3306, "io": "Yes", "applier": "No", "error": "", "received": "",
                       "read": ("f1", 9), "gtid": True, "done": ("f1", 4)}


@mariadb
def test_names_are_quoted_by_the_driver(words, database):
    channel = {"name": "dc'2"}
    for act in (words.stop, words.start, words.forget):
        act(channel)
    words.stop(channel, receiver_only=True)
    assert database.began("STOP", "START", "RESET") == [
        'STOP SLAVE "dc\'2"', 'START SLAVE "dc\'2"', 'RESET SLAVE "dc\'2" ALL', 'STOP SLAVE "dc\'2" IO_THREAD']


@mysql
def test_mysqls_channels(words, database):
    database.answers["SHOW REPLICA STATUS"] = [{
        "Channel_Name": "", "Source_Host": "db1", "Source_Port": 3306, "Replica_IO_Running": "Yes", "Replica_SQL_Running": "Yes",
        "Last_SQL_Error": "", "Retrieved_Gtid_Set": "a:1-3,\nb:1", "Source_Log_File": "f", "Read_Source_Log_Pos": 4, "Auto_Position": "1",
        "Relay_Source_Log_File": "f", "Exec_Source_Log_Pos": 4}]
    (channel,) = words.channels()
    assert channel["received"] == "a:1-3,b:1" and channel["gtid"] is True
    words.stop(channel)
    words.forget(channel)
    assert database.began("STOP", "RESET") == ["STOP REPLICA FOR CHANNEL ''", "RESET REPLICA ALL FOR CHANNEL ''"]


@mariadb
@pytest.mark.parametrize("channel, applied", [
    ({"gtid": True, "received": "0-1-7"}, True), ({"gtid": True, "received": "0-1-8"}, False), ({"gtid": True, "received": ""}, True),
    ({"gtid": False, "read": ("f", 9), "done": ("f", 9)}, True), ({"gtid": False, "read": ("g", 4), "done": ("f", 9)}, False)])
def test_applied_is_all_that_was_received(words, database, channel, applied):
    database.answers["SELECT @@global.gtid_binlog_pos"] = [{"b": "0-1-7", "s": ""}]
    assert words.applied(channel) is applied


ROWS = [{"Id": number, "User": user, "Host": host, "Command": command, "Time": 0} for number, user, host, command in [
    (1, "root", "localhost", "Query"), (2, "shop", "198.51.100.7:4711", "Sleep"), (3, "repl", "198.51.100.8:4712", "Binlog Dump"),
    (4, "system user", "", "Slave_IO"), (5, "event_scheduler", "localhost", "Daemon"), (6, "admin", "localhost", "Sleep"),
    (7, "repl", "198.51.100.9:4713", "Binlog Dump GTID")]]


@both
@pytest.mark.parametrize("local, found", [(False, [2]), (True, [2, 6])])
def test_replicas_the_server_itself_and_we_are_no_clients(words, database, local, found):
    database.answers.update({"SELECT CONNECTION_ID()": [{"i": 1}], "SHOW PROCESSLIST": ROWS})
    assert [row["Id"] for row in words.clients(local)] == found


@both
def test_who_went_by_himself_was_not_ended(words, database):
    def kill(*_values):
        raise Failure("s says: Unknown thread id: 2 (error 1094)", 1094)

    database.answers["KILL 2"] = kill
    assert [row["Id"] for row in words.end([ROWS[1], ROWS[5]])] == [6]


# Where agents decide who may acknowledge

sides = pytest.mark.parametrize("words, replica, writer", [
    ("10.11.19-MariaDB", "rpl_semi_sync_slave", "rpl_semi_sync_master"), ("9.7.4", "rpl_semi_sync_replica", "rpl_semi_sync_source")],
    indirect=["words"])


@sides
@pytest.mark.parametrize("on", [0, 1])
def test_who_acknowledges_and_who_waits(words, database, replica, writer, on):
    database.answers["SELECT @@global.%s_enabled" % replica] = [{"e": on}]
    database.answers["SELECT @@global.%s_enabled" % writer] = [{"e": 1 - on}]
    assert words.acknowledges() is bool(on) and words.waits() is not bool(on)


@sides
def test_a_writer_that_waits_does_so_without_a_limit_from_the_first_commit_on(words, database, replica, writer):
    words.wait_always(True)
    words.wait_always(False)
    assert database.began("SET") == ["SET GLOBAL %s_timeout = 4294967295" % writer, "SET GLOBAL %s_enabled = ON" % writer,
                                     "SET GLOBAL %s_enabled = OFF" % writer]


@sides
@pytest.mark.parametrize("rows, found", [
    ([], (0, 0)), ([("wait_sessions", "3"), ("yes_tx", "70")], (3, 70)), ([("yes_tx", "70")], (0, 70))])
def test_how_many_commits_wait(words, database, replica, writer, rows, found):
    asked = []
    name = "R" + writer[1:]
    database.answers["SHOW GLOBAL STATUS"] = lambda *names: asked.append(names) or [
        {"Variable_name": "%s_%s" % (name, row), "Value": value} for row, value in rows]
    assert words.waiting() == found and asked == [(name + "_wait_sessions", name + "_yes_tx")]


def replicating(database, *io):
    database.answers["SHOW ALL SLAVES STATUS"] = [dict(MARIADB_ROW, Connection_name="c%d" % n, Slave_IO_Running=one)
                                                  for n, one in enumerate(io)]


@mariadb
@pytest.mark.parametrize("wanted, word", [(True, "ON"), (False, "OFF")])
def test_receivers_that_run_take_it_up_and_others_are_not_started(words, database, wanted, word):
    replicating(database, "Yes", "No", "Connecting")
    words.acknowledge(wanted)
    assert database.began("SET", "STOP", "START") == [
        "SET GLOBAL rpl_semi_sync_slave_enabled = " + word, "STOP SLAVE 'c0' IO_THREAD", "START SLAVE 'c0'",
        "STOP SLAVE 'c2' IO_THREAD", "START SLAVE 'c2'"]


@mariadb
def test_who_receives_no_more_still_applies(words, database):
    replicating(database, "Yes", "No")
    words.stop_receiving()
    assert database.began("STOP", "START") == ["STOP SLAVE 'c0' IO_THREAD"]


@mariadb
def test_sources_are_forgotten_once_nothing_comes_from_them(words, database):
    replicating(database, "Yes", "No")
    words.forget_sources()
    assert database.began("STOP", "RESET") == ["STOP SLAVE 'c0'", "RESET SLAVE 'c0' ALL", "STOP SLAVE 'c1'", "RESET SLAVE 'c1' ALL"]


@mysql
def test_mysqls_channels_by_their_names(words, database):
    channel = {"name": "dc2"}
    words.start(channel)
    words.stop(channel)
    words.stop(channel, receiver_only=True)
    words.forget(channel)
    assert database.began("START", "STOP", "RESET") == [
        "START REPLICA FOR CHANNEL 'dc2'", "STOP REPLICA FOR CHANNEL 'dc2'", "STOP REPLICA IO_THREAD FOR CHANNEL 'dc2'",
        "RESET REPLICA ALL FOR CHANNEL 'dc2'"]

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import replica as r
from ansible_collections.failover.stack.plugins.module_utils._sql import status as s
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure
from mysql_recorded import Recorded

NOTHING = {option.name: None for option in r.OPTIONS}
DEFAULTS = dict(NOTHING, channel="", state="started", source_password=None, update_password="on_difference", gtid=None,
                source_log_file=None, source_log_pos=None, demote=True, filters=None)
PASSWORD = "It's 100% secret"


def given(**values):
    return dict(DEFAULTS, **values)


def server(name):
    info = s.read_info(Recorded(name))
    return info, {one["channel"]: one for one in info["channels"]}


@pytest.fixture
def mariadb():
    return server("mariadb-10.11-replica")


@pytest.fixture
def mysql():
    return server("mysql-9.7-replica")


def shown(plan):
    return [step.shown() for step in plan.steps]


def planned(params, server, channel="", **more):
    info, channels = server
    return r.plan(dict(params, channel=channel), info, channels.get(channel), **more)


NEW = given(source_host="db1", source_port=13306, source_user="repl", source_password=PASSWORD)
SAME = {"mariadb": given(source_host="198.18.21.11", source_user="repl", source_password=PASSWORD, gtid="auto", connect_retry=5),
        "mysql": given(source_host="198.18.21.31", source_user="repl", source_password=PASSWORD, gtid="auto", connect_retry=5)}


@pytest.mark.parametrize("name", ["mariadb", "mysql"])
def test_what_is_already_so_needs_nothing(name, request):
    plan = planned(SAME[name], request.getfixturevalue(name), stored_password=PASSWORD)
    assert (plan.changed, shown(plan), plan.before, plan.after) == (False, [], {}, {})


def test_a_new_channel_on_mariadb(mariadb):
    plan = planned(NEW, mariadb, "new")
    assert shown(plan) == [
        "CHANGE MASTER 'new' TO MASTER_HOST = 'db1', MASTER_PORT = 13306, MASTER_USER = 'repl', MASTER_USE_GTID = slave_pos, "
        "MASTER_PASSWORD = ********",
        "START SLAVE 'new'"]
    assert plan.steps[0].values == ("new", "db1", 13306, "repl", PASSWORD)
    assert PASSWORD not in str((plan.before, plan.after))


def test_a_new_channel_on_mysql(mysql):
    plan = planned(NEW, mysql, "new")
    assert shown(plan) == [
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'db1', SOURCE_PORT = 13306, SOURCE_USER = 'repl', SOURCE_AUTO_POSITION = 1, "
        "SOURCE_PASSWORD = ******** FOR CHANNEL 'new'",
        "START REPLICA FOR CHANNEL 'new'"]
    assert plan.steps[0].values == ("db1", 13306, "repl", 1, PASSWORD, "new")


def test_a_new_channel_with_a_position(mariadb, mysql):
    place = dict(NEW, source_log_file="binlog.000007", source_log_pos=99, state="stopped")
    assert shown(planned(place, mariadb, "new")) == [
        "CHANGE MASTER 'new' TO MASTER_HOST = 'db1', MASTER_PORT = 13306, MASTER_USER = 'repl', MASTER_LOG_FILE = 'binlog.000007', "
        "MASTER_LOG_POS = 99, MASTER_PASSWORD = ********"]
    assert shown(planned(place, mysql, "new")) == [
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'db1', SOURCE_PORT = 13306, SOURCE_USER = 'repl', SOURCE_LOG_FILE = 'binlog.000007', "
        "SOURCE_LOG_POS = 99, SOURCE_PASSWORD = ******** FOR CHANNEL 'new'"]


def test_a_new_channel_needs_gtids_or_a_position(mariadb):
    with pytest.raises(Failure, match="neither GTIDs nor a position"):
        planned(dict(NEW, gtid="none"), mariadb, "new")


def test_only_what_differs_is_sent_and_the_heartbeat_with_it(mariadb, mysql):
    assert shown(planned(dict(SAME["mariadb"], connect_retry=9), mariadb, stored_password=PASSWORD)) == [
        "STOP SLAVE",
        "CHANGE MASTER TO MASTER_CONNECT_RETRY = 9, MASTER_HEARTBEAT_PERIOD = 2.5, MASTER_USE_GTID = slave_pos",
        "START SLAVE"]
    assert shown(planned(dict(SAME["mysql"], connect_retry=9), mysql, stored_password=PASSWORD)) == [
        "STOP REPLICA IO_THREAD FOR CHANNEL ''",
        "CHANGE REPLICATION SOURCE TO SOURCE_CONNECT_RETRY = 9, SOURCE_HEARTBEAT_PERIOD = 3.5 FOR CHANNEL ''",
        "START REPLICA IO_THREAD FOR CHANNEL ''"]


def test_mysql_stops_only_the_thread_that_must(mysql):
    assert shown(planned(dict(SAME["mysql"], delay=60), mysql, stored_password=PASSWORD)) == [
        "STOP REPLICA SQL_THREAD FOR CHANNEL ''",
        "CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 60 FOR CHANNEL ''",
        "START REPLICA SQL_THREAD FOR CHANNEL ''"]
    plan = planned(dict(SAME["mysql"], delay=60, connect_retry=9), mysql, stored_password=PASSWORD)
    assert shown(plan)[0] == "STOP REPLICA FOR CHANNEL ''"


def test_repointed_by_gtid(mariadb, mysql):
    plan = planned(dict(SAME["mariadb"], source_host="db9"), mariadb, stored_password=PASSWORD)
    assert plan.repoints
    assert shown(plan)[1] == "CHANGE MASTER TO MASTER_HOST = 'db9', MASTER_HEARTBEAT_PERIOD = 2.5, MASTER_USE_GTID = slave_pos"
    assert (plan.before, plan.after) == ({"source_host": "198.18.21.11"}, {"source_host": "db9"})
    plan = planned(dict(SAME["mysql"], source_host="db9"), mysql, stored_password=PASSWORD)
    assert plan.repoints
    assert shown(plan)[1] == ("CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'db9', SOURCE_HEARTBEAT_PERIOD = 3.5, SOURCE_AUTO_POSITION = 1 "
                              "FOR CHANNEL ''")


def test_without_gtids_another_source_is_refused(mariadb, mysql):
    for one in (mariadb, mysql):
        with pytest.raises(Failure, match="at which position to go on at db9:13306 is unknown"):
            planned(given(source_host="db9"), one, "side")


def test_without_gtids_another_name_of_the_same_server_keeps_the_position(mariadb):
    plan = planned(given(source_host="db9", state="stopped"), mariadb, "side", same_server=True)
    assert not plan.repoints
    assert "MASTER_HOST = 'db9'" in shown(plan)[0] and "MASTER_LOG_FILE = 'binlog.000001', MASTER_LOG_POS = 4" in shown(plan)[0]


def test_without_gtids_a_position_at_the_new_source_is_taken(mariadb):
    plan = planned(given(source_host="db9", source_log_file="bin.7", source_log_pos=8, state="stopped"), mariadb, "side")
    assert plan.repoints and "MASTER_LOG_FILE = 'bin.7', MASTER_LOG_POS = 8" in shown(plan)[0]


def advanced(server, channel="side", **more):
    info, channels = server
    channels[channel].update(source_server_id=99, receiver="running", applier="running", applied_log_file="binlog.000009",
                             applied_log_pos=1234, **more)
    return info, channels


def test_a_position_that_was_passed_is_no_difference(mariadb, mysql):
    for one in (mariadb, mysql):
        assert not planned(given(source_log_file="binlog.000001", source_log_pos=4), advanced(one), "side").changed


def test_another_position_of_a_channel_that_never_ran(mariadb):
    plan = planned(given(source_log_file="binlog.000002", source_log_pos=4, state="stopped"), mariadb, "side")
    assert "MASTER_LOG_FILE = 'binlog.000002', MASTER_LOG_POS = 4" in shown(plan)[0]
    assert not planned(given(source_log_file="binlog.000001", source_log_pos=4, state="stopped"), mariadb, "side").changed


def test_gtids_on_and_off_again(mariadb, mysql):
    plan = planned(given(gtid="auto"), advanced(mariadb), "side")
    assert "MASTER_USE_GTID = slave_pos" in shown(plan)[1] and plan.after["gtid"] == "slave_pos"
    plan = planned(given(gtid="auto"), advanced(mysql), "side")
    assert "SOURCE_AUTO_POSITION = 1" in shown(plan)[1]
    plan = planned(given(gtid="none"), mysql)
    assert ("SOURCE_AUTO_POSITION = 0, SOURCE_LOG_FILE = '%s', SOURCE_LOG_POS = %d" % (
        mysql[1][""]["applied_log_file"], mysql[1][""]["applied_log_pos"])) in shown(plan)[1]


def test_current_pos_stays_with_auto(mariadb):
    assert not planned(given(gtid="auto", state="started"), mariadb, "lost").changed
    assert planned(given(gtid="slave_pos"), mariadb, "lost").after == {"gtid": "slave_pos"}


@pytest.mark.parametrize(("stored", "update", "changes"), [
    (PASSWORD, "on_difference", False), ("old", "on_difference", True), ("old", "never", False), (PASSWORD, "always", True),
    # It cannot be read: then it is not touched.
    (None, "on_difference", False)])
def test_the_password_is_compared(mariadb, stored, update, changes):
    plan = planned(dict(SAME["mariadb"], update_password=update), mariadb, stored_password=stored)
    assert plan.changed is changes
    if changes:
        assert shown(plan)[1].endswith("MASTER_PASSWORD = ********")
        assert plan.steps[1].values[-1] == PASSWORD
        assert PASSWORD not in str((plan.before, plan.after)) and "source_password" in plan.before


def test_a_password_that_cannot_be_read_goes_with_another_user(mariadb):
    assert shown(planned(dict(SAME["mariadb"], source_user="other"), mariadb))[1].endswith("MASTER_PASSWORD = ********")


def test_mysql_wants_the_user_with_the_password(mysql):
    change = shown(planned(given(source_password="new"), mysql, stored_password="old"))[1]
    assert "SOURCE_USER = 'repl', SOURCE_PASSWORD = ********" in change


def test_the_password_stands_behind_what_the_process_list_shows(mariadb):
    change = planned(NEW, mariadb, "new").steps[0]
    sql = r.guarded(change)
    assert len(sql[:sql.index("MASTER_PASSWORD")]) > 65535
    assert sql % tuple(map(repr, change.values))


def test_an_old_source_is_demoted(mariadb):
    info, _channels = mariadb
    info["gtid"].update(current="0-12-50", slave="0-11-40")
    assert "MASTER_USE_GTID = slave_pos, MASTER_DEMOTE_TO_SLAVE = 1" in shown(r.plan(NEW, info, None))[0]
    assert "DEMOTE" not in str(shown(r.plan(dict(NEW, demote=False), info, None)))
    assert "DEMOTE" not in str(shown(r.plan(dict(NEW, gtid="current_pos"), info, None)))
    info["version"] = "10.6.18"
    steps = shown(r.plan(NEW, info, None))
    assert steps[0] == "SET GLOBAL gtid_slave_pos = '0-12-50'" and "DEMOTE" not in steps[1]
    info["gtid"].update(current="0-11-40")
    assert "DEMOTE" not in str(shown(r.plan(NEW, info, None)))


def test_lists_of_ids(mariadb):
    assert not planned(given(ignore_server_ids=[9, 8], state="stopped"), mariadb, "side").changed
    assert "IGNORE_SERVER_IDS = (7)" in shown(planned(given(ignore_server_ids=[7], state="stopped"), mariadb, "side"))[0]
    assert "IGNORE_SERVER_IDS = ()" in shown(planned(given(ignore_server_ids=[], state="stopped"), mariadb, "side"))[0]


SAME_FILTERS = {"do_db": ["b", "a"], "wild_ignore_table": ["x%.y_"], "rewrite_db": [{"from": "f", "to": "t"}], "ignore_db": None}
OTHER_FILTERS = {"do_db": ["100%", "we`ird"], "do_table": ["a.b"], "wild_ignore_table": ["it's%._"],
                 "rewrite_db": [{"from": "g", "to": "h"}]}


def test_filters(mariadb, mysql):
    for one in (mariadb, mysql):
        assert not planned(given(filters=SAME_FILTERS, state="stopped"), one, "side").changed
    assert shown(planned(given(filters=OTHER_FILTERS, state="stopped"), mariadb, "side")) == [
        "SET GLOBAL `side`.replicate_do_db = '100%,we`ird'", "SET GLOBAL `side`.replicate_do_table = 'a.b'",
        "SET GLOBAL `side`.replicate_wild_ignore_table = \"it's%._\"", "SET GLOBAL `side`.replicate_rewrite_db = 'g->h'"]
    assert shown(planned(given(filters=OTHER_FILTERS, state="stopped"), mysql, "side")) == [
        "CHANGE REPLICATION FILTER REPLICATE_DO_DB = (`100%`, `we``ird`), REPLICATE_DO_TABLE = (`a`.`b`), "
        "REPLICATE_WILD_IGNORE_TABLE = (\"it's%._\"), REPLICATE_REWRITE_DB = ((`g`, `h`)) FOR CHANNEL 'side'"]


def test_filters_stop_the_applier_alone(mysql, mariadb):
    steps = shown(planned(given(filters={"do_db": ["a"]}), mysql))
    assert (steps[0], steps[-1]) == ("STOP REPLICA SQL_THREAD FOR CHANNEL ''", "START REPLICA SQL_THREAD FOR CHANNEL ''")
    assert shown(planned(given(filters={"do_db": ["a"]}), mariadb)) == [
        "STOP SLAVE", "SET GLOBAL replicate_do_db = 'a'", "START SLAVE"]


def test_filters_on_the_default_connection_name_no_connection(mariadb):
    assert shown(planned(given(filters={"do_db": []}, state="stopped"), mariadb, "side")) == ["SET GLOBAL `side`.replicate_do_db = ''"]


def test_stopped_and_started(mariadb, mysql):
    assert shown(planned(given(state="stopped"), mariadb)) == ["STOP SLAVE"]
    assert shown(planned(given(state="stopped"), mysql)) == ["STOP REPLICA FOR CHANNEL ''"]
    assert shown(planned(given(), mariadb, "side")) == ["START SLAVE 'side'"]
    assert not planned(given(state="stopped"), mariadb, "side").changed


def test_a_half_stopped_channel_is_started():
    plan = planned(given(), server("mariadb-11.8-replica"))
    assert (shown(plan), plan.before, plan.after) == (["START SLAVE"], {"state": "half stopped"}, {"state": "started"})


def test_absent(mariadb, mysql):
    assert shown(planned(given(state="absent"), mariadb)) == ["STOP SLAVE", "RESET SLAVE ALL"]
    assert shown(planned(given(state="absent"), mariadb, "side")) == ["RESET SLAVE 'side' ALL"]
    assert shown(planned(given(state="absent"), mysql)) == ["STOP REPLICA FOR CHANNEL ''", "RESET REPLICA ALL FOR CHANNEL ''"]
    assert not planned(given(state="absent"), mysql, "nobody").changed


@pytest.mark.parametrize(("name", "values", "sentence"), [
    ("mariadb", {"retry_count": 5}, "retry_count is given: MariaDB 10.11.18 has no such setting for a connection, set the server "
                                    "variable master_retry_count in its configuration instead."),
    ("mariadb", {"gtid": "auto_position"}, "gtid is auto_position, which is MySQL's, and this is MariaDB 10.11.18: use auto, slave_pos or "
                                           "current_pos."),
    ("mariadb", {"tls_version": "TLSv1.3"}, "tls_version is given: MariaDB 10.11.18 does not have it, so leave it out."),
    ("mysql", {"gtid": "slave_pos"}, "gtid is slave_pos, which is MariaDB's, and this is MySQL 9.7.4: use auto or auto_position."),
    ("mysql", {"do_domain_ids": [1]}, "do_domain_ids is given: MySQL has no replication domains, so leave it out."),
    ("mysql", {"gtid": "auto", "source_log_file": "a", "source_log_pos": 4},
     "source_log_file stands beside gtid auto: give either a position or GTIDs."),
    ("mysql", {"source_log_file": "a"}, "source_log_file and source_log_pos go together: give both or neither."),
    ("mariadb", {"source_password": "x" * 97},
     "source_password has 97 characters, the server takes at most 96 here: choose a shorter one."),
    ("mysql", {"source_password": "x" * 33}, "source_password has 33 characters, the server takes at most 32 here: choose a shorter one."),
])
def test_mistakes(name, values, sentence, request):
    assert list(r.mistakes(given(**values), request.getfixturevalue(name)[0])) == [sentence]


def test_gtids_on_a_server_without():
    info = server("mysql-9.7-replica")[0]
    info["gtid"].update(enabled=False, mode="OFF")
    assert list(r.gtid_mistakes(given(), info, None)) == [
        "gtid is auto, but this server has gtid_mode OFF: set gtid_mode=ON and enforce_gtid_consistency=ON in its configuration."]


@pytest.mark.parametrize("mode", ["OFF_PERMISSIVE", "ON_PERMISSIVE"])
def test_a_replica_with_a_permissive_mode_takes_gtids(mode):
    info = server("mysql-9.7-replica")[0]
    info["gtid"].update(enabled=False, mode=mode)
    assert list(r.gtid_mistakes(given(), info, None)) == []


def test_domains_need_gtids(mariadb):
    info, channels = mariadb
    assert list(r.gtid_mistakes(given(do_domain_ids=[1]), info, channels["side"])) == [
        "do_domain_ids is given, which needs GTIDs: set gtid to auto, or leave it out."]
    assert list(r.gtid_mistakes(given(do_domain_ids=[1]), info, channels[""])) == []


def test_what_is_absent_makes_no_mistakes(mysql):
    assert list(r.mistakes(given(state="absent", gtid="slave_pos"), mysql[0])) == []


def test_names_differ_in_case_only(mysql):
    assert not planned(given(source_host="198.18.21.31"), mysql).changed
    mysql[1][""]["source_host"] = "DB1.example"
    assert not planned(given(source_host="db1.EXAMPLE"), mysql).changed

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import status as s
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure
from mysql_recorded import NAMES, Recorded


def info(name):
    return s.read_info(Recorded(name))


def channels(name):
    return {channel["channel"]: channel for channel in info(name)["channels"]}


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_server_is_understood(name):
    seen = info(name)
    dialect, version, role = name.split("-")
    assert (seen["reachable"], seen["dialect"]) == (True, dialect)
    assert seen["version"].startswith(version)
    assert seen["log_bin"] and seen["log_replica_updates"] and seen["writable"]
    assert seen["databases"] == ["shop"] and seen["blank"] is False
    assert seen["gtid"]["enabled"] and seen["gtid"]["strict"] and seen["gtid"]["executed"]
    assert seen["gtid"]["server_id"] == seen["server_id"]
    assert seen["binary_log"]["file"].startswith("binlog.")
    assert sorted(one["channel"] for one in seen["channels"]) == ([] if role == "source" else ["", "lost", "side"])
    assert "secret" not in str(seen)


@pytest.mark.parametrize("name", ["mariadb-10.11-source", "mariadb-11.8-source", "mysql-9.7-source"])
def test_a_source_knows_its_replica(name):
    assert [one["server_id"] for one in info(name)["replicas"]] == [info(name)["server_id"] + 1]


@pytest.mark.parametrize(("name", "gtid"), [("mariadb-10.11-replica", "slave_pos"), ("mysql-9.7-replica", "auto_position")])
def test_a_running_channel(name, gtid):
    one = channels(name)[""]
    assert (one["receiver"], one["applier"], one["gtid"], one["lag"]) == ("running", "running", gtid, 0)
    assert (one["source_user"], one["source_port"], one["connect_retry"]) == ("repl", 3306, 5)
    assert one["heartbeat_period"] == {"slave_pos": 2.5, "auto_position": 3.5}[gtid]
    assert one["received"] == info(name)["gtid"]["executed"]


@pytest.mark.parametrize("name", ["mariadb-10.11-replica", "mariadb-11.8-replica", "mysql-9.7-replica"])
def test_all_parameters_of_a_channel(name):
    one, dialect = channels(name)["side"], name.split("-")[0]
    assert (one["source_host"], one["source_port"], one["source_user"], one["gtid"]) == ("198.18.21.99", 13306, "x", "none")
    assert (one["source_log_file"], one["source_log_pos"], one["delay"], one["lag"]) == ("binlog.000001", 4, 7, None)
    assert (one["receiver"], one["applier"], one["source_server_id"]) == ("stopped", "stopped", 0)
    assert (one["ssl"], one["ssl_ca"], one["ssl_cert"], one["ssl_key"], one["ssl_verify_server_cert"]) == (
        True, "/etc/mysql/ca.crt", "/etc/mysql/c.crt", "/etc/mysql/c.key", True)
    assert one["filters"]["wild_ignore_table"] == ["x%.y_"] and sorted(one["filters"]["do_db"]) == ["a", "b"]
    assert one["filters"]["rewrite_db"] == [{"from": "f", "to": "t"}]
    if dialect == "mariadb":
        assert one["ignore_server_ids"] == [8, 9] and one["retry_count"] is None
    else:
        assert (one["retry_count"], one["tls_version"], one["compression_algorithms"]) == (86400, "TLSv1.3", "zstd,uncompressed")


def test_domains_of_mariadb():
    one = channels("mariadb-11.8-replica")["lost"]
    assert (one["gtid"], one["ignore_domain_ids"], one["do_domain_ids"]) == ("current_pos", [5, 6], [])


@pytest.mark.parametrize("name", ["mariadb-10.11-replica", "mysql-9.7-replica"])
def test_a_source_that_cannot_be_reached(name):
    one = channels(name)["lost"]
    assert (one["receiver"], one["receiver_errno"]) == ("connecting", 2003)
    assert "198.18.21.98" in one["receiver_error"]


def test_a_conflict_stops_the_applier():
    one = channels("mariadb-11.8-replica")[""]
    assert (one["receiver"], one["applier"], one["applier_errno"]) == ("running", "stopped", 1062)
    assert "Duplicate entry" in one["applier_error"]


def test_a_source_without_what_is_asked_for_stops_the_receiver():
    one = channels("mariadb-10.11-lost")[""]
    assert (one["receiver"], one["receiver_errno"]) == ("stopped", 1236)


@pytest.mark.parametrize(("start", "first", "purged"), [
    ("", (0, 1, 1), ""), ("", None, ""), ("", (0, 1, 101), "0-1-100"), ("0-1-5", (0, 1, 6), "0-1-5"), (None, None, "")])
def test_what_binary_logs_do_not_have(start, first, purged):
    assert s.purged_mariadb(start, first) == purged


def test_a_domain_that_was_seeded():
    assert s.seeded_domains({"state": "1-1-1", "slave": "1-1-1,2-2-5"}) == [2]
    assert s.seeded_domains({"state": "1-1-1", "slave": "1-1-1"}) == []


def test_errant_transactions_are_named():
    words = ("BEGIN GTID 0-2-9", "GTID 0-1-10", "BEGIN GTID 0-2-11 cid=3", "GTID 1-2-10")
    events = [{"Event_type": "Gtid", "Info": text} for text in words]
    assert s.within(events, "0-2-10..12") == ["0-2-11"]
    assert s.within([*events, {"Event_type": "Query", "Info": "0-2-12"}], "0-2-9..12,1-2-10") == ["0-2-9", "0-2-11", "1-2-10"]


class Refusing(Recorded):
    """A user with few rights."""

    def rows(self, statement, values=()):
        if statement.startswith(("SHOW SLAVE HOSTS", "SHOW REPLICAS", "SHOW BINARY", "SHOW MASTER", "SELECT * FROM performance_schema")):
            raise Failure("no", 1227)
        if statement == "SHOW DATABASES":
            return [{"Database": "information_schema"}]
        return super().rows(statement, values)


@pytest.mark.parametrize("name", ["mariadb-10.11-replica", "mysql-9.7-replica"])
def test_what_may_not_be_seen_is_null(name):
    seen = s.read_info(Refusing(name))
    assert (seen["replicas"], seen["databases"], seen["blank"], seen["binary_log"]) == (None, None, None, None)
    assert seen["channels"]


def test_other_errors_are_not_swallowed():
    class Broken(Recorded):
        def rows(self, statement, values=()):
            if statement.startswith("SHOW SLAVE HOSTS"):
                raise Failure("gone", 2013)
            return super().rows(statement, values)

    with pytest.raises(Failure, match="gone"):
        s.read_info(Broken("mariadb-10.11-source"))


@pytest.mark.parametrize(("version", "sentence"), [
    ("5.7.44-log", "MySQL 5.7.44 is too old: 8.0.23 or newer is needed."),
    ("10.3.39-MariaDB-0+deb10u2", "MariaDB 10.3.39 is too old: 10.5.1 or newer is needed."),
    ("8.0.40", None), ("11.8.6-MariaDB-0+deb13u1 from Debian-log", None)])
def test_old_servers_are_refused(version, sentence):
    assert s.check_version(s.identity({"version": version})) == sentence


@pytest.mark.parametrize(("text", "pairs"), [
    ("", []), ("a->b,c->d", [("a", "b"), ("c", "d")]), ("(a,b),(c,d)", [("a", "b"), ("c", "d")])])
def test_rewrites(text, pairs):
    assert s.rewrites(text) == [{"from": old, "to": new} for old, new in pairs]


@pytest.mark.parametrize(("value", "result"), [("OFF", False), ("ON", True), ("NO_LOCK", True), (None, False), ("0", False)])
def test_read_only_has_more_than_two_values(value, result):
    assert s.on_read_only(value) is result


@pytest.mark.parametrize(("source", "replica"), [("master", "slave"), ("source", "replica")])
def test_semi_sync_by_both_names(source, replica):
    head, status = "rpl_semi_sync_%s_", "Rpl_semi_sync_%s_"
    seen = s.semi_sync_of(
        {head % source + "enabled": "ON", head % replica + "enabled": "OFF", head % source + "timeout": "10000"},
        {status % source + "status": "ON", status % source + "clients": "2", status % source + "no_tx": "3"})
    assert (seen["source_enabled"], seen["replica_enabled"], seen["source_active"]) == (True, False, True)
    assert (seen["clients"], seen["timeout_ms"], seen["unacknowledged"]) == (2, 10000, 3)


def test_a_thousand_errant_transactions_are_not_listed(monkeypatch):
    events = [{"Event_type": "Gtid", "Info": "BEGIN GTID 0-2-%d" % n} for n in range(1, 1001)]
    answers = {"SHOW BINARY LOGS": [{"Log_name": "binlog.1", "File_size": 9}], "SHOW BINLOG EVENTS IN %s": events}
    monkeypatch.setattr(s, "tolerant", lambda _server, sql, *_values: answers[sql])
    told = s.list_errant(None, "mariadb", "0-2-1..1000")
    assert told.startswith("0-2-1,0-2-2,") and told.endswith(",0-2-20 and 980 more, all in 0-2-1..1000")

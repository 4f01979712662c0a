# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.modules import mysql_variables

WANTED = {"login_unix_socket": "/run/mysqld/mysqld.sock", "config_file": "", "flush_binary_logs": True, "variables": {
    "slave_connections_needed_for_purge": 0, "max_binlog_total_size": "1073741824", "binlog_expire_logs_seconds": 604800}}


@pytest.fixture
def server(database):
    def took(statement):
        def take(*_values):
            _set, _global, name, _is, value = statement.split()
            database.globals[name] = value
            return []
        return take

    database.globals = {"slave_connections_needed_for_purge": "1", "max_binlog_total_size": "0", "binlog_expire_logs_seconds": "604800"}
    database.answers = {statement: took(statement) for statement in (
        "SET GLOBAL max_binlog_total_size = 1073741824", "SET GLOBAL slave_connections_needed_for_purge = 0")}
    database.answers["FLUSH LOCAL BINARY LOGS"] = []
    return database


def test_what_differs_is_set_and_old_logs_may_go_at_once(server, play):
    result = play(mysql_variables, WANTED, diff=True)
    assert result["changed"] and result["missing"] == []
    assert result["diff"] == {"before": "max_binlog_total_size = 0\nslave_connections_needed_for_purge = 1\n",
                              "after": "max_binlog_total_size = 1073741824\nslave_connections_needed_for_purge = 0\n"}
    assert server.began("SET", "FLUSH") == [
        "SET GLOBAL max_binlog_total_size = 1073741824", "SET GLOBAL slave_connections_needed_for_purge = 0", "FLUSH LOCAL BINARY LOGS"]
    server.did.clear()
    assert not play(mysql_variables, WANTED)["changed"] and server.began("SET", "FLUSH") == []


def test_check_mode_sets_nothing(server, play):
    assert play(mysql_variables, WANTED, check=True)["changed"] and server.began("SET", "FLUSH") == []


def test_what_the_server_does_not_have_is_left_out(database, play):
    """MariaDB 10.11 and MySQL."""
    database.globals = {"binlog_expire_logs_seconds": "604800"}
    result = play(mysql_variables, WANTED)
    assert not result["changed"] and result["missing"] == ["max_binlog_total_size", "slave_connections_needed_for_purge"]


def test_a_switch_is_compared_as_a_number(server, play):
    server.globals = {"rpl_semi_sync_master_enabled": "OFF"}
    off = dict(WANTED, variables={"rpl_semi_sync_master_enabled": 0})
    assert not play(mysql_variables, off)["changed"]
    server.globals["rpl_semi_sync_master_enabled"] = "ON"
    server.answers["SET GLOBAL rpl_semi_sync_master_enabled = 0"] = []
    assert play(mysql_variables, off)["changed"] and server.began("SET") == ["SET GLOBAL rpl_semi_sync_master_enabled = 0"]


@pytest.mark.parametrize("variables", [{"read_only = 0; SET GLOBAL x": 1}, {"max_binlog_size": "1G"}])
def test_anything_but_names_and_numbers_is_refused(database, refused, variables):
    assert "write whole numbers by names of variables" in refused(mysql_variables, dict(WANTED, variables=variables))


def test_what_is_on_and_off_is_set_once(database, play):
    database.globals = {"rpl_semi_sync_master_wait_no_slave": "ON"}
    database.answers = {"SET GLOBAL rpl_semi_sync_master_wait_no_slave = 0": []}
    given = dict(WANTED, flush_binary_logs=False, variables={"rpl_semi_sync_master_wait_no_slave": 0})
    assert play(mysql_variables, given)["changed"]
    assert not play(mysql_variables, dict(given, variables={"rpl_semi_sync_master_wait_no_slave": 1}))["changed"]


def test_texts_are_compared_as_lists_and_set_as_words(server, play):
    server.globals = {"collation_server": "utf8mb4_uca1400_ai_ci", "character_set_collations": "utf8mb3=x,utf8mb4=y"}
    server.answers = {"SET GLOBAL": []}
    same = dict(WANTED, variables={}, flush_binary_logs=False, texts={"character_set_collations": "utf8mb4=y,utf8mb3=x"})
    assert not play(mysql_variables, same)["changed"]
    other = dict(same, texts={"collation_server": "utf8mb4_general_ci", "character_set_collations": ""})
    assert play(mysql_variables, other)["changed"] and server.began("SET") == [
        "SET GLOBAL character_set_collations = ''", "SET GLOBAL collation_server = 'utf8mb4_general_ci'"]


def test_texts_that_are_no_words_are_refused(database, refused):
    assert refused(mysql_variables, dict(WANTED, variables={}, texts={"collation_server": "x'; DROP"})) == (
        "texts has collation_server: x'; DROP, write letters, digits, _, = and commas by names of variables.")

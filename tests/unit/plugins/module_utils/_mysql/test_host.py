# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import host
from ansible_collections.failover.stack.plugins.module_utils._mysql.host import configured, databases, memory_mb

MEMINFO = "MemTotal:        4194304 kB\nMemFree:  10 kB\n"


@pytest.mark.parametrize("meminfo, limits, mb", [
    (MEMINFO, [], 4096), (MEMINFO, ["max\n", ""], 4096), (MEMINFO, ["1073741824\n"], 1024), (MEMINFO, ["9223372036854771712\n"], 4096),
    ("", ["1073741824"], 1024), ("", [], None), (None, [None, "0"], None)])
def test_memory_is_the_smaller_of_machine_and_limit(meminfo, limits, mb):
    assert memory_mb(meminfo, limits) == mb


@pytest.mark.parametrize("text, value", [
    ("[mysqld]\ndatadir = /srv/one\n[mariadb]\n data-dir=/srv/x\ndatadir='/srv/two'\n", "/srv/two"),
    ("#datadir = /srv/one\n", None), (None, None)])
def test_the_last_value_of_an_option_counts(text, value):
    assert configured(text, "datadir") == value


@pytest.mark.parametrize("text", ["innodb-log-file-size = 1G", "innodb_log_file_size=1G", "innodb_log-file_size = '1G'"])
def test_dashes_and_underscores_are_the_same(text):
    assert configured(text, "innodb_log_file_size") == "1G"


def test_what_is_nobodys_database():
    names = ["mysql", "sys", "performance_schema", "#innodb_temp", ".snapshot", "lost+found", "test", "shop", "Test2"]
    assert databases(names) == ["Test2", "shop"]


PRINTED = """mariadbd would have been started with the following arguments:
--socket=/run/mysqld/mysqld.sock --log_bin=mysql-bin --datadir=/data/my sql/x --skip-name-resolve --log-bin=/var/log/mysql/bin.log """ + """
--loose-rpl_semi_sync_master_enabled=OFF --pid-file=/run/mysqld/mysqld.pid """


def test_what_option_files_amount_to():
    found = host.effective(PRINTED)
    assert (found["datadir"], found["log_bin"], found["skip_name_resolve"]) == ("/data/my sql/x", "/var/log/mysql/bin.log", "")
    assert found["rpl_semi_sync_master_enabled"] == "OFF" and found["pid_file"] == "/run/mysqld/mysqld.pid"
    assert host.effective("mysqld would have been started with the following arguments:\n\n") == {} and host.effective("") == {}


@pytest.mark.parametrize("asked, options, found", [
    ({}, {}, []),
    ({}, {"log_bin": "mysql-bin"}, [("/data/mysql-bin", "/data/mysql-bin.index")]),
    ({}, {"log_bin": "/var/log/mysql/mysql-bin.log", "log_bin_index": "idx"}, [("/var/log/mysql/mysql-bin", "/data/idx.index")]),
    ({"log_bin_basename": "/data/a", "log_bin_index": "/data/a.index"}, {"log_bin": "b"},
     [("/data/a", "/data/a.index"), ("/data/b", "/data/b.index")])])
def test_where_logs_may_be_the_running_server_first(asked, options, found):
    assert host.bases(asked, options, "/data", "log_bin") == found


def test_a_server_that_is_down_is_known_by_its_option_files():
    assert host.log_base_of(lambda command: (0, PRINTED, ""), "/data") == "/var/log/mysql/bin"
    assert host.log_base_of(lambda command: (0, "", ""), "/data") == ""


def test_answers_of_a_client():
    assert host.answers("datadir\t/data/\nlog_bin_basename\t\nlog_bin_index\tNULL\n") == {"datadir": "/data/"}

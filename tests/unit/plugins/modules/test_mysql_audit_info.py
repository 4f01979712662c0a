# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.modules import mysql_audit_info

LOGIN = {"login_unix_socket": "/run/mysqld/mysqld.sock", "config_file": ""}
# What MariaDB 11.8.9 and MySQL 9.7.4 answered.
MARIADB = {
    "SELECT VERSION()": [{"v": "11.8.9-MariaDB-0+deb13u1-log"}],
    "SELECT GRANTEE": [
        {"grantee": "'root'@'localhost'", "privilege": "READ_ONLY ADMIN"}, {"grantee": "'mysql'@'localhost'", "privilege": "SUPER"},
        {"grantee": "'app'@'%'", "privilege": "READ_ONLY ADMIN"}, {"grantee": "'old'@'%'", "privilege": "SUPER"},
        {"grantee": "'shop'@'%'", "privilege": "PROCESS"}],
    "SELECT Role": [{"role": "admin", "name": "deputy", "host": ""}, {"role": "deputy", "name": "shop", "host": "10.%"},
                    {"role": "reader", "name": "root", "host": "localhost"}],
    "SHOW GRANTS FOR `admin`": [{"g": "GRANT READ_ONLY ADMIN ON *.* TO `admin`"}],
    "SHOW GRANTS FOR `deputy`": [{"g": "GRANT `admin` TO `deputy`"}, {"g": "GRANT USAGE ON *.* TO `deputy`"}],
    "SHOW GRANTS FOR `reader`": [{"g": "GRANT SELECT ON *.* TO `reader`"}],
}
MYSQL = {
    "SELECT VERSION()": [{"v": "9.7.4-2"}],
    "SELECT GRANTEE": [
        {"grantee": "'root'@'localhost'", "privilege": "SUPER"}, {"grantee": "'mysql.session'@'localhost'", "privilege": "SUPER"},
        {"grantee": "'admin'@'%'", "privilege": "SYSTEM_VARIABLES_ADMIN"}, {"grantee": "'app'@'%'", "privilege": "CONNECTION_ADMIN"}],
    "SELECT FROM_USER": [{"role": "admin", "role_host": "%", "name": "shop", "host": "10.%"}],
    "SELECT User AS name": [{"name": "admin", "host": "%"}, {"name": "mysql.sys", "host": "localhost"}],
}


@pytest.mark.parametrize("answers, accounts", [(MARIADB, [["app", "%"], ["shop", "10.%"]]), (MYSQL, [["shop", "10.%"]])])
def test_accounts_that_nobody_here_made_are_found_roles_counted(play, database, answers, accounts):
    database.answers, database.globals = answers, {"log_bin": "OFF"}
    assert play(mysql_audit_info, LOGIN) == {"changed": False, "ignoring_read_only": accounts, "binary_logs": None}
    assert database.open == 0


def test_binary_logs(play, database, tmp_path):
    (tmp_path / "binlog.000001").write_text("1")
    (tmp_path / "binlog.000002").write_text("2")
    database.answers = dict(MYSQL, **{
        "SHOW BINARY LOGS": [{"Log_name": "binlog.000001", "File_size": 5}, {"Log_name": "binlog.000002", "File_size": 7}],
        "SELECT COUNT(*)": [{"n": 1}]})
    database.globals = {"log_bin": "ON", "log_bin_basename": str(tmp_path / "binlog"), "binlog_expire_logs_seconds": "604800"}
    logs = play(mysql_audit_info, LOGIN)["binary_logs"]
    assert logs.pop("disk_mb") > 0
    assert logs == {"count": 2, "bytes": 12, "closed_bytes": 5, "expire_s": 604800, "oldest_s": 0, "replicas": 1, "replicas_needed": None,
                    "bound_bytes": 0}

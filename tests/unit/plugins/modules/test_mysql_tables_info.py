# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.failover.stack.plugins.modules import mysql_tables_info

LOGIN = {"login_unix_socket": "/run/mysqld/mysqld.sock", "config_file": ""}


def test_what_a_server_has(play, database):
    database.globals = {"version": "11.8.9-MariaDB", "collation_server": "utf8mb4_general_ci", "character_set_collations": ""}
    database.answers = {
        "SELECT SCHEMA_NAME": [{"d": "shop", "c": "utf8mb4_general_ci"}],
        "SELECT TABLE_SCHEMA AS d, TABLE_NAME AS t, TABLE_TYPE": [
            {"d": "shop", "t": "orders", "k": "BASE TABLE", "c": "utf8mb4_general_ci"},
            {"d": "shop", "t": "prices", "k": "SYSTEM VERSIONED", "c": "utf8mb4_general_ci"}],
        "SELECT TABLE_SCHEMA AS d, TABLE_NAME AS t, COLUMN_NAME": [
            {"d": "shop", "t": "orders", "f": "name", "c": "utf8mb4_general_ci"},
            {"d": "shop", "t": "orders", "f": "code", "c": "utf8mb4_bin"},
            {"d": "shop", "t": "some_view", "f": "code", "c": "utf8mb4_bin"}]}
    found = play(mysql_tables_info, LOGIN)
    assert found["version"] == "11.8.9-MariaDB" and found["collation"] == {"server": "utf8mb4_general_ci", "sets": ""}
    assert found["versioned"] == ["shop.prices"] and "collations" not in found and not found["changed"]
    more = play(mysql_tables_info, dict(LOGIN, collations=True))
    assert more["digest"] == found["digest"] and more["collations"] == {
        "shop": "utf8mb4_general_ci", "shop.orders": "utf8mb4_general_ci", "shop.orders.code": "utf8mb4_bin",
        "shop.prices": "utf8mb4_general_ci"}
    assert database.open == 0

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import grants

# As MariaDB 10.11.19, 11.8.9 and MySQL 9.7.4 showed them.
MARIADB = [
    "GRANT `r` TO `app`@`%`",
    "GRANT BINLOG MONITOR, READ_ONLY ADMIN ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*B69027D44F6E5EDC07F1AEAD1477967B16F28227'",
    "GRANT USAGE ON `shop`.* TO `app`@`%` WITH GRANT OPTION",
    "GRANT ALL PRIVILEGES ON `a_b`.* TO `app`@`%` WITH GRANT OPTION",
    r"GRANT ALL PRIVILEGES ON `sh\_op`.* TO `app`@`%`",
    "GRANT SELECT (`we,ird)`, `id`), INSERT, UPDATE (`id`), SHOW VIEW ON `shop`.`orders` TO `app`@`%`",
    "GRANT EXECUTE ON PROCEDURE `shop`.`report` TO `app`@`%`",
    "GRANT EXECUTE, ALTER ROUTINE, SHOW CREATE ROUTINE ON FUNCTION `shop`.`count1` TO `app`@`%`",
    "SET DEFAULT ROLE `r` FOR `app`@`%`",
]
MYSQL = [
    "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `repl`@`198.18.11.31`",
    "GRANT BACKUP_ADMIN,CLONE_ADMIN ON *.* TO `repl`@`198.18.11.31`",
    "GRANT `role`@`%` TO `repl`@`198.18.11.31`",
    "GRANT PROXY ON ``@`` TO `repl`@`198.18.11.31` WITH GRANT OPTION",
]
ORDERS, SHOP = ("", "shop", "orders"), ("", "shop", "*")
SELECT, INSERT, EXECUTE = ("SELECT", ""), ("INSERT", ""), ("EXECUTE", "")


def test_what_servers_show():
    found = grants.granted(MARIADB, "mariadb", ("app", "%"))
    assert found == {
        ("", "*", "*"): {("BINLOG MONITOR", ""), ("READ_ONLY ADMIN", "")}, SHOP: {grants.GRANT_OPTION},
        ("", "a_b", "*"): {grants.ALL, grants.GRANT_OPTION}, ("", r"sh\_op", "*"): {grants.ALL},
        ORDERS: {("SELECT", "we,ird)"), ("SELECT", "id"), INSERT, ("UPDATE", "id"), ("SHOW VIEW", "")},
        ("PROCEDURE", "shop", "report"): {EXECUTE},
        ("FUNCTION", "shop", "count1"): {EXECUTE, ("ALTER ROUTINE", ""), ("SHOW CREATE ROUTINE", "")}}
    assert grants.granted(MYSQL, "mysql", ("repl", "198.18.11.31")) == {
        ("", "*", "*"): {("REPLICATION SLAVE", ""), ("REPLICATION CLIENT", ""), ("BACKUP_ADMIN", ""), ("CLONE_ADMIN", "")}}


def test_what_a_role_may_is_not_what_the_account_was_granted():
    lines = ["GRANT `r` TO `app`@`%`", "GRANT USAGE ON *.* TO `app`@`%`", "GRANT DELETE ON `shop`.* TO `r`"]
    assert grants.granted(lines, "mariadb", ("app", "%")) == {}


def test_all_of_a_mysql_server_is_all_though_it_names_each():
    lines = ["GRANT SELECT, FILE ON *.* TO `a`@`%` WITH GRANT OPTION", "GRANT BACKUP_ADMIN ON *.* TO `a`@`%`"]
    assert grants.granted(lines, "mysql", ("a", "%"), ["SELECT", "FILE", "BACKUP_ADMIN"]) == {
        ("", "*", "*"): {grants.ALL, grants.GRANT_OPTION}}


@pytest.mark.parametrize("written, place", [
    ("shop.*", SHOP), ("*.*", ("", "*", "*")), ("`shop`.`orders`", ORDERS), ("TABLE shop.orders", ORDERS),
    ("my shop.*", ("", "my shop", "*")),
    ("PROCEDURE shop.Report", ("PROCEDURE", "shop", "report")), ("function `a.b`.`c``d`", ("FUNCTION", "a.b", "c`d")),
    ("shop", None), ("*.orders", None), ("PROCEDURE shop.*", None), ("shop.orders; DROP", ("", "shop", "orders; DROP")), ("a`b.c", None),
])
def test_places(written, place):
    assert grants.place_of(written) == place


def test_words_for_one_thing():
    assert grants.privileges("replication  client, replica monitor, read only admin", "mariadb") == {
        ("BINLOG MONITOR", ""), ("SLAVE MONITOR", ""), ("READ_ONLY ADMIN", "")}
    assert grants.privileges("replication client, ALL", "mysql") == {("REPLICATION CLIENT", ""), grants.ALL}
    assert grants.privileges("USAGE", "mysql") == set()
    assert grants.privileges("SELECT (", "mysql") is None and grants.privileges("SELECT ()", "mysql") is None
    assert grants.privileges("SELECT; DROP", "mysql") is None


@pytest.mark.parametrize("text", [
    "SELECT (id, Buyer), insert", "insert,select(`buyer`,`ID`)", "Select (buyer), INSERT, SELECT (id)", " INSERT , SELECT ( id , buyer ) "])
def test_order_case_and_quotes_of_columns_are_no_difference(text):
    have = grants.granted(["GRANT SELECT (`id`, `buyer`), INSERT ON `shop`.`orders` TO `a`@`%`"], "mariadb", ("a", "%"))
    assert grants.plan(grants.wanted({"privileges": {"shop.orders": text}}, "mariadb"), have) == []


def test_what_is_missing_is_granted_before_what_is_too_much_is_revoked():
    have = {SHOP: {SELECT}, ORDERS: {("UPDATE", "a")}}
    want = grants.wanted({"privileges": {"shop.orders": "SELECT, UPDATE (a, b)", "crm.*": "SELECT"}}, "mariadb")
    assert grants.plan(want, have) == [
        ("grant", ("", "crm", "*"), [SELECT]), ("grant", ORDERS, [SELECT, ("UPDATE", "b")]), ("revoke", SHOP, [SELECT])]


def test_columns_are_granted_again_when_their_table_is_revoked():
    """REVOKE SELECT ON shop.orders takes SELECT (id) with it: seen with MariaDB 10.11, 11.8 and MySQL 9.7."""
    want = grants.wanted({"privileges": {"shop.orders": "SELECT (id)"}}, "mysql")
    assert grants.plan(want, {ORDERS: {SELECT, ("SELECT", "id")}}) == [("revoke", ORDERS, [SELECT]), ("grant", ORDERS, [("SELECT", "id")])]


def test_of_all_first_one_goes_so_that_the_server_names_the_rest_and_nothing_wanted_is_missing():
    assert grants.plan({SHOP: {SELECT}}, {SHOP: {grants.ALL}}) == [("revoke", SHOP, [("DROP", "")])]
    assert grants.plan({SHOP: {SELECT, ("DROP", "")}}, {SHOP: {grants.ALL}}) == [("revoke", SHOP, [("ALTER", "")])]
    assert grants.plan({}, {SHOP: {grants.ALL, grants.GRANT_OPTION}}) == [
        ("revoke", SHOP, [grants.ALL]), ("revoke", SHOP, [grants.GRANT_OPTION])]


def test_all_revokes_nothing_that_it_contains():
    want = grants.wanted({"databases": ["shop"]}, "mariadb")
    assert grants.plan(want, {SHOP: {SELECT, INSERT, grants.GRANT_OPTION}}) == [
        ("grant", SHOP, [grants.ALL]), ("revoke", SHOP, [grants.GRANT_OPTION])]


def test_a_database_with_the_right_to_pass_it_on():
    want = grants.wanted({"databases": ["shop"], "privileges": {"shop.*": "GRANT OPTION"}}, "mariadb")
    assert grants.plan(want, {}) == [("grant", SHOP, [grants.ALL]), ("grant", SHOP, [grants.GRANT_OPTION])]
    assert grants.plan(want, {SHOP: {grants.ALL, grants.GRANT_OPTION}}) == []


def test_all_of_a_routine_is_what_the_server_makes_of_it():
    want = grants.wanted({"privileges": {"FUNCTION shop.f": "ALL"}}, "mariadb")
    assert grants.plan(want, {("FUNCTION", "shop", "f"): {EXECUTE, ("ALTER ROUTINE", "")}}) == []
    assert grants.plan(want, {}) == [("grant", ("FUNCTION", "shop", "f"), [grants.ALL])]

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether binary logs have all that a server holds; events as MariaDB 10.11 and MySQL 9.7 told them."""

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import beginning as b
from ansible_collections.failover.stack.plugins.module_utils._sql import status
from mysql_recorded import Recorded

UUID = "577ea4ea-e5a2-11f1-9265-0242c612151f"


def event(kind, info=""):
    return {"Event_type": kind, "Info": info}


EMPTY = [event("Format_desc", "Server ver: 10.11.19-MariaDB"), event("Gtid_list", "[]"), event("Binlog_checkpoint", "binlog.000001")]
MARKED = [*EMPTY, event("Gtid", "GTID 0-1-1"), event("Query", b.STATEMENT), event("Gtid", "GTID 0-1-2"), event("Query", "create x")]
UNMARKED = [*EMPTY, event("Gtid", "GTID 0-1-1"), event("Query", "insert into shop.orders")]
MYSQL = [event("Format_desc"), event("Previous_gtids"), event("Gtid", "SET @@SESSION.GTID_NEXT= '%s:1'" % UUID),
         event("Query", b.STATEMENT)]
ANONYMOUS = [event("Format_desc"), event("Previous_gtids"), event("Anonymous_Gtid"), event("Query", "CREATE USER 'debian-sys-maint'")]


@pytest.mark.parametrize("logs, proven", [
    ([MARKED], True), ([MYSQL], True), ([EMPTY, MARKED], True), ([ANONYMOUS, MYSQL], True), ([[], MARKED], True),
    ([UNMARKED], False), ([UNMARKED, MARKED], False), ([EMPTY], False), ([], False), ([EMPTY] * 20 + [MARKED], False),
    ([[*EMPTY, event("Gtid"), event("Annotate_rows", b.STATEMENT)]], False)])
def test_the_mark_is_the_first_that_was_logged(logs, proven):
    names = ["binlog.%06d" % number for number in range(len(logs))]
    assert b.marked(names, dict(zip(names, logs)).get) is proven


def test_accounts_of_packages_are_nobodys():
    own = [{"User": "root", "Host": "localhost"}, {"User": b"mariadb.sys", "Host": b"localhost"}, {"User": "PUBLIC", "Host": ""},
           {"User": "failover_clone", "Host": "198.51.100.3"}]
    assert b.strangers(own) == []
    made = [{"User": "root", "Host": "%"}, {"User": "shop", "Host": "localhost"}]
    assert b.strangers([*own, *made]) == [("root", "%"), ("shop", "localhost")]


class Server(Recorded):
    """A recorded source with other databases, accounts, or first events."""

    def __init__(self, name, databases=("shop",), accounts=(), first=None, more=()):
        super().__init__(name)
        self.databases, self.accounts, self.first, self.more = databases, accounts, first, dict(more)

    def rows(self, statement, values=()):
        if statement == "SHOW DATABASES":
            return [{"Database": name} for name in ("mysql", *self.databases)]
        if statement == "SELECT User, Host FROM mysql.user":
            return [{"User": user, "Host": host} for user, host in self.accounts]
        if statement.startswith("SHOW BINLOG EVENTS") and self.first is not None:
            return self.first
        rows = super().rows(statement, values)
        return [{**rows[0], **self.more}] if statement in ("SHOW MASTER STATUS", "SHOW BINARY LOG STATUS") else rows

    def variables(self, *names):
        return {name: self.more.get(name, value) for name, value in super().variables(*names).items()}


def gtid(name, **how):
    return status.read_info(Server(name + "-source", **how))["gtid"]


@pytest.mark.parametrize("name, first", [("mariadb-10.11", MARKED), ("mariadb-11.8", MARKED), ("mysql-9.7", MYSQL)])
def test_logs_that_go_back_to_the_first_gtid_prove_nothing_without_a_mark(name, first):
    assert gtid(name, first=first)["complete"] and gtid(name, first=first)["marked"]
    seen = gtid(name, first=[one for one in first if one["Info"] != b.STATEMENT])
    assert not seen["purged"] and (seen["complete"], seen["marked"]) == (False, False)


@pytest.mark.parametrize("name", ["mariadb-10.11", "mysql-9.7"])
def test_a_server_on_which_nothing_is_needs_no_mark(name):
    accounts = [("root", "localhost")]
    assert gtid(name, databases=(), accounts=accounts)["complete"] is True
    # An application's account may be older than the log.
    assert gtid(name, databases=(), accounts=[*accounts, ("shop", "%")])["complete"] is False


@pytest.mark.parametrize("name, first", [("mariadb-10.11", MARKED), ("mysql-9.7", MYSQL)])
def test_a_log_that_leaves_databases_out_is_never_complete(name, first):
    seen = status.read_info(Server(name + "-source", first=first, more={"Binlog_Ignore_DB": "scratch"}))
    assert seen["gtid"]["complete"] is False and seen["log_filters"] == {"do_db": [], "ignore_db": ["scratch"]}


@pytest.mark.parametrize("mode", ["OFF", "OFF_PERMISSIVE", "ON_PERMISSIVE"])
def test_what_was_logged_without_gtids_is_not_counted(mode):
    seen = gtid("mysql-9.7", first=MYSQL, more={"gtid_mode": mode})
    assert (seen["enabled"], seen["mode"], seen["complete"]) == (False, mode, False)


def test_a_reset_log_takes_the_mark_with_it():
    assert gtid("mariadb-10.11", first=EMPTY)["complete"] is False

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure
from ansible_collections.failover.stack.plugins.modules import mysql_table as table

ROWS = [{"idx": 1, "name": "Ada"}, {"idx": 2, "name": "Bob"}]
PARAMS = {"database": "de`mo", "name": "member", "columns": "idx BIGINT PRIMARY KEY, name TEXT", "key": "idx", "rows": ROWS}


class Server:
    """A server that has the table or not, with these keys."""

    def __init__(self, keys=None):
        self.keys, self.did = keys, []

    def rows(self, statement, values=()):
        if "information_schema" in statement:
            assert values == ("de`mo", "member")
            return [] if self.keys is None else [{"1": 1}]
        return [{"k": key} for key in self.keys]

    def run(self, statement, values=()):
        self.did.append((statement, list(values)))


def test_a_new_table_gets_all_its_rows():
    server = Server()
    assert table.work(server, PARAMS, False) == {"changed": True, "created": True, "added": 2}
    assert server.did == [
        ("CREATE TABLE IF NOT EXISTS `de``mo`.`member` (idx BIGINT PRIMARY KEY, name TEXT)", []),
        ("INSERT IGNORE INTO `de``mo`.`member` (`idx`, `name`) VALUES (%s, %s)", [1, "Ada"]),
        ("INSERT IGNORE INTO `de``mo`.`member` (`idx`, `name`) VALUES (%s, %s)", [2, "Bob"])]


@pytest.mark.parametrize("keys, added", [([1, 2], 0), (["1"], 1), ([7], 2)])
def test_rows_that_are_there_stay(keys, added):
    server = Server(keys)
    assert table.work(server, PARAMS, False) == {"changed": bool(added), "created": False, "added": added}
    assert len(server.did) == added


def test_check_mode_writes_nothing():
    server = Server()
    assert table.work(server, PARAMS, True)["changed"] and server.did == []


def test_a_row_without_its_key_is_refused():
    with pytest.raises(Failure) as refused:
        table.work(Server(), dict(PARAMS, rows=[{"name": "Eve"}]), False)
    assert str(refused.value) == "a row of member has no idx, by which it would be known: {'name': 'Eve'}. Give it one."

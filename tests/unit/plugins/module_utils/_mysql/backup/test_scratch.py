# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup import scratch
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure


@pytest.fixture
def ran(monkeypatch):
    """All commands; systemd-run answers with .code."""
    class Ran(list):
        code = 0

        def __call__(self, command):
            self.append(command)
            return (self.code, "", "no bus\n") if command[0] == "systemd-run" else (0, "active\n", "")

    made = Ran()
    monkeypatch.setattr(scratch, "run", made)
    return made


def started(dialect, monkeypatch, **layout):
    monkeypatch.setattr(scratch, "wait_for", lambda login, seconds, alive: login["unix_socket"])
    return scratch.Scratch("scratch-restore", dialect, "/place/data", layout, "mysql").start()


@pytest.mark.parametrize("dialect, program, option", [
    ("mariadb", "/usr/sbin/mariadbd", "--skip-slave-start"), ("mysql", "/usr/sbin/mysqld", "--skip-replica-start")])
def test_it_reads_no_configuration_reaches_nobody_and_replicates_nothing(ran, monkeypatch, dialect, program, option):
    assert started(dialect, monkeypatch, innodb_page_size="4096") == "/run/failover-mysql-scratch-restore/mysqld.sock"
    command = next(command for command in ran if command[0] == "systemd-run")
    server = command[command.index(program):]
    # The first option, or the server would read its configuration.
    assert server[1] == "--no-defaults"
    assert {"--skip-networking", "--skip-grant-tables", "--skip-log-bin", "--read-only=1", "--event-scheduler=DISABLED", option,
            "--innodb-page-size=4096", "--datadir=/place/data"} <= set(server)
    assert {"--property=User=mysql", "--property=RuntimeDirectoryMode=0700"} <= set(command)


def test_one_that_still_runs_is_stopped_before(ran, monkeypatch):
    started("mariadb", monkeypatch)
    assert [" ".join(command[:2]) for command in ran[:3]] == ["systemctl stop", "systemctl reset-failed", "systemd-run --quiet"]


def test_systemd_that_refuses_is_quoted(ran, monkeypatch):
    ran.code = 1
    with pytest.raises(Failure, match=r"^systemd did not start the scratch server: no bus$"):
        started("mariadb", monkeypatch)


@pytest.mark.parametrize("log, said", [
    ("x [Note] begins\nx [ERROR] InnoDB: corrupt\nx [ERROR] Aborting\n", "x [ERROR] InnoDB: corrupt / x [ERROR] Aborting"),
    ("", "timed out"), (None, "timed out")])
def test_a_server_that_does_not_start_says_why(ran, monkeypatch, tmp_path, log, said):
    def fail(login, seconds, alive):
        raise Failure("timed out")

    monkeypatch.setattr(scratch, "wait_for", fail)
    if log is not None:
        (tmp_path / "scratch.log").write_text(log)
    with pytest.raises(Failure) as failed:
        scratch.Scratch("s", "mariadb", str(tmp_path), {}, "mysql").start()
    assert str(failed.value) == "the scratch server does not start on %s (%s)" % (tmp_path, said)


class Tables:
    """A server with these tables."""

    def __init__(self, names):
        self.names, self.asked = names, []

    def rows(self, statement, values=()):
        self.asked.append(statement)
        return [{"s": schema, "t": table} for schema, table in self.names] if "information_schema" in statement else [{"Checksum": 77}]

    def value(self, statement):
        self.asked.append(statement)
        return 3


def test_every_table_is_counted_whatever_its_name():
    server, told = Tables([("shop", "order"), ("we`ird", "a.b")]), []
    assert scratch.numbers(server, told.append) == {
        "shop.order": {"rows": 3, "checksum": 77}, "we`ird.a.b": {"rows": 3, "checksum": 77}}
    assert server.asked[3:] == ["SELECT COUNT(*) AS v FROM `we``ird`.`a.b`", "CHECKSUM TABLE `we``ird`.`a.b`"]
    assert told == ["table 1 of 2", "table 2 of 2"]

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database server as the jobs of seeding, backup and restore use it: few questions, few statements, both dialects."""

from __future__ import annotations

import os
import time

from ansible_collections.failover.stack.plugins.module_utils._sql import connection
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure

# What a second server on the same files must be told so that it can read them.
LAYOUT = ("innodb_page_size", "innodb_data_file_path", "innodb_checksum_algorithm", "lower_case_table_names")


def binlog_info(text):
    """GTID position in xtrabackup_binlog_info: file, position, GTIDs, separated by tabs; empty when there was no binary log."""
    fields = text.strip().split("\t")
    return fields[2].strip() if len(fields) > 2 else ""


def read_binlog_info(directory):
    for name in ("mariadb_backup_binlog_info", "xtrabackup_binlog_info"):
        path = os.path.join(directory, name)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as handle:
                return binlog_info(handle.read())
    return ""


def own_part(state, server_id):
    """GTIDs of a MariaDB list that this server itself wrote, one for each domain."""
    parts = (each.strip() for each in state.split(","))
    return ",".join(sorted(each for each in parts if each.count("-") == 2 and each.split("-")[1] == str(server_id)))


def own_part_mysql(executed, uuid):
    return ",".join(sorted(each.strip() for each in executed.split(",\n") if each.strip().lower().startswith(uuid.lower())))


class Server:
    """One connection, to where `login` (of _sql.connection) says."""

    def __init__(self, login):
        self.connection = connection.connect(login)
        self.rows, self.close = self.connection.rows, self.connection.close
        self.version = self.value("SELECT VERSION() AS v")
        self.mariadb = connection.dialect_of(self.version)[0] == "mariadb"

    def value(self, statement, values=()):
        found = self.rows(statement, values)
        return next(iter(found[0].values())) if found else None

    def variable(self, name):
        found = self.rows("SHOW GLOBAL VARIABLES WHERE Variable_name = %s", (name,))
        return found[0]["Value"] if found else ""

    def layout(self):
        return {name: self.variable(name) for name in LAYOUT if self.variable(name)}

    def position(self):
        """Everything that this server has, as its dialect writes it."""
        if self.mariadb:
            return self.value("SELECT @@global.gtid_current_pos AS v") or ""
        return (self.value("SELECT @@global.gtid_executed AS v") or "").replace("\n", "")

    def own_writes(self):
        """GTIDs that did not come by replication."""
        if self.mariadb:
            return own_part(self.value("SELECT @@global.gtid_binlog_state AS v") or "", self.value("SELECT @@server_id AS v"))
        return own_part_mysql(self.value("SELECT @@global.gtid_executed AS v") or "", self.value("SELECT @@server_uuid AS v"))

    def binlogs(self):
        """Beginnings of the paths of files that are of no use to another server."""
        datadir = self.variable("datadir")
        names = [self.variable(name) for name in ("log_bin_basename", "relay_log_basename")]
        names += [self.variable("relay_log")] if self.variable("relay_log") else []
        paths = [os.path.join(datadir, name) for name in names if name]
        return paths + [os.path.join(datadir, name) for name in ("ib_logfile", "ibtmp", "ib_redo", "#innodb_redo", "#innodb_temp")]

    def facts(self):
        datadir = self.variable("datadir")
        logs = self.variable("log_slave_updates" if self.mariadb else "log_replica_updates")
        return {"version": self.version, "dialect": "mariadb" if self.mariadb else "mysql", "datadir": datadir,
                "log_bin": self.variable("log_bin") == "ON", "gtid_mode": "ON" if self.mariadb else self.variable("gtid_mode"),
                "logs_replicated": logs == "ON", "position": self.position(),
                "log_base": self.variable("log_bin_basename"),
                "own_writes": self.own_writes(), "layout": self.layout(), "writable": self.variable("read_only") == "OFF"}

    def channels(self):
        statement = "SHOW ALL SLAVES STATUS" if self.mariadb else "SHOW REPLICA STATUS"
        return [row.get("Connection_name", row.get("Channel_Name", "")) for row in self.rows(statement)]

    def forget_sources(self):
        """Stop replicating and forget from whom: the configuration that came along is the donor's."""
        for name in self.channels():
            if self.mariadb:
                self.rows("STOP SLAVE %s", (name,))
                self.rows("RESET SLAVE %s ALL", (name,))
            else:
                self.rows("STOP REPLICA FOR CHANNEL %s", (name,))
                self.rows("RESET REPLICA ALL FOR CHANNEL %s", (name,))

    def start_from(self, position):
        """An empty binary log that goes on where the data ends (MariaDB; MySQL's clone carries its GTIDs itself)."""
        if self.mariadb:
            if self.variable("log_bin") == "ON":
                self.rows("RESET MASTER")
                self.rows("SET GLOBAL gtid_binlog_state = %s", (position,))
            self.rows("SET GLOBAL gtid_slave_pos = %s", (position,))

    def unlogged(self, statements):
        """Statements of root's that go into no binary log, on a server that is read-only for everybody else."""
        guarded = not self.mariadb and self.variable("super_read_only") == "ON"
        self.rows("SET SESSION sql_log_bin = 0")
        if guarded:
            self.rows("SET GLOBAL super_read_only = 0")
        try:
            for statement, values in statements:
                self.rows(statement, values)
        finally:
            if guarded:
                self.rows("SET GLOBAL super_read_only = 1")
            self.rows("SET SESSION sql_log_bin = 1")


def wait_for(login, seconds, alive=lambda: True):
    """A connection, as soon as the server lets us in."""
    until = time.monotonic() + seconds
    while True:
        try:
            return Server(login)
        except Failure:
            if time.monotonic() > until or not alive():
                raise
            time.sleep(0.3)

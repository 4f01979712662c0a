# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent and module mysql_writer say to a server, in MariaDB's and MySQL's words."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, dialect_of
from ansible_collections.failover.stack.plugins.module_utils._sql.gtid import contains, union

NOT_CLIENTS = ("Binlog Dump", "Binlog Dump GTID", "Daemon")
# What says that a replica acknowledges, and what that a writer waits for it.
SEMI_SYNC = {"rpl_semi_sync_slave_enabled": "rpl_semi_sync_master_enabled", "rpl_semi_sync_replica_enabled": "rpl_semi_sync_source_enabled"}
NOT_PEOPLE = ("system user", "event_scheduler")
# The longest time limit of both: https://mariadb.com/docs/server/ha-and-performance/standard-replication/semisynchronous-replication
FOREVER_MS = 4294967295


class SqlDialect:
    """One server's dialect. server: _sql.connection.Server."""

    def __init__(self, server):
        self.server = server
        self.mariadb = dialect_of(self.one("SELECT VERSION() AS v")["v"])[0] == "mariadb"

    def one(self, statement, values=()):
        found = self.server.rows(statement, values)
        return found[0] if found else {}

    def run(self, *statements):
        for statement in statements:
            self.server.run(statement)

    def writable(self):
        return not self.one("SELECT @@global.read_only AS r")["r"]

    def fenced(self):
        """As closed as the configuration file has it."""
        name = "read_only" if self.mariadb else "super_read_only"
        return bool(self.one("SELECT @@global.%s AS r" % name)["r"])

    def read_only_statement(self):
        # MySQL closes both with the stricter one.
        return "SET GLOBAL %s = 1" % ("read_only" if self.mariadb else "super_read_only")

    def semi_sync(self):
        """(name of the variable that makes a writer wait for replicas, whether it does), None where the cluster does not have it."""
        found = self.server.variables(*SEMI_SYNC, *SEMI_SYNC.values())
        for replica, writer in SEMI_SYNC.items():
            if found.get(replica) == "ON":
                return writer, found.get(writer) == "ON"
        return None

    def wait_for_replicas(self, wanted):
        """Semi-synchronous replication, where the cluster has it: the writer alone waits. A replica's applier would wait for nobody."""
        have = self.semi_sync()
        if have and have[1] != wanted:
            self.run("SET GLOBAL %s = %s" % (have[0], "ON" if wanted else "OFF"))

    def allow_writes(self, wait_for_replicas=True):
        self.wait_for_replicas(wait_for_replicas)
        for name in ("read_only",) if self.mariadb else ("super_read_only", "read_only"):
            self.run("SET GLOBAL %s = 0" % name)

    # Where agents decide who may acknowledge, the configuration file says no to everybody.

    def semi_sync_name(self, side):
        """side: writer or replica."""
        names = {"writer": "master", "replica": "slave"} if self.mariadb else {"writer": "source", "replica": "replica"}
        return "rpl_semi_sync_" + names[side]

    def acknowledges(self):
        return bool(self.one("SELECT @@global.%s_enabled AS e" % self.semi_sync_name("replica"))["e"])

    def acknowledge(self, wanted):
        """A receiver that runs takes that up when it connects anew."""
        self.run("SET GLOBAL %s_enabled = %s" % (self.semi_sync_name("replica"), "ON" if wanted else "OFF"))
        for channel in self.channels():
            if channel["io"] != "No":
                self.stop(channel, receiver_only=True)
                self.start(channel)

    def stop_receiving(self):
        for channel in self.channels():
            if channel["io"] != "No":
                self.stop(channel, receiver_only=True)

    def waits(self):
        return bool(self.one("SELECT @@global.%s_enabled AS e" % self.semi_sync_name("writer"))["e"])

    def wait_always(self, wanted):
        """A commit is acknowledged when a replica has it, however long that takes."""
        name = self.semi_sync_name("writer")
        if wanted:
            self.run("SET GLOBAL %s_timeout = %d" % (name, FOREVER_MS))
        self.run("SET GLOBAL %s_enabled = %s" % (name, "ON" if wanted else "OFF"))

    def waiting(self):
        """(how many commits wait for a replica, how many were acknowledged so far)"""
        name = "R" + self.semi_sync_name("writer")[1:]
        found = {row["Variable_name"]: int(row["Value"]) for row in self.server.rows(
            "SHOW GLOBAL STATUS WHERE Variable_name IN (%s, %s)", [name + "_wait_sessions", name + "_yes_tx"])}
        return found.get(name + "_wait_sessions", 0), found.get(name + "_yes_tx", 0)

    def position(self):
        """All transactions that the server has."""
        if self.mariadb:
            got = self.one("SELECT @@global.gtid_binlog_pos AS b, @@global.gtid_slave_pos AS s")
            return union(got["b"], got["s"])
        return self.one("SELECT @@global.gtid_executed AS e")["e"].replace("\n", "")

    def channels(self):
        """The status row of every replication channel, with one vocabulary for both dialects."""
        if self.mariadb:
            return [dict(
                name=row["Connection_name"], host=row["Master_Host"], port=int(row["Master_Port"]), io=row["Slave_IO_Running"],
                applier=row["Slave_SQL_Running"], error=row["Last_SQL_Error"], received=row.get("Gtid_IO_Pos") or "",
                read=(row["Master_Log_File"], row["Read_Master_Log_Pos"]), gtid=row["Using_Gtid"] != "No",
                done=(row["Relay_Master_Log_File"], row["Exec_Master_Log_Pos"]),
            ) for row in self.server.rows("SHOW ALL SLAVES STATUS") if row["Master_Host"]]
        return [dict(
            name=row["Channel_Name"], host=row["Source_Host"], port=int(row["Source_Port"]), io=row["Replica_IO_Running"],
            applier=row["Replica_SQL_Running"], error=row["Last_SQL_Error"], received=(row["Retrieved_Gtid_Set"] or "").replace("\n", ""),
            read=(row["Source_Log_File"], row["Read_Source_Log_Pos"]), gtid=bool(int(row["Auto_Position"])),
            done=(row["Relay_Source_Log_File"], row["Exec_Source_Log_Pos"]),
        ) for row in self.server.rows("SHOW REPLICA STATUS") if row["Source_Host"]]

    def applied(self, channel):
        """Whether everything that was received is applied."""
        if channel["gtid"]:
            return contains(self.position(), channel["received"])
        return channel["read"] == channel["done"]

    def stop(self, channel, receiver_only=False):
        thread = " IO_THREAD" if receiver_only else ""
        if self.mariadb:
            self.run("STOP SLAVE %s%s" % (self.server.quoted(channel["name"]), thread))
        else:
            self.run("STOP REPLICA%s FOR CHANNEL %s" % (thread, self.server.quoted(channel["name"])))

    def start(self, channel):
        if self.mariadb:
            self.run("START SLAVE %s" % self.server.quoted(channel["name"]))
        else:
            self.run("START REPLICA FOR CHANNEL %s" % self.server.quoted(channel["name"]))

    def forget(self, channel):
        if self.mariadb:
            self.run("RESET SLAVE %s ALL" % self.server.quoted(channel["name"]))
        else:
            self.run("RESET REPLICA ALL FOR CHANNEL %s" % self.server.quoted(channel["name"]))

    def forget_sources(self):
        for channel in self.channels():
            self.stop(channel)
            self.forget(channel)

    def clients(self, local=False):
        """Connections that came over the network, without replicas; with `local` those by the socket, too."""
        mine = self.one("SELECT CONNECTION_ID() AS i")["i"]
        found = []
        for row in self.server.rows("SHOW PROCESSLIST"):
            near = not row["Host"] or row["Host"].startswith("localhost")
            if row["Id"] != mine and row["Command"] not in NOT_CLIENTS and row["User"] not in NOT_PEOPLE and (local or not near):
                found.append(row)
        return found

    def end(self, clients):
        """Ends connections; those that were there."""
        ended = []
        for row in clients:
            try:
                self.server.run("KILL %d" % row["Id"])
            except Failure:  # it went away by itself
                continue
            ended.append(row)
        return ended

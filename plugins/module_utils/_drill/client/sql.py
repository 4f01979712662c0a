# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows as acknowledged things: a client of MariaDB and MySQL for the ledger. Needs PyMySQL where it runs."""

from __future__ import annotations

import contextlib
import select
import socket

from ansible_collections.failover.stack.plugins.module_utils._drill.history import Failed, Unknown
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import TLS_ERROR, dial

try:
    import pymysql
except ImportError:
    pymysql = None

MISSING = "PyMySQL is missing on this host: install python3-pymysql"
# Errors that a server may send when the row is in already, or is on its way.
UNSURE = {1053, 1158, 1159, 1160, 1161, 1180, 1184, 1317, 1927, 3169}
WORDS = {
    1021: "disk full",
    1040: "too many connections",
    1045: "access denied",
    1047: "not in the primary component",
    1053: "server shuts down",
    1114: "disk full",
    1205: "lock wait time limit",
    1213: "deadlock",
    1290: "read only",
    1317: "interrupted",
    1836: "read only",
    1927: "connection killed",
}
NO_DATABASE, NO_TABLE = 1049, 1146
TABLE = (
    "CREATE TABLE IF NOT EXISTS %s (n BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, run BIGINT NOT NULL, "
    "id BIGINT NOT NULL, written TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), KEY run_id (run, id)) ENGINE=InnoDB"
)


def quoted(name):
    """An identifier for a statement."""
    return "`%s`" % str(name).replace("`", "``")


def words_of(code, message):
    return "error %d (%s)" % (code, WORDS.get(code) or message[:60])


def code_of(error):
    """A driver's error has the server's number, or its own from 2000 on; an operating system's number is not one."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, int) and isinstance(error, pymysql.err.Error) else 0


def connect_words(error):
    """Why there is no connection, without what differs from time to time."""
    why = getattr(error, "original_exception", None)
    if isinstance(why, socket.timeout):
        return "no connection: time limit"
    if isinstance(why, ConnectionRefusedError):
        return "no connection: refused"
    if isinstance(why, OSError) and why.strerror:
        return "no connection: %s" % why.strerror.lower()
    code = code_of(error)
    if 0 < code < 2000:
        return "no connection: %s" % words_of(code, str(error.args[-1]))
    if code == TLS_ERROR:
        return "no connection: no TLS"
    return "no connection: lost while it was made"


def verdict(error):
    """The exception to raise for what a statement met: was it certainly not done, or may it have been?"""
    code = code_of(error)
    message = str(error.args[-1]) if error.args else ""
    if code in UNSURE:
        return Unknown("unknown: %s" % words_of(code, message))
    if 0 < code < 2000 or code >= 3000:
        return Failed(words_of(code, message))
    if code == 2006 or isinstance(error, pymysql.err.InterfaceError):
        # It could not be sent at all.
        return Failed("connection lost before it was sent")
    if "timed out" in message:
        return Unknown("unknown: no answer within the time limit")
    return Unknown("unknown: connection lost before the answer")


def writable(read_only):
    """read_only is a number, and in some servers a word."""
    return str(read_only).upper() in ("0", "OFF")


def replication_side(name, version, variables):
    """A server that accepts writes is a side of its own."""
    own = "" if "mariadb" in version.lower() else variables.get("super_read_only", "0")
    return [name] if writable(variables.get("read_only", "1")) and writable(own or "0") else []


def galera_side(name, status):
    """The primary component that a member believes to be in: those it sees there."""
    if status.get("wsrep_cluster_status") != "Primary" or status.get("wsrep_ready") != "ON":
        return []
    return [name] + [a for a in status.get("wsrep_incoming_addresses", "").split(",") if a and a != "AUTO"]


class Link:
    """One connection, for writes."""

    def __init__(self, sql, connection, server):
        self.sql, self.connection, self.server = sql, connection, server

    def stale(self):
        """Something to read while nothing was asked: the end, or a last word before it."""
        watched = select.poll()
        try:
            watched.register(self.connection._sock, select.POLLIN)
        except (AttributeError, TypeError, ValueError):
            return True
        return bool(watched.poll(0))

    def write(self, number):
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("INSERT INTO %s (run, id) VALUES (%%s, %%s)" % self.sql.table, (self.sql.run, number))
        except (pymysql.err.Error, OSError) as error:
            raise verdict(error) from error

    def close(self):
        # Without a farewell, which could take the whole time limit.
        with contextlib.suppress(Exception):
            self.connection._force_close()


class Sql:
    """A ledger of rows. p: the ledger's settings, password: what the file held, run: the number of this run."""

    def __init__(self, p, password, run):
        self.p, self.password, self.run = p, password, run
        self.table = "%s.%s" % (quoted(p["database"]), quoted(p["table"]))
        self.names = {}

    def connection(self, address, answer_s):
        p = self.p
        return dial(
            {
                "host": address,
                "port": p["port"],
                "user": p["user"],
                "password": self.password,
                "connect_timeout": p["connect_timeout_ms"] / 1000.0,
                "read_timeout": answer_s,
                "write_timeout": answer_s,
                "ca": p.get("tls_ca"),
                "check_hostname": bool(p.get("tls_check_hostname")),
            }
        )

    def rows(self, connection, statement, values=()):
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    def connect(self):
        """To the address that applications use; says which server answered."""
        try:
            connection = self.connection(self.p["address"], self.p["timeout_ms"] / 1000.0)
            host, port = self.rows(connection, "SELECT @@hostname, @@port")[0]
        except pymysql.err.Error as error:
            raise Failed(connect_words(error)) from error
        except OSError as error:
            raise Failed("no connection: lost while it was made") from error
        return Link(self, connection, self.names.get("%s:%s" % (host, port), host))

    def prepare(self):
        """The table is there, and empty of what runs before have left."""
        connection = self.connection(self.p["address"], 10)
        with contextlib.closing(connection):
            try:
                self.rows(connection, "DELETE FROM %s WHERE run <> %%s" % self.table, (self.run,))
            except pymysql.err.Error as error:
                if error.args[0] not in (NO_DATABASE, NO_TABLE):
                    raise
                self.rows(connection, "CREATE DATABASE IF NOT EXISTS %s" % quoted(self.p["database"]))
                self.rows(connection, TABLE % self.table)

    def ask(self, name, address):
        """A connection to one server itself, for looks; the writers learn its name."""
        connection = self.connection(address, self.p["connect_timeout_ms"] / 1000.0)
        host, port, version = self.rows(connection, "SELECT @@hostname, @@port, VERSION()")[0]
        self.names["%s:%s" % (host, port)] = name
        return connection, version

    def look(self, name, connection, version):
        """(side, newest number): whose side it is on if it accepts writes, and how far it has come."""
        if self.p["cluster"] == "galera":
            side = galera_side(name, dict(self.rows(connection, "SHOW GLOBAL STATUS LIKE 'wsrep\\_%%'")))
        else:
            side = replication_side(
                name, version, dict(self.rows(connection, "SHOW GLOBAL VARIABLES LIKE '%%read\\_only'"))
            )
        try:
            newest = self.rows(connection, "SELECT MAX(id) FROM %s WHERE run = %%s" % self.table, (self.run,))[0][0]
        except pymysql.err.ProgrammingError:
            newest = None  # no table there yet
        return side, newest or 0

    def numbers(self, address):
        """The numbers that are there, once for each row."""
        connection = self.connection(address, 30)
        with contextlib.closing(connection):
            return [row[0] for row in self.rows(connection, "SELECT id FROM %s WHERE run = %%s" % self.table, (self.run,))]

    def extent(self, address):
        """(rows, newest): enough to see whether two servers are level."""
        connection = self.connection(address, 10)
        with contextlib.closing(connection):
            return self.rows(connection, "SELECT COUNT(*), MAX(id) FROM %s WHERE run = %%s" % self.table, (self.run,))[0]


KINDS = {"sql": Sql}

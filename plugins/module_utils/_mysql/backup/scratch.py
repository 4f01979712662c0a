# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""A second server on a copy of the data: own unit, own socket that only root reaches, no network, no accounts, nothing replicated."""

from __future__ import annotations

import os
import subprocess

from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.server import wait_for
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure

SYSTEM = ("information_schema", "performance_schema", "mysql", "sys")
# What a server writes into a data directory and a copy need not have. A copied identity would be a second server with the same one.
WORTHLESS = ("auto.cnf", "ibtmp1", "ib_buffer_pool", "scratch.log", "mysqld.pid", "ddl_recovery.log", "ddl_recovery-backup.log",
             "multi-master.info", "mysql_upgrade_history")


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def arguments(dialect, datadir, layout, directory, memory):
    """Command line of the server; it reads no configuration, for that is the running server's."""
    options = ["--no-defaults", "--datadir=" + datadir, "--socket=%s/mysqld.sock" % directory, "--pid-file=%s/mysqld.pid" % directory,
               "--log-error=%s/scratch.log" % datadir, "--skip-networking", "--skip-grant-tables", "--skip-log-bin", "--read-only=1",
               "--event-scheduler=DISABLED", "--innodb-buffer-pool-size=%d" % memory, "--innodb-buffer-pool-load-at-startup=0",
               "--innodb-buffer-pool-dump-at-shutdown=0"]
    options += ["--skip-slave-start"] if dialect == "mariadb" else ["--skip-replica-start", "--mysqlx=0"]
    return options + ["--%s=%s" % (name.replace("_", "-"), layout[name]) for name in sorted(layout)]


class Scratch:
    def __init__(self, name, dialect, datadir, layout, owner, start_s=300, memory=256 << 20):
        self.unit, self.directory = "failover-mysql-%s.service" % name, "/run/failover-mysql-%s" % name
        self.dialect, self.datadir, self.layout, self.owner, self.start_s, self.memory = dialect, datadir, layout, owner, start_s, memory
        self.login = {"unix_socket": self.directory + "/mysqld.sock", "user": "root", "password": "", "host": "localhost", "port": 0,
                      "connect_timeout": 10, "ca": None, "cert": None, "key": None, "check_hostname": None}

    def alive(self):
        return run(["systemctl", "is-active", self.unit])[1].strip() in ("active", "activating")

    def start(self):
        """The running scratch server, as a connection."""
        self.stop()
        server = "mariadbd" if self.dialect == "mariadb" else "mysqld"
        code, _out, err = run([
            "systemd-run", "--quiet", "--unit=" + self.unit, "--property=User=" + self.owner, "--property=Nice=5",
            "--property=RuntimeDirectory=" + os.path.basename(self.directory), "--property=RuntimeDirectoryMode=0700",
            "--property=TimeoutStopSec=300", "--property=LimitNOFILE=65535", "/usr/sbin/" + server,
            *arguments(self.dialect, self.datadir, self.layout, self.directory, self.memory)])
        if code:
            raise Failure("systemd did not start the scratch server: %s" % err.strip())
        try:
            return wait_for(self.login, self.start_s, self.alive)
        except Failure as failure:
            raise Failure("the scratch server does not start on %s (%s)" % (self.datadir, self.last_words() or failure)) from failure

    def last_words(self):
        try:
            with open(os.path.join(self.datadir, "scratch.log"), encoding="utf-8", errors="replace") as handle:
                return " / ".join([line.strip() for line in handle if "ERROR" in line][-2:])
        except OSError:
            return ""

    def stop(self):
        """Cleanly, so that what is on the disk is whole without recovery."""
        run(["systemctl", "stop", self.unit])
        run(["systemctl", "reset-failed", self.unit])


def tables(server):
    """Names of all tables of users' databases."""
    marks = ", ".join(["%s"] * len(SYSTEM))
    return [(row["s"], row["t"]) for row in server.rows(
        "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES WHERE TABLE_TYPE NOT LIKE '%%VIEW' "
        "AND TABLE_TYPE <> 'SEQUENCE' AND TABLE_SCHEMA NOT IN (" + marks + ") ORDER BY 1, 2", SYSTEM)]


def quoted(schema, table):
    return "%s.%s" % tuple("`%s`" % name.replace("`", "``") for name in (schema, table))


def numbers(server, report=lambda text: None):
    """Rows and checksum of every table: {schema.table: {rows, checksum}}."""
    found, names = {}, tables(server)
    for done, (schema, table) in enumerate(names):
        report("table %d of %d" % (done + 1, len(names)))
        rows = server.value("SELECT COUNT(*) AS v FROM " + quoted(schema, table))
        checksum = server.rows("CHECKSUM TABLE " + quoted(schema, table))[0]["Checksum"]
        found["%s.%s" % (schema, table)] = {"rows": rows, "checksum": checksum}
    return found

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""How this host, its units, its httpd, HAProxy and database server are, for whoever tells it on (scouter_exporter, textfile_exporter).

It only reads. Its configuration is a dictionary, of which what is not there is not asked: host_figures (whether the host's own are told),
answer_s, host, units, unit_states (whether it is told that one does not run), httpd_url, haproxy: {url, user, password_file},
mysql: {user, socket, password_file}, and figures_stack.SOURCES.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
import urllib.request

from ansible_collections.failover.stack.plugins.module_utils._agents import alive, figures_stack
from ansible_collections.failover.stack.plugins.module_utils._figures import readings
from ansible_collections.failover.stack.plugins.module_utils._figures.table import Figures, short
from ansible_collections.failover.stack.plugins.module_utils._galera import state as galera
from ansible_collections.failover.stack.plugins.module_utils._sql import connection, status
from ansible_collections.failover.stack.plugins.module_utils._web.modjk import StatusError
from ansible_collections.failover.stack.plugins.module_utils._web.tomcat_sessions import SessionsError

PROC = ("stat", "loadavg", "uptime", "meminfo", "net/dev", "self/mounts")
MOST_BYTES = 1 << 20
# No proxy: what is told stays between two machines of one network.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def say(text):
    print(text, file=sys.stderr, flush=True)


def read_password(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read().rstrip("\n")


def texts():
    found = {}
    for name in PROC:
        with open("/proc/" + name, encoding="utf-8", errors="replace") as handle:
            found[name] = handle.read()
    return found


def status_of(pid):
    """Empty when it has ended since."""
    try:
        with open("/proc/%d/status" % pid, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return ""


def usage(place):
    """Percent, as df counts: of what is root's alone nobody else has any use."""
    try:
        told = os.statvfs(place)
    except OSError:
        return None
    used = told.f_blocks - told.f_bfree
    return 100.0 * used / (used + told.f_bavail) if used + told.f_bavail else None


class Source:
    """config: see above. Whatever one source does not tell is left out of this round, which is what alerts see."""

    def __init__(self, config):
        self.config, self.beat, self.troubles, self.kept = config, 0, {}, {}

    def trouble(self, source, text):
        """Said once, and once more when it is over."""
        if text != self.troubles.get(source, ""):
            say("%s: %s" % (source, text or "is well again"))
        self.troubles[source] = text

    def ask(self, source, question):
        """What a source tells, an empty list when it does not."""
        try:
            told = question()
        except (OSError, ValueError, subprocess.SubprocessError, connection.Failure, StatusError, SessionsError) as error:
            self.trouble(source, str(error) or type(error).__name__)
            return []
        self.trouble(source, "")
        return told

    def fetch(self, request):
        with OPENER.open(request, timeout=self.config["answer_s"]) as answer:
            return answer.read(MOST_BYTES).decode("utf-8", "replace")

    def runs(self, unit):
        """Whether systemd says that a unit is active."""
        command = ["/usr/bin/systemctl", "is-active", "--quiet", "--", unit]
        return subprocess.run(command, capture_output=True, timeout=self.config["answer_s"], check=False).returncode == 0

    # The sources

    def machine(self):
        return [Figures("host", "", readings.host(texts(), os.sysconf("SC_CLK_TCK"), usage), {})]

    def units(self):
        command = ["/usr/bin/systemctl", "show", "--property=" + readings.PROPERTIES, "--", *self.config["units"]]
        told = subprocess.run(command, capture_output=True, timeout=self.config["answer_s"], check=False)
        if told.returncode:
            raise OSError("systemctl show ended with %d: %s" % (told.returncode, told.stderr.decode("utf-8", "replace").strip()))
        found = readings.units(told.stdout.decode("utf-8", "replace"), time.clock_gettime(time.CLOCK_MONOTONIC), status_of)
        states = [Figures("state", short(name), {"active": int(name in found)}, {}) for name in self.config["units"]]
        return [Figures("unit", short(name), fields, {}) for name, fields in found.items()] + (
            states if self.config.get("unit_states") else [])

    def httpd(self):
        return [Figures("httpd", "", readings.httpd(self.fetch(self.config["httpd_url"])), {})]

    def haproxy(self):
        where, request = self.config["haproxy"], urllib.request.Request(self.config["haproxy"]["url"])
        if where["user"]:
            login = "%s:%s" % (where["user"], read_password(where["password_file"]))
            request.add_header("Authorization", "Basic " + base64.b64encode(login.encode("utf-8")).decode("ascii"))
        return [Figures("haproxy", "", readings.haproxy(self.fetch(request)), {})]

    def sql(self):
        """Over a connection of its own each time: one that stays would have to be watched."""
        where, password = self.config["mysql"], read_password(self.config["mysql"]["password_file"])
        limit = self.config["answer_s"]
        server = connection.connect({"user": where["user"], "password": password, "unix_socket": where["socket"], "connect_timeout": limit,
                                     "read_timeout": limit, "write_timeout": limit, "ca": None})
        try:
            rows = [(row["Variable_name"], row["Value"]) for row in server.rows("SHOW GLOBAL STATUS")]
            dialect = connection.dialect_of(server.rows("SELECT VERSION() AS version")[0]["version"])[0]
            fields = readings.sql({name.lower(): value for name, value in rows}, self.channels(server, dialect), galera.status(rows))
            return [Figures("mysql", "", fields, {})]
        finally:
            server.close()

    def channels(self, server, dialect):
        """None where the account may not see them."""
        try:
            return status.read_channels(server, dialect)
        except connection.Failure as failure:
            if failure.code in status.DENIED:
                return None
            raise

    def round(self):
        """All figures that there are now."""
        self.beat += 1
        asked = (("the host", self.machine, self.config.get("host_figures", True)), ("systemd", self.units, self.config["units"]),
                 ("httpd", self.httpd, self.config["httpd_url"]), ("HAProxy", self.haproxy, self.config["haproxy"]["url"]),
                 ("the database server", self.sql, self.config["mysql"]["user"]))
        found = [one for name, question, wanted in asked if wanted for one in self.ask(name, question)]
        for key, name, question in figures_stack.SOURCES:
            if self.config.get(key):
                found += self.ask(name, lambda question=question, key=key: question(self, self.config[key]))
        return [one for one in found if one.fields]


def go_on(source, path):
    """source: a kind of Source with a method tell(), which is called for as long as the program runs. path: of its configuration."""
    with open(path, encoding="utf-8") as handle:
        exporter = source(json.load(handle))
    every = exporter.config["interval_s"]
    while True:
        began = time.monotonic()
        exporter.tell()
        alive.beat()
        time.sleep(max(0.1, every - (time.monotonic() - began)))

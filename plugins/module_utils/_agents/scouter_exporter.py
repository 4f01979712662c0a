# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# A program of its own, not a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""CONFIG: tells a Scouter collector how this host, its units, its httpd, HAProxy and database server are, every interval_s seconds.

It only reads and sends: nothing on the host waits for it, and a collector that is dead, frozen or far away costs what could not be sent,
which is not kept. CONFIG is JSON: url, interval_s, answer_s, host, units, httpd_url (empty: there is none), haproxy: {url, user,
password_file} (url empty: there is none), mysql: {user, socket, password_file} (user empty: there is none).
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
import urllib.request

from ansible_collections.failover.stack.plugins.module_utils._agents import alive
from ansible_collections.failover.stack.plugins.module_utils._galera import state as galera
from ansible_collections.failover.stack.plugins.module_utils._scouter import readings
from ansible_collections.failover.stack.plugins.module_utils._scouter.measures import BEAT, line, short
from ansible_collections.failover.stack.plugins.module_utils._sql import connection, status

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


class Exporter:
    """config: see above. Whatever one source does not tell is left out of this round: its object goes inactive, which is the alert."""

    def __init__(self, config):
        self.config, self.beat, self.troubles = config, 0, {}

    def trouble(self, source, text):
        """Said once, and once more when it is over."""
        if text != self.troubles.get(source, ""):
            say("%s: %s" % (source, text or "is well again"))
        self.troubles[source] = text

    def ask(self, source, question):
        try:
            told = question()
        except (OSError, ValueError, subprocess.SubprocessError, connection.Failure) as error:
            self.trouble(source, str(error) or type(error).__name__)
            return {}
        self.trouble(source, "")
        return told

    def fetch(self, request):
        with OPENER.open(request, timeout=self.config["answer_s"]) as answer:
            return answer.read(MOST_BYTES).decode("utf-8", "replace")

    def units(self):
        command = ["/usr/bin/systemctl", "show", "--property=" + readings.PROPERTIES, "--", *self.config["units"]]
        told = subprocess.run(command, capture_output=True, timeout=self.config["answer_s"], check=False)
        if told.returncode:
            raise OSError("systemctl show ended with %d: %s" % (told.returncode, told.stderr.decode("utf-8", "replace").strip()))
        return readings.units(told.stdout.decode("utf-8", "replace"), time.clock_gettime(time.CLOCK_MONOTONIC), status_of)

    def haproxy(self):
        where, request = self.config["haproxy"], urllib.request.Request(self.config["haproxy"]["url"])
        if where["user"]:
            login = "%s:%s" % (where["user"], read_password(where["password_file"]))
            request.add_header("Authorization", "Basic " + base64.b64encode(login.encode("utf-8")).decode("ascii"))
        return readings.haproxy(self.fetch(request))

    def sql(self):
        """Over a connection of its own each time: one that stays would have to be watched."""
        where, password = self.config["mysql"], read_password(self.config["mysql"]["password_file"])
        limit = self.config["answer_s"]
        server = connection.connect({"user": where["user"], "password": password, "unix_socket": where["socket"], "connect_timeout": limit,
                                     "read_timeout": limit, "write_timeout": limit, "ca": None})
        try:
            rows = [(row["Variable_name"], row["Value"]) for row in server.rows("SHOW GLOBAL STATUS")]
            dialect = connection.dialect_of(server.rows("SELECT VERSION() AS version")[0]["version"])[0]
            return readings.sql({name.lower(): value for name, value in rows}, self.channels(server, dialect), galera.status(rows))
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

    def lines(self):
        """What there is to send now."""
        self.beat, now = self.beat + 1, time.time_ns()
        found = [("host", "", self.ask("the host", lambda: readings.host(texts(), os.sysconf("SC_CLK_TCK"), usage)))]
        if self.config["units"]:
            found += [("unit", short(name), fields) for name, fields in self.ask("systemd", self.units).items()]
        if self.config["httpd_url"]:
            found.append(("httpd", "", self.ask("httpd", lambda: readings.httpd(self.fetch(self.config["httpd_url"])))))
        if self.config["haproxy"]["url"]:
            found.append(("haproxy", "", self.ask("HAProxy", self.haproxy)))
        if self.config["mysql"]["user"]:
            found.append(("mysql", "", self.ask("the database server", self.sql)))
        return [line(kind, self.config["host"], dict(fields, **{BEAT: self.beat}), now, name) for kind, name, fields in found if fields]

    def send(self, lines):
        data = "\n".join(lines).encode("utf-8")
        self.fetch(urllib.request.Request(self.config["url"], data=data, headers={"Content-Type": "text/plain"}))
        return {}

    def round(self):
        self.ask("the collector at " + self.config["url"], lambda: self.send(self.lines()))


def main(path):
    with open(path, encoding="utf-8") as handle:
        exporter = Exporter(json.load(handle))
    every = exporter.config["interval_s"]
    while True:
        began = time.monotonic()
        exporter.round()
        alive.beat()
        time.sleep(max(0.1, every - (time.monotonic() - began)))

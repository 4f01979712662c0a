# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""Runs MHA's manager, for ever: the service failover-mha-manager, as user mha.

MHA's ends after one failover, and does not start while a server of its configuration is away. This looks at all members every two seconds,
writes MHA's configuration with those that count, starts its manager for the writer that there is, lets it fail over again when the last
time is long enough ago, and puts right what a failover that did not come about has left behind.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._agents.alive import beat
from ansible_collections.failover.stack.plugins.module_utils._agents.mha_script import ACT_S, Members
from ansible_collections.failover.stack.plugins.module_utils._mha import listing
from ansible_collections.failover.stack.plugins.module_utils._mha.config import (
    APP_CONF,
    AT_WORK,
    DEFAULT_CONF,
    MANAGER,
    MANAGER_ENVIRONMENT,
    PASSWORD,
    app_conf,
    listed_in,
)
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, connect

TICK_S, ASK_S = 2.0, 2
STATE = MANAGER + "/state.json"
STATUS, COMPLETE, ERROR = (MANAGER + "/app." + end for end in ("master_status.health", "failover.complete", "failover.error"))
# From its error on MHA itself asks for an operator: the candidate may have a part of what it applied.
POINT_OF_NO_RETURN = "Phase 3.5: Master Log Apply Phase"
WORKING = ("50:", "20:", "21:")
WATCHES = "0:PING_OK"
# MHA's manager notes each answer of the writer; how many in a row may be missing, and for how long at least.
STILL_TIMES, STILL_S = 4, 30
# How long another writer than the one that is watched must be seen, and a manager that ended at once must rest.
SURE_S, REST_S = 3.0, 3.0
# Longer than any interval: whether it may is decided here.
NEVER_MINUTES = 10 * 365 * 24 * 60


def say(text):
    print("failover-mha: " + text, flush=True)


def write(path, text):
    """Whole or not at all."""
    with open(path + ".new", "w", encoding="utf-8") as handle:
        handle.write(text)
    os.replace(path + ".new", path)


def read(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except OSError:
        return ""


def age_of(path):
    """When it was written; None without it."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def look(name, address, config, password):
    """What is seen of one member."""
    try:
        server = connect({"unix_socket": None, "host": address, "port": config["port"], "user": config["user"], "password": password,
                          "connect_timeout": ASK_S, "read_timeout": ASK_S, "write_timeout": ASK_S, "ca": config.get("ca"), "cert": None,
                          "key": None, "check_hostname": False})
    except Failure:
        return listing.Seen(name, address)
    try:
        return seen(name, address, server)
    except (Failure, KeyError, IndexError):
        return listing.Seen(name, address)
    finally:
        server.close()


def seen(name, address, server):
    writable = not server.rows("SELECT @@global.read_only AS r")[0]["r"]
    own = (server.rows("SHOW MASTER STATUS") or [None])[0]
    dumps = server.rows("SELECT HOST AS h FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'")
    found = [row for row in server.rows("SHOW ALL SLAVES STATUS") if row["Master_Host"]]
    one = listing.Seen(name, address, True, writable, position=own and (own["File"], own["Position"]),
                       dumps=tuple(sorted(row["h"].rpartition(":")[0] for row in dumps)))
    if not found:
        return one
    row = found[0]
    return one._replace(source=row["Master_Host"], io=row["Slave_IO_Running"], sql=row["Slave_SQL_Running"],
                        read=(row["Master_Log_File"], row["Read_Master_Log_Pos"]), error=row["Last_SQL_Error"])


class Child:
    """MHA's own manager."""

    def __init__(self, watched):
        self.watched, self.at, self.applied = watched, time.time(), False
        self.process = subprocess.Popen(
            ["masterha_manager", "--global_conf=" + DEFAULT_CONF, "--conf=" + APP_CONF, "--last_failover_minute=%d" % NEVER_MINUTES],
            env=MANAGER_ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace")
        threading.Thread(target=self.tell, daemon=True).start()

    def tell(self):
        for line in self.process.stdout:
            self.applied = self.applied or POINT_OF_NO_RETURN in line
            print(line, end="", flush=True)

    def ended(self):
        return self.process.poll()

    def working(self):
        """Whether it finds the master away, or fails over."""
        words = read(STATUS).split("\t")
        return self.ended() is None and len(words) > 1 and words[1].startswith(WORKING)

    def still(self, interval_s):
        """Whether it says that it watches, and no longer does: it was stopped, or hangs."""
        silent_s = time.time() - max(age_of(STATUS) or 0, self.at)
        return self.ended() is None and silent_s > max(STILL_S, STILL_TIMES * interval_s) and read(STATUS).split("\t")[1:2] == [WATCHES]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Manager:
    def __init__(self, config, password):
        self.config, self.password = config, password
        self.members = Members(config)
        self.listing = listing.Listing(list(config["members"]), listed_in(read(APP_CONF), config["members"]), config["lost_s"])
        self.child, self.rest, self.because, self.last_exit = None, 0.0, None, None
        self.since = {}
        self.applied = bool(age_of(ERROR))

    def look(self):
        members = self.config["members"]
        with concurrent.futures.ThreadPoolExecutor(max_workers=len(members)) as pool:
            found = pool.map(lambda each: look(*each, self.config, self.password), members.items())
            return {one.name: one for one in found}

    def lasting(self, what, value, seconds):
        """Whether something has been so for that long."""
        before, since = self.since.get(what, (None, 0.0))
        if value != before or value is None:
            self.since[what] = (value, time.monotonic())
            return False
        return time.monotonic() - since >= seconds

    def tell(self, because):
        if because and because != self.because:
            say(because)
        self.because = because

    def tick(self):
        beat()
        found = self.look()
        writers = listing.writers(found)
        because = None if len(writers) == 1 else "nobody takes writes" if not writers else "%s take writes" % " and ".join(writers)
        if not (self.child and self.child.working()):
            names, why = self.listing.update(found, time.monotonic())
            because = because or why
            self.configure(names)
            self.let_fail_over_again(writers)
            self.heal(found)
        self.attend(found, writers)
        self.tell(because)
        self.remember(found, writers)

    def configure(self, names):
        text = app_conf(self.config["members"], self.config["candidates"], names, self.config["port"])
        if names and text != read(APP_CONF):
            say("MHA's configuration has %s" % ", ".join(names))
            write(APP_CONF, text)

    def let_fail_over_again(self, writers):
        """MHA's own marks: of a failover that was done, and of one that failed."""
        if age_of(COMPLETE) and not listing.wait_s(age_of(COMPLETE), time.time(), self.config["failover_interval_s"]):
            say("the last failover was %d s ago, another one may come" % self.config["failover_interval_s"])
            os.unlink(COMPLETE)
        if age_of(ERROR) and (writers or not self.applied):
            say("the failover that failed is behind us")
            os.unlink(ERROR)
            self.applied = False
        elif age_of(ERROR):
            self.tell("a failover failed while logs were applied: look at the journal, and promote a member with mysql_failover.yml")

    def heal(self, found):
        """What is left of MHA's failover or switchover that did not come about. What others do is none of its business."""
        if not age_of(AT_WORK):
            return
        idle = listing.resting(found)
        if self.lasting("resting", tuple(idle) or None, SURE_S):
            for name in idle:
                self.start_replication(name)
        head = listing.leaderless(found)
        if self.lasting("leaderless", head, self.config["heal_s"]):
            address = self.config["members"][head]
            reply, _why = self.members.ask(address, "status")
            # One that the record still names takes writes by its own agent.
            if reply and reply["recorded"] is False:
                beat()
                reply, why = self.members.ask(address, "promote", ACT_S)
                beat()
                say("%s takes writes again, nobody else did" % head if reply else "%s does not take writes again: %s" % (head, why))
        writers = [found[name] for name in listing.writers(found)]
        if self.lasting("follows", tuple(one.name for one in writers if one.source) or None, SURE_S):
            self.forget(writers[0])
        if writers and not idle and not [one for one in writers if one.source]:
            os.unlink(AT_WORK)

    def forget(self, writer):
        """MHA has a new writer forget its source in the end, but not when a replica could not follow it."""
        reply, why = self.members.ask(writer.address, "forget")
        say("%s no longer has %s as its source" % (writer.name, writer.source) if reply else "%s keeps a source: %s" % (writer.name, why))

    def start_replication(self, name):
        with contextlib.suppress(Failure):
            server = connect({"unix_socket": None, "host": self.config["members"][name], "port": self.config["port"],
                              "user": self.config["user"], "password": self.password, "connect_timeout": ASK_S, "read_timeout": 10,
                              "ca": self.config.get("ca"), "cert": None, "key": None, "check_hostname": False})
            try:
                server.run("START SLAVE")
                say("%s replicates again" % name)
            finally:
                server.close()

    def attend(self, found, writers):
        """MHA's manager runs, and watches who takes the writes."""
        now = time.monotonic()
        if self.child and self.child.ended() is not None:
            self.last_exit = self.child.ended()
            say("MHA's manager ended with %d" % self.last_exit)
            self.applied = self.child.applied and bool(age_of(ERROR))
            self.rest = now + REST_S
            self.child = None
        writer = writers[0] if len(writers) == 1 else None
        if self.child and self.child.working():
            return
        if self.child and self.lasting("still", self.child.still(self.config["ping_interval_s"]) or None, SURE_S):
            say("MHA's manager has not looked at %s for a while: it is started anew" % self.child.watched)
            self.child.end()
            self.child = None
        if self.child and self.lasting("other", writer if writer != self.child.watched else None, SURE_S):
            say("%s takes the writes, not %s" % (writer, self.child.watched))
            self.child.end()
            self.child = None
        if not self.child and now >= self.rest and self.can_start(found, writer):
            self.child = Child(writer or self.master_of(found))

    def can_start(self, found, writer):
        """MHA needs a replica that is there. Without a writer it is started too: whoever is dead then is what it is for."""
        return any(one.reached and one.source and (not writer or one.source == self.config["members"][writer]) for one in found.values())

    def master_of(self, found):
        sources = {one.source for one in found.values() if one.reached and one.source}
        names = [name for name, address in self.config["members"].items() if address in sources]
        return names[0] if len(names) == 1 else None

    def remember(self, found, writers):
        completed = age_of(COMPLETE)
        write(STATE, json.dumps({
            "at": time.time(), "writers": writers, "listed": self.listing.listed, "watched": self.child.watched if self.child else None,
            "reached": [name for name, one in found.items() if one.reached], "because": self.because, "last_exit": self.last_exit,
            "status": read(STATUS).split("\t")[1:2],
            "wait_s": round(listing.wait_s(completed, time.time(), self.config["failover_interval_s"])),
            "failed": bool(age_of(ERROR))}, sort_keys=True))

    def run(self):
        while True:
            began = time.monotonic()
            self.tick()
            time.sleep(max(0.2, TICK_S - (time.monotonic() - began)))


def main(path):
    os.umask(0o077)
    with open(path, encoding="utf-8") as handle:
        config = json.load(handle)
    sys.exit(Manager(config, read(PASSWORD).rstrip("\n")).run())

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, plan, ask the source, apply, wait: the course of module mysql_replica."""

from __future__ import annotations

import os
import time

from ansible_collections.failover.stack.plugins.module_utils._mysql import source as sources
from ansible_collections.failover.stack.plugins.module_utils._mysql.replica import (
    GTID,
    gtid_mistakes,
    gtid_wanted,
    guarded,
    mistakes,
    plan,
)
from ansible_collections.failover.stack.plugins.module_utils._sql import gtid as gtids
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOCAL, QUIET, Failure
from ansible_collections.failover.stack.plugins.module_utils._sql.status import (
    DENIED,
    list_errant,
    read_channels,
    read_identity,
    read_replicas,
)

PASSWORD_LINE = 6
# A replica may be ahead of a source that is itself a replica, but not for long.
PATIENCE = 5
# A source that refuses to send what is asked for says so just after the thread has begun to run.
SETTLE = 0.5
REFUSED = (1045, 1130, 1236, 1593, 1698, 13114, 13117, 2061)


def suffix(name):
    """A connection name as MariaDB writes it into file names: small letters, what is special by its code."""
    return "".join(char if char.isascii() and (char.isalnum() or char == "_") else "@%04x" % ord(char) for char in name.lower())


def master_info(datadir, name):
    return os.path.join(datadir, "master-%s.info" % suffix(name) if name else "master.info")


class Replica:
    """One replication channel of one server."""

    def __init__(self, server, params, host, warn=lambda text: None, clock=time.monotonic, sleep=time.sleep, ask=sources.ask):
        self.server, self.params, self.host, self.warn = server, params, host, warn
        self.clock, self.sleep, self.ask = clock, sleep, ask
        self.info = self.channel = self.stored = self.source = None
        self.further = False
        self.unread_because = ""

    # Reading

    def read(self):
        self.info = read_identity(self.server)
        self.query()
        if self.params["source_password"] is not None or self.channel:
            self.read_password()
        return self

    def query(self):
        name = self.params["channel"]
        channels = read_channels(self.server, self.info["dialect"])
        found = [one for one in channels if one["channel"].lower() == name.lower()]
        self.further = any(one["source_host"] for one in channels if one not in found)
        self.channel = found[0] if found and found[0]["source_host"] else None
        return self.channel

    def read_password(self):
        """The password the server has stored, to compare with; None when it cannot be read."""
        if self.channel is None:
            return
        if self.info["dialect"] == "mysql":
            self.read_password_table()
        elif not self.server.where["unix_socket"] and self.server.where["host"] not in LOCAL:
            self.unread_because = "the server runs on another host, and MariaDB keeps the password in a file there"
        else:
            self.read_password_file(master_info(self.info["datadir"], self.params["channel"]))

    def read_password_table(self):
        try:
            rows = self.server.rows("SELECT User_password FROM mysql.slave_master_info WHERE Channel_name = %s", [self.params["channel"]])
        except Failure as failure:
            if failure.code not in DENIED:
                raise
            self.unread_because = "the login user may not read mysql.slave_master_info"
            return
        self.stored = rows[0]["User_password"] if rows else None

    def read_password_file(self, path):
        try:
            with open(path, encoding="utf-8") as handle:
                lines = handle.read().split("\n")
        except (OSError, UnicodeDecodeError) as error:
            self.unread_because = "%s cannot be read (%s)" % (path, getattr(error, "strerror", None) or error)
            return
        # The host stands two lines before it: another file than this server's would betray itself.
        if len(lines) >= PASSWORD_LINE and lines[3] == self.channel["source_host"]:
            self.stored = lines[PASSWORD_LINE - 1]
        else:
            self.unread_because = "%s is not the file of this connection" % path

    @property
    def compared(self):
        """Whether the password could be compared; null when none is given or there is nothing to compare with."""
        if self.params["source_password"] is None or self.channel is None or self.params["update_password"] != "on_difference":
            return None
        return self.stored is not None

    # Planning

    def plan(self):
        found = [*mistakes(self.params, self.info), *gtid_mistakes(self.params, self.info, self.channel)]
        if found:
            raise Failure("%s: %s Nothing was changed." % (self.host, " ".join(found)), problems=found)
        if self.compared is False:
            self.warn("%s: source_password is not compared with the one in use, because %s; update_password: always sets it on every "
                      "run." % (self.host, self.unread_because or "it is not stored"))
        try:
            return plan(self.params, self.info, self.channel, self.stored, self.is_same_server())
        except Failure as failure:
            raise Failure("%s: %s Nothing was changed." % (self.host, failure)) from failure

    def is_same_server(self):
        """Without GTIDs, a new name of the source keeps the position, when it is the same server."""
        params, channel = self.params, self.channel
        if params["state"] == "absent" or not channel or channel["gtid"] in GTID or not channel["source_server_id"]:
            return False
        moved = any(params.get(key) is not None and params[key] != channel[key] for key in ("source_host", "source_port"))
        if not moved or params["source_log_file"] or gtid_wanted(params, self.info, channel) in GTID or not self.may_ask():
            return False
        source = self.ask_source()
        if channel["source_uuid"]:
            return source["server_uuid"] == channel["source_uuid"]
        return source["server_id"] == channel["source_server_id"]

    # Asking the source

    def may_ask(self):
        if not self.params["check_source"]:
            return False
        where = sources.wanted(self.params, self.channel, self.stored)
        return bool(where["host"] and where["user"]) and where["password"] is not None

    def ask_source(self):
        if self.source is None:
            self.source = self.ask(sources.wanted(self.params, self.channel, self.stored))
        return self.source

    def problems_of_source(self):
        """Sentences; [] when the replica can follow, or nobody may be asked."""
        where = sources.wanted(self.params, self.channel, self.stored)
        place, wants_gtid = "%s:%s" % (where["host"], where["port"]), gtid_wanted(self.params, self.info, self.channel) in GTID
        found = []
        if self.may_ask():
            try:
                found = list(sources.troubles(where, self.ask_source(), self.info, wants_gtid))
            except Failure as failure:
                return [str(failure)]
        elif self.params["check_source"]:
            self.warn("%s: the source %s is not asked beforehand, because %s." % (
                self.host, place, self.unread_because or "no source_password is given"))
        if found or not wants_gtid:
            return found
        return self.gtid_problems(where, place)

    def gtid_problems(self, where, place):
        """Errant transactions, and what the source no longer has. A source that is only behind gets a little time."""
        mine, deadline = self.info["gtid"], self.clock() + PATIENCE
        while True:
            theirs = self.gtid_of_source()
            if not theirs:
                return []
            errant = "" if self.params["allow_errant"] or self.is_our_replica() else self.errant(theirs)
            if not errant or not self.source or self.wrote(errant) or self.clock() >= deadline:
                return list(sources.gtid_troubles(place, theirs, mine, list_errant(self.server, self.info["dialect"], errant)))
            self.sleep(0.25)
            self.source = self.ask(where)

    def errant(self, theirs):
        """What other channels brought is no fault of this one."""
        found = gtids.errant(self.info["gtid"], theirs)
        if not found or not self.further:
            return found
        return gtids.of_stream(found, theirs, self.info["server_id"], self.info["server_uuid"] if self.info["dialect"] == "mysql" else None)

    def gtid_of_source(self):
        """As it says itself. What MariaDB has purged the replication user may not see, so that is as it was handed in."""
        given = self.params["source_gtid"] or {}
        if not self.source:
            return given
        return dict(self.source["gtid"], purged=self.source["gtid"]["purged"] or given.get("purged"))

    def wrote(self, errant):
        return gtids.own(errant, self.info["server_id"], self.info["server_uuid"] if self.info["dialect"] == "mysql" else None)

    def is_our_replica(self):
        """Of two that replicate each other, one may always be a little ahead."""
        return bool(self.source) and self.source["server_id"] in [
            replica["server_id"] for replica in read_replicas(self.server, self.info["dialect"]) or []]

    # Applying

    def statements(self, steps):
        return [step.shown(self.server.quoted) for step in steps]

    def apply(self, steps):
        """Run them. When something is refused while the threads are stopped, the old configuration goes on running."""
        stopped = []
        try:
            for step in steps:
                if step.secret:
                    self.run_secret(step)
                else:
                    self.server.run(step.sql, step.values)
                if step.kind == "stop":
                    stopped.append(step)
                elif step.kind in ("change", "reset"):
                    stopped = []
        except Failure as failure:
            for step in stopped:
                self.server.run(step.sql.replace("STOP", "START", 1), step.values)
            after = " The old configuration runs on." if stopped else ""
            raise Failure("%s: %s.%s" % (self.host, failure, after), failure.code) from failure

    def run_secret(self, step):
        """MariaDB shows statements as they were written: keep this one out of its logs and of what can be kept out of its process list."""
        if self.info["dialect"] == "mysql":
            self.server.run(step.sql, step.values)
            return
        self.quiet_logs()
        self.server.run(guarded(step), step.values)

    def quiet_logs(self):
        for statement in QUIET:
            try:
                self.server.run(statement)
            except Failure as failure:
                if failure.code not in DENIED:
                    raise

    # Waiting

    def wait(self, seconds, settle=False):
        """Until both threads run. With settle they must still do so a moment later. Returns a sentence when they do not."""
        deadline, since = self.clock() + seconds, None
        while True:
            channel = self.query()
            if channel and channel["receiver"] == "running" and channel["applier"] == "running":
                since = self.clock() if since is None else since
                if not settle or self.clock() - since >= SETTLE:
                    return None
            else:
                since = None
                if hopeless(channel) or self.clock() >= deadline:
                    return self.why_not(channel, seconds)
            self.sleep(0.1)

    def why_not(self, channel, seconds):
        if channel is None:
            return "channel '%s' is gone." % self.params["channel"]
        parts = []
        for thread, title in (("receiver", "the receiving thread"), ("applier", "the applying thread")):
            if channel[thread] != "running" or channel[thread + "_errno"]:
                error = channel[thread + "_error"]
                parts.append("%s is %s%s" % (title, channel[thread], ": %s (error %s)" % (error.rstrip("."), channel[thread + "_errno"])
                                             if error else ""))
        return "channel '%s' does not replicate from %s:%s: %s." % (
            self.params["channel"], channel["source_host"], channel["source_port"], "; ".join(parts) or "not within %d s" % seconds)


def hopeless(channel):
    """Whether waiting is of no use."""
    if channel is None:
        return True
    return ((channel["receiver"] == "stopped" and channel["receiver_errno"] != 0)
            or channel["receiver_errno"] in REFUSED
            or (channel["applier"] == "stopped" and channel["applier_errno"] != 0))

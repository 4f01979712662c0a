# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""The agent beside a database that MHA moves the writer's part with: the service failover-mha-member, as root.

User mha, as whom MHA comes by SSH, asks it by a socket for the few things that take more than reading logs: fence, promote, look whether
the writer still answers, run MHA's client. It also keeps relay logs from being purged when they are applied, and purges them itself, later
and never during a failover.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import socket
import struct
import subprocess
import sys
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._mha import commands
from ansible_collections.failover.stack.plugins.module_utils._mha.config import SOCKET
from ansible_collections.failover.stack.plugins.module_utils._mysql import writer
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, connect
from ansible_collections.failover.stack.plugins.module_utils._vip import address as virtual

LONGEST, PACKET = 65536, 1 << 30
ANSWER_S = 1.0
# A dead server's address is given up after the writer agent's GRACE_S; whoever fences does not wait for that.
FENCE_S, PROMOTE_S, ADDRESS_S = 20, 60, 3
# MHA's own lock: a failover holds it, and then nothing is purged.
LOCK = "MHA_Master_High_Availability_Failover"
# A CHANGE MASTER sets relay_log_purge to its default. Before relay logs are kept again the server has to have purged them.
LOOK_S, PURGING_S = 10, 3
LOCAL_LOGIN = {"login_user": "root", "login_password": None, "login_host": "localhost", "login_port": None, "config_file": "",
               "connect_timeout": 3, "ca_cert": None, "client_cert": None, "client_key": None, "check_hostname": None}


def say(text):
    print(text, flush=True)


def params(config, **more):
    """What mysql_writer would be told."""
    common = {"login_unix_socket": config["socket"], "address": config["address"], "own_address": config["own"], "gtid": "",
              "timeout": FENCE_S, "patience_ms": 300, "address_timeout": ADDRESS_S, "yield_to": "", "stop_replication": False,
              "semi_sync": "now", "force": False, "kill_unit": "", "lease": False, "to": "", "members": [], "by": "mha"}
    return {**LOCAL_LOGIN, **common, **more}


def local(config):
    return connect({"unix_socket": config["socket"], "user": "root", "password": None, "connect_timeout": 3, "read_timeout": 30})


def without(result):
    """What the manager needs to know of it."""
    told = {name: result.get(name) for name in ("before", "after", "gtid", "killed", "problem", "read_only_ms", "total_ms", "holder")}
    return dict(told, ended=len(result.get("ended") or []))


class Agent:
    def __init__(self, config):
        self.config = config
        self.users = {0, pwd.getpwnam(config["user"]).pw_uid}
        self.verbs = {"status": self.status, "fence": self.fence, "promote": self.promote, "forget": self.forget,
                      "probe": self.probe}

    def member(self, **more):
        return writer.Member(params(self.config, **more), os.uname().nodename)

    def status(self):
        one = self.member()
        one.open()
        return one.state()

    def fence(self, yield_to=""):
        """A server that does not answer is killed: nobody knows what it would still do."""
        result = writer.fence(self.member(yield_to=yield_to, kill_unit="" if yield_to else self.config["unit"]), False)
        say("fenced: %s" % json.dumps(without(result), sort_keys=True))
        return without(result)

    def promote(self, gtid=""):
        """Its source is not forgotten with it: MHA still reads its relay logs for others, and has it forgotten in the end."""
        result = writer.promote(self.member(gtid=gtid, timeout=PROMOTE_S), False)
        say("promoted: %s" % json.dumps(without(result), sort_keys=True))
        return without(result)

    def forget(self):
        """A writer that starts again must not replicate from whom it was promoted over."""
        one = self.member()
        if not one.open():
            raise Failure(one.problem)
        found = one.sql.channels() if one.state()["recorded"] else []
        for channel in found:
            one.sql.stop(channel)
            one.sql.forget(channel)
        return {"forgotten": ["%s:%s" % (channel["host"], channel["port"]) for channel in found]}

    def probe(self, address):
        """Whether the writer's server says something at its own address, and who has the writer address."""
        return {"answers": answers(address, self.config["port"]), "holder": self.holder()}

    def holder(self):
        plain = self.config["address"].partition("/")[0]
        if not plain:
            return None
        if virtual.holds(plain):
            return "this member"
        wire = virtual.Wire(virtual.interface_of(self.config["own"]), plain)
        try:
            return wire.wait_free(plain, 0.5)
        finally:
            wire.close()

    def client(self, words, streams):
        """MHA's client, with its streams: who it is and where is decided here."""
        options = commands.client(words)
        with self.large_packets("-e" not in options):
            return subprocess.run(["/usr/bin/mariadb", "--no-defaults", "--user=root", "--socket=" + self.config["socket"],
                                   "--max-allowed-packet=%d" % PACKET, *options],
                                  stdin=streams[0], stdout=streams[1], stderr=streams[2], check=False).returncode

    @contextlib.contextmanager
    def large_packets(self, wanted):
        """An event in mysqlbinlog's words is longer than the event: MHA itself would set that, and may not."""
        server = local(self.config) if wanted else None
        before = server.rows("SELECT @@global.max_allowed_packet AS m")[0]["m"] if server else None
        try:
            if server:
                server.run("SET GLOBAL max_allowed_packet = %d" % PACKET)
            yield
        finally:
            if server:
                server.run("SET GLOBAL max_allowed_packet = %d" % before)
                server.close()

    def answer(self, connection):
        pid, uid, _gid = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        # Read in any case: what is closed with something unread loses the answer.
        data, streams, _flags, _address = socket.recv_fds(connection, LONGEST, 3)
        try:
            if uid not in self.users:
                say("process %d of user %d was turned away" % (pid, uid))
                return {"failed": "this user may not ask"}
            request = json.loads(data)
            if request["do"] == "client":
                return {"code": self.client(request["words"], streams)}
            return {"result": self.verbs[request["do"]](**request.get("with", {}))}
        except (Failure, OSError, commands.Refused) as error:
            say("%s failed: %s" % (request["do"], error))
            return {"failed": str(error)}
        finally:
            for one in streams:
                os.close(one)

    def serve(self, connection):
        with connection:
            try:
                reply = self.answer(connection)
            except (ValueError, KeyError, TypeError, struct.error) as error:
                reply = {"failed": "not understood: %r" % error}
                say("a question failed: %r" % error)
            with contextlib.suppress(OSError):
                connection.sendall(json.dumps(reply).encode() + b"\n")

    def run(self):
        threading.Thread(target=Logs(self.config).run, daemon=True).start()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(SOCKET)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(SOCKET)
        # Who asks is looked at by the kernel's word.
        os.chmod(SOCKET, 0o666)
        listener.listen(8)
        while True:
            connection = listener.accept()[0]
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()


def answers(address, port):
    """A frozen server lets itself be connected to and says nothing."""
    try:
        with socket.create_connection((address, port), ANSWER_S) as one:
            one.settimeout(ANSWER_S)
            return bool(one.recv(1))
    except OSError:
        return False


class Logs:
    """Relay logs: kept when they are applied, since the other replicas may need them; purged every purge_s, members one after the other."""

    def __init__(self, config):
        self.config = config
        self.next = time.monotonic() + config["purge_s"] * (1 + config["place"]) / (1 + config["members"])

    def run(self):
        while True:
            with contextlib.suppress(Failure, OSError):
                self.look()
            time.sleep(LOOK_S)

    def look(self):
        server = local(self.config)
        try:
            if server.rows("SELECT @@global.relay_log_purge AS p")[0]["p"]:
                server.run("SET GLOBAL relay_log_purge = 0")
            if time.monotonic() >= self.next:
                self.next = time.monotonic() + self.config["purge_s"]
                self.purge(server)
        finally:
            server.close()

    @staticmethod
    def purge(server):
        if not server.rows("SHOW ALL SLAVES STATUS") or not server.rows("SELECT GET_LOCK(%s, 0) AS got", [LOCK])[0]["got"]:
            return
        try:
            server.run("SET GLOBAL relay_log_purge = 1")
            server.run("FLUSH NO_WRITE_TO_BINLOG RELAY LOGS")
            time.sleep(PURGING_S)
        finally:
            server.run("SET GLOBAL relay_log_purge = 0")
        say("relay logs that are applied were purged")


def main(path):
    os.umask(0o077)
    with open(path, encoding="utf-8") as handle:
        config = json.load(handle)
    sys.exit(Agent(config).run())

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers proxies whether this Galera member takes clients: 200 or 503, and why.

One thread asks the server, only when somebody wants to know and the last answer is older than the cache time; those who want to
know wait for it no longer than the time limit. So a server that hangs costs nobody more than that.
"""

from __future__ import annotations

import argparse
import http.server
import os
import socket
import socketserver
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._galera.given_up import RECORD
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import dial

QUESTION = ("SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_status', 'wsrep_local_state', 'wsrep_local_state_comment', "
            "'wsrep_ready')")
SYNCED, DONOR = "4", "2"


def judge(status, read_only, donor_serves):
    """(takes clients, why)"""
    state = status.get("wsrep_local_state", "0")
    comment = status.get("wsrep_local_state_comment", "no state")
    if status.get("wsrep_cluster_status", "").lower() != "primary":
        return False, "in no primary component"
    if status.get("wsrep_ready") != "ON":
        return False, "not ready (%s)" % comment
    if state != SYNCED and not (state == DONOR and donor_serves):
        return False, comment
    if read_only:
        return False, "read_only"
    return True, comment


class Server:
    """The last answer of the server, and how old it is."""

    def __init__(self, options):
        self.options = options
        self.connection = None
        self.answer, self.at = (False, "not asked yet"), float("-inf")
        self.condition = threading.Condition()
        self.wanted = False

    def ask(self):
        if self.connection is None:
            limit = max(1, round(self.options.timeout_ms / 1000))
            self.connection = dial({"unix_socket": self.options.socket, "user": self.options.user, "connect_timeout": limit,
                                    "read_timeout": limit, "write_timeout": limit})
        with self.connection.cursor() as cursor:
            cursor.execute(QUESTION)
            status = dict(cursor.fetchall())
            cursor.execute("SELECT @@global.read_only")
            return judge(status, bool(int(cursor.fetchone()[0])), self.options.donor_serves)

    def query(self):
        try:
            return self.ask()
        except Exception as error:  # Whatever it is, the server did not answer.
            if self.connection is not None:
                self.connection._force_close()
                self.connection = None
            return False, "MariaDB does not answer (%s)" % type(error).__name__

    def run(self):
        while True:
            with self.condition:
                while not self.wanted:
                    self.condition.wait()
                self.wanted = False
            answer = self.query()
            with self.condition:
                self.answer, self.at = answer, time.monotonic()
                self.condition.notify_all()

    def known(self):
        """The answer, fresh enough; else what a silent server is worth."""
        begin = time.monotonic()
        with self.condition:
            if begin - self.at <= self.options.cache_ms / 1000:
                return self.answer
            self.wanted = True
            self.condition.notify_all()
            while self.at < begin:
                left = begin + self.options.timeout_ms / 1000 - time.monotonic()
                if left <= 0 or not self.condition.wait(left):
                    return False, "MariaDB does not answer within %d ms" % self.options.timeout_ms
            return self.answer


def record(path):
    """Whom a recovery went on without, as JSON: another member asks before its server starts."""
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except FileNotFoundError:
        return "{}\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5

    def do_GET(self):
        options = self.server.member.options
        if self.path == "/given-up":
            self.answer(200, "application/json", record(options.record))
            return
        good, why = (False, "drained") if os.path.exists(options.drain_file) else self.server.member.known()
        self.answer(200 if good else 503, "text/plain", why + "\n")

    def answer(self, status, kind, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True

    do_HEAD = do_OPTIONS = do_GET

    def log_message(self, *_arguments):
        """Every check in the journal would bury everything else."""


class Agent(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, place, handler, member=None):
        self.member = member
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        super().__init__(place, handler)

    def handle_error(self, request, client_address):
        """A proxy that hangs up early is no error."""

    def server_bind(self):
        # HTTPServer would look its own name up, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


def agents(addresses, port, member):
    """One for each address; * is all of both families, or of the one that this host has."""
    places = ["::", "0.0.0.0"] if "*" in addresses else dict.fromkeys(addresses)
    made = []
    for place in places:
        try:
            made.append(Agent((place, port), Handler, member))
        except OSError as error:
            # :: takes IPv4's connections, too.
            if not ("*" in addresses and (place == "::" or made)):
                raise OSError(error.errno, "%s port %d: %s" % (place, port, error.strerror)) from error
    return made


def main(*arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True, action="append")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--cache-ms", type=int, default=200)
    parser.add_argument("--timeout-ms", type=int, default=500)
    parser.add_argument("--drain-file", required=True)
    parser.add_argument("--record", default=RECORD)
    parser.add_argument("--donor-serves", action="store_true")
    options = parser.parse_args(arguments)
    member = Server(options)
    threading.Thread(target=member.run, daemon=True).start()
    serving = [threading.Thread(target=agent.serve_forever) for agent in agents(options.address, options.port, member)]
    for thread in serving:
        thread.start()
    for thread in serving:
        thread.join()

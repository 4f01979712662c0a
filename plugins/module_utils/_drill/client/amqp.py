# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages for a ledger: published with confirms, consumed with acknowledgements, both at the address that applications use.

A message is there when it was consumed; twice when it was consumed twice, which at-least-once delivery allows.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import select
import ssl
import threading
import time
import urllib.parse

from ansible_collections.failover.stack.plugins.module_utils._drill.client import amqp_connection as wire
from ansible_collections.failover.stack.plugins.module_utils._drill.history import Failed, Unknown

PREFETCH = 200
PROBE = "-probe"
# A server confirms a probe as fast as it replicates; one that needs longer takes nothing at this moment.
PROBE_S = 0.6
REPLICA_S = 2


def connect_words(error):
    """Why there is no connection, without what differs from time to time."""
    if isinstance(error, (wire.Silent, TimeoutError)):
        return "no connection: time limit"
    if isinstance(error, ConnectionRefusedError):
        return "no connection: refused"
    if isinstance(error, wire.Closed):
        return "no connection: %s" % error
    if isinstance(error, wire.Lost):
        return "no connection: lost while it was made"
    return "no connection: %s" % (getattr(error, "strerror", None) or str(error)).lower()


def short_name(node):
    return node.partition("@")[2]


def side_of(name, nodes):
    """The members that a server sees running, itself among them; none when it does not say so of itself."""
    running = sorted(short_name(node["name"]) for node in nodes if node.get("running"))
    return running if name in running else []


class Link:
    """One connection, for publishing."""

    def __init__(self, amqp, connection):
        self.amqp, self.connection, self.server = amqp, connection, amqp.p["address"]

    def stale(self):
        """Something to read while nothing was asked: the end, or a last word before it."""
        watched = select.poll()
        try:
            watched.register(self.connection, select.POLLIN)
        except ValueError:
            return True
        return bool(watched.poll(0))

    def write(self, number):
        try:
            confirmed = self.connection.publish(self.amqp.queue, self.amqp.body(number))
        except wire.Silent as error:
            raise Unknown("unknown: no confirm within the time limit") from error
        except (wire.Lost, wire.Closed, OSError) as error:
            raise Unknown("unknown: connection lost before the confirm") from error
        if not confirmed:
            # Refused after it was tried: a replica may have it all the same.
            raise Unknown("unknown: refused by the server")

    def close(self):
        self.connection.close()


class Consumer(threading.Thread):
    """Takes what comes, acknowledges it, and begins anew where its connection ends."""

    def __init__(self, amqp):
        super().__init__(daemon=True)
        self.amqp, self.numbers, self.newest, self.lock = amqp, [], 0, threading.Lock()

    def took(self, body):
        run, _blank, number = body.decode("ascii", "replace").partition(" ")
        if run == str(self.amqp.run) and number.isdigit():
            with self.lock:
                self.numbers.append(int(number))
                self.newest = max(self.newest, int(number))

    def run(self):
        while True:
            try:
                self.one_connection()
            except (wire.Lost, wire.Closed, wire.Silent, OSError):
                time.sleep(0.05)

    def one_connection(self):
        connection = self.amqp.connection(self.amqp.p["address"])
        try:
            connection.consume(self.amqp.queue, PREFETCH)
            while True:
                found = connection.delivered(1)
                if found:
                    # Written down before it is acknowledged, as an application does its work before.
                    self.took(found[1])
                    connection.acknowledge(found[0])
        finally:
            connection.close()


class Amqp:
    """A ledger of messages. p: its settings (database: the vhost, table: the queue), password: what the file held, run: its number."""

    def __init__(self, p, password, run):
        self.p, self.password, self.run, self.queue = p, password, run, p["table"]
        self.consumer, self.lock = Consumer(self), threading.Lock()
        self.replicas = {}

    def body(self, number):
        return b"%d %d" % (self.run, number)

    def arguments(self):
        return {"x-queue-type": self.p["queue_type"]} if self.p.get("queue_type") else {}

    def connection(self, address, answer_s=None):
        return wire.Connection(address, self.p["port"], self.p["database"], self.p["user"], self.password,
                               self.p["connect_timeout_ms"] / 1000.0, answer_s or self.p["timeout_ms"] / 1000.0)

    def connect(self):
        with self.lock:
            if not self.consumer.is_alive():
                self.consumer.start()
        try:
            connection = self.connection(self.p["address"])
            connection.confirms()
        except (wire.Lost, wire.Closed, wire.Silent, OSError) as error:
            raise Failed(connect_words(error)) from error
        return Link(self, connection)

    def prepare(self):
        """The queues are there, and empty of what runs before have left."""
        connection = self.connection(self.p["address"], 10)
        with contextlib.closing(connection):
            connection.declare(self.queue, self.arguments())
            connection.declare(self.queue + PROBE, {**self.arguments(), "x-max-length": 1})
            while True:
                found = connection.get(self.queue)
                if not found:
                    break
                connection.acknowledge(found[0])

    # --- looking at one server

    def api(self, address, path, seconds):
        """The management interface. Without an authority its certificate is not checked, as nothing else is encrypted then either."""
        context = ssl.create_default_context(cafile=self.p.get("tls_ca") or None)
        if not self.p.get("tls_check_hostname"):
            context.check_hostname = False
        if not self.p.get("tls_ca"):
            context.verify_mode = ssl.CERT_NONE
        secret = base64.b64encode(("%s:%s" % (self.p["user"], self.password)).encode("utf-8")).decode("ascii")
        # A connection of its own: no proxy of the environment stands between the client and the server that is asked.
        server = http.client.HTTPSConnection(address, self.p["management_port"], timeout=seconds, context=context)
        with contextlib.closing(server):
            try:
                server.request("GET", "/api/" + path, headers={"Authorization": "Basic " + secret})
                answer = server.getresponse()
            except http.client.HTTPException as error:
                raise OSError("%s:%d does not speak HTTP: %s" % (address, self.p["management_port"], error)) from error
            if answer.status != 200:
                raise OSError("%s:%d answers %d" % (address, self.p["management_port"], answer.status))
            return json.load(answer)

    def queue_told_by(self, address, seconds):
        vhost, queue = (urllib.parse.quote(part, safe="") for part in (self.p["database"], self.queue))
        return self.api(address, "queues/%s/%s" % (vhost, queue), seconds)

    def ask(self, name, address):
        """A connection to one server itself, for looks."""
        connection = self.connection(address, PROBE_S)
        connection.confirms()
        return connection, (name, address)

    def look(self, name, connection, where):
        """(side, newest number): with whom it is if it confirms messages, and how far consuming has come once its replica is there."""
        confirmed = False
        with contextlib.suppress(wire.Silent):
            confirmed = connection.publish(self.queue + PROBE, b"probe")
        seconds = self.p["connect_timeout_ms"] / 1000.0
        side = side_of(name, self.api(where[1], "nodes?columns=name,running", seconds)) if confirmed else []
        return side, self.consumer.newest if side and self.replica(name, where[1], seconds) else 0

    def replica(self, name, address, seconds):
        """Whether the server's replica of the queue is on line; a dear question, so not asked at every look."""
        asked, there = self.replicas.get(name, (0.0, False))
        if time.monotonic() - asked > REPLICA_S or not there:
            told = self.queue_told_by(address, seconds)
            there = name in [short_name(node) for node in told.get("online") or [told.get("node", "")]]
            self.replicas[name] = (time.monotonic(), there)
        return there

    def leader(self):
        """Whose replica leads the queue, as any server tells."""
        told = {}
        for address in self.p["servers"].values():
            with contextlib.suppress(OSError, ValueError):
                told = self.queue_told_by(address, 5)
                break
        return short_name(told.get("leader") or told.get("node") or "")

    # --- when it is over

    def left_at(self, address, seconds):
        """How many messages are left in the queue, as a server says whose replica is on line."""
        told = self.queue_told_by(address, seconds)
        name = next(name for name, where in self.p["servers"].items() if where == address)
        if name not in [short_name(node) for node in told.get("online") or [told.get("node", "")]]:
            raise wire.Lost("its replica is not on line")
        connection = self.connection(address, seconds)
        with contextlib.closing(connection):
            return connection.declare(self.queue, self.arguments())[0]

    def numbers(self, address):
        """What was consumed; asked of a server, only once it says that its replica is on line and nothing is left in the queue."""
        if address != self.p["address"] and self.left_at(address, 10):
            raise wire.Lost("messages are left")
        with self.consumer.lock:
            return list(self.consumer.numbers)

    def extent(self, address):
        """(messages, newest): level with the consumer once a server has nothing left to hand out."""
        left = 0
        if address != self.p["address"]:
            left = self.left_at(address, 5)
        with self.consumer.lock:
            return len(set(self.consumer.numbers)) + left, self.consumer.newest


KINDS = {"amqp": Amqp}

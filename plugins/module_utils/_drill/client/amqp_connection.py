# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to RabbitMQ by pika in which every step has a time limit.

pika's BlockingConnection waits for a confirm as long as it takes: its time limits end making a connection (socket_timeout, stack_timeout)
and a connection that the server has declared blocked, and heartbeats count in seconds. So the asynchronous SelectConnection is used, on a
loop that is run only while something is waited for, and never longer than the limit.
"""

from __future__ import annotations

import collections
import contextlib
import os
import re
import socket
import time

try:
    import pika
    from pika.adapters import select_connection
except ImportError:
    pika = select_connection = None

MISSING = "pika is missing on this host: install python3-pika"
# How long the end of a connection may take on our side; nobody else is asked.
END_S = 0.2
BY_SERVER = re.compile(r"""\((\d{3})\) ['"](.+?)(?: - |['"]$|['"]\))""")


class Closed(Exception):
    """The server ended it, with a reason."""


class Lost(Exception):
    """The connection is gone."""


class Silent(Exception):
    """No answer within the time limit."""


def innermost(error):
    """What is behind pika's exceptions: each names the one before among its attributes or arguments."""
    while True:
        inside = [*(getattr(error, "exceptions", None) or []), getattr(error, "exception", None), *error.args]
        inside = [e for e in inside if isinstance(e, BaseException)]
        if not inside:
            return error
        error = inside[-1]


def ended_by(error):
    """The exception to raise for what pika says about an end: Closed, Lost, or why there was no connection (OSError). Pure."""
    error = innermost(error)
    if isinstance(error, OSError):
        return error
    # While a connection is made pika keeps the server's reason as text only.
    told = BY_SERVER.search("(%s) %r" % (error.reply_code, error.reply_text) if hasattr(error, "reply_code") else str(error))
    if told:
        return Closed("error %s (%s)" % (told[1], told[2].lower().replace("_", " ")))
    return Lost(str(error) or type(error).__name__)


def loop_with_descriptor():
    """pika's loop, which knows the descriptor of the one socket that it watches."""

    class Loop(select_connection.IOLoop):
        descriptor = None

        def add_handler(self, fd, handler, events):
            self.descriptor = fd
            super().add_handler(fd, handler, events)

        def remove_handler(self, fd):
            # From here on the number may be that of somebody else's file.
            self.descriptor = None
            super().remove_handler(fd)

    return Loop()


class Connection:
    """One connection with one channel, for one thread. connect_s: time limit until the channel is open, answer_s: of any later step.

    Raises Silent at a time limit, Closed with the server's reason, Lost, and OSError where no connection could be made.
    """

    def __init__(self, address, port, vhost, user, password, connect_s, answer_s):
        self.answer_s, self.published, self.answered = answer_s, 0, {}
        self.ended, self.good, self.messages = None, True, collections.deque()
        self.loop, self.channel, self.closed = loop_with_descriptor(), None, False
        # No heartbeats: what is silent is noticed by our own time limits. No limits of pika's, for they count single steps.
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters(
                host=address, port=port, virtual_host=vhost, credentials=pika.PlainCredentials(user, password), heartbeat=0,
                connection_attempts=1, socket_timeout=None, stack_timeout=None, blocked_connection_timeout=None,
                client_properties={"product": "failover.stack drill"}),
            on_open_callback=self.opened, on_open_error_callback=self.end, on_close_callback=self.end, custom_ioloop=self.loop)
        try:
            self.wait(lambda: self.channel is not None and self.channel.is_open, connect_s)
        except BaseException:
            self.close()
            raise

    # --- pika's callbacks

    def opened(self, connection):
        self.channel = connection.channel(on_open_callback=self.wake)
        self.channel.add_on_close_callback(self.end)
        self.channel.add_on_return_callback(self.returned)
        self.channel.add_on_cancel_callback(self.cancelled)
        self.channel.add_callback(self.empty, [pika.spec.Basic.GetEmpty], one_shot=False)

    def wake(self, *_what):
        self.loop.stop()

    def end(self, _who, error):
        # A channel ends with its connection, which has the same reason.
        self.ended = self.ended or ended_by(error)
        self.loop.stop()

    def cancelled(self, _frame):
        self.ended = self.ended or Closed("consuming was cancelled")
        self.loop.stop()

    def returned(self, *_what):
        self.good = False

    def confirmed(self, frame):
        tag = frame.method.delivery_tag
        if tag == self.published or (frame.method.multiple and tag > self.published):
            self.answered["confirm"] = isinstance(frame.method, pika.spec.Basic.Ack)
            self.loop.stop()

    def empty(self, _frame):
        self.answered["answer"] = None
        self.loop.stop()

    def took(self, _channel, method, _properties, body):
        self.messages.append((method.delivery_tag, body))
        self.loop.stop()

    # --- waiting

    def wait(self, ready, seconds):
        """Lets pika work until ready() is true."""
        until = time.monotonic() + seconds
        while not ready():
            if self.ended is not None:
                raise self.ended
            left = until - time.monotonic()
            if left <= 0:
                raise Silent
            self.work(left)

    def work(self, seconds):
        limit = self.loop.call_later(seconds, self.loop.stop)
        try:
            self.loop.start()
        finally:
            self.loop.remove_timeout(limit)

    def answer(self, ask):
        """What arrives at the callback that ask() is given, within the time limit."""
        if self.ended is not None:
            raise self.ended
        self.answered.clear()

        def came(what):
            self.answered["answer"] = what
            self.loop.stop()

        try:
            ask(came)
        except pika.exceptions.AMQPError as error:
            raise ended_by(error) from error
        self.wait(lambda: self.answered, self.answer_s)
        return self.answered["answer"]

    def fileno(self):
        """The socket's descriptor; -1 when it is closed."""
        return -1 if self.loop.descriptor is None else self.loop.descriptor

    # --- what is done with it

    def declare(self, queue, arguments):
        """A durable queue; (messages, consumers) in it."""
        told = self.answer(lambda came: self.channel.queue_declare(queue, durable=True, arguments=arguments, callback=came)).method
        return told.message_count, told.consumer_count

    def confirms(self):
        self.answer(lambda came: self.channel.confirm_delivery(self.confirmed, callback=came))

    def publish(self, queue, body):
        """True when it was confirmed, False when it was refused (or there was no queue): persistent, by the default exchange."""
        if self.ended is not None:
            raise self.ended
        self.answered.clear()
        self.good = True
        self.published += 1
        try:
            self.channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2), mandatory=True)
        except pika.exceptions.AMQPError as error:
            raise ended_by(error) from error
        self.wait(lambda: "confirm" in self.answered, self.answer_s)
        return self.good and self.answered["confirm"]

    def consume(self, queue, prefetch):
        self.answer(lambda came: self.channel.basic_qos(prefetch_count=prefetch, callback=came))
        self.answer(lambda came: self.channel.basic_consume(queue, self.took, consumer_tag="drill", callback=came))

    def delivered(self, wait_s):
        """(tag, body) of the next message; None when none comes."""
        with contextlib.suppress(Silent):
            self.wait(lambda: self.messages, wait_s)
            return self.messages.popleft()
        return None

    def get(self, queue):
        """(tag, body) of a message in the queue; None when it is empty."""
        return self.answer(lambda came: self.channel.basic_get(
            queue, lambda _channel, method, _properties, body: came((method.delivery_tag, body))))

    def acknowledge(self, tag):
        """It goes out with whatever is waited for next."""
        if self.ended is not None:
            raise self.ended
        try:
            self.channel.basic_ack(tag)
        except pika.exceptions.AMQPError as error:
            raise ended_by(error) from error

    def close(self):
        """Without a farewell, which could take the whole time limit."""
        if self.closed:
            return
        self.closed = True
        # pika's own end waits for the server's, and fails while a connection is being made; of an end of the socket it hears at once.
        if self.loop.descriptor is not None:
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.loop.descriptor)) as same:
                same.shutdown(socket.SHUT_RDWR)
        until = time.monotonic() + END_S
        while not self.connection.is_closed and time.monotonic() < until:
            self.work(max(0.0, until - time.monotonic()))
        self.loop.close()

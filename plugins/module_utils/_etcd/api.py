# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's JSON gateway: one question, one answer. The only place of this package that opens a connection.

https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/ ; etcd 3.4 and 3.5 have the same paths. 64-bit numbers come as texts.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time

from ansible_collections.failover.stack.plugins.module_utils._host.places import at_port

# What the gateway says when authentication is on and nobody has logged in; when a name or password is wrong; when nobody has to log in.
NO_LOGIN, BAD_LOGIN, NO_AUTH = "user name is empty", "authentication failed", "authentication is not enabled"
# Of a token that it does not know, or knows no more: it forgets them when it is started, and after 5 minutes.
STALE_TOKEN = ("invalid auth token", NO_LOGIN, "revision in header is old")
# Another member may know better: this one has no leader, has not heard of it in time, or is about to end.
ELSEWHERE = ("no leader", "transport", "unavailable", "request timed out", "leader changed", "too many requests", "server stopped",
             "not capable", "unhealthy cluster")
# How a connection that was kept shows that the other side has ended it.
CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
# Until a question without an answer has failed: one to the leader waits for seven seconds in etcd itself.
TIMEOUT_S = 8


class ApiError(Exception):
    """What etcd refused, in its own words."""

    def __init__(self, message, http=0):
        super().__init__(message)
        self.http = http

    def says(self, *words):
        return any(one in str(self) for one in words)


class Unreachable(ApiError):
    """Nobody answered, or nobody who could do it."""


def url(address, port):
    return "https://" + at_port(address, port)


def place(text):
    """(host, port) of a URL of ours, an IPv6 address without its brackets."""
    scheme, _mark, rest = text.rstrip("/").partition("://")
    host, _colon, port = rest.rpartition(":")
    if scheme != "https" or not port.isdigit():
        raise ValueError("'%s' is no URL such as https://192.0.2.1:2379" % text)
    return host.strip("[]"), int(port)


def words_of(status, text):
    """etcd's own words in an answer that is none: gateways of 3.4 and 3.5 put them in different places."""
    try:
        said = json.loads(text)
        inner = said.get("error") if isinstance(said.get("error"), dict) else said
        words = inner.get("message") or inner.get("error") or ""
    except (ValueError, AttributeError):
        words = ""
    return str(words or text.strip()[:200] or "HTTP %d" % status)


def answer_of(status, text):
    if status != 200:
        raise ApiError(words_of(status, text), status)
    try:
        told = json.loads(text)
    except ValueError as error:
        raise ApiError("no JSON, but: %s" % text[:100]) from error
    if "error" in told:
        # In a stream's only part.
        raise ApiError(words_of(status, text))
    return told


class Api:
    """Members of one cluster: the one that answered last is asked, the others when it does not answer or says that it cannot know.

    at: a URL, or several. ca: file of the authority that signed their certificates. Its connection is kept. With user and password it logs
    in by itself when it has to; otherwise a token is got by login(), and sent from then on. Not for several threads at once.
    """

    def __init__(self, at, ca, timeout=TIMEOUT_S, user=None, password=None):
        self.endpoints = [at] if isinstance(at, str) else list(at)
        self.ca, self.timeout, self.user, self.password = ca, timeout, user, password
        self.connection = self.token = None
        for endpoint in self.endpoints:
            place(endpoint)

    @property
    def url(self):
        return self.endpoints[0]

    def open(self, endpoint, timeout):
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise Unreachable("%s cannot be read as an authority: %s" % (self.ca, error)) from error
        host, port = place(endpoint)
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def send(self, connection, path, body):
        """The response to a request of the v3 API."""
        headers = {"Content-Type": "application/json", **({"Authorization": self.token} if self.token else {})}
        connection.request("POST", "/v3/" + path, json.dumps(body or {}), headers)
        return connection.getresponse()

    def exchange(self, path, body):
        """(status, text) of the first member. A connection that it has closed since the last time is made anew."""
        kept = self.connection is not None
        self.connection = self.connection or self.open(self.url, self.timeout)
        try:
            response = self.send(self.connection, path, body)
            return response.status, response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if kept and isinstance(error, CLOSED):
                return self.exchange(path, body)
            raise Unreachable(reason(error, self.timeout)) from error

    def ask(self, path, body):
        wrong = []
        for _turn in self.endpoints:
            try:
                return answer_of(*self.exchange(path, body))
            except ApiError as error:
                if len(self.endpoints) == 1 or not (isinstance(error, Unreachable) or error.says(*ELSEWHERE)):
                    raise
                wrong.append("%s: %s" % (self.url, error))
                self.close()
                self.endpoints = [*self.endpoints[1:], self.url]
        raise Unreachable("no etcd answers: %s" % "; ".join(wrong))

    def call(self, path, body=None):
        """The answer to a request of the v3 API, such as call('cluster/member/list')."""
        if self.user and not self.token:
            self.enter()
        try:
            return self.ask(path, body)
        except ApiError as error:
            if not self.user or not (error.http == 401 or error.says(*STALE_TOKEN)):
                raise
        self.enter()
        return self.ask(path, body)

    def enter(self):
        """As the user that was given; where authentication is off nobody has to."""
        try:
            self.login(self.user, self.password)
        except ApiError as error:
            if not error.says(NO_AUTH):
                raise

    def lines(self, path, body=None):
        """The answers of a request that streams them, one by one, by a connection of its own."""
        connection = self.open(self.url, self.timeout)
        try:
            response = self.send(connection, path, body)
            if response.status != 200:
                raise ApiError(words_of(response.status, response.read().decode("utf-8", "replace")), response.status)
            for line in iter(response.readline, b""):
                if line.strip():
                    yield answer_of(200, line.decode("utf-8", "replace")).get("result", {})
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(reason(error, self.timeout)) from error
        finally:
            connection.close()

    def login(self, name, password):
        self.token = None
        self.token = self.ask("auth/authenticate", {"name": name, "password": password})["token"]

    def login_as(self, name, passwords):
        """With the first password that is right; whether authentication is on at all."""
        if not self.auth_enabled():
            return False
        for password in [one for one in passwords if one][:-1]:
            try:
                self.login(name, password)
                return True
            except ApiError as error:
                if not error.says(BAD_LOGIN):
                    raise
        self.login(name, ([one for one in passwords if one] or [""])[-1])
        return True

    def auth_enabled(self):
        """3.4 has no question for that: it is on when an unnamed one may not see the users. Needs a leader."""
        token, self.token = self.token, None
        try:
            self.call("auth/user/list")
            return False
        except ApiError as error:
            if error.says(NO_LOGIN):
                return True
            raise
        finally:
            self.token = token


def reason(error, timeout):
    if isinstance(error, (socket.timeout, TimeoutError)):
        return "no answer within %g s" % timeout
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not accepted (%s)" % error.verify_message
    return str(getattr(error, "strerror", None) or error)


def wait_for(question, seconds, pause=0.3):
    """The first true answer, or None after that many seconds; an ApiError is none yet. Second: the last error's words."""
    deadline, words = time.monotonic() + seconds, ""
    while True:
        try:
            answer = question()
            if answer:
                return answer, ""
            words = ""
        except ApiError as error:
            words = str(error)
        if time.monotonic() >= deadline:
            return None, words
        time.sleep(pause)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's JSON gateway: one question, one answer. The only place of this package that opens a connection."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time

# What the gateway says when authentication is on and nobody has logged in; when a name or password is wrong.
NO_LOGIN, BAD_LOGIN = "user name is empty", "authentication failed"
# Until a question without an answer has failed: one to the leader waits for seven seconds in etcd itself.
TIMEOUT_S = 8


class ApiError(Exception):
    """What etcd refused, in its own words."""

    def __init__(self, message, http=0):
        super().__init__(message)
        self.http = http

    def says(self, words):
        return words in str(self)


class Unreachable(ApiError):
    """Nobody answered."""


def bracketed(address):
    """An address as it stands before a port."""
    return "[%s]" % address if ":" in address else address


def url(address, port):
    return "https://%s:%d" % (bracketed(address), int(port))


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


class Api:
    """One member. ca: file of the authority that signed its certificate. A token is got by login() and sent from then on."""

    def __init__(self, at, ca, timeout=TIMEOUT_S):
        self.url, self.timeout, self.token = at, timeout, None
        self.host, self.port = place(at)
        self.ca = ca

    def connection(self):
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise Unreachable("%s cannot be read as an authority: %s" % (self.ca, error)) from error
        return http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout, context=context)

    def ask(self, method, path, body=None):
        """(connection, response); whoever asks closes the connection."""
        connection = self.connection()
        headers = {"Content-Type": "application/json", **({"Authorization": self.token} if self.token else {})}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException, ssl.SSLError) as error:
            connection.close()
            raise Unreachable(reason(error, self.timeout)) from error

    def call(self, path, body=None):
        """The answer to a request of the v3 API, such as call('cluster/member/list')."""
        connection, response = self.ask("POST", "/v3/" + path, body or {})
        try:
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(reason(error, self.timeout)) from error
        finally:
            connection.close()
        if response.status != 200:
            raise ApiError(words_of(response.status, text), response.status)
        try:
            return json.loads(text)
        except ValueError as error:
            raise ApiError("no JSON, but: %s" % text[:100]) from error

    def lines(self, path, body=None):
        """The answers of a request that streams them, one by one."""
        connection, response = self.ask("POST", "/v3/" + path, body or {})
        try:
            if response.status != 200:
                raise ApiError(words_of(response.status, response.read().decode("utf-8", "replace")), response.status)
            for line in iter(response.readline, b""):
                if line.strip():
                    said = json.loads(line)
                    if "error" in said:
                        raise ApiError(words_of(500, line.decode("utf-8", "replace")))
                    yield said.get("result", {})
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(reason(error, self.timeout)) from error
        finally:
            connection.close()

    def login(self, name, password):
        self.token = None
        self.token = self.call("auth/authenticate", {"name": name, "password": password})["token"]

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
        return "no answer within %d s" % timeout
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

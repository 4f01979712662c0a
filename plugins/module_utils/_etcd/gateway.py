# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's API v3 as JSON over HTTPS (its grpc-gateway), by the standard library: also for programs that stay on a host.

https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/ ; etcd 3.4 and 3.5 have the same paths. 64-bit numbers come as texts.
"""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import http.client
import json
import ssl
import urllib.parse

# What etcd says of a token that it does not know, or knows no more (it forgets them when it is started, and after 5 minutes).
STALE_TOKEN = ("invalid auth token", "user name is empty", "revision in header is old")
NO_AUTH = "authentication is not enabled"
REFUSED, LEADERLESS, LED, SILENT = "refused", "leaderless", "led", "silent"


class StoreError(Exception):
    """A sentence on why etcd did not do it. reached: whether an etcd answered. stale: whether it did not know who asked."""

    def __init__(self, sentence, reached=False, stale=False):
        super().__init__(sentence)
        self.reached, self.stale = reached, stale


def packed(text):
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def unpacked(text):
    return base64.b64decode(text or "").decode("utf-8")


def after(prefix):
    """The end of the range of all keys with that prefix: the same with its last byte raised by one (all that we use end in '/')."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def put(key, value, lease=None):
    return {"request_put": {"key": packed(key), "value": packed(json.dumps(value, sort_keys=True)), **({"lease": lease} if lease else {})}}


def delete(key):
    return {"request_delete_range": {"key": packed(key)}}


def created(key, revision):
    """Holds as long as the key is the one that was made at this revision; 0: as long as there is none."""
    return {"key": packed(key), "target": "CREATE", "result": "EQUAL", "create_revision": str(revision)}


def unchanged(key, revision):
    """Holds as long as nobody has written the key since this revision; 0: as long as there is none."""
    return {"key": packed(key), "target": "MOD", "result": "EQUAL", "mod_revision": str(revision)}


class Gateway:
    """One user's way to a cluster. Endpoints are URLs; the one that answered last is asked first. Not for several threads at once."""

    def __init__(self, endpoints, ca=None, user=None, password=None, timeout_s=1.0):
        self.endpoints, self.ca, self.user, self.password, self.timeout_s = list(endpoints), ca, user, password, timeout_s
        self.connection = self.token = None

    # Requests

    def open(self, endpoint, timeout_s):
        place = urllib.parse.urlsplit(endpoint)
        if place.scheme == "http":
            return http.client.HTTPConnection(place.hostname, place.port or 2379, timeout=timeout_s)
        return http.client.HTTPSConnection(place.hostname, place.port or 2379, timeout=timeout_s,
                                           context=ssl.create_default_context(cafile=self.ca))

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def request(self, connection, path, body):
        """(status, what was answered)"""
        headers = {"Content-Type": "application/json", **({"Authorization": self.token} if self.token else {})}
        connection.request("POST", path, body=json.dumps(body), headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, {"error": "HTTP %d, and no JSON" % answer.status}

    def ask(self, path, body):
        """Of one endpoint after the other, until one answers."""
        wrong = []
        for _turn in range(len(self.endpoints)):
            endpoint = self.endpoints[0]
            try:
                self.connection = self.connection or self.open(endpoint, self.timeout_s)
                status, told = self.request(self.connection, path, body)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                wrong.append("%s: %s" % (endpoint, error or type(error).__name__))
            else:
                sentence = trouble(told)
                if status == 200 and not sentence:
                    return told
                if not lost(sentence):
                    raise StoreError("etcd at %s: %s" % (endpoint, sentence or "HTTP %d" % status), reached=True, stale=status == 401)
                self.close()
                wrong.append("%s: %s" % (endpoint, sentence))
            self.endpoints = [*self.endpoints[1:], endpoint]
        raise StoreError("no etcd answers: %s" % "; ".join(wrong))

    def call(self, path, body):
        if self.user and not self.token:
            self.authenticate()
        try:
            return self.ask(path, body)
        except StoreError as error:
            if not (self.user and (error.stale or any(words in str(error) for words in STALE_TOKEN))):
                raise
        self.authenticate()
        return self.ask(path, body)

    def authenticate(self):
        self.token = None
        try:
            self.token = self.ask("/v3/auth/authenticate", {"name": self.user, "password": self.password})["token"]
        except StoreError as error:
            if NO_AUTH not in str(error):
                raise

    # What is asked

    def grant(self, ttl_s):
        """The id of a new lease."""
        return self.call("/v3/lease/grant", {"TTL": str(ttl_s), "ID": "0"})["ID"]

    def keep_alive(self, lease):
        """Whether the lease was still there."""
        return int(self.call("/v3/lease/keepalive", {"ID": lease}).get("result", {}).get("TTL", 0)) > 0

    def revoke(self, lease):
        self.call("/v3/lease/revoke", {"ID": lease})

    def read(self, prefix):
        """{key without the prefix: (value, revision of its making, of its last change, lease)}"""
        found = self.call("/v3/kv/range", {"key": packed(prefix), "range_end": packed(after(prefix))})
        return {unpacked(one["key"])[len(prefix):]: (value_of(one), int(one["create_revision"]), int(one["mod_revision"]),
                                                     one.get("lease", "0")) for one in found.get("kvs", [])}

    def transact(self, compare, success):
        """Whether all comparisons held, and so everything was done."""
        return bool(self.call("/v3/kv/txn", {"compare": compare, "success": success}).get("succeeded"))

    # Whether there is a cluster at all

    def state_of(self, endpoint, timeout_s):
        try:
            with contextlib.closing(self.open(endpoint, timeout_s)) as one:
                told = self.request(one, "/v3/maintenance/status", {})[1]
        except ConnectionRefusedError:
            return REFUSED
        except (OSError, http.client.HTTPException):
            return SILENT
        return LED if int(told.get("leader", 0)) else LEADERLESS

    def leaderless(self, timeout_s=0.5):
        """Whether it is proven that nobody can change anything in this cluster: so many members are not running or know of no leader that
        the others are no majority. Who only does not answer may be well, and serve others."""
        endpoints = list(self.endpoints)
        with concurrent.futures.ThreadPoolExecutor(max_workers=len(endpoints)) as pool:
            states = list(pool.map(lambda one: self.state_of(one, timeout_s), endpoints))
        return no_majority(states)


def no_majority(states):
    out = sum(state in (REFUSED, LEADERLESS) for state in states)
    return out * 2 >= len(states) and LED not in states


def value_of(one):
    try:
        return json.loads(unpacked(one.get("value")))
    except ValueError:
        return {}


def trouble(told):
    """etcd's sentence about what went wrong, "" when nothing did."""
    error = told.get("error") if isinstance(told, dict) else "no dictionary"
    if isinstance(error, dict):
        return str(error.get("message") or error)
    # 3.4 says it in both, 3.5 in `message` alone.
    return str((told.get("message") if isinstance(told, dict) else "") or error or "")


# Another member may know better: this one has no leader, has not heard of it in time, or is about to end.
ELSEWHERE = ("no leader", "transport", "unavailable", "request timed out", "leader changed", "too many requests", "server stopped",
             "not capable", "unhealthy cluster")


def lost(sentence):
    """Whether another member should be asked."""
    return any(words in sentence for words in ELSEWHERE)

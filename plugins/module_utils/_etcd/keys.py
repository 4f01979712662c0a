# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, leases and transactions: for programs that share something, and stay on a host. Values are kept as JSON."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import http.client
import json

from ansible_collections.failover.stack.plugins.module_utils._etcd.api import Api, ApiError, answer_of

REFUSED, LEADERLESS, LED, SILENT = "refused", "leaderless", "led", "silent"


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


class Keys(Api):
    """One user's way to the keys of a cluster."""

    def grant(self, ttl_s):
        """The id of a new lease."""
        return self.call("lease/grant", {"TTL": str(ttl_s), "ID": "0"})["ID"]

    def keep_alive(self, lease):
        """Whether the lease was still there."""
        return int(self.call("lease/keepalive", {"ID": lease}).get("result", {}).get("TTL", 0)) > 0

    def read(self, prefix):
        """{key without the prefix: (value, revision of its making, of its last change, lease)}"""
        found = self.call("kv/range", {"key": packed(prefix), "range_end": packed(after(prefix))})
        return {unpacked(one["key"])[len(prefix):]: (value_of(one), int(one["create_revision"]), int(one["mod_revision"]),
                                                     one.get("lease", "0")) for one in found.get("kvs", [])}

    def transact(self, compare, success):
        """Whether all comparisons held, and so everything was done."""
        return bool(self.call("kv/txn", {"compare": compare, "success": success}).get("succeeded"))

    # Whether there is a cluster at all

    def state_of(self, endpoint, timeout):
        try:
            with contextlib.closing(self.open(endpoint, timeout)) as one:
                response = self.send(one, "maintenance/status", {})
                told = answer_of(response.status, response.read().decode("utf-8", "replace"))
        except ConnectionRefusedError:
            return REFUSED
        except (OSError, http.client.HTTPException, ApiError):
            return SILENT
        return LED if int(told.get("leader", 0)) else LEADERLESS

    def leaderless(self, timeout=0.5):
        """Whether it is proven that nobody can change anything in this cluster: so many members are not running or know of no leader that
        the others are no majority. Who only does not answer may be well, and serve others."""
        endpoints = list(self.endpoints)
        with concurrent.futures.ThreadPoolExecutor(max_workers=len(endpoints)) as pool:
            states = list(pool.map(lambda one: self.state_of(one, timeout), endpoints))
        return no_majority(states)


def no_majority(states):
    out = sum(state in (REFUSED, LEADERLESS) for state in states)
    return out * 2 >= len(states) and LED not in states


def value_of(one):
    try:
        return json.loads(unpacked(one.get("value")))
    except ValueError:
        return {}

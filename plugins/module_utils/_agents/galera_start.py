# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no module.log.
# pylint: disable=ansible-bad-function
"""Before the server of a Galera member is started: have the others gone on without what it has? See _galera/given_up.py."""

from __future__ import annotations

import concurrent.futures
import json
import os
import sys
import time
import urllib.request

from ansible_collections.failover.stack.plugins.module_utils._galera import given_up, state
from ansible_collections.failover.stack.plugins.module_utils._host import beneath

# What galera_new_cluster tells the unit. Whoever bootstraps has said so: what this member has is what the others get.
BOOTSTRAP = "_WSREP_NEW_CLUSTER"
# For all of the others to answer; at a power cut they come up at different times.
WAIT_S, ANSWER_S, ROUND_S = 5, 1, 0.3
LONGEST = 65536


def ask(url):
    """The record of another member; None when its check agent does not answer."""
    # Not through a proxy that some environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=ANSWER_S) as answer:
            return given_up.record_of(answer.read(LONGEST).decode("utf-8", "replace"))
    except (OSError, ValueError):
        return None


def records(urls, wait_s=WAIT_S, clock=time.monotonic, sleep=time.sleep):
    """{url: record} of those that answered, as soon as all have, or after wait_s seconds."""
    found, until = {}, clock() + wait_s
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(urls))) as pool:
        while True:
            missing = [url for url in urls if url not in found]
            found.update((url, record) for url, record in zip(missing, pool.map(ask, missing)) if record is not None)
            if len(found) == len(urls) or clock() >= until:
                return found
            sleep(ROUND_S)


def read(path):
    """None where there is no such file."""
    try:
        return beneath.read_text(path)
    except FileNotFoundError:
        return None


def has_position(datadir):
    """Whether it would join with data of its own. Of a torn or empty grastate.dat the position comes from InnoDB."""
    found = state.grastate(read(os.path.join(datadir, "grastate.dat")))
    return found["file"] != "missing" and found.get("uuid") != state.ZERO


def main(path):
    with open(path, encoding="utf-8") as handle:
        config = json.load(handle)
    name, note = config["name"], config.get("settled", given_up.SETTLED)
    settled = given_up.settled_of(read(note))
    begins = bool(os.environ.get(BOOTSTRAP))
    urls = ["http://%s:%d/given-up" % (place, config["port"]) for place in config["others"]]
    points = given_up.open_points(name, records(urls, 0 if begins else WAIT_S).values(), settled)
    if points and not begins and has_position(config["datadir"]):
        print(given_up.refusal(name, points), file=sys.stderr, flush=True)
        return 1
    if points:
        beneath.make_directory(os.path.dirname(note), 0o755)
        beneath.write(note, json.dumps(sorted({*settled, *points})) + "\n", 0o644, durable=True)
    return 0

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of a member: their names, what makes one a good one, which are kept."""

from __future__ import annotations

import calendar
import hashlib
import os
import re
import time

# etcd1-20261130T081500Z-r4711.db: whose, when, at which revision.
NAME = re.compile(r"^(?P<host>.+)-(?P<stamp>\d{8}T\d{6}Z)-r(?P<revision>\d+)\.db$")
STAMP = "%Y%m%dT%H%M%SZ"
# A database's pages, and at its end the SHA-256 of all before.
PAGE, DIGEST = 512, 32
BLOCK = 1 << 20


def name_of(host, seconds, revision):
    return "%s-%s-r%d.db" % (host, time.strftime(STAMP, time.gmtime(seconds)), revision)


def parse(name):
    """{name, host, time (seconds), revision}; None for a file that is none of ours."""
    match = NAME.match(name)
    if not match:
        return None
    return {"name": name, "host": match.group("host"), "revision": int(match.group("revision")),
            "time": calendar.timegm(time.strptime(match.group("stamp"), STAMP))}


def all_in(directory):
    """Those in a directory, the oldest first."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    found = [parse(name) for name in names]
    return sorted((one for one in found if one), key=lambda one: (one["time"], one["name"]))


def listed(directory, now):
    """Name, revision and age_s of each, the oldest first."""
    return [{"name": one["name"], "revision": one["revision"], "age_s": max(0, int(now - one["time"]))} for one in all_in(directory)]


def surplus(directory, keep):
    """Names of the oldest ones beyond so many."""
    return [one["name"] for one in all_in(directory)[:-keep]]


def objection(path):
    """What is wrong with a snapshot's file; empty when it is whole."""
    size = os.stat(path).st_size
    if size <= DIGEST or size % PAGE != DIGEST:
        return "it has %d bytes, which no whole snapshot has" % size
    digest, left = hashlib.sha256(), size - DIGEST
    with open(path, "rb") as handle:
        while left:
            block = handle.read(min(BLOCK, left))
            if not block:
                return "it cannot be read to its end"
            digest.update(block)
            left -= len(block)
        return "" if handle.read() == digest.digest() else "its checksum is not that of its content"

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a running observer is told to finish and how it leaves what it saw."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import signal
import struct
import time
import zlib

# struct flock of 64-bit Linux.
LOCK = "hhqqi"
# Seconds in which an observer that was just started must be there.
THERE_S = 10


def read_json(path):
    try:
        with open(path) as handle:
            return json.load(handle)
    except (OSError, ValueError):
        return None


def write_json(path, value):
    """Whole or not at all: the observer reads it while we write."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path + ".new", "w") as handle:
        json.dump(value, handle)
    os.rename(path + ".new", path)


def wait_for_file(path, seconds, alive=None, patience_s=THERE_S):
    """What the observer left, None when it left nothing in time, or is not there to leave anything."""
    last_there = time.monotonic()
    until = last_there + seconds
    while time.monotonic() < until:
        there = alive is None or alive()
        # Asked in this order: it leaves its file before it goes.
        found = read_json(path)
        if found is not None:
            return found
        if there:
            last_there = time.monotonic()
        elif time.monotonic() - last_there > patience_s:
            return None
        time.sleep(0.2)
    return None


def holder(control):
    """The process of the observer that runs, None without one."""
    try:
        with open(control + ".lock", "rb") as handle:
            asked = struct.pack(LOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _from, _start, _length, process = struct.unpack(LOCK, fcntl.fcntl(handle, fcntl.F_GETLK, asked))
    except FileNotFoundError:
        return None
    return None if kind == fcntl.F_UNLCK else process


def end_other(control, patience_s=2.0):
    """Ends an observer that runs, of a run that was interrupted say; whether there was one. It shares its files with every other."""
    found = holder(control)
    for number in (signal.SIGTERM, signal.SIGKILL) if found else ():
        with contextlib.suppress(ProcessLookupError):
            os.kill(found, number)
        until = time.monotonic() + patience_s
        while holder(control) == found and time.monotonic() < until:
            time.sleep(0.05)
    if found and holder(control) == found:
        raise OSError("the observer of an earlier drill, process %d, does not end" % found)
    return found is not None


def take_place(control):
    """Ends any other observer and takes its place, for as long as the descriptor that is returned is open."""
    os.makedirs(os.path.dirname(control), mode=0o700, exist_ok=True)
    end_other(control)
    place = os.open(control + ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.lockf(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return place


def pack(value):
    return base64.b64encode(zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6)).decode()


def unpack(text):
    return json.loads(zlib.decompress(base64.b64decode(text)).decode())


def concealed(value, secrets):
    """The same without the secrets, wherever they stand: what is kept in a file must not hold one."""
    if isinstance(value, dict):
        return {concealed(key, secrets): concealed(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [concealed(item, secrets) for item in value]
    if isinstance(value, str):
        # The longest first, since one may be a part of another.
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            value = value.replace(secret, "(not shown)")
    return value

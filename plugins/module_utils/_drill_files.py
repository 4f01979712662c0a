# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a running observer is told to finish and how it leaves what it saw."""

from __future__ import annotations

import base64
import json
import os
import time
import zlib


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


def wait_for_file(path, seconds):
    """What the observer left, None when it left nothing in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = read_json(path)
        if found is not None:
            return found
        time.sleep(0.2)
    return None


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

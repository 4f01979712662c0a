# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the controller that a site gives to a role: what is wrong with them is told before any host is changed."""

from __future__ import annotations

import functools
import hashlib
import os


def sum_of(path, kind="sha256"):
    """kind, a colon and the hexadecimal digits of a file of the controller; empty when it is no file. Asked for each host, it is read
    once."""
    if not os.path.isfile(path):
        return ""
    told = os.stat(path)
    return _read(path, kind, told.st_mtime_ns, told.st_size)


@functools.lru_cache(maxsize=64)
def _read(path, kind, _mtime_ns, _size):
    digest = hashlib.new(kind)
    with open(path, "rb") as handle:
        for block in iter(lambda: handle.read(1 << 20), b""):
            digest.update(block)
    return "%s:%s" % (kind, digest.hexdigest())

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host keeps of its own past, as JSON in a file."""

from __future__ import annotations

import contextlib
import json
import os


def read_json(path):
    """What is written there; an empty dictionary when there is no such file."""
    try:
        with open(path, encoding="utf-8") as handle:
            return json.load(handle)
    except FileNotFoundError:
        return {}


@contextlib.contextmanager
def replacing(path):
    """What is written to the handle stands at the path in one step, and is on the disk before it counts."""
    with open(path + ".new", "w", encoding="utf-8") as handle:
        yield handle
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(path + ".new", path)


def write_text(path, text):
    with replacing(path) as handle:
        handle.write(text)


def write_json(path, value):
    with replacing(path) as handle:
        json.dump(value, handle, indent=1, sort_keys=True)
        handle.write("\n")

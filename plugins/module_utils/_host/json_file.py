# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host keeps of its own past, as JSON in a file."""

from __future__ import annotations

import json
import os


def read_json(path):
    """What is written there; an empty dictionary when there is no such file."""
    try:
        with open(path, encoding="utf-8") as handle:
            return json.load(handle)
    except FileNotFoundError:
        return {}


def write_text(path, text):
    """In one step, and on the disk before it counts."""
    with open(path + ".new", "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(path + ".new", path)


def write_json(path, value):
    """As write_text()."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")

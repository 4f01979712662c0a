# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a directory that may hang, by a process of its own: whoever asks gets an answer in time."""

from __future__ import annotations

import json
import subprocess
import sys
import time

# Its first file is read, too: a server may still tell what it has and give nothing of it.
LOOK = """
import json, os, sys
error = None
try:
    for entry in sorted(os.scandir(sys.argv[1]), key=lambda one: one.name):
        if entry.is_file():
            with open(entry.path, "rb") as handle:
                handle.read(1)
            break
except PermissionError:
    pass
except OSError as one:
    error = one.strerror
print(json.dumps(error))
"""


def within(path, limit_s):
    """{seconds, error} of a look at a path; None when it did not end in time."""
    began = time.monotonic()
    process = subprocess.Popen(  # pylint: disable=ansible-bad-function  # run_command waits for as long as the kernel does
        [sys.executable, "-IS", "-c", LOOK, path], stdout=subprocess.PIPE, text=True)
    try:
        said = process.communicate(timeout=limit_s)[0]
    except subprocess.TimeoutExpired:
        # It ends when the kernel lets it; nobody waits for that.
        process.kill()
        return None
    return {"seconds": round(time.monotonic() - began, 3), "error": json.loads(said)}

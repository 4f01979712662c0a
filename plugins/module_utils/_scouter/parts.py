# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collector's parts as a Maven repository has them. Pure."""

from __future__ import annotations

import re

LINE = re.compile(r"^(?P<sum>[0-9a-f]{64})  (?P<path>[A-Za-z0-9._/-]+)$")


def parse(text):
    """[{path, checksum}] of a list as sha256sum writes it, comments left out. ValueError with a line that is none."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = LINE.match(line)
        if not match or ".." in match.group("path").split("/"):
            raise ValueError("line %d is no checksum and path" % number)
        found.append({"path": match.group("path"), "checksum": "sha256:" + match.group("sum")})
    return found

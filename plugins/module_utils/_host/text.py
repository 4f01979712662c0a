# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that somebody else wrote, to look at."""

from __future__ import annotations


def text_of(path):
    """What is in it; empty where it is not there or cannot be read. Bytes that are no UTF-8 are replaced."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return ""

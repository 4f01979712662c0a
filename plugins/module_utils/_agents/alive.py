# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program's sign of life for systemd, see sd_notify(3) and WatchdogSec= in systemd.service(5)."""

from __future__ import annotations

import contextlib
import os
import socket


def beat():
    """Nothing where systemd asks for none. A sign that cannot be sent is missing, and systemd acts on that."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if place:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
            one.sendto(b"READY=1\nWATCHDOG=1", "\0" + place[1:] if place.startswith("@") else place)

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FILE INTERVAL FALL RISE ADDRESS...: keeps 0 in FILE while one of the addresses answers pings, 1 (a fault) while none.

One process that stays, where a check script would be several new ones every second. keepalived tracks the file.
"""

from __future__ import annotations

import os
import select
import socket
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import alive, ping

GOOD, FAULT = "0\n", "1\n"


def write(path, text):
    """In place: keepalived watches this very file."""
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def main(path, interval, fall, rise, *places):
    interval, fall, rise = float(interval), int(fall), int(rise)
    addresses = [(socket.AF_INET6 if ":" in address else socket.AF_INET, address) for address in places]
    sockets = {family: ping.open_socket(family) for family in {family for family, _address in addresses}}
    number, sequence, count, good = os.getpid() & 0xFFFF, 0, 0, None
    following = time.monotonic()
    while True:
        alive.beat()
        sequence = (sequence + 1) & 0xFFFF
        for family, address in addresses:
            try:
                sockets[family].sendto(ping.echo(family, number, sequence), (address, 0))
            except OSError:
                # No route, no carrier: no answer either.
                continue
        following = max(following + interval, time.monotonic())
        heard = False
        while (left := following - time.monotonic()) > 0:
            ready = select.select(list(sockets.values()), [], [], left)[0]
            for one in ready:
                try:
                    heard = ping.is_answer(one.family, one.recv(2048), number) or heard
                except OSError:
                    continue
        count = 0 if heard == good else count + 1
        if good is None or count >= (rise if heard else fall):
            good, count = heard, 0
            write(path, GOOD if good else FAULT)

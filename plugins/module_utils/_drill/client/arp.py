# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers for a virtual address, asked by ARP every few milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import struct
import time

from ansible_collections.failover.stack.plugins.module_utils._vip.address import ETH_P_ARP, arp_answer, arp_question

LAST_ANSWER_S = 0.5


class Holders:
    """Who answers for each address, round by round.

    Rounds alternate between two forms of the question, and a reply names the form it answers: a
    late reply of the round before cannot be taken for a second holder in this one.
    """

    def __init__(self, addresses, names=None):
        self.names = dict(names or {})
        self.macs = []
        self.spans = dict((a, []) for a in addresses)  # [first, last, mask of holders]
        self.rounds = {}
        self.latest = {0: None, 1: None}

    def index(self, mac):
        if mac not in self.macs:
            self.macs.append(mac)
        return self.macs.index(mac)

    def begin(self, form, now):
        self.close(self.latest[form])
        self.latest[form] = key = (now, form)
        self.rounds[key] = dict((a, 0) for a in self.spans)

    def reply(self, form, mac, address):
        key = self.latest[form]
        if key in self.rounds and address in self.rounds[key]:
            self.rounds[key][address] |= 1 << self.index(mac)

    def close(self, key):
        for address, mask in self.rounds.pop(key, {}).items():
            spans = self.spans[address]
            if spans and spans[-1][2] == mask:
                spans[-1][1] = key[0]
            else:
                spans.append([key[0], key[0], mask])

    def finish(self):
        for key in sorted(self.rounds):
            self.close(key)

    def export(self):
        return {
            "macs": self.macs,
            "names": [self.names.get(m, m) for m in self.macs],
            "spans": dict((a, [[round(b, 1), round(e, 1), m] for b, e, m in s]) for a, s in self.spans.items()),
        }


class Prober:
    """Asks who has the virtual addresses."""

    def __init__(self, vips, neighbours, now):
        self.vips = vips
        self.now = now
        self.holders = Holders(vips)
        self.neighbours = dict((a, n) for n, a in neighbours.items())
        self.interface, self.source = route_to(vips[0])
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP))
        self.socket.bind((self.interface, ETH_P_ARP))
        self.socket.setblocking(False)
        self.mac = self.socket.getsockname()[4]

    def listen(self, loop):
        loop.add_reader(self.socket.fileno(), self.read)

    def read(self):
        while True:
            try:
                frame = self.socket.recv(128)
            except (BlockingIOError, OSError):
                return
            answer = arp_answer(frame)
            if answer is None or frame[0:6] != self.mac:
                continue
            mac, address, asked = answer
            if address in self.neighbours:
                self.holders.names[mac] = self.neighbours[address]
            self.holders.reply(0 if asked == "0.0.0.0" else 1, mac, address)

    def ask(self, address, form):
        with contextlib.suppress(OSError):
            self.socket.send(arp_question(self.mac, self.source if form else None, address))

    async def meet(self):
        for address in self.neighbours:
            self.ask(address, 1)
        await asyncio.sleep(0.1)

    async def run(self, every, stop):
        form, step, start = 0, 0, time.monotonic()
        while not stop.is_set():
            self.holders.begin(form, self.now())
            for address in self.vips:
                self.ask(address, form)
            form, step = 1 - form, step + 1
            # A question that comes late must not rob the one before it of its time for an answer.
            step = max(step, math.ceil((time.monotonic() - start) / every))
            await asyncio.sleep(max(0.0, start + step * every - time.monotonic()))
        # Nor does the end: who holds the address last is judged.
        await asyncio.sleep(LAST_ANSWER_S)
        self.holders.finish()


def route_to(address):
    """(interface, own address) towards an address, by asking the kernel's routing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))
        source = probe.getsockname()[0]
    best = ("", -1)
    with open("/proc/net/route") as routes:
        for line in routes.readlines()[1:]:
            name, net, _gw, _flags, _ref, _use, _metric, mask = line.split()[:8]
            net, mask = int(net, 16), int(mask, 16)
            target = struct.unpack("=I", socket.inet_aton(address))[0]
            if target & mask == net and bin(mask).count("1") > best[1]:
                best = (name, bin(mask).count("1"))
    return best[0], source

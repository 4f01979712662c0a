# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no module.log.
# pylint: disable=ansible-bad-function
"""Whether this machine is cut off: several machines that just answered its pings have all fallen silent together.

Part of programs that stay on a host (the watchdogs of httpd and of Tomcat), not of modules.
"""

from __future__ import annotations

import ipaddress
import json
import os
import select
import socket
import struct
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import ping

# Who has answered within so many rounds counts as having been there when the silence began.
RECENT_ROUNDS = 10


class Witnesses:
    """Counts rounds of pings. One machine that falls silent has died; two or more at once: it is this one that is cut off."""

    def __init__(self, silent_rounds, stall_s):
        self.silent_rounds, self.stall_s = silent_rounds, stall_s
        self.round, self.silence, self.last, self.company = 0, 0, {}, frozenset()
        self.cut = False

    def judge(self, heard, took_s):
        """What this round, in which these addresses answered and which took so long, says: whether this machine is cut off.

        A round that took far too long says that this machine stood still, and nobody heard anything of it meanwhile.
        """
        self.round += 1
        if took_s >= self.stall_s and len(self.company) > 1:
            self.cut, self.silence = True, 0
            return True
        if heard:
            self.last.update(dict.fromkeys(heard, self.round))
            self.company = frozenset(a for a, at in self.last.items() if self.round - at < RECENT_ROUNDS)
            self.cut, self.silence = False, 0
            return False
        self.silence += 1
        self.cut = self.cut or (self.silence >= self.silent_rounds and len(self.company) > 1)
        return self.cut

    def silent(self, address):
        """For how many rounds this one has not answered; None when it never has."""
        return self.round - self.last[address] if address in self.last else None


def gateway(table):
    """The default route's gateway in the text of /proc/net/route, or None."""
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) > 3 and words[1] == "00000000" and int(words[3], 16) & 2:
            return socket.inet_ntoa(struct.pack("<L", int(words[2], 16)))
    return None


def gateway6(table):
    """The same of /proc/net/ipv6_route. Most are link-local: then with the interface."""
    for line in table.splitlines():
        words = line.split()
        if len(words) > 9 and words[0] == "0" * 32 and words[1] == "00" and int(words[8], 16) & 2:
            found = ipaddress.IPv6Address(bytes.fromhex(words[4]))
            return "%s%%%s" % (found, words[9]) if found.is_link_local else str(found)
    return None


def routers(paths=("/proc/net/route", "/proc/net/ipv6_route")):
    """This machine's gateway, as a list of none or one: with both families one machine, which must not count as two."""
    for path, gateway_in in zip(paths, (gateway, gateway6)):
        # Without IPv6 there is no such file.
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                found = gateway_in(file.read())
            if found:
                return [found]
    return []


def is_own(family, place):
    """Nobody can bind another machine's address. One's own always answers."""
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        try:
            one.bind(place)
        except OSError:
            return False
    return True


def company(pings, peers, rounds=20):
    """Who answers within some rounds, and whether these are enough to tell a cut from somebody's death.

    Two are, or one that is no peer: when the peers are back, they are two.
    """
    heard = set()
    for _round in range(rounds):
        heard |= pings.round()[0]
        if len(heard) > 1 or heard - set(peers):
            return heard, True
    return heard, not peers


class Pings:
    """Asks all addresses (or names) once a round, each round as long as the interval; its own it leaves out."""

    def __init__(self, addresses, interval_s):
        found = {}
        for address in addresses:
            family, _type, _protocol, _name, place = socket.getaddrinfo(address, 0, type=socket.SOCK_DGRAM)[0]
            if not is_own(family, place):
                found[place[0]] = (family, address)
        self.found = found
        self.interval_s, self.number, self.sequence = interval_s, os.getpid() & 0xFFFF, 0
        self.sockets = {family: ping.open_socket(family) for family in {family for family, _name in found.values()}}
        self.began = time.monotonic()

    def send(self):
        self.sequence = (self.sequence + 1) & 0xFFFF
        for address, (family, _name) in self.found.items():
            try:
                self.sockets[family].sendto(ping.echo(family, self.number, self.sequence), (address, 0))
            except OSError:
                # No route, no carrier: no answer either.
                continue

    def hear(self, left):
        heard = set()
        for one in select.select(list(self.sockets.values()), [], [], left)[0]:
            try:
                data, source = one.recvfrom(2048)
            except OSError:
                continue
            if source[0] in self.found and ping.is_answer(one.family, data, self.number):
                heard.add(self.found[source[0]][1])
        return heard

    def round(self):
        """(who answered, how long it took since the last round)"""
        self.send()
        end, heard = time.monotonic() + self.interval_s, set()
        while (left := end - time.monotonic()) > 0:
            heard |= self.hear(left)
        heard |= self.hear(0)
        began, self.began = self.began, time.monotonic()
        return heard, self.began - began

    def skip(self):
        """What was done since the last round takes its time and says nothing about this machine."""
        self.began = time.monotonic()


def verdict(given, pings):
    """A sentence on who can witness that this host is cut off, and whether they are enough."""
    heard, enough = company(pings, given["peers"])
    if enough:
        return "%s answer pings." % (", ".join(sorted(heard)) or "No other machine has to"), True
    return "%s: of %s %s answers pings, so this host cannot tell whether it is cut off: name machines that answer in %s." % (
        given["host"], ", ".join(sorted(name for _family, name in pings.found.values())) or "no machine",
        "only %s" % ", ".join(sorted(heard)) if heard else "none", given["variable"]), False


def main(path, watchdog_of, what="run"):
    """A watchdog's life. watchdog_of makes it from its configuration; its tick() does a round's work and says whether that took time.

    With 'probe' only the witnesses are asked; the exit status says whether they are enough.
    """
    with open(path, encoding="utf-8") as file:
        given = json.load(file)
    pings = Pings(given["peers"] + given["witnesses"] + routers(), given["interval_ms"] / 1000)
    if what == "probe":
        sentence, good = verdict(given, pings)
        print(sentence)
        return 0 if good else 1
    witnesses = Witnesses(max(1, round(given["silent_ms"] / given["interval_ms"])), given["stall_ms"] / 1000)
    watchdog = watchdog_of(given)
    while True:
        cut = witnesses.judge(*pings.round())
        if watchdog.tick(cut, witnesses, time.monotonic()):
            pings.skip()

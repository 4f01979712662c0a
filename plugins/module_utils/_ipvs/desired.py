# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's options as a table, and what is wrong with them."""

from __future__ import annotations

import socket
from collections import namedtuple

from ansible_collections.failover.stack.plugins.module_utils._ipvs.options import SERVER, SERVICE, checked
from ansible_collections.failover.stack.plugins.module_utils._ipvs.parse import (
    BITS,
    CHECKSUMS,
    FLAGS,
    METHODS,
    NO_FLAGS,
    PROTOCOLS,
    Options,
    Server,
    canonical,
    in_words,
    joined,
)

# servers: {name: Server, or None for one that must not be there}; thresholds: {name: (upper, lower)} of those that name any.
Wanted = namedtuple("Wanted", "options servers thresholds")

LONGEST = 31 * 86400
LARGEST = 2147483647
DEFAULT_NETMASKS = {4: "255.255.255.255", 6: "128"}


class Desired:
    """Reads the options once. `services` is {name: Wanted, or None for absent}; `problems` has one sentence for each mistake."""

    def __init__(self, host):
        self.host = host
        self.services = {}
        self.problems = []
        self.mixed = None
        self._addresses = {}
        self._servers = {}

    def problem(self, where, text, *values):
        self.problems.append("%s: %s %s" % (self.host, where, text % values))

    def address(self, text):
        """The same few addresses stand in thousands of entries."""
        found = self._addresses.get(text)
        if found is None:
            found = self._addresses[text] = canonical(text)
        return found

    # --- Services ---

    def add(self, services):
        for number, entry in enumerate(services):
            where = "services[%d]" % number
            service = self.checked(where, entry, SERVICE)
            if service is None:
                continue
            family, port, name = self.name(where, service)
            if name is None:
                continue
            where = "%s (%s)" % (where, in_words(name))
            if name in self.services:
                self.problem(where, "is named twice: put its servers together.")
            if service.get("state") == "absent":
                self.services[name] = None
                continue
            options = self.options(where, service, family, port)
            servers, thresholds = {}, {}
            for place, server in enumerate(service.get("servers") or ()):
                server = self.checked((where, place), server, SERVER, ("address",))
                if server is not None:
                    self.server(where, place, server, (family, port, servers, thresholds))
            self.services[name] = Wanted(options, servers, thresholds)
        return self

    def checked(self, where, entry, spec, required=()):
        """The entry with its types, None when something is wrong with them."""
        values, wrong = checked(entry, spec, required)
        for sentence in wrong:
            self.problem(where if isinstance(where, str) else "%s servers[%d]" % where, "%s.", sentence)
        return None if wrong else values

    def name(self, where, service):
        """(family, port, name), the name None when there is none."""
        mark, address, port = service.get("fwmark"), service.get("address"), service.get("port")
        if mark is not None:
            if address is not None or port is not None:
                self.problem(where, "has a fwmark and an address or port: a service is known by either of them, take one away.")
            elif not 1 <= mark <= 4294967295:
                self.problem(where, "has fwmark %s: give a number from 1 to 4294967295.", mark)
            else:
                six = service.get("family") == "ipv6"
                return (6 if six else 4), 0, "-f %d%s" % (mark, " -6" if six else "")
            return None, None, None
        if address is None:
            self.problem(where, "has neither address nor fwmark: give one of them.")
            return None, None, None
        family, text = self.address(address)
        if family is None:
            self.problem(where, "has address %r, which is no IPv4 or IPv6 address: write one without prefix length.", address)
            return None, None, None
        if not 0 <= (port or 0) <= 65535:
            self.problem(where, "has port %s: give a number from 0 to 65535.", port)
            return None, None, None
        return family, port or 0, "%s %s" % (PROTOCOLS[service.get("protocol") or "tcp"], joined(family, text, port or 0))

    def options(self, where, service, family, port):
        persistent, engine = service.get("persistent") or 0, service.get("persistence_engine") or ""
        protocol = None if service.get("fwmark") is not None else service.get("protocol") or "tcp"
        scheduler = service.get("scheduler") or "wlc"
        if not 0 <= persistent <= LONGEST:
            self.problem(where, "has persistent %s: give seconds from 1 to %d, or leave it out.", persistent, LONGEST)
        if port == 0 and protocol and not persistent:
            self.problem(where, "has port 0 (every port) without persistent, which the kernel refuses: give a port, or seconds in "
                                "persistent.")
        if engine and not persistent:
            self.problem(where, "has persistence_engine %s without persistent: give the seconds in persistent.", engine)
        if engine and protocol not in (None, "udp"):
            self.problem(where, "has persistence_engine %s with protocol %s, but SIP calls are read from UDP only: set protocol to udp.",
                         engine, protocol)
        if service.get("one_packet") and protocol not in (None, "udp"):
            self.problem(where, "has one_packet with protocol %s, which only UDP can: set protocol to udp, or one_packet to false.",
                         protocol)
        return Options(scheduler, self.flags(where, service, scheduler), persistent,
                       self.netmask(where, service, family, persistent), engine, bool(service.get("one_packet")))

    def flags(self, where, service, scheduler):
        bits, known = 0, FLAGS.get(scheduler, NO_FLAGS)
        allowed = set(known[:2]) | {"flag-1", "flag-2"} if scheduler in FLAGS else set(NO_FLAGS)
        for flag in service.get("scheduler_flags") or ():
            if flag not in allowed:
                self.problem(where, "has scheduler flag %r, which scheduler %s does not have: use one of %s.",
                             flag, scheduler, ", ".join(sorted(allowed)))
            bits |= BITS.get(flag, 0)
        return bits

    def netmask(self, where, service, family, persistent):
        text = service.get("netmask")
        if text is None or text == "":
            return ""
        if not persistent:
            self.problem(where, "has netmask %s without persistent, where it means nothing: give the seconds in persistent.", text)
        text = str(text).lstrip("/")
        if text.isdigit() and 1 <= int(text) <= (32 if family == 4 else 128):
            text = str(int(text)) if family == 6 else mask_of(int(text))
        elif family == 6:
            self.problem(where, "has netmask %r: give a prefix length from 1 to 128.", text)
        elif self.address(text)[0] != 4:
            self.problem(where, "has netmask %r: give one like 255.255.255.0 or a prefix length from 1 to 32.", text)
        return "" if text == DEFAULT_NETMASKS[family] else text

    # --- Real servers ---

    def server(self, where, place, server, of):
        family, port, servers, thresholds = of
        kind_of_address, text = self.address(server["address"])

        def problem(words, *values):
            self.problem("%s servers[%d] (%s)" % (where, place, server["address"]), words, *values)

        if kind_of_address is None:
            return problem("is no IPv4 or IPv6 address: write one without prefix length.")
        method, own = server.get("method") or "DR", server.get("port")
        own = port if own is None else own
        if not 0 <= own <= 65535:
            return problem("has port %s: give a number from 0 to 65535.", own)
        if own != port and method != "NAT":
            problem("has port %d, but with %s a packet keeps the port of its service (%d): leave the port out, or use method NAT.",
                    own, method, port)
        if kind_of_address != family and method != "TUN":
            problem("has an IPv%d address in an IPv%d service, which only a tunnel can carry: use method TUN.", kind_of_address, family)
        if kind_of_address != family:
            self.mixed = self.mixed or "%s servers[%d] (%s)" % (where, place, server["address"])
        name = joined(kind_of_address, text, own)
        if name in servers:
            problem("is named twice: take one away.")
        servers[name] = None if server.get("state") == "absent" else self.kind(problem, server, method)
        upper, lower = server.get("upper_threshold"), server.get("lower_threshold")
        if upper is not None or lower is not None:
            thresholds[name] = (upper or 0, lower or 0)
            if not 0 <= (lower or 0) <= (upper or 0) <= LARGEST:
                problem("has upper_threshold %d and lower_threshold %d: give numbers from 0, the lower not above the upper.",
                        *thresholds[name])
        return None

    def kind(self, problem, server, method):
        weight = server.get("weight")
        weight = 1 if weight is None else weight
        parts = (method, weight, server.get("tunnel_type"), server.get("tunnel_port"), server.get("tunnel_checksum"))
        found = self._servers.get(parts)
        if found is not None:
            return found
        before = len(self.problems)
        if not 0 <= weight <= LARGEST:
            problem("has weight %s: give a number from 0 to %d.", weight, LARGEST)
        found = Server(METHODS[method], weight, *self.tunnel(problem, method, *parts[2:]))
        if len(self.problems) == before:
            self._servers[parts] = found
        return found

    def tunnel(self, problem, method, tunnel, port, checksum):
        if method != "TUN":
            if tunnel or port or checksum:
                problem("has tunnel options with method %s: use method TUN, or take them away.", method)
            return "ipip", 0, "nocsum"
        tunnel, checksum = tunnel or "ipip", checksum or "none"
        if tunnel == "gue" and not 1 <= (port or 0) <= 65535:
            problem("is a GUE tunnel with tunnel_port %s: give a number from 1 to 65535.", port)
        if tunnel != "gue" and port:
            problem("has tunnel_port %s with tunnel_type %s, which has no port: use gue, or take it away.", port, tunnel)
        if (tunnel == "ipip" and checksum != "none") or (tunnel == "gre" and checksum == "remcsum"):
            problem("has tunnel_checksum %s, which tunnel_type %s cannot: use %s.", checksum, tunnel,
                    "none" if tunnel == "ipip" else "none or csum")
        return tunnel, port or 0, CHECKSUMS[checksum]

    # --- Weights alone ---

    def weights(self, items, table):
        """Services of the table with other weights for the servers that `weights` names."""
        for number, item in enumerate(items):
            where = "weights[%d] (%s)" % (number, item["server"])
            family, text = self.address(item["server"])
            if family is None:
                self.problem(where, "is no IPv4 or IPv6 address: write one without prefix length.")
                continue
            if not 0 <= item["weight"] <= LARGEST:
                self.problem(where, "has weight %s: give a number from 0 to %d.", item["weight"], LARGEST)
                continue
            names = self._services_of(where, item, table)
            if names is not None and not self._set_weights(names, table, item, (family, text)):
                self.problem(where, "is a real server of no such service in the kernel's table: see `ipvsadm -Sn`, and add it with "
                                    "`services`.")
        return self

    def _services_of(self, where, item, table):
        if item.get("fwmark") is None and item.get("address") is None:
            return list(table)
        _family, _port, name = self.name(where, item)
        return None if name is None else [name] if name in table else []

    def _set_weights(self, names, table, item, server):
        prefix, port, found = joined(server[0], server[1], 0)[:-1], item.get("server_port"), False
        for name in names:
            for key, kind in table[name][1].items():
                if key.startswith(prefix) and (port is None or key == prefix + str(port)):
                    found = True
                    wanted = self.services.setdefault(name, Wanted(table[name][0], {}, {}))
                    wanted.servers[key] = kind._replace(weight=item["weight"])
        return found


def mask_of(length):
    return socket.inet_ntop(socket.AF_INET, (0xFFFFFFFF << (32 - length) & 0xFFFFFFFF).to_bytes(4, "big"))


def daemons_problems(host, daemons, mixed=None):
    """What is wrong with `sync_daemons`. mixed: where a server has not the address family of its service."""
    found, seen = [], set()
    if daemons and mixed:
        found.append("%s: %s has another address family than its service, which the kernel refuses together with sync_daemons: do "
                     "without one of them." % (host, mixed))
    for number, daemon in enumerate(daemons):
        where = "%s: sync_daemons[%d] (%s)" % (host, number, daemon["state"])
        if daemon["state"] in seen:
            found.append("%s is named twice: the kernel runs one of each state, take one away." % where)
        seen.add(daemon["state"])
        for key, low, high in (("id", 0, 255), ("maxlen", 1, 65507), ("port", 1, 65535), ("ttl", 1, 255)):
            value = daemon.get(key)
            if value is not None and not low <= value <= high:
                found.append("%s has %s %s: give a number from %d to %d." % (where, key, value, low, high))
        if daemon.get("group") is not None and not is_multicast(daemon["group"]):
            found.append("%s has group %s, which is no multicast address: use one like 224.0.0.81 or ff02::81." % (where, daemon["group"]))
    return found


def is_multicast(text):
    family, address = canonical(text)
    if family == 4:
        return 224 <= int(address.split(".")[0]) <= 239
    return family == 6 and address.startswith("ff")


def timeouts_problems(host, timeouts):
    return ["%s: timeouts.%s is %s: give seconds from 1 to %d, or 0 to leave it as it is." % (host, key, timeouts[key], LONGEST)
            for key in ("tcp", "tcpfin", "udp") if not 0 <= (timeouts.get(key) or 0) <= LONGEST]

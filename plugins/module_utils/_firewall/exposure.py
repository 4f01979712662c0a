# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches which port of whom, compared with who may. Pure but for connects()."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import json
import selectors
import socket
import time

from ansible_collections.failover.stack.plugins.module_utils._firewall.matrix import allowed
from ansible_collections.failover.stack.plugins.module_utils._host.listening import EVERYWHERE

OPEN, REFUSED, DROPPED, UNREACHED = "open", "refused", "dropped", "unreached"
# Whom the rules let in is asked again, with so many times the time: a busy machine is no closed door.
MORE_TIME = (2, 4)
# A firewall may also say that the host is unreachable or that it is prohibited. Without a route at all nothing was asked.
RESULTS = {0: OPEN, errno.ECONNREFUSED: REFUSED, errno.ETIMEDOUT: DROPPED, errno.EHOSTUNREACH: DROPPED, errno.EACCES: DROPPED}


def held(listing):
    """Addresses by which others reach a host, as "ip -j address" shows them: those of lo and of one link are not."""
    return [one["local"] for link in json.loads(listing or "[]") if link.get("ifname") != "lo" for one in link.get("addr_info") or []
            if one.get("scope") == "global" and one.get("local")]


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Attempt:
    """One connection that is being made. result and source as soon as they are known."""

    def __init__(self, address, port, end):
        self.address, self.port, self.end, self.result, self.source = address, port, end, None, ""
        self.socket = socket.socket(family_of(address), socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.judge(self.socket.connect_ex((address, port)))
        with contextlib.suppress(OSError):
            self.source = self.socket.getsockname()[0]

    def judge(self, error):
        """What an error number says; nothing yet while it is under way."""
        if error not in (errno.EINPROGRESS, errno.EALREADY):
            self.result = RESULTS.get(error, UNREACHED)

    def over(self, now):
        if self.result is None and now >= self.end:
            self.result = DROPPED
        return self.result is not None

    def told(self):
        return {"address": self.address, "port": self.port, "result": self.result, "source": self.source}


def connects(targets, timeout_s, at_once):
    """What becomes of a connection to each of the targets ({address, port, expected}), in their order, so many under way at once. Each is
    closed as soon as it is known; nothing is sent. One that is expected is not dropped because it was slow once."""
    told = attempts(targets, timeout_s, at_once)
    for times in MORE_TIME:
        slow = [index for index, target in enumerate(targets) if target.get("expected") and told[index]["result"] == DROPPED]
        for index, again in zip(slow, attempts([targets[index] for index in slow], timeout_s * times, at_once)):
            told[index] = again
    return told


def attempts(targets, timeout_s, at_once):
    """One connection to each of them, as connects() has it."""
    waiting, under_way, told = list(reversed(targets)), {}, []
    with selectors.DefaultSelector() as selector:
        while waiting or under_way:
            now = time.monotonic()
            while waiting and len(under_way) < at_once:
                target = waiting.pop()
                one = Attempt(target["address"], int(target["port"]), now + timeout_s)
                told.append(one)
                if one.result is None:
                    under_way[one.socket] = one
                    selector.register(one.socket, selectors.EVENT_WRITE)
                else:
                    one.socket.close()
            for key, _events in selector.select(0.1) if under_way else []:
                one = under_way[key.fileobj]
                one.judge(one.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            for one in [one for one in under_way.values() if one.over(time.monotonic())]:
                selector.unregister(one.socket)
                del under_way[one.socket]
                one.socket.close()
    return [one.told() for one in told]


# -- what is asked ------------------------------------------------------------------------------


def listened(ports):
    """{address: ports} of a host's listeners, as ports_info tells them, at addresses by which others reach it."""
    found = {address: set() for address in ports["addresses"]}
    for one in ports["listening"]:
        address, port = one["address"], int(one["port"])
        # A socket of IPv6 for everything takes IPv4 as well, unless it is told otherwise; refused then, which is no difference.
        places = [place for place in found if address == "::" or ":" not in place] if address in EVERYWHERE else [address]
        for place in places:
            if place in found:
                found[place].add(port)
    return found


def declared(entries, host, widest=16):
    """TCP ports of a host that somebody may connect to; of a wide range its ends."""
    ports = set()
    for one in entries:
        if one["host"] == host and one["protocol"] == "tcp":
            for span in one["ports"]:
                first, last = (span, span) if isinstance(span, int) else span
                ports |= set(range(first, last + 1)) if last - first < widest else {first, last}
    return ports


def targets(entries, seen, hosts):
    """Every port of these hosts that listens or is declared, at every address by which others reach them: [{host, address, port}].

    seen: {host: what ports_info tells}.
    """
    found = []
    for host in hosts:
        if host not in seen:
            continue
        for address, ports in listened(seen[host]).items():
            found += [{"host": host, "address": address, "port": port} for port in sorted(ports | declared(entries, host))]
    return found


def asked_by(source, wanted, seen, entries):
    """Those that a host is to try: other hosts', of a family in which it has an address itself; and whether it is expected to get in."""
    families = {family_of(address) for address in seen.get(source, {}).get("addresses", [])}
    own = set(seen.get(source, {}).get("addresses", []))
    return [{"address": one["address"], "port": one["port"],
             "expected": any(at(entry, one["address"]) for address in own for entry in allowed(entries, address, one["host"], one["port"]))}
            for one in wanted if one["host"] != source and one["address"] not in own and family_of(one["address"]) in families]


# -- what is said -------------------------------------------------------------------------------


def sentence(source, one, host, why):
    words = {OPEN: "connects to", REFUSED: "is let through to", DROPPED: "does not get through to"}[one["result"]]
    return "%s (%s) %s %s %s port %d: %s" % (source, one["source"], words, host, one["address"], one["port"], why)


def difference(entries, wanted, seen, answers):
    """{"unexpected_open", "unexpected_closed": sentences, "tried": how many, "unreached": how many}.

    answers: {source: what ports_info tells of its targets}. What is refused by the host, since nobody listens, was let through by its
    rules, which counts like a port that is open.
    """
    hosts = {one["address"]: one["host"] for one in wanted}
    listening = {host: listened(ports) for host, ports in seen.items()}
    result = {"unexpected_open": [], "unexpected_closed": [], "tried": 0, "unreached": 0}
    for source, told in answers.items():
        for one in told:
            host, result["tried"] = hosts[one["address"]], result["tried"] + 1
            if one["result"] == UNREACHED:
                result["unreached"] += 1
                continue
            may = [entry["why"] for entry in allowed(entries, one["source"], host, one["port"]) if at(entry, one["address"])]
            served = one["port"] in listening[host].get(one["address"], ())
            if not may and one["result"] != DROPPED:
                result["unexpected_open"].append(sentence(source, one, host, "nobody declared that"))
            elif may and (one["result"] == DROPPED or (served and one["result"] == REFUSED and not at_ipv6_alone(seen[host], one))):
                result["unexpected_closed"].append(sentence(source, one, host, "declared for " + ", ".join(dict.fromkeys(may))))
    return result


def at(entry, address):
    return not entry["at"] or any(ipaddress.ip_address(one) == ipaddress.ip_address(address) for one in entry["at"])


def at_ipv6_alone(ports, one):
    """Whether all that listens on this port for everybody does so by IPv6, while it was asked by IPv4."""
    places = [each["address"] for each in ports["listening"] if int(each["port"]) == one["port"]]
    return ":" not in one["address"] and all(":" in place for place in places)

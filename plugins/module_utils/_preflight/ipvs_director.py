# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone tell about a director."""

from __future__ import annotations

import ipaddress
import os

from ansible_collections.failover.stack.plugins.module_utils._ipvs.desired import Desired, daemons_problems, timeouts_problems
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Offer, address_of, listening

SCHEDULERS = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh"]


def _network(text):
    try:
        return ipaddress.ip_network(str(text))
    except ValueError:
        return None


def _manager(host, values):
    if values["ipvs_director_manager"] == "keepalived":
        for name in ("services", "sync_daemons", "timeouts"):
            if values["ipvs_director_" + name]:
                yield ("%s: ipvs_director_%s is given, but ipvs_director_manager is keepalived, which keeps the table by itself: write it "
                       "into keepalived's variables, or set the manager to ipvsadm." % (host, name))


def _table(host, values):
    for sentence in Desired("%s: ipvs_director" % host).add(values["ipvs_director_services"] or []).problems:
        yield sentence.replace("ipvs_director: services", "ipvs_director_services", 1)
    for sentence in daemons_problems("%s: ipvs_director" % host, values["ipvs_director_sync_daemons"] or []):
        yield sentence.replace("ipvs_director: sync_daemons", "ipvs_director_sync_daemons", 1)
    for sentence in timeouts_problems("%s: ipvs_director" % host, values["ipvs_director_timeouts"] or {}):
        yield sentence.replace("ipvs_director: timeouts", "ipvs_director_timeouts", 1)
    for number, service in enumerate(values["ipvs_director_services"] or []):
        yield from _servers("%s: ipvs_director_services[%d]" % (host, number), service, values)


def _servers(where, service, values):
    """What the module cannot know: whose address is whose, and who is near."""
    own = address_of(values["ipvs_director_address"])
    virtual = address_of(service.get("address"))
    networks = [network for network in map(_network, values["ipvs_director_networks"] or []) if network is not None]
    if virtual is not None and virtual == own:
        yield "%s.address is %s, which is this host's own address: choose one that moves." % (where, virtual)
    for server in service.get("servers") or []:
        address = address_of(server.get("address"))
        if address is None:
            continue
        if address == virtual:
            yield "%s.servers has %s, which is the virtual address itself: name the server's own address." % (where, address)
        near = any(ipaddress.ip_address(address) in network for network in networks)
        if server.get("method") == "NAT" and ":" in address and not values["ipvs_director_ipv6_forward"]:
            yield ("%s.servers has %s by NAT, but ipvs_director_ipv6_forward is false, so its answers would end here: set it to true, or "
                   "use DR." % (where, address))
        if (server.get("method") or "DR") == "DR" and networks and not near:
            yield ("%s.servers has %s by DR, which is in none of this host's networks (%s): DR reaches only neighbours, use TUN or NAT." % (
                where, address, ", ".join(map(str, networks))))


def _schedulers(host, values):
    for name in values["ipvs_director_schedulers"] or []:
        if name not in SCHEDULERS:
            yield "%s: ipvs_director_schedulers has %r, which the kernel does not have: choose of %s." % (host, name, ", ".join(SCHEDULERS))


def _sysctls(host, values):
    words = str(values["ipvs_director_sync_threshold"]).split()
    if len(words) != 2 or not all(word.isdigit() for word in words):
        yield "%s: ipvs_director_sync_threshold is %r: give two numbers, such as '3 0'." % (host, values["ipvs_director_sync_threshold"])
    elif int(words[1]) and int(words[0]) >= int(words[1]):
        yield ("%s: ipvs_director_sync_threshold is %r, but the first number must be below the second (or that 0): give such as '3 50'." % (
            host, values["ipvs_director_sync_threshold"]))
    for name, low, high in (("sync_refresh_period", 0, 86400), ("sync_retries", 0, 3)):
        value = values["ipvs_director_" + name]
        if not low <= value <= high:
            yield "%s: ipvs_director_%s is %s: give a number from %d to %d." % (host, name, value, low, high)


def _ports(where, ports):
    for port in ports:
        if not 1 <= port <= 65535:
            yield "%s has port %s: give numbers from 1 to 65535." % (where, port)


def _marks(host, values):
    seen = {}
    for number, mark in enumerate(values["ipvs_director_marks"] or []):
        where = "%s: ipvs_director_marks[%d]" % (host, number)
        if not 1 <= mark["mark"] <= 4294967295:
            yield "%s.mark is %s: give a number from 1 to 4294967295." % (where, mark["mark"])
        if not mark["addresses"]:
            yield "%s.addresses is empty: name the virtual addresses." % where
        ports = mark.get("ports") or []
        if len(ports) > 15:
            yield "%s.ports has %d ports, but a rule takes 15: spread them over several entries of the same mark." % (where, len(ports))
        yield from _ports(where + ".ports", ports)
        for text in mark["addresses"]:
            address = address_of(text)
            if address is None:
                yield "%s.addresses has %r, which is no address: write it like 198.18.0.100, without a prefix length." % (where, text)
                continue
            for port in ports or [0]:
                key = (address, mark.get("protocol") or "tcp", port)
                if seen.setdefault(key, mark["mark"]) != mark["mark"]:
                    yield "%s gives %s %s port %s the mark %s, which has mark %s already: let one of them go." % (
                        where, address, key[1], port or "any", mark["mark"], seen[key])


def _sorry(host, values):
    ports, tls = values["ipvs_director_sorry_ports"] or [], values["ipvs_director_sorry_tls_ports"] or []
    yield from _ports("%s: ipvs_director_sorry_ports" % host, ports)
    yield from _ports("%s: ipvs_director_sorry_tls_ports" % host, tls)
    if not values["ipvs_director_sorry"]:
        return
    for port in sorted(set(ports) & set(tls)):
        yield "%s: ipvs_director_sorry_ports and ipvs_director_sorry_tls_ports both have %s: leave it in one of them." % (host, port)
    if not ports and not tls:
        yield "%s: ipvs_director_sorry is on, but without any ports: name some in ipvs_director_sorry_ports, or switch it off." % host
    for name in ("certificate", "key"):
        if tls and not values["ipvs_director_sorry_" + name]:
            yield ("%s: ipvs_director_sorry_tls_ports are given, but ipvs_director_sorry_%s is empty: name the file, or take the ports "
                   "away." % (host, name))
        # Never its words: it may be the key.
        elif tls and "-----BEGIN" in values["ipvs_director_sorry_" + name]:
            yield "%s: ipvs_director_sorry_%s is PEM text, which this role does not take: give the path of a file on the controller." % (
                host, name)
        elif tls and os.path.isabs(values["ipvs_director_sorry_" + name]) and not os.path.isfile(values["ipvs_director_sorry_" + name]):
            yield "%s: ipvs_director_sorry_%s is %s, which is no file on the controller: correct the path." % (
                host, name, values["ipvs_director_sorry_" + name])


def problems(host, values):
    """One sentence each: host, variable, value, remedy."""
    found = []
    for rule in (_manager, _table, _schedulers, _sysctls, _marks, _sorry):
        found += rule(host, values)
    return found


def claims(host, values):
    """The ports of the sorry page. Virtual addresses are offered: a pair of directors shares its services."""
    ports = [*(values["ipvs_director_sorry_ports"] or []), *(values["ipvs_director_sorry_tls_ports"] or [])]
    found = [claim for port in (ports if values["ipvs_director_sorry"] else [])
             for claim in listening(host, "the sorry page", "ipvs_director_sorry_ports", port)]
    texts = [service.get("address") for service in values["ipvs_director_services"] or []]
    texts += [text for mark in values["ipvs_director_marks"] or [] for text in mark["addresses"]]
    # Asked by those who balance IPv6 by NAT here.
    found.append(Offer("IPv6 forwarding of %s" % host, "on" if values["ipvs_director_ipv6_forward"] else "off"))
    return found + [Offer("virtual address", address) for address in map(address_of, texts) if address]

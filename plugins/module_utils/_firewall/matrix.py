# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one declared matrix: who may connect to which port of whom, and why. Pure."""

from __future__ import annotations

import ipaddress

from ansible_collections.failover.stack.plugins.module_utils._firewall.site import Unknown
from ansible_collections.failover.stack.plugins.module_utils._firewall.tiers import TIERS, replies


def matrix(site):
    """All entries, as dictionaries: host, protocol, ports, who (names), networks, why, at, balanced.

    An entry that nobody needs is left out, so is a host among those who ask itself: what stays on a host is not filtered.
    """
    found = {}
    # All first: who balances to a host tells addresses of it.
    for door in [door for tier in TIERS for door in tier(site)]:
        key = (door.host, door.protocol, door.ports, door.at, door.balanced, door.why)
        found.setdefault(key, []).extend(one for one in door.who if one != door.host)
    entries = []
    for (host, protocol, ports, at, balanced, why), who in found.items():
        names = list(dict.fromkeys(str(one) for one in who))
        if names and (ports or protocol not in ("tcp", "udp")):
            entries.append({"host": host, "protocol": protocol, "ports": [list(one) if isinstance(one, tuple) else one for one in ports],
                            "who": names, "networks": resolved(site, host, why, names), "why": why, "at": list(at), "balanced": balanced})
    return [one for one in entries if one["networks"]]


def resolved(site, host, why, names):
    try:
        return [one for one in site.networks(names) if one not in site.known(host)]
    except Unknown as error:
        if str(error).endswith("."):
            raise
        raise Unknown("%s: %s, which the firewall's entry '%s' names: correct it in the inventory." % (host, error, why)) from error


def answers_through(site):
    """What a director with NAT passes back: [{host, protocol, ports, networks}]."""
    found = {}
    for host, protocol, ports, addresses in replies(site):
        found.setdefault((host, protocol, ports), []).extend(one for one in addresses if one)
    return [{"host": host, "protocol": protocol, "ports": [list(one) if isinstance(one, tuple) else one for one in ports],
             "networks": sorted(set(networks))} for (host, protocol, ports), networks in found.items() if networks]


def has_port(ports, port):
    return any(port == one if isinstance(one, int) else one[0] <= port <= one[1] for one in ports)


def allowed(entries, source, host, port, protocol="tcp"):
    """The entries by which an address may connect to a port of a host."""
    address = ipaddress.ip_address(source)
    return [one for one in entries if one["host"] == host and one["protocol"] == protocol and has_port(one["ports"], port)
            and any(address in ipaddress.ip_network(network) for network in one["networks"])]

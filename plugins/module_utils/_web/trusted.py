# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose word on the visitor's address httpd takes. Pure."""

from __future__ import annotations

import ipaddress

# Halves, since a network of no bits at all is none to httpd.
EVERYTHING = ("0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1")


def without(network, taken):
    """The parts of a network that lie outside another one of the same version."""
    if not network.overlaps(taken):
        return [network]
    return [] if network.subnet_of(taken) else list(network.address_exclude(taken))


def everybody_but(addresses):
    """Networks that together hold every address but those of the given addresses and networks, in their order."""
    rest = [ipaddress.ip_network(one) for one in EVERYTHING]
    for address in addresses:
        taken = ipaddress.ip_network(address)
        rest = [part for one in rest for part in (without(one, taken) if one.version == taken.version else [one])]
    return [str(one) for one in sorted(rest, key=lambda one: (one.version, one))]

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses at which the members of a database cluster reach each other, and hosts of its accounts."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.failover.stack.plugins.module_utils._preflight.core import address_of


def plain_host(text):
    """Whether an account's host needs no name to be resolved."""
    return text == "localhost" or bool(re.fullmatch(r"[0-9.%_/]+", text) or (":" in text and re.fullmatch(r"[0-9A-Fa-f:.%_/]+", text)))


def network_problem(place, flavour):
    """What is wrong with an account's host that has a netmask; empty when nothing is.

    MySQL takes a number of bits from 8.0.23 on. MariaDB accepts it and never matches it (seen with 11.8.9), a netmask it does.
    """
    try:
        network = ipaddress.ip_network(place, strict=False)
    except ValueError:
        return "which is no network: write it like 10.0.0.0/255.255.255.0"
    if network.version == 6:
        return "but accounts have networks of IPv4 alone: write a pattern, such as 2001:db8:%"
    good = ["%s/%s" % (network.network_address, network.netmask)] + ([str(network)] if flavour == "mysql" else [])
    return "" if place in good else "which no client's address would match there: write %s" % good[0]


def account_hosts(where, hosts, flavour="mariadb"):
    """Sentences for hosts of accounts that the server could only know by a name. where: such as galera_users[0].hosts."""
    for place in hosts or []:
        wrong = network_problem(place, flavour) if "/" in str(place) and plain_host(str(place)) else ""
        if wrong:
            yield "%s has '%s', %s." % (where, place, wrong)
            continue
        if not plain_host(str(place)):
            yield ("%s has '%s': the server resolves no names (skip_name_resolve), write localhost, addresses or patterns of addresses "
                   "such as 198.51.100.%%." % (where, place))
        elif address_of(place) and address_of(place) != str(place):
            yield "%s has %s: write it as the server sees it, %s." % (where, place, address_of(place))


def own_address(variable, address):
    if not address:
        yield "%s is empty: set ansible_host or %s to an address of this host." % (variable, variable)
    elif address_of(address) is None:
        yield "%s is '%s', which is no address: give one of this host's, ansible_host is the default." % (variable, address)
    else:
        yield from spelling(variable, address)


def spelling(variable, address):
    """Servers compare addresses as texts, in the one spelling that they see themselves."""
    plain = address_of(address)
    if plain and ipaddress.ip_address(plain).is_link_local:
        yield "%s is %s, which means something on one link only: give an address that all members can reach." % (variable, address)
    elif plain and plain != str(address):
        yield "%s is %s: write it as the server sees it, %s." % (variable, address, plain)


def peer_addresses(host, variable, address, others, both):
    """Whatever --limit leaves out is looked at, too: the others' addresses stand in the inventory.

    others: {member: its address}. both: the variable that lets clients come by IPv4 and IPv6.
    """
    own = address_of(address)
    for name, text in sorted((others or {}).items()):
        there = address_of(text)
        if name == host or not own or not text:
            continue
        if there is None:
            yield "member %s has the address '%s', which is none: set its ansible_host or %s." % (name, text, variable)
        elif there == own:
            yield "%s is %s, which member %s has, too: give each its own." % (variable, own, name)
        elif (":" in there) != (":" in own):
            yield ("%s is %s, and member %s has %s: members reach each other by IPv4 or by IPv6, give all of them addresses of one family "
                   "(clients may have both, see %s)." % (variable, own, name, there, both))


def bind_address(variable, bind, valid=("*",)):
    if bind and bind not in valid and address_of(bind) is None:
        yield "%s is '%s': give an address of this host or *." % (variable, bind)

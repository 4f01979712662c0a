# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone tell about a server behind a director."""

from __future__ import annotations

import ipaddress

from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Need, address_of


def _network(text):
    try:
        return ipaddress.ip_network(str(text))
    except ValueError:
        return None


def _own(values):
    """The networks the host is in, as far as known."""
    return [network for network in map(_network, values["ipvs_realserver_networks"] or []) if network is not None]


def _around(address, networks):
    """The first of the networks that has the address, None when none has."""
    return next((network for network in networks if ipaddress.ip_address(address) in network), None)


def _given(host, values):
    """Spelling: what is no address or no network at all."""
    for text in values["ipvs_realserver_addresses"]:
        if address_of(text) is None:
            yield "%s: ipvs_realserver_addresses has %r, which is no address: write it like 198.18.0.100, without a prefix length." % (
                host, text)
    for name in ("client_networks", "networks"):
        for text in values["ipvs_realserver_" + name] or []:
            if _network(text) is None:
                yield "%s: ipvs_realserver_%s has %r, which is no network: write it like 198.18.0.0/24." % (host, name, text)
    gateway = values["ipvs_realserver_gateway"]
    if gateway and address_of(gateway) is None:
        yield "%s: ipvs_realserver_gateway is %r, which is no address: give the director's inner address." % (host, gateway)
    if not 1 <= values["ipvs_realserver_tunnel_port"] <= 65535:
        yield "%s: ipvs_realserver_tunnel_port is %s: give a number from 1 to 65535." % (host, values["ipvs_realserver_tunnel_port"])


def _combination(host, values):
    method, way = values["ipvs_realserver_method"], values["ipvs_realserver_way"]
    addresses, tunnel = values["ipvs_realserver_addresses"], values["ipvs_realserver_tunnel"]
    if addresses and not method:
        yield "%s: ipvs_realserver_addresses are given, but no ipvs_realserver_method: set DR, TUN or NAT, as on the director." % host
    if method in ("DR", "TUN") and not addresses:
        yield "%s: ipvs_realserver_method is %s, but ipvs_realserver_addresses is empty: name the virtual addresses." % (host, method)
    if way == "redirect" and method == "TUN":
        yield ("%s: ipvs_realserver_way is redirect, but what leaves a tunnel arrives by the tunnel's interface, which has no address to "
               "redirect to: set loopback, or method DR." % host)
    if way == "redirect" and method == "NAT":
        yield "%s: ipvs_realserver_way is redirect, but with NAT the director redirects already: take it away, or set method DR." % host
    if tunnel != "ipip" and method != "TUN":
        yield "%s: ipvs_realserver_tunnel is %s, but ipvs_realserver_method is %s: set TUN or take the tunnel away." % (
            host, tunnel, method or "empty")
    if method == "TUN":
        for text in addresses:
            if ":" in text:
                yield "%s: ipvs_realserver_addresses has %s, but tunnels carry only IPv4 here: take IPv6 addresses by DR." % (host, text)


def _addresses(host, values):
    own = address_of(values["ipvs_realserver_address"])
    seen = set()
    for text in values["ipvs_realserver_addresses"]:
        address = address_of(text)
        if address == own:
            yield "%s: ipvs_realserver_addresses has %s, which is this host's own address: choose one that only the directors hold." % (
                host, text)
        if address in seen:
            yield "%s: ipvs_realserver_addresses has %s twice: name it once." % (host, text)
        seen.add(address)


def _by_gateway(host, values):
    """NAT works only when every answer passes the director again."""
    method, gateway = values["ipvs_realserver_method"], values["ipvs_realserver_gateway"]
    clients, own = values["ipvs_realserver_client_networks"], _own(values)
    if method == "NAT" and not gateway:
        yield ("%s: ipvs_realserver_method is NAT, but ipvs_realserver_gateway is empty, so answers would not pass the director, which "
               "alone can put the virtual address into them: name the director's inner address." % host)
    if clients and not gateway:
        yield "%s: ipvs_realserver_client_networks are given, but ipvs_realserver_gateway is empty: name it, or take them away." % host
    if gateway and method in ("DR", "TUN") and not clients:
        yield ("%s: ipvs_realserver_gateway is %s, but with %s answers go to the clients directly, and the director refuses packets that "
               "come with its own address: take it away, or name in ipvs_realserver_client_networks whose answers go there." % (
                   host, gateway, method))
    if gateway and address_of(gateway) == address_of(values["ipvs_realserver_address"]):
        yield "%s: ipvs_realserver_gateway is %s, which is this host's own address: name the director's." % (host, gateway)
    elif gateway and own and _around(gateway, own) is None:
        yield "%s: ipvs_realserver_gateway is %s, which is in none of this host's networks (%s): name the director's address in one." % (
            host, gateway, ", ".join(map(str, own)))
    for name, text in [("addresses", text) for text in values["ipvs_realserver_addresses"] if method == "NAT"] + [
            ("client_networks", text) for text in clients]:
        if gateway and (":" in text) != (":" in gateway):
            yield ("%s: ipvs_realserver_%s has %s, but ipvs_realserver_gateway is %s, of the other family, by which no answer to such "
                   "clients passes the director: name its address of that family, or balance the other by DR." % (
                       host, name, text, gateway))
    for text in clients:
        for network in own:
            if network.overlaps(_network(text)):
                yield ("%s: ipvs_realserver_client_networks has %s, which overlaps this host's own network %s: answers to such clients "
                       "would bypass the director, and they drop them, having asked another address; put clients and servers into "
                       "different networks, or use DR." % (host, text, network))
    if method == "NAT":
        for text in values["ipvs_realserver_addresses"]:
            network = _around(text, own)
            if network is not None:
                yield ("%s: ipvs_realserver_addresses has %s, which is in this host's own network %s: with NAT, answers to that network's "
                       "clients would bypass the director; give the virtual address in a network the servers are not in, or use DR." % (
                           host, text, network))


def problems(host, values):
    """One sentence each: host, variable, value, remedy."""
    found = list(_given(host, values))
    # Sentences on top of what is not even an address would only confuse.
    if not found:
        for rule in (_combination, _addresses, _by_gateway):
            found += rule(host, values)
    return found


def claims(host, values):
    """Directors and all their servers share the virtual addresses: each is one of some director's."""
    return [Need("virtual address", address_of(text), (
        "%s: ipvs_realserver_addresses has %s, which no director of this inventory has as a virtual address: name those of its "
        "services." % (host, text))) for text in values["ipvs_realserver_addresses"]]

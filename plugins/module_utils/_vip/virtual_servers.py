# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual servers of keepalived as plain data: the inventory's servers, and what the kernel's table lacks. Pure."""

from __future__ import annotations

import ipaddress

from ansible_collections.failover.stack.plugins.module_utils._host.places import bracketed

# What a real server takes from its virtual server when it has none of its own.
INHERITED = ("method", "tunnel", "checks")


def plain(text):
    """An address in its canonical spelling; what is none stays as it is."""
    try:
        return str(ipaddress.ip_address(str(text)))
    except ValueError:
        return str(text)


# -- inventory ------------------------------------------------------------------------------


def _member(host, hostvars, variable):
    """Address and weight that the inventory gives to a real server."""
    variables = hostvars[host]
    weight = variables.get("keepalived_weight")
    # Where a variable is named, another network's address would be wrong: preflight says that it is not set.
    address = variables.get(variable) if variable else variables.get("ansible_host") or host
    return {"name": host, "address": plain(address) if address else None, "weight": 1 if weight is None else int(weight)}


def _listed(server, hostvars, variable):
    host = server.get("host")
    found = _member(host, hostvars, variable) if host and host in hostvars else {"name": host or server.get("address"), "weight": 1}
    given = {name: value for name, value in server.items() if value is not None and name != "host"}
    if given.get("address"):
        given["address"] = plain(given["address"])
    return dict(found, **given)


def servers_of(virtual, groups, hostvars):
    """The real servers of one virtual server: the members of its group, then those listed."""
    variable = virtual.get("address_variable")
    found = [_member(host, hostvars, variable) for host in groups.get(virtual.get("group") or "", [])]
    return found + [_listed(server, hostvars, variable) for server in virtual.get("servers") or [] if isinstance(server, dict)]


def _both(virtual, one, many):
    values = ([virtual[one]] if virtual.get(one) is not None else []) + list(virtual.get(many) or [])
    return list(dict.fromkeys(values))


def endpoints(virtual):
    """(address, port, fwmark) of every IPVS service that a virtual server makes; no port is 0."""
    if virtual.get("fwmark"):
        return [(None, 0, int(virtual["fwmark"]))]
    ports = [int(port) for port in _both(virtual, "port", "ports")] or [0]
    return [(plain(address), port, None) for address in _both(virtual, "address", "addresses") for port in ports]


def _server(virtual, server, port):
    wanted = server.get("port") or virtual.get("server_port") or port
    result = dict(server, port=int(wanted))
    for name in INHERITED:
        if result.get(name) is None:
            result[name] = virtual.get(name) or {"method": "DR", "tunnel": {}, "checks": []}[name]
    if virtual.get("notify_user"):
        result["notify_user"] = virtual["notify_user"]
    if result["method"] != "TUN" and not server.get("tunnel"):
        result["tunnel"] = {}
    return result


def resolve(virtual, groups, hostvars):
    """One entry for each IPVS service, with its servers complete."""
    servers = servers_of(virtual, groups, hostvars)
    shared = {name: value for name, value in virtual.items()
              if name not in ("address", "addresses", "port", "ports", "fwmark", "servers", "group") and value is not None}
    return [
        dict(shared, address=address, port=port, fwmark=fwmark, servers=[_server(virtual, server, port) for server in servers],
             protocol=virtual.get("protocol") or "TCP", method=virtual.get("method") or "DR",
             scheduler=virtual.get("scheduler") or "wlc", quorum=int(virtual.get("quorum") or 1))
        for address, port, fwmark in endpoints(virtual)
    ]


def resolve_all(virtuals, groups, hostvars):
    """All services of a director; what is malformed is left out, preflight speaks about it."""
    if not isinstance(virtuals, (list, tuple)):
        return []
    return [service for virtual in virtuals if isinstance(virtual, dict) for service in resolve(virtual, groups, hostvars)]


def network_peers(peers, hostvars, variable="keepalived_addresses"):
    """{network: [address of each peer that has one there]}."""
    result = {}
    for host in peers:
        for network, address in (hostvars[host].get(variable) or {}).items():
            result.setdefault(network, []).append(address)
    return result


# -- the kernel's table -----------------------------------------------------------------------


def label(service):
    """How a service is called in a sentence."""
    if service.get("fwmark"):
        return "fwmark %s" % service["fwmark"]
    return "%s %s:%s" % (service.get("protocol") or "TCP", bracketed(service["address"]), service["port"])


def _key(service):
    """Services by what tells them apart in the table: a firewall mark, or protocol, address and port."""
    if service.get("fwmark"):
        return ("fwmark", int(service["fwmark"]))
    return (str(service.get("protocol") or "tcp").lower(), plain(service.get("address")), int(service.get("port") or 0))


def _found(service, table):
    """The service in the kernel's table, None where it is not."""
    return next((one for one in table or [] if _key(one) == _key(service)), None)


def connections_of(service, table):
    """Active connections of one service, a sorry server's too."""
    return sum(int(server.get("active_connections") or 0) for server in (_found(service, table) or {}).get("servers") or [])


def living(service, table, without=None):
    """{address: weight} of the service's own servers that have weight in the kernel's table; None where the table has no such service.

    A sorry server is none of its own. without: as if that address were drained.
    """
    found = _found(service, table)
    if found is None:
        return None
    own = {plain(server["address"]) for server in service["servers"]} - {without}
    rows = [(plain(server["address"]), int(server["weight"])) for server in found.get("servers") or []]
    return {address: weight for address, weight in rows if weight > 0 and address in own}


def named(service):
    """What tells a service apart where there is little room, without blanks: web_198.18.0.100:80, web_fwmark5."""
    place = label(service).replace(" ", "").replace("TCP", "", 1)
    return "%s_%s" % (service.get("name") or "service", place)


def missing(wanted, table, without=None):
    """A sentence for every service that the table lacks or whose living servers weigh less than its quorum.

    With `without`, as if that server were drained, about its services alone.
    """
    if without:
        without = plain(without)
        wanted = [service for service in wanted if without in [plain(server["address"]) for server in service["servers"]]]
    sentences = []
    for service in wanted:
        alive = living(service, table, without)
        if alive is None:
            sentences.append("%s (%s) is not in the kernel's table" % (service.get("name"), label(service)))
            continue
        weight = sum(alive.values())
        if weight < service["quorum"]:
            dead = [server["name"] for server in service["servers"] if plain(server["address"]) not in alive]
            sentences.append("%s (%s) has living servers of weight %d, its quorum is %d; without weight: %s" % (
                service.get("name"), label(service), weight, service["quorum"], ", ".join(map(str, dead)) or "none"))
    return sentences


def weightless(wanted, table):
    """One sentence: who gets nothing new, though it should have weight. Healthy, but not to be forgotten."""
    present = {_key(service): service for service in table or []}
    names = []
    for service in wanted:
        rows = (present.get(_key(service)) or {}).get("servers") or []
        idle = {plain(server["address"]) for server in rows if int(server["weight"]) == 0}
        names += [str(server["name"]) for server in service["servers"] if int(server.get("weight", 1)) and plain(server["address"]) in idle]
    if not names:
        return "Every server in the table has its weight."
    return "Without weight, drained or failed: %s." % ", ".join(dict.fromkeys(names))


def connections(table, address):
    """{active, weights}: what the table says about one real server, over all services."""
    servers = [server for service in table or [] for server in service.get("servers") or []]
    rows = [server for server in servers if plain(server["address"]) == plain(address)]
    active = sum(int(server.get("active_connections") or 0) for server in rows)
    return {"active": active, "weights": [int(server["weight"]) for server in rows]}

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's network lacks of what is wanted: pure comparisons of what `ip` and `iptables` print. No I/O."""

from __future__ import annotations

import ipaddress
import json


def canonical_network(text):
    """'default' and '0.0.0.0/0' are the same; so are '10.0.0.1' and '10.0.0.1/32'."""
    if text in ("default", "0.0.0.0/0", "::/0"):
        return "default"
    return str(ipaddress.ip_network(text, strict=False))


def held(listing):
    """(interface, address) pairs of `ip -j address show`."""
    pairs = set()
    for link in json.loads(listing or "[]"):
        for item in link.get("addr_info") or []:
            if item.get("local"):
                pairs.add((link["ifname"], str(ipaddress.ip_address(item["local"]))))
    return pairs


def up(listing):
    """Names of the links that are up, of `ip -j address show`."""
    return {link["ifname"] for link in json.loads(listing or "[]") if "UP" in link.get("flags", [])}


def routes(listing):
    """(network, gateway) pairs of `ip -j route show`."""
    pairs = set()
    for item in json.loads(listing or "[]"):
        if item.get("dst") and item.get("type", "unicast") == "unicast":
            pairs.add((canonical_network(item["dst"]), item.get("gateway", "")))
    return pairs


def missing_addresses(wanted, listing):
    have = held(listing)
    return ["%s is not on %s" % (item["address"], item["interface"]) for item in wanted
            if (item["interface"], str(ipaddress.ip_address(item["address"]))) not in have]


def missing_links(wanted, listing):
    have = up(listing)
    return ["%s is not up" % name for name in wanted if name not in have]


def missing_routes(wanted, listing):
    have = routes(listing)
    result = []
    for item in wanted:
        network = canonical_network(item["network"])
        if (network, item["gateway"]) not in have:
            others = sorted(gateway or "no gateway" for where, gateway in have if where == network)
            result.append("the route to %s is by %s, not by %s" % (network, " and ".join(others) or "nothing", item["gateway"]))
    return result


def missing_sysctls(wanted, have):
    """`have` maps a name to its value, None when the kernel has none of that name."""
    result = []
    for name, value in wanted.items():
        now = have.get(name)
        if now is None:
            result.append("the kernel has no sysctl %s" % name)
        elif now.split() != str(value).split():
            result.append("sysctl %s is '%s', not '%s'" % (name, " ".join(now.split()), value))
    return result


def chain_rules(chain, listing):
    """The rules of a chain as `iptables -S` prints them, without the chain's name."""
    begin = "-A %s " % chain
    return [line[len(begin):].strip() for line in listing.splitlines() if line.startswith(begin)]


def missing_chain(item, listing):
    """Sentences for one wanted chain; `listing` is `iptables -t TABLE -S`."""
    where = "chain %s of table %s (%s)" % (item["chain"], item["table"], item["program"])
    if not any(line.split() == ["-N", item["chain"]] for line in listing.splitlines()):
        return ["%s is not there" % where]
    result = []
    if "-j %s" % item["chain"] not in chain_rules(item["from"], listing):
        result.append("%s is not asked from %s" % (where, item["from"]))
    if chain_rules(item["chain"], listing) != [rule.strip() for rule in item["rules"]]:
        result.append("%s has other rules" % where)
    return result

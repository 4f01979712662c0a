# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's rules as nft reads them. Pure."""

from __future__ import annotations

import ipaddress

TABLE = "inet failover_firewall"
HEAD = ("# Written by Ansible (failover.stack, role firewall). Whoever is locked out of something: nft list table %s\n"
        "table %s\ndelete table %s\n" % (TABLE, TABLE, TABLE))
# Where the rule that is there for a while only goes, see in_use().
MARK = "    # loading\n"
JUST_LOADED = "just loaded"
WHILE_S = 120
NUMBERS = {"vrrp": 112, "ipip": 4, "gre": 47}
# nft takes 128 bytes.
LONGEST = 100
ICMP = ("icmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } accept",
        "icmpv6 type { echo-request, destination-unreachable, packet-too-big, time-exceeded, parameter-problem, "
        "nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld-listener-done, "
        "mld2-listener-report } accept")
# Multicast memberships, and addresses of those that get theirs by DHCP.
NETWORK = ("meta l4proto 2 accept", "udp sport 67 udp dport 68 accept", "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept")


def comment(text):
    """In quotes; a quote would end it."""
    plain = "".join(one for one in str(text) if one.isprintable() and one not in '"\\')
    return 'comment "%s"' % plain.encode()[:LONGEST].decode(errors="ignore")


def of_families(networks):
    """{4: addresses, 6: addresses}, collapsed; None stands for all of a family."""
    found = {4: [], 6: []}
    for text in networks:
        one = ipaddress.ip_network(text)
        found[one.version].append(one)
    result = {}
    for version, given in found.items():
        if given:
            joined = list(ipaddress.collapse_addresses(given))
            result[version] = None if joined[0].prefixlen == 0 else [
                str(one.network_address) if one.num_addresses == 1 else str(one) for one in joined]
    return result


def a_set(words):
    words = list(words)
    return str(words[0]) if len(words) == 1 else "{ %s }" % ", ".join(str(one) for one in words)


def port_words(ports):
    """Numbers and ranges, each once and in order: nft refuses what overlaps."""
    spans = sorted((one, one) if isinstance(one, int) else tuple(one) for one in ports)
    joined = []
    for first, last in spans:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return [str(first) if first == last else "%d-%d" % (first, last) for first, last in joined]


def what(protocol, ports, side="dport"):
    if protocol in ("tcp", "udp", "sctp"):
        return "%s %s %s" % (protocol, side, a_set(port_words(ports))) if ports else "meta l4proto " + protocol
    return "meta l4proto %d" % NUMBERS[protocol]


def rules(entry, side="dport"):
    """One line for each family."""
    at = {4: [one for one in entry.get("at") or [] if ":" not in one], 6: [one for one in entry.get("at") or [] if ":" in one]}
    for version, networks in of_families(entry["networks"]).items():
        if entry.get("at") and not at[version]:
            continue
        name = "ip" if version == 4 else "ip6"
        words = ["%s saddr %s" % (name, a_set(networks))] if networks else ["meta nfproto ipv%d" % version]
        words += ["%s daddr %s" % (name, a_set(at[version]))] if at[version] else []
        yield " ".join([*words, what(entry["protocol"], entry["ports"], side), "accept", comment(entry.get("why") or "answers")])


def ruleset(entries, through=(), forward="drop", log=False):
    """The text of the rules of one host. through: answers that it passes back to clients of its real servers. forward: what becomes of
    other packets that are for somebody else."""
    # A director sees one direction of a connection alone, or both as its own and a stranger's: its state tells nothing.
    first = [line for one in entries if one["balanced"] for line in rules(one)]
    rest = [line for one in entries if not one["balanced"] for line in rules(one)]
    end = ['limit rate 5/second burst 20 packets log prefix "failover-firewall: "'] if log else []
    input_chain = ['iifname "lo" accept', *first, "ct state established,related accept", MARK.strip(), "ct state invalid drop", *ICMP,
                   *NETWORK, *rest, *end, "counter drop"]
    lines = ["table %s {" % TABLE, *chain("input", "drop", input_chain)]
    if forward == "drop":
        passed = [line for one in through for line in rules(one, "sport")]
        lines += chain("forward", "drop", [*passed, "ct state established,related accept", "ct status dnat accept", *ICMP, *end,
                                           "counter drop"])
    return HEAD + "\n".join([*lines, "}", ""])


def chain(name, policy, lines):
    return ["  chain %s {" % name, "    type filter hook %s priority filter; policy %s;" % (name, policy),
            *("    " + line for line in lines), "  }"]


def in_use(text, now):
    """The rules as they are loaded into a running machine: for a while, packets that begin nothing pass. Connections that are there already
    are taken for established as soon as either side sends something, though nobody tracked them before. They cannot open anything."""
    return text.replace(MARK, "    meta time < %d tcp flags & (fin | syn | rst | ack) != syn ct state new accept %s\n" % (
        int(now) + WHILE_S, comment(JUST_LOADED)))


def without_comings(listing):
    """What nft lists, without the rule of a while."""
    return "\n".join(line.rstrip() for line in listing.splitlines() if 'comment "%s"' % JUST_LOADED not in line).strip() + "\n"


def again(listing):
    """What loads a listing anew, in one step; nothing of it when there was none."""
    return HEAD + listing if listing.strip() else HEAD


def inside(address, networks):
    """Whether an address, of IPv4 in IPv6's clothes too, is in one of the networks."""
    one = ipaddress.ip_address(address)
    one = getattr(one, "ipv4_mapped", None) or one
    return any(one in ipaddress.ip_network(text, strict=False) for text in networks)

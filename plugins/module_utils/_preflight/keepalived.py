# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone tell about the VRRP instances of a host."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.failover.stack.plugins.module_utils._preflight import virtual_servers
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, Need, Offer
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_address import parse, parsed, plain, source_family

EVENTS = ("master", "backup", "fault", "stop")
# keepalived's words end at a blank; # and ! begin comments, and quotes, braces, $ and @ mean something, too.
NAME = re.compile(r"^[A-Za-z0-9_.:-]+$")
BAD_IN_PASSWORD = re.compile(r"[^!-~]|[#!\"'{}$@\\]")
# What it takes of a password, IFNAMSIZ without its end, and its own limits.
LONGEST_PASSWORD, INTERFACE, LONGEST_DELAY, HEAVIEST = 8, re.compile(r"^[^\s/]{1,15}$"), 1000, 253


def _address(text):
    try:
        return ipaddress.ip_address(text)
    except (ValueError, TypeError):
        return None


def _setting(instance, values, name):
    return values["keepalived_" + name] if instance.get(name) is None else instance[name]


def _advert(where, instance, values):
    version, advert = int(_setting(instance, values, "version")), float(_setting(instance, values, "advert_interval"))
    if version == 2 and (advert != int(advert) or not 1 <= advert <= 255):
        yield ("%s.advert_interval is %s, but VRRP 2 counts whole seconds from 1 to 255: give such a number or set version 3."
               % (where, advert))
    if version == 3 and not 0.01 <= advert <= 40.95:
        yield "%s.advert_interval is %s, but VRRP 3 allows 0.01 to 40.95 seconds: give a value in that range." % (where, advert)
    if instance.get("authentication") and version == 3:
        yield "%s.authentication is true, which VRRP 3 does not know: set version 2 or take it away." % where
    password = str((values.get("keepalived_passwords") or {}).get(instance["name"]) or "")
    if instance.get("authentication") and not password:
        yield "%s.authentication is true, but keepalived_passwords has none for %r: add one." % (where, instance["name"])
    elif instance.get("authentication") and (len(password) > LONGEST_PASSWORD or BAD_IN_PASSWORD.search(password)):
        yield ("%s.authentication is true, but keepalived would not take the password in keepalived_passwords as it is written: give up to "
               "%d letters and digits." % (where, LONGEST_PASSWORD))


def _source(instance, values):
    """This host's address on the instance's network; None where only the machine knows it."""
    if instance.get("source_address"):
        return _address(instance["source_address"])
    if instance.get("network"):
        return _address((values.get("keepalived_addresses") or {}).get(instance["network"]))
    if instance.get("interface") and instance.get("unicast") is False:
        return None
    return _address(values.get("keepalived_address"))


def _network(where, instance, values):
    network, known = instance.get("network"), values.get("keepalived_addresses") or {}
    if network and network not in known:
        yield "%s.network is %r, which keepalived_addresses of this host does not have: give its address there." % (where, network)
    if network and not instance.get("interface"):
        yield "%s.network is %r, but interface is not given: name the interface on that network." % (where, network)
    if instance.get("source_address") and _address(instance["source_address"]) is None:
        yield "%s.source_address is %s, which is no address: give one of this host's." % (where, instance["source_address"])


def _peers(instance, values):
    if instance.get("peers"):
        return instance["peers"]
    if instance.get("network"):
        return (values.get("keepalived_network_peers") or {}).get(instance["network"]) or []
    return values.get("keepalived_peers") or []


def _own(values):
    """Every address of this host that inventory tells."""
    texts = [values.get("keepalived_address"), *(values.get("keepalived_addresses") or {}).values()]
    return [address for address in map(_address, texts) if address is not None]


def _unicast(where, instance, values):
    """VRRP's own addresses: keepalived takes no names."""
    peers = _peers(instance, values)
    if instance.get("unicast") is False or not peers:
        return
    own = _source(instance, values)
    if instance.get("peers") and own is not None and own in map(_address, peers):
        yield "%s.peers has %s, which is this host's own address: name the others' alone." % (where, own)
    names = [text for text in peers if _address(text) is None]
    if not instance.get("source_address") and not instance.get("network") and _address(values.get("keepalived_address")) is None:
        names.insert(0, values.get("keepalived_address"))
    if names:
        yield ("%s: its adverts go between %s, which %s no address, and keepalived takes no names: set keepalived_address of every member "
               "to an address." % (where, ", ".join(map(str, names)), "is" if len(names) == 1 else "are"))
        return
    families = {one.address.version for one in parsed(instance["addresses"])}
    if families and source_family(instance, peers) not in families:
        yield ("%s.addresses are IPv%d alone, but its adverts go from one IPv%d address to the other, and keepalived wants one of that "
               "family among them: name the members' IPv%d addresses in keepalived_addresses and network, or set unicast to false." % (
                   where, families.pop(), source_family(instance, peers), 10 - source_family(instance, peers)))


def _addresses(where, instance, values):
    own = [address for address in (_source(instance, values), *_own(values)) if address is not None]
    if not instance["addresses"]:
        yield "%s.addresses is empty: name the virtual address, with the prefix length of its network where it has one here." % where
    gateway, pinged = values.get("keepalived_gateway"), (values.get("keepalived_track_network") or {}).get("addresses") or []
    every = [one.address for one in parsed(instance["addresses"])]
    for address in dict.fromkeys(one for one in every if every.count(one) > 1):
        yield "%s.addresses has %s more than once: name it once." % (where, address)
    for text in instance["addresses"]:
        virtual = parse(text)
        if virtual is None:
            yield ("%s.addresses has %s, which is no address: write it like 198.18.0.101/24, with ' dev eth1' behind it where it belongs "
                   "to another interface." % (where, text))
            continue
        network, address = virtual.interface.network, virtual.address
        if address in own:
            yield "%s.addresses has %s, which is this host's own address: choose one that nobody has." % (where, text)
        elif address == _address(gateway):
            yield "%s.addresses has %s, which is this host's gateway: choose one that nobody has." % (where, text)
        elif plain(text) in map(plain, pinged):
            yield ("%s.addresses has %s, which keepalived_track_network pings: who holds it always hears an answer; choose one that "
                   "nobody has, or ping another." % (where, text))
        elif address.is_loopback or address.is_multicast or address.is_unspecified:
            yield "%s.addresses has %s, which no machine can have in a network: choose a host's address." % (where, text)
        elif address.version == 4 and network.num_addresses > 2 and address in (network[0], network[-1]):
            yield ("%s.addresses has %s, which is that network's own or its broadcast address: choose a host's, or repair the prefix "
                   "length." % (where, text))


def _weights(where, instance, values):
    """Whether a check that only lowers (or raises) the priority moves the address."""
    step = int(values.get("keepalived_priority_step") or 0)
    for key, variable in (("track_scripts", "keepalived_scripts"), ("track_processes", "keepalived_processes")):
        weights = {check["name"]: int(check.get("weight") or 0) for check in values[variable]}
        for name in instance.get(key) or []:
            weight = weights.get(name, 0)
            if weight and not instance.get("preempt"):
                yield ("%s.%s has %r, whose weight %d changes the priority, but without preempt nobody takes the address from a living "
                       "holder, whatever his priority: set its weight to 0, or preempt to true." % (where, key, name, weight))
            elif weight and instance.get("priority") is None and abs(weight) <= step and len(values["keepalived_members"]) > 1:
                yield ("%s.%s has %r with weight %d, but members are %d apart (keepalived_priority_step), so the next one stays below: "
                       "give it a weight beyond %d." % (where, key, name, weight, step, step))


def _notifies(where, instance):
    for event in EVENTS:
        name = "notify_%s" % event
        yield from virtual_servers.command_problems("%s.%s" % (where, name), instance.get(name), instance.get("notify_user"))


def _tracks(where, instance, values):
    for key, variable in (("track_scripts", "keepalived_scripts"), ("track_processes", "keepalived_processes")):
        known = [check["name"] for check in values[variable]]
        for name in instance.get(key) or []:
            if name not in known:
                yield "%s.%s names %r, which %s does not have: add it there or take it away." % (where, key, name, variable)


def _instance(where, instance, values):
    for name, low, high in (("virtual_router_id", 1, 255), ("priority", 1, 254)):
        value = instance.get(name)
        if value is not None and not low <= int(value) <= high:
            yield "%s.%s is %s: give a number from %d to %d." % (where, name, value, low, high)
    if not NAME.match(str(instance["name"])):
        yield "%s.name is %r, of which keepalived reads the first word at most: use letters, digits and . _ : - only." % (
            where, instance["name"])
    for name in [instance.get("interface") or values.get("keepalived_interface"), *(instance.get("track_interfaces") or [])]:
        if name and not INTERFACE.match(str(name)):
            yield "%s: %r is no interface (up to 15 characters without blanks): name one as ip link does." % (where, name)
    yield from _advert(where, instance, values)
    yield from _network(where, instance, values)
    yield from _addresses(where, instance, values)
    yield from _unicast(where, instance, values)
    yield from _tracks(where, instance, values)
    yield from _weights(where, instance, values)
    yield from _notifies(where, instance)
    for name in ("preempt_delay", "garp_master_delay", "garp_master_repeat", "garp_master_refresh", "garp_master_refresh_repeat"):
        if int(instance.get(name) or 0) < 0:
            yield "%s.%s is %s: give 0 or more." % (where, name, instance[name])
    if int(instance.get("preempt_delay") or 0) > LONGEST_DELAY:
        yield "%s.preempt_delay is %s: give %d seconds at most." % (where, instance["preempt_delay"], LONGEST_DELAY)
    if instance.get("preempt_delay") and not instance.get("preempt"):
        yield "%s.preempt_delay is %s, but preempt is false: set preempt or take the delay away." % (where, instance["preempt_delay"])


def _checks(host, values):
    for number, check in enumerate(values["keepalived_scripts"]):
        if bool(check.get("command")) == bool(check.get("tcp_port")):
            yield "%s: keepalived_scripts[%d] (%s) needs either command or tcp_port: give one of the two." % (host, number, check["name"])
        yield from virtual_servers.command_problems(
            "%s: keepalived_scripts[%d].command" % (host, number), check.get("command"), check.get("user"), "user")
        yield from _numbers("%s: keepalived_scripts[%d] (%s)" % (host, number, check["name"]), check,
                            interval=1, timeout=1, fall=1, rise=1, weight=-253)
    for number, check in enumerate(values["keepalived_processes"]):
        yield from _numbers("%s: keepalived_processes[%d] (%s)" % (host, number, check["name"]), check, quorum=1, weight=-253)
    yield from _names(host, values)
    yield from _network_track(host, values)
    names = [instance["name"] for instance in values["keepalived_instances"]]
    for group in values["keepalived_sync_groups"]:
        for name in group["instances"]:
            if name not in names:
                yield "%s: keepalived_sync_groups (%s) names %r, which keepalived_instances does not have: add or remove it." % (
                    host, group["name"], name)


def _names(host, values):
    """Of checks and groups, by which others name them."""
    for variable in ("keepalived_scripts", "keepalived_processes", "keepalived_sync_groups"):
        names = [str(thing["name"]) for thing in values[variable]]
        for number, name in enumerate(names):
            where = "%s: %s[%d].name is %r" % (host, variable, number, name)
            if not NAME.match(name):
                yield "%s: use letters, digits and . _ : - only." % where
            if names.index(name) != number:
                yield "%s, which another one has, too: give each its own." % where
    for check in [*values["keepalived_scripts"], *values["keepalived_processes"]]:
        if abs(int(check.get("weight") or 0)) > HEAVIEST:
            yield "%s: check %r has weight %s: give a number from -%d to %d." % (host, check["name"], check["weight"], HEAVIEST, HEAVIEST)
        if check.get("tcp_port") and not 1 <= int(check["tcp_port"]) <= 65535:
            yield "%s: check %r has tcp_port %s: a TCP port is 1 to 65535." % (host, check["name"], check["tcp_port"])
    grouped = {}
    for group in values["keepalived_sync_groups"]:
        if len(group["instances"]) < 2:
            yield "%s: keepalived_sync_groups (%s) has %s, but one instance alone moves with nobody: name at least two, or take it out." % (
                host, group["name"], ", ".join(map(str, group["instances"])) or "no instances")
        for name in group["instances"]:
            other = grouped.setdefault(name, group["name"])
            if other != group["name"]:
                yield "%s: keepalived_sync_groups (%s) has %r, which is in %s already: an instance is in one group." % (
                    host, group["name"], name, other)


def _numbers(where, thing, **least):
    for name, low in least.items():
        if thing.get(name) is not None and float(thing[name]) < low:
            yield "%s.%s is %s: give %d or more." % (where, name, thing[name], low)


def _network_track(host, values):
    track = values.get("keepalived_track_network") or {}
    for text in track.get("addresses") or []:
        if _address(text) is None:
            yield "%s: keepalived_track_network.addresses has %s, which is no address: name no hosts here." % (host, text)
    if track.get("interval") is not None and float(track["interval"]) <= 0:
        yield "%s: keepalived_track_network.interval is %s: give seconds, more than 0." % (host, track["interval"])
    yield from _numbers("%s: keepalived_track_network" % host, track, fall=1, rise=1)


def _same_wire(one, other, values):
    """On one interface, in one family."""
    interfaces = [instance.get("interface") or values.get("keepalived_interface") for instance in (one, other)]
    families = [{virtual.address.version for virtual in parsed(instance["addresses"])} for instance in (one, other)]
    return interfaces[0] == interfaces[1] and bool(families[0] & families[1])


def problems(host, values):
    """One sentence each: host, variable, value, remedy."""
    found = []
    instances = values["keepalived_instances"]
    if instances and host not in values["keepalived_members"]:
        found.append("%s: keepalived_group is %r, which this host is not in: name the group whose hosts share the addresses." % (
            host, values["keepalived_group"]))
    step = values["keepalived_priority_step"] * (len(values["keepalived_members"]) - 1)
    if step < 0 or values["keepalived_priority_first"] - step < 1 or values["keepalived_priority_first"] > 254:
        found.append("%s: keepalived_priority_first %s and keepalived_priority_step %s leave the range 1 to 254 for %d members: "
                     "choose others." % (host, values["keepalived_priority_first"], values["keepalived_priority_step"],
                                         len(values["keepalived_members"])))
    for number, instance in enumerate(instances):
        where = "%s: keepalived_instances[%d] (%s)" % (host, number, instance["name"])
        found += _instance(where, instance, values)
        if instance["name"] in [other["name"] for other in instances[:number]]:
            found.append("%s has the name of another instance: give each its own." % where)
        for other in instances[:number]:
            if other["virtual_router_id"] == instance["virtual_router_id"] and _same_wire(other, instance, values):
                found.append("%s.virtual_router_id is %s, which %s has on the same interface: give each its own." % (
                    where, instance["virtual_router_id"], other["name"]))
    found += _checks(host, values)
    return found + virtual_servers.problems(host, values)


def _segments(instance, values):
    """Networks on the wire of its adverts, as far as inventory tells: those that this host has an address in."""
    own = _source(instance, values)
    virtual = [one.interface.network for one in parsed(instance["addresses"]) if not one.single and one.device is None]
    if own is None:
        return virtual
    every = [one.interface.network for other in values["keepalived_instances"] for one in parsed(other["addresses"]) if not one.single]
    every += [network for network in map(virtual_servers.network_of, values.get("keepalived_networks") or []) if network is not None]
    return [network for network in dict.fromkeys(virtual + every) if own in network]


def _pair(instance, values):
    """The machines that share an instance, the same text on each of them."""
    peers = _peers(instance, values)
    if not peers:
        return sorted(values["keepalived_members"])
    return sorted({str(_source(instance, values) or values.get("keepalived_address")), *map(plain, peers)})


def claims(host, values):
    """A VRID within a segment, every virtual address, and the host's own address. Virtual addresses are offered to the real servers."""
    result = [Claim("address", str(own), "host %s" % host,
                    "%s: its address %s is also a virtual address: choose another for one of them." % (host, own)) for own in _own(values)]
    for instance in values["keepalived_instances"]:
        addresses, pair = sorted(instance["addresses"]), ", ".join(_pair(instance, values))
        owner = "VRRP instance of %s with %s" % (pair, ", ".join(addresses))
        for network in _segments(instance, values):
            result.append(Claim("VRID on segment %s" % network, str(instance["virtual_router_id"]), owner, (
                "%s: keepalived_instances (%s) has virtual_router_id %s, which another instance on segment %s uses: give each VRRP "
                "instance of a segment its own." % (host, instance["name"], instance["virtual_router_id"], network))))
        for text in addresses:
            result.append(Claim("address", plain(text), "VRRP instance %s of %s" % (instance["virtual_router_id"], pair), (
                "%s: keepalived_instances (%s) has address %s, which a host or another instance has: choose one that nobody has." % (
                    host, instance["name"], text))))
            result.append(Offer("virtual address", plain(text)))
    for service in values["keepalived_virtual_services"]:
        if ":" in str(service.get("address") or "") and "NAT" in [server["method"] for server in service["servers"]]:
            result.append(Need("IPv6 forwarding of %s" % host, "on", (
                "%s: keepalived_virtual_servers (%s) balances [%s] by NAT, but ipvs_director_ipv6_forward is false, so answers would end "
                "at the director: set it to true, or use DR." % (host, service["name"], service["address"]))))
    return result + [Offer("virtual address", service["address"]) for service in values["keepalived_virtual_services"]
                     if service.get("address")]

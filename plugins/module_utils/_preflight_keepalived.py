# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone tell about the VRRP instances of a host."""

from __future__ import annotations

import ipaddress

from ansible_collections.failover.stack.plugins.module_utils import _preflight_virtual_servers
from ansible_collections.failover.stack.plugins.module_utils._preflight import Claim


def _interface(text):
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        return None


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
    if instance.get("authentication") and not (values.get("keepalived_passwords") or {}).get(instance["name"]):
        yield "%s.authentication is true, but keepalived_passwords has none for %r: add one." % (where, instance["name"])


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


def _addresses(where, instance, values):
    own = _source(instance, values)
    if not instance["addresses"]:
        yield "%s.addresses is empty: name the virtual address with its prefix length." % where
    for text in instance["addresses"]:
        virtual = _interface(text)
        if virtual is None or "/" not in text:
            yield "%s.addresses has %s, which is no address with a prefix length: write it like 198.18.0.101/24." % (where, text)
        elif own is not None and virtual.ip == own:
            yield "%s.addresses has %s, which is this host's own address: choose one that nobody has." % (where, text)
        elif own is not None and own not in virtual.network:
            yield ("%s.addresses has %s, but this host's address %s is not in that subnet: choose an address of the host's subnet "
                   "or mend the prefix length." % (where, text, own))


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
    yield from _advert(where, instance, values)
    yield from _network(where, instance, values)
    yield from _addresses(where, instance, values)
    yield from _tracks(where, instance, values)
    if instance.get("preempt_delay") and not instance.get("preempt"):
        yield "%s.preempt_delay is %s, but preempt is false: set preempt or take the delay away." % (where, instance["preempt_delay"])


def _checks(host, values):
    for number, check in enumerate(values["keepalived_scripts"]):
        if bool(check.get("command")) == bool(check.get("tcp_port")):
            yield "%s: keepalived_scripts[%d] (%s) needs either command or tcp_port: give one of the two." % (host, number, check["name"])
        elif check.get("command") and not check["command"].startswith("/"):
            yield "%s: keepalived_scripts[%d].command is %r: begin with an absolute path." % (host, number, check["command"])
    names = [instance["name"] for instance in values["keepalived_instances"]]
    for group in values["keepalived_sync_groups"]:
        for name in group["instances"]:
            if name not in names:
                yield "%s: keepalived_sync_groups (%s) names %r, which keepalived_instances does not have: add or remove it." % (
                    host, group["name"], name)


def _same_wire(one, other, values):
    """On one interface in one family, but in different subnets: those in one subnet are told by the claims."""
    interfaces = [instance.get("interface") or values.get("keepalived_interface") for instance in (one, other)]
    networks = [{_interface(text).network for text in instance["addresses"] if _interface(text)} for instance in (one, other)]
    families = [{network.version for network in some} for some in networks]
    return interfaces[0] == interfaces[1] and bool(families[0] & families[1]) and not networks[0] & networks[1]


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
    return found + _preflight_virtual_servers.problems(host, values)


def claims(host, values):
    """A VRID within a segment, every virtual address, and the host's own address."""
    result = []
    for own in [values.get("keepalived_address"), *(values.get("keepalived_addresses") or {}).values()]:
        if not _address(own):
            continue
        result.append(Claim("address", str(_address(own)), "host %s" % host,
                            "%s: its address %s is also a virtual address: choose another for one of them." % (host, own)))
    for instance in values["keepalived_instances"]:
        addresses = sorted(instance["addresses"])
        owner = "VRRP instance of " + ", ".join(addresses)
        for text in addresses:
            virtual = _interface(text)
            result.append(Claim("VRID on segment %s" % virtual.network, str(instance["virtual_router_id"]), owner, (
                "%s: keepalived_instances (%s) has virtual_router_id %s, which another instance on segment %s uses: give each VRRP "
                "instance of a segment its own." % (host, instance["name"], instance["virtual_router_id"], virtual.network))))
            result.append(Claim("address", str(virtual.ip), owner, (
                "%s: keepalived_instances (%s) has address %s, which a host or another instance has: choose one that nobody has." % (
                    host, instance["name"], text))))
    return result

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone tell about keepalived's virtual servers."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.failover.stack.plugins.module_utils._vip import virtual_address
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers import label, plain

CONNECTING = ("HTTP_GET", "SSL_GET", "TCP_CHECK", "SMTP_CHECK", "UDP_CHECK")
# Signal 0 asks whether a process is there, and whether one may send it signals, which the scripts' user may not.
ASKS_BY_SIGNAL = re.compile(r"\b(kill|killall|pkill)\s+(-\S+\s+)*(-0|-n\s*0|-s\s*0|--signal[ =]0)(\s|$)")
FLAGS_OF = {"sh-port": "sh", "sh-fallback": "sh", "mh-port": "mh", "mh-fallback": "mh"}


def _address(text):
    try:
        return ipaddress.ip_address(str(text))
    except ValueError:
        return None


def network_of(text):
    try:
        return ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return None


def networks_of(values):
    """Where the director has an address: the prefix lengths of its virtual addresses, and what the operator names."""
    texts = [text for instance in values["keepalived_instances"] for text in instance["addresses"]]
    found = [one.interface.network for one in virtual_address.parsed(texts)]
    found += [network_of(text) for text in values.get("keepalived_networks") or []]
    return [network for network in found if network is not None and network.prefixlen < network.max_prefixlen]


def _inside(address, networks):
    return [network for network in networks if address.version == network.version and address in network]


# -- one virtual server, as it was written ----------------------------------------------------


def _places(where, virtual):
    named = [virtual["address"]] if virtual.get("address") else []
    named += virtual.get("addresses") or []
    ports = ([virtual["port"]] if virtual.get("port") is not None else []) + list(virtual.get("ports") or [])
    if bool(named) == bool(virtual.get("fwmark")):
        yield "%s needs either an address or a fwmark: give one of the two." % where
    if virtual.get("fwmark") and ports:
        yield "%s has a fwmark and the port %s, but the mark says which packets: take the port away." % (where, ports[0])
    for text in named:
        if _address(text) is None:
            yield "%s has the address %s, which is none: write it without prefix length, like 198.18.0.100." % (where, text)
    for port in ports:
        if not 1 <= int(port) <= 65535:
            yield "%s has the port %s: give a number from 1 to 65535." % (where, port)
    if named and not virtual.get("fwmark") and not ports and not virtual.get("persistence_timeout"):
        yield "%s has no port, and all ports need persistence_timeout: give a port or the time-out." % where


def _numbers(where, thing):
    """What keepalived takes for another number, or never comes back from."""
    for name, low, least in (("delay_loop", 0.001, "more than 0"), ("connect_timeout", 0.001, "more than 0"), ("warmup", 0, "0 or more"),
                             ("delay_before_retry", 0, "0 or more"), ("persistence_timeout", 0, "0 or more"), ("quorum", 1, "1 or more"),
                             ("hysteresis", 0, "0 or more"), ("upper_threshold", 0, "0 or more"), ("lower_threshold", 0, "0 or more"),
                             ("timeout", 1, "1 or more")):
        if thing.get(name) is not None and float(thing[name]) < low:
            yield "%s.%s is %s: give %s." % (where, name, thing[name], least)
    for name in ("server_port", "connect_port", "bind_port"):
        if thing.get(name) is not None and not 1 <= int(thing[name]) <= 65535:
            yield "%s.%s is %s: give a number from 1 to 65535." % (where, name, thing[name])
    if thing.get("fwmark") is not None and int(thing["fwmark"]) < 1:
        yield "%s.fwmark is %s: give a number from 1 up." % (where, thing["fwmark"])


def _retry(where, thing):
    if thing.get("retry") is not None and int(thing["retry"]) < 1:
        yield "%s.retry is %s, which only a check may have: give at least 1 here, or retry 0 to each check." % (where, thing["retry"])


def _mode(where, virtual):
    yield from _retry(where, virtual)
    yield from _numbers(where, virtual)
    protocol = virtual.get("protocol") or "TCP"
    if virtual.get("persistence_engine") and protocol != "UDP":
        yield "%s.persistence_engine is %s, which reads UDP alone, but protocol is %s: take it away or set UDP." % (
            where, virtual["persistence_engine"], protocol)
    if virtual.get("one_packet") and protocol != "UDP":
        yield "%s.one_packet is true, which is for UDP alone, but protocol is %s: take it away or set UDP." % (where, protocol)
    for name in ("persistence_engine", "persistence_netmask"):
        if virtual.get(name) and not virtual.get("persistence_timeout"):
            yield "%s.%s is %s, but persistence_timeout is 0: give a time-out or take it away." % (where, name, virtual[name])
    for flag in virtual.get("scheduler_flags") or []:
        if flag in FLAGS_OF and virtual.get("scheduler") != FLAGS_OF[flag]:
            yield "%s.scheduler_flags has %s, which only scheduler %s knows, but it is %s: change one of them." % (
                where, flag, FLAGS_OF[flag], virtual.get("scheduler") or "wlc")
    for name in ("quorum_up", "quorum_down"):
        yield from command_problems("%s.%s" % (where, name), virtual.get(name), virtual.get("notify_user"))
    for text in virtual.get("clients") or []:
        if network_of(text) is None:
            yield "%s.clients has %s, which is no network: write it like 203.0.113.0/24." % (where, text)


def command_problems(where, text, user=None, says="notify_user"):
    """What is no command that keepalived could run, or not as that user. says: the variable that says the user."""
    if not text:
        return
    if not user and re.search(r"\s(root)(\s+root)?$", text):
        yield "%s is %r, where root would be an argument: take it out, and set %s to root, as whom it runs." % (where, text, says)
    if ASKS_BY_SIGNAL.search(text) and user != "root":
        yield ("%s is %r, which sends signal 0; the scripts' user keepalived_script may not do that to others' processes, so it would "
               "always fail: use /usr/bin/pidof NAME or '/usr/bin/systemctl is-active --quiet UNIT' instead (keepalived_processes for an "
               "instance), or set %s to root." % (where, text, says))
    if not text.startswith("/"):
        yield "%s is %r: begin with an absolute path." % (where, text)
    if '"' in text or "\\" in text:
        yield "%s is %r, but keepalived loses double quotes and backslashes: use single quotes or put it into a script." % (where, text)


def _tunnel(where, method, tunnel):
    if not tunnel:
        return
    kind = tunnel.get("type") or "ipip"
    if method != "TUN":
        yield "%s.tunnel is given, but method is %s: take it away or set TUN." % (where, method)
    if (kind == "gue") != bool(tunnel.get("port")):
        yield "%s.tunnel has type %s and port %s: gue needs a port, the others have none." % (where, kind, tunnel.get("port"))
    if tunnel.get("checksum") and (kind == "ipip" or (kind == "gre" and tunnel["checksum"] == "remcsum")):
        yield "%s.tunnel has type %s, which does not know checksum %s: take it away." % (where, kind, tunnel["checksum"])


def _check(where, check, port, hosts):
    kind = check["type"]
    yield from _numbers("%s (%s)" % (where, kind), check)
    if int(check.get("retry") or 0) < 0:
        yield "%s (%s).retry is %s: give 0 or more." % (where, kind, check["retry"])
    if kind in ("HTTP_GET", "SSL_GET"):
        if not check.get("urls"):
            yield "%s (%s) has no urls: name at least one with its path." % (where, kind)
        for url in check.get("urls") or []:
            if not url["path"].startswith("/"):
                yield "%s (%s) has the path %s: begin it with /." % (where, kind, url["path"])
    if kind == "SSL_GET" and check.get("sni") and not (check.get("virtualhost") or hosts or any(
            url.get("virtualhost") for url in check.get("urls") or [])):
        yield "%s (SSL_GET) has sni, but no virtualhost to send: give one." % where
    if kind == "MISC_CHECK":
        if not check.get("script"):
            yield "%s (MISC_CHECK) has no script: give an absolute path." % where
        yield from command_problems("%s.script" % where, check.get("script"), check.get("user"), "user")
    if kind == "FILE_CHECK" and not str(check.get("file") or "").startswith("/"):
        yield "%s (FILE_CHECK) has the file %r: give an absolute path." % (where, check.get("file"))
    if kind in CONNECTING and not port and not check.get("connect_port"):
        yield "%s (%s) does not know the port, as the server has none: give connect_port." % (where, kind)


# -- one IPVS service with its servers --------------------------------------------------------


def _reach(where, server, service, values, networks):
    """Whether packets get to the server and replies back the way they must."""
    method, address = server["method"], _address(server["address"])
    if method in ("DR", "TUN") and service["port"] and server["port"] != service["port"]:
        yield ("%s has port %s, but the service has %s, and %s delivers packets as they are: use the same port, or NAT." % (
            where, server["port"], service["port"], method))
    if address is not None and address.is_loopback:
        # The director itself, say its sorry page: delivered locally, for the virtual address.
        if method == "NAT":
            yield ("%s has address %s, and with NAT packets to it would be dropped as martians: use DR, or the director's own address "
                   "towards the servers." % (where, address))
        return
    known = _inside(address, networks)
    if method == "DR" and networks and not known and plain(values.get("keepalived_address")) != str(address):
        yield ("%s has address %s, which is in none of the director's networks %s, and DR reaches neighbours only: use NAT or TUN, or "
               "name its network in keepalived_networks." % (where, address, ", ".join(map(str, dict.fromkeys(networks)))))
    if method == "NAT" and known:
        yield from _bypass(where, address, known[0], service, values)


def _bypass(where, address, network, service, values):
    clients = service.get("clients") or values.get("keepalived_client_networks") or []
    for text in clients:
        named = network_of(text)
        if named is not None and named.prefixlen and named.version == network.version and named.overlaps(network):
            yield ("%s has method NAT and address %s, but clients come from %s, which is its own network %s: it would answer them "
                   "directly, past the director, and they would not know the answer; use DR, or put clients and servers into "
                   "different networks." % (where, address, text, network))
    virtual = _address(service["address"]) if service.get("address") else None
    if not clients and virtual is not None and virtual.version == network.version and virtual in network:
        yield ("%s has method NAT and address %s, and the virtual address %s is in its own network %s: clients from there would be "
               "answered directly, past the director, and not know the answer; use DR, or move one of them, or name where clients "
               "come from in keepalived_client_networks." % (where, address, virtual, network))


def _server(where, server, service, values, networks):
    address = _address(server.get("address"))
    if server.get("address") is None and service.get("address_variable"):
        yield "%s has no address: set its variable %s, which address_variable names." % (where, service["address_variable"])
        return
    if address is None:
        yield "%s is %s, which is neither a host of the inventory with an address nor an address: name one." % (
            where, server.get("address") or server.get("name"))
        return
    if not 0 <= int(server.get("weight", 1)) <= 65535:
        yield "%s has weight %s: give a number from 0 to 65535." % (where, server["weight"])
    yield from _retry(where, server)
    yield from _numbers(where, server)
    if server["port"] and not 1 <= int(server["port"]) <= 65535:
        yield "%s.port is %s: give a number from 1 to 65535." % (where, server["port"])
    low, high = int(server.get("lower_threshold") or 0), int(server.get("upper_threshold") or 0)
    if low > high:
        yield "%s has lower_threshold %d and upper_threshold %d: the lower may not be above the upper." % (where, low, high)
    virtual = _address(service["address"]) if service.get("address") else None
    if virtual is not None and virtual.version != address.version and server["method"] != "TUN":
        yield "%s has address %s, but the virtual address is %s: only TUN goes from one family to the other." % (where, address, virtual)
    yield from _tunnel(where, server["method"], server.get("tunnel"))
    yield from _reach(where, server, service, values, networks)
    for name in ("notify_up", "notify_down"):
        yield from command_problems("%s.%s" % (where, name), server.get(name), server.get("notify_user"))
    hosts = server.get("virtualhost") or service.get("virtualhost")
    for number, check in enumerate(server["checks"]):
        yield from _check("%s.checks[%d]" % (where, number), check, server["port"], hosts)


def _service(where, service, values, networks):
    if not service["servers"]:
        yield "%s has no real servers: name a group that has hosts, or servers." % where
        return
    places = [(plain(server.get("address")), server["port"]) for server in service["servers"]]
    for place in dict.fromkeys(place for place in places if places.count(place) > 1):
        yield "%s has the real server %s port %s twice: name it once." % (where, place[0], place[1])
    weights = sum(int(server.get("weight", 1)) for server in service["servers"])
    if service["quorum"] > weights:
        yield "%s.quorum is %d, but its servers weigh %d together: it could never be reached; lower it." % (
            where, service["quorum"], weights)
    for number, server in enumerate(service["servers"]):
        yield from _server("%s.servers[%d] (%s)" % (where, number, server.get("name")), server, service, values, networks)
    sorry = service.get("sorry_server")
    if sorry:
        yield from _sorry("%s.sorry_server" % where, sorry, service, values, networks)


def _sorry(where, sorry, service, values, networks):
    if _address(sorry["address"]) is None:
        yield "%s has the address %s, which is none: give one." % (where, sorry["address"])
        return
    server = {"address": sorry["address"], "port": int(sorry.get("port") or service["port"]),
              "method": sorry.get("method") or service["method"]}
    yield from _tunnel(where, server["method"], sorry.get("tunnel"))
    yield from _reach(where, server, service, values, networks)


def _virtual_addresses(values):
    found = {virtual_address.plain(text) for instance in values["keepalived_instances"] for text in instance["addresses"]}
    return found | {service["address"] for service in values["keepalived_virtual_services"] if service.get("address")}


def _claimed_twice(host, values):
    """Services twice, and virtual addresses that a real server has for its own."""
    labels = [label(service) for service in values["keepalived_virtual_services"]]
    for text in dict.fromkeys(text for text in labels if labels.count(text) > 1):
        yield "%s: keepalived_virtual_servers has %s twice: define it once." % (host, text)
    virtual = _virtual_addresses(values)
    for service in values["keepalived_virtual_services"]:
        for server in service["servers"]:
            if server.get("address") and plain(server["address"]) in virtual:
                yield ("%s: keepalived_virtual_servers (%s) has the real server %s, whose address %s is also a virtual address: use "
                       "another." % (host, service["name"], server.get("name"), server["address"]))


def _sync(host, values):
    daemon = values.get("keepalived_sync_daemon") or {}
    if not daemon:
        return
    where = "%s: keepalived_sync_daemon" % host
    if not daemon.get("interface"):
        yield "%s has no interface: name the one the directors share." % where
    if daemon.get("instance") not in [instance["name"] for instance in values["keepalived_instances"]]:
        yield "%s.instance is %s, which keepalived_instances does not have: name one of them." % (
            where, daemon.get("instance") or "not given")
    for name, low, high in (("id", 0, 255), ("maxlen", 1, 65507), ("port", 1, 65535), ("ttl", 1, 255)):
        if daemon.get(name) is not None and not low <= int(daemon[name]) <= high:
            yield "%s.%s is %s: give a number from %d to %d." % (where, name, daemon[name], low, high)


def _mail(host, values):
    email = values.get("keepalived_email") or {}
    lacking = [name for name in ("from", "to", "smtp_server") if not email.get(name)]
    if email and lacking:
        yield "%s: keepalived_email lacks %s: give all of from, to and smtp_server." % (host, ", ".join(lacking))
    things = list(values["keepalived_instances"]) + [
        thing for service in values["keepalived_virtual_services"] for thing in [service, *service["servers"]]]
    for thing in things:
        if thing.get("smtp_alert") and not email:
            yield "%s: %s has smtp_alert, but keepalived_email is empty: say who is told and by which server." % (host, thing.get("name"))
            return


def problems(host, values):
    """One sentence each: host, variable, value, remedy."""
    found, networks = [], networks_of(values)
    for variable in ("keepalived_client_networks", "keepalived_networks"):
        for text in values.get(variable) or []:
            if network_of(text) is None:
                found.append("%s: %s has %s, which is no network: write it like 203.0.113.0/24." % (host, variable, text))
    for virtual in values["keepalived_virtual_servers"]:
        where = "%s: keepalived_virtual_servers (%s)" % (host, virtual["name"])
        own = list(_places(where, virtual)) + list(_mode(where, virtual))
        own += list(_tunnel(where, virtual.get("method") or "DR", virtual.get("tunnel")))
        services = [service for service in values["keepalived_virtual_services"] if service["name"] == virtual["name"]]
        for service in services if not own else []:
            own += list(_service(where, service, values, networks))
        found += own
    found += list(_claimed_twice(host, values)) + list(_sync(host, values)) + list(_mail(host, values))
    return list(dict.fromkeys(found))

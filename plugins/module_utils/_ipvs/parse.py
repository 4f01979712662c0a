# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ipvsadm prints, as data and back.

A table is {service: (Options, {server: Server})}. Services and servers are named by the words that ipvsadm itself uses for them
("-t 198.18.0.100:80", "198.18.0.11:80"): that makes a table of thousands cheap to compare, and a line of a batch is a name and a few words.
"""

from __future__ import annotations

import re
import socket
from collections import namedtuple

Options = namedtuple("Options", "scheduler flags persistent netmask engine one_packet")
Server = namedtuple("Server", "method weight tunnel tunnel_port checksum")

PROTOCOLS = {"tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}
PREFIXES = {"TCP": "-t", "UDP": "-u", "SCTP": "--sctp-service", "FWM": "-f"}
METHODS = {"DR": "-g", "NAT": "-m", "TUN": "-i"}
CHECKSUMS = {"none": "nocsum", "csum": "csum", "remcsum": "remcsum"}
# The names of the bits that a scheduler gives to the first two flags.
FLAGS = {"sh": ("sh-fallback", "sh-port", "flag-3"), "mh": ("mh-fallback", "mh-port", "flag-3")}
NO_FLAGS = ("flag-1", "flag-2", "flag-3")
BITS = {"flag-1": 1, "flag-2": 2, "flag-3": 4, "sh-fallback": 1, "sh-port": 2, "mh-fallback": 1, "mh-port": 2}
NO_THRESHOLDS = (0, 0)


def canonical(address):
    """(family, address as ipvsadm prints it), or (None, None). The C library's own spelling, which Python's ipaddress does not share."""
    for family, number in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
        try:
            return number, socket.inet_ntop(family, socket.inet_pton(family, address))
        except (OSError, ValueError):
            continue
    return None, None


def joined(family, address, port):
    return "%s:%d" % (address, port) if family == 4 else "[%s]:%d" % (address, port)


def split(server):
    """(address, port) of "198.18.0.11:80" or "[2001:db8::1]:80"."""
    address, _colon, port = server.rpartition(":")
    return address.strip("[]"), int(port)


def fwmark_name(words):
    """ipvsadm prints marks from 2^31 on as negative numbers."""
    mark, _space, rest = words.partition(" ")
    return "-f %d%s" % (int(mark) % (1 << 32), " -6" if rest else "")


def name_of(words):
    return fwmark_name(words[3:]) if words.startswith("-f ") else words


# --- ipvsadm -Sn -------------------------------------------------------------


def parse_options(text):
    """The words after a service's name."""
    words = text.split()
    scheduler, flags, persistent, netmask, engine, one_packet = "wlc", 0, 0, "", "", False
    position = 0
    while position < len(words):
        word, value = words[position], words[position + 1] if position + 1 < len(words) else ""
        position += 2
        if word == "-s":
            scheduler = value
        elif word == "-p":
            persistent = int(value)
        elif word == "-M":
            netmask = value
        elif word == "--pe":
            engine = value
        elif word == "-b":
            for flag in value.split(","):
                flags |= BITS.get(flag, 0)
        else:
            one_packet = one_packet or word in ("-o", "--ops")
            position -= 1
    return Options(scheduler, flags, persistent, netmask, engine, one_packet)


def parse_server(text):
    """The words after a server's address."""
    words = text.split()
    method, weight, tunnel, port, checksum = "-g", 1, "ipip", 0, "nocsum"
    for position, word in enumerate(words):
        if word in ("-g", "-m", "-i"):
            method = word
        elif word == "-w":
            weight = int(words[position + 1])
        elif word == "--tun-type":
            tunnel = words[position + 1]
        elif word == "--tun-port":
            port = int(words[position + 1])
        elif word in ("--tun-nocsum", "--tun-csum", "--tun-remcsum"):
            checksum = word[6:]
    return Server(method, weight, tunnel, port, checksum)


def parse_table(text):
    """The table that ipvsadm -Sn prints."""
    table, options, servers = {}, {}, {}
    for line in text.splitlines():
        name, found, rest = line[3:].partition(" -r ")
        if found:
            server, _space, words = rest.partition(" ")
            # A few kinds of servers make up a table of thousands: each kind is read once.
            kind = servers.get(words)
            if kind is None:
                kind = servers[words] = parse_server(words)
            if name not in table:
                name = name_of(name)
            table[name][1][server] = kind
        elif line.startswith("-A "):
            name, _found, words = name.partition(" -s ")
            if words not in options:
                options[words] = parse_options("-s " + words)
            table[name_of(name)] = (options[words], {})
    return table


# --- ipvsadm -Ln --thresholds --------------------------------------------------


def parse_listing(text):
    """{(service, server): (upper, lower, active, inactive)} of ipvsadm -Ln --thresholds."""
    found, service = {}, None
    for line in text.splitlines():
        words = line.split()
        if line.startswith("  -> "):
            if service and len(words) >= 6:
                found[service, words[1]] = tuple(int(word) for word in words[2:6])
        elif words and words[0] in PREFIXES:
            service = PREFIXES[words[0]] + " " + words[1]
            if words[0] == "FWM":
                service = fwmark_name(words[1] + (" -6" if words[2:3] == ["IPv6"] else ""))
    return found


def parse_tool_version(text):
    """1.31 of "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)"."""
    match = re.search(r"^ipvsadm v(\S+)", text, re.M)
    return match.group(1) if match else ""


# --- ipvsadm -Ln --timeout, --daemon --------------------------------------------


def parse_timeouts(text):
    match = re.search(r"^Timeout \(tcp tcpfin udp\): (\d+) (\d+) (\d+)", text, re.M)
    return dict(zip(("tcp", "tcpfin", "udp"), map(int, match.groups()))) if match else None


def parse_daemons(text):
    """The sync daemons by their role."""
    daemons = {}
    for match in re.finditer(r"^(master|backup) sync daemon \(([^)]*)\)", text, re.M):
        values = dict(pair.split("=", 1) for pair in match.group(2).split(", ") if "=" in pair)
        daemon = {"state": match.group(1), "interface": values.get("mcast"), "group": values.get("group")}
        for key, name in (("id", "syncid"), ("maxlen", "maxlen"), ("port", "port"), ("ttl", "ttl")):
            daemon[key] = int(values[name]) if name in values else None
        daemons[match.group(1)] = daemon
    return daemons


# --- Back to words -----------------------------------------------------------


def options_text(options):
    words = ["-s", options.scheduler]
    if options.persistent:
        words += ["-p", str(options.persistent)]
        if options.netmask:
            words += ["-M", options.netmask]
    if options.engine:
        words += ["--pe", options.engine]
    if options.one_packet:
        words.append("-o")
    if options.flags:
        names = FLAGS.get(options.scheduler, NO_FLAGS)
        words += ["-b", ",".join(name for bit, name in enumerate(names) if options.flags & 1 << bit)]
    return " ".join(words)


def server_text(server):
    text = "%s -w %d" % (server.method, server.weight)
    if server.method != "-i" or server.tunnel == "ipip":
        return text
    text += " --tun-type %s" % server.tunnel
    if server.tunnel == "gue":
        text += " --tun-port %d" % server.tunnel_port
    return "%s --tun-%s" % (text, server.checksum)


def thresholds_text(thresholds):
    return " -x %d -y %d" % thresholds if thresholds != NO_THRESHOLDS else ""


def daemon_text(daemon):
    words = ["--start-daemon", daemon["state"], "--mcast-interface", daemon["interface"], "--syncid", str(daemon.get("id") or 0)]
    for key, option in (("maxlen", "--sync-maxlen"), ("group", "--mcast-group"), ("port", "--mcast-port"), ("ttl", "--mcast-ttl")):
        if daemon.get(key) is not None:
            words += [option, str(daemon[key])]
    return " ".join(words)


def service_order(name):
    """Fwmarks first, then by family, protocol, address and port."""
    if name.startswith("-f "):
        words = name.split()
        return 0, int(words[1]), len(words), b"", 0
    option, _space, place = name.partition(" ")
    address, port = split(place)
    family = socket.AF_INET6 if place.startswith("[") else socket.AF_INET
    return 1, int(family), ("-t", "-u", "--sctp-service").index(option), socket.inet_pton(family, address), port


def table_text(table, names, thresholds=None):
    """The lines of these services as ipvsadm -Sn prints them, with thresholds where they are known."""
    lines, known = [], thresholds or {}
    for name in sorted(names, key=service_order):
        if name not in table:
            continue
        options, servers = table[name]
        lines.append("-A %s %s" % (name, options_text(options)))
        for server, kind in servers.items():
            lines.append("-a %s -r %s %s%s" % (
                name, server, server_text(kind), thresholds_text(known.get((name, server), NO_THRESHOLDS))))
    return "".join(line + "\n" for line in lines)


# --- The shape of the module's options ---------------------------------------


def service_dict(name):
    """A service's name as the module's options."""
    option, _space, place = name.partition(" ")
    if option == "-f":
        mark, _space, six = place.partition(" ")
        return {"fwmark": int(mark), "family": "ipv6" if six else "ipv4"}
    address, port = split(place)
    return {"address": address, "port": port, "protocol": {value: key for key, value in PROTOCOLS.items()}[option]}


def server_dict(server, kind):
    address, port = split(server)
    result = {"address": address, "port": port, "weight": kind.weight,
              "method": {value: key for key, value in METHODS.items()}[kind.method]}
    if kind.method == "-i":
        result["tunnel_type"] = kind.tunnel
        if kind.tunnel == "gue":
            result["tunnel_port"] = kind.tunnel_port
        if kind.tunnel != "ipip":
            result["tunnel_checksum"] = {value: key for key, value in CHECKSUMS.items()}[kind.checksum]
    return result


def services_list(table, listing=None):
    """The whole table in the shape of the module's option `services`."""
    result = []
    for name, (options, servers) in table.items():
        service = service_dict(name)
        names = FLAGS.get(options.scheduler, NO_FLAGS)
        service.update(scheduler=options.scheduler, one_packet=options.one_packet,
                       scheduler_flags=[flag for bit, flag in enumerate(names) if options.flags & 1 << bit], servers=[])
        for key, value in (("persistent", options.persistent), ("netmask", options.netmask), ("persistence_engine", options.engine)):
            if value:
                service[key] = value
        for server, kind in servers.items():
            entry = server_dict(server, kind)
            if listing is not None:
                numbers = listing.get((name, server), (0, 0, 0, 0))
                entry.update(zip(("upper_threshold", "lower_threshold", "active_connections", "inactive_connections"), numbers))
            service["servers"].append(entry)
        result.append(service)
    return result


# --- The kernel's own listing ---------------------------------------------------------------


def proc_place(text):
    """(address, port) of "C6120064:0050" or "[2001:0db8:…:0001]:0050"."""
    address, _colon, port = text.rpartition(":")
    plain = address.strip("[]") if address.startswith("[") else socket.inet_ntop(socket.AF_INET, bytes.fromhex(address))
    return canonical(plain)[1], int(port, 16)


def parse_proc(text):
    """/proc/net/ip_vs, which everybody may read, while ipvsadm needs CAP_NET_ADMIN: services as services_list gives them, as far as they
    are told there. A firewall mark does not tell its family."""
    found = []
    for words in map(str.split, text.splitlines()):
        if words[:1] == ["FWM"]:
            found.append({"fwmark": int(words[1], 16), "servers": []})
        elif words[:1] and words[0].lower() in PROTOCOLS:
            address, port = proc_place(words[1])
            found.append({"protocol": words[0].lower(), "address": address, "port": port, "servers": []})
        elif words[:1] == ["->"] and words[1] != "RemoteAddress:Port":
            address, port = proc_place(words[1])
            weight, active, inactive = map(int, words[3:6])
            found[-1]["servers"].append({"address": address, "port": port, "weight": weight, "active_connections": active,
                                         "inactive_connections": inactive})
    return found


def in_words(name):
    """A service's name for a sentence."""
    option, _space, place = name.partition(" ")
    if option == "-f":
        mark, _space, six = place.partition(" ")
        return "fwmark %s%s" % (mark, " (IPv6)" if six else "")
    return "%s/%s" % (place, {value: key for key, value in PROTOCOLS.items()}[option])

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed keepalived leaves in the kernel, in the words of `ipvsadm --restore`. Pure.

keepalived 2.2 and 2.3 correct nothing that they find: a weight of 0 or a sorry server from the moment of the crash would stay for ever.
"""

from __future__ import annotations

SERVICE = {"TCP": "-t", "UDP": "-u", "SCTP": "--sctp-service"}
METHOD = {"NAT": "-m", "DR": "-g", "TUN": "-i"}


def _place(address, port):
    return "[%s]:%d" % (address, port) if ":" in str(address) else "%s:%d" % (address, port)


def _service(service):
    if service.get("fwmark"):
        six = service.get("family") == "inet6" or any(":" in str(server["address"]) for server in service["servers"])
        return "-f %d%s" % (service["fwmark"], " -6" if six else "")
    return "%s %s" % (SERVICE[service["protocol"]], _place(service["address"], service["port"]))


def _options(service):
    words = ["-s", service["scheduler"]]
    words += ["-b", ",".join(service["scheduler_flags"])] if service.get("scheduler_flags") else []
    if service.get("persistence_timeout"):
        words += ["-p", str(service["persistence_timeout"])]
        words += ["-M", str(service["persistence_netmask"])] if service.get("persistence_netmask") else []
    words += ["--pe", service["persistence_engine"]] if service.get("persistence_engine") else []
    return " ".join(words + (["-o"] if service.get("one_packet") else []))


def _forwarding(method, tunnel):
    words = [METHOD[method]]
    if method == "TUN" and tunnel:
        words += ["--tun-type", tunnel.get("type") or "ipip"]
        words += ["--tun-port", str(tunnel["port"])] if tunnel.get("port") else []
        words += ["--tun-%s" % tunnel["checksum"]] if tunnel.get("checksum") else []
    return " ".join(words)


def _server(name, server):
    line = "%s -r %s %s" % (name, _place(server["address"], server["port"]), _forwarding(server["method"], server.get("tunnel")))
    for option, key in (("-x", "upper_threshold"), ("-y", "lower_threshold")):
        line += " %s %d" % (option, int(server[key])) if server.get(key) else ""
    return line


def _sorry(name, service):
    sorry = service.get("sorry_server")
    if not sorry:
        return []
    server = {"address": sorry["address"], "port": int(sorry.get("port") or service["port"]),
              "method": sorry.get("method") or service["method"], "tunnel": sorry.get("tunnel")}
    if sorry.get("inhibit"):
        return ["-e %s -w 0" % _server(name, server)]
    return ["-d %s -r %s" % (name, _place(server["address"], server["port"]))]


def leftovers(services):
    """{lines: for every service; servers: [address, weight, line], whose weight depends on whether it is drained}."""
    result = {"lines": [], "servers": []}
    for service in services:
        name = _service(service)
        result["lines"] += ["-E %s %s" % (name, _options(service)), *_sorry(name, service)]
        result["servers"] += [
            [server["address"], int(server.get("weight", 1)), "-e " + _server(name, server)] for server in service["servers"]]
    return result

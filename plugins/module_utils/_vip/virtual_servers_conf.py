# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived.conf for resolved virtual servers. Pure: a tree of lines first, text at the end."""

from __future__ import annotations

TIMERS = ("delay_loop", "retry", "delay_before_retry", "connect_timeout", "warmup")
PLACES = ("connect_ip", "connect_port", "bindto", "bind_port", "bind_if", "fwmark")


PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.,:;=@%/()|*+?^<>-")


def octal(text):
    """In quotes, with whatever keepalived's reader could take for a quote, a comment, a block or a parameter in octal."""
    return '"%s"' % "".join(
        chr(byte) if chr(byte) in PLAIN else "\\%03o" % byte for byte in str(text).encode("utf-8"))


def number(value):
    """3.0 as 3: what counts whole takes no fraction."""
    return int(value) if float(value) == int(float(value)) else float(value)


def _words(thing, *names, **renamed):
    """Lines 'keyword value' of the settings that are given."""
    pairs = [(name, name) for name in names] + list(renamed.items())
    return ["%s %s" % (keyword, thing[name]) for keyword, name in pairs if thing.get(name) not in (None, "")]


def _numbers(thing, *names):
    return ["%s %s" % (name, number(thing[name])) for name in names if thing.get(name) is not None]


def _flags(thing, *names, **renamed):
    """Lines 'keyword' of the settings that are true."""
    pairs = [(name, name) for name in names] + list(renamed.items())
    return [keyword for keyword, name in pairs if thing.get(name)]


def _switches(thing, *names):
    return ["%s %s" % (name, "yes" if thing[name] else "no") for name in names if thing.get(name) is not None]


def _quoted(thing, *names, **renamed):
    pairs = [(name, name) for name in names] + list(renamed.items())
    return ['%s "%s"' % (keyword, thing[name]) for keyword, name in pairs if thing.get(name) not in (None, "")]


def _commands(thing, *names):
    """Lines of commands, and whom they run as where that is not the scripts' user."""
    user = " %s" % thing["notify_user"] if thing.get("notify_user") else ""
    return [line + user for line in _quoted(thing, *names)]


def forwarding(keyword, method, tunnel):
    line = [keyword, method]
    if method == "TUN" and tunnel:
        line += ["type", tunnel.get("type") or "ipip"]
        line += ["port", str(tunnel["port"])] if tunnel.get("port") else []
        line += [tunnel["checksum"]] if tunnel.get("checksum") else []
    return " ".join(line)


def _url(url):
    lines = _words(url, "path", "status_code", "digest")
    lines += ["regex %s" % octal(url["regex"])] if url.get("regex") else []
    lines += _flags(url, "regex_no_match")
    if url.get("regex_options"):
        lines.append("regex_options " + " ".join(url["regex_options"]))
    return ("url", lines + _words(url, "virtualhost"))


def _asks_by_name(given):
    """httpd 2.4.64 and later answer 421 to a Host that the handshake did not name."""
    return given["type"] == "SSL_GET" and bool(given.get("virtualhost") or any(url.get("virtualhost") for url in given.get("urls") or []))


def check(given, track_file):
    """One check; FILE_CHECK knows none of the common settings."""
    kind = given["type"]
    if kind == "FILE_CHECK":
        lines = ["track_file %s" % track_file, "weight %d" % int(given.get("weight") or 0)]
        return (kind, lines)
    lines = _words(given, *PLACES) if kind != "MISC_CHECK" else []
    lines += _numbers(given, *TIMERS) + _switches(given, "alpha", "log_all_failures")
    if kind in ("HTTP_GET", "SSL_GET"):
        lines += _words(given, "http_protocol", "virtualhost") + _switches(given, "fast_recovery")
        named = _asks_by_name(given) if given.get("sni") is None else given["sni"]
        lines += ["enable_sni"] * bool(named) + [_url(url) for url in given.get("urls") or []]
    elif kind == "SMTP_CHECK":
        lines += _words(given, "helo_name")
    elif kind == "DNS_CHECK":
        lines += _words(given, type="dns_type", name="dns_name")
    elif kind == "MISC_CHECK":
        lines += _quoted(given, misc_path="script") + _words(given, "user", misc_timeout="timeout") + _flags(given, misc_dynamic="dynamic")
    elif kind == "UDP_CHECK":
        lines += _quoted(given, "payload")
        if given.get("require_reply") is not None:
            lines.append('require_reply "%s"' % given["require_reply"] if given["require_reply"] else "require_reply")
    return (kind, lines)


def _place(thing, port):
    return "%s %d" % (thing["address"], port) if port else str(thing["address"])


def drain_file(server):
    """Name of the track file that drains a real server: one a server, whatever the services."""
    return "drain_%s" % server["address"]


def _own_file(given):
    return "file_%s" % given["file"].strip("/").replace("/", "_")


def _server(server):
    weight = 1 if server.get("weight") is None else int(server["weight"])
    lines = ["weight %d" % weight, forwarding("lvs_method", server["method"], server.get("tunnel"))]
    lines += ["uthreshold %d" % int(server["upper_threshold"])] if server.get("upper_threshold") else []
    lines += ["lthreshold %d" % int(server["lower_threshold"])] if server.get("lower_threshold") else []
    lines += _commands(server, "notify_up", "notify_down") + _switches(server, "smtp_alert", "inhibit_on_failure", "alpha")
    lines += _words(server, "virtualhost") + _numbers(server, *TIMERS)
    lines += [check(given, _own_file(given) if given.get("file") else None) for given in server["checks"]]
    if weight:
        # 1 in the file takes the whole weight away; the server stays in the table and keeps its connections.
        lines.append(check({"type": "FILE_CHECK", "weight": -weight}, drain_file(server)))
    return ("real_server %s" % _place(server, server["port"]), lines)


def _sorry(service):
    sorry = service.get("sorry_server")
    if not sorry:
        return []
    lines = ["sorry_server %s" % _place(sorry, int(sorry.get("port") or service["port"]))]
    if sorry.get("method"):
        lines.append(forwarding("sorry_server_lvs_method", sorry["method"], sorry.get("tunnel")))
    return lines + (["sorry_server_inhibit"] if sorry.get("inhibit") else [])


def virtual_server(service):
    head = "fwmark %d" % service["fwmark"] if service.get("fwmark") else _place(service, service["port"])
    lines = ["# %s" % service["name"], "lvs_sched %s" % service["scheduler"], *(service.get("scheduler_flags") or [])]
    lines += [forwarding("lvs_method", service["method"], service.get("tunnel"))]
    lines += ["ip_family %s" % service["family"]] if service.get("fwmark") and service.get("family") else []
    lines += [] if service.get("fwmark") else ["protocol %s" % service["protocol"]]
    lines += _flags(service, ops="one_packet") + _words(service, "persistence_engine")
    if service.get("persistence_timeout"):
        lines += _numbers(service, "persistence_timeout") + _words(service, persistence_granularity="persistence_netmask")
    lines += [*_numbers(service, *TIMERS), "quorum %d" % service["quorum"]]
    lines += ["hysteresis %d" % int(service["hysteresis"])] if service.get("hysteresis") else []
    lines += _commands(service, "quorum_up", "quorum_down") + _flags(service, "alpha", "omega", "inhibit_on_failure")
    lines += _words(service, "virtualhost") + _switches(service, "smtp_alert")
    return ("virtual_server %s" % head, lines + _sorry(service) + [_server(server) for server in service["servers"]])


def track_files(services, directory):
    """The files that checks and drains read, each once."""
    servers = [server for service in services for server in service["servers"]]
    files = {drain_file(server): "%s/%s" % (directory, server["address"]) for server in servers if server.get("weight", 1)}
    files.update({_own_file(given): given["file"] for server in servers for given in server["checks"] if given.get("file")})
    return [("track_file %s" % name, ['file "%s"' % path, "init_file 0"]) for name, path in sorted(files.items())]


def text_of(nodes, indent=0):
    """Lines of a tree: a text is a line, a pair a block."""
    lines = []
    for node in nodes:
        if isinstance(node, str):
            lines.append(" " * indent + node)
        else:
            lines += [" " * indent + node[0] + " {", *text_of(node[1], indent + 4), " " * indent + "}"]
    return lines


def render(services, directory):
    """The whole virtual-server half of keepalived.conf."""
    blocks = track_files(services, directory) + [virtual_server(service) for service in services]
    return "\n\n".join("\n".join(text_of([block])) for block in blocks)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy's variables must not contradict."""

from __future__ import annotations

import os
import re

TIME = re.compile(r"^\d+(us|ms|s|m|h|d)?$")
NAME = re.compile(r"^[A-Za-z0-9_.:-]+$")
HTTP_CONDITIONS = ("host", "path_prefix", "path_regex", "method", "user_agent", "header", "redirect")
HTTP_ONLY = ("redirect_https", "hsts_seconds", "request_id")
CONDITIONS = (*HTTP_CONDITIONS[:-1], "sni")
SHORTEST_PASSWORD = 12
SMALLEST_RSA = 2048


def dicts(values, name):
    return [item for item in values.get(name) or [] if isinstance(item, dict)]


def strings(value, where):
    """(place, text) of every string within nested data."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, "%s.%s" % (where, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from strings(item, "%s[%d]" % (where, position))
    elif isinstance(value, str):
        yield where, value


def name_problems(values):
    for variable in ("haproxy_frontends", "haproxy_backends", "haproxy_certificates"):
        seen = {"stats"} if variable == "haproxy_frontends" and values.get("haproxy_stats_enabled") else set()
        for position, item in enumerate(dicts(values, variable)):
            name, where = str(item.get("name")), "%s[%d].name" % (variable, position)
            if not NAME.match(name):
                yield "%s is '%s': use letters, digits and . _ : - only." % (where, name)
            if name in seen:
                yield "%s is '%s', which is taken already: give each its own name." % (where, name)
            seen.add(name)


def quoting_problems(values):
    for variable in ("haproxy_frontends", "haproxy_backends", "haproxy_stats_user"):
        for where, text in strings(values.get(variable), variable):
            if "'" in text or "\n" in text:
                yield "%s contains a quote or a line break: HAProxy's configuration cannot carry it, leave it out." % where


def time_problems(values):
    for variable in sorted(values):
        if re.match(r"haproxy_(timeout_|hard_stop_after|restart_delay)", variable):
            yield from bad_time(variable, values[variable])
    for variable in ("haproxy_frontends", "haproxy_backends"):
        for position, item in enumerate(dicts(values, variable)):
            where = "%s[%d]" % (variable, position)
            for key in [key for key in item if key.startswith("timeout_") or key in ("slowstart", "retry_after")]:
                yield from bad_time("%s.%s" % (where, key), item[key])
            check = item.get("check")
            for key in ("inter", "fastinter", "downinter", "timeout"):
                if isinstance(check, dict) and key in check:
                    yield from bad_time("%s.check.%s" % (where, key), check[key])


def bad_time(where, value):
    if value is not None and not TIME.match(str(value)):
        yield "%s is '%s', which is no duration: write a number with us, ms, s, m, h or d, for example 300ms." % (where, value)


def port_problems(values):
    places = [("haproxy_stats_port", values.get("haproxy_stats_port"))]
    for variable, lists in (("haproxy_frontends", ["binds"]), ("haproxy_backends", ["servers"])):
        for position, item in enumerate(dicts(values, variable)):
            where = "%s[%d]" % (variable, position)
            places.append((where + ".port", item.get("port")))
            check = item.get("check")
            if isinstance(check, dict):
                places += [("%s.check.%s" % (where, key), check.get(key)) for key in ("port", "agent_port")]
            for name in lists:
                for number, part in enumerate(dicts(item, name)):
                    places += [("%s.%s[%d].%s" % (where, name, number, key), part.get(key)) for key in ("port", "check_port")]
    for where, port in places:
        if port is not None and not (str(port).isdigit() and 1 <= int(port) <= 65535):
            yield "%s is %s: a TCP port is 1 to 65535." % (where, port)


def bind_problems(values):
    taken = {}
    if values.get("haproxy_stats_enabled"):
        taken["%s:%s" % (values.get("haproxy_stats_address"), values.get("haproxy_stats_port"))] = "the statistics page"
    known = {item.get("name") for item in dicts(values, "haproxy_certificates")}
    for position, frontend in enumerate(dicts(values, "haproxy_frontends")):
        if not dicts(frontend, "binds"):
            yield "haproxy_frontends[%d].binds is empty: '%s' must listen somewhere." % (position, frontend.get("name"))
        for number, bind in enumerate(dicts(frontend, "binds")):
            where = "haproxy_frontends[%d].binds[%d]" % (position, number)
            key = "%s:%s" % (bind.get("address") or "*", bind.get("port"))
            if key in taken:
                yield "%s is %s, which %s has already: give each its own address or port." % (where, key, taken[key])
            taken.setdefault(key, "frontend '%s'" % frontend.get("name"))
            for name in bind.get("certificates") or []:
                if name not in known:
                    yield "%s.certificates names '%s', which is not in haproxy_certificates: add it there." % (where, name)


def frontend_problems(values):
    modes = {item.get("name"): item.get("mode") or "http" for item in dicts(values, "haproxy_backends")}
    for position, frontend in enumerate(dicts(values, "haproxy_frontends")):
        where, mode = "haproxy_frontends[%d]" % position, frontend.get("mode") or "http"
        targets = [(where + ".default_backend", frontend.get("default_backend"))]
        for number, rule in enumerate(dicts(frontend, "rules")):
            place = "%s.rules[%d]" % (where, number)
            targets.append((place + ".backend", rule.get("backend")))
            yield from rule_problems(place, rule, mode)
        if not any(name for _place, name in targets) and not frontend.get("redirect_https"):
            yield "%s ('%s') sends requests nowhere: set default_backend, rules or redirect_https." % (where, frontend.get("name"))
        for place, name in targets:
            if name and name not in modes:
                yield "%s is '%s', which is not in haproxy_backends (%s): add it there or correct the name." % (
                    place, name, ", ".join(sorted(map(str, modes))) or "empty")
            elif name and modes[name] != mode:
                yield "%s is '%s' of mode %s, the frontend's mode is %s: give both the same." % (place, name, modes[name], mode)
        tls = any(bind.get("certificates") for bind in dicts(frontend, "binds"))
        for key in HTTP_ONLY:
            if mode == "tcp" and frontend.get(key):
                yield "%s.%s is set, which mode tcp cannot do: take it out or use mode http." % (where, key)
        if mode == "http" and frontend.get("hsts_seconds") and not tls:
            yield "%s.hsts_seconds is %s, but no bind has certificates: give one to a bind or take it out." % (
                where, frontend["hsts_seconds"])


def rule_problems(where, rule, mode):
    if bool(rule.get("backend")) == bool(rule.get("redirect")):
        yield "%s must have either backend or redirect: set one of them." % where
    if not any(rule.get(key) for key in CONDITIONS):
        yield "%s has no condition: set one of %s, or use default_backend." % (where, ", ".join(CONDITIONS))
    for key in HTTP_CONDITIONS:
        if mode == "tcp" and rule.get(key):
            yield "%s.%s is set, which mode tcp cannot see: use sni or mode http." % (where, key)
    if mode == "http" and rule.get("sni"):
        yield "%s.sni is set, which belongs to mode tcp: use host." % where
    header = rule.get("header")
    if isinstance(header, dict) and bool(header.get("value")) == bool(header.get("regex")):
        yield "%s.header must have either value or regex: set one of them." % where


def backend_problems(values):
    resolved = values.get("haproxy_servers")
    for position, backend in enumerate(dicts(values, "haproxy_backends")):
        where, name = "haproxy_backends[%d]" % position, backend.get("name")
        if backend.get("group") and not backend.get("port"):
            yield "%s.port is missing: say on which port the members of group '%s' listen." % (where, backend["group"])
        servers = resolved.get(name) if isinstance(resolved, dict) else None
        if isinstance(resolved, dict) and not servers:
            yield "%s ('%s') has no servers: %s." % (where, name, (
                "group '%s' has no hosts in this inventory, correct its name or fill it" % backend["group"]
                if backend.get("group") else "set group and port, or list servers"))
        names = [server.get("name") for server in servers or [] if isinstance(server, dict)]
        for double in sorted({str(one) for one in names if names.count(one) > 1}):
            yield "%s has two servers named '%s': give each its own name." % (where, double)
        if (backend.get("balance") == "hdr") != bool(backend.get("balance_header")):
            yield "%s: balance hdr and balance_header go together: set both or neither." % where
        if backend.get("mode") == "tcp" and backend.get("cookie"):
            yield "%s.cookie is '%s', which mode tcp cannot set: use balance source or mode http." % (where, backend["cookie"])
        if backend.get("mode") == "tcp" and backend.get("route_cookie"):
            yield "%s.route_cookie is '%s', which mode tcp cannot read: use balance source or mode http." % (
                where, backend["route_cookie"])
        check = backend.get("check")
        if isinstance(check, dict) and check.get("kind") == "mysql" and not check.get("user"):
            yield "%s.check.user is missing: the mysql check logs in as a user without password, name it." % where
        for key in ("fall", "rise"):
            if isinstance(check, dict) and check.get(key) is not None and not str(check[key]).isdigit():
                yield "%s.check.%s is %s: give a number of checks, 1 or more." % (where, key, check[key])


def stats_problems(values):
    if not values.get("haproxy_stats_enabled"):
        return
    password = values.get("haproxy_stats_password")
    if not password:
        yield ("haproxy_stats_password is missing: set it (at least %d characters) or set haproxy_stats_enabled to false."
               % SHORTEST_PASSWORD)
    elif len(str(password)) < SHORTEST_PASSWORD:
        yield "haproxy_stats_password has %d characters: use at least %d." % (len(str(password)), SHORTEST_PASSWORD)
    elif re.search(r"['\"\\\s]", str(password)):
        yield "haproxy_stats_password contains a quote, blank or backslash: use other characters."


def rsa_bits(path):
    """Bits of the RSA key in a PEM file; None when it holds no RSA key or nobody here can read it."""
    try:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        return None
    try:
        with open(path, "rb") as handle:
            text = handle.read()
        begin = re.search(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----", text)
        key = load_pem_private_key(text[begin.start():], None) if begin else None
    except (OSError, ValueError, TypeError):
        return None
    return key.key_size if key is not None and hasattr(key.private_numbers(), "p") else None


def certificate_problems(values):
    for position, item in enumerate(dicts(values, "haproxy_certificates")):
        where = "haproxy_certificates[%d]" % position
        if not item.get("certificate"):
            if not item.get("names"):
                yield "%s has neither certificate nor names: give a file of the controller or the host names to certify." % where
            if (item.get("key_type") or "EC") == "RSA" and int(item.get("key_bits") or SMALLEST_RSA) < SMALLEST_RSA:
                yield "%s.key_bits is %s: an RSA key needs at least %d bits." % (where, item["key_bits"], SMALLEST_RSA)
            continue
        for key in ("certificate", "key"):
            path = item.get(key)
            # Never its words: it may be the key.
            if path and "-----BEGIN" in str(path):
                yield "%s.%s is PEM text, which this role does not take: give the path of a file on the controller." % (where, key)
                return
            if path and os.path.isabs(str(path)) and not os.path.isfile(path):
                yield "%s.%s is %s, which is no file on the controller: correct the path." % (where, key, path)
        bits = rsa_bits(item.get("key") or item["certificate"])
        if bits is not None and bits < SMALLEST_RSA:
            yield "%s has an RSA key of %d bits: at least %d are needed." % (where, bits, SMALLEST_RSA)


RULES = (name_problems, quoting_problems, time_problems, port_problems, bind_problems, frontend_problems,
         backend_problems, stats_problems, certificate_problems)


def problems(host, values):
    return ["%s: %s" % (host, sentence) for rule in RULES for sentence in rule(values)]


def claims(host, values):
    return []

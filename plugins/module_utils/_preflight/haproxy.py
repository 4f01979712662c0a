# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy's variables must not contradict."""

from __future__ import annotations

import ipaddress
import os
import re

from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, address_of, listening

TIME = re.compile(r"^\d+(us|ms|s|m|h|d)?$")
NAME = re.compile(r"^[A-Za-z0-9_.:-]+$")
# Names of headers and cookies (RFC 7230's tokens, without what means something to HAProxy or the template).
TOKEN = re.compile(r"^[A-Za-z0-9_.-]+$")
# An address with a port behind it, a URL, two words.
NO_ADDRESS = re.compile(r"[/\s#]|[.\]]\d*:\d+$|^[^:]+:\d+$")
TARGET = re.compile(r"^(https?://|/|%)")
UNITS_MS = {"": 1, "us": 0.001, "ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000}
LONGEST_MS = 2147483647
# Whoever leaves the unit out below that means seconds: how long visitors and servers may take, and everything else.
OF_VISITORS, LEAST_OF_VISITORS_MS, LEAST_BARE_MS = re.compile(r"timeout_(client|server|tunnel|http)"), 1000, 100
HTTP_CONDITIONS = ("host", "path_prefix", "path_regex", "method", "user_agent", "header", "redirect", "redirect_prefix")
HTTP_ONLY = ("redirect_https", "hsts_s", "request_id")
CONDITIONS = (*HTTP_CONDITIONS[:-2], "sni")
HASHED = ("source", "uri", "hdr")
EVERYWHERE = (None, "", "*", "0.0.0.0")
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
        seen = {"stats"} if variable != "haproxy_certificates" and values.get("haproxy_stats_enabled") else set()
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
    elif value is not None and where != "haproxy_restart_delay":
        number, unit = re.match(r"(\d+)(\D*)$", str(value)).groups()
        if int(number) * UNITS_MS[unit] > LONGEST_MS:
            yield "%s is '%s', more than HAProxy can count: give 24d at most." % (where, value)
        elif not unit and 0 < int(number) < (LEAST_OF_VISITORS_MS if OF_VISITORS.search(where) else LEAST_BARE_MS):
            yield "%s is %s, which HAProxy takes for milliseconds: write %ss or %sms." % (where, value, value, value)


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
        taken[place_of(values.get("haproxy_stats_address"), values.get("haproxy_stats_port"))] = "the statistics page"
    known = {item.get("name") for item in dicts(values, "haproxy_certificates")}
    for position, frontend in enumerate(dicts(values, "haproxy_frontends")):
        if not dicts(frontend, "binds"):
            yield "haproxy_frontends[%d].binds is empty: '%s' must listen somewhere." % (position, frontend.get("name"))
        for number, bind in enumerate(dicts(frontend, "binds")):
            where = "haproxy_frontends[%d].binds[%d]" % (position, number)
            key = place_of(bind.get("address"), bind.get("port"))
            if NO_ADDRESS.search(str(bind.get("address") or "")):
                yield "%s.address is %s, which is no address: write it alone, like 198.18.0.101 or 2001:db8::101." % (
                    where, bind["address"])
            if key in taken:
                yield "%s is %s, which %s has already: give each its own address or port." % (where, key, taken[key])
            taken.setdefault(key, "frontend '%s'" % frontend.get("name"))
            for name in bind.get("certificates") or []:
                if name not in known:
                    yield "%s.certificates names '%s', which is not in haproxy_certificates: add it there." % (where, name)


def place_of(address, port):
    """Where a bind listens, in one spelling."""
    return "%s:%s" % ("*" if address in EVERYWHERE else address_of(str(address).strip("[]")) or address, port)


def trust_problems(where, frontend, mode):
    networks = frontend.get("trusted_proxies") or []
    for text in networks:
        try:
            ipaddress.ip_network(str(text))
        except ValueError:
            yield "%s.trusted_proxies has %s, which is no network: write it like 203.0.113.0/24." % (where, text)
    if networks and mode == "tcp" and not any(bind.get("accept_proxy") for bind in dicts(frontend, "binds")):
        yield ("%s.trusted_proxies are given, but mode tcp reads no headers: set accept_proxy at its binds, or use mode http." % where)
    if mode == "http" and frontend.get("forwarded_headers") is False and not networks:
        yield ("%s.forwarded_headers is false, so what anybody claims about himself would reach the servers: take it out, and where a "
               "proxy or CDN in front tells the visitor's address, name its networks in trusted_proxies." % where)


def pattern_problems(where, rule):
    for key in ("host", "sni"):
        for name in rule.get(key) if isinstance(rule.get(key), list) else [rule.get(key) or ""]:
            if "*" in str(name) and not re.match(r"^[*][.][^*]+$", str(name)):
                yield "%s.%s has %s: a * may only stand for the whole beginning, as in *.example.org." % (where, key, name)
            if re.search(r"[^:]:\d+$", str(name)):
                yield "%s.%s has %s, but names are compared without their port: take it out." % (where, key, name)
            elif re.search(r"[/\s]", str(name)):
                yield "%s.%s has '%s', which no request has for its host: write the name alone, such as www.example.org." % (
                    where, key, name)
    for prefix in rule.get("path_prefix") if isinstance(rule.get("path_prefix"), list) else [rule.get("path_prefix") or "/"]:
        if not str(prefix).startswith("/"):
            yield "%s.path_prefix has '%s', but every path begins with /: write /%s." % (where, prefix, prefix)
    for key in ("redirect", "redirect_prefix"):
        if rule.get(key) and not TARGET.match(str(rule[key])):
            yield "%s.%s is '%s', which browsers take for a path beside the one they asked for: begin it with https:// or /." % (
                where, key, rule[key])
    header = rule.get("header") if isinstance(rule.get("header"), dict) else {}
    if header and not TOKEN.match(str(header.get("name"))):
        yield "%s.header.name is '%s', no name of a header: take letters, digits and -." % (where, header.get("name"))


def frontend_problems(values):
    modes = {item.get("name"): item.get("mode") or "http" for item in dicts(values, "haproxy_backends")}
    for position, frontend in enumerate(dicts(values, "haproxy_frontends")):
        where, mode = "haproxy_frontends[%d]" % position, frontend.get("mode") or "http"
        targets = [(where + ".default_backend", frontend.get("default_backend"))]
        for number, rule in enumerate(dicts(frontend, "rules")):
            place = "%s.rules[%d]" % (where, number)
            targets.append((place + ".backend", rule.get("backend")))
            yield from rule_problems(place, rule, mode)
            yield from pattern_problems(place, rule)
        yield from trust_problems(where, frontend, mode)
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
        if mode == "http" and frontend.get("hsts_s") and not tls and not frontend.get("trusted_proxies"):
            yield "%s.hsts_s is %s, but no bind has certificates: give one to a bind or take it out." % (
                where, frontend["hsts_s"])


def rule_problems(where, rule, mode):
    if sum(bool(rule.get(key)) for key in ("backend", "redirect", "redirect_prefix")) != 1:
        yield "%s must have either backend or redirect or redirect_prefix: set one of them." % where
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
        yield from address_problems(where, backend, servers)
        yield from tls_problems(where, backend)
        if backend.get("hash_type") and (backend.get("balance") or "roundrobin") not in HASHED:
            yield "%s.hash_type is %s, but balance is %s, which hashes nothing: take it out, or use one of %s." % (
                where, backend["hash_type"], backend.get("balance") or "roundrobin", ", ".join(HASHED))
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
        for key in ("cookie", "route_cookie", "balance_header"):
            if backend.get(key) and not TOKEN.match(str(backend[key])):
                yield "%s.%s is '%s': take letters, digits, _ . and - only." % (where, key, backend[key])
        check = backend.get("check")
        if isinstance(check, dict) and check.get("path") and not re.match(r"^/\S*$", str(check["path"])):
            yield "%s.check.path is '%s': begin it with / and write blanks as %%20." % (where, check["path"])
        if isinstance(check, dict) and check.get("kind") == "mysql" and not check.get("user"):
            yield "%s.check.user is missing: the mysql check logs in as a user without password, name it." % where
        for key in ("fall", "rise"):
            if isinstance(check, dict) and check.get(key) is not None and not (str(check[key]).isdigit() and int(check[key])):
                yield "%s.check.%s is %s: give a number of checks, 1 or more." % (where, key, check[key])


def address_problems(where, backend, servers):
    for server in servers or []:
        if not isinstance(server, dict):
            continue
        if not NAME.match(str(server.get("name"))):
            yield "%s has a server named '%s': use letters, digits and . _ : - only." % (where, server.get("name"))
        if server.get("address") and NO_ADDRESS.search(str(server["address"])):
            yield "%s (%s) has the address '%s': write it alone, such as 10.0.0.21 or 2001:db8::21, and its port in port." % (
                where, server.get("name"), server["address"])
        if "address" in server and not server["address"]:
            yield "%s (%s) has no address: %s." % (where, server.get("name"), (
                "set its variable %s, which address_variable names" % backend["address_variable"] if backend.get("address_variable")
                else "give one"))
        weight = server.get("weight")
        if weight is not None and not (str(weight).isdigit() and int(weight) <= 256):
            yield "%s (%s) has weight %s: give a number from 0 to 256." % (where, server.get("name"), weight)


def tls_problems(where, backend):
    check = backend.get("check") if isinstance(backend.get("check"), dict) else {}
    tls = backend.get("tls") or check.get("tls")
    for key in ("tls_ca", "tls_sni"):
        if backend.get(key) and not tls:
            yield "%s.%s is %s, but nothing speaks TLS to its servers: set tls, or take it out." % (where, key, backend[key])
    verify = backend.get("tls_verify")
    if verify is not None and not tls:
        yield "%s.tls_verify is %s, but nothing speaks TLS to its servers: set tls, or take it out." % (where, str(verify).lower())
    if verify is False and backend.get("tls_ca"):
        yield "%s.tls_verify is false, and tls_ca is %s, by which nothing is checked then: take one of them out." % (
            where, backend["tls_ca"])
    if tls and verify is None and not backend.get("tls_ca"):
        yield ("%s speaks TLS to its servers, and nothing says whose certificates they must have: name a file of authorities in tls_ca, or "
               "set tls_verify to true for those that the system knows, or to false for anybody's." % where)
    if backend.get("tls") and (backend.get("tls_ca") or verify) and backend.get("mode") == "tcp" and not backend.get("tls_sni"):
        yield ("%s.%s, but in mode tcp nobody says which name the servers' certificates must have, and anybody's by that "
               "authority would do: name it in tls_sni." % (
                   where, "tls_ca is %s" % backend["tls_ca"] if backend.get("tls_ca") else "tls_verify is true"))
    if backend.get("host") and backend.get("mode") == "tcp":
        yield "%s.host is '%s', which mode tcp cannot set: take it out or use mode http." % (where, backend["host"])


def network_of(text):
    """An address or a network; None for anything else."""
    try:
        return ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return None


def stats_problems(values):
    if not values.get("haproxy_stats_enabled"):
        return
    if NO_ADDRESS.search(str(values.get("haproxy_stats_address") or "")):
        yield "haproxy_stats_address is '%s': write an address alone, and the port in haproxy_stats_port." % values["haproxy_stats_address"]
    if re.search(r"[:\s]", str(values.get("haproxy_stats_user") or "")):
        yield "haproxy_stats_user is '%s': what stands behind a colon would be the password's beginning, use letters and digits." % (
            values["haproxy_stats_user"])
    for text in values.get("haproxy_prometheus_allowed") or [] if values.get("haproxy_prometheus") else []:
        if network_of(text) is None:
            yield ("haproxy_prometheus_allowed has '%s': give an address or a network such as 198.51.100.0/24, or set ansible_host of the "
                   "host of group monitoring." % text)
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


def pair_problems(where, item):
    """Whether key and certificate belong together, as far as files and libraries of the controller tell. Never what is in them."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        return
    texts = {}
    try:
        for path in dict.fromkeys([item["certificate"], item.get("key") or item["certificate"]]):
            with open(path, "rb") as handle:
                texts[path] = handle.read()
    except OSError:
        return  # a path that is relative to what the role sees
    named = "certificate %s" % item["certificate"] + (" and key %s" % item["key"] if item.get("key") else "")
    begin = re.search(rb"-----BEGIN CERTIFICATE-----", texts[item["certificate"]])
    # What HAProxy reads is the certificate's file with the key's behind it.
    key = re.search(rb"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----", b"\n".join(texts.values()))
    if begin is None:
        yield "%s.certificate is %s, in which there is no certificate: name the file that begins with it." % (where, item["certificate"])
        return
    if key is None:
        yield "%s has %s, in which there is no private key: name its file in key." % (where, named)
        return
    text = b"\n".join(texts.values())[key.start():]
    if b"ENCRYPTED" in text[:200]:
        yield "%s has %s, whose private key needs a pass phrase, which nobody gives at a restart: store it without." % (where, named)
        return

    def public(thing):
        return thing.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        certificate = x509.load_pem_x509_certificate(texts[item["certificate"]][begin.start():])
        same = public(certificate) == public(serialization.load_pem_private_key(text, None))
    except (ValueError, TypeError) as error:
        yield "%s has %s, which cannot be read (%s): give files in PEM." % (where, named, str(error).splitlines()[0])
        return
    if not same:
        yield ("%s has %s, which do not belong together: the next restart would have no proxy; give the key that this certificate was "
               "made for, and the server's certificate before those of its authorities." % (where, named))


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
        yield from pair_problems(where, item)
        bits = rsa_bits(item.get("key") or item["certificate"])
        if bits is not None and bits < SMALLEST_RSA:
            yield "%s has an RSA key of %d bits: at least %d are needed." % (where, bits, SMALLEST_RSA)


RULES = (name_problems, quoting_problems, time_problems, port_problems, bind_problems, frontend_problems,
         backend_problems, stats_problems, certificate_problems)


def problems(host, values):
    return ["%s: %s" % (host, sentence) for rule in RULES for sentence in rule(values)]


def claims(host, values):
    """The ports that the proxy listens on belong to nobody else on this host, and names of its sections to one section."""
    places = [("haproxy_frontends (%s)" % frontend.get("name"), bind.get("port"), bind.get("address"))
              for frontend in dicts(values, "haproxy_frontends") for bind in dicts(frontend, "binds")]
    if values.get("haproxy_stats_enabled"):
        places.append(("haproxy_stats_port", values.get("haproxy_stats_port"), values.get("haproxy_stats_address")))
    sections = [(variable, position, item) for variable in ("haproxy_backends", "haproxy_frontends")
                for position, item in enumerate(dicts(values, variable))]
    names = [Claim("HAProxy's sections on %s" % host, str(item.get("name")), variable, (
        "%s: %s[%d].name is '%s', as a backend is called: HAProxy 3.3 does not start with that, give one of them another name." % (
            host, variable, position, item.get("name")))) for variable, position, item in sections]
    remedy = "give each its own port, or HAProxy's bind and the other one each an address"
    return names + [claim for variable, port, address in places if port for claim in listening(
        host, "HAProxy", variable, port, [address], remedy)]

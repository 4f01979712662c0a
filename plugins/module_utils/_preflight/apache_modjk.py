# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables of the role apache_modjk can contradict. Pure but for reading given keys."""

from __future__ import annotations

import ipaddress
import os
import re

from ansible_collections.failover.stack.plugins.module_utils._preflight.core import listening
from ansible_collections.failover.stack.plugins.module_utils._web.ajp_workers import NAME_LIMIT
from ansible_collections.failover.stack.plugins.module_utils._web.virtual_hosts import OF_THE_HOST, host_of, hosts, is_wild

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
except ImportError:  # then httpd's own checks are all there is
    x509 = None

NAME = re.compile(r"^[a-z][a-z0-9]*$")
ROUTE = re.compile(r"^[A-Za-z0-9_-]+$")
# An underscore is no letter of a host name, but people have it in internal ones, and httpd and Tomcat take it.
HOST_NAME = re.compile(r"^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$|^[0-9A-Fa-f:]+$")
WILD_NAME = re.compile(r"^[A-Za-z0-9_.*?-]+$")
COOKIE = re.compile(r"^[A-Za-z0-9_-]+$")
REALM = re.compile(r"^[^\"\\\r\n%$]+$")
# RFC 1035. Longer ones nobody can ask for.
HOST_NAME_LIMIT, LABEL_LIMIT = 253, 63
# lb_NAME and of_NAME are workers, too; so many fit into mod_jk's 60 characters.
APPLICATION_LIMIT = NAME_LIMIT - len("lb_")
# Their workers would have the names of balancers.
RESERVED = ("lb", "of")
HEADER = re.compile(r"^[A-Za-z0-9-]*$")
URL_PATH = re.compile(r"^/[A-Za-z0-9._~/*-]*$")
SMALLEST = {"EC": 256, "RSA": 2048}
CURVES = (256, 384, 521)
TIMERS = ("connect_timeout_ms", "ping_timeout_ms", "reply_timeout_ms", "recover_s", "maintain_s",
          "idle_connection_s", "threads_per_child", "max_request_workers", "start_servers", "watchdog_interval_ms", "watchdog_silent_ms",
          "watchdog_stall_ms")


def pem_of(value):
    """The text of a PEM given as text or as a path on the controller; None when it cannot be read."""
    if "-----BEGIN" in value:
        return value
    try:
        with open(os.path.expanduser(value), encoding="utf-8") as handle:
            return handle.read()
    except (OSError, UnicodeDecodeError):
        return None


def bytes_of(public):
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def secret_problems(host, values):
    secret, old = values.get("apache_modjk_ajp_secret"), values.get("apache_modjk_old_ajp_secret")
    if not secret:
        yield "%s: apache_modjk_ajp_secret is not set: give the secret of the Tomcats' AJP connectors, 16 characters or more." % host
    elif len(secret) < 16:
        yield "%s: apache_modjk_ajp_secret has %d characters: take 16 or more, the same on the Tomcats." % (host, len(secret))
    for name, given in (("ajp_secret", secret), ("old_ajp_secret", old)):
        if given and (not re.match(r"^[!-~]+$", given) or "$(" in given or "@@" in given):
            yield "%s: apache_modjk_%s has a character that workers.properties cannot carry: take letters and digits." % (host, name)
    if old and old == secret:
        yield "%s: apache_modjk_old_ajp_secret is the same as apache_modjk_ajp_secret: give the one before, or leave it out." % host
    hosts = values.get("apache_modjk_old_ajp_hosts")
    if hosts and not old:
        yield "%s: apache_modjk_old_ajp_hosts names %s, and apache_modjk_old_ajp_secret is not set: give the secret that they have." % (
            host, ", ".join(hosts))


def number_problems(host, values):
    for timer in TIMERS:
        value = values.get("apache_modjk_" + timer)
        if value is not None and int(value) < 1:
            yield "%s: apache_modjk_%s is %s: take 1 or more." % (host, timer, value)
    interval, silent = values.get("apache_modjk_watchdog_interval_ms"), values.get("apache_modjk_watchdog_silent_ms")
    if interval and silent and int(silent) < 2 * int(interval):
        yield "%s: apache_modjk_watchdog_silent_ms is %s, less than twice apache_modjk_watchdog_interval_ms (%s): take %d or more." % (
            host, silent, interval, 2 * int(interval))
    threads, most = values.get("apache_modjk_threads_per_child"), values.get("apache_modjk_max_request_workers")
    if threads and most and int(most) % int(threads):
        yield "%s: apache_modjk_max_request_workers is %s, no multiple of apache_modjk_threads_per_child (%s): take %d." % (
            host, most, threads, max(1, int(most) // int(threads)) * int(threads))


def header_problems(host, values):
    header = values.get("apache_modjk_served_by_header") or ""
    if not HEADER.match(header):
        yield "%s: apache_modjk_served_by_header is '%s', no name of a header: take letters, digits and -, such as X-Served-By." % (
            host, header)


def address_problems(host, values):
    for variable in ("apache_modjk_management_addresses", "apache_modjk_trusted_proxies"):
        for address in values.get(variable) or []:
            try:
                ipaddress.ip_network(address)
            except ValueError:
                yield "%s: %s has %r, which is neither an address nor a network: write 198.18.0.5 or 198.18.0.0/24." % (
                    host, variable, address)
    proxies = values.get("apache_modjk_trusted_proxies") or []
    if values.get("apache_modjk_proxy_protocol"):
        if not proxies:
            yield "%s: apache_modjk_proxy_protocol is true, but apache_modjk_trusted_proxies is empty: name who speaks it." % host
        for address in proxies:
            if holds_loopback(address):
                yield ("%s: apache_modjk_trusted_proxies has %s, from where this host asks itself without the PROXY protocol: leave it "
                       "out, or set apache_modjk_proxy_protocol to false." % (host, address))
    path = values.get("apache_modjk_health_path") or ""
    if not re.match(r"^/[A-Za-z0-9._~/-]+$", path):
        yield "%s: apache_modjk_health_path is %r: write a path such as /httpd-health." % (host, path)


def holds_loopback(address):
    try:
        network = ipaddress.ip_network(address)
    except ValueError:
        return False
    return network.overlaps(ipaddress.ip_network("127.0.0.0/8" if network.version == 4 else "::1/128"))


def tls_problems(host, at, application):
    tls = application.get("tls")
    if tls is None:
        for option in ("https_redirect", "hsts_s"):
            if application.get(option):
                yield "%s: %s.%s is %s, but the application has no tls: add tls: {} or take it out." % (
                    host, at, option, str(application[option]).lower())
        return
    certificate, key = tls.get("certificate"), tls.get("private_key")
    if bool(certificate) != bool(key):
        yield "%s: %s.tls.%s is missing: give certificate and private_key, or neither for a self-signed certificate." % (
            host, at, "private_key" if certificate else "certificate")
    elif key:
        yield from given_problems(host, at, certificate, key)
    else:
        kind = tls.get("key_type") or "EC"
        size = tls.get("key_size")
        if size is not None and int(size) < SMALLEST.get(kind, 0):
            yield "%s: %s.tls.key_size is %s: take %d or more for a key of type %s." % (host, at, size, SMALLEST[kind], kind)
        elif size is not None and kind == "EC" and int(size) not in CURVES:
            yield "%s: %s.tls.key_size is %s: take 256, 384 or 521 for a key of type EC." % (host, at, size)


def given_problems(host, at, certificate, key):
    """A key that is too small, unreadable or not the certificate's: httpd would die of the last at its next reload."""
    texts = {}
    for part, value in (("certificate", certificate), ("private_key", key)):
        texts[part] = pem_of(value)
        if texts[part] is None:
            yield "%s: %s.tls.%s is neither PEM text nor a file that can be read on the controller: correct the path." % (host, at, part)
    if None in texts.values() or x509 is None:
        return
    try:
        private = load_pem_private_key(texts["private_key"].encode(), None)
    except (ValueError, TypeError):
        yield "%s: %s.tls.private_key is no unencrypted private key in PEM form: give one that httpd can read by itself." % (host, at)
        return
    bits = getattr(private, "key_size", 256)
    kind = "RSA" if isinstance(private, rsa.RSAPrivateKey) else "EC" if isinstance(private, ec.EllipticCurvePrivateKey) else None
    if kind is None:
        yield "%s: %s.tls.private_key is neither RSA nor EC: give an RSA key of 2048 bits or more or an EC key." % (host, at)
    elif bits < SMALLEST[kind]:
        yield "%s: %s.tls.private_key is an %s key of %d bits: give one of %d or more." % (host, at, kind, bits, SMALLEST[kind])
    try:
        public = x509.load_pem_x509_certificate(texts["certificate"].encode()).public_key()
    except ValueError:
        yield "%s: %s.tls.certificate is no certificate in PEM form: give one." % (host, at)
        return
    if bytes_of(public) != bytes_of(private.public_key()):
        yield "%s: %s.tls.certificate does not belong to %s.tls.private_key: give the pair." % (host, at, at)


def worker_problems(host, at, application, values):
    workers = application.get("workers") or {}
    group = workers.get("group") or values.get("apache_modjk_tomcat_group")
    service = workers.get("service")
    of_group = [one for one in values.get("apache_modjk_ajp_connectors") or [] if one.get("group") == group]
    found = [one for one in of_group if one.get("service") == service]
    if not of_group:
        yield ("%s: %s.workers.group is %s, a group that is missing or whose hosts have no AJP connector in "
               "tomcat_cluster_instances: name a group of Tomcat hosts." % (host, at, group))
        return
    if not found:
        yield "%s: %s.workers.service is %s, which no host of group %s has: name one of %s." % (
            host, at, service, group, ", ".join(sorted({str(one.get("service")) for one in of_group})))
    seen = {}
    for one in found:
        route = str(one.get("route"))
        where = "%s (%s:%s)" % (one.get("host"), one.get("address"), one.get("port"))
        if len(route) > NAME_LIMIT:
            yield "%s: the jvmRoute %s of %s has %d characters: mod_jk takes %d, give a shorter jvm_route." % (
                host, route, where, len(route), NAME_LIMIT)
        if not ROUTE.match(route):
            yield "%s: the jvmRoute %r of %s cannot name a worker: take letters, digits, - and _." % (host, route, where)
        if route in seen:
            yield "%s: %s has two workers with the jvmRoute %s, on %s and %s: give each Tomcat its own jvm_route." % (
                host, at, route, seen[route], where)
        seen.setdefault(route, where)
    for name, factor in (application.get("lbfactors") or {}).items():
        if name not in [one.get("host") for one in found]:
            yield "%s: %s.lbfactors names %s, which has no worker here: name one of %s." % (
                host, at, name, ", ".join(sorted({str(one.get("host")) for one in found})) or "the Tomcat hosts")
        elif not str(factor).isdigit() or int(factor) < 1:
            yield "%s: %s.lbfactors.%s is %s: take a whole number of 1 or more." % (host, at, name, factor)


def name_problems(host, at, application):
    for option, given in [("server_name", str(application.get("server_name")))] + [
            ("server_aliases", str(alias)) for alias in application.get("server_aliases") or []]:
        if is_wild(given):
            if option == "server_name":
                yield "%s: %s.server_name is '%s': give one name there and wildcards as server_aliases." % (host, at, given)
            elif not WILD_NAME.match(given):
                yield "%s: %s.%s has %r, no host name with wildcards: write one such as *.shop.example." % (host, at, option, given)
        elif not HOST_NAME.match(given):
            yield "%s: %s.%s has %r, which is no host name or address: correct it." % (host, at, option, given)
        longest = max(given.split("."), key=len)
        if len(given) > HOST_NAME_LIMIT or len(longest) > LABEL_LIMIT:
            yield "%s: %s.%s has '%s', whose %d characters (%d between dots) no name in DNS has: it takes %d (%d), shorten it." % (
                host, at, option, given, len(given), len(longest), HOST_NAME_LIMIT, LABEL_LIMIT)


def access_problems(host, at, application):
    cookie = application.get("session_cookie")
    if cookie and not COOKIE.match(str(cookie)):
        yield "%s: %s.session_cookie is %r: take letters, digits, - and _." % (host, at, cookie)
    elif cookie and len(str(cookie)) > NAME_LIMIT:
        yield "%s: %s.session_cookie has %d characters: mod_jk takes %d, give a shorter one." % (host, at, len(str(cookie)), NAME_LIMIT)
    auth = application.get("basic_auth")
    if auth is None:
        return
    if not REALM.match(str(auth.get("realm") or "")):
        yield "%s: %s.basic_auth.realm is %r: write a sentence without quotes, backslashes, %% and $." % (host, at, auth.get("realm"))
    if not re.match(r"^/[^\"\s]+$", str(auth.get("users_file"))):
        yield "%s: %s.basic_auth.users_file is %r: write the absolute path of a file on the web host." % (host, at, auth.get("users_file"))


def shape_problems(host, at, application):
    name = str(application.get("name"))
    if not NAME.match(name):
        yield "%s: %s.name is %r: take lower-case letters and digits, a letter first." % (host, at, name)
    elif len(name) > APPLICATION_LIMIT:
        yield "%s: %s.name is %s, which has %d characters: mod_jk's names leave it %d, give a shorter one." % (
            host, at, name, len(name), APPLICATION_LIMIT)
    elif name in RESERVED:
        yield "%s: %s.name is %s, by which the role names balancers: give another." % (host, at, name)
    yield from name_problems(host, at, application)
    yield from access_problems(host, at, application)
    for option in ("mounts", "unmounts"):
        for path in application.get(option) or []:
            if not URL_PATH.match(str(path)):
                yield "%s: %s.%s has %r: write a path that begins with / such as /app/*." % (host, at, option, path)
    for part in application.get("static") or []:
        if not re.match(r"^/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-]$", str(part.get("path"))):
            yield "%s: %s.static has the path %r: write one such as /static, without a slash at its end." % (host, at, part.get("path"))
        if not re.match(r"^/[^\"\s]+$", str(part.get("directory"))):
            yield "%s: %s.static has the directory %r: write an absolute path without spaces." % (host, at, part.get("directory"))
        if part.get("away_file") and not re.match(r"^/[^\s\"\\%$]*$", str(part["away_file"])):
            yield "%s: %s.static has the away_file %r: write an absolute path without spaces, quotes, %% and $." % (
                host, at, part["away_file"])
    for timer, value in (application.get("timeouts") or {}).items():
        if value is not None and int(value) < 1:
            yield "%s: %s.timeouts.%s is %s: take 1 or more." % (host, at, timer, value)


def port_problems(host, values):
    """A port speaks http or https, and a name has one owner on a port."""
    applications = values.get("apache_modjk_applications") or []
    http = {int(one.get("http_port") or 80) for one in applications} | {int(values.get("apache_modjk_default_http_port") or 80)}
    names, owners = {}, {}
    places = [("apache_modjk_default_http_port", values.get("apache_modjk_default_http_port"))]
    places += [("apache_modjk_applications[%d].%s" % (number, option), one.get(option))
               for number, one in enumerate(applications) for option in ("http_port", "https_port")]
    for place, port in places:
        if port is not None and not 1 <= int(port) <= 65535:
            yield "%s: %s is %s: a TCP port is 1 to 65535." % (host, place, port)
    for number, one in enumerate(applications):
        at = "apache_modjk_applications[%d]" % number
        port = int(one.get("https_port") or 443)
        if one.get("tls") is not None and port in http:
            yield "%s: %s.https_port is %d, which speaks http already: take another port." % (host, at, port)
        if one.get("name") in names:
            yield "%s: %s.name is %s, which %s has already: give each application its own name." % (
                host, at, one.get("name"), names[one["name"]])
        names.setdefault(one.get("name"), at)
        for name in [one.get("server_name"), *(one.get("server_aliases") or [])]:
            keys = [(int(one.get("http_port") or 80), "http_port")]
            keys += [(port, "https_port")] if one.get("tls") is not None else []
            for listens, option in keys:
                owner = owners.setdefault((str(name).lower(), listens), (at, host_of(one)))
                if owner[1] != host_of(one):
                    yield "%s: %s answers to %s on port %d, as %s does: give each application its own server_name or %s." % (
                        host, at, name, listens, owner[0], option)


def shared_problems(host, applications):
    """Applications of one virtual host: who says what holds for the host, and whose a path is."""
    places = {id(one): "apache_modjk_applications[%d]" % number for number, one in enumerate(applications)}
    for members in hosts(applications):
        lead, mounted = members[0], {}
        for one in members[1:]:
            for option in (*OF_THE_HOST, "session_cookie", "encoded_paths", "basic_auth"):
                if one.get(option) not in (None, False, 0, []) and one.get(option) != lead.get(option):
                    yield "%s: %s.%s is given, but %s has the host name %s, too, and comes first: give it there." % (
                        host, places[id(one)], option, places[id(lead)], lead.get("server_name"))
        for one in members:
            for path in one.get("mounts") or ["/*"]:
                owner = mounted.setdefault(path, one)
                if owner is not one:
                    yield "%s: %s mounts %s under the host name %s, as %s does: give each application its own mounts." % (
                        host, places[id(one)], path, one.get("server_name"), places[id(owner)])


def problems(host, values):
    """One sentence each: host, variable, value, remedy. Never a secret's value."""
    found = []
    found += secret_problems(host, values)
    found += number_problems(host, values)
    found += header_problems(host, values)
    found += address_problems(host, values)
    for number, application in enumerate(values.get("apache_modjk_applications") or []):
        at = "apache_modjk_applications[%d]" % number
        found += shape_problems(host, at, application)
        found += worker_problems(host, at, application, values)
        found += tls_problems(host, at, application)
    found += port_problems(host, values)
    found += shared_problems(host, values.get("apache_modjk_applications") or [])
    return found


def claims(host, values):
    """The ports httpd listens on belong to nobody else on this host."""
    applications = values.get("apache_modjk_applications") or []
    ports = {int(values.get("apache_modjk_default_http_port") or 80)} | {int(one.get("http_port") or 80) for one in applications}
    ports |= {int(one.get("https_port") or 443) for one in applications if one.get("tls") is not None}
    return [claim for port in sorted(ports) for claim in listening(host, "httpd", "apache_modjk_applications", port)]

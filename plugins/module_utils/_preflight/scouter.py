# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone tell about a Scouter collector and the hosts that it watches."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.failover.stack.plugins.module_utils._host.artifacts import CHECKSUM, has_password, is_url, without_password
from ansible_collections.failover.stack.plugins.module_utils._preflight.addresses import own_address
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, address_of, listening, owning
from ansible_collections.failover.stack.plugins.module_utils._preflight.given_files import sum_of
from ansible_collections.failover.stack.plugins.module_utils._scouter.hosts import BESIDE_HEAP_MB, VAR
from ansible_collections.failover.stack.plugins.module_utils._scouter.telegraf import KINDS, REPLACED

SHORTEST_PASSWORD = 12
LOWEST_PORT = 1024
# Names of objects, tags of lines, names of files.
NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")
UNIT = re.compile(r"^[A-Za-z0-9:_.@-]+\.(service|socket|slice)$")
MASKED = re.compile(r"^[0-9]{1,3}(\.([0-9]{1,3}|\*)){3}$")
RANGES = {
    "scouter_heap_mb": (128, 65536), "scouter_memory_mb": (384, 131072), "scouter_host_heap_mb": (32, 1024),
    "scouter_profile_days": (1, 3650), "scouter_xlog_days": (1, 3650), "scouter_counter_days": (1, 3650), "scouter_log_days": (1, 3650),
    "scouter_disk_percent": (10, 99), "scouter_session_s": (60, 31536000), "scouter_interval_s": (2, 300), "scouter_answer_s": (1, 60),
    "scouter_dead_s": (3, 3600), "scouter_verify_s": (1, 3600), "scouter_telegraf_memory_mb": (64, 4096)}


def _groups(host, values):
    collectors = values["scouter_collectors"]
    if len(collectors) != 1:
        yield "%s: group '%s' has %d hosts (%s): name one, it is the collector." % (
            host, values["scouter_group"], len(collectors), ", ".join(collectors) or "none")
    if not NAME.match(host):
        yield "%s: the host's name is to be its object's: use letters, digits, ., _ and -." % host
    given = values.get("scouter_collector_address")
    if collectors and not given:
        yield "%s: scouter_collector_address is empty: set ansible_host or scouter_address of %s." % (host, collectors[0])
    elif given and address_of(given) is None:
        yield ("%s: scouter_collector_address is '%s', which is no address: give the collector's own, agents do not say when they cannot "
               "resolve a name." % (host, given))
    for one in own_address("scouter_address", values.get("scouter_address")):
        yield "%s: %s" % (host, one)


def _sources(host, values):
    archive, repository = values["scouter_archive"], values["scouter_maven_repository"]
    if host in values["scouter_collectors"] and not archive and not repository:
        yield ("%s: neither scouter_maven_repository nor scouter_archive is given, and no distribution has Scouter: give the URL of a "
               "Maven repository, or of the release archive." % host)
    for name, value in (("scouter_archive", archive), ("scouter_maven_repository", repository)):
        if value and not is_url(value) and not value.startswith("/"):
            yield "%s: %s is '%s': give a URL (http, https) or an absolute path on the controller." % (host, name, without_password(value))
        elif has_password(value):
            yield "%s: %s has a password (%s), which would stand in logs: give a source that wants none, such as a mirror of your own." % (
                host, name, without_password(value))
    checksum = values["scouter_archive_checksum"]
    if archive and not CHECKSUM.match(checksum):
        yield ("%s: scouter_archive_checksum is '%s': write sha256: and the 64 hexadecimal digits of %s, an archive without is not "
               "unpacked." % (host, checksum, without_password(archive)))
    if archive and not re.search(r"\.(tar\.gz|tgz)$", archive):
        yield "%s: scouter_archive is '%s': give the scouter-all-<version>.tar.gz." % (host, without_password(archive))


def _numbers(host, values):
    for name in ("scouter_port", "scouter_http_port"):
        if not LOWEST_PORT <= values[name] <= 65535:
            yield "%s: %s is %d: give 1024 to 65535, lower ones only root may listen on, and the collector is not root." % (
                host, name, values[name])
    if values["scouter_port"] == values["scouter_http_port"]:
        yield "%s: scouter_port and scouter_http_port are both %d: give each its own." % (host, values["scouter_port"])
    for name, (least, most) in RANGES.items():
        if not least <= values[name] <= most:
            yield "%s: %s is %d: give %d to %d." % (host, name, values[name], least, most)
    if values["scouter_memory_mb"] < values["scouter_heap_mb"] + BESIDE_HEAP_MB:
        yield "%s: scouter_memory_mb is %d, and scouter_heap_mb %d: give at least %d, Java needs that much beside its heap." % (
            host, values["scouter_memory_mb"], values["scouter_heap_mb"], values["scouter_heap_mb"] + BESIDE_HEAP_MB)
    if values["scouter_dead_s"] < 2 * values["scouter_interval_s"]:
        yield "%s: scouter_dead_s is %d, and figures come every %d s: give at least twice that, else every late one is an alert." % (
            host, values["scouter_dead_s"], values["scouter_interval_s"])


def _network_problem(text):
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return True
    return False


def _access(host, values):
    for text in values["scouter_allowed"]:
        if _network_problem(text):
            yield "%s: scouter_allowed has '%s': give an address or a network such as 198.51.100.0/24." % (host, text)
    for text in values["scouter_api_addresses"]:
        if not MASKED.match(text):
            yield "%s: scouter_api_addresses has '%s': give an IPv4 address, with * for a part that may be any." % (host, text)
        elif text.count("*") > 2:
            yield "%s: scouter_api_addresses has '%s', which is half of the world: name its first two parts." % (host, text)
    if re.search(r"\s", values["scouter_api_origin"]):
        yield "%s: scouter_api_origin is '%s': give one origin such as https://status.example, or *." % (host, values["scouter_api_origin"])
    if host in values["scouter_collectors"]:
        password = str(values.get("scouter_password") or "")
        if not password:
            yield "%s: scouter_password is missing: give the one of user admin, at least %d characters." % (host, SHORTEST_PASSWORD)
        elif len(password) < SHORTEST_PASSWORD:
            yield "%s: scouter_password has %d characters: give at least %d." % (host, len(password), SHORTEST_PASSWORD)
        elif not password.isascii() or not password.isprintable():
            yield "%s: scouter_password has characters beyond ASCII, which its clients spell in different ways: leave them out." % host


def _watched(host, values):
    known = values["scouter_tomcat_instances"]
    for name in values["scouter_java_instances"]:
        if name not in known:
            yield "%s: scouter_java_instances has '%s', and the host's Tomcat instances are %s: correct the name." % (
                host, name, ", ".join(known) or "none")
    for unit in values["scouter_units"]:
        if not UNIT.match(unit):
            yield "%s: scouter_units has '%s': give a unit with its suffix, such as haproxy.service." % (host, unit)
        elif values["scouter_units"].count(unit) > 1:
            yield "%s: scouter_units has '%s' twice: take one out." % (host, unit)
    if values["scouter_mysql_user"] and not values.get("scouter_mysql_password"):
        yield "%s: scouter_mysql_password is missing: give the one of account '%s' (scouter_mysql_user)." % (
            host, values["scouter_mysql_user"])
    if values["scouter_haproxy_user"] and not values.get("scouter_haproxy_password"):
        yield "%s: scouter_haproxy_password is missing: give the one of '%s' (scouter_haproxy_user)." % (
            host, values["scouter_haproxy_user"])
    yield from _urls(host, values)


def _telegraf(host, values):
    source, checksum = values["scouter_telegraf"], values["scouter_telegraf_checksum"]
    if not source:
        if checksum:
            yield "%s: scouter_telegraf_checksum is '%s', and scouter_telegraf is empty: name the file, or take the checksum out." % (
                host, checksum)
        return
    if values["scouter_exporter"]:
        yield ("%s: scouter_exporter is true and scouter_telegraf is '%s': both would tell of the same things under the same names, take "
               "one out." % (host, without_password(source)))
    if not is_url(source) and not source.startswith("/"):
        yield "%s: scouter_telegraf is '%s': give a URL (http, https) or an absolute path on the controller." % (host, source)
        return
    if has_password(source):
        yield "%s: scouter_telegraf has a password (%s), which would stand in logs: give a source that wants none." % (
            host, without_password(source))
    if not KINDS.search(source):
        yield "%s: scouter_telegraf is '%s': give the .deb or the .tar.gz of Telegraf's project." % (host, without_password(source))
    yield from _checksum(host, source, checksum)
    yield from _telegraf_passwords(host, values)


def _checksum(host, source, checksum):
    if not CHECKSUM.match(checksum):
        yield "%s: scouter_telegraf_checksum is '%s': write sha256: and the 64 hexadecimal digits of %s, one without is not run." % (
            host, checksum, without_password(source))
    elif not is_url(source):
        found = sum_of(source)
        if not found:
            yield "%s: scouter_telegraf is '%s', which is no file on the controller: give a path there, or a URL." % (host, source)
        elif found != checksum.lower():
            yield "%s: scouter_telegraf %s has the checksum %s, and scouter_telegraf_checksum is %s: fetch it again, or correct it." % (
                host, source, found, checksum)


def _telegraf_passwords(host, values):
    for name in ("scouter_mysql_password", "scouter_haproxy_password"):
        if REPLACED.search(str(values.get(name) or "")):
            yield ("%s: %s has a dollar sign or @{…:…} in it, for which Telegraf would put in a variable or a secret of its own: choose "
                   "another." % (host, name))


def _fronts(host, values):
    given = values["scouter_watched"].get(host) or {}
    known = [one["name"] for one in given.get("keepalived_instances") or []]
    for name in values.get("scouter_vrrp_instances") or []:
        if name not in known:
            yield "%s: scouter_vrrp_instances has '%s', and the host's VRRP instances are %s: correct the name." % (
                host, name, ", ".join(known) or "none")
    url = values.get("scouter_rabbitmq_url")
    if url and (not is_url(url) or has_password(url)):
        yield ("%s: scouter_rabbitmq_url is '%s': give a URL such as http://127.0.0.1:15692/metrics; RabbitMQ asks nobody there for a "
               "password." % (host, without_password(url)))


def _urls(host, values):
    url = values["scouter_haproxy_url"]
    if url and (not is_url(url) or not url.endswith(";csv") or has_password(url)):
        yield ("%s: scouter_haproxy_url is '%s': give a URL such as http://198.51.100.13:8404/;csv, and who logs in there as "
               "scouter_haproxy_user." % (host, without_password(url)))
    url = values["scouter_httpd_url"]
    if url and not is_url(url):
        yield "%s: scouter_httpd_url is '%s': give a URL such as http://127.0.0.1/server-status?auto." % (host, url)
    elif url and not url.endswith("?auto"):
        yield "%s: scouter_httpd_url is '%s': end it with ?auto, without which mod_status writes for people." % (host, url)


def problems(host, values):
    """One sentence each: host, variable, value, remedy."""
    if host not in values["scouter_members"]:
        return ["%s: scouter_group is '%s' and scouter_agent_group '%s', it is in neither: name its groups." % (
            host, values["scouter_group"], values["scouter_agent_group"])]
    found = []
    for rule in (_groups, _sources, _numbers, _access, _watched, _fronts, _telegraf):
        found += rule(host, values)
    return list(dict.fromkeys(found))


def claims(host, values):
    """All hosts send to the ports at which the collector listens; a host is told by one address."""
    collector = "collector " + ", ".join(values["scouter_collectors"])
    ports = "%d and %d" % (values["scouter_port"], values["scouter_http_port"])
    found = [
        Claim("Scouter's ports", collector, ports, (
            "%s: scouter_port and scouter_http_port are %s, and another host of the same collector has other ones: give all the same." % (
                host, ports))),
        Claim("Scouter's address", collector, str(address_of(values.get("scouter_collector_address"))), (
            "%s: scouter_collector_address is %s, and another host sends elsewhere: give all the same." % (
                host, values.get("scouter_collector_address"))))]
    if host in values["scouter_collectors"]:
        for name in ("scouter_port", "scouter_http_port"):
            found += listening(host, "Scouter", name, values[name])
        found += owning(host, "scouter", "the collector's directory", VAR)
    return found

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone tell about exporters for Prometheus, and the host that collects."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.failover.stack.plugins.module_utils._monitoring.hosts import ETC, PROMETHEUS, ports
from ansible_collections.failover.stack.plugins.module_utils._monitoring.targets import DATABASES, JOBS, jobs
from ansible_collections.failover.stack.plugins.module_utils._preflight.addresses import own_address
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, address_of, listening, owning

LOWEST_PORT = 1024
PORTS = ("monitoring_node_port", "monitoring_mysqld_port", "monitoring_apache_port")
UNIT = re.compile(r"^[A-Za-z0-9:_.@-]+\.(service|socket|slice)$")
USER = re.compile(r"^[A-Za-z0-9_.-]+$")
# As mysqld_exporter reads its file: these would be quotes, comments or the beginning of something else.
SPECIAL = re.compile(r"[\s\"'`\\#;%$]")
CERTIFICATE = re.compile(r"^(/\S+|\[[0-9A-Fa-f:]+\]:[0-9]+|[^\s:/]+:[0-9]+)$")
RANGES = {
    "monitoring_interval_s": (2, 300), "monitoring_answer_s": (1, 60), "monitoring_scrape_s": (2, 300),
    "monitoring_replica_lag_s": (1, 86400), "monitoring_certificate_days": (1, 365), "monitoring_drained_s": (10, 604800),
    "monitoring_versions_s": (60, 604800), "monitoring_prometheus_days": (1, 3650), "monitoring_verify_s": (1, 3600)}


def own(host, values):
    return values["monitoring_watched"].get(host) or {}


def plain(values):
    """Values by the names that _monitoring/hosts.py has for them."""
    return {name[len("monitoring_"):]: value for name, value in values.items()}


def _groups(host, values):
    servers = values["monitoring_servers"]
    if len(servers) != 1:
        yield "%s: group '%s' has %d hosts (%s): name one, it is the host on which Prometheus runs." % (
            host, values["monitoring_group"], len(servers), ", ".join(servers) or "none")
    for one in own_address("monitoring_address", values.get("monitoring_address")):
        yield "%s: %s" % (host, one)
    yield from _everywhere(host, "monitoring_address", values.get("monitoring_address"))
    if host not in servers:
        return
    for name in values["monitoring_members"]:
        given = values["monitoring_addresses"].get(name)
        if address_of(given) is None:
            yield ("%s: %s is watched at '%s', which is no address: set ansible_host or monitoring_address of %s to its own." % (
                host, name, given or "", name))


def _everywhere(host, name, text):
    address = address_of(text)
    if address and ipaddress.ip_address(address).is_unspecified:
        yield "%s: %s is %s, which is every address of this host: give the one at which it is to be asked." % (host, name, text)


def _numbers(host, values):
    for name in (*PORTS, "monitoring_prometheus_port"):
        if not LOWEST_PORT <= values[name] <= 65535:
            yield "%s: %s is %d: give %d to 65535, lower ones only root may listen on, and exporters are not root." % (
                host, name, values[name], LOWEST_PORT)
    taken = {}
    for name in PORTS:
        if values[name] in taken:
            yield "%s: %s and %s are both %d: give each its own." % (host, taken[values[name]], name, values[name])
        taken.setdefault(values[name], name)
    for name, (least, most) in RANGES.items():
        if not least <= values[name] <= most:
            yield "%s: %s is %d: give %d to %d." % (host, name, values[name], least, most)
    if values["monitoring_answer_s"] > values["monitoring_interval_s"]:
        yield "%s: monitoring_answer_s is %d, and a round comes every %d s (monitoring_interval_s): give less." % (
            host, values["monitoring_answer_s"], values["monitoring_interval_s"])


def _access(host, values):
    for text in values["monitoring_allowed"]:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            yield "%s: monitoring_allowed has '%s': give an address or a network such as 198.51.100.0/24." % (host, text)
    if values["monitoring_prometheus"] and address_of(values["monitoring_prometheus_address"]) is None:
        yield "%s: monitoring_prometheus_address is '%s', which is no address: 127.0.0.1 or one of this host's." % (
            host, values["monitoring_prometheus_address"])
    if values["monitoring_prometheus"]:
        yield from _everywhere(host, "monitoring_prometheus_address", values["monitoring_prometheus_address"])


def _database(host, values):
    user, password = values["monitoring_mysql_user"], str(values.get("monitoring_mysql_password") or "")
    if user and not USER.match(user):
        yield "%s: monitoring_mysql_user is '%s': use letters, digits, _, . and -." % (host, user)
    if user and not password:
        yield "%s: monitoring_mysql_password is missing: give the one of account '%s' (monitoring_mysql_user)." % (host, user)
    elif user and (SPECIAL.search(password) or not password.isascii()):
        yield ("%s: monitoring_mysql_password has a blank, a quote or one of \\ # ; %% $, or a character beyond ASCII, which its exporter "
               "would read as something else: leave them out." % host)
    mine = [one for one in DATABASES if one in (own(host, values).get("group_names") or [])]
    if mine and not user:
        yield ("%s: it is in group %s, and monitoring_mysql_user is empty: name an account of the tier's own for localhost, or nobody is "
               "told how far a replica is behind." % (host, mine[0]))


def _watched(host, values):
    given = own(host, values)
    mine = given.get("group_names") or []
    for unit in values["monitoring_units"]:
        if not UNIT.match(unit):
            yield "%s: monitoring_units has '%s': give a unit with its suffix, such as haproxy.service." % (host, unit)
    for one in values["monitoring_certificates"]:
        if not CERTIFICATE.match(one):
            yield "%s: monitoring_certificates has '%s': give an absolute path, or address:port." % (host, one)
    if "haproxy" in mine and not given.get("haproxy_stats_enabled", True):
        yield "%s: haproxy_stats_enabled is false, and HAProxy tells its figures beside its statistics: set it to true." % host
    everybody = [group for one in values["monitoring_watched"].values() for group in one.get("group_names") or []]
    if host in values["monitoring_servers"] and "etcd" in everybody and not values["monitoring_etcd_ca"]:
        yield ("%s: group etcd has hosts, and monitoring_etcd_ca is empty: give the path of its authority on the controller, ca.pem in "
               "etcd_tls_directory." % host)


def problems(host, values):
    """One sentence each: host, variable, value, remedy."""
    if not values["monitoring_exporters"]:
        return []
    if host not in values["monitoring_members"]:
        return ["%s: monitoring_group is '%s' and monitoring_agent_group '%s', it is in neither: name its groups." % (
            host, values["monitoring_group"], values["monitoring_agent_group"])]
    found = []
    for rule in (_groups, _numbers, _access, _database, _watched):
        found += rule(host, values)
    return list(dict.fromkeys(found))


def claims(host, values):
    """All hosts have their exporters at the ports that the monitoring host asks."""
    if not values["monitoring_exporters"]:
        return []
    site = "monitoring by " + ", ".join(values["monitoring_servers"])
    told = ", ".join(str(values[name]) for name in PORTS)
    found = [Claim("ports of exporters", site, told, (
        "%s: the ports of its exporters (%s) are %s, and another host of the same site has other ones: give all the same." % (
            host, ", ".join(PORTS), told)))]
    address = str(values.get("monitoring_address") or "")
    mine = jobs(own(host, values), address, ports(plain(values)))
    for job in mine:
        if JOBS[job].own:
            name = "monitoring_%s_port" % job
            found += listening(host, "monitoring", name, values[name], [address])
    if host in values["monitoring_servers"]:
        found += owning(host, "monitoring", "the directory of targets and rules", PROMETHEUS)
        if values["monitoring_prometheus"]:
            found += listening(host, "monitoring", "monitoring_prometheus_port", values["monitoring_prometheus_port"],
                               [values["monitoring_prometheus_address"]])
    return found + owning(host, "monitoring", "the exporter's directory", ETC)

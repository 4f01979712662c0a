# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who tells figures of what at which address, and what of a host its exporter looks at, from what the inventory says of hosts. Pure.

given: a host's groups (group_names) and those of its variables that WATCHED names, as far as it has them.
"""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.failover.stack.plugins.module_utils._figures import watched
from ansible_collections.failover.stack.plugins.module_utils._host.listening import EVERYWHERE
from ansible_collections.failover.stack.plugins.module_utils._host.places import at_port
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_address import plain

# Groups of tiers, as playbooks/site.yml knows them, in the order in which a label names them.
TIERS = ("ipvs_director", "haproxy", "keepalived", "apache", "tomcat", "app_deploy", "mysql_replication", "mha_manager", "mmm_monitor",
         "galera", "galera_arbitrator", "rabbitmq", "etcd", "content", "content_target", "nfs_content", "nfs_content_client", "scouter",
         "monitoring")
DATABASES = ("mysql_replication", "galera")
WATCHED = (
    "group_names", "monitoring_address", "monitoring_mysql_user", "apache_modjk_default_http_port", "haproxy_stats_enabled",
    "haproxy_stats_address", "haproxy_stats_port", "haproxy_frontends", "rabbitmq_cluster_prometheus_port", "rabbitmq_cluster_tls",
    "rabbitmq_cluster_tls_port", "rabbitmq_cluster_address", "rabbitmq_cluster_plugins", "rabbitmq_cluster_prometheus_address",
    "etcd_client_port", "etcd_address", "keepalived_instances",
    "mysql_replication_writer_address", "mysql_replication_failover", "mysql_replication_lease_ttl_s", "mysql_replication_group",
    "mmm_reader_addresses", "app_deploy_applications")


class Job(NamedTuple):
    """A kind of exporter. moves: a figure that goes on while it is well. up: one that must be 1, empty for none. own: whether the role
    runs it, else the service itself tells, in its own tier's role."""

    name: str
    moves: str
    up: str = ""
    own: bool = True


JOBS = {job.name: job for job in (
    Job("node", "node_time_seconds"), Job("mysqld", "mysql_global_status_uptime", "mysql_up"),
    Job("apache", "apache_uptime_seconds_total", "apache_up"), Job("haproxy", "haproxy_process_uptime_seconds", own=False),
    Job("rabbitmq", "rabbitmq_erlang_uptime_seconds", own=False), Job("etcd", "process_cpu_seconds_total", own=False))}


def groups(given):
    return list(given.get("group_names") or [])


def tiers(given):
    """Of a host, in order, as one text: it may be in several."""
    mine = groups(given)
    return ",".join(one for one in TIERS if one in mine)


def jobs(given, address, ports):
    """{job: address:port} of a host. ports: {job: port} of those that the role runs."""
    mine, found = groups(given), {"node": at_port(address, ports["node"])}
    if given.get("monitoring_mysql_user"):
        found["mysqld"] = at_port(address, ports["mysqld"])
    if "apache" in mine:
        found["apache"] = at_port(address, ports["apache"])
    if "haproxy" in mine and given.get("haproxy_stats_enabled", True):
        found["haproxy"] = at_port(given.get("haproxy_stats_address") or address, given.get("haproxy_stats_port", 8404))
    if "rabbitmq" in mine:
        found["rabbitmq"] = at_port(rabbitmq_address(given, address), given.get("rabbitmq_cluster_prometheus_port", watched.RABBITMQ_PORT))
    if "etcd" in mine:
        found["etcd"] = at_port(given.get("etcd_address") or address, given.get("etcd_client_port", 2379))
    return found


def rabbitmq_address(given, address):
    return given.get("rabbitmq_cluster_prometheus_address") or given.get("rabbitmq_cluster_address") or address


def tier_of(job, given):
    """A service's own tier; of a whole host all."""
    mine = groups(given)
    if job == "mysqld":
        return next((one for one in DATABASES if one in mine), "mysqld")
    return tiers(given) if job == "node" else job


def target_lists(hosts):
    """{job: what file_sd reads}. hosts: {name: (given, {job: address:port})}."""
    found = {job: [] for job in JOBS}
    for host, (given, told) in hosts.items():
        for job, at in told.items():
            found[job].append({"targets": [at], "labels": {"host": host, "tier": tier_of(job, given)}})
    return found


# --- What a host's own exporter looks at --------------------------------------------------


def vips(given):
    """Virtual addresses that may be on the host."""
    written = [one for instance in given.get("keepalived_instances") or [] for one in instance.get("addresses") or []]
    if "mysql_replication" in groups(given):
        written += [given.get("mysql_replication_writer_address") or "", *(given.get("mmm_reader_addresses") or [])]
    return list(dict.fromkeys(plain(one) for one in written if one))


def lease(given):
    if "mysql_replication" not in groups(given) or given.get("mysql_replication_failover") != "automatic":
        return {}
    return {"path": "/run/mysql-writer/lease.json", "ttl_s": int(given.get("mysql_replication_lease_ttl_s", 3)),
            "cluster": given.get("mysql_replication_group") or "mysql_replication"}


def drains(given):
    mine = groups(given)
    return {**({"galera": "/run/failover-galera/drain"} if "galera" in mine else {}),
            **({"ipvs": "/run/keepalived-drained"} if "ipvs_director" in mine else {})}


def certificates(given, address):
    """Places that show one, and files of servers that show theirs only to who speaks their language."""
    mine, found = groups(given), []
    if "haproxy" in mine:
        binds = [bind for frontend in given.get("haproxy_frontends") or [] for bind in frontend.get("binds") or []]
        found += [at_port(own_bind(bind, address), bind["port"]) for bind in binds if bind.get("certificates")]
    found += ["/etc/ssl/certs/failover-*.pem"] if "apache" in mine else []
    if "rabbitmq" in mine and given.get("rabbitmq_cluster_tls", True):
        found.append(at_port(given.get("rabbitmq_cluster_address") or address, given.get("rabbitmq_cluster_tls_port", 5671)))
    found += [at_port(given.get("etcd_address") or address, given.get("etcd_client_port", 2379))] if "etcd" in mine else []
    found += ["/etc/mysql/certificates/server.pem"] if "mysql_replication" in mine else []
    found += ["/etc/galera-tls/cert.pem"] if "galera" in mine else []
    return list(dict.fromkeys(found))


def own_bind(bind, address):
    """Where a listener is asked: one that listens everywhere at the host's own address."""
    at = str(bind.get("address") or "*").strip("[]")
    return address if at in EVERYWHERE else at


def looks_at(given, address, services=(), members=()):
    """What _agents/figures_stack.py is told, without what a host has not. services: virtual services of a director, resolved. members:
    hosts of RabbitMQ's cluster."""
    mine = groups(given)
    loopback = "http://127.0.0.1:%d" % int(given.get("apache_modjk_default_http_port", 80))
    found = {
        "vips": vips(given), "vrrp": watched.vrrp(one["name"] for one in watched.instances(given)),
        "virtual_servers": watched.virtual_servers(services),
        "rabbitmq": watched.rabbitmq(watched.rabbitmq_url(given, rabbitmq_address(given, address)), members),
        "lease": lease(given),
        "modjk_url": loopback + "/jkstatus" if {"apache", "tomcat"} <= set(mine) else "",
        "drains": drains(given), "contents": "content_target" in mine, "certificates": certificates(given, address),
        "applications": [{"name": one["name"], "docroot": one["docroot"]} for one in given.get("app_deploy_applications") or []]
        if "app_deploy" in mine else []}
    return {key: value for key, value in found.items() if value}


def reads_more(given):
    """Whether the exporter has to read what its user may not: the lease that the writer agent keeps, Galera's certificates."""
    return bool(lease(given)) or "galera" in groups(given)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of keepalived, RabbitMQ and Tomcat a host's exporter looks at, whoever is told: settings of _agents/figures_stack.py. Pure.

given: a host's groups (group_names), and of its variables keepalived_instances, rabbitmq_cluster_plugins,
rabbitmq_cluster_prometheus_port, tomcat_cluster_instances and tomcat_cluster_session_counts, as far as it has them.
"""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._host.places import at_port
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_address import plain
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers import named

# As role keepalived has them.
KEEPALIVED, STATES = "keepalived.service", "/run/keepalived-states"
FRONTS = ("keepalived", "ipvs_director")
PLUGIN, RABBITMQ_PORT = "rabbitmq_prometheus", 15692
# Where it does not matter at which address.
ANYWHERE = "127.0.0.1"


def has(given, groups):
    """Whether the host is in one of the groups."""
    return bool(set(groups) & set(given.get("group_names") or []))


def instances(given):
    """VRRP instances as the inventory has them."""
    return list(given.get("keepalived_instances") or []) if has(given, FRONTS) else []


def vips(given):
    """Virtual addresses of VRRP that may be on the host, plain."""
    return list(dict.fromkeys(plain(one) for instance in instances(given) for one in instance.get("addresses") or []))


def vrrp(names):
    """Where the states of these instances are."""
    known = list(names)
    return {"unit": KEEPALIVED, "states": STATES, "instances": known} if known else {}


def virtual_servers(services):
    """services: as filter virtual_servers resolves them."""
    return [{"label": named(one), "servers": [{"address": each["address"]} for each in one["servers"]],
             **{key: one.get(key) for key in ("address", "port", "protocol", "fwmark", "quorum")}} for one in services]


def rabbitmq_url(given, address):
    """Where RabbitMQ on the host tells its figures; empty where there is none, or one without the plugin that tells them. address: at which
    it does."""
    plugins = given.get("rabbitmq_cluster_plugins")
    if not has(given, ["rabbitmq"]) or (plugins is not None and PLUGIN not in plugins):
        return ""
    return "http://%s/metrics" % at_port(address, given.get("rabbitmq_cluster_prometheus_port", RABBITMQ_PORT))


def rabbitmq(url, members):
    """members: hosts of its cluster."""
    return {"url": url, "nodes": ["rabbit@" + host.split(".")[0] for host in members]} if url else {}


def tomcats(given):
    """Tomcat instances that tell how many sessions they have, as role tomcat_cluster is told them."""
    return list(given.get("tomcat_cluster_instances") or []) if given.get("tomcat_cluster_session_counts", True) else []

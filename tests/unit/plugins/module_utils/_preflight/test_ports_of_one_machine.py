# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of several roles on one machine. The rules know nothing of each other, their claims meet."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight import (
    galera,
    haproxy,
    mysql_replication,
    rabbitmq_cluster,
    tomcat_cluster,
)
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes

MYSQL = mysql_replication.claims("m1", {"mysql_replication_port": 3306, "mysql_replication_bind_address": "10.0.0.1,127.0.0.1"})
RABBIT = {"rabbitmq_cluster_members": ["m1"], "rabbitmq_cluster_name": "m", "rabbitmq_cluster_tls": False, "rabbitmq_cluster_plugins": [],
          "rabbitmq_cluster_port": 5672, "rabbitmq_cluster_tls_port": 5671, "rabbitmq_cluster_management_port": 15672,
          "rabbitmq_cluster_prometheus_port": 15692,
          "rabbitmq_cluster_distribution_port": 25672, "rabbitmq_cluster_bind_address": "10.0.0.1"}
GALERA = {"galera_members": ["m1"], "galera_arbitrators": ["m2"], "galera_cluster_name": "m", "galera_port": 3306,
          "galera_agent_port": 9200, "galera_group_port": 4567, "galera_ist_port": 4568, "galera_sst_port": 4444,
          "galera_bind_address": "*", "galera_collation": "", "galera_more_addresses": [], "galera_address": "10.0.0.1"}
NARROW = {**GALERA, "galera_bind_address": "10.0.0.1", "galera_more_addresses": ["10.0.0.9"]}


def proxy(port, address=None, host="m1"):
    return haproxy.claims(host, {"haproxy_frontends": [{"name": "in", "binds": [{"port": port, "address": address}]}]})


@pytest.mark.parametrize("claims, others, told", [
    (MYSQL, proxy(3306), 1), (MYSQL, proxy(3306, "10.0.0.100"), 0), (MYSQL, proxy(3307), 0),
    (rabbitmq_cluster.claims("m1", RABBIT), proxy(5672), 1), (rabbitmq_cluster.claims("m1", RABBIT), proxy(5672, "10.0.0.100"), 0),
    (rabbitmq_cluster.claims("m1", RABBIT), proxy(4369, "10.0.0.100"), 1),
    # Neither TLS nor the management plugin is on.
    (rabbitmq_cluster.claims("m1", RABBIT), proxy(5671) + proxy(15672), 0),
    (galera.claims("m1", GALERA), proxy(3306, "10.0.0.100"), 1), (galera.claims("m1", GALERA), proxy(4567, "10.0.0.100"), 0),
    (galera.claims("m1", NARROW), proxy(3306, "10.0.0.100") + proxy(3306, "127.0.0.1"), 0),
    (galera.claims("m1", NARROW), proxy(3306, "10.0.0.9"), 1),
    (galera.claims("m1", GALERA), proxy(4567), 1), (galera.claims("m2", GALERA), proxy(3306, host="m2"), 0),
    (tomcat_cluster.claims("m1", {"tomcat_cluster_address": "10.0.0.1", "tomcat_cluster_instances": [
        {"name": "tc1", "shutdown_port": 8005, "services": [{"name": "user", "ajp_port": 8009, "http_port": 8080}]}]}),
     proxy(8080, "10.0.0.100") + proxy(8005, "10.0.0.1"), 0),
])
def test_a_proxy_before_the_service_of_its_own_machine_is_told_where_both_cannot_listen(claims, others, told):
    assert len(clashes(claims + others)) == told

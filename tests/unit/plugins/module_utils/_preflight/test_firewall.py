# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight import firewall

GOOD = {"firewall_operators": ["198.18.0.1", "2001:db8::/64"], "firewall_clients": ["0.0.0.0/0"],
        "firewall_frontend_clients": {"site": ["web"]}, "firewall_tier_clients": {"rabbitmq_cluster": ["tomcat"]},
        "firewall_allow": [{"ports": ["80", "8000-8100"], "from": ["op"]}],
        "firewall_addresses": ["10.0.0.1"], "firewall_ssh_port": 22, "firewall_rollback_s": 30}


def test_good_values_pass():
    assert firewall.problems("a1", GOOD) == [] == firewall.claims("a1", GOOD)


A_PORT = "write a port from 1 to 65535, or a range such as 8000-8100."


@pytest.mark.parametrize("given, says", [
    ({"firewall_operators": []},
     "firewall_operators is empty, so nobody could come in by SSH: name the networks of operators, the controller's address among them."),
    ({"firewall_operators": ["op"]}, "firewall_operators has 'op', which is neither an address nor a network: write 198.18.0.5 or "
                                     "198.18.0.0/24."),
    ({"firewall_addresses": ["10.0.0.0/8"]},
     "firewall_addresses has 10.0.0.0/8, a network: write an address of this host, without a length."),
    ({"firewall_allow": [{"ports": ["81-80"], "from": ["op"]}]}, "firewall_allow[0].ports has '81-80': " + A_PORT),
    ({"firewall_allow": [{"ports": ["70000"], "from": ["op"]}]}, "firewall_allow[0].ports has '70000': " + A_PORT),
    ({"firewall_allow": [{"ports": ["80"], "from": []}]}, "firewall_allow[0].from is empty: say who may, 0.0.0.0/0 and ::/0 for all."),
    ({"firewall_tier_clients": {"mysql": ["op"]}}, "firewall_tier_clients has 'mysql', which is no such tier: name one of "
                                                   "mysql_replication, galera, rabbitmq_cluster, etcd, tomcat_cluster."),
    ({"firewall_frontend_clients": {"site": "web"}},
     "firewall_frontend_clients.site is 'web': write a list of networks, addresses, hosts or groups."),
    ({"firewall_rollback_s": 5}, "firewall_rollback_s is 5: set a number from 10 to 600."),
    ({"firewall_ssh_port": 0}, "firewall_ssh_port is 0: set a number from 1 to 65535.")])
def test_bad_values_are_refused_in_one_sentence(given, says):
    assert firewall.problems("a1", {**GOOD, **given}) == ["a1: " + says]

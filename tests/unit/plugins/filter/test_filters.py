# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters as an expression uses them, by their names and positional arguments."""

import importlib
import os

import jinja2
import pytest
from ansible_collections.failover.stack.plugins import filter as filters

DIRECTORY = os.path.dirname(filters.__path__[0] + "/")

HOSTVARS = {"web1": {"ansible_host": "198.51.100.21"}, "web2": {"ansible_host": "198.51.100.22", "inner_address": "203.0.113.22"},
            "web3": {}}
CHANNEL = {"channel": "", "source_host": "198.51.100.31", "source_port": 3306, "receiver": "running", "applier": "running", "lag": 0,
           "delay": 0, "ssl": True, "gtid": "slave_pos", "received": "0-1-9", "applier_errno": 0, "applier_error": ""}
REPLICA = {"reachable": True, "writable": False, "dialect": "mariadb", "version": "10.11.19", "log_bin": True,
           "log_replica_updates": True, "blank": False, "databases": ["shop"], "channels": [CHANNEL], "server_id": 2,
           "gtid": {"enabled": True, "executed": "0-1-9", "state": "0-1-9", "slave": "", "server_id": 2}}
WRITER = dict(REPLICA, writable=True, channels=[], server_id=1)


@pytest.fixture(scope="module")
def template():
    """template(expression, variables …) -> its value, with every filter of the collection."""
    made = jinja2.Environment()
    for name in sorted(os.listdir(DIRECTORY)):
        if name.endswith(".py"):
            module = importlib.import_module("%s.%s" % (filters.__name__, name[:-3]))
            made.filters.update({"failover.stack." + one: call for one, call in module.FilterModule().filters().items()})
    return lambda expression, **variables: made.compile_expression(expression)(**variables)


@pytest.mark.parametrize("expression, value", [
    ("['web1', 'web2', 'web3'] | failover.stack.host_addresses(hostvars)", ["198.51.100.21", "198.51.100.22", "web3"]),
    ("['web1', 'web2'] | failover.stack.host_addresses(hostvars, 'inner_address')", ["198.51.100.21", "203.0.113.22"]),
    ("{'state': 'master', 'interface': 'eth0', 'id': 7} | failover.stack.ipvsadm_daemon",
     "--start-daemon master --mcast-interface eth0 --syncid 7"),
    ("[{'name': 'web', 'group': 'web', 'port': 80, 'active_members': 1}] "
     "| failover.stack.haproxy_servers({'web': ['web1', 'web3']}, hostvars)",
     {"web": [{"name": "web1", "address": "198.51.100.21", "port": 80, "backup": False},
              {"name": "web3", "address": "web3", "port": 80, "backup": True}]}),
    # What preflight will object to must not break a template before.
    ("[{'group': 'web'}, 'nonsense'] | failover.stack.haproxy_servers({}, hostvars)", {}),
    ("'nonsense' | failover.stack.haproxy_servers({}, hostvars)", {}),
])
def test_what_filters_yield(template, expression, value):
    assert template(expression, hostvars=HOSTVARS) == value


@pytest.mark.parametrize("frontends, secure", [
    ([{"default_backend": "web", "binds": [{"certificates": ["x"]}]}], True),
    ([{"default_backend": "web", "binds": [{"certificates": ["x"]}, {}]}], False),
    ([{"default_backend": "web", "binds": [{}], "redirect_https": True},
      {"rules": [{"backend": "web"}], "binds": [{"certificates": ["x"]}]}], True),
    ([{"default_backend": "api", "binds": [{"certificates": ["x"]}]}], False),
    ([], False),
])
def test_a_cookie_is_secure_only_where_nobody_comes_in_the_clear(template, frontends, secure):
    assert template("'web' | failover.stack.haproxy_tls_only(frontends)", frontends=frontends) is secure


def test_a_seed_is_planned(template):
    observed = {"db1": WRITER, "db2": REPLICA, "db3": dict(REPLICA, blank=True, databases=[], channels=[])}
    (entry,) = template("['db3'] | failover.stack.mysql_seed_plan(observed, 'db1')", observed=observed)
    assert (entry["donor"], entry["refused"]) == ("db2", "")

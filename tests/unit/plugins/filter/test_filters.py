# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters as an expression uses them, by their names and positional arguments."""

import importlib
import os

import jinja2
import pytest
from ansible.errors import AnsibleError
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
ROW = {"role": "replica", "source": "db1", "action": "none", "because": "", "writable": False}


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


def test_backups_are_chosen_by_name(template):
    assert template("observed | failover.stack.mysql_backup_source", observed={"db1": WRITER, "db2": REPLICA})["host"] == "db2"
    chosen = template("{'db2': ['db2-20261121T030000Z']} | failover.stack.mysql_backup_choice")
    assert (chosen["host"], chosen["name"]) == ("db2", "db2-20261121T030000Z")
    into = template("'db1' | failover.stack.mysql_restore_into(observed, 'x')", observed={"db1": WRITER, "db2": REPLICA})
    assert into["refused"] == "db1 takes the writes: its data is not replaced; switch over to another member first"


def test_members_seeds_and_switchovers_are_judged(template):
    observed = {"db1": WRITER, "db2": REPLICA}
    assert template("seen | failover.stack.mysql_member_problems(row)", seen=REPLICA, row=ROW) == []
    assert template("seen | failover.stack.mysql_member_problems(row, tls=false, semi_sync=true)", seen=REPLICA, row=ROW) == [
        "it does not acknowledge what it receives (semi-synchronous replication is off)"]
    (entry,) = template("['db3'] | failover.stack.mysql_seed_plan(observed, 'db1')", observed=dict(
        observed, db3=dict(REPLICA, blank=True, databases=[], channels=[])))
    assert (entry["donor"], entry["refused"]) == ("db2", "")
    rows = {"db1": dict(ROW, role="source", source=None, writable=True), "db2": ROW}
    assert template("observed | failover.stack.mysql_switchover_problems(rows, 'db2')", observed=observed, rows=rows) == []
    assert len(template("observed | failover.stack.mysql_failover_problems(rows, [], [])", observed=observed, rows=rows)) == 1


@pytest.mark.parametrize("expression, value", [
    ("'0-1-9,1-2-3' | failover.stack.mysql_gtid_subtract('0-1-7')", "0-1-8..9,1-2-1..3"),
    ("'0-1-9' | failover.stack.mysql_gtid_union('1-2-3')", "0-1-9,1-2-3"),
    ("'0-1-9' | failover.stack.mysql_gtid_contains('0-1-7')", True),
])
def test_gtids_are_reckoned_with(template, expression, value):
    assert template(expression) == value


def test_a_gtid_that_is_none_is_ansibles_own_error(template):
    with pytest.raises(AnsibleError) as refused:
        template("'nonsense' | failover.stack.mysql_gtid_contains('0-1-7')")
    assert "nonsense" in str(refused.value)


def test_a_cluster_that_nobody_is_in_is_formed_by_the_first(template):
    found = template("['mq1', 'mq2'] | failover.stack.rabbitmq_formation([info, info])", info={"available": False, "members": []})
    assert (found["seed"], found["seed_node"], found["refused"]) == ("mq1", "rabbit@mq1", [])

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import led


def row(action):
    return {"action": action, "because": "it is so", "source": "db1"}


@pytest.mark.parametrize(("action", "channels", "left"), [
    ("join", [], "join"), ("join", [{}], "none"), ("repoint", [{}], "none"), ("seed", [{}], "seed"), ("seed", [], "seed"),
    ("refuse", [], "refuse"), ("refuse", [{}], "none"), ("none", [], "none")])
def test_what_replicates_is_left_alone(action, channels, left):
    found = led.left_alone({"db2": row(action)}, {"db2": {"channels": channels}})["db2"]
    assert found == dict(row(action), action=left)


def test_who_cannot_be_asked():
    assert led.left_alone({"db2": row("none")}, {})["db2"]["action"] == "none"


def test_only_the_other_source_acknowledges():
    values = {"semi_sync": True, "sources": ["db1", "db2"]}
    assert [led.acknowledges(dict(values, inventory_hostname=name)) for name in ("db1", "db2", "db3")] == [True, True, False]
    assert not led.acknowledges(dict(values, semi_sync=False, inventory_hostname="db1"))


def test_one_leads():
    assert list(led.problem({"failover": "mmm"}, {"leads": "mmm"})) == [] == list(led.problem({"failover": "manual"}, {"leads": ""}))
    assert list(led.problem({"failover": "manual"}, {})) == [] == list(led.problem({"failover": "automatic"}, {"leads": "mysql-writer"}))
    assert list(led.problem({"failover": "mmm"}, {"leads": "mysql-writer"})) == [
        "mysql_replication_failover is mmm, and mysql-writer.service leads this member: set it to what it was, or go back to MMM by "
        "playbooks/mmm_migrate.yml -e mmm_migrate=back"]
    assert list(led.problem({"failover": "automatic"}, {"leads": "mmm"})) == [
        "mysql_replication_failover is automatic, and mysql-mmm-agent.service leads this member: set it to mmm; playbooks/mmm_migrate.yml "
        "moves the cluster"]

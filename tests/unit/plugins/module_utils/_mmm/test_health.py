# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.failover.stack.plugins.module_utils._mmm import control, health


def seen(**states):
    names = {"db1": "ONLINE", "db2": "ONLINE", "db3": "ONLINE", **states}
    lines = ["  %s(192.0.2.3%s) %s/%s. Roles: %s" % (name, name[-1], "slave" if name == "db3" else "master", state, {
        "db1": "writer(192.0.2.102)", "db3": "reader(192.0.2.111)"}.get(name, "")) for name, state in names.items()]
    return control.show("\n".join(lines))


def test_all_well():
    checks = {"db1": {"ping": {"message": "OK"}, "mysql": {"message": "OK: Backlog is null"}}}
    assert health.problems(seen(), "ACTIVE", checks, ["192.0.2.111"], ["db1", "db2", "db3"]) == []


def test_each_state_has_its_remedy():
    assert health.problems(seen(db2="AWAITING_RECOVERY"), "ACTIVE", {}) == [
        "db2 is AWAITING_RECOVERY: it is back and waits for somebody's word: mmm_control set_online db2"]
    assert health.problems(seen(db2="ADMIN_OFFLINE"), "ACTIVE", {}) == [
        "db2 is ADMIN_OFFLINE: somebody took it out: playbooks/mmm_maintenance.yml brings it back"]
    assert health.problems(seen(db2="ADMIN_OFFLINE"), "ACTIVE", {}, offline_ok=["db2"]) == []
    assert health.problems(seen(db3="REPLICATION_FAIL"), "ACTIVE", {}) == [
        "db3 is REPLICATION_FAIL: its replication is broken: look at SHOW SLAVE STATUS there"]
    assert health.problems(seen(db3="STRANGE"), "ACTIVE", {}) == ["db3 is STRANGE: look at the monitor's log"]


def test_what_else_is_wrong():
    shown = control.show("# Cause: Conflict.\n# Warning: agent on host db1 is not reachable\n  db1(192.0.2.31) master/ONLINE. Roles: \n")
    assert health.problems(shown, "PASSIVE", {"db1": {"mysql": {"message": "ERROR: Timeout"}}}, ["192.0.2.111"], ["db1", "db2"]) == [
        "the monitor is PASSIVE, nobody fails over (Conflict.): mmm_control set_active", "MMM does not know db2: run site.yml",
        "the agent on db1 does not answer: look at mysql-mmm-agent.service there", "nobody has the role of the writer",
        "nobody has the reader address 192.0.2.111", "the monitor's check mysql of db1 says: ERROR: Timeout"]


def test_checks_of_who_is_away_are_no_news():
    checks = {"db2": {"mysql": {"message": "ERROR: Timeout"}}, "db9": {"ping": {"message": "ERROR: Could not ping"}}}
    assert len(health.problems(seen(db2="HARD_OFFLINE"), "ACTIVE", checks)) == 1

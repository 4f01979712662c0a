# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On the controller: rules that wait to be confirmed, and the whole matrix by a real ansible-playbook, which connects nowhere."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import types

import pytest
import yaml
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.failover.stack.plugins.action import firewall_matrix_info, firewall_rules

ROOT = pathlib.Path(__file__).resolve().parents[4]
LOADED = {"changed": True, "pending": True, "came_by": "192.0.2.1 1 192.0.2.2 22"}
KEPT = {"changed": True, "pending": False}


@pytest.fixture
def loading(act, clock):
    """loading([answers]) -> (the task's result, what its modules were told, how often the connection was made anew)."""
    time = clock(firewall_rules)

    def run(*answers):
        action, resets = act(firewall_rules, {"content": "rules", "operators": [], "rollback_s": 30}, answers), []
        action.plugin._connection = types.SimpleNamespace(reset=lambda: resets.append(time.now))
        return action.run(), [arguments.get("act") for _module, arguments in action.called], resets

    return run


def test_rules_are_confirmed_by_a_new_connection(loading):
    result, acts, resets = loading(LOADED, KEPT)
    assert result == {**LOADED, "pending": False} and acts == [None, "keep"] and len(resets) == 1


def test_what_did_not_change_needs_no_confirmation(loading):
    result, acts, resets = loading({"changed": False, "pending": False})
    assert not result["changed"] and acts == [None] and not resets
    assert loading({"failed": True, "msg": "no"})[0]["failed"]


def test_the_confirmation_names_the_connection_that_does_not_count(act, clock):
    clock(firewall_rules)
    action = act(firewall_rules, {"content": "rules", "operators": []}, [LOADED, KEPT])
    action.plugin._connection = types.SimpleNamespace(reset=lambda: None)
    action.run()
    assert action.called[1][1]["not_by"] == LOADED["came_by"]


def test_a_connection_that_comes_late_counts(loading):
    result, _acts, resets = loading(LOADED, AnsibleConnectionFailure("timed out"), {"unreachable": True, "msg": "timed out"}, KEPT)
    assert not result.get("failed") and len(resets) == 3


def test_without_a_connection_the_host_takes_them_back(loading):
    failures = [AnsibleConnectionFailure("timed out")] * 28
    result, acts, resets = loading(LOADED, *failures, {"failed": True, "msg": "others"})
    assert result["failed"] and not result["changed"] and acts[-1] == "compare"
    assert result["msg"] == (
        "db2: the new rules were not confirmed by a new connection (timed out), so the host took them back after 30 s: compare "
        "firewall_operators and firewall_ssh_port with where the controller comes from.")
    assert resets[-1] - resets[0] >= 30


def test_a_host_that_is_lost_is_told(loading):
    result, _acts, _resets = loading(LOADED, *[AnsibleConnectionFailure("timed out")] * 70)
    assert "look at it by its console, nft delete table inet failover_firewall opens it." in result["msg"]


@pytest.fixture
def matrix(tmp_path):
    """matrix(inventory) -> (rc, output of a playbook that writes what was found, what that is)."""
    def run(inventory):
        assert firewall_matrix_info.ActionModule
        (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        (tmp_path / "playbook.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [
            {"failover.stack.firewall_matrix_info": None, "run_once": True, "register": "found"},
            {"ansible.builtin.copy": {"dest": str(tmp_path / "found.json"), "content": "{{ found | to_json }}"}, "run_once": True,
             "delegate_to": "localhost", "connection": "local"}]}]), encoding="utf-8")
        environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".ansible" / "collections"), ANSIBLE_NOCOLOR="1",
                           ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"))
        done = subprocess.run([sys.executable, "-m", "ansible", "playbook", "-i", "inventory.yml", "playbook.yml"], cwd=tmp_path,
                              env=environment, capture_output=True, text=True, check=False)
        found = tmp_path / "found.json"
        return done.returncode, done.stdout + done.stderr, json.loads(found.read_text()) if found.exists() else None
    return run


def inventory(**more):
    hosts = {"etcd1": {"ansible_host": "198.51.100.1"}, "etcd2": {"ansible_host": "198.51.100.2", "etcd_peer_port": "2390"}}
    return {"all": {"vars": {"firewall_operators": ["192.0.2.0/24"], **more}, "children": {
        "etcd": {"hosts": hosts}, "firewall": {"hosts": {"etcd2": None}}}}}


def test_the_roles_own_defaults_and_the_inventory_are_read(matrix):
    rc, output, found = matrix(inventory())
    assert rc == 0, output
    assert {one["host"]: one["ports"] for one in found["matrix"] if one["why"] == "etcd, members"} == {"etcd1": [2380], "etcd2": [2390]}
    assert list(found["rules"]) == ["etcd2"]
    assert 'ip saddr 198.51.100.1 tcp dport 2390 accept comment "etcd, members"' in found["rules"]["etcd2"]
    assert 'ip saddr 192.0.2.0/24 tcp dport 22 accept comment "operators, by SSH"' in found["rules"]["etcd2"]


@pytest.mark.parametrize("given, says", [
    ({"firewall_allow": [{"ports": ["81"], "from": ["nobody"]}]}, "etcd2: 'nobody' is neither a host or a group"),
    ({"firewall_forward": "{{ nowhere }}"}, "etcd2: firewall_forward cannot be evaluated")])
def test_what_cannot_be_worked_out_is_a_sentence(matrix, given, says):
    rc, output, found = matrix(inventory(**given))
    assert rc == 2 and says in " ".join(output.split()) and found is None

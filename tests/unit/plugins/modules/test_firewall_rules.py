# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules on a host that is played: what nft and systemd answer."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._firewall import host
from ansible_collections.failover.stack.plugins.modules import firewall_rules, ports_info

RULES = "table inet failover_firewall\n"
LISTED = "table inet failover_firewall {\n}\n"
CAME = "198.18.0.1 5000 198.18.0.31 22"


@pytest.fixture
def machine(commands, monkeypatch, tmp_path):
    """A host that nobody confirms anything on. files: what was written."""
    for name in ("RULES", "RUN", "FORMER"):
        monkeypatch.setattr(host, name, str(tmp_path / name))
    monkeypatch.setattr(firewall_rules, "RULES", str(tmp_path / "RULES"))
    monkeypatch.setattr(firewall_rules, "write", lambda path, text: (tmp_path / path.rpartition("/")[2]).write_text(text))
    (tmp_path / "RUN").mkdir()
    monkeypatch.setattr(firewall_rules, "came_by", lambda *how: CAME)
    commands.answers = {
        "systemctl is-active": (3, "", ""), "systemctl stop": "", "systemd-run": "", "nft --check": "", "nft --file": "", "unshare": LISTED,
        "nft -s list": (1, "", "no such table")}
    commands.files = tmp_path
    return commands


def given(**more):
    return {"content": RULES, "operators": ["198.18.0.0/24"], "rollback_s": 30, **more}


def test_new_rules_are_tried_then_loaded_behind_a_timer_that_takes_them_back(play, machine):
    result = play(firewall_rules, given())
    assert result["changed"] and result["pending"] and result["came_by"] == CAME
    order = [command.split()[0] + " " + command.split()[1] for command in machine.ran]
    assert order.index("nft --check") < order.index("systemd-run --quiet") < order.index("nft --file")
    (timer,) = machine.began("systemd-run")
    assert "--on-active=30s" in timer and timer.endswith("nft --file " + str(machine.files / "FORMER"))
    assert (machine.files / "FORMER").read_text().endswith("delete table inet failover_firewall\n")
    assert not (machine.files / "RULES").exists()


def test_the_same_rules_are_not_loaded_again(play, machine):
    machine.answers["nft -s list"] = LISTED
    (machine.files / "RULES").write_text(RULES)
    result = play(firewall_rules, given())
    assert not result["changed"] and not machine.began("nft --file", "systemd-run")
    (machine.files / "RULES").write_text("others")
    assert play(firewall_rules, given(), diff=True)["changed"]
    assert (machine.files / "RULES").read_text() == RULES and not machine.began("nft --file", "systemd-run")


def test_check_mode_loads_nothing(play, machine):
    assert play(firewall_rules, given(), check=True)["changed"]
    assert not machine.began("nft --file", "systemd-run", "systemctl stop") and not (machine.files / "RULES").exists()


def test_what_an_interrupted_run_left_is_taken_back_first(play, machine):
    machine.answers["systemctl is-active"] = ""
    play(firewall_rules, given())
    assert machine.ran.index("systemctl stop failover-firewall-rollback.timer") < machine.ran.index(
        "nft --file " + str(machine.files / "FORMER")) < machine.ran.index(machine.began("systemd-run")[0])


def test_who_would_lock_himself_out_is_refused(refused, machine):
    assert refused(firewall_rules, given(operators=["192.0.2.0/24"])) == (
        "db2: firewall_operators is 192.0.2.0/24, and this run comes from 198.18.0.1, which could not get in any more: add it. Nothing was "
        "changed.")
    assert machine.ran == []


def test_rules_that_nft_does_not_take_are_not_loaded(refused, machine):
    machine.answers["nft --check"] = (1, "", "/run/x.nft:2:1: Error: Operation not supported\n table\n ^^^\n/run/x.nft:3: Error: more\n")
    assert refused(firewall_rules, given()) == "db2: nft fails: /run/x.nft:2:1: Error: Operation not supported"
    assert not machine.began("nft --file", "systemd-run")
    machine.answers.update({"nft --check": "", "nft --file": (1, "", "busy")})
    assert refused(firewall_rules, given()) == "db2: nft fails: busy"
    assert machine.ran[-1] == "systemctl stop failover-firewall-rollback.timer"


def test_only_another_connection_confirms(refused, play, machine):
    machine.answers["systemctl is-active"] = ""
    machine.answers["nft -s list"] = LISTED
    assert "no new connection" in refused(firewall_rules, given(act="keep", not_by=CAME))
    assert not machine.began("systemctl stop")
    assert play(firewall_rules, given(act="keep", not_by="198.18.0.1 4999 198.18.0.31 22"))["changed"]
    assert (machine.files / "RULES").read_text() == RULES and machine.began("systemctl stop")


def test_what_was_taken_back_is_not_confirmed(refused, machine):
    assert "have been taken back meanwhile" in refused(firewall_rules, given(act="keep"))
    machine.answers["systemctl is-active"] = ""
    assert "other rules than those to be confirmed" in refused(firewall_rules, given(act="keep"))
    assert not (machine.files / "RULES").exists()


def test_other_rules_than_those_for_the_next_boot_are_told(refused, play, machine):
    assert "there are no rules for the next boot" in refused(firewall_rules, {"act": "compare"})
    (machine.files / "RULES").write_text(RULES)
    assert "other rules are loaded than those for the next boot" in refused(firewall_rules, {"act": "compare"})
    machine.answers["nft -s list"] = LISTED
    assert not play(firewall_rules, {"act": "compare"})["changed"]
    assert not machine.began("nft --file", "systemd-run")


def test_where_a_run_comes_from_is_found_above_sudo():
    environments = {7: "A=b\0", 6: None, 5: "PATH=/bin\0SSH_CONNECTION=192.0.2.1 1 192.0.2.2 22\0"}
    parents = {7: 6, 6: 5, 5: 1, 1: 0}
    assert host.came_by(7, environments.get, parents.get) == "192.0.2.1 1 192.0.2.2 22"
    assert host.came_by(1, {}.get, parents.get) == ""
    assert host.stranger("", ["192.0.2.0/24"]) is None


def test_ports_and_connections_are_told(play, commands, monkeypatch):
    commands.answers["ip -j address show"] = '[{"ifname": "eth0", "addr_info": [{"local": "198.18.0.31", "scope": "global"}]}]'
    tables = {"/proc/net/tcp": "head\n 0: 0B0012C6:0016 00000000:0000 0A 0\n"}
    monkeypatch.setattr(ports_info, "text_of", tables.get)
    monkeypatch.setattr(ports_info, "connects", lambda targets, timeout_s, at_once: [{**targets[0], "result": "open", "source": "::1"}])
    result = play(ports_info, {"targets": [{"address": "::1", "port": 22}], "narrow": [22, 23]})
    assert result == {"changed": False, "listening": [{"address": "198.18.0.11", "port": 22}], "addresses": ["198.18.0.31"],
                      "everywhere": [],
                      "answers": [{"address": "::1", "port": 22, "expected": False, "result": "open", "source": "::1"}]}

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json
import pathlib
import re

import pytest
from ansible_collections.failover.stack.plugins.lookup.rsync_sync import LookupModule
from ansible_collections.failover.stack.plugins.module_utils._content import plan, status
from ansible_collections.failover.stack.plugins.modules import rsync_sync_info, rsync_sync_pull

ROLE = pathlib.Path(__file__).resolve().parents[4] / "roles/rsync_sync"
GOOD = {"content": "site", "result": "done", "reason": "", "kind": "", "at": 1000, "last_good": 1000, "waiting": None}


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setattr(status, "STATE", str(tmp_path))

    def write(**more):
        (tmp_path / "site.json").write_text(json.dumps({**GOOD, **more}), encoding="utf-8")
    return write


def test_the_role_asks_for_parts_that_exist_and_for_all_of_them():
    text = "".join(path.read_text(encoding="utf-8") for path in ROLE.rglob("*.yml"))
    assert set(re.findall(r"failover[.]stack[.]rsync_sync', '(\w+)'", text)) == set(LookupModule.parts)
    variables = (ROLE / "vars/main.yml").read_text(encoding="utf-8")
    for value in (plan.OTHERS, plan.SSH_HOME, plan.PROGRAM):
        assert value in variables


def test_what_was_pulled_is_not_pulled_first(play, commands, state):
    state()
    assert play(rsync_sync_pull, {"contents": ["site"], "only_first": True}) == {"changed": False, "contents": {}}
    assert commands.ran == []


def test_the_first_pull(play, commands, state):
    def pull(_command):
        state()
        return ""
    commands.answers = {"/usr/local/sbin/failover-content now site": pull}
    assert play(rsync_sync_pull, {"contents": ["site"], "only_first": True})["changed"] is True
    assert play(rsync_sync_pull, {"contents": ["site"], "only_first": True}, check=True)["changed"] is False


def test_check_mode_pulls_nothing(play, commands, state):
    assert play(rsync_sync_pull, {"contents": ["site"]}, check=True)["changed"] is True
    assert commands.ran == []


def test_a_pull_without_a_change(play, commands, state):
    commands.answers = {"/usr/local/sbin/failover-content now site": lambda _command: state(result="unchanged") or ""}
    assert play(rsync_sync_pull, {"contents": ["site"]})["changed"] is False


def test_go_is_passed_on_and_its_refusal_told(refused, commands, state):
    def pull(_command):
        state(result="refused", reason="70 of 100", kind="deletions", waiting={"deletions": 70, "reason": "70 of 100"}, at=1060)
        return 1, "", ""
    state()
    commands.answers = {"/usr/local/sbin/failover-content go site": pull}
    assert refused(rsync_sync_pull, {"contents": ["site"], "go": True}) == (
        "db2: content site is as it was 60 s ago, the last pull was refused: 70 of 100 (failover-content go site, or "
        "playbooks/content_pull.yml -e rsync_sync_go=site).")


def test_a_program_that_wrote_no_status_has_said_why(refused, commands, state):
    state()
    commands.answers = {"/usr/local/sbin/failover-content now site": (75, "content site: another run is at work\n", "")}
    assert refused(rsync_sync_pull, {"contents": ["site"]}) == "db2: content site: another run is at work"


def test_what_a_host_tells(play, tmp_path, state, commands, monkeypatch):
    monkeypatch.setattr(plan, "SOURCES", str(tmp_path / "sources"))
    monkeypatch.setattr(plan, "RSYNCD", str(tmp_path / "rsyncd.conf"))
    (tmp_path / "sources").write_text("# Written by Ansible (failover.stack).\nsite\n", encoding="utf-8")
    (tmp_path / "rsyncd.conf").write_text("[own]\n", encoding="utf-8")
    (tmp_path / "ssh_host_ed25519_key.pub").write_text("ssh-ed25519 AAAA root@x\n", encoding="utf-8")
    (tmp_path / "content").mkdir()
    told = play(rsync_sync_info, {
        "sources": [{"name": "site", "path": str(tmp_path / "content")}], "targets": [{"name": "site", "target": str(tmp_path / "none")}],
        "ssh_directory": str(tmp_path)})
    assert (told["known"], told["rsyncd"], told["host_keys"]) == (["site"], "another", ["ssh-ed25519 AAAA root@x"])
    assert told["sources"]["site"]["empty"] is True and told["targets"]["site"]["age_s"] is None
    assert [one.split(":")[0] for one in told["problems"]] == ["content site", "content site was never pulled"]


def test_units_that_do_not_run_are_named(refused, commands, state):
    commands.answers = {"systemctl is-active -- a.timer b.socket": (3, "active\nfailed\n", "")}
    said = refused(rsync_sync_info, {"units": ["a.timer", "b.socket"], "wait_healthy": 1})
    assert "unit b.socket is failed: start it" in said and "a.timer" not in said

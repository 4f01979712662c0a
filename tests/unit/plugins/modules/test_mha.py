# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mha import mends
from ansible_collections.failover.stack.plugins.modules import mha_info, mha_mends, mha_switchover

BAD = (255, "", "Redundant argument in sprintf at NodeUtil.pm line 195.\n")
CHECK = "/usr/local/sbin/failover-mha check_"
PING = "app (pid:812) is running(0:PING_OK), master:192.0.2.31\n"
MEMBERS = {"db1": "192.0.2.31", "db2": "192.0.2.32"}


class Perl:
    """Perl finds the package's own file bad, the copy good."""

    def __init__(self, own=BAD, copy=(0, mends.PROBED, "")):
        self.own, self.copy, self.turn = own, copy, 0

    def __call__(self, _command):
        self.turn += 1
        return self.own if self.turn == 1 else self.copy


@pytest.fixture
def node(tmp_path, commands):
    source, copies = tmp_path / "source", tmp_path / "copies"
    source.mkdir()
    copies.mkdir()
    for file, found in mends.MENDS.items():
        (source / file).write_text("".join(mend.line + "\n" for mend in found), encoding="utf-8")
    commands.answers = {"perl": Perl()}
    return {"directory": str(copies), "source": str(source)}


def test_mends_are_applied_once(play, node, commands, tmp_path):
    result = play(mha_mends, node, diff=True)
    assert result["changed"] and result["mended"] == {"NodeUtil.pm": True, "SlaveUtil.pm": True} and len(result["diff"]) == 2
    assert "return ( 0, 0 )" in (tmp_path / "copies/SlaveUtil.pm").read_text(encoding="utf-8")
    commands.answers = {"perl": Perl()}
    assert play(mha_mends, node) == {"changed": False, "mended": {"NodeUtil.pm": False, "SlaveUtil.pm": False},
                                     "needed": {"NodeUtil.pm": True, "SlaveUtil.pm": True}}


def test_a_mend_that_is_not_needed_is_taken_back(play, node, commands, tmp_path):
    play(mha_mends, node)
    commands.answers = {"perl": Perl(own=(0, mends.PROBED, ""))}
    result = play(mha_mends, node)
    assert result["needed"] == {"NodeUtil.pm": False, "SlaveUtil.pm": True} and result["changed"]
    assert not (tmp_path / "copies/NodeUtil.pm").exists()


def test_check_mode_writes_nothing(play, node, tmp_path):
    assert play(mha_mends, node, check=True)["changed"]
    assert list((tmp_path / "copies").iterdir()) == []
    blank = play(mha_mends, dict(node, source=str(tmp_path / "nothing")), check=True)
    assert blank["needed"] == {"NodeUtil.pm": False, "SlaveUtil.pm": False}


def test_refusals(refused, node, commands, tmp_path):
    assert refused(mha_mends, dict(node, source="/nothing")) == "/nothing/NodeUtil.pm is not there: install the package mha4mysql-node."
    commands.answers = {"perl": BAD}
    assert refused(mha_mends, node) == (
        "NodeUtil.pm of MHA was mended in %s, and still does not tell versions: Redundant argument in sprintf at NodeUtil.pm line 195." % (
            node["directory"]))
    (tmp_path / "source/SlaveUtil.pm").write_text("changed\n", encoding="utf-8")
    assert "has not once the line of check_if_super_read_only" in refused(mha_mends, node)


@pytest.fixture
def manager(monkeypatch, tmp_path, commands):
    monkeypatch.setattr(mha_info, "STATE", str(tmp_path / "state.json"))
    monkeypatch.setattr(mha_info.time, "time", lambda: 1001.0)
    commands.answers = {CHECK + "status": PING, CHECK + "repl": "MySQL Replication Health is OK.\n"}
    state = {"at": 1000.0, "writers": ["db1"], "listed": ["db1", "db2"], "watched": "db1", "because": None, "failed": False}
    (tmp_path / "state.json").write_text(json.dumps(state), encoding="utf-8")
    return tmp_path


def test_how_mha_is(play, manager, commands):
    found = play(mha_info, {"members": MEMBERS, "wait_healthy": 5, "ssh_directory": str(manager)})
    assert found["problems"] == [] and found["state"]["watched"] == "db1" and found["host_keys"] == []
    assert commands.ran == [CHECK + "status", CHECK + "repl"]


def test_what_is_wrong_is_told(play, refused, manager, commands, monkeypatch):
    clock = iter(range(0, 100, 3))
    monkeypatch.setattr(mha_info.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(mha_info.time, "sleep", lambda seconds: None)
    commands.answers[CHECK + "repl"] = (1, "", "x - [error][A.pm, ln1] Server is dead\n")
    assert refused(mha_info, {"members": MEMBERS, "wait_healthy": 5}) == (
        "MHA is not as it should be after 5 s: masterha_check_repl says: Server is dead.")
    (manager / "state.json").unlink()
    assert play(mha_info, {"members": MEMBERS})["problems"] == ["the service failover-mha-manager does not work: look at its journal"]


@pytest.fixture
def slow(manager, commands, monkeypatch):
    """MHA's checks take 40 s each; until its program ends, which this says, it writes its state down meanwhile."""
    now, ends = [1001.0], {}
    monkeypatch.setattr(mha_info.time, "time", lambda: now[0])
    monkeypatch.setattr(mha_info.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(mha_info.time, "sleep", lambda seconds: None)

    def check(command):
        now[0] += 40
        if command != ends.get("with"):
            kept = json.loads((manager / "state.json").read_text(encoding="utf-8"))
            (manager / "state.json").write_text(json.dumps(dict(kept, at=now[0] - 1)), encoding="utf-8")
        return PING

    commands.answers = {CHECK + "status": check, CHECK + "repl": check}
    return ends


def test_checks_that_take_long_make_no_state_old(play, slow):
    assert play(mha_info, {"members": MEMBERS, "wait_healthy": 5})["problems"] == []


def test_a_program_that_ends_during_them_is_seen(refused, slow):
    slow["with"] = CHECK + "repl"
    assert refused(mha_info, {"members": MEMBERS, "wait_healthy": 5}) == (
        "MHA is not as it should be after 5 s: the service failover-mha-manager does not work: look at its journal.")


def test_a_host_of_its_own(play, tmp_path, commands):
    (tmp_path / "ssh_host_ed25519_key.pub").write_text("ssh-ed25519 KEY root@db1\n", encoding="utf-8")
    found = play(mha_info, {"ssh_directory": str(tmp_path)})
    assert found["host_keys"] == ["ssh-ed25519 KEY root@db1"] and found["state"] is None and commands.ran == []


def test_switchover_is_mhas(play, refused, commands):
    begin = "/usr/local/sbin/failover-mha master_switch"
    commands.answers = {begin: "Switching master to 192.0.2.32 completed successfully.\n"}
    assert play(mha_switchover, {"to": "192.0.2.32"})["changed"]
    assert commands.ran[-1].endswith("--interactive=0 --skip_lock_all_tables --flush_tables=0 --new_master_host=192.0.2.32 "
                                     "--new_master_port=3306")
    play(mha_switchover, {"to": "192.0.2.32"}, check=True)
    assert commands.ran[-1].endswith("--check_only")
    commands.answers = {begin: (1, "", "x - [error][MasterRotate.pm, ln144] Switching master should not be started\n")}
    assert refused(mha_switchover, {"to": "192.0.2.32"}) == (
        "MHA does not hand the writer's part to 192.0.2.32: Switching master should not be started.")

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json
import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mha_script
from ansible_collections.failover.stack.plugins.module_utils._agents.mha_script import FAILED, NETWORK, OK, REACHED, STOPPED

OLD, NEW = "192.0.2.31", "192.0.2.32"
CONFIG = {"members": {"db1": OLD, "db2": NEW, "db3": "192.0.2.33"}, "isolation_s": 3, "ssh_port": 22, "ssh_connect_s": 3, "ssh_user": "mha"}
QUIET, LOUD = {"answers": False, "holder": None}, {"answers": True, "holder": None}


class Played(mha_script.Members):
    """answers: {(address, verb): reply, or a text with which it fails}; asked: what was asked."""

    def __init__(self, answers):
        super().__init__(CONFIG)
        self.answers, self.asked = answers, []

    def ask(self, place, verb, timeout=0, **given):
        self.asked.append((place, verb, given))
        reply = self.answers.get((place, verb), "no route")
        reply = reply.pop(0) if isinstance(reply, list) else reply
        return (None, reply) if isinstance(reply, str) else (reply, None)


def verbs(members):
    return [(address, verb) for address, verb, _given in members.asked]


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch, tmp_path):
    monkeypatch.setattr(mha_script.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(mha_script, "HANDED_OVER", str(tmp_path / "handover.json"))
    monkeypatch.setattr(mha_script, "AT_WORK", str(tmp_path / "at_work"))


def test_options_of_mha():
    assert mha_script.options(["--command=stop", "--orig_master_ip=" + OLD, "--new_master_user='mha'", "x"]) == {
        "command": "stop", "orig_master_ip": OLD, "new_master_user": "mha"}


def test_an_old_writer_that_can_be_reached_is_fenced():
    members = Played({(OLD, "fence"): {"gtid": "0-1-1"}})
    assert mha_script.failover(members, {"command": "stopssh", "orig_master_ip": OLD}) == OK
    assert verbs(members) == [(OLD, "fence")] and os.path.exists(mha_script.AT_WORK)
    assert mha_script.failover(Played({}), {"command": "stopssh", "orig_master_ip": OLD}) == FAILED


def test_one_that_cannot_must_be_away_for_all_others():
    quiet = {(NEW, "probe"): QUIET, ("192.0.2.33", "probe"): QUIET}
    assert mha_script.failover(Played(quiet), {"command": "stop", "orig_master_ip": OLD}) == OK
    # A dead server's address is given up after some seconds.
    held = {(NEW, "probe"): [{"answers": False, "holder": "02:42:00:00:00:01"}, QUIET]}
    assert mha_script.failover(Played(held), {"command": "stop", "orig_master_ip": OLD}) == OK


@pytest.mark.parametrize(("answers", "words"), [
    ({(NEW, "probe"): LOUD, ("192.0.2.33", "probe"): QUIET}, "db2 gets an answer from its server"),
    ({(NEW, "probe"): {"answers": False, "holder": "unknown"}}, "for db2 the writer address is held by unknown"),
    ({}, "no other member can be asked")])
def test_nobody_takes_the_part_of_one_that_is_there(answers, words, capsys):
    clock = iter(range(0, 1000, 10))
    assert mha_script.silence(Played(answers), OLD, 0, now=lambda: next(clock), sleep=lambda seconds: None) == FAILED
    assert "%s cannot be fenced and is not away: %s." % (OLD, words) in capsys.readouterr().out


def test_the_new_one_is_promoted():
    assert mha_script.failover(Played({(NEW, "promote"): {"gtid": "0-1-2"}}), {"command": "start", "new_master_ip": NEW}) == OK
    assert mha_script.failover(Played({(NEW, "promote"): "held"}), {"command": "start", "new_master_ip": NEW}) == FAILED


def test_a_master_that_others_reach_is_not_dead():
    given = {"master_ip": OLD}
    assert mha_script.secondary(Played({(NEW, "probe"): QUIET}), given) == OK
    assert mha_script.secondary(Played({(NEW, "probe"): QUIET, ("192.0.2.33", "probe"): LOUD}), given) == REACHED
    assert mha_script.secondary(Played({}), given) == NETWORK


def test_switchover_hands_the_position_over():
    members = Played({(OLD, "fence"): {"gtid": "0-1-5"}, (NEW, "promote"): {}})
    given = {"orig_master_ip": OLD, "new_master_ip": NEW}
    members.answers[NEW, "promote"] = {"gtid": "0-1-6"}
    assert mha_script.online(members, dict(given, command="stop")) == OK
    assert mha_script.online(members, dict(given, command="start")) == OK
    assert members.asked == [(OLD, "fence", {"yield_to": NEW}), (NEW, "promote", {"gtid": "0-1-5"})]


def test_a_switchover_that_fails_gives_the_part_back():
    members = Played({(OLD, "fence"): {"gtid": "0-1-5"}, (NEW, "promote"): "lacks 0-1-5", (OLD, "promote"): {"gtid": "0-1-5"}})
    given = {"orig_master_ip": OLD, "new_master_ip": NEW}
    mha_script.online(members, dict(given, command="stop"))
    assert mha_script.online(members, dict(given, command="start")) == FAILED
    assert verbs(members)[-1] == (OLD, "promote")
    assert mha_script.online(Played({}), dict(given, command="stop")) == FAILED


def test_a_fenced_server_counts_as_shut_down():
    given = {"command": "stopssh", "ip": OLD}
    assert mha_script.shutdown(Played({(OLD, "status"): {"server": "read_only", "recorded": False}}), given) == STOPPED
    assert mha_script.shutdown(Played({(OLD, "status"): {"server": "down", "recorded": False}}), given) == STOPPED
    assert mha_script.shutdown(Played({(OLD, "status"): {"server": "writable", "recorded": False}}), given) == FAILED
    assert mha_script.shutdown(Played({}), given) == FAILED
    assert mha_script.shutdown(Played({}), dict(given, command="stop")) == OK


def test_how_an_agent_is_asked(monkeypatch):
    ran = []

    class Done:
        returncode, stdout, stderr = 0, 'motd\n{"result": {"server": "down"}}\n', ""

    monkeypatch.setattr(mha_script.subprocess, "run", lambda command, **more: ran.append(command) or Done)
    members = mha_script.Members(CONFIG)
    assert members.ask(OLD, "probe", address=NEW) == ({"server": "down"}, None)
    assert ran[0][-2:] == ["mha@" + OLD, "failover-mha probe address=" + NEW]
    Done.stdout, Done.stderr = "", "ssh: connect to host: No route to host\n"
    assert members.ask(OLD, "status") == (None, "ssh: connect to host: No route to host")
    Done.stdout = '{"failed": "held"}'
    assert members.ask(OLD, "status") == (None, "held")


def test_status_needs_nobody(monkeypatch, tmp_path):
    path = tmp_path / "manager.json"
    path.write_text(json.dumps(CONFIG), encoding="utf-8")
    monkeypatch.setattr(mha_script, "MANAGER_CONFIG", str(path))
    assert mha_script.main("failover", "--command=status") == OK

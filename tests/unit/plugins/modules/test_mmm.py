# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mmm import mends
from ansible_collections.failover.stack.plugins.modules import mmm_control, mmm_control_info, mmm_files, mmm_host_info
from mmm_packed import pack

ASK = "timeout 60 /usr/sbin/mmm_control "


class Monitor:
    """MMM as it answers: a role moves, and a state changes, two questions after it was told to."""

    def __init__(self):
        self.writer, self.states, self.mode, self.coming = "db1", {"db1": "ONLINE", "db2": "ONLINE", "db3": "ONLINE"}, "ACTIVE", []

    def __call__(self, command):
        words = command[len(ASK):].split()
        if words[0] in ("show", "mode", "checks"):
            return getattr(self, words[0])()
        self.coming = [None, None, words]
        return "OK: It shall be so.\n"

    def show(self):
        if self.coming:
            step = self.coming.pop(0)
            if step:
                self.act(*step)
        roles = {self.writer: "writer(192.0.2.102)"}
        return "".join("  %s(192.0.2.3%s) %s/%s. Roles: %s\n" % (
            name, name[-1], "slave" if name == "db3" else "master", state, roles.get(name, "")) for name, state in self.states.items())

    def act(self, what, *who):
        if what == "move_role":
            self.writer = who[-1]
        elif what in ("set_online", "set_offline"):
            self.states[who[0]] = "ONLINE" if what == "set_online" else "ADMIN_OFFLINE"
        else:
            self.mode = what[len("set_"):].upper()

    def checks(self):
        return "db1  mysql        [last change: 2026/11/30 15:00:00]  OK\n"


class Modes(Monitor):
    def __call__(self, command):
        return self.mode + "\n" if command == ASK + "mode" else super().__call__(command)


@pytest.fixture
def monitor(commands, clock):
    clock(mmm_control, mmm_control_info)
    played = Modes()
    commands.answers = {"timeout": played}
    return played


def test_a_role_is_moved_and_waited_for(play, monitor, commands):
    result = play(mmm_control, {"host": "db2", "role": "writer"}, diff=True)
    assert result["changed"] and result["commands"] == ["move_role writer db2"] and result["answers"] == ["OK: It shall be so."]
    assert result["hosts"]["db2"]["roles"] == [{"role": "writer", "address": "192.0.2.102"}]
    assert "db1: ONLINE writer(192.0.2.102)\n" in result["diff"]["before"] and "db2: ONLINE writer" in result["diff"]["after"]
    assert len(commands.began(ASK + "show")) == 4
    again = play(mmm_control, {"host": "db2", "role": "writer"})
    assert not again["changed"] and again["commands"] == []


def test_a_host_goes_out_and_comes_back(play, monitor):
    assert play(mmm_control, {"host": "db3", "state": "offline"})["hosts"]["db3"]["state"] == "ADMIN_OFFLINE"
    assert not play(mmm_control, {"host": "db3", "state": "offline"})["changed"]
    assert play(mmm_control, {"host": "db3", "state": "online"})["hosts"]["db3"]["state"] == "ONLINE"


def test_the_mode(play, monitor):
    assert play(mmm_control, {"mode": "manual"})["mode"] == "MANUAL" and not play(mmm_control, {"mode": "manual"})["changed"]


def test_check_mode_tells_the_monitor_nothing(play, monitor, commands):
    result = play(mmm_control, {"host": "db2", "role": "writer"}, check=True)
    assert result["changed"] and result["commands"] == ["move_role writer db2"] and result["answers"] == []
    assert commands.began(ASK + "move_role") == [] and result["hosts"]["db1"]["roles"]


def test_whom_nobody_waits_for(play, monitor, commands):
    assert play(mmm_control, {"host": "db2", "role": "writer", "wait": 0})["changed"]
    assert len(commands.began(ASK + "show")) == 2


def test_sentences(refused, monitor, commands):
    assert refused(mmm_control, {"host": "db9", "state": "online"}) == "MMM: host is 'db9', MMM knows db1, db2, db3: correct the name."
    commands.answers[ASK + "set_offline"] = "ERROR: Can't reach agent daemon on 'db2'! Can't switch its state!\n"
    assert refused(mmm_control, {"host": "db2", "state": "offline"}) == (
        "MMM objects: Can't reach agent daemon on 'db2'! Can't switch its state!.")
    commands.answers[ASK + "set_offline"] = "OK: State of 'db2' changed to ADMIN_OFFLINE. Now you can wait some time and check all roles!\n"
    assert refused(mmm_control, {"host": "db2", "state": "offline", "wait": 3}) == (
        "MMM answered 'OK: State of 'db2' changed to ADMIN_OFFLINE. Now you can wait some time and check all roles!', and after 3 s it "
        "is not "
        "so: look at the monitor's log.")
    commands.answers = {"timeout": (124, "", "")}
    assert refused(mmm_control, {"mode": "active"}) == "MMM objects: the monitor did not answer 'show' within 60 s."


def test_how_mmm_is(play, monitor):
    found = play(mmm_control_info, {"members": ["db1", "db2", "db3"], "wait_healthy": 5})
    assert found["writer"] == "db1" and found["mode"] == "ACTIVE" and found["problems"] == [] and found["reachable"]
    assert found["checks"] == {"db1": {"mysql": {"message": "OK", "since": "2026/11/30 15:00:00"}}}
    monitor.states["db2"] = "AWAITING_RECOVERY"
    assert play(mmm_control_info)["problems"] == [
        "db2 is AWAITING_RECOVERY: it is back and waits for somebody's word: mmm_control set_online db2"]
    assert play(mmm_control_info, {"readers": ["192.0.2.111"]})["problems"][-1] == "nobody has the reader address 192.0.2.111"


def test_what_is_wrong_is_told(play, refused, monitor, commands):
    monitor.states["db3"] = "REPLICATION_FAIL"
    assert refused(mmm_control_info, {"wait_healthy": 3}) == (
        "MMM is not as it should be after 3 s: db3 is REPLICATION_FAIL: its replication is broken: look at SHOW SLAVE STATUS there.")
    commands.answers = {"timeout": (1, "ERROR: Can't connect to monitor daemon!\n", "")}
    assert refused(mmm_control_info, {"wait_answer": 2}) == (
        "the monitor cannot be asked: mmm_control show ended with 1: ERROR: Can't connect to monitor daemon!.")
    assert len(commands.began(ASK + "show")) >= 3
    assert play(mmm_control_info, {"unreachable_ok": True})["reachable"] is False


def test_a_monitor_that_has_just_begun_is_given_time(play, monitor, clock):
    made = clock(mmm_control_info)
    monitor.states = {"db1": "AWAITING_RECOVERY", "db2": "HARD_OFFLINE"}
    made.later = {4: lambda: monitor.states.update(db2="AWAITING_RECOVERY")}
    assert play(mmm_control_info, {"wait_settled": 30})["hosts"]["db2"]["state"] == "AWAITING_RECOVERY" and made.now == 1004
    monitor.states = {"db1": "ONLINE", "db2": "HARD_OFFLINE"}
    assert play(mmm_control_info, {"wait_settled": 30})["hosts"]["db2"]["state"] == "HARD_OFFLINE" and made.now == 1004


# --- Files --------------------------------------------------------------------------------


class Perl:
    """Finds the files as they came bad, but for `well`, and the mended ones good."""

    def __init__(self, well=(), bad=()):
        self.well, self.bad, self.asked = well, bad, []

    def __call__(self, command):
        probe = next(name for name, (program, _expected) in mends.PROBES.items() if command == "perl -e " + program)
        first = probe not in self.asked
        self.asked.append(probe)
        good = {"state": "UNKNOWN", "down": "OK: Returning status!|||", "announced": "10", "mac": "ERROR: no", "writable": "UNKNOWN "
                                                                                                                           "denied ONLINE ",
                "unsent": "cleared ERROR: Couldn't announce 192.0.2.1 on lo",
                "semi_sync": "1 read_only=0 then read_only=1 0 ",
                "gtid": "CHANGE MASTER TO MASTER_HOST='192.0.2.2', MASTER_USE_GTID=slave_pos\nOK after 2"}[probe]
        return good if (probe in self.well if first else probe not in self.bad) else (255, "", "Argument isn't numeric\n")


@pytest.fixture
def laid(tmp_path, commands, monkeypatch):
    commands.answers = {"perl": Perl()}
    return {"archive": pack(tmp_path), "parts": ["agent"], "root": str(tmp_path / "host")}


def test_files_are_laid_and_mended_once(play, laid, commands, tmp_path):
    result = play(mmm_files, laid, diff=True)
    assert result["version"] == "2.2.1" and not result["blocking"] and result["unneeded"] == [] and len(result["diff"]) == 6
    network = tmp_path / "host/usr/share/perl5/MMM/Agent/Helpers/Network.pm"
    assert mends.MENDS["lib/Agent/Helpers/Network.pm"][0].mended in network.read_text(encoding="utf-8")
    assert (tmp_path / "host/usr/sbin/mmm_agentd").stat().st_mode & 0o777 == 0o755 and network.stat().st_mode & 0o777 == 0o644
    commands.ran.clear()
    assert play(mmm_files, laid) == {"changed": False, "version": "2.2.1", "written": [], "unneeded": [], "blocking": False}
    assert commands.ran == []
    network.chmod(0o666)
    commands.answers = {"perl": Perl()}
    assert play(mmm_files, laid)["written"] == ["/usr/share/perl5/MMM/Agent/Helpers/Network.pm"]


def test_a_mend_that_is_not_needed_is_left_out(play, laid, commands, tmp_path):
    commands.answers = {"perl": Perl(well=("down",))}
    assert play(mmm_files, laid)["unneeded"] == ["down"]
    agent = (tmp_path / "host/usr/share/perl5/MMM/Agent/Agent.pm").read_text(encoding="utf-8")
    assert agent.startswith(mends.MENDS["lib/Agent/Agent.pm"][0].line + "\n")
    commands.answers = {"perl": Perl(well=("down",))}
    assert not play(mmm_files, laid)["changed"]


def test_check_mode_writes_no_file(play, laid, tmp_path):
    assert play(mmm_files, laid, check=True)["changed"] and not (tmp_path / "host").exists()
    blank = play(mmm_files, dict(laid, archive=str(tmp_path / "nothing")), check=True)
    assert blank == {"changed": True, "version": "", "written": [], "unneeded": [], "blocking": False}


def test_what_is_not_well_after_all_is_not_written(refused, laid, commands, tmp_path):
    commands.answers = {"perl": Perl(bad=("announced",))}
    assert refused(mmm_files, laid) == (
        "MMM 2.2.1 was mended, and still it does not do what it should, nothing was written: announced: Perl says 'Argument isn't "
        "numeric'.")
    assert not (tmp_path / "host").exists()
    assert refused(mmm_files, dict(laid, archive="/nothing")).startswith("/nothing cannot be unpacked (")
    pack(tmp_path, **{"lib/Agent/Agent.pm": "changed\n"})
    assert "lib/Agent/Agent.pm of MMM has not once the line 'down'" in refused(mmm_files, laid)


# --- Hosts --------------------------------------------------------------------------------


def test_what_a_host_has(play, refused, commands, monkeypatch, tmp_path):
    there = [{"ifname": "lo", "addr_info": [{"local": "127.0.0.1", "prefixlen": 8}]},
             {"ifname": "eth0", "addr_info": [{"local": "192.0.2.31", "prefixlen": 24, "dynamic": True},
                                              {"local": "192.0.2.102", "prefixlen": 32}]}, {}]
    commands.answers = {"ip -json": json.dumps(there)}
    (tmp_path / "mmm_common.conf").write_text("<host db1>\n\tcluster_interface eth0\n</host>\n", encoding="utf-8")
    monkeypatch.setattr(mmm_host_info.config, "EARLIER", (str(tmp_path),))
    monkeypatch.setattr(mmm_host_info.config, "COMMON", str(tmp_path / "mmm_common.conf"))
    monkeypatch.setattr(mmm_host_info, "agent_runs", lambda: True)
    found = play(mmm_host_info, {"address": "192.0.2.31", "addresses": ["192.0.2.102", "192.0.2.111"]})
    assert found["interface"] == "eth0" and found["leased"] and found["held"] == ["192.0.2.102"] and found["leads"] and found["blank"]
    assert found["prefixes"] == {"192.0.2.102": [32]} and found["interfaces"] == {"db1": "eth0"} and not found["packaged"]
    assert found["earlier"] == [str(tmp_path / "mmm_common.conf")]
    elsewhere = play(mmm_host_info, {"address": "192.0.2.99"})
    assert elsewhere["interface"] == "" and not elsewhere["leased"]
    commands.answers = {"ip -json": (1, "", "no netlink\n")}
    assert refused(mmm_host_info) == "ip address show failed: no netlink"

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""galera_member, galera_account and galera_info: what is done to a member, what is refused; systemd, server and clock are played."""

import json
import os
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._galera import member
from ansible_collections.failover.stack.plugins.modules import galera_account, galera_info, galera_member

UUID = "c8c6bbed-e5a4-11f1-b1d1-8ec0291e69c8"
GRASTATE = "# GALERA saved state\nversion: 2.1\nuuid:    %s\nseqno:   30\nsafe_to_bootstrap: 0\n" % UUID
SECRET = "Hy5-for-copies"
PRIMARY = {"wsrep_cluster_status": "Primary", "wsrep_local_state_comment": "Synced", "wsrep_ready": "ON", "wsrep_cluster_size": "3",
           "wsrep_local_state_uuid": UUID, "wsrep_last_committed": "31", "wsrep_connected": "ON"}
NON_PRIMARY = dict(PRIMARY, wsrep_cluster_status="non-Primary", wsrep_ready="OFF")


class Host:
    """A member: the unit's state, the running server's status (None: it does not answer), its accounts, its clients."""

    def __init__(self, root, commands, monkeypatch):
        self.service, self.status, self.problem, self.now, self.restarts, self.wsrep_on = "active", dict(PRIMARY), "", 1000.0, 0, "ON"
        self.datadir, self.drain = root / "mysql", root / "run" / "drain"
        self.datadir.mkdir()
        (self.datadir / "grastate.dat").write_text(GRASTATE)
        self.told, self.clients, self.accounts, self.slept = [], [0], (), []
        self.after = {}
        commands.answers.update({
            "systemctl show --property=ActiveState": lambda _command: (0, self.service + "\n", ""),
            "systemctl show --property=NRestarts": lambda _command: (0, "%d\n" % self.restarts, ""),
            "journalctl": "2026-11-29  9:00:00 0 [ERROR] WSREP: no such provider\n",
            "systemctl reset-failed": "", "systemctl start": self.act("start"), "systemctl stop": self.act("stop"),
            "systemctl restart": self.act("restart"), "systemctl kill": self.act("kill"), "galera_new_cluster": self.act("new")})
        monkeypatch.setattr(member, "attempt", lambda params: (None, self.problem) if self.status is None else (self.connection(), ""))
        clock = types.SimpleNamespace(monotonic=lambda: self.now, sleep=self.sleep, time=lambda: 1795000000.0)
        monkeypatch.setattr(member, "time", clock)
        monkeypatch.setattr(galera_member, "time", clock)
        self.commands = commands
        self.arguments = {"datadir": str(self.datadir), "drain_file": str(self.drain)}

    def act(self, verb):
        def done(_command):
            if verb in self.after:
                self.after[verb]()
            return 0, "", ""

        return done

    def sleep(self, seconds):
        self.now += seconds
        for when in sorted(self.later):
            if self.now - 1000 >= when:
                self.later.pop(when)()

    later = {}

    def connection(self):
        return types.SimpleNamespace(cursor=lambda: Cursor(self), close=lambda: None)

    def down(self):
        self.service, self.status = "inactive", None

    def up(self, status=None):
        self.service, self.status = "active", dict(status or PRIMARY)

    def verbs(self):
        return [" ".join(word for word in command.split()[1:] if word not in ("--no-block", "mariadb.service"))
                for command in self.commands.ran if command.startswith("systemctl") and " show " not in command] + [
            command for command in self.commands.ran if not command.startswith(("systemctl", "journalctl"))]


class Cursor:
    def __init__(self, host):
        self.host, self.found = host, ()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass

    def execute(self, statement, values=()):
        host = self.host
        if statement.startswith("SHOW GLOBAL STATUS"):
            self.found = tuple(host.status.items())
        elif statement.startswith("SHOW GLOBAL VARIABLES"):
            self.found = (("wsrep_on", host.wsrep_on), ("read_only", "OFF"))
        elif statement.startswith("SELECT COUNT"):
            self.found = ((host.clients.pop(0) if len(host.clients) > 1 else host.clients[0],),)
        elif statement.startswith("SELECT plugin"):
            self.found = host.accounts
        else:
            host.told.append(statement % values if values else statement)

    def fetchall(self):
        return self.found

    def fetchone(self):
        return self.found[0]


@pytest.fixture
def host(tmp_path, commands, monkeypatch):
    Host.later = {}
    return Host(tmp_path, commands, monkeypatch)


# Join

def test_who_is_synced_is_left_alone(host, play):
    assert play(galera_member, dict(host.arguments, state="joined"))["changed"] is False
    assert host.verbs() == []


def test_who_is_down_is_started_and_waited_for(host, play):
    host.down()
    host.after["start"] = lambda: host.later.update({3: host.up})
    result = play(galera_member, dict(host.arguments, state="joined"))
    assert result["changed"] and 3 <= result["seconds"] < 4 and host.verbs() == ["reset-failed", "start"]


def test_check_mode_starts_nothing(host, play):
    host.down()
    assert play(galera_member, dict(host.arguments, state="joined"), check=True)["changed"] and host.verbs() == []


def test_a_server_outside_of_any_cluster_is_restarted_into_it(host, play):
    host.wsrep_on, host.status = "OFF", {"wsrep_cluster_status": "Disconnected"}
    host.after["start"] = lambda: (host.up(), setattr(host, "wsrep_on", "ON"))
    assert play(galera_member, dict(host.arguments, state="joined"))["changed"] and host.verbs() == ["stop", "reset-failed", "start"]


@pytest.mark.parametrize("broken", ["service", "restarts"])
def test_a_server_that_does_not_start_is_said_at_once(host, refused, broken):
    host.down()
    host.after["start"] = lambda: setattr(host, broken, "failed" if broken == "service" else 0) or host.later.update(
        {1: lambda: setattr(host, "restarts", 4)} if broken == "restarts" else {})
    assert refused(galera_member, dict(host.arguments, state="joined")) == (
        "The server does not start: WSREP: no such provider.")
    assert host.now - 1000 < 5


def test_without_words_in_the_journal_it_is_said_where_to_look(host, commands, refused):
    host.down()
    host.after["start"] = lambda: setattr(host, "service", "failed")
    commands.answers["journalctl"] = (1, "", "")
    assert refused(galera_member, dict(host.arguments, state="joined")) == (
        "The server does not start: journalctl -u mariadb.service tells why.")


def test_who_joins_begins_no_cluster_from_the_view_it_remembers(host, play):
    host.down()
    view, there = host.datadir / "gvwstate.dat", []
    view.write_text("view")
    host.after["start"] = lambda: (there.append(view.exists()), host.up())
    assert play(galera_member, dict(host.arguments, state="joined"))["changed"] and there == [False]


def test_who_is_not_synced_in_time_is_said_with_how_far_it_is(host, refused):
    host.up(dict(PRIMARY, wsrep_local_state_comment="Joined"))
    assert refused(galera_member, dict(host.arguments, state="joined", timeout=9)) == (
        "Not Synced within 9 s (wsrep_local_state_comment is Joined, not Synced: wait for the transfer to end.), a longer time may be "
        "what it needs: WSREP: no such provider.")


# Bootstrap

DECIDED = {"state": "bootstrapped", "uuid": UUID, "seqno": 30}


def test_a_cluster_begins_with_the_member_and_position_that_were_decided_on(host, play, monkeypatch):
    host.down()
    monkeypatch.setattr(galera_member.os, "chown", lambda *_arguments: None)
    monkeypatch.setitem(host.after, "new", host.up)
    result = play(galera_member, dict(host.arguments, user="root", **DECIDED))
    assert result["changed"] and host.verbs() == ["reset-failed", "galera_new_cluster mariadb.service"]
    assert "safe_to_bootstrap: 1" in (host.datadir / "grastate.dat").read_text()
    assert os.listdir(host.datadir) == ["grastate.dat"]


def test_check_mode_begins_no_cluster(host, play):
    host.down()
    assert play(galera_member, dict(host.arguments, **DECIDED), check=True)["changed"]
    assert host.verbs() == [] and (host.datadir / "grastate.dat").read_text() == GRASTATE


def test_a_living_component_is_never_bootstrapped(host, refused):
    assert refused(galera_member, dict(host.arguments, **DECIDED)) == "It is in a primary component already: nothing is bootstrapped."
    assert host.verbs() == []


def test_a_position_that_moved_on_is_refused(host, refused):
    host.down()
    assert refused(galera_member, dict(host.arguments, **dict(DECIDED, seqno=29))) == (
        "Its position is %s:30, but %s:29 was decided on: run again." % (UUID, UUID))
    assert host.verbs() == []


def test_a_component_that_lost_its_majority_is_made_primary_where_it_runs(host, play):
    host.up(NON_PRIMARY)
    host.later[1] = host.up
    assert play(galera_member, dict(host.arguments, how="running", **dict(DECIDED, seqno=31)))["changed"]
    assert host.told == ["SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'"] and host.verbs() == []


def test_a_bootstrap_that_fails_says_what_the_tool_said(host, refused, commands, monkeypatch):
    host.down()
    monkeypatch.setattr(galera_member.os, "chown", lambda *_arguments: None)
    commands.answers["galera_new_cluster"] = (1, "", "Job failed\n")
    assert refused(galera_member, dict(host.arguments, user="root", **DECIDED)) == (
        "galera_new_cluster failed (Job failed): WSREP: no such provider.")


def test_a_uuid_that_is_none_is_refused(host, refused):
    assert refused(galera_member, dict(host.arguments, **dict(DECIDED, uuid="../x"))) == "uuid is ../x, which is none."


# Give up, stop

def given_up(host):
    return sorted(name.rsplit("-", 1)[0] for name in os.listdir(host.datadir))


def test_data_are_given_up_once(host, play):
    host.up(NON_PRIMARY)
    host.after["stop"] = host.down
    assert play(galera_member, dict(host.arguments, state="discarded"))["changed"]
    assert host.verbs() == ["stop"] and given_up(host) == ["grastate.dat.given-up"]
    assert not play(galera_member, dict(host.arguments, state="discarded"))["changed"] and host.verbs() == ["stop"]


def test_data_of_a_member_that_is_in_a_component_meanwhile_are_not_given_up(host, refused):
    assert refused(galera_member, dict(host.arguments, state="discarded")) == (
        "It is in a primary component meanwhile, so its data are not given up: run again.")
    assert host.verbs() == [] and given_up(host) == ["grastate.dat"]


def test_data_of_a_server_that_does_not_stop_are_not_given_up(host, refused, commands):
    host.up(NON_PRIMARY)
    commands.answers["systemctl stop"] = (1, "", "Timed out\n")
    assert refused(galera_member, dict(host.arguments, state="discarded")) == (
        "The server does not stop (Timed out), so its data are not given up: journalctl -u mariadb.service tells why.")
    assert given_up(host) == ["grastate.dat"]


def test_check_mode_gives_nothing_up(host, play):
    host.up(NON_PRIMARY)
    assert play(galera_member, dict(host.arguments, state="discarded"), check=True)["changed"]
    assert host.verbs() == [] and given_up(host) == ["grastate.dat"]


def test_who_is_in_a_component_is_not_stopped(host, refused):
    assert refused(galera_member, dict(host.arguments, state="stopped")) == (
        "It is in a primary component meanwhile, so it is not stopped: run again.")


def test_who_serves_others_but_not_us_is_not_stopped(host, refused):
    host.status, host.problem = None, "(1698, 'Access denied')"
    assert refused(galera_member, dict(host.arguments, state="stopped")) == (
        "It is not stopped: it runs, but it does not answer over its socket ((1698, 'Access denied')).")
    assert host.verbs() == []


def test_who_is_stopped_already_is_not_stopped(host, play):
    host.down()
    assert not play(galera_member, dict(host.arguments, state="stopped"))["changed"] and host.verbs() == []


def test_a_server_that_serves_is_never_killed(host, refused):
    host.up(NON_PRIMARY)
    assert refused(galera_member, dict(host.arguments, state="stopped", timeout=5)) == (
        "The server does not end within 5 s: journalctl -u mariadb.service tells why.")
    assert host.verbs() == ["stop"]


def test_a_server_that_only_starts_is_killed_when_it_does_not_end(host, play):
    host.service, host.status = "activating", None
    host.after["kill"] = host.down
    assert play(galera_member, dict(host.arguments, state="stopped"))["changed"]
    assert host.verbs() == ["stop", "kill --signal=KILL"] and host.now - 1000 > 1


# Drain

def test_a_drain_waits_for_clients_and_says_who_is_left(host, play):
    host.clients = [5, 3, 0]
    result = play(galera_member, dict(host.arguments, state="drained", timeout=30))
    assert result["changed"] and result["connections"] == 0 and host.drain.exists()
    assert host.drain.parent.stat().st_mode & 0o777 == 0o755
    assert play(galera_member, dict(host.arguments, state="drained"))["changed"] is False
    assert play(galera_member, dict(host.arguments, state="ready"))["changed"] and not host.drain.exists()
    assert play(galera_member, dict(host.arguments, state="ready"))["changed"] is False


def test_a_drain_ends_with_its_time(host, play):
    host.clients = [2]
    assert play(galera_member, dict(host.arguments, state="drained", timeout=4))["connections"] == 2
    assert 4 <= host.now - 1000 < 5


@pytest.mark.parametrize("state", ["drained", "ready"])
def test_check_mode_leaves_the_drain_file_as_it_is(host, play, state):
    if state == "ready":
        host.drain.parent.mkdir()
        host.drain.touch()
    assert play(galera_member, dict(host.arguments, state=state), check=True)["changed"]
    assert host.drain.exists() is (state == "ready")


# galera_account

def test_the_check_agents_account_is_made_once(host, play):
    agent = {"purpose": "agent"}
    assert play(galera_account, agent, check=True)["changed"] and host.told == []
    assert play(galera_account, agent)["changed"]
    assert host.told == ["CREATE OR REPLACE USER galera-agent@'localhost' IDENTIFIED VIA unix_socket"]
    host.accounts = (("unix_socket",),)
    assert not play(galera_account, agent)["changed"] and len(host.told) == 1


def test_an_account_on_a_server_that_is_down_cannot_be_made(host, refused):
    host.down()
    assert refused(galera_account, {"purpose": "agent"}) == (
        "MariaDB does not answer, so the check agent's account cannot be made: journalctl -u mariadb.service tells why.")


def test_a_donors_password_goes_over_the_socket_only(host, play, commands):
    copies = {"purpose": "copies", "sst_user": "sst", "sst_password": SECRET}
    assert play(galera_account, copies, check=True)["changed"] and host.told == []
    result = play(galera_account, copies)
    # Nothing with the password before the server's logs are closed to this session.
    assert result["changed"] and host.told == [
        "SET SESSION sql_log_off = 1", "SET SESSION slow_query_log = 0", "SET GLOBAL wsrep_sst_auth = sst:" + SECRET]
    assert SECRET not in json.dumps(result) and not commands.ran
    host.down()
    assert not play(galera_account, copies)["changed"]


# Who was given up

def test_who_is_given_up_is_noted_beside_those_before(host, play, tmp_path, monkeypatch):
    path = tmp_path / "failover-galera" / "given-up.json"
    monkeypatch.setattr(galera_member.given_up, "RECORD", str(path))

    def noted(given, **more):
        return play(galera_member, dict(host.arguments, state="recorded", given_up=given), **more)["changed"]

    assert noted({"galera3": UUID + ":30"}, check=True) and not path.exists()
    assert noted({"galera3": UUID + ":30"}) and not noted({"galera3": UUID + ":30"})
    assert noted({"galera2": UUID + ":50"})
    assert json.loads(path.read_text()) == {"galera2": UUID + ":50", "galera3": UUID + ":30"} and path.stat().st_mode & 0o777 == 0o644
    assert noted({"galera3": ""}) and json.loads(path.read_text()) == {"galera2": UUID + ":50"}
    assert play(galera_info, {"datadir": str(host.datadir)})["given_up"] == {"galera2": UUID + ":50"}


# galera_info

def test_a_running_member_tells_its_own_position(host, play):
    result = play(galera_info, {"datadir": str(host.datadir)})
    assert (result["changed"], result["uuid"], result["seqno"], result["source"], result["synced"], result["problems"]) == (
        False, UUID, 31, "running", True, [])


def test_a_member_that_is_down_is_read_from_its_files(host, play):
    host.down()
    (host.datadir / "shop").mkdir()
    result = play(galera_info, {"datadir": str(host.datadir), "recover": True})
    # Its grastate.dat is whole: InnoDB needs not be asked.
    assert (result["uuid"], result["seqno"], result["source"], result["databases"]) == (UUID, 30, "grastate.dat", ["shop"])


@pytest.mark.parametrize("recover, seqno, source", [(True, 77, "recovered"), (False, -1, "none")])
def test_innodb_is_asked_where_nothing_else_tells_and_only_when_asked_for(host, play, commands, recover, seqno, source):
    host.down()
    (host.datadir / "grastate.dat").write_text("torn")
    (host.datadir / "ibdata1").touch()
    commands.answers["runuser -u mysql -- mariadbd --wsrep-recover"] = "WSREP: Recovered position: %s:77\n" % UUID
    result = play(galera_info, {"datadir": str(host.datadir), "recover": recover})
    assert (result["seqno"], result["source"], result["grastate"]) == (seqno, source, "torn")
    assert bool(commands.began("runuser")) is recover


def test_innodb_is_never_asked_while_a_server_runs_or_a_copy_broke_off(host, play, commands):
    (host.datadir / "grastate.dat").write_text("torn")
    (host.datadir / "ibdata1").touch()
    for service, half in (("activating", False), ("active", False), ("inactive", True)):
        host.service, host.status, host.problem = service, None, "denied"
        if half:
            (host.datadir / "sst_in_progress").touch()
        assert play(galera_info, {"datadir": str(host.datadir), "recover": True})["source"] == "none"
    assert not commands.began("runuser")


def test_health_is_waited_for_and_what_is_missing_is_said(host, play, refused):
    host.up(dict(PRIMARY, wsrep_cluster_size="2"))
    host.later[2] = host.up
    waits = {"datadir": str(host.datadir), "wait_healthy": 5, "cluster_size": 3}
    assert play(galera_info, waits)["problems"] == [] and 2 <= host.now - 1000 < 3
    host.up(dict(PRIMARY, wsrep_cluster_size="2"))
    assert refused(galera_info, waits) == (
        "Not healthy after 5 s: wsrep_cluster_size is 2, the inventory has 3: somebody is down or cut off, "
        "or an arbitrator has outlived its cluster, which playbooks/galera_recover.yml tells and mends.")


@pytest.mark.parametrize("whole, waits", [(True, 8), (False, 0)])
def test_a_member_that_cannot_find_back_by_itself_is_not_waited_for(host, play, whole, waits):
    host.service, host.status = "activating", None
    if whole:
        (host.datadir / "gvwstate.dat").write_text("my_uuid: %s\n#vwbeg\nview_id: 3 %s 7\nbootstrap: 0\nmember: %s 0\n#vwend\n" % (
            UUID, UUID, UUID))
    play(galera_info, {"datadir": str(host.datadir), "wait_settled": 8})
    assert waits <= host.now - 1000 <= waits + 0.5

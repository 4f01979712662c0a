"""What the modules do with one member, with a module that starts nothing."""

from __future__ import annotations

import socket
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._galera import member, recovery
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure
from ansible_collections.failover.stack.plugins.modules import galera_member

UUID = "c8c6bbed-e5a4-11f1-b1d1-8ec0291e69c8"
POLICY = "mariadb-server:\n  Installed: 1:%s\n  Candidate: 1:%s\n  Version table:\n *** 1:10.11.18-0+deb12u1 500\n"


class Ended(Exception):
    """A module ends by leaving."""


class Module:
    check_mode = False

    def __init__(self, answers=(), **params):
        self.params = dict({"unit": "mariadb.service", "datadir": "/nowhere", "user": "mysql", "server": "mariadbd"}, **params)
        self.answers, self.ran = list(answers), []

    def get_bin_path(self, name, required=False):
        return "/bin/" + name

    def run_command(self, command, **more):
        self.ran.append(command)
        return self.answers.pop(0)

    def fail_json(self, msg, **more):
        raise Ended("failed: " + msg)

    def exit_json(self, **more):
        raise Ended(more)


@pytest.mark.parametrize("installed, candidate, same", [
    ("10.11.18-0+deb12u1", "10.11.19-0+deb12u1", True),
    ("10.11.19-0+deb12u1", "10.11.19-0+deb12u1", True),
    ("10.11.19-0+deb12u1", "11.8.6-0+deb13u1", False),
    ("10.11.19-0+deb12u1", "10.12.1-1", False),
    ("11.8.3+maria~deb12", "11.8.6+maria~deb12", True),
])
def test_a_series_is_the_first_two_numbers(installed, candidate, same):
    found = member.versions(Module([(0, POLICY % (installed, candidate), "")]), "mariadb-server")
    assert found == {"installed": installed, "candidate": candidate, "same_series": same}


def test_the_position_that_innodb_tells():
    line = "2026-11-26  4:50:10 0 [Note] WSREP: Recovered position: %s:3050\n" % UUID
    module = Module([(0, "", line)])
    assert member.recover(module) == ((UUID, 3050), "")
    assert module.ran[0][:4] == ["/bin/runuser", "-u", "mysql", "--"] and "--wsrep-recover" in module.ran[0]


def test_why_innodb_tells_no_position():
    position, problem = member.recover(Module([(1, "", "[Note] a\n[ERROR] InnoDB: Missing FILE_CHECKPOINT\n[ERROR] Aborting\n")]))
    assert position is None and problem == "mariadbd --wsrep-recover told no position ([ERROR] Aborting)"
    assert member.recover(Module([(1, "", "")]))[1] == "mariadbd --wsrep-recover told no position (rc 1)"


def seen(**more):
    return dict({"primary": False, "running": False, "service": "inactive", "uuid": UUID, "seqno": 30, "problems": []}, **more)


def bootstrap(monkeypatch, found, **params):
    monkeypatch.setattr(galera_member, "query", lambda module, with_recovery=False: found)
    module = Module(**dict({"uuid": UUID, "seqno": 30, "how": "start", "timeout": 1}, **params))
    with pytest.raises(Ended) as ended:
        galera_member.Member(module).bootstrapped()
    assert module.ran == []
    return str(ended.value)


def test_nothing_is_bootstrapped_in_a_primary_component(monkeypatch):
    assert bootstrap(monkeypatch, seen(primary=True)) == "failed: It is in a primary component already: nothing is bootstrapped."


@pytest.mark.parametrize("changed", [{"seqno": 31}, {"uuid": "", "seqno": -1}])
def test_nothing_is_bootstrapped_at_another_position_than_decided(monkeypatch, changed):
    assert "30 was decided on: run again." in bootstrap(monkeypatch, seen(**changed))


@pytest.mark.parametrize("service", ["active", "activating", "deactivating"])
def test_nothing_is_bootstrapped_over_a_unit_that_runs(monkeypatch, service):
    """galera_new_cluster restarts it: a member that serves would be taken down."""
    assert bootstrap(monkeypatch, seen(service=service)) == "failed: The unit is %s: stop it before it is bootstrapped." % service


def test_check_mode_bootstraps_nothing(monkeypatch):
    monkeypatch.setattr(Module, "check_mode", True)
    assert "'changed': True" in bootstrap(monkeypatch, seen())


def test_a_torn_grastate_is_written_whole(tmp_path, monkeypatch):
    (tmp_path / "grastate.dat").write_text("# GALERA saved st")
    owners = []
    monkeypatch.setattr(galera_member.os, "fchown", lambda descriptor, uid, gid: owners.append((uid, gid)))
    galera_member.Member(Module(datadir=str(tmp_path), user="root")).write_grastate(UUID, 30)
    text = (tmp_path / "grastate.dat").read_text()
    assert galera_member.state.grastate(text) == {"file": "ok", "uuid": UUID, "seqno": 30, "safe_to_bootstrap": True}
    assert owners == [(0, 0)] and (tmp_path / "grastate.dat").stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize("planted", ["grastate.dat", "grastate.dat.new"])
def test_grastate_is_not_written_through_a_link_of_the_server_s(tmp_path, planted):
    """The data directory is its own: whoever has the server has that, and must not get root's files with it."""
    datadir, secret = tmp_path / "mysql", tmp_path / "shadow"
    datadir.mkdir()
    datadir.chmod(0o777)
    secret.write_text("hashes")
    secret.chmod(0o600)
    (datadir / planted).symlink_to(secret)
    galera_member.Member(Module(datadir=str(datadir), user="root")).write_grastate(UUID, 30)
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("hashes", 0o600)
    assert not (datadir / "grastate.dat").is_symlink() and UUID in (datadir / "grastate.dat").read_text()


@pytest.mark.parametrize("service, problem, kind", [
    ("active", "(1698, \"Access denied for user 'root'@'localhost'\")", "unreadable"),
    ("active", "", "starting"), ("activating", "(1040, 'Too many connections')", "starting"), ("inactive", "", "data"),
])
def test_a_server_that_serves_others_but_not_us_is_not_taken_for_one_that_starts(tmp_path, monkeypatch, service, problem, kind):
    (tmp_path / "grastate.dat").write_text("# GALERA saved state\nversion: 2.1\nuuid:    %s\nseqno:   30\nsafe_to_bootstrap: 0\n" % UUID)
    monkeypatch.setattr(member, "ask", lambda params: ({}, {}, problem))
    found = member.query(Module([(0, service + "\n", "")], datadir=str(tmp_path)), with_recovery=True)
    assert recovery.classify(found) == kind
    assert found["problem"] == ("it runs, but it does not answer over its socket (%s)" % problem if kind == "unreadable" else "")


def test_only_one_who_does_not_listen_is_no_problem(tmp_path):
    pytest.importorskip("pymysql")
    params = {"login_unix_socket": str(tmp_path / "none"), "login_user": "root", "login_password": None, "connect_timeout": 1}
    assert member.attempt(params) == (None, "")


@pytest.mark.parametrize("found, words", [
    (seen(primary=True, running=True, problem=""), "It is in a primary component meanwhile, so it is not stopped: run again."),
    (seen(problem="it runs, but it does not answer over its socket (x)"), "It is not stopped: it runs, but it does not answer"),
])
def test_who_serves_is_not_stopped(monkeypatch, found, words):
    monkeypatch.setattr(galera_member, "query", lambda module, with_recovery=False: found)
    module = Module([(0, "active\n", "")])
    with pytest.raises(Ended, match="failed: " + words):
        galera_member.Member(module).stopped()
    assert [command[1] for command in module.ran] == ["show"]


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(galera_member.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(galera_member.time, "sleep", self.sleep)

    def sleep(self, seconds):
        self.now += seconds


def join(monkeypatch, looks, **params):
    """(result, (subcommand, when)…) of joining where the member looks like this, second by second; the last look stays."""
    clock = Clock(monkeypatch)
    monkeypatch.setattr(galera_member, "query", lambda module: dict(
        seen(running=True, wsrep_on=True, synced=False, left=False, service="active"), **looks[min(int(clock.now) - 100, len(looks) - 1)]))
    ran = []
    module = Module(**dict({"timeout": 60, "after": [], "after_port": 3306}, **params))
    module.run_command = lambda command, **more: ran.append((command[1], clock.now - 100)) or (0, "0\n", "")
    with pytest.raises(Ended) as ended:
        galera_member.Member(module).joined()
    return ended.value.args[0], [pair for pair in ran if pair[0] in ("start", "restart")]


LEFT, SYNCED, DOWN = {"left": True}, {"synced": True}, {"running": False, "service": "inactive"}


def test_a_member_that_left_while_it_joined_is_restarted_once_and_joins(monkeypatch):
    result, ran = join(monkeypatch, [LEFT] * 7 + [SYNCED])
    assert [name for name, when in ran] == ["restart"] and 5 <= ran[0][1] < 6
    assert result["changed"] is True


def test_a_member_that_is_about_to_connect_is_not_restarted(monkeypatch):
    result, ran = join(monkeypatch, [LEFT, LEFT, {}, LEFT, LEFT, {}, SYNCED])
    assert ran == [] and result["changed"] is False


def test_a_member_that_leaves_again_and_again_is_said(monkeypatch):
    result, ran = join(monkeypatch, [LEFT])
    assert result == "failed: It has left the group 5 times while it joined: journalctl -u mariadb.service tells why."
    assert len(ran) == 4


def test_a_bootstrapped_member_is_never_restarted(monkeypatch):
    """It would look for a cluster that is not there."""
    Clock(monkeypatch)
    monkeypatch.setattr(galera_member, "query", lambda module: seen(synced=False, left=True, running=True, service="active"))
    module = Module(timeout=20)
    module.run_command = lambda command, **more: module.ran.append(command[1]) or (0, "0\n", "")
    with pytest.raises(Ended, match="failed: Not Synced within 20 s"):
        galera_member.Member(module).wait_synced()
    assert set(module.ran) == {"show", "--unit"}


@pytest.mark.parametrize("opens, started", [(3, 3.0), (1000, 30.0)])
def test_a_member_begins_after_those_before_it_or_after_half_of_its_time(monkeypatch, opens, started):
    asked = []

    def accepts(address, port):
        asked.append((address, port))
        return galera_member.time.monotonic() >= 100 + opens

    monkeypatch.setattr(galera_member, "accepts", accepts)
    _result, ran = join(monkeypatch, [DOWN] * 31 + [SYNCED], after=["198.18.0.32"])
    assert [name for name, when in ran] == ["start"] and ran[0][1] == started
    assert set(asked) == {("198.18.0.32", 3306)}


def test_what_is_not_installed_is_said_and_nothing_is_run():
    module = Module()
    module.get_bin_path = lambda name, required=False: None if name == "mariadbd" else "/bin/" + name
    assert member.recover(module) == (None, "mariadbd or runuser is not installed, so InnoDB's position cannot be read")
    assert module.ran == []


LOGIN = {"login_unix_socket": "/run/s", "login_user": "root", "login_password": None, "connect_timeout": 5}


class MySQLError(Exception):
    """The driver's."""

    def __init__(self, text, cause=None):
        super().__init__(text)
        if cause:
            self.original_exception = cause


@pytest.fixture
def dialled(monkeypatch):
    """dialled(error or connection): what comes of it when the server is connected to."""
    def give(what):
        def dial(where):
            assert where == {"unix_socket": "/run/s", "user": "root", "password": None, "connect_timeout": 5, "read_timeout": 5}
            if isinstance(what, Exception):
                raise what
            return what

        monkeypatch.setattr(member, "dial", dial)
        monkeypatch.setattr(member, "driver", lambda: types.SimpleNamespace(err=types.SimpleNamespace(MySQLError=MySQLError)))

    return give


@pytest.mark.parametrize("error, problem", [
    # Nobody listens: the server is down, which is no problem to tell.
    (MySQLError("2003", FileNotFoundError(2, "No such file")), ""), (MySQLError("2003", ConnectionRefusedError(111, "refused")), ""),
    (ConnectionRefusedError(111, "refused"), ""),
    # It serves others and not us.
    (MySQLError("(1045, \"Access denied for user 'root'\")"), "(1045, \"Access denied for user 'root'\")"),
    (MySQLError("2013", TimeoutError("timed out")), "2013"), (PermissionError(13, "Permission denied"), "[Errno 13] Permission denied"),
])
def test_a_server_that_is_down_is_another_than_one_that_lets_nobody_in(dialled, error, problem):
    dialled(error)
    assert member.attempt(LOGIN) == (None, problem) and member.connect(LOGIN) is None
    assert member.ask(LOGIN) == ({}, {}, problem)


def test_without_a_driver_nobody_was_asked(monkeypatch):
    def driver():
        raise Failure("PyMySQL is missing.")

    monkeypatch.setattr(member, "driver", driver)
    assert member.attempt(LOGIN) == (None, "PyMySQL is missing")


def test_a_server_that_ends_in_the_midst_of_an_answer_does_not_answer(dialled):
    closed = []

    class Cursor:
        def __enter__(self):
            return self

        def __exit__(self, *_error):
            return None

        def execute(self, statement, values=()):
            if "VARIABLES" in statement:
                raise MySQLError("Lost connection to MySQL server during query")

        def fetchall(self):
            return [("wsrep_ready", "ON")]

    dialled(types.SimpleNamespace(cursor=Cursor, close=lambda: closed.append(1)))
    assert member.ask(LOGIN) == ({}, {}, "Lost connection to MySQL server during query") and closed == [1]


def test_whether_somebody_listens_is_tried():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        assert member.accepts("127.0.0.1", port) is False
        listener.listen()
        assert member.accepts("127.0.0.1", port) is True


def test_a_data_directory_tells_what_it_has(tmp_path):
    assert member.files(str(tmp_path / "nowhere"))["data"] is False
    (tmp_path / "grastate.dat").write_text("# GALERA saved state\nversion: 2.1\nuuid:    %s\nseqno:   3050\nsafe_to_bootstrap: 1\n" % UUID)
    for name in ("ibdata1", "sst_in_progress", "not_a_database"):
        (tmp_path / name).touch()
    for name in ("shop", "mysql"):
        (tmp_path / name).mkdir()
    found = member.files(str(tmp_path))
    assert (found["sst"], found["data"], found["databases"], found["grastate"]["safe_to_bootstrap"]) == (True, True, ["shop"], True)

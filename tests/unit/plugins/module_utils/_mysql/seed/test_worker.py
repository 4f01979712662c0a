# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a joiner does with its data, with systemd and the server played by fakes; the scenario tests the copy itself, on real ones."""

import contextlib
import io
import os
import threading
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.job import Failure
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import stream, worker


class Progress:
    def __init__(self):
        self.phases = []

    def phase(self, name, total=0):
        self.phases.append(name)

    def count(self, done, total=None):
        pass


class Host:
    """A host with a data directory, a copy beside it and a server that may refuse to start on the copy."""

    def __init__(self, root, monkeypatch):
        self.datadir, self.new, self.aside = (str(root / name) for name in ("mysql", "mysql.seed", "mysql.before"))
        for path, text in ((self.datadir, "old"), (self.new, "new")):
            os.mkdir(path)
            with open(path + "/ibdata1", "w", encoding="ascii") as handle:
                handle.write(text)
        os.chmod(self.datadir, 0o750)
        self.did, self.starts_on, self.own_writes = [], ("old", "new"), "1-1-5"
        monkeypatch.setattr(worker, "systemctl", self.systemctl)
        monkeypatch.setattr(worker.subprocess, "run", lambda command, check: self.did.append(" ".join(command)))
        monkeypatch.setattr(worker, "wait_for", lambda login, seconds: "connection")
        monkeypatch.setattr(worker, "Server", lambda login: types.SimpleNamespace(own_writes=lambda: self.own_writes, close=lambda: None))
        self.settings = {"datadir": self.datadir, "unit": "mariadb.service", "uid": os.getuid(), "gid": os.getgid(), "login": {},
                         "start_s": 1, "own_writes": "1-1-5"}

    def data(self):
        with open(self.datadir + "/ibdata1", encoding="ascii") as handle:
            return handle.read()

    def systemctl(self, verb, unit):
        self.did.append("%s with %s" % (verb, self.data()))
        if verb == "start" and self.data() not in self.starts_on:
            raise Failure("systemctl start %s failed" % unit)

    def exchange(self):
        self.progress = Progress()
        return worker.exchange(self.settings, self.progress, self.new, self.aside)


@pytest.fixture
def host(tmp_path, monkeypatch):
    return Host(tmp_path, monkeypatch)


def test_the_server_is_stopped_before_and_started_after(host):
    assert host.exchange() == "connection"
    assert host.did == ["stop with old", "start with new"] and host.progress.phases == ["exchange", "start"]
    assert os.path.isdir(host.aside) and os.stat(host.datadir).st_mode & 0o7777 == 0o750


def test_a_server_that_does_not_start_gets_its_old_data_back(host):
    host.starts_on = ("old",)
    with pytest.raises(Failure) as failed:
        host.exchange()
    assert str(failed.value) == ("the server does not start with the new data (systemctl start mariadb.service failed); the old data is "
                                 "back in its place")
    assert host.data() == "old" and host.did[-1] == "start with old" and not os.path.exists(host.aside)


def test_somebody_who_wrote_meanwhile_keeps_what_he_wrote(host):
    host.own_writes = "1-1-6"
    with pytest.raises(Failure) as refused:
        host.exchange()
    assert str(refused.value) == ("somebody wrote to this server while it was seeded (it had '1-1-5' of its own, now '1-1-6'): nothing was "
                                  "exchanged; stop who writes here, then run again")
    assert host.data() == "old" and host.did == []


def test_a_server_whose_writes_were_not_asked_is_not_asked_again(host):
    host.settings["own_writes"], host.own_writes = None, "anything"
    host.exchange()
    assert host.data() == "new"


@pytest.mark.parametrize("step", ["take_marks", "own_tree", "exchange"])
def test_what_fails_before_the_exchange_leaves_the_old_server_running(host, monkeypatch, step):
    def fail(*_arguments):
        raise OSError("Read-only file system")

    monkeypatch.setattr(worker.beneath if step == "own_tree" else worker.files, step, fail)
    with pytest.raises(OSError, match=r"^Read-only file system$"):
        host.exchange()
    assert host.data() == "old" and host.did == ["stop with old", "systemctl start mariadb.service"]


def test_an_order_to_stop_while_the_new_data_is_tried_brings_the_old_back(host, monkeypatch):
    def stopped(login, seconds):
        raise Failure("it was stopped")

    monkeypatch.setattr(worker, "wait_for", stopped)
    with pytest.raises(Failure) as failed:
        host.exchange()
    assert str(failed.value) == "the server does not start with the new data (it was stopped); the old data is back in its place"
    assert host.data() == "old" and host.did[-1] == "start with old"


def test_a_new_server_that_does_not_start_has_nothing_to_go_back_to(host, monkeypatch):
    worker.files.remove(host.datadir)
    host.settings["own_writes"], host.starts_on = None, ()
    monkeypatch.setattr(worker, "systemctl", lambda verb, unit: os.path.isdir(host.datadir) and host.systemctl(verb, unit))
    with pytest.raises(Failure, match=r"^systemctl start mariadb.service failed$"):
        host.exchange()


def test_a_password_stays_out_of_the_argument_list(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "tool", lambda *names: "/usr/bin/" + names[0])
    command = worker.mariabackup(str(tmp_path), {"user": "", "unix_socket": "/run/s", "password": 'se"cr\\et'}, ["--backup"])
    assert command == ["/usr/bin/mariadb-backup", "--defaults-extra-file=%s/mariadb-backup.cnf" % tmp_path, "--backup"]
    written = tmp_path / "mariadb-backup.cnf"
    assert written.read_text().splitlines() == ["[mariadb-backup]", "user=root", 'socket="/run/s"', 'password="se\\"cr\\\\et"']
    assert written.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("log, said", [
    ("[00] connecting\n[00] FATAL ERROR: no such user\n[00] bye\n", "[00] FATAL ERROR: no such user"),
    ("one\n\ntwo\nthree\n", "two / three"),
    ("", "it said nothing"),
])
def test_the_last_words_of_a_tool(tmp_path, log, said):
    (tmp_path / "log").write_text(log)
    assert worker.last_words(str(tmp_path / "log")) == said


def test_a_tool_that_is_missing_names_itself(monkeypatch):
    monkeypatch.setattr(worker.shutil, "which", lambda name: None)
    with pytest.raises(Failure, match=r"^there is no mbstream here: install the package that has it$"):
        worker.tool("mbstream")


# A joiner's whole way, and a donor's

@pytest.fixture
def joiner(host, monkeypatch):
    """receive(**settings) of a MariaDB joiner whose copy arrives and is exchanged; .told is what its server was told after that."""
    told = []
    server = types.SimpleNamespace(
        forget_sources=lambda: told.append("forget"), start_from=lambda position: told.append("start from %s" % position),
        unlogged=lambda statements: told.append(statements[0][0]), position=lambda: "0-1-9", close=lambda: told.append("closed"),
        own_writes=lambda: "1-1-5")
    worker.files.remove(host.new)

    def unpack(_settings, _progress, staging):
        with open(staging + "/ibdata1", "w", encoding="ascii") as handle:
            handle.write("new")
        return 4096

    monkeypatch.setattr(worker, "home", lambda name: str(os.path.dirname(host.datadir)))
    monkeypatch.setattr(worker, "unpack", unpack)
    monkeypatch.setattr(worker, "make_consistent", lambda progress, staging, log: "0-1-7")
    monkeypatch.setattr(worker, "wait_for", lambda login, seconds: server)
    host.settings.update(dialect="mariadb", job="seed-receive", clone_user="", keep_old=False, address="198.51.100.32")
    host.told, host.receive = told, lambda **more: worker.receive(dict(host.settings, **more), Progress())
    return host


def below(host):
    return sorted(name.split("-")[0] for name in os.listdir(os.path.dirname(host.datadir)))


def test_a_joiner_goes_on_where_the_copy_ends(joiner):
    result = joiner.receive()
    assert result == {"bytes": 4096, "gtid": "0-1-9", "kept": ""} and joiner.data() == "new"
    assert joiner.told == ["forget", "start from 0-1-7", "closed"] and below(joiner) == ["mysql"]


def test_what_nobody_else_has_is_kept_beside(joiner):
    kept = joiner.receive(keep_old=True)["kept"]
    with open(kept + "/ibdata1", encoding="ascii") as handle:
        assert handle.read() == "old" and below(joiner) == ["mysql", "mysql.before"]


def test_what_an_interrupted_copy_left_is_not_taken_along(joiner):
    os.mkdir(joiner.new)
    with open(joiner.new + "/stale.ibd", "w", encoding="ascii"):
        pass
    joiner.receive()
    assert os.listdir(joiner.datadir) == ["ibdata1"]


@pytest.mark.parametrize("step", ["unpack", "make_consistent"])
def test_a_copy_that_breaks_off_leaves_the_members_own_server_and_data(joiner, monkeypatch, step):
    def fail(*_arguments):
        raise Failure("the stream broke off before its end")

    monkeypatch.setattr(worker, step, fail)
    with pytest.raises(Failure) as failed:
        joiner.receive()
    assert str(failed.value) == ("the stream broke off before its end; this member's own server and data are as they were, the next run "
                                 "begins anew")
    assert joiner.data() == "old" and joiner.did == [] and below(joiner) == ["mysql"]


def test_a_copy_without_a_position_is_refused(joiner, monkeypatch):
    monkeypatch.setattr(worker, "make_consistent", lambda progress, staging, log: "")
    with pytest.raises(Failure, match=r"^the backup carries no GTID position: the donor has no binary log, or has never written to it; "):
        joiner.receive()
    assert joiner.data() == "old" and below(joiner) == ["mysql"]


def test_a_server_that_does_not_start_on_the_copy_keeps_nothing_of_it(joiner):
    joiner.starts_on = ("old",)
    with pytest.raises(Failure, match=r"the old data is back in its place$"):
        joiner.receive()
    assert joiner.data() == "old" and below(joiner) == ["mysql"]


def test_mysqls_throw_away_account_goes_with_the_copy_it_came_with(joiner, monkeypatch):
    def clone(_settings, _progress, staging):
        os.mkdir(staging + "/data")
        with open(staging + "/data/ibdata1", "w", encoding="ascii") as handle:
            handle.write("new")
        return 77

    monkeypatch.setattr(worker, "clone", clone)
    joiner.receive(dialect="mysql", clone_user="failover_clone")
    assert joiner.data() == "new" and joiner.told == ["forget", "start from ", "DROP USER IF EXISTS %s@%s", "closed"]


class Wire:
    """The joiner at the other end; what it is told at the end."""

    def __init__(self):
        self.end, self.closed = None, False

    def close(self):
        self.closed = True


@pytest.mark.parametrize("code, log, end", [
    (0, "completed OK!\n", {"ok": True, "error": ""}),
    (1, "[00] FATAL ERROR: no such user\n", {"ok": False, "error": "[00] FATAL ERROR: no such user"})])
def test_a_donor_tells_the_joiner_how_it_ended(tmp_path, monkeypatch, code, log, end):
    wire, got = Wire(), []
    monkeypatch.setattr(worker, "home", lambda name: str(tmp_path))
    monkeypatch.setattr(worker, "Server", lambda login: types.SimpleNamespace(
        variable=lambda name: str(tmp_path), binlogs=lambda: (), close=lambda: None))
    monkeypatch.setattr(worker, "mariabackup", lambda directory, login, options: [
        "sh", "-c", "echo '%s' >&2; printf data; exit %d" % (log.strip(), code)])
    monkeypatch.setattr(worker.stream, "context", lambda directory, peer, server: None)
    monkeypatch.setattr(worker.stream, "connect", lambda address, port, made, seconds: wire)
    monkeypatch.setattr(worker.stream, "send", lambda sock, source, counted, rate: got.append(source.read()) or len(got[0]))
    monkeypatch.setattr(worker.stream, "send_end", lambda sock, end: setattr(sock, "end", end))
    settings = {"login": {}, "job": "seed-send", "peer": "", "address": "198.51.100.33", "port": 4444, "threads": 1, "rate": 0}
    if code:
        with pytest.raises(Failure, match=r"^mariadb-backup failed: \[00\] FATAL ERROR: no such user$"):
            worker.send(settings, Progress())
    else:
        assert worker.send(settings, Progress()) == {"bytes": 4}
    assert got == [b"data"] and wire.end == end and wire.closed


def test_the_clone_plugin_knows_an_ipv6_donor_by_a_name_while_it_copies(tmp_path):
    """MySQL 9.7 said: Invalid Format. Please enter "<hostname1>:<port1>,...", of ::1 and of [::1]."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost")
    with worker.named("2001:db8::31", str(hosts)) as donor:
        assert hosts.read_text() == "127.0.0.1 localhost\n2001:db8::31 %s\n" % donor
    assert hosts.read_text() == "127.0.0.1 localhost\n"
    with worker.named("198.51.100.31", str(hosts)) as donor:
        assert donor == "198.51.100.31" and hosts.read_text() == "127.0.0.1 localhost\n"


# Binary logs on another disk


@pytest.fixture
def logs(host, tmp_path):
    """The old server's logs, which do not move with its data."""
    place = tmp_path / "binlog"
    place.mkdir()
    for name in ("mysql-bin.000001", "mysql-bin.index", "mysql-bin.state", "other.txt"):
        (place / name).write_text("old")
    host.settings["log_base"], host.aside = str(place / "mysql-bin"), host.datadir + ".before-20261129T130000"
    return place


def names(place):
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


def test_logs_of_the_old_data_are_put_aside_with_it(host, logs):
    host.exchange()
    aside = "before-20261129T130000/mysql-bin"
    assert names(logs) == [aside + ".000001", aside + ".index", aside + ".state", "other.txt"]
    worker.forget(host.settings, host.aside)
    assert names(logs) == ["other.txt"] and not os.path.exists(host.aside)


def test_logs_come_back_with_the_old_data(host, logs):
    host.starts_on = ("old",)
    kept = names(logs)
    with pytest.raises(Failure):
        host.exchange()
    assert names(logs) == kept and host.data() == "old" and sorted(os.listdir(logs)) == kept


def test_logs_stay_where_nothing_was_exchanged(host, logs, monkeypatch):
    def fail(*_arguments):
        raise OSError("Read-only file system")

    monkeypatch.setattr(worker.beneath, "own_tree", fail)
    kept = names(logs)
    with pytest.raises(OSError, match=r"^Read-only file system$"):
        host.exchange()
    assert names(logs) == kept


def test_logs_in_the_data_directory_move_with_it(host):
    host.settings["log_base"] = host.datadir + "/binlog"
    with open(host.datadir + "/binlog.index", "w", encoding="ascii"):
        pass
    host.exchange()
    assert os.path.exists(host.aside + "/binlog.index")


# systemd's and the tools' own words

@pytest.mark.parametrize("unit, journal, log, said", [
    ("mariadb.service", "[ERROR] InnoDB: Cannot open datafile.", "", "InnoDB: Cannot open datafile."),
    # Of MySQL the journal knows nothing; MariaDB does not write this file.
    ("mysql.service", "Starting", "[ERROR] [MY-012592] Disk is full\n", "[MY-012592] Disk is full."),
    ("mariadb.service", "Starting", "[ERROR] of another server\n", "Job failed (journalctl -u mariadb.service tells more)"),
])
def test_a_unit_that_does_not_start_is_told_with_the_servers_own_words(tmp_path, monkeypatch, program, unit, journal, log, said):
    program("systemctl", "echo Job; echo '  failed' >&2; exit 1")
    program("journalctl", "echo '%s'" % journal)
    monkeypatch.setattr(worker, "MYSQL_LOG", str(tmp_path / "error.log"))
    (tmp_path / "error.log").write_text(log)
    with pytest.raises(Failure) as failed:
        worker.systemctl("start", unit)
    assert str(failed.value) == "systemctl start %s failed: %s" % (unit, said)
    assert program.called("systemctl") == ["start " + unit]
    program("systemctl", "")
    assert worker.systemctl("start", unit) is None


def test_the_first_tool_that_is_here_is_taken(program):
    program("mariabackup", "")
    assert worker.tool("no-such-mariadb-backup", "mariabackup").endswith("/mariabackup")


@pytest.mark.parametrize("name, position", [("mariadb_backup_binlog_info", "0-1-7"), (None, "")])
def test_a_copy_is_made_consistent_with_a_part_of_the_free_memory(tmp_path, program, name, position):
    staging = tmp_path / "staging"
    staging.mkdir()
    program("mariadb-backup", "printf 'bin.000001\t5\t0-1-7\\n' > %s" % (staging / name) if name else "")
    progress = Progress()
    assert worker.make_consistent(progress, str(staging), str(tmp_path / "log")) == position
    prepare, target, memory = program.called("mariadb-backup")[0].split()
    assert (prepare, target, progress.phases) == ("--prepare", "--target-dir=%s" % staging, ["prepare"])
    assert 64 << 20 <= int(memory.partition("=")[2]) <= 1 << 30


def test_a_copy_that_cannot_be_made_consistent_is_said(tmp_path, program):
    program("mariadb-backup", "echo '[00] FATAL ERROR: redo log is missing'; exit 1")
    with pytest.raises(Failure, match=r"^mariadb-backup --prepare failed: \[00\] FATAL ERROR: redo log is missing$"):
        worker.make_consistent(Progress(), str(tmp_path), str(tmp_path / "log"))


# The joiner's end of a real stream

def unpacked(members, monkeypatch, staging, end, data=b"pages"):
    """What unpack() returns or raises while a donor sends `data` and then says `end`."""
    directories, shown = members
    monkeypatch.setattr(worker, "home", lambda name: directories["joiner"])
    monkeypatch.setattr(worker, "PATIENCE_S", 5)
    with contextlib.closing(stream.listen("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def donate():
        context = stream.context(directories["donor"], shown["joiner"], server=False)
        with contextlib.suppress(OSError, Failure), stream.connect("127.0.0.1", port, context, 5) as sock:
            stream.send(sock, io.BytesIO(data), lambda count: None)
            if end is not None:
                stream.send_end(sock, end)

    donor = threading.Thread(target=donate, daemon=True)
    donor.start()
    progress = Progress()
    try:
        settings = {"address": "127.0.0.1", "port": port, "job": "seed", "peer": shown["donor"], "total": 5}
        return worker.unpack(settings, progress, str(staging))
    finally:
        donor.join(10)
        assert progress.phases == ["wait for the donor", "copy"]


GOOD = {"ok": True, "error": ""}


def test_what_the_donor_sends_is_unpacked_into_the_staging_directory(members, monkeypatch, tmp_path, program):
    program("mbstream", 'cat > "$3/ibdata1"')
    assert unpacked(members, monkeypatch, tmp_path, GOOD) == 5
    assert (tmp_path / "ibdata1").read_bytes() == b"pages" and program.called("mbstream") == ["-x -C %s" % tmp_path]


@pytest.mark.parametrize("script, end, said", [
    ("cat > /dev/null", {"ok": False, "error": "mariadb-backup died"}, "the donor failed: mariadb-backup died"),
    ("cat > /dev/null; echo 'wrong chunk magic' >&2; exit 1", GOOD, "mbstream could not unpack the stream: wrong chunk magic"),
    ("cat > /dev/null", None, "the stream broke off before its end"),
])
def test_what_goes_wrong_with_a_stream_is_said_as_it_is(members, monkeypatch, tmp_path, program, script, end, said):
    program("mbstream", script)
    with pytest.raises(Failure) as failed:
        unpacked(members, monkeypatch, tmp_path, end)
    assert str(failed.value).startswith(said)


def test_an_unpacker_that_ends_early_is_told_by_its_own_words(members, monkeypatch, tmp_path, program):
    program("mbstream", "echo 'No space left on device' >&2; exit 1")
    with pytest.raises(Failure, match=r"^mbstream could not unpack the stream: No space left on device$"):
        unpacked(members, monkeypatch, tmp_path, GOOD, b"x" * (8 << 20))


# MySQL's clone plugin

class Cloning:
    """The joiner's server: what it was told, and why the clone fails."""

    def __init__(self, active=True, fails=""):
        self.active, self.fails, self.told, self.set, self.asked = active, fails, [], [], threading.Event()

    def rows(self, statement, values=()):
        if "information_schema.PLUGINS" in statement:
            return [{"1": 1}] if self.active else []
        if statement.startswith("SELECT SUM"):
            self.asked.set()
            return [{"done": 30, "estimate": 50}]
        self.told.append((statement, values))
        # As long as it takes until somebody has asked how far it is.
        assert self.asked.wait(10)
        if self.fails:
            raise Failure(self.fails)
        return []

    def unlogged(self, statements):
        self.set += statements


def cloned(server, monkeypatch, **more):
    monkeypatch.setattr(worker, "Server", lambda login: server)
    progress = Progress()
    progress.counted = []
    progress.count = lambda done, total: progress.counted.append((done, total))
    progress.state = {"done": 30}
    settings = dict({"donor_address": "198.51.100.31", "donor_port": 3307, "ca": "/etc/ca.pem", "login": {}, "clone_user": "throw_away",
                     "clone_password": "secret", "total": 40}, **more)
    return worker.clone(settings, progress, "/srv/staging"), progress


def test_mysql_is_told_where_from_and_where_to_and_its_progress_is_told(monkeypatch):
    server = Cloning()
    done, progress = cloned(server, monkeypatch)
    assert done == 30 and (30, 50) in progress.counted and progress.phases == ["copy"]
    assert server.set == [("SET GLOBAL clone_valid_donor_list = %s", ("198.51.100.31:3307",)),
                          ("SET GLOBAL clone_ssl_ca = %s", ("/etc/ca.pem",))]
    assert server.told == [("CLONE INSTANCE FROM %s@%s:3307 IDENTIFIED BY %s DATA DIRECTORY = %s REQUIRE SSL",
                            ("throw_away", "198.51.100.31", "secret", "/srv/staging/data"))]


def test_the_plugin_is_there_before_it_is_told_anything(monkeypatch):
    server = Cloning(active=False)
    cloned(server, monkeypatch, ca="")
    assert [statement for statement, _values in server.set] == ["INSTALL PLUGIN clone SONAME 'mysql_clone.so'",
                                                                "SET GLOBAL clone_valid_donor_list = %s"]


def test_a_clone_that_fails_is_told_in_mysqls_own_words(monkeypatch):
    with pytest.raises(Failure, match=r"^Clone Donor Error: 1141$"):
        cloned(Cloning(fails="Clone Donor Error: 1141"), monkeypatch)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""What seeding does on the nodes, as systemd units: the donor sends, the joiner receives and exchanges its data directory."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils import _mysql_seed_files as files
from ansible_collections.failover.stack.plugins.module_utils import _mysql_seed_stream as stream
from ansible_collections.failover.stack.plugins.module_utils._mysql_job import Failure, home, work, write
from ansible_collections.failover.stack.plugins.module_utils._mysql_seed_server import Server, read_binlog_info, wait_for

PATIENCE_S = 60


def tool(*names):
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise Failure("there is no %s here: install the package that has it" % names[0])


def mariabackup(directory, login, options):
    """Its command line, with an option file for what is nobody's business in an argument list."""
    lines = ["[mariadb-backup]", "user=%s" % (login["user"] or "root")]
    for option, name in (("socket", "unix_socket"), ("password", "password")):
        if login.get(name):
            lines.append('%s="%s"' % (option, login[name].replace("\\", "\\\\").replace('"', '\\"')))
    path = os.path.join(directory, "mariadb-backup.cnf")
    write(path, "\n".join(lines) + "\n")
    return [tool("mariadb-backup", "mariabackup"), "--defaults-extra-file=" + path, *options]


def last_words(path):
    """The end of a log, without its time stamps' noise."""
    with open(path, encoding="utf-8", errors="replace") as handle:
        lines = [line.strip() for line in handle if line.strip()]
    wrong = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
    return " / ".join((wrong or lines)[-2:]) or "it said nothing"


def systemctl(verb, unit):
    done = subprocess.run(["systemctl", verb, unit], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Failure("systemctl %s %s failed (%s): journalctl -u %s tells why" % (
            verb, unit, " ".join(done.stdout.split())[:200], unit))


# The donor

def send(settings, progress):
    """Stream a backup of the running server to the joiner."""
    server = Server(settings["login"])
    total = files.occupied(server.variable("datadir"), server.binlogs())
    server.close()
    scratch = tempfile.mkdtemp(prefix="failover-mysql-send-")
    sock = None
    try:
        progress.phase("connect")
        made = stream.context(home(settings["job"]), settings["peer"], server=False)
        sock = stream.connect(settings["address"], settings["port"], made, PATIENCE_S)
        command = mariabackup(home(settings["job"]), settings["login"], [
            "--backup", "--stream=mbstream", "--parallel=%d" % settings["threads"], "--target-dir=" + scratch])
        progress.phase("copy", total)
        log = os.path.join(home(settings["job"]), "backup.log")
        with open(log, "wb") as said, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as backup:
            try:
                sent = stream.send(sock, backup.stdout, progress.count, settings["rate"])
                code = backup.wait()
            finally:
                backup.kill()
        stream.send_end(sock, {"ok": code == 0, "error": "" if code == 0 else last_words(log)})
        if code:
            raise Failure("mariadb-backup failed: %s" % last_words(log))
        return {"bytes": sent}
    except OSError as error:
        raise Failure("the stream to %s broke off (%s)" % (settings["address"], error)) from error
    finally:
        if sock is not None:
            sock.close()
        shutil.rmtree(scratch, ignore_errors=True)


# The joiner

def unpack(settings, progress, staging):
    """Take the stream into the empty staging directory."""
    progress.phase("wait for the donor")
    listener = stream.listen(settings["address"], settings["port"])
    try:
        sock = stream.accept(listener, stream.context(home(settings["job"]), settings["peer"], server=True), PATIENCE_S)
    finally:
        listener.close()
    progress.phase("copy", settings["total"])
    log = os.path.join(home(settings["job"]), "mbstream.log")
    unpacker = [tool("mbstream"), "-x", "-C", staging]
    with sock, open(log, "wb") as said, subprocess.Popen(unpacker, stdin=subprocess.PIPE, stderr=said) as sink:
        try:
            got, end = stream.receive(sock.makefile("rb", buffering=stream.CHUNK), sink.stdin, progress.count)
            sink.stdin.close()
        except BrokenPipeError as error:
            raise Failure("mbstream could not unpack the stream: %s" % last_words(log)) from error
        except OSError as error:
            raise Failure("the stream broke off (%s)" % error) from error
        except Failure:
            sink.kill()
            raise
        finally:
            with contextlib.suppress(OSError):
                sink.stdin.close()
            code = sink.wait()
    if not end["ok"]:
        raise Failure("the donor failed: %s" % end["error"])
    if code:
        raise Failure("mbstream could not unpack the stream: %s" % last_words(log))
    return got


def make_consistent(progress, staging, log):
    progress.phase("prepare")
    with open("/proc/meminfo", encoding="ascii") as handle:
        available = next(int(line.split()[1]) * 1024 for line in handle if line.startswith("MemAvailable"))
    command = [tool("mariadb-backup", "mariabackup"), "--prepare", "--target-dir=" + staging,
               "--use-memory=%d" % max(64 << 20, min(1 << 30, available // 4))]
    with open(log, "wb") as said:
        if subprocess.run(command, stdout=said, stderr=subprocess.STDOUT, check=False).returncode:
            raise Failure("mariadb-backup --prepare failed: %s" % last_words(log))
    return read_binlog_info(staging)


def clone(settings, progress, staging):
    """MySQL's clone plugin copies from the donor into the staging directory, while another connection counts."""
    server, watcher = Server(settings["login"]), Server(settings["login"])
    target = os.path.join(staging, "data")
    mine = [("SET GLOBAL clone_valid_donor_list = %s", ("%s:%d" % (settings["donor_address"], settings["donor_port"]),))]
    if settings["ca"]:
        mine.append(("SET GLOBAL clone_ssl_ca = %s", (settings["ca"],)))
    install_clone(server)
    server.unlogged(mine)
    progress.phase("copy", settings["total"])
    failed = []

    def ask():
        try:
            server.rows("CLONE INSTANCE FROM %s@%s:" + "%d" % settings["donor_port"] + " IDENTIFIED BY %s DATA DIRECTORY = %s REQUIRE SSL",
                        (settings["clone_user"], settings["donor_address"], settings["clone_password"], target))
        except Failure as failure:
            failed.append(failure)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.5)
        for row in watcher.rows("SELECT SUM(DATA) AS done, SUM(ESTIMATE) AS estimate FROM performance_schema.clone_progress"):
            progress.count(int(row["done"] or 0), int(row["estimate"] or 0) or settings["total"])
    if failed:
        raise failed[0]
    return progress.state["done"]


def install_clone(server):
    if not server.rows("SELECT 1 FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'clone' AND PLUGIN_STATUS = 'ACTIVE'"):
        server.unlogged([("INSTALL PLUGIN clone SONAME 'mysql_clone.so'", None)])


def nothing_written_since(settings):
    """The decision to replace the data was made on what the server had then."""
    if settings["own_writes"] is None:
        return
    server = Server(settings["login"])
    now = server.own_writes()
    server.close()
    if now != settings["own_writes"]:
        raise Failure("somebody wrote to this server while it was seeded (it had '%s' of its own, now '%s'): nothing was "
                      "exchanged; stop who writes here, then run again" % (settings["own_writes"], now))


def exchange(settings, progress, new, aside):
    """Stop, exchange, start. When the new data does not start, the old is put back."""
    datadir = settings["datadir"]
    progress.phase("exchange")
    like = os.stat(datadir if os.path.isdir(datadir) else os.path.dirname(datadir))
    nothing_written_since(settings)
    systemctl("stop", settings["unit"])
    if os.path.isdir(datadir):
        files.take_marks(datadir, new)
    os.chmod(new, like.st_mode & 0o7777)
    files.own_like(new, settings["uid"], settings["gid"])
    files.exchange(datadir, new, aside)
    try:
        progress.phase("start")
        systemctl("start", settings["unit"])
        return wait_for(settings["login"], settings["start_s"])
    except Failure as failure:
        subprocess.run(["systemctl", "stop", settings["unit"]], check=False)
        if not os.path.isdir(aside):
            raise
        files.put_back(datadir, new, aside)
        systemctl("start", settings["unit"])
        raise Failure("the server does not start with the new data (%s); the old data is back in its place" % failure) from failure


def aside_of(datadir):
    return "%s.before-%s" % (datadir.rstrip("/"), time.strftime("%Y%m%dT%H%M%S"))


def copy(settings, progress, staging):
    """A directory with the donor's data beside the joiner's own; returns (bytes, GTID position, directory)."""
    try:
        if settings["dialect"] == "mysql":
            os.chown(staging, settings["uid"], settings["gid"])
            return clone(settings, progress, staging), "", os.path.join(staging, "data")
        got = unpack(settings, progress, staging)
        position = make_consistent(progress, staging, os.path.join(home(settings["job"]), "prepare.log"))
        if not position:
            raise Failure("the backup carries no GTID position: the donor has no binary log, or has never written to it")
        files.strip_leftovers(staging)
        return got, position, staging
    except Failure as failure:
        raise Failure("%s; this member's own server and data are as they were, the next run begins anew" % failure) from failure


def receive(settings, progress):
    """Become a copy of the donor."""
    datadir, staging = settings["datadir"], files.staging_of(settings["datadir"])
    files.remove(staging)
    os.mkdir(staging, 0o700)
    try:
        got, position, new = copy(settings, progress, staging)
        aside = aside_of(datadir)
        server = exchange(settings, progress, new, aside)
        progress.phase("position")
        server.forget_sources()
        server.start_from(position)
        if settings["clone_user"]:
            server.unlogged([("DROP USER IF EXISTS %s@%s", (settings["clone_user"], settings["address"]))])
        position = server.position()
        server.close()
        kept = aside if settings["keep_old"] and os.path.isdir(aside) else ""
        if not kept:
            progress.phase("clean up")
            files.remove(aside)
        return {"bytes": got, "gtid": position, "kept": kept}
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def perform(settings, progress):
    return {"send": send, "receive": receive}[settings["task"]](settings, progress)


if __name__ == "__main__":
    sys.exit(work(sys.argv[1], perform))

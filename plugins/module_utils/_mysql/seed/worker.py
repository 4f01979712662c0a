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
import tempfile
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._host import beneath
from ansible_collections.failover.stack.plugins.module_utils._host.journal import reason
from ansible_collections.failover.stack.plugins.module_utils._mysql.job import Failure, home, undisturbed, work, write
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import files, stream
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.server import Server, read_binlog_info, wait_for

PATIENCE_S = 60
ALIAS = "failover-clone-donor"
# MySQL's journal has nothing of why it does not start.
MYSQL_UNIT, MYSQL_LOG = "mysql.service", "/var/log/mysql/error.log"


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
        raise Failure("systemctl %s %s failed: %s" % (verb, unit, why(unit) or "%s (journalctl -u %s tells more)" % (
            " ".join(done.stdout.split())[:200], unit)))


def why(unit):
    """The server's own words, where it has any."""
    output = subprocess.run(["journalctl", "--unit", unit, "--lines=100", "--no-pager", "--output=cat"], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True, errors="replace", check=False).stdout
    if unit == MYSQL_UNIT and os.path.exists(MYSQL_LOG):
        with open(MYSQL_LOG, encoding="utf-8", errors="replace") as handle:
            output += "".join(handle.readlines()[-100:])
    return reason(output)


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
        with open(log, "wb") as output, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output) as backup:
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
    with sock, open(log, "wb") as output, subprocess.Popen(unpacker, stdin=subprocess.PIPE, stderr=output) as sink:
        try:
            got, end = stream.receive(sock.makefile("rb", buffering=stream.CHUNK), sink.stdin, progress.count)
            sink.stdin.close()
        except BrokenPipeError as error:
            raise Failure("mbstream could not unpack the stream: %s" % last_words(log)) from error
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
    with open(log, "wb") as output:
        if subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode:
            raise Failure("mariadb-backup --prepare failed: %s" % last_words(log))
    return read_binlog_info(staging)


@contextlib.contextmanager
def named(address, path="/etc/hosts"):
    """The clone plugin takes no IPv6 address (3869, Invalid Format), but a name of one: this machine knows it while the copy is made."""
    if ":" not in address:
        yield address
        return
    line = "%s %s\n" % (address, ALIAS)
    edit(path, lambda lines: [*lines, line])
    try:
        yield ALIAS
    finally:
        edit(path, lambda lines: [one for one in lines if one != line])


def edit(path, change):
    """In its place: in a container the file cannot be replaced."""
    with open(path, "r+", encoding="utf-8", errors="surrogateescape") as handle:
        lines = [line.rstrip("\n") + "\n" for line in handle]
        handle.seek(0)
        handle.writelines(change(lines))
        handle.truncate()


def clone(settings, progress, staging):
    """MySQL's clone plugin copies from the donor into the staging directory, while another connection counts."""
    with named(settings["donor_address"]) as donor:
        return clone_from(donor, settings, progress, staging)


def clone_from(donor, settings, progress, staging):
    server, watcher = Server(settings["login"]), Server(settings["login"])
    target = os.path.join(staging, "data")
    mine = [("SET GLOBAL clone_valid_donor_list = %s", ("%s:%d" % (donor, settings["donor_port"]),))]
    if settings["ca"]:
        mine.append(("SET GLOBAL clone_ssl_ca = %s", (settings["ca"],)))
    install_clone(server)
    server.unlogged(mine)
    progress.phase("copy", settings["total"])
    failed = []

    def ask():
        try:
            server.rows("CLONE INSTANCE FROM %s@%s:" + "%d" % settings["donor_port"] + " IDENTIFIED BY %s DATA DIRECTORY = %s REQUIRE SSL",
                        (settings["clone_user"], donor, settings["clone_password"], target))
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
    datadir, log_base, logs = settings["datadir"], files.outside(settings.get("log_base") or "", settings["datadir"]), ""
    progress.phase("exchange")
    like = os.stat(datadir if os.path.isdir(datadir) else os.path.dirname(datadir))
    nothing_written_since(settings)
    try:
        systemctl("stop", settings["unit"])
        logs = files.set_aside(log_base, logs_aside_of(aside))
        if os.path.isdir(datadir):
            files.take_marks(datadir, new)
        beneath.own_tree(new, settings["uid"], settings["gid"])
        beneath.make_directory(new, like.st_mode & 0o7777)
        files.exchange(datadir, new, aside)
    except BaseException:
        # The old data's server goes on, also when the order to stop came right after the exchange.
        with undisturbed():
            if os.path.isdir(aside):
                files.put_back(datadir, new, aside)
            files.bring_back(log_base, logs)
            subprocess.run(["systemctl", "start", settings["unit"]], check=False)
        raise
    try:
        progress.phase("start")
        systemctl("start", settings["unit"])
        return wait_for(settings["login"], settings["start_s"])
    except Failure as failure:
        with undisturbed():
            subprocess.run(["systemctl", "stop", settings["unit"]], check=False)
            if not os.path.isdir(aside):
                raise
            files.put_back(datadir, new, aside)
            files.bring_back(log_base, logs)
            systemctl("start", settings["unit"])
        raise Failure("the server does not start with the new data (%s); the old data is back in its place" % failure) from failure


def logs_aside_of(aside):
    """Name of the directory that old binary logs outside of the data directory go to: before-20261129T130000."""
    return "before-" + aside.rpartition(".before-")[2]


def forget(settings, aside):
    """Remove what was there before, data and logs."""
    files.remove(aside)
    log_base = files.outside(settings.get("log_base") or "", settings["datadir"])
    if log_base:
        files.remove(os.path.join(os.path.dirname(log_base), logs_aside_of(aside)))


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
            forget(settings, aside)
        return {"bytes": got, "gtid": position, "kept": kept}
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def perform(settings, progress):
    return {"send": send, "receive": receive}[settings["task"]](settings, progress)


def main(directory):
    return work(directory, perform)

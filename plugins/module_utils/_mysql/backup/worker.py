# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""Backup and restore on a node, as systemd units.

A backup is made under a name that no good one has, is started once as a scratch server that counts its tables, and gets its
own name only when everything of it is on the disk. A restore does the same again and compares.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._host import beneath
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup import rules, shelf
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup.scratch import WORTHLESS, Scratch, numbers
from ansible_collections.failover.stack.plugins.module_utils._mysql.job import Failure, home, read_json, work, write
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import files
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import worker as seed
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.server import Server

CHUNK = 1 << 20


# The copy

@contextlib.contextmanager
def counting(progress, directory):
    """Tell the size of a growing directory while something else fills it."""
    over = threading.Event()

    def watch():
        while not over.wait(1):
            progress.count(files.occupied(directory))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def copy_mariadb(settings, progress, server, target):
    directory = home(settings["job"])
    os.mkdir(target, 0o700)
    command = seed.mariabackup(directory, settings["login"], ["--backup", "--target-dir=" + target])
    log = os.path.join(directory, "backup.log")
    with open(log, "wb") as output, counting(progress, target):
        code = subprocess.run(command, stdout=output, stderr=output, check=False).returncode
    if code:
        raise Failure("mariadb-backup failed: %s" % seed.last_words(log))


def copy_mysql(settings, progress, server, target):
    seed.install_clone(server)
    os.chown(os.path.dirname(target), settings["uid"], settings["gid"])
    with counting(progress, os.path.dirname(target)):
        server.rows("CLONE LOCAL DATA DIRECTORY = %s", (target,))


class Held:
    """A replica that applies nothing while it is copied, so that its own tables can be counted as of the copy."""

    def __init__(self, server, wanted):
        self.server, self.channels = server, server.channels() if wanted else []

    def apply(self, verb):
        form = "%s SLAVE %%s SQL_THREAD" if self.server.mariadb else "%s REPLICA SQL_THREAD FOR CHANNEL %%s"
        for name in self.channels:
            self.server.rows(form % verb, (name,))

    def __enter__(self):
        self.apply("STOP")
        return self

    def __exit__(self, *_error):
        self.apply("START")

    def snapshot(self, login):
        """A connection that goes on seeing what is there now."""
        if not self.channels:
            return None, ""
        watcher = Server(login)
        watcher.rows("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        watcher.rows("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        return watcher, watcher.position()


def scratch_of(settings, datadir, layout):
    return Scratch("scratch-" + settings["job"], settings["dialect"], datadir, layout, settings["owner"])


def counted(settings, progress, scratch, keep=False):
    """(numbers, GTIDs) of the copy, by a scratch server that runs on it."""
    progress.phase("start")
    try:
        server = scratch.start()
        progress.phase("count")
        found = numbers(server, progress.note)
        position = "" if server.mariadb else server.position()
        server.close()
    except BaseException:
        scratch.stop()
        raise
    if not keep:
        progress.phase("stop")
        scratch.stop()
    return found, position


def compress(progress, partial):
    """data becomes data.tar.zst; returns its SHA-256."""
    target = os.path.join(partial, rules.ARCHIVE)
    progress.phase("compress")
    digest, done = hashlib.sha256(), 0
    # What is there already is none of ours.
    with open(target, "xb") as out, subprocess.Popen(
            ["tar", "--create", "--sparse", "--directory=" + partial, rules.DATA], stdout=subprocess.PIPE) as tar, subprocess.Popen(
            ["zstd", "--quiet", "-3", "-T0", "--stdout"], stdin=tar.stdout, stdout=subprocess.PIPE) as zstd:
        tar.stdout.close()
        for chunk in iter(lambda: zstd.stdout.read(CHUNK), b""):
            out.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            progress.count(done)
        out.flush()
        os.fsync(out.fileno())
    if tar.returncode or zstd.returncode:
        raise Failure("tar or zstd failed while compressing: read journalctl -u failover-mysql-backup")
    shutil.rmtree(os.path.join(partial, rules.DATA))
    return digest.hexdigest()


def digest_of(path, report=lambda count: None):
    digest = hashlib.sha256()
    with open(path, "rb", opener=beneath.opener) as handle:
        for chunk in iter(lambda: handle.read(CHUNK), b""):
            digest.update(chunk)
            report(len(chunk))
    return digest.hexdigest()


def each_file(directory):
    for root, _directories, names in os.walk(directory):
        for name in sorted(names):
            yield os.path.relpath(os.path.join(root, name), directory)


def digests(progress, directory):
    """SHA-256 of everything in it."""
    progress.phase("checksum", files.occupied(directory))
    done, sums = [0], {}

    def report(count):
        done[0] += count
        progress.count(done[0])

    for name in each_file(directory):
        sums[name] = digest_of(os.path.join(directory, name), report)
    return sums


def worthless(datadir):
    for name in WORTHLESS:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(datadir, name))
    files.strip_leftovers(datadir)


def make_copy(settings, progress, partial):
    """(tables, GTIDs, layout, version, what the tables were compared with)."""
    server, data = Server(settings["login"]), os.path.join(partial, rules.DATA)
    layout = server.layout()
    with Held(server, settings["compare"]) as held:
        progress.phase("copy", settings["total"])
        (copy_mariadb if server.mariadb else copy_mysql)(settings, progress, server, data)
        watcher, snapshot_at = held.snapshot(settings["login"])
    position = ""
    if server.mariadb:
        position = seed.make_consistent(progress, data, os.path.join(home(settings["job"]), "prepare.log"))
    elif os.path.exists(data):
        os.chmod(data, 0o700)
    beneath.own_tree(partial, settings["uid"], settings["gid"])
    found, executed = counted(settings, progress, scratch_of(settings, data, layout))
    position = position or executed
    if watcher is not None:
        compare_with_server(progress, watcher, snapshot_at, found, position)
    version = server.version
    server.close()
    return found, position, layout, version, "server" if watcher is not None else "copy"


def compare_with_server(progress, watcher, snapshot_at, found, position):
    """The tables of the running server, in a snapshot of the moment in which its applier stood still, against those of the copy."""
    progress.phase("compare with the server")
    if snapshot_at != position:
        raise Failure("the server was at %s and its copy is at %s although its applier was held: find out who else writes to it" % (
            snapshot_at, position))
    differing = rules.differences(numbers(watcher, progress.note), found)
    watcher.close()
    if differing:
        raise Failure("the copy differs from the server: %s" % "; ".join(differing))


def remove_halves(directory):
    """What interrupted backups left."""
    for name in os.listdir(directory):
        if name.startswith(rules.PARTIAL):
            files.remove(os.path.join(directory, name))


def backup(settings, progress):
    began, directory = time.time(), settings["directory"]
    name = rules.name_of(settings["host"], began)
    partial, final = os.path.join(directory, rules.PARTIAL + name), os.path.join(directory, name)
    os.mkdir(partial, 0o700)
    try:
        tables, position, layout, version, compared = make_copy(settings, progress, partial)
        data = os.path.join(partial, rules.DATA)
        # Until here the server's user could put into it what it likes.
        os.chown(partial, 0, 0)
        worthless(data)
        size = files.occupied(data)
        sums = {rules.ARCHIVE: compress(progress, partial)} if settings["compress"] == "zstd" else digests(progress, partial)
        manifest = {
            "format": rules.FORMAT, "name": name, "host": settings["host"], "dialect": settings["dialect"], "version": version,
            "gtid": position, "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)), "data_bytes": size, "layout": layout,
            "compress": settings["compress"], "counted_in": "the copy itself, run as a scratch server",
            "compared_with": compared, "rows": rules.rows_of(tables), "tables": tables,
            "seconds": round(time.time() - began, 1), "stored_bytes": files.occupied(partial)}
        text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
        sums[rules.MANIFEST] = hashlib.sha256(text.encode()).hexdigest()
        write(os.path.join(partial, rules.MANIFEST), text)
        write(os.path.join(partial, rules.SUMS), rules.sums_text(sums))
        progress.phase("sync")
        os.sync()
        os.rename(partial, final)
        files.sync(directory)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    gone = rules.superfluous(shelf.good_backups(directory), settings["keep"])
    for old in gone:
        files.remove(os.path.join(directory, old))
    result = {key: manifest[key] for key in ("name", "version", "gtid", "rows", "seconds", "stored_bytes", "data_bytes", "compared_with")}
    return dict(result, path=final, bytes=size, tables=len(tables), removed=gone)


# Restore

def verify(settings, progress, path):
    """The manifest of a backup every byte of which is as it was written."""
    with open(os.path.join(path, rules.SUMS), encoding="utf-8") as handle:
        expected = rules.parse_sums(handle.read())
    progress.phase("verify", files.occupied(path))
    done = [0]

    def report(count):
        done[0] += count
        progress.count(done[0])

    wrong = []
    for name in sorted(expected):
        whole = os.path.join(path, name)
        if not os.path.isfile(whole) or digest_of(whole, report) != expected[name]:
            wrong.append(name)
    wrong += sorted(set(each_file(path)) - set(expected) - {rules.SUMS})
    if wrong:
        raise Failure("backup %s is damaged: %d of its files are not as they were written (%s): take another one" % (
            settings["backup"], len(wrong), ", ".join(wrong[:3])))
    return read_json(os.path.join(path, rules.MANIFEST))


def unpack(settings, progress, path, manifest, place):
    progress.phase("unpack", manifest["data_bytes"])
    with counting(progress, place):
        if manifest["compress"] == "zstd":
            with subprocess.Popen(["zstd", "--quiet", "--decompress", "--stdout", os.path.join(path, rules.ARCHIVE)],
                                  stdout=subprocess.PIPE) as zstd:
                code = subprocess.run(["tar", "--extract", "--sparse", "--directory=" + place], stdin=zstd.stdout, check=False).returncode
                zstd.stdout.close()
            code = code or zstd.returncode
        else:
            code = subprocess.run(["cp", "--archive", "--reflink=auto", os.path.join(path, rules.DATA), place], check=False).returncode
    if code:
        raise Failure("backup %s cannot be unpacked: read journalctl -u failover-mysql-restore" % settings["backup"])
    data = os.path.join(place, rules.DATA)
    beneath.own_tree(place, settings["uid"], settings["gid"])
    return data


def restore(settings, progress):
    """Run the backup as a scratch server, compare; with `into` it then becomes the member's own data."""
    path, into = os.path.join(settings["directory"], settings["backup"]), settings["into"]
    place = files.staging_of(settings["datadir"]) if into else os.path.join(settings["place"], settings["backup"])
    scratch, keep = None, settings["keep"] and not into
    files.remove(place)
    os.makedirs(place, 0o700)
    try:
        manifest = verify(settings, progress, path)
        data = unpack(settings, progress, path, manifest, place)
        scratch = scratch_of(settings, data, manifest["layout"])
        tables, _position = counted(settings, progress, scratch, keep=True)
        differing = rules.differences(manifest["tables"], tables)
        if differing:
            raise Failure("the restored data is not that of backup %s: %s" % (settings["backup"], "; ".join(differing)))
        result = {"backup": settings["backup"], "gtid": manifest["gtid"], "version": manifest["version"], "tables": len(tables),
                  "rows": rules.rows_of(tables), "bytes": manifest["data_bytes"], "kept": "", "socket": "", "unit": ""}
        # Compared table by table: this backup is worth what it promises, whatever becomes of the data now.
        shelf.note_restored(settings["directory"], result, into)
        if keep:
            return dict(result, socket=scratch.login["unix_socket"], unit=scratch.unit, kept=data)
        progress.phase("stop")
        scratch.stop()
        if into:
            worthless(data)
            result.update(take_over(settings, progress, data, manifest))
        return result
    except BaseException:
        keep = False
        raise
    finally:
        if not keep:
            if scratch is not None:
                scratch.stop()
            shutil.rmtree(place, ignore_errors=True)


def take_over(settings, progress, data, manifest):
    aside = seed.aside_of(settings["datadir"])
    server = seed.exchange(settings, progress, data, aside)
    progress.phase("position")
    server.forget_sources()
    server.start_from(manifest["gtid"])
    position = server.position()
    server.close()
    if settings["keep_old"] and os.path.isdir(aside):
        return {"gtid": position, "kept": aside}
    seed.forget(settings, aside)
    return {"gtid": position}


def perform(settings, progress):
    return {"backup": backup, "restore": restore}[settings["task"]](settings, progress)


def main(directory):
    return work(directory, perform)

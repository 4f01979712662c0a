# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""Pulls content from its source, once judged: nothing is deleted that the counted dry run before was not allowed.

    rsync_sync run CONTENT      as the timer does; does nothing while a refusal waits for somebody's word
    rsync_sync now CONTENT      the same, after the run that is at work
    rsync_sync go CONTENT       says it: the deletions that were refused may be done now, and no more than these
    rsync_sync status [CONTENT ...]
    rsync_sync poke             for a socket of systemd: who is a source of the content whose name comes may have it pulled
    rsync_sync tell CONTENT     on a source: pokes the targets
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time

from ansible_collections.failover.stack.plugins.module_utils._content import judge, status
from ansible_collections.failover.stack.plugins.module_utils._host.json_file import read_json, write_json

BUSY, USAGE = 75, 64
# How long somebody who is there waits for the run that is at work.
WAIT_S = 600
# How often a source that changes while it is copied is copied again before a release is given up.
ATTEMPTS = 3
TELL_S = 3


class Stop(Exception):
    """A run that ends here: (result, reason, kind)."""


def status_path(name):
    return os.path.join(status.STATE, name + ".json")


def alone(name, wait_s):
    """The lock, for whoever closes it; None where another run has it.

    rsync has it, too: as long as it lives nobody else begins.
    """
    os.makedirs(status.RUN, exist_ok=True)
    handle = os.open(os.path.join(status.RUN, name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.2)
        else:
            return handle


def remove(directory):
    """Imported where something is removed: a pull that changes nothing needs not half of this program's time for it."""
    import shutil

    shutil.rmtree(directory)


def on_disk(directory):
    """Whoever loses its power comes back with what readers were shown, not with the names of files that are empty."""
    done = subprocess.run(["sync", "--file-system", directory], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Stop(status.FAILED, "what was copied to %s cannot be brought to the disk (%s)" % (directory, done.stderr.strip()), "")


def name_of_release(now):
    """They sort as they came; one name is never another one's again."""
    return "%s.%06d" % (time.strftime("%Y%m%dT%H%M%S", time.gmtime(now)), now % 1 * 1000000)


class Pull:
    """config: the content's, as the role wrote it. go: so many deletions are allowed by somebody's word."""

    def __init__(self, config, lock, go=0):
        self.config, self.lock, self.go = config, lock, go
        self.target, self.count, self.release = config["target"], None, None
        self.releases = self.target + ".releases"

    def rsync(self, target, *more):
        command = ["rsync", *self.config["options"], "--stats", "--no-h", "--out-format=%i %n", *more, self.config["from"], target + "/"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
                              env={**os.environ, "LC_ALL": "C"}, pass_fds=[self.lock])
        if done.returncode:
            raise Stop(status.FAILED, judge.reason(done.stderr or done.stdout, done.returncode), "")
        return judge.counted(done.stdout, self.config["marker"])

    def dry(self, target):
        return self.rsync(target, "--dry-run", "--delete")

    def run(self):
        """status.DONE or status.UNCHANGED."""
        current = self.current()
        self.count = self.dry(current)
        if self.count.half:
            self.clean()
        self.judge(self.count, current)
        if not judge.differs(self.count) and (self.release or not self.config["atomic"]):
            return status.UNCHANGED
        if self.config["atomic"]:
            self.switch(current)
        else:
            self.in_place()
        return status.DONE

    def judge(self, count, place):
        free = os.statvfs(place)
        refused = judge.objection(
            count, judge.Rules(self.config["delete_percent"], self.config["delete_always"]), self.config["marker"],
            os.path.lexists(os.path.join(place, self.config["marker"])), free.f_bavail * free.f_frsize, self.go)
        if refused:
            raise Stop(status.REFUSED, refused[1], refused[0])

    def current(self):
        """The directory that readers have now, made where there is none yet."""
        mount = self.config["target_mount"]
        if mount and not os.path.ismount(mount):
            raise Stop(status.REFUSED, "nothing is mounted at %s, where the target is: mount it" % mount, "mount")
        if not self.config["atomic"]:
            if os.path.islink(self.target):
                raise Stop(status.REFUSED, "%s is a symbolic link, as atomic leaves it: take it away, or set atomic" % self.target, "link")
            os.makedirs(self.target, exist_ok=True)
            return self.target
        os.makedirs(self.releases, exist_ok=True)
        if os.path.isdir(self.target) and not os.path.islink(self.target):
            try:
                os.rmdir(self.target)
            except OSError:
                raise Stop(status.REFUSED, "%s is a directory with something in it, where a symbolic link to releases is to be: move it "
                                           "away" % self.target, "target") from None
        if os.path.isdir(self.target):
            self.release = os.path.basename(os.path.realpath(self.target))
            return os.path.realpath(self.target)
        return self.fresh()

    def fresh(self):
        new = os.path.join(self.releases, ".new")
        if os.path.lexists(new):
            remove(new)
        os.mkdir(new, 0o755)
        return new

    def in_place(self):
        """All that is new is put in its place at the end, one rename after the other; deletions are the last."""
        try:
            self.rsync(self.target, "--delete", "--delete-delay", "--delay-updates", "--max-delete=%d" % self.count.deleted)
            on_disk(self.target)
        except Stop:
            self.clean()
            raise

    def clean(self):
        """What a copy left that did not come to its end would fill the disk."""
        for directory, names, _files in os.walk(self.target):
            if judge.HALF in names:
                remove(os.path.join(directory, judge.HALF))

    def switch(self, current):
        """A directory of its own, in which what did not change is the same file; readers go over by one rename."""
        new = self.fresh()
        try:
            for _attempt in range(ATTEMPTS):
                self.rsync(new, *([] if current == new else ["--link-dest=" + current]), "--delete")
                # What was written meanwhile may be half of it.
                again = self.dry(new)
                if not judge.differs(again):
                    break
            else:
                raise Stop(status.FAILED, "the source does not stand still: it changed during each of %d copies" % ATTEMPTS, "moving")
            # What the source lost since it was counted would be missing without having been judged.
            lost = max(self.count.files - again.files, 0)
            self.judge(self.count._replace(files=again.files, deleted=self.count.deleted + lost, marker=None, bytes=0), new)
            on_disk(new)
        except Stop:
            remove(new)
            raise
        self.release = name_of_release(time.time())
        os.rename(new, os.path.join(self.releases, self.release))
        link = self.target + ".next"
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(os.path.join(os.path.basename(self.releases), self.release), link)
        os.replace(link, self.target)
        for old in sorted(name for name in os.listdir(self.releases) if name[0] != ".")[:-self.config["keep"]]:
            if old != self.release:
                remove(os.path.join(self.releases, old))


def pull(name, go=False, wait_s=0):
    config = read_json(os.path.join(status.CONFIG, name + ".json"))
    if not config:
        print("no content %s here: %s has no %s.json" % (name, status.CONFIG, name), file=sys.stderr)
        return USAGE
    lock = alone(name, wait_s)
    if lock is None:
        print("content %s: another run is at work" % name)
        return BUSY
    try:
        return attempt(name, config, lock, go)
    finally:
        os.close(lock)


def attempt(name, config, lock, go):
    before = read_json(status_path(name))
    began, waiting, one, kind, because = time.monotonic(), status.waits_for_go(before), None, "", ""
    try:
        if waiting and not go:
            raise Stop(status.REFUSED, waiting["reason"], judge.DELETIONS)
        one = Pull(config, lock, waiting["deletions"] if waiting else 0)
        result = one.run()
    except Stop as end:
        result, because, kind = end.args
    except OSError as error:
        result, because, kind = status.FAILED, str(error), ""
    now = status.after(before, name, int(time.time()), time.monotonic() - began, result, because, one and one.count, kind)
    now["release"] = (one and one.release) or now["release"]
    write_json(status_path(name), now)
    print(status.line(name, now, time.time()))
    return 0 if result in status.GOOD else 1


def show(names):
    troubled = 0
    known = sorted(place[:-5] for place in os.listdir(status.CONFIG) if place.endswith(".json"))
    for name in names or known:
        config, found = read_json(os.path.join(status.CONFIG, name + ".json")), read_json(status_path(name))
        wrong = status.trouble(name, found, time.time(), config["stale_s"]) if config else "no content %s here" % name
        print(status.line(name, found, time.time()) + ("\n  " + wrong if wrong else ""))
        troubled += bool(wrong)
    return 1 if troubled else 0


def poke():
    """Whoever is not a source of that content is not listened to. One run more is the worst that anybody could ask for."""
    name = sys.stdin.readline(80).strip()
    config = read_json(os.path.join(status.CONFIG, name + ".json")) if name.replace("-", "").replace("_", "").isalnum() else {}
    if os.environ.get("REMOTE_ADDR", "").replace("::ffff:", "") not in config.get("pokers", []):
        print("not a source of content %r: %s" % (name, os.environ.get("REMOTE_ADDR")), file=sys.stderr)
        return 1
    return subprocess.run(["systemctl", "start", "--no-block", "failover-content-%s.service" % name], check=False).returncode


def tell(name):
    """Each target, whether another one hears it or not: who does not comes by its timer."""
    import socket

    deaf = 0
    for address, port in read_json(os.path.join(status.CONFIG, "push", name + ".json")).get("targets", []):
        try:
            with socket.create_connection((address, port), timeout=TELL_S) as one:
                one.sendall((name + "\n").encode())
        except OSError as error:
            print("content %s: %s does not hear that it changed (%s), its timer will see" % (name, address, error), file=sys.stderr)
            deaf += 1
    return 1 if deaf else 0


def main(verb="", *names):
    if verb in ("run", "now", "go") and len(names) == 1:
        return pull(names[0], verb == "go", 0 if verb == "run" else WAIT_S)
    if verb == "status":
        return show(names)
    if verb == "poke":
        return poke()
    if verb == "tell" and len(names) == 1:
        return tell(names[0])
    print("failover-content run CONTENT | now CONTENT | go CONTENT | status [CONTENT ...]", file=sys.stderr)
    return USAGE

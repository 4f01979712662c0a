# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CONFIG: asks servers of NFS whether they answer, and ends what waits for one that does not.

A request of NFS 4 that was sent is given up when its TCP connection breaks, not when timeo and retrans are over, soft or not; that
takes minutes when a machine is frozen or cut off. So the server is asked twice a second for nothing (RPC's procedure 0, which touches no
file and no mount). Has it been silent for patience_s, a file says so (`away`, for httpd, which then answers at once). What waits for it
gets an error (umount2 with MNT_FORCE), and the mount is detached: its client would soon wait for its lease, which nothing ends, while
whoever comes anew makes automount try to mount, which ends in time. `force: false` leaves all that to the kernel.

CONFIG is JSON: port, patience_s, servers: [{address, contents: [{name, mount, away, force}]}].
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
import struct
import threading
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import alive

ASK_S = 0.5
PROGRAM, VERSION, RPC = 100003, 4, 2
MNT_FORCE, MNT_DETACH, UMOUNT_NOFOLLOW = 1, 2, 8
CLONE_FS, CLONE_NEWNS, MS_BIND, MS_REC, MS_SLAVE = 0x200, 0x20000, 0x1000, 0x4000, 0x80000
LAST = 0x80000000
LONGEST_ANSWER = 4096


def call(number):
    """RFC 5531: a call of procedure 0 without credentials, with the record mark of TCP before it."""
    words = (number, 0, RPC, PROGRAM, VERSION, 0, 0, 0, 0, 0)
    return struct.pack(">I10I", LAST | 40, *words)


def is_answer(message, number):
    """Whether a message is a good answer to that call."""
    return len(message) >= 24 and struct.unpack(">6I", message[:24]) == (number, 1, 0, 0, 0, 0)


class Server:
    """One server, asked over a connection that stays."""

    def __init__(self, address, port):
        self.place, self.socket, self.number = (address, port), None, os.getpid() & 0xFFFF

    def answers(self, limit_s):
        """Whether it answers in time. Whatever goes wrong is no answer, and the next question has a new connection."""
        until = time.monotonic() + limit_s
        try:
            if self.socket is None:
                self.socket = socket.create_connection(self.place, timeout=limit_s)
            self.number = (self.number + 1) & 0xFFFFFFFF
            self.settle(until)
            self.socket.sendall(call(self.number))
            good = is_answer(self.message(until), self.number)
        except OSError:
            good = False
        if not good:
            self.close()
        return good

    def settle(self, until):
        self.socket.settimeout(max(0.01, until - time.monotonic()))

    def read(self, length, until):
        data = b""
        while len(data) < length:
            self.settle(until)
            more = self.socket.recv(length - len(data))
            if not more:
                raise ConnectionResetError("the server has closed the connection")
            data += more
        return data

    def message(self, until):
        length = struct.unpack(">I", self.read(4, until))[0] & ~LAST
        return self.read(length, until) if length <= LONGEST_ANSWER else b""

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None


class Judge:
    """When a server counts as away: silent for patience_s, and more than once: this machine itself may have stood still."""

    def __init__(self, patience_s):
        self.patience_s, self.silent, self.times, self.away = patience_s, None, 0, None

    def hear(self, answered, asked, now):
        """asked: when the question was. True or False when it went or came back, None when all is as before."""
        if answered:
            self.silent, self.times = None, 0
        else:
            self.silent, self.times = asked if self.silent is None else self.silent, self.times + 1
        away = not answered and (self.away or (self.times > 1 and now - self.silent >= self.patience_s))
        changed = bool(away) != self.away and bool(away or answered)
        if changed:
            self.away = bool(away)
        return self.away if changed else None


def device_of(mountinfo, place):
    """Number of the file system that is uppermost at a place, where that is NFS; empty otherwise."""
    found = [(line.split()[2], line.partition(" - ")[2].split()[0]) for line in mountinfo.splitlines() if line.split()[4] == place]
    return found[-1][0] if found and found[-1][1] in ("nfs", "nfs4") else ""


def mountinfo(whose="self"):
    with open("/proc/%s/mountinfo" % whose, encoding="utf-8", errors="surrogateescape") as handle:
        return handle.read()


class Mounts:
    """Mounting in a view of our own, into which what others mount comes and out of which nothing goes, and in the others'."""

    def __init__(self):
        self.libc, self.others = ctypes.CDLL(None, use_errno=True), None

    def done(self, code, what):
        if code:
            raise OSError(ctypes.get_errno(), "%s: %s" % (what, os.strerror(ctypes.get_errno())))

    def separate(self):
        self.others = os.open("/proc/self/ns/mnt", os.O_RDONLY)
        self.done(self.libc.unshare(CLONE_NEWNS), "unshare")
        self.done(self.libc.mount(b"none", b"/", None, MS_REC | MS_SLAVE, None), "mount")

    def detach_others(self, place):
        """For a thread of its own, which is in the others' view from then on: only so it sees what is mounted there without more rights."""
        self.done(self.libc.unshare(CLONE_FS), "unshare")
        self.done(self.libc.setns(self.others, CLONE_NEWNS), "setns")
        if device_of(mountinfo("thread-self"), place):
            self.detach(place)

    def bind(self, place, other):
        self.done(self.libc.mount(os.fsencode(place), os.fsencode(other), None, MS_BIND, None), "mount --bind %s %s" % (place, other))

    def detach(self, place):
        self.done(self.libc.umount2(os.fsencode(place), MNT_DETACH | UMOUNT_NOFOLLOW), "umount -l %s" % place)

    def force(self, place):
        """The kernel ends what waits for that file system, with an error, and then finds it in use."""
        self.libc.umount2(os.fsencode(place), MNT_FORCE | UMOUNT_NOFOLLOW)


class Hold:
    """A hand on a file system that others use: its mount here is in use by us, so that to force it ends what waits and unmounts nothing.

    Without it the file system would end with its last mount. That waits for the server, and every access waits for that.
    """

    def __init__(self, place, keep, mounts):
        self.place, self.keep, self.mounts = place, keep, mounts
        self.handle, self.at_work = None, None

    def follow(self):
        """Hold what is mounted now, and nothing that is not. To get there may hang with the server, so nobody waits for that."""
        if self.at_work is None or not self.at_work.is_alive():
            self.at_work = threading.Thread(target=self.follow_now, daemon=True)
            self.at_work.start()

    def follow_now(self):
        text = mountinfo()
        there, held = device_of(text, self.place), device_of(text, self.keep)
        if there == held:
            return
        try:
            self.release(held)
            if there:
                os.makedirs(self.keep, mode=0o700, exist_ok=True)
                self.mounts.bind(self.place, self.keep)
                self.handle = os.open(self.keep, os.O_PATH)
        except OSError as error:
            say("%s cannot be held: %s" % (self.place, error))

    def release(self, held):
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None
        if held:
            self.mounts.detach(self.keep)

    def push(self):
        """End what waits now, and let nobody come to wait for it again."""
        if self.handle is not None:
            self.mounts.force(self.keep)
        threading.Thread(target=self.detach_others, daemon=True).start()

    def detach_others(self):
        try:
            self.mounts.detach_others(self.place)
        except OSError as error:
            say("%s cannot be detached: %s" % (self.place, error))


def mark(paths, away):
    for path in paths:
        if away:
            with open(path, "w", encoding="ascii"):
                pass
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def say(text):
    # A program of its own, whose words go to the journal.
    print(text, flush=True)  # pylint: disable=ansible-bad-function


class Watch:
    def __init__(self, server, port, patience_s, mounts):
        self.address, self.contents = server["address"], server["contents"]
        self.server, self.judge = Server(self.address, port), Judge(patience_s)
        self.holds = [Hold(one["mount"], os.path.join(os.path.dirname(one["away"]), "keep", one["name"]), mounts) for one in self.contents
                      if one["force"]]
        self.seen = time.monotonic()

    def look(self):
        """Once: ask, judge, say and act. What is mounted is held while its server answers, since nothing can be held later."""
        asked = time.monotonic()
        answered = self.server.answers(min(1.0, self.judge.patience_s / 2))
        turn = self.judge.hear(answered, asked, time.monotonic())
        if turn is not None:
            mark([one["away"] for one in self.contents], turn)
            names = ", ".join(one["name"] for one in self.contents)
            say("server %s is %s: %s" % (self.address, "away" if turn else "there", names))
        for hold in self.holds:
            if answered:
                hold.follow()
            elif self.judge.away:
                hold.push()

    def run(self):
        while True:
            began = time.monotonic()
            self.look()
            self.seen = time.monotonic()
            time.sleep(max(0.0, ASK_S - (self.seen - began)))


def clean(directory, wanted):
    """Marks of contents that are no longer there would keep httpd from serving what is served otherwise."""
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if name.endswith(".away") and path not in wanted:
            os.unlink(path)


def main(path):
    with open(path, encoding="utf-8") as handle:
        config = json.load(handle)
    mounts = Mounts()
    mounts.separate()
    watches = [Watch(server, config["port"], config["patience_s"], mounts) for server in config["servers"]]
    wanted = {one["away"] for watch in watches for one in watch.contents}
    for directory in {os.path.dirname(one) for one in wanted}:
        clean(directory, wanted)
    for watch in watches:
        threading.Thread(target=watch.run, daemon=True).start()
    while True:
        # One that has died or does not come back is a reason to be started anew, which systemd sees by the missing sign of life.
        if all(time.monotonic() - watch.seen < 5 for watch in watches):
            alive.beat()
        time.sleep(1)

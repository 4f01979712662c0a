# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's rules as they are loaded, new ones for a while, confirmed ones for good: what module firewall_rules does on a host."""

from __future__ import annotations

import os
import tempfile
import time

from ansible_collections.failover.stack.plugins.module_utils._firewall.ruleset import TABLE, again, in_use, inside, without_comings

RULES = "/etc/failover-firewall/rules.nft"
RUN = "/run/failover-firewall"
# What brings the former rules back, and when.
FORMER, ROLLBACK = RUN + "/former.nft", "failover-firewall-rollback"
DIRECTORIES = ["/usr/sbin", "/sbin"]


def came_by(pid, environ_of, parent_of):
    """SSH_CONNECTION of the nearest ancestor that has one, since sudo takes it out; empty where nobody came by SSH.

    environ_of(pid): its environment as it was started with, or None. parent_of(pid): its parent, 0 at the end.
    """
    while pid > 0:
        for pair in (environ_of(pid) or "").split("\0"):
            if pair.startswith("SSH_CONNECTION="):
                return pair.partition("=")[2]
        pid = parent_of(pid)
    return ""


def environ_of(pid):
    try:
        with open("/proc/%d/environ" % pid, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return None


def parent_of(pid):
    """The fourth field, behind a name in brackets that may have blanks."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as handle:
            return int(handle.read().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def first_error(text):
    """What a program complains of first: nft shows the place beneath, and repeats itself for each line that depends on it."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    return next((line for line in lines if "rror" in line), lines[0] if lines else "it says nothing")


class Refused(Exception):
    """Its text is a sentence without the host."""


class Firewall:
    """run(command): (rc, out, err). program(name): its path, None where it is not there. write(path, text): in one step, mode 0600."""

    def __init__(self, run, program, write):
        self.run, self.write = run, write
        self.nft = program("nft")

    def done(self, *command):
        rc, out, err = self.run(list(command))
        if rc:
            raise Refused("%s fails: %s" % (os.path.basename(command[0]), first_error(err or out)))
        return out

    def listed(self):
        """The rules that are loaded, empty without any."""
        rc, out, _err = self.run([self.nft, "-s", "list", "table", *TABLE.split()])
        return without_comings(out) if rc == 0 else ""

    def tried(self, text):
        """How nft lists these rules, from a network of their own in which they are loaded; Refused when it does not take them."""
        os.makedirs(RUN, mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=RUN, suffix=".nft", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            self.done(self.nft, "--check", "--file", file.name)
            return without_comings(self.done("unshare", "--net", "sh", "-c", '"$1" --file "$2" && "$1" -s list table ' + TABLE, "sh",
                                             self.nft, file.name))

    @staticmethod
    def written():
        try:
            with open(RULES, encoding="utf-8") as handle:
                return handle.read()
        except FileNotFoundError:
            return ""

    def pending(self):
        rc, _out, _err = self.run(["systemctl", "is-active", "--quiet", ROLLBACK + ".timer"])
        return rc == 0

    def load(self, text, rollback_s):
        """Loads rules that the host takes back by itself, unless keep() is called in time."""
        self.write(FORMER, again(self.listed()))
        self.done("systemd-run", "--quiet", "--collect", "--unit", ROLLBACK, "--description", "Takes unconfirmed firewall rules back",
                  "--on-active=%ds" % rollback_s, "--timer-property=AccuracySec=100ms", self.nft, "--file", FORMER)
        path = RUN + "/loading.nft"
        self.write(path, in_use(text, time.time()))
        try:
            self.done(self.nft, "--file", path)
        except Refused:
            self.run(["systemctl", "stop", ROLLBACK + ".timer"])
            raise

    def take_back(self):
        """At once, what nobody has confirmed."""
        self.run(["systemctl", "stop", ROLLBACK + ".timer"])
        self.done(self.nft, "--file", FORMER)

    def keep(self, text):
        """These rules are to stay, and to come at boot."""
        if not self.pending():
            raise Refused("the new rules have been taken back meanwhile")
        self.run(["systemctl", "stop", ROLLBACK + ".timer"])
        # It may have begun just before it was stopped.
        if self.listed() != self.tried(text):
            raise Refused("other rules than those to be confirmed are loaded")
        self.write(RULES, text)


def stranger(came, operators):
    """Why these rules would lock the controller out, None when they would not."""
    address = came.split()[0] if came else ""
    if address and not inside(address, operators):
        return ("firewall_operators is %s, and this run comes from %s, which could not get in any more: add it. Nothing was changed." % (
            ", ".join(map(str, operators)), address))
    return None

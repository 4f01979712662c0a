# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""The watchdog of a host's Tomcats: the service failover-tomcat-watchdog, started with the path of its configuration.

A Tomcat that was cut off takes the sessions of those it does not see any more for its own, as they take his. When they meet again, whoever
is first sends its copies to the other: older ones may replace newer ones, and no balancer can see that. So a Tomcat stands still (SIGSTOP)
while its machine is cut off. Afterwards, if another one has served meanwhile, it is killed and started: an empty one takes
all sessions from the others before it answers. If none has, nobody knows better, and it goes on as it was.
"""

from __future__ import annotations

import concurrent.futures
import subprocess
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import witnesses
from ansible_collections.failover.stack.plugins.module_utils._host.every import every
from ansible_collections.failover.stack.plugins.module_utils._web.modjk import answers_ping

PING_S = 0.3
# A stopped process shows in its state; systemd does not know.
STOPPED = ("T", "t")


def say(text):
    print(text, flush=True)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    if done.returncode:
        say("%s failed: %s" % (" ".join(command), (done.stderr or done.stdout).strip()))
    return done


def unsent(shown):
    """The own ports of those connections that ss shows with something that nobody has acknowledged."""
    lines = [line.split() for line in shown.splitlines()]
    return [int(words[3].rpartition(":")[2]) for words in lines if len(words) > 4 and int(words[2])]


class Instance:
    """One Tomcat: its unit, the AJP connectors of those with whom it shares sessions, the ports where these take them."""

    def __init__(self, given):
        self.unit, self.peers = given["unit"], [tuple(place) for place in given["peers"]]
        self.ports = given["ports"]

    def pid(self):
        done = run("systemctl", "show", "--property", "MainPID", "--value", self.unit)
        return int(done.stdout.strip() or 0)

    def stopped(self):
        """None when it does not run."""
        pid = self.pid()
        if not pid:
            return None
        try:
            with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
                return file.read().rpartition(")")[2].split()[0] in STOPPED
        except FileNotFoundError:
            return None

    def signal(self, name):
        run("systemctl", "kill", "--signal", name, self.unit)

    def stop(self):
        """It stands still, and what nobody has acknowledged, its kernel does not send again when the cable is back.

        The other connections stay: should it go on, a message that meets a broken one would be lost.
        """
        if self.stopped() is not False:
            return
        self.signal("SIGSTOP")
        for port in self.ports:
            shown = run("ss", "--no-header", "--tcp", "--numeric", "state", "connected", "dport = :%d" % port).stdout
            for own in unsent(shown):
                run("ss", "--kill", "--no-header", "--tcp", "--numeric", "state", "connected", "sport = :%d and dport = :%d" % (own, port))
        say("%s stands still: this machine is cut off." % self.unit)

    def renew(self):
        self.signal("SIGKILL")
        run("systemctl", "restart", "--no-block", self.unit)

    def go_on(self):
        self.signal("SIGCONT")


def anybody(places, seconds):
    """Who of these Tomcats answers first within the time; None when none does."""
    end = time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(8, len(places) or 1)) as pool:
        while places:
            for place, answers in zip(places, pool.map(lambda place: answers_ping(place[0], place[1], PING_S), places)):
                if answers:
                    return place
            if time.monotonic() >= end:
                break
            time.sleep(0.05)
    return None


def resume_or_restart(instance, seconds):
    """What becomes of one that stands still, now that others can be asked."""
    if not instance.stopped():
        return
    peer = anybody(instance.peers, seconds)
    if peer:
        say("%s is started anew: %s:%d has served while this machine was cut off." % (instance.unit, *peer))
        instance.renew()
        return
    # When all were cut off, those who are back a little later must not take this one for somebody who has served.
    time.sleep(seconds)
    say("%s goes on: no other Tomcat answers, so nobody has newer sessions." % instance.unit)
    instance.go_on()


class Watchdog:
    def __init__(self, instances, ask_s):
        self.instances, self.ask_s = instances, ask_s
        # What a watchdog before this one has left standing is settled first.
        self.cut = True
        self.stopped_at = 0.0

    def tick(self, cut, _witnesses, now):
        """One round; says whether it took time of its own."""
        if cut and (not self.cut or now - self.stopped_at >= 1):
            # Also those that systemd has started meanwhile.
            self.stopped_at = now
            for instance in self.instances:
                instance.stop()
        elif self.cut and not cut:
            every(lambda instance: resume_or_restart(instance, self.ask_s), self.instances, workers=len(self.instances))
        else:
            return False
        self.cut = cut
        return True


def main(*arguments):
    def watchdog_of(given):
        return Watchdog([Instance(one) for one in given["instances"]], given["ask_ms"] / 1000)

    return witnesses.main(arguments[0], watchdog_of, *arguments[1:])

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""Restarts a RabbitMQ node that paused in a partition, has its peers back, and does not go on; and one that is parted from most of its
peers though it reaches all of them.

RabbitMQ 3.10 on Erlang 25 can wait for ever in Erlang's name server (global:sync) when a partition has healed. Such a node runs, so systemd
sees nothing wrong, but it serves nobody. A node that stood still longer than the tick time and goes on (seen with 4.0) was never without
its neighbours, so pause_minority does nothing: it goes on beside the others, and both sides say "partition" from then on. Nothing else is
restarted: not a node that starts, is stopped, drained or alone.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import alive

EVERY_S = 5
# The process in which RabbitMQ waits for the end of a partition; an operator's stop_app has none.
PAUSED = "erlang:whereis(rabbit_outside_app_process) =/= undefined andalso not rabbit:is_running()."
# How many members the node knows itself to be parted from. Asking starts an Erlang of its own, a second of processor: only when its log
# says that there may be a partition, and now and then.
PARTED = "length(rabbit_node_monitor:partitions())."
SIGNS = (b"running_partitioned_network", b"starting_partitioned_network", b"artial partition")
ASK_ANYWAY_S, ASK_AGAIN_S, READ_AT_ONCE = 900, 10, 1 << 20
# Both sides go on accepting while it lasts, so this is shorter than what a paused node is granted.
PARTED_S = 15


def reachable(place):
    host, _colon, port = place.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), 2):
            return True
    except OSError:
        return False


def majority(peers_there, peers):
    """Whether this node and the peers that are there are more than half."""
    return 2 * (peers_there + 1) > peers + 1


class Stuck:
    """How long a node has had its majority back and served nobody."""

    def __init__(self, seconds):
        self.seconds, self.since = seconds, None

    def due(self, now, active, serving, with_majority):
        """True when it is time to ask the node itself."""
        if not active or serving or not with_majority:
            self.since = None
            return False
        self.since = now if self.since is None else self.since
        return now - self.since >= self.seconds


class Log:
    """What has been written into a file since the last look, also when it was rotated or emptied meanwhile."""

    def __init__(self, path):
        self.path, self.inode, self.read = path, None, 0
        self.grown()

    def grown(self):
        """The end of what is new, as bytes. A file that is not there has nothing new."""
        try:
            with open(self.path, "rb") as handle:
                now = os.fstat(handle.fileno())
                began = self.read if now.st_ino == self.inode and now.st_size >= self.read else 0
                handle.seek(max(began, now.st_size - READ_AT_ONCE))
                new = handle.read(READ_AT_ONCE)
                self.inode, self.read = now.st_ino, handle.tell()
        except OSError:
            return b""
        return new


class Parted:
    """Whether the node is parted from most of the others for good. It is asked when there was a sign, and until it is whole again."""

    def __init__(self, members):
        self.members, self.since, self.ask_at = members, None, 0

    def asks(self, now, sign, together):
        """Whether to ask the node. sign: its log says so; together: it serves, and all others can be reached."""
        if sign:
            self.ask_at = min(self.ask_at, now)
        if not together:
            self.since = None
        return together and now >= self.ask_at

    def due(self, now, separated):
        """True when it is to be restarted. separated: from how many it is parted; None when it does not say."""
        self.ask_at = now + (ASK_ANYWAY_S if separated == 0 else ASK_AGAIN_S)
        # Half of them is no minority: nobody could say whose side is right.
        if separated is None or 2 * separated <= self.members:
            self.since = None
            return False
        self.since = now if self.since is None else self.since
        return now - self.since >= PARTED_S


def active(unit):
    return subprocess.run(["systemctl", "is-active", "--quiet", unit], check=False).returncode == 0


def evaluated(words):
    """What the node says; None when it does not answer."""
    try:
        result = subprocess.run(["rabbitmqctl", "--quiet", "eval", words], capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def parted_from():
    """How many members the node is parted from; None when it does not say."""
    said = evaluated(PARTED)
    return int(said) if said is not None and said.isdigit() else None


def restart(unit, why):
    print("%s %s: it is restarted." % (unit, why), flush=True)
    # A node in this state does not stop in order either (minutes); what it alone has is in queues that the others do not follow. systemd
    # starts what was killed.
    subprocess.run(["systemctl", "kill", "--signal", "KILL", unit], check=True)


def main(*arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--serves", required=True, help="address:port of a client listener")
    parser.add_argument("--peer", action="append", default=[], help="address:port of another member's distribution")
    parser.add_argument("--unit", required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--log", required=True, help="the node's own log")
    options = parser.parse_args(arguments)
    stuck, parted, log = Stuck(options.seconds), Parted(len(options.peer) + 1), Log(options.log)
    while True:
        alive.beat()
        time.sleep(EVERY_S)
        serving = reachable(options.serves)
        there = sum(reachable(peer) for peer in options.peer)
        look_at_partition(parted, log, options.unit, serving and there == len(options.peer))
        look_at_pause(stuck, options, serving, serving or majority(there, len(options.peer)))


def look_at_partition(parted, log, unit, together):
    new = log.grown()
    if parted.asks(time.monotonic(), any(sign in new for sign in SIGNS), together):
        separated = parted_from()
        if parted.due(time.monotonic(), separated):
            restart(unit, "reaches all other members and has been parted from %d of them for %d s" % (separated, PARTED_S))
            parted.since = None


def look_at_pause(stuck, options, serving, there):
    if not stuck.due(time.monotonic(), serving or active(options.unit), serving, there):
        return
    said = evaluated(PAUSED)
    # One that does not answer is busy, and is asked again in a moment.
    if said is None:
        return
    if said == "true":
        restart(options.unit, "has had its majority back for %d s and does not go on" % options.seconds)
    stuck.since = None

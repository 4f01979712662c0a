# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""Restarts a RabbitMQ node that paused in a partition, has its peers back, and does not go on.

RabbitMQ 3.10 on Erlang 25 can wait for ever in Erlang's name server (global:sync) when a partition has healed. Such a node runs, so systemd
sees nothing wrong, but it serves nobody. Nothing else is restarted: not a node that starts, is stopped, drained or alone.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import alive

EVERY_S = 5
# The process in which RabbitMQ waits for the end of a partition; an operator's stop_app has none.
PAUSED = "erlang:whereis(rabbit_outside_app_process) =/= undefined andalso not rabbit:is_running()."


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


def active(unit):
    return subprocess.run(["systemctl", "is-active", "--quiet", unit], check=False).returncode == 0


def paused():
    """What the node says of itself; None when it does not answer."""
    result = subprocess.run(["rabbitmqctl", "--quiet", "eval", PAUSED], capture_output=True, text=True, timeout=120, check=False)
    return result.stdout.strip() == "true" if result.returncode == 0 else None


def main(*arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--serves", required=True, help="address:port of a client listener")
    parser.add_argument("--peer", action="append", default=[], help="address:port of another member's distribution")
    parser.add_argument("--unit", required=True)
    parser.add_argument("--seconds", type=int, required=True)
    options = parser.parse_args(arguments)
    stuck = Stuck(options.seconds)
    while True:
        alive.beat()
        time.sleep(EVERY_S)
        serving = reachable(options.serves)
        there = serving or majority(sum(reachable(peer) for peer in options.peer), len(options.peer))
        if not stuck.due(time.monotonic(), serving or active(options.unit), serving, there):
            continue
        try:
            is_paused = paused()
        except subprocess.TimeoutExpired:
            is_paused = None
        if is_paused is None:
            # A busy machine: it is asked again in a moment.
            continue
        if is_paused:
            print("%s has had its majority back for %d s and does not go on: it is restarted." % (
                options.unit, options.seconds), flush=True)
            # A node in this state does not stop in order either (minutes); it serves nobody, and systemd starts what was killed.
            subprocess.run(["systemctl", "kill", "--signal", "KILL", options.unit], check=True)
        stuck.since = None

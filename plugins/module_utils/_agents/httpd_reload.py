# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no module.log.
# pylint: disable=ansible-bad-function
"""What systemd does for a reload of httpd: lets go of connections that clients keep open, then reloads gracefully.

A graceful reload closes kept connections, a request that comes at that moment is lost. So httpd first announces the end of each with the
answer to its next request, which it does while a file is there, until none is left or their time (KeepAliveTimeout) is over.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time

from ansible_collections.failover.stack.plugins.module_utils._web.modjk import StatusError, ask, generation_of

PAUSE_S, ASK_S = 0.1, 2
# New processes serve within a second or two; who keeps a connection with one of the old ones until then would lose it.
SERVE_S = 15
# Processes share their listening sockets: when so many answers in a row are of new ones, no old one accepts any more.
IN_A_ROW = 10
ESTABLISHED = "01"


def connections(text, ports):
    """Who is connected to one of these ports, by a text as of /proc/net/tcp: {(own end, the other end)}."""
    found = set()
    for line in text.splitlines()[1:]:
        _slot, own, other, state = line.split()[:4]
        if state == ESTABLISHED and int(own.rpartition(":")[2], 16) in ports:
            found.add((own, other))
    return found


def connected(ports):
    found = set()
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as handle:
            found |= connections(handle.read(), ports)
    return found


def wait(what, seconds):
    """Whether it came true in time."""
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() >= until:
            return False
        time.sleep(PAUSE_S)
    return True


class Generations:
    """Whether httpd's new processes serve, by its status page; without an answer nobody knows."""

    def __init__(self, url):
        self.url, self.before, self.others = url, None, 0
        self.before = self.now()

    def now(self):
        with contextlib.suppress(StatusError):
            return generation_of(ask(self.url, ASK_S, auto=""))
        return None

    def are_new(self):
        now = self.now()
        self.others = self.others + 1 if now not in (None, self.before) else 0
        return self.others >= IN_A_ROW


def reload(options, run=subprocess.call):
    """The reload's exit status. Without a status page it is only less gentle."""
    with open(options.closing_file, "w", encoding="ascii"):
        pass
    try:
        # Whoever comes from now on is not kept, so those that were there before are all that a reload could cut off. (The count on the
        # status page, ConnsAsyncKeepAlive, is that of some seconds ago.)
        before = connected(options.port)
        wait(lambda: not before & connected(options.port), options.kept_s)
        generations = Generations(options.url)
        code = run(options.command)
        if code == 0 and generations.before and not wait(generations.are_new, SERVE_S):
            print("No new processes of httpd serve %s within %d s: see its error log." % (options.url, SERVE_S), file=sys.stderr)
            return 1
        return code
    finally:
        os.unlink(options.closing_file)


def main(*arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True, help="httpd's status page")
    parser.add_argument("--port", type=int, action="append", required=True, help="where visitors connect to")
    parser.add_argument("--closing-file", required=True, help="while it is there httpd keeps no connection")
    parser.add_argument("--kept-s", type=float, required=True, help="how long httpd keeps one")
    parser.add_argument("command", nargs="+", help="what reloads httpd")
    return reload(parser.parse_args(arguments))

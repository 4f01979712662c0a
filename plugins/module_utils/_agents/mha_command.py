# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no module.log.
# pylint: disable=ansible-bad-function
"""What sshd runs on a database host for an MHA key, whatever was asked for: looks whether MHA runs that, and runs it. No shell.

Started as `mha_command manager` or `mha_command member`, by whose key it was; with `client` it is MHA's mysql.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import syslog

from ansible_collections.failover.stack.plugins.module_utils._mha import commands
from ansible_collections.failover.stack.plugins.module_utils._mha.config import BIN, ENVIRONMENT, MEMBER_CONFIG, SOCKET, WORK

REFUSED, FAILED, NOBODY = 126, 1, 69


def limits_of(config):
    return commands.Limits(config["user"], config["peers"], config["own"], config["port"], WORK, BIN, config["logs"])


def asked(request, streams=()):
    """The agent's reply; None when it does not answer."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
            one.connect(SOCKET)
            socket.send_fds(one, [json.dumps(request).encode()], list(streams))
            with one.makefile("rb") as answer:
                return json.loads(answer.readline())
    except (OSError, ValueError):
        return None


def told(reply):
    """Prints it; how to end."""
    print(json.dumps(reply if reply else {"failed": "the service failover-mha-member does not answer"}, sort_keys=True), flush=True)
    return NOBODY if reply is None else FAILED if "failed" in reply else 0


def client(words):
    """A version is told in MySQL's words, which MHA understands."""
    if words == ["--version"]:
        print("mysql  Ver 15.1 Distrib 10.11.0-MariaDB, for Linux", flush=True)
        return 0
    reply = asked({"do": "client", "words": words}, [0, 1, 2])
    if not reply or "failed" in reply:
        sys.stderr.write("%s\n" % (reply or {"failed": "the service failover-mha-member does not answer"})["failed"])
        return NOBODY
    return reply["code"]


def run(whose, line, config):
    syslog.openlog("failover-mha", 0, syslog.LOG_AUTH)
    try:
        found = commands.admitted(line, whose, limits_of(config))
    except commands.Refused as reason:
        syslog.syslog(syslog.LOG_WARNING, "refused to the key of a %s: %s; it asked for: %s" % (whose, reason, line[:400]))
        sys.stderr.write("failover-mha: refused: %s\n" % reason)
        return REFUSED
    syslog.syslog(syslog.LOG_INFO, "for a %s: %s" % (whose, line[:400]))
    if found.ask:
        return told(asked({"do": found.ask[0], "with": found.ask[1]}))
    os.umask(0o077)
    os.execvpe(found.argv[0], found.argv, ENVIRONMENT)
    return FAILED


def main(whose, *words):
    if whose == "client":
        return client(list(words))
    with open(MEMBER_CONFIG, encoding="utf-8") as handle:
        config = json.load(handle)
    return run(whose, os.environ.get("SSH_ORIGINAL_COMMAND", ""), config)

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs keepalived on a director: SO_LINGER stays what it is, every other option works. With this machine's own kernel."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest
from ansible_collections.failover.stack.plugins.lookup.program import read
from ansible_collections.failover.stack.plugins.module_utils._agents import keepalived_run as run
from ansible_collections.failover.stack.plugins.module_utils._agents import runtime

PROBE = """
import socket, struct
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))
s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
s.setsockopt(socket.IPPROTO_TCP, 13, b"reno")  # The same number of another level.
print(*struct.unpack("ii", s.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)), s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
"""


def ask(*before):
    return subprocess.run([*before, sys.executable, "-c", PROBE], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def test_without_it_the_option_is_set():
    assert ask() == "1 5 1"


def test_with_it_the_call_succeeds_and_does_nothing(tmp_path):
    if platform.machine() not in run.MACHINES:
        pytest.skip("only for " + ", ".join(run.MACHINES))
    for path, text in runtime.files("_agents.keepalived_run", read).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert ask(sys.executable, "-BI", str(tmp_path / runtime.RUN), "_agents.keepalived_run") == "0 0 1"


def test_every_comparison_leads_to_the_end_or_the_next():
    code, steps = run.program(*run.MACHINES["x86_64"])
    words = [tuple(run.struct.unpack("=HBBI", code[at:at + 8])) for at in range(0, len(code), 8)]
    assert len(words) == steps
    for place, (kind, yes, no, _value) in enumerate(words):
        if kind == run.EQUAL:
            assert yes == 0 and words[place + 1 + no] == (run.RETURN, 0, 0, run.ALLOW)


def test_an_unknown_machine_is_told_and_served_without():
    assert run.install("s390x") == "the numbers of system calls of s390x are not known here"

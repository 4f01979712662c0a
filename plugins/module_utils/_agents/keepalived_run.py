# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""PROGRAM [ARGUMENT...]: becomes the program, which then cannot set SO_LINGER: its calls succeed and do nothing.

keepalived's checkers set it to 5 s (socket_bind_connect, seen in 2.2.7 and 2.3.3), and closing the connection to a server that vanished
during a check then waits so long for an answer, even on a socket that does not block. All checks are one process: meanwhile it takes
nobody out. Without it the kernel ends such a connection by itself. The means is a filter of system calls (seccomp(2)), which the programs
that keepalived starts (checks, notify scripts) inherit.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

# linux/audit.h and each architecture's number of setsockopt.
MACHINES = {"x86_64": (0xC000003E, 54), "aarch64": (0xC00000B7, 208)}
SOL_SOCKET, SO_LINGER = 1, 13
# struct seccomp_data: number of the call, architecture, pointer, arguments of 8 bytes; both machines have the low half first.
NUMBER, ARCHITECTURE, LEVEL, OPTION = 0, 4, 16 + 8, 16 + 16
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, SUCCEED = 0x7FFF0000, 0x00050000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2


def program(architecture, number):
    """Each comparison that does not hold goes to the end, where everything is allowed."""
    tests = [(ARCHITECTURE, architecture), (NUMBER, number), (LEVEL, SOL_SOCKET), (OPTION, SO_LINGER)]
    steps = []
    for place, (offset, value) in enumerate(tests):
        steps += [(LOAD, 0, 0, offset), (EQUAL, 0, 2 * (len(tests) - place) - 1, value)]
    steps += [(RETURN, 0, 0, SUCCEED), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps), len(steps)


def install(machine):
    """Why it cannot be done, or nothing."""
    if machine not in MACHINES:
        return "the numbers of system calls of %s are not known here" % machine
    code, steps = program(*MACHINES[machine])
    held = ctypes.create_string_buffer(code, len(code))
    given = ctypes.create_string_buffer(struct.pack("@HP", steps, ctypes.addressof(held)))
    call = ctypes.CDLL(None, use_errno=True).prctl
    arguments = [ctypes.c_ulong(FILTER), ctypes.byref(given), ctypes.c_ulong(0), ctypes.c_ulong(0)]
    if call(PR_SET_SECCOMP, *arguments) == 0:
        return ""
    if ctypes.get_errno() != errno.EACCES:
        return os.strerror(ctypes.get_errno())
    # A container without CAP_SYS_ADMIN: allowed to who gives up what set-user-id programs would add.
    call(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))
    return "" if call(PR_SET_SECCOMP, *arguments) == 0 else os.strerror(ctypes.get_errno())


def main(*command):
    problem = install(platform.machine())
    if problem:
        print("keepalived-run: %s, so a server that vanishes during a check holds up the others for 5 s." % problem, flush=True)
    os.execv(command[0], command)

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# A program of its own, not a module: there is no run_command.
# pylint: disable=ansible-bad-function
"""Writes a snapshot of this host's etcd member, whole or not at all, and removes the oldest ones. Run by a timer; ends."""

from __future__ import annotations

import argparse
import base64
import contextlib
import os
import sys
import time

from ansible_collections.failover.stack.plugins.module_utils._etcd import snapshot
from ansible_collections.failover.stack.plugins.module_utils._etcd.accounts import ROOT
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import Api, ApiError
from ansible_collections.failover.stack.plugins.module_utils._etcd.state import status_of

# Between two parts of the stream.
SILENCE_S = 60


def arguments(words):
    parser = argparse.ArgumentParser(prog="etcd_snapshot")
    for name in ("host", "url", "ca", "password-file", "directory"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--keep", type=int, required=True)
    return parser.parse_args(words)


def read_password(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read().rstrip("\n")


def write(api, path):
    """All that the member sends, on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        for part in api.lines("maintenance/snapshot"):
            handle.write(base64.b64decode(part.get("blob", "")))
        handle.flush()
        os.fsync(handle.fileno())


def settle(directory):
    """A name is on the disk when its directory is."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def take(given, api=None, now=time.time):
    """The path of the new snapshot; raises ApiError, OSError or ValueError with why there is none."""
    api = api or Api(given.url, given.ca, SILENCE_S)
    api.login_as(ROOT, [read_password(given.password_file)])
    # Before the snapshot, which has at least that.
    revision = status_of(api.call("maintenance/status"))["revision"]
    temporary = os.path.join(given.directory, ".new-%d" % os.getpid())
    try:
        write(api, temporary)
        wrong = snapshot.objection(temporary)
        if wrong:
            raise ValueError("The snapshot that was sent is none: %s." % wrong)
        path = os.path.join(given.directory, snapshot.name_of(given.host, now(), revision))
        os.rename(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    settle(given.directory)
    return path


def tidy(given):
    """The oldest beyond --keep, and what a broken-off run left."""
    for name in [*snapshot.surplus(given.directory, given.keep), *(one for one in os.listdir(given.directory) if one.startswith(".new-"))]:
        os.unlink(os.path.join(given.directory, name))


def main(*words):
    given = arguments(words)
    try:
        path = take(given)
        tidy(given)
    except (ApiError, OSError, ValueError) as error:
        print("%s: no snapshot was written: %s" % (given.url, error), file=sys.stderr)
        return 1
    print("%s: %d bytes" % (path, os.stat(path).st_size))
    return 0

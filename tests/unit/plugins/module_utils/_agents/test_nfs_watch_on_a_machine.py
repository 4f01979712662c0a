# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mounting on a real kernel, in a view of the file system that is this test's own, where this machine makes one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap

import pytest

UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "--propagation", "shared"]
PROGRAM = """
import json, os, subprocess, threading
from ansible_collections.failover.stack.plugins.module_utils._agents import nfs_watch as watch
place, keep = %r, %r
found = []
def mounted(path, whose="self"):
    return any(line.split()[4] == path for line in watch.mountinfo(whose).splitlines())
%s
print(json.dumps(found))
"""


@pytest.fixture
def machine(tmp_path):
    """machine(program text) -> what it put into `found`; `place` is a mounted file system, `keep` an empty directory."""
    if not shutil.which("unshare") or subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", str(tmp_path)], capture_output=True,
                                                     check=False).returncode:
        pytest.skip("nobody mounts here")
    place, keep = tmp_path / "place", tmp_path / "keep"
    place.mkdir()
    keep.mkdir()

    def run(program):
        whole = PROGRAM % (str(place), str(keep), textwrap.dedent(program))
        done = subprocess.run([*UNSHARE, "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', str(place), sys.executable, "-c", whole],
                              capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_a_hand_on_a_file_system_is_in_our_view_alone(machine):
    assert machine("""
        others = subprocess.Popen(["sleep", "30"])
        mounts = watch.Mounts()
        mounts.separate()
        mounts.bind(place, keep)
        found.append([mounted(keep), mounted(keep, others.pid), mounted(place, others.pid)])
        mounts.detach(keep)
        found.append([mounted(keep), mounted(place), mounted(place, others.pid)])
        others.kill()
    """) == [[True, False, True], [False, True, True]]


def test_what_others_see_is_detached_by_a_thread_in_their_view(machine):
    """Somebody has a file open there: it goes all the same, and he keeps his file."""
    result = machine("""
        open(place + "/page", "w").write("page")
        others = subprocess.Popen(["sh", "-c", "exec 3< %s/page; echo ready; sleep 30" % place], stdout=subprocess.PIPE, text=True)
        others.stdout.readline()
        mounts = watch.Mounts()
        mounts.separate()
        mounts.bind(place, keep)
        failed = []
        def detach():
            try:
                mounts.detach_others(place)
            except OSError as error:
                failed.append(str(error))
        def seen():
            thread = threading.Thread(target=detach)
            thread.start()
            thread.join(10)
            return mounted(place, others.pid)
        # What is no NFS is somebody else's.
        stays = seen()
        watch.device_of = lambda mountinfo, where: any(line.split()[4] == where for line in mountinfo.splitlines())
        goes = not seen()
        found.append(failed)
        found.append([stays, goes, os.path.exists("/proc/%d/fd/3" % others.pid), mounted(keep)])
        others.kill()
    """)
    if any("setns" in words for words in result[0]):
        pytest.skip("this kernel lets nobody back: %s" % result[0])
    assert result == [[], [True, True, True, True]]


def test_what_cannot_be_mounted_or_detached_is_said_with_its_place(machine):
    errors = machine("""
        mounts = watch.Mounts()
        mounts.separate()
        for act in (lambda: mounts.bind(place + "/nowhere", keep), lambda: mounts.detach(keep)):
            try:
                act()
                found.append("done")
            except OSError as error:
                found.append(str(error))
    """)
    assert errors[0].endswith("/keep: No such file or directory") and "mount --bind" in errors[0]
    assert errors[1].endswith("/keep: Invalid argument") and "umount -l" in errors[1]


def test_what_is_held_stays_when_it_is_forced(machine):
    """Without a hand on it the kernel would unmount it, and end it with its last mount."""
    assert machine("""
        mounts = watch.Mounts()
        mounts.separate()
        for hand in (True, False):
            mounts.bind(place, keep)
            handle = os.open(keep, os.O_PATH) if hand else None
            mounts.force(keep)
            found.append(mounted(keep))
            if hand:
                os.close(handle)
                mounts.detach(keep)
        found.append(mounted(place))
    """) == [True, False, True]

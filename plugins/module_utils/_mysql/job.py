# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work on a node as a transient systemd unit, so that it does not die with the connection that began it.

The module writes the program with what it imports, and its settings, into a root-only directory under /run and starts it; the program keeps
state.json there. Nothing of it outlives a boot.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import runtime
from ansible_collections.failover.stack.plugins.module_utils._host import beneath
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure

BASE = "/run/failover-mysql"


def home(name):
    return os.path.join(BASE, name)


def unit(name):
    return "failover-mysql-%s.service" % name


def write(path, text, mode=0o600):
    """Whole or not at all, and never readable by others, not even for a moment."""
    beneath.write(path, text, mode)


def read_json(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return json.load(handle)
    except (OSError, ValueError):
        return None


class Progress:
    """The state of a job: its phases with seconds, bytes done and to do, and how it ended."""

    def __init__(self, path, clock=time.time, write_every=0.5):
        self.path, self.clock, self.write_every, self.written = path, clock, write_every, 0.0
        self.state = {"phase": "", "started": clock(), "phase_started": clock(), "done": 0, "total": 0, "phases": [],
                      "note": "", "finished": False, "error": "", "result": {}}

    def phase(self, name, total=0):
        self._close()
        self.state.update(phase=name, phase_started=self.clock(), done=0, total=total, note="")
        self._write()

    def count(self, done, total=None):
        self.state["done"] = done
        if total is not None:
            self.state["total"] = total
        if self.clock() - self.written >= self.write_every:
            self._write()

    def note(self, text):
        self.state["note"] = text
        self.count(self.state["done"])

    def finish(self, result):
        self._close()
        self.state.update(finished=True, result=result)
        self._write()

    def fail(self, sentence):
        self._close()
        self.state.update(finished=True, error=sentence)
        self._write()

    def _close(self):
        if self.state["phase"]:
            self.state["phases"].append({"name": self.state["phase"], "bytes": self.state["done"],
                                         "seconds": round(self.clock() - self.state["phase_started"], 2)})
            self.state["phase"] = ""

    def _write(self):
        self.written = self.clock()
        self.state["now"] = self.written
        write(self.path, json.dumps(self.state))


@contextlib.contextmanager
def undisturbed():
    """What is being undone is undone to its end: an order to stop is not heard meanwhile, neither here nor by what is started."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def work(directory, perform):
    """The program's main: performs and leaves the end in the state, whatever that is."""
    def stop(_number, _frame):
        raise Failure("it was stopped")

    signal.signal(signal.SIGTERM, stop)
    progress = Progress(os.path.join(directory, "state.json"))
    settings = read_json(os.path.join(directory, "settings.json"))
    # They may hold a password; nobody needs them again.
    os.unlink(os.path.join(directory, "settings.json"))
    try:
        progress.finish(perform(settings, progress))
    except Failure as failure:
        progress.fail(str(failure))
        return 1
    except Exception as error:  # the state must tell, whatever it was
        progress.fail("%s: %s" % (type(error).__name__, error))
        raise
    return 0


def lay_out(directory, texts):
    """The program's files below the directory."""
    for path, text in texts.items():
        place = os.path.join(directory, path)
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        write(place, text)


def prepare(name):
    """The job's own empty directory."""
    os.makedirs(BASE, mode=0o700, exist_ok=True)
    shutil.rmtree(home(name), ignore_errors=True)
    os.mkdir(home(name), 0o700)
    return home(name)


def start(run, name, entry, settings, properties=()):
    """Start module_utils' module `entry` (dotted) as the job's unit; its directory is there already."""
    directory = home(name)
    program = os.path.join(directory, "lib")
    lay_out(program, runtime.files(entry, runtime.read_package))
    write(os.path.join(directory, "settings.json"), json.dumps(settings))
    run(["systemctl", "reset-failed", unit(name)])
    command = ["systemd-run", "--quiet", "--unit=" + unit(name), "--property=Nice=5", "--property=IOSchedulingPriority=6",
               "--property=TimeoutStopSec=20", "--setenv=LC_ALL=C.UTF-8"]
    command += ["--property=" + each for each in properties]
    code, _out, err = run([*command, sys.executable, "-BI", os.path.join(program, runtime.RUN), entry, directory])
    if code:
        raise Failure("systemd did not start %s: %s" % (unit(name), err.strip()))


def active(run, name):
    return run(["systemctl", "is-active", unit(name)])[1].strip() in ("active", "activating", "deactivating", "reloading")


def status(run, name):
    """The job's state; a job that died without a word is finished with an error."""
    running = active(run, name)
    # Read after asking: a job that ends in between has left its state by then.
    state = read_json(os.path.join(home(name), "state.json"))
    if state is None:
        state = {"finished": not running, "error": "" if running else "there is no such job", "phase": "starting", "phases": [],
                 "done": 0, "total": 0, "result": {}}
    elif not state["finished"] and not running:
        journal = run(["journalctl", "--no-pager", "--output=cat", "--lines=3", "--unit=" + unit(name)])[1]
        state.update(finished=True, error="%s died in phase '%s' (%s)" % (unit(name), state["phase"], " ".join(journal.split())))
    return dict(state, running=running)


def stop(run, name):
    run(["systemctl", "stop", unit(name)])
    run(["systemctl", "reset-failed", unit(name)])

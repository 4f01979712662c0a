# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook as a drill's fault: its command line, what its output says, and the journal of what must be undone."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def place(playbook, directory):
    """An absolute path stays, a relative one is in the directory."""
    return os.path.normpath(os.path.join(directory, playbook))


def command_line(command, playbook, variables_file=None):
    more = ["--extra-vars", "@" + variables_file] if variables_file else []
    return list(command) + more + [playbook]


def changed_hosts(output):
    """Hosts that the recap calls changed."""
    return re.findall(r"(?m)^(\S+)\s*: ok=\d+\s+changed=[1-9]", COLOUR.sub("", output))


def tail(output, lines=20):
    """The last lines, where the reason stands; from the first failed task on when the output has one."""
    every = [line.rstrip() for line in COLOUR.sub("", output).splitlines() if line.strip()]
    reasons = [n for n, line in enumerate(every) if line.startswith(("fatal:", "[ERROR]", "ERROR!"))]
    start = reasons[0] if reasons else len(every) - lines
    return every[max(0, start) :][:lines]


def wait_for(command, seconds, config):
    """(output, what is wrong) of a process in a group of its own, which is ended as a whole at the time limit."""
    options = {"env": dict(os.environ, ANSIBLE_CONFIG=config) if config else None}
    options.update({"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT})
    try:
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function  # run_command cannot end the whole group
            command, start_new_session=True, **options)
    except OSError as error:
        return b"", "could not be started: %s" % error
    try:
        output, _nothing = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=patience)[0], "took longer than %d s" % seconds
        return b"", "took longer than %d s and did not end" % seconds
    return output, "failed with status %d" % process.returncode if process.returncode else ""


class Journal:
    """The playbooks that mend what a drill breaks, those that have not run yet: it outlives an interrupted run."""

    def __init__(self, path):
        self.path = path

    def keep(self, steps):
        if not steps:
            self.forget()
            return
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path + ".new", "w") as handle:
            json.dump(steps, handle)
        os.rename(self.path + ".new", self.path)

    def read(self):
        """The steps in order."""
        try:
            with open(self.path) as handle:
                found = json.load(handle)
        except (OSError, ValueError):
            return []
        return found if isinstance(found, list) else [found]

    def forget(self):
        if os.path.exists(self.path):
            os.unlink(self.path)


def due(steps, left):
    """How many steps of a journal to take so that so many are left for later; all of them when left is 0."""
    return steps[: max(0, len(steps) - left)]

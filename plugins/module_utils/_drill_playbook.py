# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook as a drill's fault: its command line, what its output says, and the journal of what must be undone."""

from __future__ import annotations

import json
import os
import re

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

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is broken and has not been healed yet, in files that outlive an interrupted run.

    <directory>/run/           is there while a run is under way
    <directory>/run/broken     what this run's drills have broken so far: [{host, unit} or {host, path, unit}]
    <directory>/<drill>.json   the playbooks that answer or mend a drill and have not run yet, in their order
"""

from __future__ import annotations

import glob
import json
import os
import shutil

from ansible_collections.failover.stack.plugins.module_utils._host.json_file import write_json


class Unreadable(Exception):
    """What is still to be healed is not known, in a sentence."""


def read(path):
    """A list of dictionaries, empty without a file. What cannot be read is not nothing: somebody has to look."""
    try:
        with open(path, encoding="utf-8") as handle:
            found = json.load(handle)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise Unreadable("%s cannot be read (%s): heal by hand what the drill has broken, then remove the file" % (path, error)) from error
    # One of an older release holds a single step.
    found = found if isinstance(found, list) else [found]
    if not all(isinstance(one, dict) for one in found):
        raise Unreadable("%s holds no list of dictionaries: heal by hand what the drill has broken, then remove the file" % path)
    return found


class Journal:
    """The playbooks of one drill: [{playbook, vars}]; the one that answers the fault, the first where there is one, has answer: true."""

    def __init__(self, path):
        self.path = path

    def keep(self, steps):
        if steps:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            write_json(self.path, steps)
        elif os.path.exists(self.path):
            os.unlink(self.path)

    def read(self):
        """The steps in order."""
        return read(self.path)

    def answer(self):
        """The playbook that must run before units are started again, None without one."""
        return next((step for step in self.read() if step.get("answer")), None)

    def answered(self):
        self.keep([step for step in self.read() if not step.get("answer")])


class Unhealed:
    def __init__(self, directory):
        self.directory, self.run = directory, os.path.join(directory, "run")

    def journal(self, drill):
        return Journal(os.path.join(self.directory, drill + ".json"))

    def journals(self):
        return [Journal(path) for path in sorted(glob.glob(os.path.join(glob.escape(self.directory), "*.json")))]

    def left(self):
        """Whether a run did not come to its end."""
        return os.path.isdir(self.run) or bool(self.journals())

    def mark(self):
        os.makedirs(self.run, exist_ok=True)

    def unmark(self):
        shutil.rmtree(self.run)

    def broken(self):
        return read(os.path.join(self.run, "broken"))

    def breaks(self, things):
        """Before they are broken."""
        known = self.broken()
        write_json(os.path.join(self.run, "broken"), known + [thing for thing in things if thing not in known])

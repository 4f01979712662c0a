# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook as a part of a drill (a fault, an operator's answer, what mends it), in a process of its own, with the same inventory."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time

# Seconds for a process to end by itself.
PATIENCE_S = 10
FAILED = "failed "
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def place(playbook, directory):
    """An absolute path stays, a relative one is in the directory."""
    return os.path.normpath(os.path.join(directory, playbook))


def command_line(command, playbook, variables_file=None):
    more = ["--extra-vars", "@" + variables_file] if variables_file else []
    return list(command) + more + [playbook]


def tail(output, lines=20):
    """The last lines, where the reason stands; from the first failed task on when the output has one."""
    every = [line.rstrip() for line in COLOUR.sub("", output).splitlines() if line.strip()]
    reasons = [n for n, line in enumerate(every) if line.startswith(("fatal:", "[ERROR]", "ERROR!"))]
    start = reasons[0] if reasons else len(every) - lines
    return every[max(0, start) :][:lines]


def wait_for(command, seconds, config):
    """(output, what is wrong) of a process in a group of its own, which ends as a whole at the time limit.

    An interruption waits for it: one that is broken off leaves what it was at half done, a web node drained, its lock taken.
    """
    until = time.monotonic() + seconds
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
        output = ended(process)
        return output or b"", "took longer than %d s%s" % (seconds, " and did not end" if output is None else "")
    except BaseException:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=max(0.0, until - time.monotonic()))
        ended(process)
        raise
    return output, FAILED + "with status %d" % process.returncode if process.returncode else ""


def ended(process):
    """Ends a process and its group; its output, None when it lives on."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=PATIENCE_S)[0]
    return None


class PlaybookFailed(Exception):
    """What a playbook said before it failed."""


def objection(step, output, why):
    """What was not as the step says: fails (it has to end as failed), says (a pattern of what it has to say); empty when all was."""
    if why and not (step.get("fails") and why.startswith(FAILED)):
        return why
    if step.get("fails") and not why:
        return "succeeded, which it must not"
    if step.get("says") and not re.search(step["says"], " ".join(COLOUR.sub("", output).split())):
        return "did not say '%s'" % step["says"]
    return ""


def run(step, command, directory, config, seconds):
    """(at, done) of a playbook. step: playbook, vars, fails, says."""
    path = place(step["playbook"], directory)
    if not os.path.exists(path):
        raise PlaybookFailed("there is no playbook %s: correct the drill's playbook" % path)
    variables = step.get("vars") or {}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as given:
        json.dump(variables, given)
        given.flush()
        at = time.time()
        output, why = wait_for(command_line(command, path, given.name if variables else None), seconds, config)
    said = output.decode(errors="replace")
    wrong = objection(step, said, why)
    if wrong:
        raise PlaybookFailed("\n".join(["%s %s" % (path, wrong), *tail(said)]))
    return at, time.time()

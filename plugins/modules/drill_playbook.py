#!/usr/bin/python

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_playbook
short_description: Run a playbook as the fault of a drill, or to undo it, and say exactly when
description:
  - Runs on the controller, in a process of its own with the same inventory.
  - What undoes the fault is written down in a journal before it begins, so that the next run can do it after an interruption.
version_added: 0.2.0
author:
  - The failover.stack founders (@failover-stack)
options:
  act:
    description: V(break) runs O(playbook). V(heal) runs what the journal holds, nothing if there is nothing.
    type: str
    choices: [break, heal]
    required: true
  command:
    description: The words in front of the playbook, inventory included.
    type: list
    elements: str
    required: true
  directory:
    description: Where relative playbooks are.
    type: path
    required: true
  playbook:
    description: The playbook of O(act=break).
    type: str
    default: ""
  vars:
    description: Variables for it. They are handed over in a file; no secrets.
    type: dict
    default: {}
  heal:
    description: What undoes it.
    type: dict
    suboptions:
      playbook:
        description: The playbook.
        type: str
        required: true
      vars:
        description: Variables for it.
        type: dict
        default: {}
  journal:
    description: The journal of this drill.
    type: path
    required: true
  time_limit_s:
    description: Longest run in seconds.
    type: int
    default: 300
attributes:
  check_mode:
    description: Nothing is run in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Drain a real server
  failover.stack.drill_playbook:
    act: break
    command: [ansible-playbook, -i, inventories/lab]
    directory: playbooks
    playbook: drain.yml
    vars: {drain_host: web1}
    heal: {playbook: undrain.yml, vars: {drain_host: web1}}
    journal: reports/unhealed/drain.json
  delegate_to: localhost
"""

RETURN = r"""
at:
  description: Seconds since the epoch when it began; 0 when there was nothing to do.
  returned: always
  type: float
done:
  description: When it was over.
  returned: always
  type: float
hosts:
  description: Hosts that it changed.
  returned: always
  type: list
  elements: str
"""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils import _drill_playbook as playbooks

HEAL = {"playbook": {"type": "str", "required": True}, "vars": {"type": "dict", "default": {}}}


def wait_for(command, seconds):
    """(output, what is wrong) of a process in a group of its own, which is ended as a whole at the time limit."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
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


def run(module, playbook, variables):
    """(at, done, hosts) of one playbook; fails with the reason in its output."""
    p = module.params
    path = playbooks.place(playbook, p["directory"])
    if not os.path.exists(path):
        module.fail_json(msg="there is no playbook %s: correct the drill's playbook" % path, at=0, done=0)
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=module.tmpdir) as given:
        json.dump(variables, given)
        given.flush()
        command = playbooks.command_line(p["command"], path, given.name if variables else None)
        at = time.time()
        output, why = wait_for(command, p["time_limit_s"])
    done, text = time.time(), output.decode(errors="replace")
    if why:
        module.fail_json(msg="\n".join(["%s %s" % (path, why), *playbooks.tail(text)]), at=at, done=done)
    return at, done, playbooks.changed_hosts(text)


def main():
    module = AnsibleModule(
        argument_spec={
            "act": {"type": "str", "choices": ["break", "heal"], "required": True},
            "command": {"type": "list", "elements": "str", "required": True},
            "directory": {"type": "path", "required": True},
            "playbook": {"type": "str", "default": ""},
            "vars": {"type": "dict", "default": {}},
            "heal": {"type": "dict", "options": HEAL},
            "journal": {"type": "path", "required": True},
            "time_limit_s": {"type": "int", "default": 300},
        },
        required_if=[("act", "break", ["playbook"])],
        supports_check_mode=True,
    )
    p, journal, at, done, hosts = module.params, playbooks.Journal(module.params["journal"]), 0.0, 0.0, []
    task = {"playbook": p["playbook"], "vars": p["vars"]} if p["act"] == "break" else journal.read()
    if task and not module.check_mode:
        if p["act"] == "break" and p["heal"]:
            journal.keep(p["heal"])
        at, done, hosts = run(module, task["playbook"], task.get("vars") or {})
        if p["act"] == "heal":
            journal.forget()
    module.exit_json(changed=bool(hosts), at=at, done=done, hosts=hosts)


if __name__ == "__main__":
    main()

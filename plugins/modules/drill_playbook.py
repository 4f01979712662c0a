#!/usr/bin/python

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_playbook
short_description: Run a playbook as part of a drill, and say exactly when
description:
  - Runs on the controller, in a process of its own with the same inventory.
  - What mends a drill is written down in a journal before it begins, so that the next run can do it after an interruption.
version_added: 0.2.0
author:
  - The failover.stack founders (@failover-stack)
options:
  act:
    description:
      - V(keep) writes O(steps) into the journal. V(run) runs O(playbook).
      - V(heal) runs what the journal holds, in order, and strikes out each step that has been taken; nothing if there is nothing.
    type: str
    choices: [keep, run, heal]
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
    description: The playbook of O(act=run).
    type: str
    default: ""
  vars:
    description: Variables for it. They are handed over in a file; no secrets.
    type: dict
    default: {}
  steps:
    description: With O(act=keep), the playbooks that mend the drill.
    type: list
    elements: dict
    default: []
    suboptions:
      playbook:
        description: The playbook.
        type: str
        required: true
      vars:
        description: Variables for it.
        type: dict
        default: {}
  left:
    description: With O(act=heal), how many of the last steps stay in the journal for later.
    type: int
    default: 0
  journal:
    description: The journal of this drill.
    type: path
    default: ""
  config:
    description: Its configuration file; the one it finds by itself when empty.
    type: path
    default: ""
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
    act: run
    command: [ansible-playbook, -i, inventories/lab]
    directory: playbooks
    playbook: drain.yml
    vars: {drain_host: web1}
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

import json
import os
import tempfile
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils import _drill_playbook as playbooks

STEP = {"playbook": {"type": "str", "required": True}, "vars": {"type": "dict", "default": {}}}


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
        output, why = playbooks.wait_for(command, p["time_limit_s"], p["config"])
    done, text = time.time(), output.decode(errors="replace")
    if why:
        module.fail_json(msg="\n".join(["%s %s" % (path, why), *playbooks.tail(text)]), at=at, done=done)
    return at, done, playbooks.changed_hosts(text)


def heal(module, journal):
    """Takes the steps of a journal; one that fails stays in it, with all after it."""
    at, done, hosts, steps = 0.0, 0.0, [], journal.read()
    for number, step in enumerate(playbooks.due(steps, module.params["left"])):
        began, done, changed = run(module, step["playbook"], step.get("vars") or {})
        at, hosts = at or began, hosts + changed
        journal.keep(steps[number + 1 :])
    return at, done, sorted(set(hosts))


def main():
    module = AnsibleModule(
        argument_spec={
            "act": {"type": "str", "choices": ["keep", "run", "heal"], "required": True},
            "command": {"type": "list", "elements": "str", "required": True},
            "directory": {"type": "path", "required": True},
            "playbook": {"type": "str", "default": ""},
            "vars": {"type": "dict", "default": {}},
            "steps": {"type": "list", "elements": "dict", "options": STEP, "default": []},
            "left": {"type": "int", "default": 0},
            "journal": {"type": "path", "default": ""},
            "config": {"type": "path", "default": ""},
            "time_limit_s": {"type": "int", "default": 300},
        },
        required_if=[("act", "run", ["playbook"]), ("act", "keep", ["journal"]), ("act", "heal", ["journal"])],
        supports_check_mode=True,
    )
    p, at, done, hosts = module.params, 0.0, 0.0, []
    journal = playbooks.Journal(p["journal"])
    if module.check_mode:
        module.exit_json(changed=False, at=at, done=done, hosts=hosts)
    if p["act"] == "keep":
        journal.keep(p["steps"])
    elif p["act"] == "run":
        at, done, hosts = run(module, p["playbook"], p["vars"])
    else:
        at, done, hosts = heal(module, journal)
    module.exit_json(changed=bool(hosts), at=at, done=done, hosts=hosts)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mmm_control
short_description: Take a host of MMM out or in, move an exclusive role, set the monitor's mode
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - On the host of MMM's monitor. Reads C(mmm_control show) and C(mode), does what is missing of what is asked for, and waits until it is
    so.
  - C(mmm_control) ends with 0 whatever becomes of a command, so its text is judged. What MMM objects to is the sentence this fails with.
attributes:
  check_mode:
    support: full
    description: The monitor is asked, nothing is changed.
  diff_mode:
    support: full
    description: The hosts' states and roles, and the mode.
options:
  host:
    description: A host as MMM names it.
    type: str
  state:
    description:
      - V(online), the host takes roles. V(offline), it has none and its replication is stopped (MMM's ADMIN_OFFLINE).
      - Which roles a host gets MMM says. Before V(offline) move the writer's role away, then its clients wait least.
    type: str
    choices: [online, offline]
  role:
    description: An exclusive role, such as C(writer), that O(host) is to have.
    type: str
  force:
    description: Move O(role) to a host whose replication is broken or late as well. What it lacks is lost.
    type: bool
    default: false
  mode:
    description: >-
      V(active), MMM fails over. V(manual), it moves roles only when it is told to. V(passive), it says nothing to its agents, who keep what
      they have.
    type: str
    choices: [active, manual, passive]
  wait:
    description: Seconds to wait until it is as asked for. V(0) does not wait.
    type: int
    default: 60
  command:
    description: The program.
    type: path
    default: /usr/sbin/mmm_control
  answer_s:
    description: Seconds to wait for an answer of the monitor.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: db2 takes the writes
  failover.stack.mmm_control:
    host: db2
    role: writer

- name: db1 has no role while its machine is repaired
  failover.stack.mmm_control:
    host: db1
    state: offline

- name: Nobody fails over for a while
  failover.stack.mmm_control:
    mode: manual
"""

RETURN = r"""
commands:
  description: What was, or in check mode would be, told to the monitor.
  returned: always
  type: list
  elements: str
  sample: [move_role writer db2]
answers:
  description: What it answered.
  returned: always
  type: list
  elements: str
  sample: ["OK: Role 'writer' has been moved from 'db1' to 'db2'."]
hosts:
  description: What C(mmm_control show) says of each host at the end. See M(failover.stack.mmm_control_info).
  returned: always
  type: dict
  sample: {db1: {address: 198.51.100.11, kind: master, state: ONLINE, roles: [], agent: true}}
mode:
  description: The monitor's mode at the end.
  returned: always
  type: str
  sample: ACTIVE
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mmm import control
from ansible_collections.failover.stack.plugins.module_utils._mmm.monitor import ARGUMENTS, Monitor

ROUND_S = 0.5


def lines(shown, mode):
    found = ["mode: %s" % mode]
    for name, host in sorted(shown["hosts"].items()):
        found.append("%s: %s %s" % (name, host["state"], ", ".join(sorted("%(role)s(%(address)s)" % one for one in host["roles"]))))
    return "".join(line.rstrip() + "\n" for line in found)


def wait(module, monitor, wanted):
    """What is seen when it is so, or when the time is over."""
    end = time.monotonic() + module.params["wait"]
    shown, mode = monitor.look()
    while not control.reached(shown, mode, wanted) and time.monotonic() < end:
        time.sleep(ROUND_S)
        shown, mode = monitor.look()
    return shown, mode


def work(module):
    monitor = Monitor(module.run_command, module.params["command"], module.params["answer_s"])
    wanted = {name: module.params[name] for name in ("host", "state", "role", "mode")}
    before, mode = monitor.look()
    against = list(control.objections(before, wanted))
    if against:
        module.fail_json(msg="MMM: " + " ".join(against))
    commands = control.plan(before, mode, wanted, module.params["force"])
    answers = [] if module.check_mode else [control.done(monitor.ask(*words)) for words in commands]
    shown, after = (before, mode) if module.check_mode or not commands else wait(module, monitor, wanted)
    result = {"changed": bool(commands), "commands": [" ".join(words) for words in commands], "answers": answers, "hosts": shown["hosts"],
              "mode": after}
    if answers and module.params["wait"] and not control.reached(shown, after, wanted):
        module.fail_json(msg="MMM answered '%s', and after %d s it is not so: look at the monitor's log." % (
            answers[-1], module.params["wait"]), **result)
    if module._diff and commands:
        result["diff"] = {"before": lines(before, mode), "after": lines(shown, after)}
    module.exit_json(**result)


def main():
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str"}, "state": {"type": "str", "choices": ["online", "offline"]}, "role": {"type": "str"},
            "force": {"type": "bool", "default": False}, "mode": {"type": "str", "choices": ["active", "manual", "passive"]},
            "wait": {"type": "int", "default": 60}, **ARGUMENTS},
        required_one_of=[("state", "role", "mode")], required_by={"state": ["host"], "role": ["host"]}, supports_check_mode=True)
    try:
        work(module)
    except control.Refused as why:
        module.fail_json(msg="MMM objects: %s." % str(why).rstrip("."))


if __name__ == "__main__":
    main()

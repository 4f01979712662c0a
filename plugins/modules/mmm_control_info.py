#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mmm_control_info
short_description: Tell how MMM's hosts are, who has which role, and what the monitor's checks say
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - On the host of MMM's monitor. With O(wait_healthy) it waits until all is as it should be, and fails with one sentence for each thing
    that is not.
extends_documentation_fragment: [failover.stack.read_only]
options:
  members:
    description: Hosts that MMM must know, as it names them.
    type: list
    elements: str
    default: []
  readers:
    description: Reader addresses that some host must have.
    type: list
    elements: str
    default: []
  offline_ok:
    description: Hosts that may be out (ADMIN_OFFLINE).
    type: list
    elements: str
    default: []
  wait_healthy:
    description: Seconds to wait for health before failing. V(0) only reports.
    type: int
    default: 0
  wait_answer:
    description: Seconds to wait for a monitor that was just started and does not answer yet.
    type: int
    default: 0
  wait_settled:
    description: >-
      Seconds to wait, while nobody is online, until everybody waits for a word (AWAITING_RECOVERY): a monitor that has just begun may still
      have to see that its hosts answer.
    type: int
    default: 0
  unreachable_ok:
    description: Whether a monitor that does not answer is no failure. It is a problem then.
    type: bool
    default: false
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
- name: How is MMM?
  failover.stack.mmm_control_info:
  register: mmm

- name: Wait until everybody is online
  failover.stack.mmm_control_info:
    members: [db1, db2, db3]
    wait_healthy: 60
"""

RETURN = r"""
reachable:
  description: Whether the monitor answered. When not, only RV(problems) stands beside it.
  returned: always
  type: bool
  sample: true
hosts:
  description: Keys C(address), C(kind) (V(master) or V(slave)), C(state), C(roles) (C(role) and C(address)) and C(agent), whether
    it answers.
  returned: when it is reachable
  type: dict
  sample: {db1: {address: 198.51.100.11, kind: master, state: ONLINE, roles: [{role: writer, address: 198.51.100.102}], agent: true}}
roles:
  description: Who has which address of a role.
  returned: when it is reachable
  type: dict
  sample: {writer: {198.51.100.102: db1}}
writer:
  description: The host with the writer's role, null without one.
  returned: when it is reachable
  type: str
  sample: db1
mode:
  description: V(ACTIVE), V(MANUAL), V(WAIT) or V(PASSIVE).
  returned: when it is reachable
  type: str
  sample: ACTIVE
cause:
  description: Why it is passive, in MMM's words, empty otherwise.
  returned: when it is reachable
  type: str
  sample: ""
checks:
  description: For each host and check C(message) and C(since).
  returned: when it is reachable
  type: dict
  sample: {db1: {ping: {message: OK, since: 2026/11/30 14:00:00}}}
problems:
  description: One sentence for each thing that is not as it should be.
  returned: always
  type: list
  elements: str
  sample: ["db2 is AWAITING_RECOVERY: it is back and waits for somebody's word: mmm_control set_online db2"]
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mmm import control, health
from ansible_collections.failover.stack.plugins.module_utils._mmm.monitor import ARGUMENTS, Monitor


def look(module):
    monitor = Monitor(module.run_command, module.params["command"], module.params["answer_s"])
    try:
        shown, mode = monitor.look()
        checks = monitor.checks()
    except control.Refused as why:
        return {"reachable": False, "problems": ["the monitor cannot be asked: %s" % why]}
    found = health.problems(shown, mode, checks, module.params["readers"], module.params["members"], module.params["offline_ok"])
    return {"reachable": True, "hosts": shown["hosts"], "roles": shown["roles"], "writer": control.writer(shown), "mode": mode,
            "cause": shown["cause"], "checks": checks, "problems": found}


def pending(module, found, waited_s):
    """Whether it is worth to look once more."""
    if not found["reachable"]:
        return waited_s < max(module.params["wait_answer"], module.params["wait_healthy"])
    if found["problems"] and waited_s < module.params["wait_healthy"]:
        return True
    states = {host["state"] for host in found["hosts"].values()}
    return waited_s < module.params["wait_settled"] and control.ONLINE not in states and states != {control.AWAITING_RECOVERY}


def main():
    module = AnsibleModule(
        argument_spec={
            **{name: {"type": "list", "elements": "str", "default": []} for name in ("members", "readers", "offline_ok")},
            "wait_healthy": {"type": "int", "default": 0}, "wait_answer": {"type": "int", "default": 0},
            "wait_settled": {"type": "int", "default": 0},
            "unreachable_ok": {"type": "bool", "default": False}, **ARGUMENTS},
        supports_check_mode=True)
    wait, began = module.params["wait_healthy"], time.monotonic()
    found = look(module)
    while pending(module, found, time.monotonic() - began):
        time.sleep(1)
        found = look(module)
    if wait and found["problems"]:
        module.fail_json(msg="MMM is not as it should be after %d s: %s." % (wait, "; ".join(found["problems"])), **found)
    if not found["reachable"] and not module.params["unreachable_ok"]:
        module.fail_json(msg="%s." % found["problems"][0], **found)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()

#!/usr/bin/python

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_machine
short_description: Break or mend a whole machine of a lab and say exactly when
description:
  - Takes a lab machine's power, freezes it or cuts its cables, and undoes it, from outside the machine. Several machines are
    hit at the same moment.
  - Runs on the controller. The only driver today is Docker; membership of the docker group is enough.
version_added: 0.1.0
author:
  - The failover.stack founders (@failover-stack)
options:
  machines:
    description: Names of the machines; for Docker, of the containers.
    type: list
    elements: str
    required: true
  act:
    description:
      - V(kill) takes the power and V(start) gives it back. V(pause) freezes and V(unpause) thaws.
      - V(cut) takes the carrier away (every cable is pulled) and V(uncut) gives it back.
      - V(isolate) stops all frames while the carrier stays (a dead switch behind the port) and V(unisolate) lets them pass.
      - V(heal) mends whatever is broken and does nothing to a sound machine.
    type: str
    choices: [kill, start, pause, unpause, cut, uncut, isolate, unisolate, heal]
    required: true
  driver:
    description: What the machines are.
    type: str
    choices: [docker]
    default: docker
attributes:
  check_mode:
    description: Nothing is done in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Pull the cable of the first proxy
  failover.stack.drill_machine:
    machines: [failover-lab-proxy1]
    act: cut
  delegate_to: localhost

- name: Take the power of both databases at the same moment
  failover.stack.drill_machine:
    machines: [failover-lab-db1, failover-lab-db2]
    act: kill
  delegate_to: localhost

- name: Mend whatever is broken
  failover.stack.drill_machine:
    machines: [failover-lab-proxy1, failover-lab-db1, failover-lab-db2]
    act: heal
  delegate_to: localhost
"""

RETURN = r"""
at:
  description: Seconds since the epoch just before the first act.
  returned: always
  type: float
  sample: 1795000000.12
done:
  description: Seconds since the epoch just after the last act.
  returned: always
  type: float
  sample: 1795000000.13
healed:
  description: What was mended, by machine.
  returned: act=heal
  type: dict
  sample: {failover-lab-proxy1: [uncut]}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._drill.faults.machine import DRIVERS, MachineError, together

ACTS = ["kill", "start", "pause", "unpause", "cut", "uncut", "isolate", "unisolate", "heal"]


def main():
    module = AnsibleModule(
        argument_spec={
            "machines": {"type": "list", "elements": "str", "required": True},
            "act": {"type": "str", "choices": ACTS, "required": True},
            "driver": {"type": "str", "choices": ["docker"], "default": "docker"},
        },
        supports_check_mode=True,
    )
    act, healed, at, done = module.params["act"], {}, time.time(), time.time()
    if module.check_mode:
        module.exit_json(changed=act != "heal", at=at, done=done, healed={})
    try:
        driver = DRIVERS[module.params["driver"]]
        machines = [driver.open(name) for name in module.params["machines"]]
        if machines:
            at, done, mended = together(machines, act)
            healed = dict((name, what) for name, what in mended if what)
    except MachineError as error:
        module.fail_json(msg=str(error))
    except Exception as error:  # the SDK's own errors have no common, importable base when it is missing
        module.fail_json(msg="%s of %s failed: %s" % (act, ", ".join(module.params["machines"]), error))
    changed = act != "heal" or bool(healed)
    module.exit_json(changed=changed, at=at, done=done, healed=healed)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mha_info
short_description: Tell how MHA is, and what a host has for its SSH connections
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - "Of every host: its SSH host keys, and the keys that MHA's account has and knows there. Of the manager's, with O(members), what its
    program wrote down and what MHA's own C(masterha_check_status) says."
  - With O(wait_healthy) it waits until all is as it should be, C(masterha_check_repl) included, and fails with one sentence for each thing
    that is not.
extends_documentation_fragment: [failover.stack.read_only]
options:
  ssh_directory:
    description: Where sshd has its host keys.
    type: path
    default: /etc/ssh
  members:
    description: Addresses of the databases by their inventory names, on the manager's host.
    type: dict
    default: {}
  wait_healthy:
    description: Seconds to wait for health before failing. V(0) only reports.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: What does MHA say?
  failover.stack.mha_info:
    members: {db1: 198.51.100.11, db2: 198.51.100.12, db3: 198.51.100.13}
  register: mha
"""

RETURN = r"""
blank:
  description: Whether there is no MHA on the host yet.
  returned: always
  type: bool
  sample: false
host_keys:
  description: The host's public SSH keys.
  returned: always
  type: list
  elements: str
  sample: [ssh-ed25519 AAAA root@db1]
authorized:
  description: Lines of the C(authorized_keys) of MHA's account.
  returned: always
  type: list
  elements: str
  sample: []
known_hosts:
  description: Lines of its C(known_hosts).
  returned: always
  type: list
  elements: str
  sample: []
state:
  description: "With O(members), what the manager's program wrote down: writers, listed (who counts), watched, because."
  returned: always
  type: dict
  sample: {writers: [db1], listed: [db1, db2, db3], watched: db1, because: null}
problems:
  description: One sentence for each thing that is not as it should be.
  returned: always
  type: list
  elements: str
  sample: [nobody takes writes]
"""

import glob
import json
import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mha import health, plan
from ansible_collections.failover.stack.plugins.module_utils._mha.config import MANAGER

STATE = MANAGER + "/state.json"


def lines_of(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return [line.strip() for line in handle if line.strip() and not line.startswith("#")]
    except OSError:
        return []


def state():
    try:
        with open(STATE, encoding="utf-8") as handle:
            return json.load(handle)
    except (OSError, ValueError):
        return None


def check(module, word):
    code, out, err = module.run_command([plan.COMMAND, word])
    return code, out + err


def look(module):
    """Cheap things first: MHA's own check goes to every host."""
    members = module.params["members"]
    if not members:
        return {"state": None}, []
    seen = {"status": check(module, "check_status"), "repl": (0, "")}
    problems = judged(seen, members)
    if not problems and module.params["wait_healthy"]:
        seen["repl"] = check(module, "check_repl")
        problems = judged(seen, members)
    return {"state": seen["state"]}, problems


def judged(seen, members):
    """The state is read last: MHA's checks take longer on a busy machine than it may be old, and its program may end meanwhile."""
    seen["state"] = state()
    return health.problems(seen, list(members), members, time.time())


def main():
    module = AnsibleModule(
        argument_spec={"ssh_directory": {"type": "path", "default": "/etc/ssh"}, "members": {"type": "dict", "default": {}},
                       "wait_healthy": {"type": "int", "default": 0}},
        supports_check_mode=True)
    keys = [line for path in sorted(glob.glob(module.params["ssh_directory"] + "/ssh_host_*_key.pub")) for line in lines_of(path)]
    result = {"changed": False, "blank": not os.path.exists("/usr/share/perl5/MHA"), "host_keys": keys,
              "authorized": lines_of(plan.AUTHORIZED), "known_hosts": lines_of(plan.KNOWN_HOSTS)}
    wait = module.params["wait_healthy"]
    deadline = time.monotonic() + wait
    found, problems = look(module)
    while wait and problems and time.monotonic() < deadline:
        time.sleep(1)
        found, problems = look(module)
    if wait and problems:
        module.fail_json(msg="MHA is not as it should be after %d s: %s." % (wait, "; ".join(problems)), problems=problems, **result,
                         **found)
    module.exit_json(problems=problems, **result, **found)


if __name__ == "__main__":
    main()

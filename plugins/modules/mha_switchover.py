#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mha_switchover
short_description: Let MHA hand the writer's part to another server
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Runs C(masterha_master_switch) for a writer that lives, on the host of MHA's manager, whose service must be stopped. The old writer is
    fenced and the new one promoted by MHA's scripts, which ask the members' agents; the replicas turn to the new writer.
  - The old writer does not replicate afterwards, that is left to role P(failover.stack.mysql_replication#role), which knows how.
attributes:
  check_mode:
    support: full
    description: MHA is asked whether it could, where its manager is stopped; nothing is changed.
  diff_mode:
    support: none
    description: There is nothing to show.
options:
  to:
    description: Address of the server that takes over, as MHA's configuration has it.
    type: str
    required: true
  port:
    description: Its port.
    type: int
    default: 3306
"""

EXAMPLES = r"""
- name: Switch over
  failover.stack.mha_switchover:
    to: 198.51.100.12
"""

RETURN = r"""
lines:
  description: What MHA said.
  returned: always
  type: list
  elements: str
  sample: [Switching master to 198.51.100.12(198.51.100.12:3306) completed successfully.]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mha import health, plan

# What its scripts do already: nobody writes any more, and nobody shall wait for a lock on all tables.
FIXED = ["--master_state=alive", "--interactive=0", "--skip_lock_all_tables", "--flush_tables=0"]


def main():
    module = AnsibleModule(argument_spec={"to": {"type": "str", "required": True}, "port": {"type": "int", "default": 3306}},
                           supports_check_mode=True)
    command = [plan.COMMAND, "master_switch", *FIXED, "--new_master_host=" + module.params["to"],
               "--new_master_port=%d" % module.params["port"]] + ["--check_only"] * module.check_mode
    code, out, err = module.run_command(command)
    lines = (out + err).splitlines()
    if code:
        module.fail_json(msg="MHA does not hand the writer's part to %s: %s." % (module.params["to"], health.complaint(out + err)),
                         lines=lines)
    module.exit_json(changed=True, lines=lines)


if __name__ == "__main__":
    main()

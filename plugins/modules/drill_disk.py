#!/usr/bin/python

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_disk
short_description: Fill a service's disk and empty it again, and say exactly when
description:
  - A directory of a lab machine gets a small file system of its own, a tmpfs, that can be filled without breaking the rest of the
    machine. The service is stopped while its files move there and back.
  - A machine that loses its power meanwhile comes back with the files as they were before the move. So only for
    services that get what they missed from others.
version_added: 0.3.0
author:
  - The failover.stack founders (@failover-stack)
options:
  path:
    description: The directory.
    type: path
    required: true
  unit:
    description: The systemd unit that uses it.
    type: str
    required: true
  act:
    description:
      - V(shrink) gives it the small file system, unless it has one of its own already. V(fill) fills that, V(free) removes the filling.
      - V(restore) takes the small file system away again and keeps the files. V(heal) frees and restores whatever there is to.
    type: str
    choices: [shrink, fill, free, restore, heal]
    required: true
  spare_mb:
    description: With O(act=shrink), how much room there is beside the files.
    type: int
    default: 64
  most_mb:
    description: A larger file system is neither made nor filled.
    type: int
    default: 1024
attributes:
  check_mode:
    description: Nothing is done in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Fill the database's disk
  failover.stack.drill_disk:
    path: /var/lib/mysql
    unit: mariadb.service
    act: fill

- name: Give it a small file system first
  failover.stack.drill_disk:
    path: /var/lib/mysql
    unit: mariadb.service
    act: shrink
    spare_mb: 128

- name: Whatever a drill left, as it was before
  failover.stack.drill_disk:
    path: /var/lib/mysql
    unit: mariadb.service
    act: heal
"""

RETURN = r"""
at:
  description: Seconds since the epoch just before the act.
  returned: always
  type: float
  sample: 1795000000.12
done:
  description: Seconds since the epoch just after the act.
  returned: always
  type: float
  sample: 1795000001.48
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._drill.faults.disk import Disk, DiskError


def act_on(disk, p):
    """Whether that was a change."""
    if p["act"] == "shrink":
        return disk.shrink(p["spare_mb"], p["unit"])
    if p["act"] == "fill":
        disk.fill()
        return True
    freed = p["act"] in ("free", "heal") and disk.free()
    restored = p["act"] in ("restore", "heal") and disk.restore(p["unit"])
    return freed or restored


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "unit": {"type": "str", "required": True},
            "act": {"type": "str", "choices": ["shrink", "fill", "free", "restore", "heal"], "required": True},
            "spare_mb": {"type": "int", "default": 64},
            "most_mb": {"type": "int", "default": 1024},
        },
        supports_check_mode=True,
    )
    p, at, changed = module.params, time.time(), False
    disk = Disk(p["path"], lambda command: module.run_command(command, check_rc=True), p["most_mb"])
    if not module.check_mode:
        try:
            changed = act_on(disk, p)
        except (DiskError, OSError) as error:
            module.fail_json(msg="%s of %s: %s" % (p["act"], p["path"], error))
    module.exit_json(changed=changed, at=at, done=time.time())


if __name__ == "__main__":
    main()

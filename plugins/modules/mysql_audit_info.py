#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_audit_info
short_description: What a MariaDB or MySQL server holds that breaks what a replicating cluster promises
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Names the accounts for which a read-only server is none, whoever made them, by their own privileges or those of a role.
  - Tells how old and how big the binary logs are, and what keeps them.
  - Needs an administrator of the server.
extends_documentation_fragment: [failover.stack.mysql_login, failover.stack.read_only]
"""

EXAMPLES = r"""
- name: Look at accounts and binary logs
  failover.stack.mysql_audit_info:
  register: audited
"""

RETURN = r"""
ignoring_read_only:
  description:
    - Name and host of each account that writes on a read-only server or can make it writable. On MariaDB those with C(READ_ONLY ADMIN),
      before 10.11 also C(SUPER). On MySQL those with C(SUPER) or C(SYSTEM_VARIABLES_ADMIN), which switch C(super_read_only) off.
    - Accounts that the server and its package have for themselves, such as root at localhost, are left out.
  returned: always
  type: list
  elements: list
  sample: [[app, "%"]]
binary_logs:
  description: The binary logs, null without them.
  returned: always
  type: dict
  sample: {count: 3, bytes: 5242880, closed_bytes: 4194304, expire_s: 604800, oldest_s: 1800, replicas: 1, replicas_needed: 0,
           bound_bytes: 10737418240, disk_mb: 20480}
  contains:
    count:
      description: How many there are.
      type: int
    bytes:
      description: Their size.
      type: int
    closed_bytes:
      description: Their size without the newest, which is never removed.
      type: int
    expire_s:
      description: Seconds after which they may go, 0 for never.
      type: int
    oldest_s:
      description: Seconds that the oldest was old when the newest was begun, null when the files cannot be seen or there is one only.
      type: int
    replicas:
      description: Replicas that are connected.
      type: int
    replicas_needed:
      description: Replicas without which nothing is removed (C(slave_connections_needed_for_purge)), null where there is no such variable.
      type: int
    bound_bytes:
      description: Size to which the server keeps them (C(max_binlog_total_size)), 0 for none.
      type: int
    disk_mb:
      description: MiB of the file system on which they lie, 0 when it cannot be seen.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._sql import binary_logs, read_only
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, dialect_of, is_local, login, opened


def main():
    module = AnsibleModule(argument_spec=dict(LOGIN), supports_check_mode=True)
    with opened(module) as server:
        dialect, version = dialect_of(server.rows("SELECT VERSION() AS v")[0]["v"])
        result = {"ignoring_read_only": read_only.read(server, dialect, version),
                  "binary_logs": binary_logs.read(server, is_local(login(module.params)))}
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()

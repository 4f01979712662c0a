#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_backup_info
short_description: Which good backups of M(failover.stack.mysql_backup) there are
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description:
  - Lists the finished backups of a directory. Their checksums are not computed, that is what M(failover.stack.mysql_restore) does.
extends_documentation_fragment: [failover.stack.read_only]
options:
  directory:
    description: Directory of the backups.
    type: path
    default: /var/backups/mysql
"""

EXAMPLES = r"""
- name: See what there is
  failover.stack.mysql_backup_info:
  register: backups
"""

RETURN = r"""
names:
  description: Names, oldest first.
  returned: always
  type: list
  elements: str
  sample: [db3-20261121T030000Z, db3-20261122T030000Z]
backups:
  description: The manifest of each by its name, without the numbers of each table.
  returned: always
  type: dict
  sample: {db3-20261122T030000Z: {host: db3, gtid: 0-1-4711, tables: 17, rows: 120044, compress: zstd, data_bytes: 1095216660}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup.rules import oldest_first
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup.shelf import good_backups


def main():
    module = AnsibleModule(argument_spec={"directory": {"type": "path", "default": "/var/backups/mysql"}}, supports_check_mode=True)
    found = good_backups(module.params["directory"])
    module.exit_json(changed=False, names=oldest_first(found), backups={
        name: dict(manifest, tables=len(manifest["tables"])) for name, manifest in found.items()})


if __name__ == "__main__":
    main()

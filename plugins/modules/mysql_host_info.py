#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_host_info
short_description: What a machine gives to a database server, and what its data directories hold
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description:
  - Tells how much memory a server may use, container or not, and which databases are in the data directories.
  - Looks at files only, so it works before a server is installed and while it does not run.
attributes:
  check_mode:
    support: full
    description: Nothing is ever changed.
  diff_mode:
    support: none
    description: Nothing is ever changed.
options:
  packages:
    description: Debian packages of which to tell whether they are installed.
    type: list
    elements: str
    default: []
  config:
    description: Configuration file whose C(datadir) is the directory used so far.
    type: path
    required: true
  default_datadir:
    description: The directory used so far where O(config) names none.
    type: path
    default: /var/lib/mysql
  datadir:
    description: The directory to be used.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: See what is here
  failover.stack.mysql_host_info:
    config: /etc/mysql/mariadb.conf.d/99-failover-stack.cnf
    datadir: /srv/mysql/data
  register: __mysql_host
"""

RETURN = r"""
missing_packages:
  description: Those of O(packages) that are not installed.
  returned: always
  type: list
  elements: str
memory_mb:
  description: MiB that may be used, the smaller of the machine's memory and the control group's limit.
  returned: always
  type: int
datadir_before:
  description: The data directory used so far.
  returned: always
  type: str
databases_before:
  description: Databases in it, without the server's own.
  returned: always
  type: list
  elements: str
initialised:
  description: Whether O(datadir) has system tables.
  returned: always
  type: bool
empty:
  description: Whether O(datadir) is missing or has nothing in it.
  returned: always
  type: bool
databases:
  description: Databases in O(datadir), without the server's own.
  returned: always
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._dpkg import missing
from ansible_collections.failover.stack.plugins.module_utils._mysql_host import configured, databases, memory_mb

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def text_of(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return ""


def entries(path, directories_only=True):
    try:
        with os.scandir(path) as found:
            return [entry.name for entry in found if entry.is_dir() or not directories_only]
    except OSError:
        return []


def main():
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "default": []},
            "config": {"type": "path", "required": True},
            "default_datadir": {"type": "path", "default": "/var/lib/mysql"},
            "datadir": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    wanted = module.params["datadir"]
    before = configured(text_of(module.params["config"]), "datadir") or module.params["default_datadir"]
    module.exit_json(
        changed=False,
        missing_packages=missing(module, module.params["packages"]),
        memory_mb=memory_mb(text_of("/proc/meminfo"), [text_of(path) for path in LIMITS]),
        datadir_before=before,
        databases_before=databases(entries(before)),
        initialised=os.path.isdir(os.path.join(wanted, "mysql")),
        empty=not [name for name in entries(wanted, directories_only=False) if name != "lost+found"],
        databases=databases(entries(wanted)),
    )


if __name__ == "__main__":
    main()

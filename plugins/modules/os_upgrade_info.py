#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: os_upgrade_info
short_description: What of a machine counts for its move to the distribution's next release
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Reads the release, the state of the packages, where they come from, room for new ones, and what services have that the next release
    takes otherwise or not at all.
extends_documentation_fragment: [failover.stack.read_only]
options:
  rabbitmq:
    description: Ask the RabbitMQ node of this machine for its policies.
    type: bool
    default: false
  collation_files:
    description: Files of which one says with which collation a database server starts.
    type: list
    elements: path
    default: []
"""

EXAMPLES = r"""
- name: See what counts for the move of this machine
  failover.stack.os_upgrade_info:
  register: moving
"""

RETURN = r"""
release:
  description: Code name of the release; empty when it has none.
  returned: always
  type: str
  sample: bookworm
container:
  description: Whether it is a container, whose kernel is somebody else's.
  returned: always
  type: bool
  sample: false
unfinished:
  description: Packages that are half installed or not configured.
  returned: always
  type: list
  elements: str
  sample: []
held:
  description: Packages that are to stay as they are.
  returned: always
  type: list
  elements: str
  sample: []
free_mb:
  description: MiB of free space on the file system of C(/var).
  returned: always
  type: int
  sample: 20480
sources:
  description: Files of the distribution's own sources that name the release.
  returned: always
  type: list
  elements: str
  sample: [/etc/apt/sources.list]
foreign:
  description: Files that have other sources.
  returned: always
  type: list
  elements: str
  sample: []
haproxy:
  description:
    - Lines of HAProxy's configuration that HAProxy 3.0 takes otherwise than 2.6 or not at all, C(line) is the number, C(what) is
      V(host_header) of an C(option httpchk), V(bind_process), or V(consistent) hashing.
  returned: always
  type: list
  elements: dict
  sample: [{line: 31, what: host_header}]
policies:
  description: RabbitMQ's policies, C(vhost), C(name) and C(keys), the names of what they set.
  returned: always
  type: list
  elements: dict
  sample: [{vhost: shop, name: mirrored, keys: [ha-mode]}]
collation:
  description: Whether one of O(collation_files) is there.
  returned: always
  type: bool
  sample: true
"""

import glob
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host.text import text_of
from ansible_collections.failover.stack.plugins.module_utils._os_upgrade import machine
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.ask import definitions_of
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cli import Cli, CliError

HAPROXY = "/etc/haproxy/haproxy.cfg"
SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list", "/etc/apt/sources.list.d/*.sources")


def policies(module):
    """Names of policies and of what they set."""
    try:
        found = definitions_of(Cli(module.run_command)).get("policies") or []
    except CliError as error:
        module.fail_json(msg=str(error))
    return [{"vhost": one.get("vhost", ""), "name": one.get("name", ""), "keys": sorted(one.get("definition") or {})} for one in found]


def main():
    module = AnsibleModule(
        argument_spec={"rabbitmq": {"type": "bool", "default": False},
                       "collation_files": {"type": "list", "elements": "path", "default": []}},
        supports_check_mode=True)

    def said(*command):
        path = module.get_bin_path(command[0])
        return module.run_command([path, *command[1:]], environ_update={"LC_ALL": "C"})[1] if path else ""

    release = machine.release(text_of("/etc/os-release"))
    files = {path: text_of(path) for pattern in SOURCES for path in sorted(glob.glob(pattern))}
    room = os.statvfs("/var")
    module.exit_json(
        changed=False, release=release, container=said("systemd-detect-virt", "--container").strip() not in ("", "none"),
        unfinished=machine.unfinished(said("dpkg-query", "--show", "--showformat=${db:Status-Abbrev} ${Package}\\n")),
        held=said("apt-mark", "showhold").split(), free_mb=room.f_bavail * room.f_frsize // 1048576,
        sources=[path for path, text in files.items() if machine.own_source(text, release)],
        foreign=[path for path, text in files.items() if machine.foreign_source(text)],
        haproxy=machine.haproxy(text_of(HAPROXY)),
        policies=policies(module) if module.params["rabbitmq"] else [],
        collation=any(os.path.exists(path) for path in module.params["collation_files"]))


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reboot_info
short_description: Tell whether a machine wants to be rebooted
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - A package has left the mark C(/run/reboot-required), or a newer kernel of the kind that runs is installed in C(/boot). Changes nothing.
extends_documentation_fragment: [failover.stack.read_only]
options:
  mark:
    description: The file that packages leave; beside it, with C(.pkgs), their names.
    type: path
    default: /run/reboot-required
  boot:
    description: The directory with the kernels.
    type: path
    default: /boot
"""

EXAMPLES = r"""
- name: See whether a reboot is due
  failover.stack.reboot_info:
  register: reboot

- name: By another mark
  failover.stack.reboot_info:
    mark: /run/reboot-needed
  register: reboot

- name: Reboot where it is
  ansible.builtin.reboot:
  when: reboot.why | length > 0
"""

RETURN = r"""
why:
  description: Why a reboot is due; empty when none is.
  returned: success
  type: str
  sample: kernel 6.1.0-41-amd64 is installed, 6.1.0-40-amd64 runs
"""

import os
import platform

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host.boot import why


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except FileNotFoundError:
        return ""


def main():
    module = AnsibleModule(
        argument_spec={"mark": {"type": "path", "default": "/run/reboot-required"}, "boot": {"type": "path", "default": "/boot"}},
        supports_check_mode=True,
    )
    mark, boot = module.params["mark"], module.params["boot"]
    names = os.listdir(boot) if os.path.isdir(boot) else []
    module.exit_json(changed=False, why=why(os.path.exists(mark), read(mark + ".pkgs"), platform.release(), names))


if __name__ == "__main__":
    main()

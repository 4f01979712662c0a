#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vrrp_info
short_description: Tell the VRRP states of this host and the virtual addresses it holds
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Reads the state files that the role C(keepalived) has its notify script write, and the interfaces' addresses.
extends_documentation_fragment: [failover.stack.read_only]
options:
  instances:
    description: Names of the instances that must be master or backup.
    type: list
    elements: str
    required: true
  addresses:
    description: Virtual addresses to look for, with or without prefix length.
    type: list
    elements: str
    required: true
  unit:
    description: The systemd unit.
    type: str
    default: keepalived.service
  states:
    description: Directory of the state files.
    type: path
    default: /run/keepalived-states
"""

EXAMPLES = r"""
- name: Who holds the address
  failover.stack.vrrp_info:
    instances: [web]
    addresses: [198.18.0.101/24]
  register: vrrp
"""

RETURN = r"""
healthy:
  description: Whether keepalived runs and every instance is master or backup.
  returned: always
  type: bool
  sample: true
msg:
  description: What is wrong, in a sentence.
  returned: always
  type: str
  sample: all instances are master or backup
states:
  description: State by instance.
  returned: always
  type: dict
  sample: {web: MASTER}
held:
  description: Those of O(addresses) that are on this host.
  returned: always
  type: list
  elements: str
  sample: [198.18.0.100]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._vip.vrrp import addresses_of, held, verdict


def read(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read().strip()
    except FileNotFoundError:
        return "unknown"


def main():
    module = AnsibleModule(
        argument_spec={
            "instances": {"type": "list", "elements": "str", "required": True},
            "addresses": {"type": "list", "elements": "str", "required": True},
            "unit": {"type": "str", "default": "keepalived.service"},
            "states": {"type": "path", "default": "/run/keepalived-states"},
        },
        supports_check_mode=True,
    )
    wanted = module.params
    active = module.run_command(["systemctl", "is-active", "--quiet", wanted["unit"]])[0] == 0
    present = addresses_of(module.run_command(["ip", "-json", "address", "show"], check_rc=True)[1])
    states = {name: read(os.path.join(wanted["states"], name)) for name in wanted["instances"]}
    healthy, sentence = verdict(active, wanted["instances"], states)
    module.exit_json(changed=False, healthy=healthy, msg=sentence, states=states, held=held(wanted["addresses"], present))


if __name__ == "__main__":
    main()

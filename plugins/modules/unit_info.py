#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: unit_info
short_description: Tell which systemd units run with a configuration older than their files
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Compares the start of a unit's main process with the modification times of the files it reads at start.
  - A unit is stale when a file is newer, whichever run wrote it, so an interrupted run is noticed by the next one.
  - Never changes anything.
extends_documentation_fragment: [failover.stack.read_only]
options:
  units:
    description: The units and what they read at start.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the unit, with its suffix, for example V(tomcat@tomcat1.service).
        type: str
        required: true
      paths:
        description: Files or directories (with everything beneath). Missing ones are passed over.
        type: list
        elements: path
        required: true
"""

EXAMPLES = r"""
- name: See whether the balancer runs with what is written
  failover.stack.unit_info:
    units:
      - name: haproxy.service
        paths: [/etc/haproxy, /etc/systemd/system/haproxy.service.d]
  register: __haproxy_units
"""

RETURN = r"""
stale:
  description: Units that run and whose files are newer than their main process.
  returned: always
  type: list
  elements: str
  sample: [mariadb.service]
inactive:
  description: Units that do not run.
  returned: always
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host.unit_age import judge, newest, shown


def main():
    module = AnsibleModule(
        argument_spec={
            "units": {"type": "list", "elements": "dict", "required": True, "options": {
                "name": {"type": "str", "required": True},
                "paths": {"type": "list", "elements": "path", "required": True},
            }},
        },
        supports_check_mode=True,
    )
    units = module.params["units"]
    if not units:
        module.exit_json(changed=False, stale=[], inactive=[])
    starts = shown(module, [unit["name"] for unit in units])[1]
    stale, inactive = judge(starts, {unit["name"]: newest(unit["paths"]) for unit in units})
    module.exit_json(changed=False, stale=stale, inactive=inactive)


if __name__ == "__main__":
    main()

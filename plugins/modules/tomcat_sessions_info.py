#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tomcat_sessions_info
short_description: Tell how many sessions Tomcat instances of this host have
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Asks each instance of role P(failover.stack.tomcat_cluster#role) at its own socket, which that has where
    C(tomcat_cluster_session_counts) is set. Changes nothing.
  - With a DeltaManager each instance has, and tells, the sessions of its whole cluster; with a BackupManager those that it serves itself;
    with a PersistentManager those that are not in the store at this moment.
attributes:
  check_mode:
    support: full
    description: Nothing is changed anyway.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  instances:
    description: Names of the instances.
    type: list
    elements: str
    required: true
  wait_healthy:
    description: Seconds to wait until each tells before failing. V(0) only reports.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: How many sessions the instances have
  failover.stack.tomcat_sessions_info:
    instances: [tomcat1, tomcat2]
  register: told

- name: Show them
  ansible.builtin.debug:
    msg: "{{ told.sessions }}"
"""

RETURN = r"""
sessions:
  description: By application (instance, service and path) how many are C(active), and which C(manager) of Tomcat keeps them.
  returned: always
  type: dict
  sample: {tomcat1/user: {active: 12, manager: BackupManager}, tomcat1/user/shop: {active: 3, manager: BackupManager}}
problems:
  description: A sentence for each instance that does not tell.
  returned: always
  type: list
  elements: str
  sample: ["tomcat2 does not tell its sessions ([Errno 111] Connection refused): journalctl -u tomcat@tomcat2 tells why."]
"""

import platform

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host import healthy
from ansible_collections.failover.stack.plugins.module_utils._web import tomcat_sessions

ANSWER_S = 5


def look(instances):
    sessions, problems = {}, []
    for instance in instances:
        try:
            sessions.update(tomcat_sessions.ask(instance, ANSWER_S))
        except (OSError, tomcat_sessions.SessionsError) as error:
            problems.append("%s does not tell its sessions (%s): journalctl -u tomcat@%s tells why." % (
                instance, str(error) or type(error).__name__, instance))
    return {"sessions": sessions, "problems": problems}


def main():
    module = AnsibleModule(
        argument_spec={"instances": {"type": "list", "elements": "str", "required": True}, "wait_healthy": {"type": "int", "default": 0}},
        supports_check_mode=True,
    )
    healthy.tell(module, lambda: look(module.params["instances"]), "%s: what tells sessions" % platform.node())


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: webapp_info
short_description: Look whether web applications are there and let their sessions be shared
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Tomcat shares the sessions of an application only when its C(WEB-INF/web.xml) says C(<distributable/>), and every web fragment in
    C(WEB-INF/lib), too. Without that it says nothing and keeps them to itself. Changes nothing.
attributes:
  check_mode:
    support: full
    description: Nothing is changed anyway.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  applications:
    description: The applications.
    type: list
    elements: dict
    required: true
    suboptions:
      doc_base:
        description: Directory or archive.
        type: path
        required: true
      clustered:
        description: Whether its sessions are to be shared.
        type: bool
        default: false
  not_scanned:
    description: Patterns of jars that Tomcat does not look into.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: See whether the shop's sessions are shared
  failover.stack.webapp_info:
    applications: [{doc_base: /srv/shop, clustered: true}]
  register: seen
  failed_when: seen.problems | length > 0
"""

RETURN = r"""
problems:
  description: What is wrong, a sentence each.
  returned: always
  type: list
  elements: str
  sample: ["the sessions of /srv/shop stay on this host, since its WEB-INF/web.xml does not say <distributable/>: add it, or ..."]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._web.webapp import probe


def main():
    module = AnsibleModule(
        argument_spec={
            "applications": {"type": "list", "elements": "dict", "required": True, "options": {
                "doc_base": {"type": "path", "required": True},
                "clustered": {"type": "bool", "default": False},
            }},
            "not_scanned": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    found = [probe(one["doc_base"], one["clustered"], module.params["not_scanned"]) for one in module.params["applications"]]
    module.exit_json(changed=False, problems=[one for one in found if one])


if __name__ == "__main__":
    main()

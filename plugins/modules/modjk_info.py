#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: modjk_info
short_description: Tell how mod_jk's balancers and their workers are
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Reads mod_jk's status worker. mod_jk notices a dead Tomcat only by a request, so each worker can be asked, too.
extends_documentation_fragment: [failover.stack.read_only]
options:
  url:
    description: A status worker.
    type: str
    default: http://127.0.0.1/jkmanager
  ping_timeout:
    description: How long (milliseconds) each worker may take to answer an AJP cping. V(0) asks none.
    type: int
    default: 0
  wait_healthy:
    description: How long (seconds) to wait until every balancer has a usable worker, none is held for dead and all that were asked
      answer; fails with a sentence when time is up. V(0) only reports.
    type: int
    default: 0
  timeout:
    description: How long (seconds) the status worker may take to answer.
    type: int
    default: 5
seealso:
  - module: failover.stack.modjk_worker
"""

EXAMPLES = r"""
- name: See whether every Tomcat answers
  failover.stack.modjk_info:
    ping_timeout: 1000
  register: workers

- name: Ask every Tomcat, too
  failover.stack.modjk_info:
    ping_timeout: 500
  register: mod_jk

- name: Wait until every balancer has a usable worker and none is held for dead
  failover.stack.modjk_info:
    ping_timeout: 500
    wait_healthy: 30
"""

RETURN = r"""
workers:
  description: All members of all balancers.
  returned: success
  type: list
  elements: dict
  sample: [{balancer: lb_user, name: user_web1-a, route: web1-a, activation: active, state: OK, busy: 0, usable: true, answers: true}]
unusable_balancers:
  description: Balancers without any usable worker.
  returned: success
  type: list
  elements: str
  sample: []
in_error:
  description: Workers that mod_jk holds for dead.
  returned: success
  type: list
  elements: str
  sample: [user_web2-a]
silent:
  description: Active workers that did not answer the cping.
  returned: success
  type: list
  elements: str
  sample: [user_web2-a]
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._web.modjk import StatusError, answers_ping, ask, complaint, parse, report


def query(given):
    members = parse(ask(given["url"], given["timeout"]))
    seconds = given["ping_timeout"] / 1000.0
    # Several balancers share a connector: ask it once.
    connectors = {(one["host"], one["port"]) for one in members} if seconds else set()
    return report(members, {where: answers_ping(where[0], where[1], seconds) for where in connectors})


def main():
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "default": "http://127.0.0.1/jkmanager"},
            "ping_timeout": {"type": "int", "default": 0},
            "wait_healthy": {"type": "int", "default": 0},
            "timeout": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    given = module.params
    end = time.monotonic() + given["wait_healthy"]
    while True:
        found, wrong = {}, ""
        try:
            found = query(given)
            wrong = complaint(found) if given["wait_healthy"] else ""
        except StatusError as error:
            wrong = "%s." % error
        if not wrong:
            module.exit_json(changed=False, **found)
        if time.monotonic() >= end:
            module.fail_json(msg="mod_jk: %s" % wrong, **found)
        time.sleep(1)


if __name__ == "__main__":
    main()

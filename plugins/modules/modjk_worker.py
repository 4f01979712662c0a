#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: modjk_worker
short_description: Take a Tomcat out of mod_jk's balancers or put it back
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Sets the activation of every balancer member with a given route through mod_jk's status worker and, if wanted, waits until
    no request is under way there.
  - What is set lasts until httpd is reloaded or restarted; then the configuration counts again.
attributes:
  check_mode:
    support: full
    description: Nothing is set and nothing is waited for.
  diff_mode:
    support: full
    description: One line a balancer member.
options:
  url:
    description: A status worker that may write.
    type: str
    default: http://127.0.0.1/jkmanager
  route:
    description: The jvmRoute of the Tomcat.
    type: str
    required: true
  state:
    description:
      - V(active) gets all requests, and an error noted before is forgotten.
      - V(disabled) gets only the requests of sessions that are there.
      - V(stopped) gets none; sessions go on elsewhere.
    type: str
    choices: [active, disabled, stopped]
    required: true
  wait_idle:
    description: How long (seconds) to wait until no request is under way at the members. V(0) does not wait.
    type: int
    default: 0
  force:
    description: Go on when a balancer has no other usable worker.
    type: bool
    default: false
  timeout:
    description: How long (seconds) the status worker may take to answer.
    type: int
    default: 5
seealso:
  - module: failover.stack.modjk_info
"""

EXAMPLES = r"""
- name: Send nobody to this Tomcat while it is restarted
  failover.stack.modjk_worker:
    route: web1-a
    state: stopped
    wait_idle: 30

- name: No new sessions for this Tomcat; those that are there go on
  failover.stack.modjk_worker:
    route: web1-a
    state: disabled

- name: Bring it back
  failover.stack.modjk_worker:
    route: web1-a
    state: active
"""

RETURN = r"""
workers:
  description: The members with this route as they are afterwards.
  returned: success
  type: list
  elements: dict
  sample: [{balancer: lb_user, name: user_web1-a, route: web1-a, activation: stopped, state: OK, busy: 0}]
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._web.modjk import StatusError, ask, lonely, of_route, parse, plan


def shown(members):
    return "".join("%s %s: %s\n" % (one["balancer"], one["name"], one["activation"]) for one in members)


def wait_idle(read, seconds):
    """Members once none is busy; those last seen when time is up."""
    end = time.monotonic() + seconds
    while True:
        members = read()
        if not any(one["busy"] for one in members) or time.monotonic() >= end:
            return members
        time.sleep(0.2)


def run(module):
    given = module.params

    def read():
        return parse(ask(given["url"], given["timeout"]))

    everybody = read()
    members = of_route(everybody, given["route"])
    if not members:
        module.fail_json(msg="No balancer behind %s has a worker with the route %s: the routes are %s." % (
            given["url"], given["route"], ", ".join(sorted({one["route"] for one in everybody})) or "none"))
    commands = plan(members, given["state"])
    alone = lonely(everybody, given["route"], given["state"]) if commands else []
    if alone and not given["force"]:
        module.fail_json(msg="%s is the last usable worker of %s: bring another one back first, or set force." % (
            given["route"], ", ".join(alone)))
    after = [dict(one, activation=given["state"]) for one in members]
    if not module.check_mode:
        for command in commands:
            parse(ask(given["url"], given["timeout"], **command))
        after = wait_idle(lambda: of_route(read(), given["route"]), given["wait_idle"])
        wrong = [one["name"] for one in after if one["activation"] != given["state"]]
        if wrong:
            module.fail_json(msg="%s did not become %s: see mod_jk's log." % (", ".join(wrong), given["state"]))
        busy = [one["name"] for one in after if one["busy"]]
        if busy and given["wait_idle"]:
            module.fail_json(msg="%s still had requests under way after %d s: wait longer or find out what they do." % (
                ", ".join(busy), given["wait_idle"]))
    module.exit_json(changed=bool(commands), workers=after, diff={"before": shown(members), "after": shown(after)})


def main():
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "default": "http://127.0.0.1/jkmanager"},
            "route": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["active", "disabled", "stopped"], "required": True},
            "wait_idle": {"type": "int", "default": 0},
            "force": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    try:
        run(module)
    except StatusError as error:
        module.fail_json(msg="mod_jk: %s." % error)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_server
short_description: Take a server out of HAProxy's backends and put it back
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Sets the administrative state of a server in every backend that has it, through the admin socket.
  - The state lives in the running worker. It is gone after a restart or reload of HAProxy.
attributes:
  check_mode:
    support: full
    description: Nothing is set and nothing is waited for.
  diff_mode:
    support: full
    description: One line a backend.
options:
  socket:
    description: Path of the admin socket.
    type: path
    default: /run/haproxy/admin.sock
  server:
    description: Name of the server.
    type: str
    required: true
  backends:
    description: Only these backends. Without it, all that have the server.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(drain) sends no new visitors, those with a stickiness cookie still reach the server.
      - V(maint) drains first, for at most O(timeout) seconds, and then sends nobody at all.
      - V(ready) puts it back and waits until its checks pass, for at most O(timeout) seconds.
    type: str
    choices: [ready, drain, maint]
    required: true
  timeout:
    description: Seconds to wait for sessions to end or for checks to pass. V(0) does not wait.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Take web1 out
  failover.stack.haproxy_server:
    server: web1
    state: maint
    timeout: 10

- name: Let it take requests again, once it passes its checks
  failover.stack.haproxy_server:
    server: web1
    state: ready
    timeout: 60

- name: Out of one backend only, whatever is still connected
  failover.stack.haproxy_server:
    server: web1
    backends: [api]
    state: maint
    timeout: 0
"""

RETURN = r"""
backends:
  description: Backends in which the state was changed.
  returned: always
  type: list
  elements: str
  sample: [web]
sessions_left:
  description: Sessions that were still there when the wait ended.
  returned: always
  type: int
  sample: 0
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._web.haproxy import (
    is_up,
    parse_server_states,
    parse_stat,
    plan,
)
from ansible_collections.failover.stack.plugins.module_utils._web.haproxy_socket import ask


class Server:
    """One server through one admin socket."""

    def __init__(self, module):
        self.module = module
        self.params = module.params

    def ask(self, command):
        try:
            return ask(self.params["socket"], command)
        except OSError as error:
            self.module.fail_json(msg="HAProxy does not answer on %s (%s): start it, then run again." % (
                self.params["socket"], error.strerror or error))

    def put(self, backend, state):
        answer = self.ask("set server %s/%s state %s" % (backend, self.params["server"], state)).strip()
        if answer:
            self.module.fail_json(msg="HAProxy refused to set %s/%s to %s: %s" % (backend, self.params["server"], state, answer))

    def rows(self, backends):
        return [row for row in parse_stat(self.ask("show stat"))[1]
                if row["name"] == self.params["server"] and row["backend"] in backends]

    def wait(self, backends, good):
        """True when good(row) holds for all within the time-out."""
        deadline = time.monotonic() + self.params["timeout"]
        while not all(good(row) for row in self.rows(backends)):
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.1)
        return True

    def apply(self, backends, state):
        if state != "ready":
            for backend in backends:
                self.put(backend, "drain")
            self.wait(backends, lambda row: row["sessions"] == 0)
        left = sum(row["sessions"] for row in self.rows(backends)) if state != "ready" else 0
        if state != "drain":
            for backend in backends:
                self.put(backend, state)
        if state == "ready" and not self.wait(backends, is_up) and self.params["timeout"]:
            self.module.fail_json(msg="%s is back in %s but did not pass its checks within %d s: %s." % (
                self.params["server"], ", ".join(backends), self.params["timeout"],
                ", ".join("%s %s %s" % (row["backend"], row["status"], row["check"]) for row in self.rows(backends))))
        return left

    def run(self):
        states = parse_server_states(self.ask("show servers state"))
        if not any(name == self.params["server"] for _backend, name in states):
            self.module.exit_json(changed=False, backends=[], sessions_left=0, msg="No backend here has this server.")
        todo = plan(states, self.params["server"], self.params["state"], self.params["backends"])
        backends = [backend for backend, _now in todo]
        diff = {
            "before": "".join("%s %s\n" % pair for pair in todo),
            "after": "".join("%s %s\n" % (backend, self.params["state"]) for backend in backends),
        }
        left = self.apply(backends, self.params["state"]) if backends and not self.module.check_mode else 0
        self.module.exit_json(changed=bool(backends), backends=backends, sessions_left=left, diff=diff)


def main():
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "server": {"type": "str", "required": True},
            "backends": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "required": True, "choices": ["ready", "drain", "maint"]},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    Server(module).run()


if __name__ == "__main__":
    main()

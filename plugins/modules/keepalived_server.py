#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keepalived_server
short_description: Take the weight of a real server away on a director, and give it back
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - For directors of role P(failover.stack.keepalived#role), whose keepalived reads each real server's weight from a file
    (C(track_file)). The file outlives reloads, restarts and crashes of keepalived, not a boot.
  - Connections that are there go on. Those that are left after O(wait_s) are told, not cut.
requirements:
  - ipvsadm 1.31
attributes:
  check_mode:
    support: full
    description: Nothing is written and nothing is waited for.
  diff_mode:
    support: none
    description: There is nothing to compare but RV(left).
options:
  server:
    description: Address of the real server.
    type: str
    required: true
  name:
    description: What it is called in sentences. The address by default.
    type: str
    default: ""
  state:
    description:
      - V(drained) gives it no new connections. Refused where a virtual server would fall below its quorum without it, since keepalived
        then takes all of its servers away.
      - V(active) gives it its weight, and waits for at most O(wait_s) until it has it in every virtual server.
    type: str
    choices: [drained, active]
    required: true
  virtual_services:
    description: The director's virtual services, as filter P(failover.stack.virtual_servers#filter) resolves them.
    type: list
    elements: dict
    default: []
  directory:
    description: Where the files are.
    type: path
    default: /run/keepalived-drained
  wait_s:
    description: Seconds to wait for its connections to end, of V(drained), or for its weight, of V(active). What keepalived does to the
      weight is waited for at least 2 seconds in both.
    type: int
    default: 30
seealso:
  - module: failover.stack.fronts_server
"""

EXAMPLES = r"""
- name: Give web1 no new connections
  failover.stack.keepalived_server:
    server: 198.18.0.21
    state: drained
    virtual_services: "{{ keepalived_virtual_services }}"
    wait_s: 5

- name: Give it its weight back
  failover.stack.keepalived_server:
    server: 198.18.0.21
    state: active
"""

RETURN = r"""
left:
  description: What the kernel's table says of the server in the end, C(active) connections and its C(weights), one for each virtual server.
  returned: always
  type: dict
  sample: {active: 2, weights: [0, 0]}
"""

import os
import platform
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._ipvs.ipvsadm import Failure, Ipvsadm, starter
from ansible_collections.failover.stack.plugins.module_utils._ipvs.parse import services_list
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers import connections, missing

ROUND_S = 0.25
CONTENT = {"drained": "1\n", "active": "0\n"}


class Server:
    def __init__(self, params, host, ipvsadm):
        self.params, self.host, self.ipvsadm = params, host, ipvsadm
        self.path = os.path.join(params["directory"], params["server"])
        self.name = params["name"] or params["server"]

    def table(self):
        return services_list(self.ipvsadm.table(), self.ipvsadm.listing())

    def now(self):
        return connections(self.table(), self.params["server"])

    def differs(self):
        try:
            with open(self.path, encoding="ascii") as handle:
                return handle.read() != CONTENT[self.params["state"]]
        except OSError:
            return True

    def refuse_below_quorum(self):
        lacking = missing(self.params["virtual_services"], self.table(), self.params["server"])
        if lacking:
            raise Failure("%s: without %s %s: bring another server back first, or lower the quorum." % (
                self.host, self.name, "; ".join(lacking)))

    def write(self):
        """Whole or not at all: keepalived reads it at any moment."""
        with open(self.path + ".new", "w", encoding="ascii") as handle:
            handle.write(CONTENT[self.params["state"]])
        os.chmod(self.path + ".new", 0o644)
        os.replace(self.path + ".new", self.path)

    def wait(self, good, seconds):
        end = time.monotonic() + seconds
        while True:
            left = self.now()
            if good(left) or time.monotonic() >= end:
                return left
            time.sleep(ROUND_S)

    def drain(self):
        end = time.monotonic() + self.params["wait_s"]
        left = self.wait(lambda now: now["weights"] and not any(now["weights"]), max(self.params["wait_s"], 2))
        if not left["weights"] or any(left["weights"]):
            raise Failure("%s (%s) has the weights %s in the table of %s instead of 0: name a real server of its virtual servers, and read "
                          "journalctl -u keepalived." % (self.name, self.params["server"], left["weights"], self.host))
        return self.wait(lambda now: not now["active"], end - time.monotonic())

    def restore(self):
        """Of a server that is drained keepalived takes the failed ones out of the table, so all of its virtual servers have to have it."""
        wanted = sum(any(one["address"] == self.params["server"] for one in service.get("servers", []))
                     for service in self.params["virtual_services"])
        left = self.wait(lambda now: now["weights"] and all(now["weights"]) and len(now["weights"]) >= wanted,
                         max(self.params["wait_s"], 2))
        if not any(left["weights"]):
            raise Failure("%s (%s) has no weight in the table of %s: its checks fail there, read journalctl -u keepalived." % (
                self.name, self.params["server"], self.host))
        return left


def work(server, check):
    drains = server.params["state"] == "drained"
    changed = server.differs()
    if drains:
        server.refuse_below_quorum()
    if check:
        return {"changed": changed, "left": server.now()}
    if changed:
        server.write()
    return {"changed": changed, "left": server.drain() if drains else server.restore()}


def main():
    module = AnsibleModule(
        argument_spec={
            "server": {"type": "str", "required": True}, "name": {"type": "str", "default": ""},
            "state": {"type": "str", "choices": ["drained", "active"], "required": True},
            "virtual_services": {"type": "list", "elements": "dict", "default": []},
            "directory": {"type": "path", "default": "/run/keepalived-drained"}, "wait_s": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    host = platform.node()
    try:
        result = work(Server(module.params, host, Ipvsadm(host, starter(module.get_bin_path("ipvsadm", required=True)))), module.check_mode)
    except Failure as failure:
        module.fail_json(msg=str(failure), **failure.values)
    except OSError as error:
        module.fail_json(msg="%s: %s cannot be written: %s." % (host, error.filename, error.strerror))
    module.exit_json(**result)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: scouter_info
short_description: Tell what a Scouter collector knows
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Asks the collector's HTTP API for its objects and for the alerts that it still has in memory, and whether it takes lines. With
    O(wait_healthy) it waits until all O(objects) are there and alive, and until counters of those that the exporter sends have moved.
  - Run on the collector's own machine, from which the API wants no password.
extends_documentation_fragment: [failover.stack.read_only]
options:
  name:
    description: What sentences call the collector.
    type: str
    required: true
  url:
    description: Where it answers.
    type: str
    default: http://127.0.0.1:6180
  objects:
    description: Names of objects that must be there and alive.
    type: list
    elements: str
    default: []
  wait_healthy:
    description: Seconds to wait until nothing is wrong, after which the module fails. V(0) only looks.
    type: int
    default: 0
  answer_s:
    description: Seconds until an answer counts as none.
    type: int
    default: 8
"""

EXAMPLES = r"""
- name: Wait until the collector knows this machine
  failover.stack.scouter_info:
    name: mon
    objects: [/web1/X$host]
    wait_healthy: 60
"""

RETURN = r"""
reachable:
  description: Why the collector does not answer; empty when it does.
  returned: always
  type: str
  sample: ""
objects:
  description: Objects by name, with type, alive and address.
  returned: always
  type: dict
  sample: {"/web1/X$host": {type: failover_host, alive: true, address: 198.51.100.21}}
alerts:
  description: Alerts that it has in memory, the oldest first, by time (milliseconds), level, title and object.
  returned: always
  type: list
  elements: dict
  sample: [{time: 1796048875594, level: INFO, title: INACTIVE_OBJECT, object: "/web1/X$host"}]
beats:
  description: How many lines each object of the exporter's says it has sent.
  returned: always
  type: dict
  sample: {"/web1/X$host": 71}
problems:
  description: One sentence for each thing that is wrong.
  returned: always
  type: list
  elements: str
  sample: ["mon: not alive: /web1/X$unit_tomcat@tomcat1."]
"""

import json
from urllib.error import HTTPError

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url
from ansible_collections.failover.stack.plugins.module_utils._figures.table import BEAT, MEASURES
from ansible_collections.failover.stack.plugins.module_utils._host import healthy
from ansible_collections.failover.stack.plugins.module_utils._scouter import state
from ansible_collections.failover.stack.plugins.module_utils._scouter.measures import PREFIX


class Info:
    def __init__(self, module):
        self.module, self.params = module, module.params
        self.first = {}

    def ask(self, path, **more):
        """(HTTP status, text); OSError when nobody answers."""
        try:
            answer = open_url(self.params["url"] + path, timeout=self.params["answer_s"], use_proxy=False, **more)
            return answer.getcode(), answer.read().decode("utf-8", "replace")
        except HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace")

    def result_of(self, path):
        """(HTTP status, result) of the API; an answer that is no JSON is none."""
        code, text = self.ask(state.API + path)
        try:
            return code, json.loads(text).get("result") if code == 200 else None
        except ValueError:
            return -code, None

    def beats(self, known):
        found = {}
        for kind in sorted(MEASURES):
            if any(one["type"] == PREFIX + kind for one in known.values()):
                found.update(state.values(self.result_of("/counter/realTime/%s/ofType/%s" % (BEAT, PREFIX + kind))[1] or []))
        return found

    def look(self):
        info = {"url": self.params["url"], "reachable": "", "api": 0, "lines": 0, "objects": {}, "alerts": [], "beats": {}}
        try:
            # No line at all: what is asked is whether anybody takes one.
            info["lines"] = self.ask(state.LINES, method="POST", data=b"")[0]
            info["api"], told = self.result_of("/object")
            info["objects"] = state.objects(told or [])
            info["alerts"] = state.alerts((self.result_of("/alert/realTime/0/0")[1] or {}).get("alerts") or [])
            info["beats"] = self.beats(info["objects"])
        except OSError as error:
            info["reachable"] = str(getattr(error, "reason", error)) or type(error).__name__
        for name, value in info["beats"].items():
            self.first.setdefault(name, value)
        return info

    def judged(self):
        info, expected = self.look(), self.params["objects"]
        # Whether they move is seen in two looks only.
        still = state.unmoved(filter(state.by_exporter, expected), self.first, info["beats"]) if self.params["wait_healthy"] else []
        return dict(info, problems=state.problems(self.params["name"], info, expected, still))

    def run(self):
        healthy.tell(self.module, self.judged, "%s: the collector" % self.params["name"])


def main():
    Info(AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "url": {"type": "str", "default": "http://127.0.0.1:6180"},
            "objects": {"type": "list", "elements": "str", "default": []},
            "wait_healthy": {"type": "int", "default": 0},
            "answer_s": {"type": "int", "default": 8},
        },
        supports_check_mode=True,
    )).run()


if __name__ == "__main__":
    main()

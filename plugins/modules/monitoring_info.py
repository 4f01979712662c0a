#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: monitoring_info
short_description: Tell what exporters answer, and what Prometheus knows of them
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Scrapes targets as Prometheus does, and asks Prometheus for the health of its targets and for alerts. With O(wait_healthy) it waits
    until every target answers, until figures of each have moved, and until Prometheus has all of them as up and rules loaded.
  - Run on the monitoring host, since exporters answer nobody else.
extends_documentation_fragment: [failover.stack.read_only]
options:
  name:
    description: What sentences call the monitoring host.
    type: str
    required: true
  targets:
    description: Who must answer.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: Whose figures it tells.
        type: str
        required: true
      job:
        description: Which kind of exporter it is.
        type: str
        required: true
      url:
        description: Where it answers.
        type: str
        required: true
      ca:
        description: The authority of its certificate.
        type: str
        default: ""
      moves:
        description: A figure that grows while it is well.
        type: str
        required: true
      up:
        description: A figure that must be 1.
        type: str
        default: ""
  prometheus:
    description: Where Prometheus answers. Without it only targets are asked.
    type: str
    default: ""
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
- name: Wait until a host's exporter answers
  failover.stack.monitoring_info:
    name: mon
    targets: [{host: web1, job: node, url: "http://198.51.100.21:9100/metrics", moves: node_time_seconds}]
    wait_healthy: 30
"""

RETURN = r"""
targets:
  description: By URL the C(error) that kept it from answering, empty when it did, and the figures that are judged.
  returned: always
  type: dict
  sample: {"http://198.51.100.21:9100/metrics": {error: "", up: 1.0, moving: {node_time_seconds: 1796048875.1}}}
alerts:
  description: Alerts of Prometheus, by C(name), C(state) (pending or firing) and C(labels).
  returned: always
  type: list
  elements: dict
  sample: [{name: FailoverTargetDown, state: firing, labels: {host: web1}}]
problems:
  description: One sentence for each thing that is wrong.
  returned: always
  type: list
  elements: str
  sample: ["web1: http://198.51.100.21:9100/metrics (node) does not answer (timed out): see whether it runs and who may reach it."]
"""

import json

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url
from ansible_collections.failover.stack.plugins.module_utils._host import healthy
from ansible_collections.failover.stack.plugins.module_utils._monitoring import exposition, state


class Info:
    def __init__(self, module):
        self.module, self.params = module, module.params
        self.first = {}

    def fetch(self, url, **more):
        return open_url(url, timeout=self.params["answer_s"], use_proxy=False, **more).read().decode("utf-8", "replace")

    def scrape(self, target):
        try:
            told = self.fetch(target["url"], **({"ca_path": target["ca"]} if target["ca"] else {}))
        except OSError as error:
            return {"error": str(getattr(error, "reason", error)) or type(error).__name__, "moving": {}, "up": None}
        return dict(state.reading(target, exposition.parse(told)), error="")

    def api(self, path):
        return json.loads(self.fetch(self.params["prometheus"] + "/api/v1/" + path))["data"]

    def prometheus(self):
        """What it knows, or why it does not answer."""
        if not self.params["prometheus"]:
            return None
        told = {"error": "", "health": {}, "rules": 0, "alerts": []}
        try:
            known = self.api("targets?state=active")["activeTargets"]
            told["health"] = {one["scrapeUrl"]: (one["health"], one.get("lastError", "")) for one in known}
            told["rules"] = sum(len(group["rules"]) for group in self.api("rules?type=alert")["groups"])
            told["alerts"] = [{"name": one["labels"]["alertname"], "state": one["state"], "labels": one["labels"]}
                              for one in self.api("alerts")["alerts"]]
        except (OSError, ValueError, KeyError) as error:
            told["error"] = str(getattr(error, "reason", error)) or type(error).__name__
        return told

    def look(self):
        targets, found, problems, waiting = self.params["targets"], {}, [], self.params["wait_healthy"]
        for target in targets:
            answer = found[target["url"]] = self.scrape(target)
            # Whether figures move is seen in two looks only.
            problems += state.complaints(target, answer, self.first.get(target["url"], {}) if waiting else {})
            if waiting and not answer["error"] and target["url"] not in self.first:
                self.first[target["url"]] = answer
                problems.append("%s: %s was seen only once." % (target["host"], state.at(target)))
        told = self.prometheus()
        if told:
            problems += state.prometheus_problems(self.params["name"], told, targets)
        return {"targets": found, "alerts": told["alerts"] if told else [], "problems": problems}

    def run(self):
        healthy.tell(self.module, self.look, "%s: monitoring" % self.params["name"])


def main():
    Info(AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "targets": {"type": "list", "elements": "dict", "default": [], "options": {
                "host": {"type": "str", "required": True}, "job": {"type": "str", "required": True},
                "url": {"type": "str", "required": True}, "ca": {"type": "str", "default": ""},
                "moves": {"type": "str", "required": True}, "up": {"type": "str", "default": ""}}},
            "prometheus": {"type": "str", "default": ""},
            "wait_healthy": {"type": "int", "default": 0},
            "answer_s": {"type": "int", "default": 8},
        },
        supports_check_mode=True,
    )).run()


if __name__ == "__main__":
    main()

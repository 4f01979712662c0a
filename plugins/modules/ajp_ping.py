#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ajp_ping
short_description: Wait until AJP connectors answer a CPing, and a GET where asked
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Asks every connector the way httpd's mod_jk does, until all answer or O(timeout) has passed.
  - Never changes anything.
attributes:
  check_mode:
    support: full
    description: It only asks, so it does the same in check mode.
  diff_mode:
    support: none
    description: Nothing is changed.
options:
  services:
    description: The connectors.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: Address of the connector. Without it, O(host).
        type: str
      port:
        description: Port of the connector.
        type: int
        required: true
      path:
        description: A path to be fetched over AJP after the CPing. Any status below O(below) will do.
        type: str
      headers:
        description: Request headers.
        type: dict
        default: {}
  receivers:
    description: TCP ports of O(host) that must accept a connection, such as a session cluster's receivers.
    type: list
    elements: int
    default: []
  host:
    description: Address for everything that names none.
    type: str
    default: 127.0.0.1
  secret:
    description: The connectors' secret.
    type: str
  below:
    description: A status is good when it is below this number.
    type: int
    default: 500
  timeout:
    description: Seconds to go on asking.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Wait until both connectors answer
  failover.stack.ajp_ping:
    host: "{{ tomcat_cluster_address }}"
    secret: "{{ tomcat_cluster_ajp_secret }}"
    services:
      - port: 8009
        path: /
      - port: 8010

- name: Ask for a page, with the connector's secret
  failover.stack.ajp_ping:
    services: [{port: 8009, path: /health, headers: {Host: shop.example.org}}]
    secret: "{{ tomcat_ajp_secret }}"

- name: The connector and the receiver of replicated sessions
  failover.stack.ajp_ping:
    services: [{port: 8009}]
    receivers: [4000]
    timeout: 30
"""

RETURN = r"""
answers:
  description: One entry a connector, in the order of O(services).
  returned: always
  type: list
  elements: dict
  sample: [{"host": "198.18.0.21", "port": 8009, "pong": true, "status": 200, "headers": [], "body": ""}]
"""

import socket
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._web.ajp_client import PATIENCE, ask


def objection(answer, service, below):
    """Why this answer is not good enough, or nothing."""
    if answer["error"]:
        return answer["error"]
    if service.get("path") and not 0 < answer["status"] < below:
        return "answers %s with status %d" % (service["path"], answer["status"])
    return ""


def closed(host, port):
    try:
        socket.create_connection((host, port), timeout=PATIENCE).close()
    except OSError as error:
        return str(error)
    return ""


def main():
    module = AnsibleModule(
        argument_spec={
            "services": {"type": "list", "elements": "dict", "default": [], "options": {
                "host": {"type": "str"},
                "port": {"type": "int", "required": True},
                "path": {"type": "str"},
                "headers": {"type": "dict", "default": {}},
            }},
            "receivers": {"type": "list", "elements": "int", "default": []},
            "host": {"type": "str", "default": "127.0.0.1"},
            "secret": {"type": "str", "no_log": True},
            "below": {"type": "int", "default": 500},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    params = module.params
    until = time.monotonic() + params["timeout"]
    while True:
        answers = [ask(service["host"] or params["host"], service, params["secret"]) for service in params["services"]]
        faults = ["AJP port %s:%d: %s" % (answer["host"], answer["port"], fault)
                  for answer, service in zip(answers, params["services"])
                  for fault in [objection(answer, service, params["below"])] if fault]
        faults += ["session receiver %s:%d: %s" % (params["host"], port, fault)
                   for port in params["receivers"] for fault in [closed(params["host"], port)] if fault]
        if not faults:
            module.exit_json(changed=False, answers=answers)
        if time.monotonic() >= until:
            module.fail_json(msg="Not healthy after %d s: %s." % (params["timeout"], "; ".join(faults)), answers=answers)
        time.sleep(0.5)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_health
short_description: Wait until an application answers well several times in a row
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Asks by AJP, past the balancers, or by http, until each of O(targets) has given O(times) good answers one after the other.
  - Never changes anything.
attributes:
  check_mode:
    support: full
    description: It only asks, so it does the same in check mode.
  diff_mode:
    support: none
    description: Nothing is changed.
options:
  targets:
    description: Who is asked for what.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: How to ask.
        type: str
        choices: [ajp, http]
        required: true
      host:
        description: Address.
        type: str
        required: true
      port:
        description: Port.
        type: int
        required: true
      path:
        description: Path of the GET.
        type: str
        required: true
  secret:
    description: Secret of the AJP connectors.
    type: str
  host_header:
    description: Host header; the address when empty.
    type: str
    default: ""
  status:
    description: The status that a good answer has.
    type: int
    default: 200
  content:
    description: A text that a good answer has.
    type: str
    default: ""
  max_ms:
    description: Milliseconds that a good answer may take.
    type: int
    default: 2000
  times:
    description: Good answers in a row that are wanted.
    type: int
    default: 3
  wait_s:
    description: Seconds to go on asking.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: The new version answers
  failover.stack.app_health:
    targets: [{kind: ajp, host: 198.18.0.21, port: 8009, path: /ping.json}]
    secret: "{{ app_deploy_ajp_secret }}"
    content: '"version": "2"'

- name: httpd has the new files
  failover.stack.app_health:
    targets: [{kind: http, host: 198.18.0.21, port: 80, path: /version.txt}]
    host_header: www.example.org
    content: v2.0

- name: It is quick
  failover.stack.app_health:
    targets: [{kind: http, host: 198.18.0.21, port: 80, path: /}]
    max_ms: 200
    times: 10
"""

RETURN = r"""
slowest_ms:
  description: How long the slowest of the good answers took.
  returned: success
  type: int
"""

import http.client
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._deploy.health import objection
from ansible_collections.failover.stack.plugins.module_utils._web import ajp_client


def by_http(target, header, patience):
    answer = {"status": 0, "body": "", "error": ""}
    connection = http.client.HTTPConnection(target["host"], target["port"], timeout=patience)
    try:
        connection.request("GET", target["path"], headers={"Host": header} if header else {})
        response = connection.getresponse()
        answer.update(status=response.status, body=response.read().decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        answer["error"] = str(error) or type(error).__name__
    finally:
        connection.close()
    return answer


def ask(target, given):
    """One answer, with the milliseconds it took."""
    # Who is slower than that is slow enough to be told.
    patience, began = given["max_ms"] / 1000.0 + 2, time.monotonic()
    if target["kind"] == "ajp":
        headers = {"host": given["host_header"]} if given["host_header"] else {}
        service = {"port": target["port"], "path": target["path"], "headers": headers}
        answer = ajp_client.ask(target["host"], service, given["secret"], patience)
    else:
        answer = by_http(target, given["host_header"], patience)
    return dict(answer, ms=int((time.monotonic() - began) * 1000))


def wait(target, given, end):
    """(the slowest good answer's milliseconds, what was wrong last; empty when it is healthy)"""
    good = []
    while True:
        answer = ask(target, given)
        said = objection(answer, given)
        good = [] if said else [*good, answer["ms"]]
        if len(good) >= given["times"]:
            return max(good), ""
        if time.monotonic() >= end:
            return 0, said or "has answered well only %d times in a row" % len(good)
        time.sleep(0.5 if said else 0.1)


def main():
    module = AnsibleModule(
        argument_spec={
            "targets": {"type": "list", "elements": "dict", "required": True, "options": {
                "kind": {"type": "str", "choices": ["ajp", "http"], "required": True},
                "host": {"type": "str", "required": True},
                "port": {"type": "int", "required": True},
                "path": {"type": "str", "required": True},
            }},
            "secret": {"type": "str", "no_log": True},
            "host_header": {"type": "str", "default": ""},
            "status": {"type": "int", "default": 200},
            "content": {"type": "str", "default": ""},
            "max_ms": {"type": "int", "default": 2000},
            "times": {"type": "int", "default": 3},
            "wait_s": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    given, slowest = module.params, []
    end = time.monotonic() + given["wait_s"]
    for target in given["targets"]:
        ms, said = wait(target, given, end)
        if said:
            module.fail_json(msg="%s:%d%s %s, after %d s" % (target["host"], target["port"], target["path"], said, given["wait_s"]))
        slowest.append(ms)
    module.exit_json(changed=False, slowest_ms=max(slowest, default=0))


if __name__ == "__main__":
    main()

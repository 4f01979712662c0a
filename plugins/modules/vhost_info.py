#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vhost_info
short_description: Ask the virtual hosts of a web server for a page
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Connects to one address and asks every virtual host under its own name, with https also in the TLS handshake (SNI).
  - Certificates are not verified, since the address is asked and not the name's owner.
extends_documentation_fragment: [failover.stack.read_only]
options:
  address:
    description: Where the web server listens.
    type: str
    default: 127.0.0.1
  path:
    description: The page.
    type: str
    default: /
  hosts:
    description: The virtual hosts.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Host name.
        type: str
        required: true
      port:
        description: Port.
        type: int
        required: true
      scheme:
        description: Protocol.
        type: str
        choices: [http, https]
        default: http
  content:
    description: What the page must say, white space at both ends apart. Not given, status 200 is enough.
    type: str
  wait:
    description: How long (seconds) to wait until all answer as they should; fails with a sentence when time is up. V(0) only reports.
    type: int
    default: 0
  timeout:
    description: How long (seconds) one answer may take.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Wait until both virtual hosts answer
  failover.stack.vhost_info:
    path: /httpd-health
    hosts:
      - {name: shop.example.org, port: 80}
      - {name: shop.example.org, port: 443, scheme: https}
    wait: 10

- name: Wait until the new page is served under both names
  failover.stack.vhost_info:
    hosts:
      - {name: shop.example.org, port: 443, scheme: https}
      - {name: www.example.org, port: 443, scheme: https}
    path: /version
    content: "{{ release }}"
    wait: 30

- name: Past the balancer, at one machine
  failover.stack.vhost_info:
    address: 198.18.0.21
    hosts: [{name: shop.example.org, port: 80}]
"""

RETURN = r"""
answers:
  description: What each virtual host answered, in the order asked.
  returned: always
  type: list
  elements: dict
  sample: [{url: "https://shop.example.org:443/httpd-health", status: 200, good: true, error: ""}]
"""

import http.client
import socket
import ssl
import time

from ansible.module_utils.basic import AnsibleModule


def connection_to(address, host, timeout):
    """A connection to the address under the host's name."""
    connection = http.client.HTTPConnection(host["name"], host["port"], timeout=timeout)
    plain = socket.create_connection((address, host["port"]), timeout)
    if host["scheme"] == "http":
        connection.sock = plain
        return connection
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection.sock = context.wrap_socket(plain, server_hostname=host["name"])
    return connection


def ask(given, host):
    answer = {"url": "%s://%s:%d%s" % (host["scheme"], host["name"], host["port"], given["path"]), "status": 0, "good": False, "error": ""}
    try:
        connection = connection_to(given["address"], host, given["timeout"])
        connection.request("GET", given["path"], headers={"Connection": "close"})
        got = connection.getresponse()
        text = got.read(65536).decode("utf-8", "replace").strip()
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        answer["error"] = str(error)
        return answer
    answer["status"] = got.status
    answer["good"] = got.status == 200 and given["content"] in (None, text)
    return answer


def main():
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "default": "127.0.0.1"},
            "path": {"type": "str", "default": "/"},
            "hosts": {"type": "list", "elements": "dict", "required": True, "options": {
                "name": {"type": "str", "required": True},
                "port": {"type": "int", "required": True},
                "scheme": {"type": "str", "choices": ["http", "https"], "default": "http"},
            }},
            "content": {"type": "str"},
            "wait": {"type": "int", "default": 0},
            "timeout": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    given = module.params
    end = time.monotonic() + given["wait"]
    while True:
        answers = [ask(given, host) for host in given["hosts"]]
        wrong = ["%s (%s)" % (one["url"], one["error"] or one["status"]) for one in answers if not one["good"]]
        if not wrong or not given["wait"]:
            module.exit_json(changed=False, answers=answers)
        if time.monotonic() >= end:
            module.fail_json(msg="At %s these do not answer as they should: %s." % (given["address"], ", ".join(wrong)), answers=answers)
        time.sleep(0.5)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ports_info
short_description: Tell on which TCP ports a host listens and which of others' it can connect to
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Reads what listens from the kernel, and the addresses by which others reach the host.
  - Connects to each of O(targets) and closes the connection at once, without sending anything. Changes nothing.
extends_documentation_fragment: [failover.stack.read_only]
options:
  targets:
    description: Where to connect.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: An IPv4 or IPv6 address.
        type: str
        required: true
      port:
        description: A TCP port.
        type: int
        required: true
      expected:
        description: Whether it is to be open. It is tried twice more, with two and four times O(timeout_s), before it counts as dropped.
        type: bool
        default: false
  narrow:
    description: Ports that nobody is to listen on at all addresses; see RV(everywhere).
    type: list
    elements: int
    default: []
  timeout_s:
    description: Seconds after which a connection counts as dropped.
    type: float
    default: 2
  at_once:
    description: How many connections are under way at the same time.
    type: int
    default: 64
"""

EXAMPLES = r"""
- name: See whether this host gets at the database
  failover.stack.ports_info:
    targets: [{address: 198.18.0.31, port: 3306}]
  register: seen
  failed_when: seen.answers[0].result != 'open'

- name: See whether the database is open at every address
  failover.stack.ports_info:
    narrow: [3306]
  register: seen
  failed_when: seen.everywhere | length > 0
"""

RETURN = r"""
listening:
  description: What listens, also for this host alone.
  returned: always
  type: list
  elements: dict
  sample: [{address: 0.0.0.0, port: 22}]
everywhere:
  description: Those of O(narrow) on which somebody listens at all addresses, of IPv4 or of IPv6.
  returned: always
  type: list
  elements: int
  sample: [3306]
addresses:
  description: Addresses by which others reach the host.
  returned: always
  type: list
  elements: str
  sample: [198.18.0.21]
answers:
  description: >-
    For each target C(result), V(open), V(refused) by a host that nobody listens on, V(dropped) without an answer or V(unreached), and
    C(source), the own address from which it was asked.
  returned: always
  type: list
  elements: dict
  sample: [{address: 198.18.0.31, port: 3306, result: open, source: 198.18.0.21}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._firewall.exposure import connects, held
from ansible_collections.failover.stack.plugins.module_utils._host.listening import everywhere
from ansible_collections.failover.stack.plugins.module_utils._host.network_run import listing, text_of
from ansible_collections.failover.stack.plugins.module_utils._web.haproxy import parse_listening


def main():
    module = AnsibleModule(
        argument_spec={
            "targets": {"type": "list", "elements": "dict", "default": [], "options": {
                "address": {"type": "str", "required": True}, "port": {"type": "int", "required": True},
                "expected": {"type": "bool", "default": False}}},
            "narrow": {"type": "list", "elements": "int", "default": []},
            "timeout_s": {"type": "float", "default": 2},
            "at_once": {"type": "int", "default": 64},
        },
        supports_check_mode=True,
    )
    found = parse_listening(text_of("/proc/net/tcp") or "") | parse_listening(text_of("/proc/net/tcp6") or "")
    module.exit_json(
        changed=False, listening=[{"address": address, "port": port} for address, port in sorted(found)],
        everywhere=everywhere(found, module.params["narrow"]),
        addresses=held(listing(module, "ip", "-j", "address", "show")),
        answers=connects(module.params["targets"], module.params["timeout_s"], module.params["at_once"]))


if __name__ == "__main__":
    main()

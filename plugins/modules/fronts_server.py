#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fronts_server
short_description: Take a web node out of all balancers at once, and give it back
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Runs M(failover.stack.haproxy_server) and M(failover.stack.keepalived_server) on the balancers of the inventory at the same time, from
    within one task. One after the other each would wait for its own connections to end.
  - Where one refuses the others have done it all the same; the sentence names each that did not.
attributes:
  check_mode:
    support: full
    description: As those modules do.
  diff_mode:
    support: none
    description: Nothing of them is shown.
options:
  server:
    description: The node, a host of the inventory.
    type: str
    required: true
  state:
    description: V(drained) or V(active).
    type: str
    choices: [drained, active]
    required: true
  haproxy:
    description: Hosts with HAProxy.
    type: list
    elements: str
    default: []
  directors:
    description: By director, its virtual services as filter P(failover.stack.virtual_servers#filter) resolves them.
    type: dict
    default: {}
  wait_s:
    description: Seconds that directors wait for connections to end. HAProxy has times of its own in the inventory.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Nobody sends visitors to web1 any more
  failover.stack.fronts_server:
    server: web1
    state: drained
    haproxy: "{{ groups['haproxy'] }}"
    directors: {lb1: "{{ lb1_services }}", lb2: "{{ lb2_services }}"}

- name: The proxies send visitors again
  failover.stack.fronts_server:
    server: web1
    state: active
    haproxy: [proxy1, proxy2]
"""

RETURN = r"""
fronts:
  description: What each of them told, by its name.
  returned: always
  type: dict
  sample: {proxy1: {changed: true, sessions_left: 0}}
"""

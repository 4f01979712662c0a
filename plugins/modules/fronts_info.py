#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fronts_info
short_description: Ask all balancers in front of web nodes at once
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Asks mod_jk, HAProxy and directors of the inventory at the same time, by M(failover.stack.modjk_info),
    M(failover.stack.haproxy_info) and M(failover.stack.ipvsadm_info) on each of them, from within one task. Changes nothing.
  - Who holds a server for dead may do so for a moment only, so it is asked again for O(wait_s).
extends_documentation_fragment: [failover.stack.read_only]
options:
  modjk:
    description: Hosts of the inventory with httpd and mod_jk.
    type: list
    elements: str
    default: []
  haproxy:
    description: Hosts of the inventory with HAProxy.
    type: list
    elements: str
    default: []
  ipvs:
    description: Directors of the inventory.
    type: list
    elements: str
    default: []
  wait_s:
    description: For how long (seconds) who holds a server for dead is asked again.
    type: int
    default: 40
"""

EXAMPLES = r"""
- name: Ask all of them
  failover.stack.fronts_info:
    modjk: "{{ groups['apache'] }}"
    haproxy: "{{ groups['haproxy'] }}"
    ipvs: "{{ groups['ipvs_director'] }}"
  run_once: true
  register: fronts

- name: Proxies alone
  failover.stack.fronts_info:
    haproxy: [proxy1, proxy2]
  register: fronts

- name: As they are at this moment
  failover.stack.fronts_info:
    ipvs: [lb1]
    wait_s: 0
  register: fronts
"""

RETURN = r"""
modjk:
  description: By host, the workers that M(failover.stack.modjk_info) tells.
  returned: success
  type: dict
haproxy:
  description: By host, what M(failover.stack.haproxy_info) tells.
  returned: success
  type: dict
ipvs:
  description: By host, the services that M(failover.stack.ipvsadm_info) tells.
  returned: success
  type: dict
"""

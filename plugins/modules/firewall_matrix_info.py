#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_matrix_info
short_description: Tell who may connect to which port of whom, by what the inventory says
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Runs on the controller alone, as an action plugin, and connects to no host. Reads groups and the variables of all roles of this
    collection, as each host sees them, and works out of them which ports who needs of whom.
  - Made for role P(failover.stack.firewall#role) and C(playbooks/exposure.yml). One task for the whole inventory (C(run_once)) does.
extends_documentation_fragment: [failover.stack.read_only]
"""

EXAMPLES = r"""
- name: Who may connect to whom
  failover.stack.firewall_matrix_info:
  run_once: true
  register: found

- name: Who may use the database
  ansible.builtin.debug:
    msg: "{{ found.matrix | selectattr('why', 'equalto', 'database') | map(attribute='who') }}"
  run_once: true
"""

RETURN = r"""
matrix:
  description: An entry for each reason why a host is connected to.
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: Who is connected to.
      type: str
      sample: etcd1
    protocol:
      description: V(tcp), V(udp) or an IP protocol without ports.
      type: str
      sample: tcp
    ports:
      description: Numbers, or lists of the first and the last.
      type: list
      elements: raw
      sample: [2380]
    who:
      description: Hosts, groups, addresses and networks that may.
      type: list
      elements: str
      sample: [etcd2, etcd3]
    networks:
      description: Their addresses.
      type: list
      elements: str
      sample: [198.18.0.52, 198.18.0.53]
    why:
      description: For what.
      type: str
      sample: etcd, members
    at:
      description: At which addresses of the host; empty for all.
      type: list
      elements: str
      sample: []
    balanced:
      description: Whether a director passes it on to others.
      type: bool
      sample: false
rules:
  description: The rules of each host in group C(firewall), as nft reads them.
  returned: success
  type: dict
"""

# All of it is in plugins/action/firewall_matrix_info.py.

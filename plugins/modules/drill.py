#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drill
short_description: Break parts of a stack under load, one after the other, and report what a client saw
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - An action plugin. Its host is the client, which observes by M(failover.stack.drill_observe); it runs modules on the hosts that it
    breaks by their own connections, several at once, and acts on whole machines and runs playbooks on the controller.
  - Each drill waits for the steady state, observes, breaks, holds, heals whatever happened, looks at the return and is judged. The role
    C(drill) calls it; its README says what a drill may consist of.
  - A run that is interrupted (Ctrl-C) first heals the drill that it was in. What was not healed is written down beside the report's
    directory, in C(unhealed), and healed by the next run before its first drill.
attributes:
  check_mode:
    support: full
    description: Nothing is observed or broken in check mode; the list of drills is checked.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  drills:
    description: The drills, in order.
    type: list
    elements: dict
    required: true
  only:
    description: Names or tiers of those to run, separated by commas; all that are not on request when empty.
    type: str
    default: ""
  address:
    description: Address that visitors use.
    type: str
    required: true
  port:
    description: TCP port that visitors use.
    type: int
    default: 80
  host_header:
    description: Host header of the requests; the address when empty.
    type: str
    default: ""
  path:
    description: Path of the anonymous requests.
    type: str
    default: /ping.json
  session_path:
    description: Path of the visitors' requests.
    type: str
    default: /session.json
  vips:
    description: Virtual addresses whose holders are asked for by ARP.
    type: list
    elements: str
    default: []
  served_header:
    description: Header by which a web server says that it answered.
    type: str
    default: X-Served-By
  sorry_header:
    description: Header that marks the answers of a sorry server.
    type: str
    default: X-Sorry
  serving:
    description: Hosts that must be seen to serve before a drill with requests begins.
    type: list
    elements: str
    default: []
  standbys:
    description: Hosts that take over addresses by VRRP, as C(hosts) with their C(instances) and C(addresses).
    type: list
    elements: dict
    default: []
  rate:
    description: Anonymous requests a second.
    type: int
    default: 100
  sessions:
    description: How many visitors carry a session.
    type: int
    default: 20
  session_rate:
    description: Requests a second of each visitor.
    type: float
    default: 3
  time_limit_ms:
    description: Time limit of a request in milliseconds.
    type: int
    default: 1000
  arp_ms:
    description: Milliseconds between two ARP questions.
    type: int
    default: 50
  ledgers:
    description: Where drills write what must not get lost, by name.
    type: dict
    default: {}
  ledger_passwords:
    description: The accounts' passwords by ledger.
    type: dict
    default: {}
  before_s:
    description: Seconds of normal service before a fault.
    type: int
    default: 4
  hold_s:
    description: Seconds that a fault lasts.
    type: int
    default: 8
  after_s:
    description: Seconds of observation after the return.
    type: int
    default: 6
  back_s:
    description: Longest wait in seconds for something healed to come back.
    type: int
    default: 90
  groups:
    description: Hosts by group, for the drills' targets.
    type: dict
    required: true
  hosts:
    description: The hosts that may be broken and must be healed.
    type: list
    elements: str
    required: true
  addresses:
    description: Their addresses by name.
    type: dict
    required: true
  machine_driver:
    description: What the machines are.
    type: str
    choices: [docker]
    default: docker
  machine_names:
    description: The machines' names for their driver by host.
    type: dict
    default: {}
  timers:
    description: The timers in force by host. When empty they are read from O(hosts), where a drill is to be measured by them.
    type: dict
    default: {}
  timer_units:
    description: Units whose restart delay is read.
    type: list
    elements: str
    default: []
  timer_modjk:
    description: Where mod_jk's workers may be described; the first file that exists counts.
    type: list
    elements: str
    default: [/etc/libapache2-mod-jk/workers.properties]
  playbook_command:
    description: The words in front of a playbook, inventory included.
    type: list
    elements: str
    required: true
  playbook_directory:
    description: Where relative playbooks are.
    type: path
    required: true
  playbook_s:
    description: Longest run of a playbook in seconds.
    type: int
    default: 300
  config:
    description: The playbooks' configuration file; the one that Ansible finds by itself when empty.
    type: str
    default: ""
  control:
    description: File on the client by which its observer is told to finish. A client has one observer for each.
    type: path
    default: /run/failover-drill/finish
  report_directory:
    description: Directory of this run's report; a link C(latest) is kept beside it, and what is not healed yet in C(unhealed).
    type: path
    required: true
  template:
    description: The page, with C(@@DATA@@) where the data belongs.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Kill httpd on the first web server
  failover.stack.drill:
    address: 198.51.100.100
    drills:
      - name: apache_kill
        fault: unit_kill
        unit: apache2.service
        target: {group: apache, index: 0}
        budget_ms: 0
    groups: "{{ groups }}"
    hosts: "{{ groups['apache'] }}"
    addresses: {web1: 198.51.100.11, web2: 198.51.100.12}
    playbook_command: [ansible-playbook, -i, inventory]
    playbook_directory: "{{ playbook_dir }}"
    report_directory: "{{ playbook_dir }}/reports/now"
    template: report.html
"""

RETURN = r"""
table:
  description: Lines for a terminal.
  returned: success
  type: list
  elements: str
missed:
  description: A sentence for each promise that was not kept.
  returned: success
  type: list
  elements: str
page:
  description: The report's page.
  returned: success
  type: str
unhealed:
  description: What could not be healed in the end, empty when everything was.
  returned: success
  type: str
drills:
  description: Names of the drills that would run.
  returned: in check mode
  type: list
  elements: str
"""

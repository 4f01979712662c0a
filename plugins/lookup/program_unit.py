# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: program_unit
short_description: The systemd unit of a program of this collection that lives on a host
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Starts what P(failover.stack.program#lookup) lays out, starts it again for as long as it takes, and fences it in.
  - The program has no other capabilities than O(capabilities) and no other system calls than services need and O(calls). Without
    O(shares_view) it sees the file system read-only but for O(writable) and its runtime directory, and has neither home directories nor
    devices.
options:
  _terms:
    description: Dotted name of the program's entry below C(plugins/module_utils).
    type: list
    elements: str
    required: true
  directory:
    description: Where its files are.
    type: path
    required: true
  description:
    description: What it does, for C(systemctl status).
    type: str
    required: true
  arguments:
    description: What it is started with.
    type: list
    elements: str
    default: []
  ended:
    description: What the program is run with once more whenever it has ended, however that came about. Nothing by default.
    type: list
    elements: str
    default: []
  ended_unless:
    description: A file that keeps O(ended) from being run while it is there.
    type: path
    default: ""
  after:
    description: Units that start before it.
    type: list
    elements: str
    default: []
  before:
    description: Units that start after it.
    type: list
    elements: str
    default: []
  replaces:
    description: Units that did the same under another name. Those that run stop right before it starts, by the very same order to systemd.
    type: list
    elements: str
    default: []
  user:
    description: Who it is; root by default.
    type: str
    default: ""
  capabilities:
    description: What it may beyond its user; for root what is left to it.
    type: list
    elements: str
    default: []
  families:
    description: Families of sockets beside AF_UNIX, AF_INET and AF_INET6.
    type: list
    elements: str
    default: []
  writable:
    description: Directories it writes to.
    type: list
    elements: path
    default: []
  runtime_directory:
    description: A directory of its own below C(/run).
    type: str
    default: ""
  runtime_directory_mode:
    description: Mode of that.
    type: str
    default: "0755"
  runtime_directory_preserve:
    description: V(restart) keeps it while the program is started again, V(yes) also while it is stopped.
    type: str
    choices: ["restart", "yes"]
    default: restart
  restart_ms:
    description: Milliseconds after which a program that has ended is started again.
    type: int
    default: 1000
  private_tmp:
    description: It has a C(/tmp) of its own. Not for a program that uses a socket there.
    type: bool
    default: true
  watchdog_s:
    description:
      - Seconds without a sign of life after which systemd starts it anew; V(0) for a program that gives none.
      - Not for a program that notices by its own clock that the whole machine stood still, since systemd would kill it at that very moment.
    type: int
    default: 0
  notifies:
    description: It has started when it gives its first sign of life, and O(watchdog_s) counts from then on.
    type: bool
    default: false
  urgent:
    description: It gets the processor before others, and is the last to be killed when memory is short.
    type: bool
    default: false
  calls:
    description: Groups of system calls that it needs beside those of services, such as C(@mount); with C(~) before it one less.
    type: list
    elements: str
    default: []
  namespaces:
    description: Kinds of namespaces that it makes or enters.
    type: list
    elements: str
    default: []
  writes_code:
    description: It, or what it starts, compiles while it runs, as Java and Erlang do.
    type: bool
    default: false
  shares_view:
    description: What it mounts is to be seen by others, so that it has no view of the file system of its own.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Write the unit
  failover.stack.config_files:
    files:
      - path: /etc/systemd/system/failover-galera-agent.service
        content: "{{ lookup('failover.stack.program_unit', '_agents.galera_check', **settings) }}"
  vars:
    settings:
      directory: /usr/local/libexec/failover-stack/agents/galera-check
      description: Tells proxies whether this Galera member takes clients
      user: galera-agent
      arguments: [--port, "9200"]
"""

RETURN = r"""
_raw:
  description: The unit's text.
  type: list
  elements: str
"""

from ansible.plugins.lookup import LookupBase
from ansible_collections.failover.stack.plugins.plugin_utils.program_unit import unit

OPTIONS = ("directory", "description", "arguments", "ended", "ended_unless", "after", "before", "replaces", "user", "capabilities",
           "families", "writable", "runtime_directory", "runtime_directory_mode", "runtime_directory_preserve", "private_tmp", "restart_ms",
           "watchdog_s", "notifies", "urgent", "calls", "namespaces", "writes_code", "shares_view")


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        options = {name: self.get_option(name) for name in OPTIONS}
        return [unit(entry, options) for entry in terms]

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_rules
short_description: Load firewall rules that are taken back unless the controller gets in again
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Made for role P(failover.stack.firewall#role). Tries the rules, compares what nft makes of them with what is loaded, and loads them in
    one step when they differ. Established connections go on. No other table is touched.
  - The host brings the former rules back by itself after O(rollback_s), by a timer of systemd. An action plugin closes the connection,
    comes in by a new one and tells the host to keep the new rules; only then they are what is loaded at boot.
  - Refused when the address from which this run came by SSH is in none of O(operators).
options:
  content:
    description: The rules, as nft reads them, for table C(inet failover_firewall) alone. Needed unless O(act) is V(compare).
    type: str
  operators:
    description: Addresses and networks from which operators come. Needed when O(act) is V(load).
    type: list
    elements: str
  rollback_s:
    description: Seconds after which the former rules come back.
    type: int
    default: 30
  act:
    description:
      - V(load) is what tasks want; the action plugin does the rest.
      - V(keep) confirms. V(compare) loads nothing, and fails when other rules are loaded than those for the next boot.
    type: str
    choices: [load, keep, compare]
    default: load
  not_by:
    description: The connection by which rules were loaded, which confirms nothing. Set by the action plugin.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: The rules are tried and compared, not loaded.
  diff_mode:
    support: full
    description: Shows the rules before and after.
"""

EXAMPLES = r"""
- name: Let operators in, and nobody else
  failover.stack.firewall_rules:
    operators: [198.18.0.0/24]
    content: |
      table inet failover_firewall
      delete table inet failover_firewall
      table inet failover_firewall {
        chain input {
          type filter hook input priority filter; policy drop;
          iifname "lo" accept
          ct state established,related accept
          ip saddr 198.18.0.0/24 tcp dport 22 accept
        }
      }
"""

RETURN = r"""
pending:
  description: Whether rules were loaded that wait to be confirmed. Of the action plugin always false.
  returned: success
  type: bool
came_by:
  description: Addresses and ports of the SSH connection, empty where it is none.
  returned: success
  type: str
  sample: 198.18.0.1 51234 198.18.0.21 22
"""

import os
import platform

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._firewall.host import (
    DIRECTORIES,
    RULES,
    Firewall,
    Refused,
    came_by,
    environ_of,
    parent_of,
    stranger,
)
from ansible_collections.failover.stack.plugins.module_utils._host.files_run import ConfigFiles


def write(path, text):
    ConfigFiles.make_parents(path)
    ConfigFiles.replace(path, text.encode(), 0o600, 0, 0)


def difference(module, firewall):
    """(whether other rules are loaded, whether others are written), after an unconfirmed load of an earlier run was taken back."""
    if firewall.pending() and not module.check_mode:
        firewall.take_back()
    wanted = firewall.tried(module.params["content"])
    return firewall.listed() != wanted, firewall.written() != module.params["content"]


def load(module, firewall, came):
    text = module.params["content"]
    sentence = stranger(came, module.params["operators"])
    if sentence:
        raise Refused(sentence)
    if firewall.nft is None and module.check_mode:
        module.exit_json(changed=True, pending=False, came_by=came)
    loaded, written = difference(module, firewall)
    before = firewall.written()
    if loaded and not module.check_mode:
        firewall.load(text, module.params["rollback_s"])
    elif written and not module.check_mode:
        write(RULES, text)
    diff = {"before": before, "after": text, "before_header": "rules", "after_header": "rules"} if written else {}
    module.exit_json(changed=loaded or written, pending=loaded and not module.check_mode, came_by=came, diff=diff)


def keep(module, firewall, came):
    if came and came == module.params["not_by"]:
        raise Refused("this is no new connection, so that the rules are not confirmed; they are taken back in time")
    firewall.keep(module.params["content"])
    module.exit_json(changed=True, pending=False, came_by=came)


def compare(module, firewall, came):
    written = firewall.written()
    if firewall.nft is None or not written:
        raise Refused("there are no rules for the next boot: run playbooks/firewall.yml")
    if firewall.listed() != firewall.tried(written):
        raise Refused("other rules are loaded than those for the next boot: run playbooks/firewall.yml, or wait for the one that runs")
    module.exit_json(changed=False, pending=False, came_by=came)


def main():
    module = AnsibleModule(
        argument_spec={
            "content": {"type": "str"},
            "operators": {"type": "list", "elements": "str"},
            "rollback_s": {"type": "int", "default": 30},
            "act": {"type": "str", "choices": ["load", "keep", "compare"], "default": "load"},
            "not_by": {"type": "str", "default": ""},
        },
        required_if=[("act", "load", ["content", "operators"]), ("act", "keep", ["content"])],
        supports_check_mode=True,
    )
    firewall = Firewall(module.run_command, lambda name: module.get_bin_path(name, opt_dirs=DIRECTORIES), write)
    acts = {"load": load, "keep": keep, "compare": compare}
    try:
        acts[module.params["act"]](module, firewall, came_by(os.getpid(), environ_of, parent_of))
    except Refused as refused:
        module.fail_json(msg="%s: %s" % (platform.node(), refused))


if __name__ == "__main__":
    main()

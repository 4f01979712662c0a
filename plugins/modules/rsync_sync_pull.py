#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rsync_sync_pull
short_description: Pull content to this host now, or say go to deletions that were refused
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Runs what role P(failover.stack.rsync_sync#role) has put on the host, waits for a run that is at work, and fails with the reason when
    the pull was refused or failed.
attributes:
  check_mode:
    support: partial
    description: Nothing is pulled.
    details: Of content that was pulled before it does not tell whether it would change.
  diff_mode:
    support: none
    description: What changed is counted, not shown.
options:
  contents:
    description: Names of contents that this host pulls.
    type: list
    elements: str
    required: true
  only_first:
    description: Pull only what was never pulled whole.
    type: bool
    default: false
  go:
    description:
      - Allow the deletions that were refused, as many as were refused and no more.
      - Of contents of which nothing was refused it is an ordinary pull.
    type: bool
    default: false
  command:
    description: The program.
    type: path
    default: /usr/local/sbin/failover-content
"""

EXAMPLES = r"""
- name: Pull what has never been
  failover.stack.rsync_sync_pull:
    contents: [site, images]
    only_first: true

- name: The deletions are right
  failover.stack.rsync_sync_pull:
    contents: [site]
    go: true
"""

RETURN = r"""
contents:
  description: By name, the status after each pull, see M(failover.stack.rsync_sync_info).
  returned: always
  type: dict
  sample: {site: {result: done, created: 3, changed: 1, deleted: 0}}
"""

import platform

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._content import probe, status


def main():
    module = AnsibleModule(
        argument_spec={
            "contents": {"type": "list", "elements": "str", "required": True},
            "only_first": {"type": "bool", "default": False},
            "go": {"type": "bool", "default": False},
            "command": {"type": "path", "default": "/usr/local/sbin/failover-content"},
        },
        supports_check_mode=True,
    )
    before = {name: probe.read_status(name) for name in module.params["contents"]}
    wanted = [name for name in before if not (module.params["only_first"] and before[name].get("last_good"))]
    if module.check_mode:
        first = [name for name in wanted if not before[name].get("last_good")]
        module.exit_json(changed=bool(first), contents=before)
    pulled, wrong = {}, []
    for name in wanted:
        code, out, err = module.run_command([module.params["command"], "go" if module.params["go"] else "now", name])
        pulled[name] = probe.read_status(name)
        # A program that did not come to writing its status has said why.
        if code:
            same = pulled[name] == before[name]
            wrong.append((None if same else status.trouble(name, pulled[name], pulled[name]["at"], 0)) or (err or out).strip())
    changed = any(one.get("result") == status.DONE for one in pulled.values())
    if wrong:
        module.fail_json(msg="%s: %s" % (platform.node(), " ".join(wrong)), changed=changed, contents=pulled)
    module.exit_json(changed=changed, contents=pulled)


if __name__ == "__main__":
    main()

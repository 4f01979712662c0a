#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_lock
short_description: Let one operator at a time deploy or restart web nodes
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - A file on one host says who does what since when. It is taken in one step, and whoever comes second is refused, by the first one's
    name.
  - It stays when a run is interrupted; the refusal then says how to take it over.
attributes:
  check_mode:
    support: full
    description: Nothing is taken or given back, but a lock that is held is refused.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  path:
    description: The file.
    type: path
    default: /var/lib/failover-deploy/lock
  state:
    description:
      - V(free) fails when somebody holds it.
      - V(taken) takes it, or fails when somebody holds it.
      - V(released) gives it back, if it is O(id)'s.
    type: str
    choices: [free, taken, released]
    required: true
  who:
    description: Who is at work.
    type: str
    default: ""
  doing:
    description: What he does, as it goes on in "has been …".
    type: str
    default: ""
  id:
    description: With O(state=released), which lock is given back.
    type: str
    default: ""
  take_over:
    description: The lock that may be taken away from its holder, by its id.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Nobody else deploys
  failover.stack.app_lock:
    state: taken
    who: ann@controller
    doing: deploying shop v2.0
  register: lock

- name: Done
  failover.stack.app_lock:
    state: released
    id: "{{ lock.id }}"

- name: See whether somebody is at work
  failover.stack.app_lock:
    state: free
"""

RETURN = r"""
id:
  description: The lock that was taken.
  returned: state=taken
  type: str
  sample: 3f9a2c
"""

import json
import os
import platform
import time
import uuid

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._deploy.lock import refusal
from ansible_collections.failover.stack.plugins.module_utils._host.json_file import read_json


def mine(given):
    return {"id": uuid.uuid4().hex[:8], "who": given["who"], "doing": given["doing"],
            "since": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())}


def take(path, wanted, take_over):
    """True when it is ours now; a file appears under its name in one step, whole."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    new = "%s.%s" % (path, wanted["id"])
    with open(new, "w", encoding="utf-8") as handle:
        json.dump(wanted, handle)
    try:
        if take_over:
            os.replace(new, path)
        else:
            os.link(new, path)
        return True
    except FileExistsError:
        return False
    finally:
        if os.path.exists(new):
            os.unlink(new)


def run(module):
    given, path = module.params, module.params["path"]
    held = read_json(path)
    if given["state"] == "released":
        ours = bool(held) and held.get("id") == given["id"]
        if ours and not module.check_mode:
            os.unlink(path)
        module.exit_json(changed=ours)
    wanted, said = mine(given), refusal(held, given["take_over"])
    taken = not said and (given["state"] == "free" or module.check_mode or take(path, wanted, bool(held)))
    if not taken:
        said = said or refusal(read_json(path), "") or "the lock was taken and given back just now: run again"
        module.fail_json(msg="%s: %s." % (platform.node(), said))
    module.exit_json(changed=given["state"] == "taken", id=wanted["id"] if given["state"] == "taken" else "")


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/var/lib/failover-deploy/lock"},
            "state": {"type": "str", "choices": ["free", "taken", "released"], "required": True},
            "who": {"type": "str", "default": ""},
            "doing": {"type": "str", "default": ""},
            "id": {"type": "str", "default": ""},
            "take_over": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    run(module)


if __name__ == "__main__":
    main()

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
  - Beside it lie notes on web nodes that were left out of the balancers, by whom and since when.
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
      - V(out) notes that O(node) is out of the balancers, V(back) that it is there again; neither asks who has the lock.
    type: str
    choices: [free, taken, released, out, back]
    required: true
  who:
    description: Who is at work.
    type: str
    default: ""
  doing:
    description: What he does, as it goes on in "has been …".
    type: str
    default: ""
  node:
    description: With O(state=out) and O(state=back) a web node. With O(state=released) one that the run leaves out of the balancers.
    type: str
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

- name: Note who has taken it out
  failover.stack.app_lock:
    state: out
    node: web1
    who: ann@controller
    doing: draining web1
"""

RETURN = r"""
id:
  description: The lock that was taken.
  returned: state=taken
  type: str
  sample: 3f9a2c
held:
  description: Who has the lock, C(who), C(doing), C(since) and C(id); empty when nobody has, or this task's run.
  returned: success
  type: dict
drained:
  description: By web node, C(who) has left it out of the balancers C(since) when, and what he was C(doing).
  returned: success
  type: dict
  sample: {web1: {who: ann@controller, doing: draining web1, since: 2026-11-28 10:00:00 UTC}}
"""

import json
import os
import platform
import time
import uuid

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._deploy.lock import refusal
from ansible_collections.failover.stack.plugins.module_utils._host.json_file import read_json, write_json

NOTED = ("who", "doing", "since")


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


def notes(path):
    """{node: who did what when} of those that were left out of the balancers."""
    place = path + ".drained"
    names = sorted(os.listdir(place)) if os.path.isdir(place) else []
    return {name[:-len(".json")]: read_json(os.path.join(place, name)) for name in names if name.endswith(".json")}


def note(module, wanted):
    """Whether a note is another one now. wanted: what it is to say; nothing, where there is to be none."""
    place, name = module.params["path"] + ".drained", os.path.join(module.params["path"] + ".drained", module.params["node"] + ".json")
    changed = bool(wanted) or os.path.exists(name)
    if changed and not module.check_mode:
        if wanted:
            os.makedirs(place, mode=0o755, exist_ok=True)
            write_json(name, wanted)
        else:
            os.unlink(name)
    return changed


def run(module):
    given, path = module.params, module.params["path"]
    held, wanted = read_json(path), mine(module.params)
    if given["state"] in ("out", "back"):
        changed = note(module, {key: wanted[key] for key in NOTED} if given["state"] == "out" else None)
        module.exit_json(changed=changed, held=held, drained=notes(path))
    if given["state"] == "released":
        ours = bool(held) and held.get("id") == given["id"]
        if ours and given["node"]:
            note(module, {"who": held.get("who"), "doing": held.get("doing"), "since": wanted["since"]})
        if ours and not module.check_mode:
            os.unlink(path)
        module.exit_json(changed=ours, held={} if ours else held, drained=notes(path))
    said = refusal(held, given["take_over"])
    taken = not said and (given["state"] == "free" or module.check_mode or take(path, wanted, bool(held)))
    if not taken:
        said = said or refusal(read_json(path), "") or "the lock was taken and given back just now: run again"
        module.fail_json(msg="%s: %s." % (platform.node(), said))
    takes = given["state"] == "taken"
    module.exit_json(changed=takes, id=wanted["id"] if takes else "", held={} if takes else held, drained=notes(path))


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/var/lib/failover-deploy/lock"},
            "state": {"type": "str", "choices": ["free", "taken", "released", "out", "back"], "required": True},
            "node": {"type": "str"},
            "who": {"type": "str", "default": ""},
            "doing": {"type": "str", "default": ""},
            "id": {"type": "str", "default": ""},
            "take_over": {"type": "str", "default": ""},
        },
        required_if=[("state", "out", ["node"]), ("state", "back", ["node"])],
        supports_check_mode=True,
    )
    run(module)


if __name__ == "__main__":
    main()

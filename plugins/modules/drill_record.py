#!/usr/bin/python

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_record
short_description: Judge what an observer saw in a drill and write it down
description:
  - Computes outage windows, percentiles, lost sessions, holders of virtual addresses and the predicted time, compares
    them with the drill's budget, judges a ledger, and keeps the result for the report.
version_added: 0.1.0
author:
  - The failover.stack founders (@failover-stack)
options:
  drill:
    description: The drill, as in C(drill_list).
    type: dict
    required: true
  data:
    description: What M(failover.stack.drill_observe) returned; empty when the observer brought nothing back.
    type: str
    default: ""
  events:
    description: What was done, when.
    type: dict
    default: {}
    suboptions:
      target:
        description: The host that was broken, or several, separated by commas.
        type: str
        default: ""
      address:
        description: Address that was asked.
        type: str
        default: ""
      fault_at:
        description: When, in seconds since the epoch; 0 for no fault.
        type: float
        default: 0
      fault_done:
        description: When that was over, in seconds since the epoch.
        type: float
        default: 0
      heal_done:
        description: When the healing was over.
        type: float
        default: 0
      heal_at:
        description: When it was healed, in seconds since the epoch; 0 for never.
        type: float
        default: 0
      then_at:
        description: When a playbook that answers the fault began, in seconds since the epoch; 0 for never.
        type: float
        default: 0
      then_done:
        description: When it was over.
        type: float
        default: 0
      problem:
        description: What went wrong around the drill; it is not passed then.
        type: str
        default: ""
  timers:
    description: What M(failover.stack.drill_timers) found, by host.
    type: dict
    default: {}
  directory:
    description: The report's directory.
    type: path
    required: true
  secrets:
    description:
      - What must not be in the files, by any name. An error's text may have it, since ansible-core 2.22 hides secrets on the screen only.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Writes nothing in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Write the drill down
  failover.stack.drill_record:
    drill: {name: calm, fault: none}
    data: "{{ observed.data }}"
    directory: reports/20260101T000000Z
  delegate_to: localhost
"""

RETURN = r"""
line:
  description: The result in one line.
  returned: always
  type: str
passed:
  description: Whether everything expected held.
  returned: always
  type: bool
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils import _drill_analysis as analysis
from ansible_collections.failover.stack.plugins.module_utils._drill_files import concealed, unpack
from ansible_collections.failover.stack.plugins.module_utils._drill_table import one_line
from ansible_collections.failover.stack.plugins.module_utils._drill_timers import predict

# Characters of a problem that are kept.
LONGEST = 2000
NOTHING = {"started": 0, "rows": [[] for _column in range(7)], "codes": [], "arp": {}}


EVENTS = {
    "target": {"type": "str", "default": ""},
    "address": {"type": "str", "default": ""},
    "fault_at": {"type": "float", "default": 0},
    "fault_done": {"type": "float", "default": 0},
    "heal_at": {"type": "float", "default": 0},
    "heal_done": {"type": "float", "default": 0},
    "then_at": {"type": "float", "default": 0},
    "then_done": {"type": "float", "default": 0},
    "problem": {"type": "str", "default": ""},
}


def main():
    module = AnsibleModule(
        argument_spec={
            "drill": {"type": "dict", "required": True},
            "data": {"type": "str", "default": ""},
            "events": {"type": "dict", "options": EVENTS, "default": {}, "apply_defaults": True},
            "timers": {"type": "dict", "default": {}},
            "directory": {"type": "path", "required": True},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
        },
        supports_check_mode=True,
    )
    p = module.params
    drill = p["drill"]
    seen = unpack(p["data"]) if p["data"] else NOTHING
    given = p["events"]
    events = {k: given[k] or None for k in ("fault_at", "fault_done", "heal_at", "heal_done", "then_at", "then_done")}
    events.update(target=given["target"], address=given["address"])
    prediction = predict(drill["predict"], p["timers"], given["target"]) if drill.get("predict") else (None, "")
    result = analysis.analyse(seen, drill, events, prediction)
    secrets = [str(secret) for secret in p["secrets"].values()]
    if given["problem"]:
        # Shortened afterwards: half a secret would not be recognised.
        problem = concealed(given["problem"], secrets)
        result["missed"].insert(0, "%s: %s" % (drill["name"], problem if len(problem) <= LONGEST else problem[:LONGEST] + " ..."))
        result["passed"] = False
    result = concealed(result, secrets)
    if not module.check_mode:
        os.makedirs(os.path.join(p["directory"], "seen"), exist_ok=True)
        seen["rows"] = analysis.thin(seen, result["fault_ms"], result["heal_ms"])
        kept = {k: seen.get(k) for k in ("rows", "instances", "arp", "codes", "rate")}
        kept["spans"] = (seen.get("ledger") or {}).get("spans", {})
        with open(os.path.join(p["directory"], "seen", drill["name"] + ".json"), "w") as handle:
            json.dump({"result": result, "seen": concealed(kept, secrets)}, handle, separators=(",", ":"))
    module.exit_json(changed=True, line=one_line(result), passed=result["passed"], missed=result["missed"])


if __name__ == "__main__":
    main()

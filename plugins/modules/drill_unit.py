#!/usr/bin/python

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_unit
short_description: Break or mend a systemd unit and say exactly when
description:
  - Kills all processes of a unit, stops it or starts it, and reports the wall-clock time around the act.
version_added: 0.1.0
author:
  - The failover.stack founders (@failover-stack)
options:
  unit:
    description: Name of the unit.
    type: str
    required: true
  act:
    description:
      - V(kill) sends SIGKILL to every process of the unit, V(stop) and V(start) are systemd's. V(start) also clears a
        failed state, takes O(stay_dead) back and does nothing else to an active unit.
    type: str
    choices: [kill, stop, start]
    required: true
  stay_dead:
    description:
      - With O(act=kill) and O(act=stop), systemd does not start the unit again, until O(act=start).
      - A drop-in of the running system says so; it does not outlive a boot.
    type: bool
    default: false
  moment:
    description:
      - Seconds since the epoch at which to act, so that several hosts act at the same moment; at once when that has passed.
      - At most a minute ahead.
    type: float
    default: 0
attributes:
  check_mode:
    description: Nothing is done in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Kill the web server
  failover.stack.drill_unit:
    unit: apache2.service
    act: kill

- name: Kill a database and keep systemd from starting it again
  failover.stack.drill_unit:
    unit: mariadb.service
    act: kill
    stay_dead: true

- name: Start it, and let systemd do so by itself from now on
  failover.stack.drill_unit:
    unit: mariadb.service
    act: start
"""

RETURN = r"""
at:
  description: Seconds since the epoch just before the act.
  returned: always
  type: float
  sample: 1795000000.12
done:
  description: Seconds since the epoch just after the act.
  returned: always
  type: float
  sample: 1795000000.15
timers:
  description: The unit's Restart and RestartUSec.
  returned: always
  type: dict
  sample: {Restart: always, RestartUSec: 100ms}
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule

ACTS = {"kill": ["kill", "--signal=KILL", "--kill-whom=all"], "stop": ["stop"], "start": ["start"]}

DROP_IN = "/run/systemd/system/%s.d/zz-failover-drill.conf"


def restarts(module, unit, allowed):
    """Lets systemd start the unit again by itself, or not; whether that was a change."""
    path = DROP_IN % unit
    if os.path.exists(path) != allowed:
        return False
    if not module.check_mode:
        if allowed:
            os.unlink(path)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as handle:
                handle.write("[Service]\nRestart=no\n")
        module.run_command(["systemctl", "daemon-reload"], check_rc=True)
    return True


def main():
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "required": True},
            "act": {"type": "str", "choices": ["kill", "stop", "start"], "required": True},
            "stay_dead": {"type": "bool", "default": False},
            "moment": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    unit, act = module.params["unit"], module.params["act"]
    properties = "ActiveState,LoadState,Restart,RestartUSec"
    _rc, out, _err = module.run_command(["systemctl", "show", "--property=" + properties, unit], check_rc=True)
    shown = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    if shown.get("LoadState") != "loaded":
        module.fail_json(msg="there is no unit '%s' on this host: correct the drill's unit" % unit)
    active = shown.get("ActiveState") in ("active", "reloading")
    if act == "kill" and not active:
        module.fail_json(msg="unit '%s' is %s: there is nothing to kill" % (unit, shown.get("ActiveState")))
    changed = not (act == "start" and active) and not (act == "stop" and shown.get("ActiveState") == "inactive")
    if act == "start":
        changed = restarts(module, unit, True) or changed
    elif module.params["stay_dead"]:
        restarts(module, unit, False)
    wait = module.params["moment"] - time.time()
    if 0 < wait < 60 and not module.check_mode:
        time.sleep(wait)
    at = time.time()
    if changed and not (act == "start" and active) and not module.check_mode:
        if shown.get("ActiveState") == "failed" and act == "start":
            module.run_command(["systemctl", "reset-failed", unit])
            at = time.time()
        module.run_command(["systemctl", *ACTS[act], unit], check_rc=True)
    module.exit_json(
        changed=changed, at=at, done=time.time(), timers={k: shown.get(k) for k in ("Restart", "RestartUSec")}
    )


if __name__ == "__main__":
    main()

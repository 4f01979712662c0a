#!/usr/bin/python

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_timers
short_description: Read the timers in force that decide how long a failure lasts
description:
  - Reads VRRP, health check and mod_jk timers from the services' own files and restart delays from systemd, so that a
    drill can print what they promise beside what was measured. A missing file means that the service is not here.
version_added: 0.1.0
author:
  - The failover.stack founders (@failover-stack)
options:
  keepalived:
    description: keepalived's configuration file.
    type: path
    default: /etc/keepalived/keepalived.conf
  haproxy:
    description: HAProxy's configuration file.
    type: path
    default: /etc/haproxy/haproxy.cfg
  modjk:
    description: Places where mod_jk's workers may be described; the first that exists counts.
    type: list
    elements: path
    default: []
  units:
    description: Units whose restart delay is wanted.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Changes nothing anyway.
    support: full
"""

EXAMPLES = r"""
- name: Read the timers in force
  failover.stack.drill_timers:
    units: [haproxy.service]
"""

RETURN = r"""
timers:
  description: The timers by service; services that are not here are missing.
  returned: always
  type: dict
  sample: {haproxy: {inter: 100, fall: 2}, units: {haproxy.service: {restart: always, restart_ms: 100.0}}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._drill import timers

DAY_MS = 86400000
# systemd shows 0 without a unit; a month and a year are as systemd.time(7) has them.
UNITS_MS = {"": 0.001, "us": 0.001, "ms": 1, "s": 1000, "min": 60000, "h": 3600000, "d": DAY_MS, "w": 7 * DAY_MS, "month": 30.44 * DAY_MS,
            "y": 365.25 * DAY_MS}


def text_of(path):
    try:
        with open(path) as handle:
            return handle.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def milliseconds(value):
    """systemd's '100ms', '1.5s', '1min 30s'; None of 'infinity' and what else is no time."""
    total = 0.0
    for word in (value or "0").split():
        number = word.rstrip("abcdefghijklmnopqrstuvwxyz")
        unit = word[len(number) :]
        if not number or unit not in UNITS_MS:
            return None
        total += float(number) * UNITS_MS[unit]
    return total


def main():
    module = AnsibleModule(
        argument_spec={
            "keepalived": {"type": "path", "default": "/etc/keepalived/keepalived.conf"},
            "haproxy": {"type": "path", "default": "/etc/haproxy/haproxy.cfg"},
            "modjk": {"type": "list", "elements": "path", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    p, found = module.params, {"units": {}}
    candidates = [
        ("keepalived", [p["keepalived"]], timers.keepalived_timers),
        ("haproxy", [p["haproxy"]], timers.haproxy_timers),
        ("modjk", p["modjk"], timers.modjk_timers),
    ]
    for name, paths, parse in candidates:
        for path in paths:
            text = text_of(path)
            if text is not None:
                found[name] = parse(text)
                break
    for unit in p["units"]:
        _rc, out, _err = module.run_command(["systemctl", "show", "--property=LoadState,Restart,RestartUSec", unit])
        shown = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
        if shown.get("LoadState") == "loaded":
            found["units"][unit] = {
                "restart": shown.get("Restart"),
                "restart_ms": milliseconds(shown.get("RestartUSec")),
            }
    module.exit_json(changed=False, timers=found)


if __name__ == "__main__":
    main()

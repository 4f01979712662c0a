#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_info
short_description: Read the state of HAProxy from its admin socket
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Tells frontends, servers and whether the worker runs with a configuration older than its files.
  - With O(wait_healthy) it waits until every bind listens and every named backend has a server that is up.
extends_documentation_fragment: [failover.stack.read_only]
options:
  socket:
    description: Path of the admin socket.
    type: path
    default: /run/haproxy/admin.sock
  paths:
    description: Files or directories (with everything beneath) that HAProxy reads at start and reload.
    type: list
    elements: path
    default: []
  binds:
    description: Addresses and ports, C(address:port), on which somebody must listen to be healthy.
    type: list
    elements: str
    default: []
  backends:
    description: Names of the backends that must have a server that is up to be healthy.
    type: list
    elements: str
    default: []
  wait_healthy:
    description: Seconds to wait for health before failing. V(0) only reports.
    type: int
    default: 0
  wait_current:
    description: Seconds to wait, after a reload, for a worker newer than O(paths) before failing. V(0) only reports.
    type: int
    default: 0
  unit:
    description: The systemd unit, whose last words in the journal are told when no new worker took over.
    type: str
    default: haproxy.service
"""

EXAMPLES = r"""
- name: Wait until the proxy is healthy
  failover.stack.haproxy_info:
    binds: ["*:80"]
    backends: [web]
    wait_healthy: 30

- name: Wait until the proxy is healthy
  failover.stack.haproxy_info:
    backends: [web]
    binds: ["198.18.0.100:443"]
    wait_healthy: 30

- name: Did the reload take over what was written?
  failover.stack.haproxy_info:
    paths: [/etc/haproxy]
    wait_current: 10
"""

RETURN = r"""
running:
  description: Whether a worker answered.
  returned: always
  type: bool
  sample: true
stale:
  description: Whether a file of O(paths) is newer than the worker, that is, a reload is due.
  returned: always
  type: bool
  sample: false
problems:
  description: One sentence for each thing that keeps the proxy from being healthy.
  returned: always
  type: list
  elements: str
  sample: ["Backend web has no server that is up (web1 DOWN L4TOUT)."]
frontends:
  description: Name, status and sessions of each frontend.
  returned: always
  type: list
  elements: dict
  sample: [{name: web, status: OPEN, sessions: 3}]
servers:
  description: Backend, name, address, status, sessions, check result and backup of each server.
  returned: always
  type: list
  elements: dict
  sample: [{backend: web, name: web1, address: "198.18.0.21:80", status: UP, sessions: 2, check: L7OK, backup: false}]
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._web.haproxy import (
    missing_binds,
    parse_info,
    parse_listening,
    parse_stat,
    troubles,
)
from ansible_collections.failover.stack.plugins.module_utils._web.haproxy_socket import ask


def read(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except OSError:
        return ""


def newest(paths):
    """Newest modification time (seconds) of files and of whole directories."""
    times = [0.0]
    for path in paths:
        if os.path.lexists(path):
            times.append(os.lstat(path).st_mtime)
        for root, directories, files in os.walk(path):
            times += [os.lstat(os.path.join(root, name)).st_mtime for name in directories + files]
    return max(times)


def worker_start(pid):
    """When the worker began. A reload makes a new one, while the unit's main process stays: ask the worker."""
    fields = read("/proc/%s/stat" % pid).rpartition(")")[2].split()
    if len(fields) < 20:
        return None
    since_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - since_boot)


def query(params):
    try:
        info = parse_info(ask(params["socket"], "show info"))
        frontends, servers = parse_stat(ask(params["socket"], "show stat"))
    except OSError as error:
        return {"running": False, "stale": False, "frontends": [], "servers": [], "problems": [
            "HAProxy does not answer on %s (%s): journalctl -u haproxy tells why." % (params["socket"], error.strerror or error)]}
    start = worker_start(info.get("Pid", ""))
    listening = parse_listening(read("/proc/net/tcp")) | parse_listening(read("/proc/net/tcp6"))
    return {
        "running": True, "frontends": frontends, "servers": servers,
        # The worker's start is known to 10 ms.
        "stale": start is not None and newest(params["paths"]) > start + 0.01,
        "problems": troubles(frontends, servers, params["backends"], missing_binds(params["binds"], listening)),
    }


def last_words(module):
    """What the unit said lately."""
    journal = module.run_command(["journalctl", "--unit", module.params["unit"], "--lines=8", "--no-pager", "--output=cat"])[1]
    return "; ".join(journal.split("\n")).strip("; ") or "nothing in the journal."


def wait(params, seconds, good):
    """Look until it is good or the time is over."""
    deadline = time.monotonic() + seconds
    info = query(params)
    while not good(info) and time.monotonic() < deadline:
        time.sleep(0.25)
        info = query(params)
    return info


def main():
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "paths": {"type": "list", "elements": "path", "default": []},
            "binds": {"type": "list", "elements": "str", "default": []},
            "backends": {"type": "list", "elements": "str", "default": []},
            "wait_healthy": {"type": "int", "default": 0},
            "wait_current": {"type": "int", "default": 0},
            "unit": {"type": "str", "default": "haproxy.service"},
        },
        supports_check_mode=True,
    )
    healthy, current = module.params["wait_healthy"], module.params["wait_current"]
    info = wait(module.params, healthy, lambda info: not info["problems"])
    if info["problems"] and healthy:
        module.fail_json(msg="HAProxy is not healthy after %d s: %s" % (healthy, " ".join(info["problems"])), changed=False, **info)
    if current:
        info = wait(module.params, current, lambda info: info["running"] and not info["stale"])
        if info["stale"] or not info["running"]:
            module.fail_json(msg="HAProxy was reloaded, but no new worker took over within %d s, the old one goes on with the "
                                 "old configuration (a higher maxconn takes a restart). It said: %s" % (current, last_words(module)),
                             changed=False, **info)
    module.exit_json(changed=False, **info)


if __name__ == "__main__":
    main()

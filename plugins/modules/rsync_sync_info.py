#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rsync_sync_info
short_description: Tell how content is that a host has for others or pulls from them
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - "Of content that others pull from here: whether its directory is there, mounted and marked, holds a database, and how many directories
    lsyncd has to watch. Of content that is pulled: what its last run did, how old it is, and why it was refused."
  - With O(wait_healthy) it waits until all is as it should be, and fails with one sentence for each thing that is not.
extends_documentation_fragment: [failover.stack.read_only]
options:
  sources:
    description: Content that others pull from here.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      path:
        description: Its directory.
        type: path
        required: true
      mount:
        description: Where something must be mounted; empty where it need not.
        type: str
        default: ""
      marker:
        description: Name of the file whose absence refuses.
        type: str
        default: .failover-content
      push:
        description: Whether lsyncd watches it.
        type: bool
        default: false
  targets:
    description: Content that is pulled to here.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      target:
        description: Where it is put.
        type: path
        required: true
      mount:
        description: Where something must be mounted; empty where it need not.
        type: str
        default: ""
      atomic:
        description: Whether it is a symbolic link to a release.
        type: bool
        default: false
      stale_s:
        description: Seconds after which the last good pull is too old.
        type: int
        default: 1020
  binds:
    description: Addresses and ports, C(address:port), on which rsyncd must listen to be healthy.
    type: list
    elements: str
    default: []
  units:
    description: Units that must be active to be healthy.
    type: list
    elements: str
    default: []
  ssh_directory:
    description: Where the public keys of this host's SSH server are.
    type: path
    default: /etc/ssh
  wait_healthy:
    description: Seconds to wait for health before failing. V(0) only reports.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: How old is the content?
  failover.stack.rsync_sync_info:
    targets: [{name: site, target: /srv/www/site}]
  register: content

- name: Wait until it is as it should be
  failover.stack.rsync_sync_info:
    targets: [{name: site, target: /srv/www/site, stale_s: 600}]
    wait_healthy: 30
"""

RETURN = r"""
sources:
  description: "For each of O(sources): exists, empty, mounted, marker, database, directories, watches (fs.inotify.max_user_watches)."
  returned: always
  type: dict
  sample: {site: {exists: true, empty: false, mounted: true, marker: true, database: null, directories: 0, watches: 0}}
targets:
  description:
    - "For each of O(targets): mounted, database, link, full, age_s (seconds since the last good pull, null when there was none), status."
    - "The status is that of C(/var/lib/failover-content/<name>.json): result (done, unchanged, refused, failed), reason, kind, at, seconds,
      files, created, changed, deleted, bytes, last_good, last_change, release, and waiting, the refusal that waits for somebody's word."
  returned: always
  type: dict
  sample: {site: {mounted: true, database: null, link: false, full: true, age_s: 12, status: {result: unchanged, files: 10001}}}
problems:
  description: One sentence for each thing that is not as it should be.
  returned: always
  type: list
  elements: str
  sample: ["content site is as it was 912 s ago, the last pull failed: @ERROR: chroot failed (rc 5)."]
known:
  description: What the role has made this host a source of.
  returned: always
  type: list
  elements: str
  sample: [site]
rsyncd:
  description: Whose C(/etc/rsyncd.conf) is there.
  returned: always
  type: str
  sample: ours
host_keys:
  description: Public keys of the SSH server.
  returned: always
  type: list
  elements: str
  sample: [ssh-ed25519 AAAA]
authorized:
  description: Lines of the keys that may pull by SSH.
  returned: always
  type: list
  elements: str
  sample: []
known_hosts:
  description: Lines of the sources' keys.
  returned: always
  type: list
  elements: str
  sample: []
"""

import glob
import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._content import plan, probe, status
from ansible_collections.failover.stack.plugins.module_utils._web.haproxy import missing_binds, parse_listening


def whose(path):
    lines = probe.lines_of(path)
    return "ours" if lines[:1] == [probe.OURS] else "another" if os.path.lexists(path) else "nobody's"


def listening():
    return set().union(*(parse_listening("\n".join(probe.lines_of(path))) for path in ("/proc/net/tcp", "/proc/net/tcp6")))


def age_of(found, now):
    good = found.get("last_good")
    return None if good is None else int(now - good)


def inactive(module):
    """Those of the units that do not run."""
    names = module.params["units"]
    if not names:
        return []
    # One line for each, in their order; the code tells whether all are active.
    states = module.run_command([module.get_bin_path("systemctl", required=True), "is-active", "--", *names])[1].split()
    return ["unit %s is %s: start it, or look at journalctl -u %s." % (name, state, name)
            for name, state in zip(names, states) if state != "active"]


def query(module, now):
    params = module.params
    sources = {one["name"]: probe.read_source(one) for one in params["sources"]}
    targets = {one["name"]: probe.read_target(one) for one in params["targets"]}
    problems = [probe.source_objection(one, sources[one["name"]], True, False) for one in params["sources"]]
    for one in params["targets"]:
        found = targets[one["name"]]
        found["age_s"] = age_of(found["status"], now)
        problems.append(probe.target_objection(one, found)
                        or status.trouble(one["name"], found["status"], now, one["stale_s"]))
    missing = missing_binds(params["binds"], listening()) if params["binds"] else []
    problems += ["nobody listens on %s: look at journalctl -u %s." % (bind, plan.RSYNCD_UNIT) for bind in missing]
    problems += inactive(module)
    return {"sources": sources, "targets": targets, "problems": [one for one in problems if one]}


def main():
    module = AnsibleModule(
        argument_spec={
            "sources": {"type": "list", "elements": "dict", "default": [], "options": {
                "name": {"type": "str", "required": True}, "path": {"type": "path", "required": True},
                "mount": {"type": "str", "default": ""}, "marker": {"type": "str", "default": ".failover-content"},
                "push": {"type": "bool", "default": False}}},
            "targets": {"type": "list", "elements": "dict", "default": [], "options": {
                "name": {"type": "str", "required": True}, "target": {"type": "path", "required": True},
                "mount": {"type": "str", "default": ""}, "atomic": {"type": "bool", "default": False},
                "stale_s": {"type": "int", "default": 1020}}},
            "binds": {"type": "list", "elements": "str", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
            "ssh_directory": {"type": "path", "default": "/etc/ssh"},
            "wait_healthy": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    deadline = time.monotonic() + module.params["wait_healthy"]
    found = query(module, time.time())
    while found["problems"] and time.monotonic() < deadline:
        time.sleep(0.5)
        found = query(module, time.time())
    if found["problems"] and module.params["wait_healthy"]:
        module.fail_json(msg="Content is not as it should be after %d s: %s" % (module.params["wait_healthy"], " ".join(found["problems"])),
                         changed=False, **found)
    keys = [line for path in sorted(glob.glob(module.params["ssh_directory"] + "/ssh_host_*_key.pub")) for line in probe.lines_of(path)]
    module.exit_json(
        changed=False, **found, known=[line for line in probe.lines_of(plan.SOURCES) if not line.startswith("#")],
        rsyncd=whose(plan.RSYNCD), host_keys=keys, authorized=probe.lines_of(plan.AUTHORIZED), known_hosts=probe.lines_of(plan.KNOWN_HOSTS))


if __name__ == "__main__":
    main()

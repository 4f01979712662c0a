#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nfs_content_info
short_description: Tell how content is that a host exports or mounts by NFS
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - "Of directories that are to be exported: whether they are there, hold a database, and lie on a file system that can be exported;
    what nfsd serves. Of content that is mounted: how, whether its server counts as away, and whether it can be read in time."
  - Content is read only with O(wait_healthy), since that mounts it, by a process of its own that may hang without holding up the module.
  - With O(wait_healthy) it waits until all is as it should be, and fails with one sentence for each thing that is not.
extends_documentation_fragment: [failover.stack.read_only]
options:
  exports:
    description: Directories that this host exports.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the content.
        type: str
        required: true
      path:
        description: The directory.
        type: path
        required: true
      options:
        description: Options that exportfs must tell of it.
        type: list
        elements: str
        default: []
      own_file_system:
        description: Whether it must be a mount, since its options or clients are others than those of O(root).
        type: bool
        default: false
      addresses:
        description: Whom it is exported to, and nobody else.
        type: list
        elements: str
        default: []
  root:
    description: Directory that clients see as the server's root; empty for the host's own.
    type: str
    default: ""
  contents:
    description: What this host mounts.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the content.
        type: str
        required: true
      mount:
        description: Where automount has it.
        type: path
        required: true
      device:
        description: What must be mounted there, C(address:path).
        type: str
        required: true
      options:
        description: Options that must be in C(/proc/mounts).
        type: list
        elements: str
        default: []
      away:
        description: File whose presence tells that its server was given up.
        type: path
        required: true
  mount_root:
    description: Directory over which automount is mounted or is to be; empty for none.
    type: str
    default: ""
  binds:
    description: Addresses and ports, C(address:port), on which nfsd must listen to be healthy.
    type: list
    elements: str
    default: []
  units:
    description: Units that must be active to be healthy.
    type: list
    elements: str
    default: []
  answer_s:
    description: Seconds in which a look at a content must end.
    type: float
    default: 6
  wait_healthy:
    description: Seconds to wait for health before failing. V(0) only reports, and reads no content.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: What is mounted, and how?
  failover.stack.nfs_content_info:
  register: nfs

- name: Wait until the content can be read
  failover.stack.nfs_content_info:
    contents:
      - name: images
        mount: /srv/nfs/images
        device: 192.0.2.62:/srv/content/images
        options: [ro, soft]
        away: /run/failover-nfs/images.away
    wait_healthy: 30
"""

RETURN = r"""
exports:
  description: "For each of O(exports): exists, mounted (itself), link, database, exportable, type (of its file system)."
  returned: always
  type: dict
  sample: {images: {exists: true, mounted: false, link: false, database: null, exportable: true, type: ext4}}
root:
  description: The same of O(root).
  returned: always
  type: dict
  sample: {}
exported:
  description: "What nfsd exports: paths, clients, options."
  returned: always
  type: dict
  sample: {/srv/content/images: {192.0.2.21: [ro, sync, root_squash]}}
versions:
  description: NFS versions that nfsd knows, and whether it serves them; empty where it does not run.
  returned: always
  type: dict
  sample: {"3": false, "4": true, "4.2": true}
foreign:
  description: Lines of /etc/exports.
  returned: always
  type: list
  elements: str
  sample: []
mounts:
  description: "What is mounted by NFS: device, options, type, by place."
  returned: always
  type: dict
  sample: {/srv/nfs/images: {device: "192.0.2.62:/srv/content/images", options: [ro, soft], type: nfs4}}
old_mounts:
  description: Places where something is mounted by NFS 3 or older.
  returned: always
  type: list
  elements: str
  sample: []
mount_root:
  description: "What O(mount_root) has: type of what is mounted there, names in it, whether it is a symbolic link."
  returned: always
  type: dict
  sample: {type: autofs, names: [], link: false}
away:
  description: Contents whose server was given up.
  returned: always
  type: list
  elements: str
  sample: []
reads:
  description: "With O(wait_healthy), for each of O(contents): seconds, error. Null for one that did not end in time."
  returned: always
  type: dict
  sample: {images: {seconds: 0.02, error: null}}
problems:
  description: One sentence for each thing that is not as it should be.
  returned: always
  type: list
  elements: str
  sample: ["content images: its server was given up, /run/failover-nfs/images.away is there: look at journalctl -u failover-nfs-watch."]
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._content import nfs_read, nfs_state
from ansible_collections.failover.stack.plugins.module_utils._content.probe import lines_of
from ansible_collections.failover.stack.plugins.module_utils._web.haproxy import missing_binds, parse_listening

SPEC_EXPORT = {
    "name": {"type": "str", "required": True}, "path": {"type": "path", "required": True},
    "options": {"type": "list", "elements": "str", "default": []}, "own_file_system": {"type": "bool", "default": False},
    "addresses": {"type": "list", "elements": "str", "default": []}}
SPEC_CONTENT = {
    "name": {"type": "str", "required": True}, "mount": {"type": "path", "required": True}, "device": {"type": "str", "required": True},
    "options": {"type": "list", "elements": "str", "default": []}, "away": {"type": "path", "required": True}}


def listening():
    return set().union(*(parse_listening("\n".join(lines_of(path))) for path in ("/proc/net/tcp", "/proc/net/tcp6")))


def exported(module):
    """Where there is no exportfs nothing is exported."""
    program = module.get_bin_path("exportfs", opt_dirs=["/usr/sbin"])
    return nfs_state.exported(module.run_command([program, "-v"], check_rc=True)[1]) if program else {}


def inactive(module):
    names = module.params["units"]
    if not names:
        return []
    # One line for each, in their order; the code tells whether all are active.
    states = module.run_command([module.get_bin_path("systemctl", required=True), "is-active", "--", *names])[1].split()
    return ["unit %s is %s: start it, or look at journalctl -u %s." % (name, state, name)
            for name, state in zip(names, states) if state != "active"]


def look(module):
    params, lines = module.params, lines_of("/proc/self/mountinfo")
    return {
        "exports": {one["name"]: nfs_state.look_export(one["path"]) for one in params["exports"]},
        "root": nfs_state.look_export(params["root"]) if params["root"] else {},
        "mount_root": nfs_state.look_mount_root(params["mount_root"]) if params["mount_root"] else {},
        "exported": exported(module), "versions": nfs_state.versions("\n".join(lines_of(nfs_state.VERSIONS))),
        "foreign": nfs_state.foreign_lines(lines_of(nfs_state.FOREIGN)), "mounts": nfs_state.mounts_of(lines),
        "old_mounts": nfs_state.old_mounts(lines),
        "away": [one["name"] for one in params["contents"] if os.path.exists(one["away"])], "reads": {}}


def problems_of(module, found):
    """What is not as it should be; reads the contents, and looks again how they are mounted then."""
    params, sockets = module.params, listening()
    problems = [nfs_state.export_objection(one, found["exports"][one["name"]]) for one in params["exports"]]
    if params["exports"]:
        problems += list(nfs_state.server_problems(params["exports"], params["root"], found))
    for one in params["contents"]:
        read = found["reads"][one["name"]] = nfs_read.within(one["mount"], params["answer_s"])
        problems += [nfs_state.reading_problem(one, read, params["answer_s"]), nfs_state.away_problem(one, one["name"] in found["away"])]
    found["mounts"] = nfs_state.mounts_of(lines_of("/proc/self/mountinfo"))
    problems += [nfs_state.option_problems(one, found["mounts"][one["mount"]]) for one in params["contents"]
                 if one["mount"] in found["mounts"]]
    problems += ["nobody listens on %s: look at journalctl -u nfs-server." % bind for bind in missing_binds(params["binds"], sockets)]
    if params["exports"] or params["contents"]:
        problems.append(nfs_state.old_programs(sockets))
    return [one for one in problems if one] + inactive(module)


def main():
    module = AnsibleModule(
        argument_spec={
            "exports": {"type": "list", "elements": "dict", "default": [], "options": SPEC_EXPORT},
            "root": {"type": "str", "default": ""},
            "contents": {"type": "list", "elements": "dict", "default": [], "options": SPEC_CONTENT},
            "mount_root": {"type": "str", "default": ""},
            "binds": {"type": "list", "elements": "str", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
            "answer_s": {"type": "float", "default": 6},
            "wait_healthy": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    wait = module.params["wait_healthy"]
    deadline = time.monotonic() + wait
    found = look(module)
    problems = problems_of(module, found) if wait else []
    while problems and time.monotonic() < deadline:
        time.sleep(0.5)
        found = look(module)
        problems = problems_of(module, found)
    if problems:
        module.fail_json(msg="Content by NFS is not as it should be after %d s: %s" % (wait, " ".join(problems)), changed=False,
                         problems=problems, **found)
    module.exit_json(changed=False, problems=problems, **found)


if __name__ == "__main__":
    main()

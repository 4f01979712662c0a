#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nfs_content_mount
short_description: Let go of NFS mounts that are not as they are to be
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Content that automount has mounted with other options or from elsewhere than it should, or that nobody wants any more, is detached
    (C(umount -l)). Whoever has a file open keeps it; with the next access automount mounts anew.
  - What is not mounted is left to automount.
attributes:
  check_mode:
    support: full
    description: Nothing is detached.
  diff_mode:
    support: none
    description: RV(detached) says what there is to say.
options:
  contents:
    description: What is mounted, as in M(failover.stack.nfs_content_info).
    type: list
    elements: dict
    required: true
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
        description: What must be mounted there.
        type: str
        required: true
      options:
        description: Options it must have.
        type: list
        elements: str
        default: []
      away:
        description: Not used here.
        type: path
  mount_root:
    description: Directory below which all mounts are automount's; those of no content are detached, too.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Other options count from the next access on
  failover.stack.nfs_content_mount:
    contents: [{name: images, mount: /srv/nfs/images, device: "192.0.2.62:/srv/content/images", options: [ro, soft]}]
    mount_root: /srv/nfs
"""

RETURN = r"""
detached:
  description: Places that were (in check mode, would be) detached.
  returned: always
  type: list
  elements: str
  sample: [/srv/nfs/images]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._content import nfs_state
from ansible_collections.failover.stack.plugins.module_utils._content.probe import lines_of


def main():
    module = AnsibleModule(
        argument_spec={
            "contents": {"type": "list", "elements": "dict", "required": True, "options": {
                "name": {"type": "str", "required": True}, "mount": {"type": "path", "required": True},
                "device": {"type": "str", "required": True}, "options": {"type": "list", "elements": "str", "default": []},
                "away": {"type": "path"}}},
            "mount_root": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    mounts = nfs_state.mounts_of(lines_of("/proc/self/mountinfo"))
    places = nfs_state.to_detach(module.params["contents"], module.params["mount_root"], mounts)
    for place in [] if module.check_mode else places:
        # -i: without the helper of NFS, which may ask the server.
        rc, _out, err = module.run_command([module.get_bin_path("umount", required=True), "-i", "-l", "--", place])
        if rc:
            module.fail_json(msg="%s cannot be detached (umount rc %d): %s" % (place, rc, err.strip()), changed=False, detached=[])
    module.exit_json(changed=bool(places), detached=places)


if __name__ == "__main__":
    main()

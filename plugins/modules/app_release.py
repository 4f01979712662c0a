#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_release
short_description: Lay a release of an application down beside the others, and switch to one
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Releases lie in C(releases) of the document root, C(current) is a symbolic link to one of them, C(deploy.json) knows what was deployed.
  - A release is whole or not there; the link is replaced in one step.
attributes:
  check_mode:
    support: full
    description: Nothing is laid down or switched.
  diff_mode:
    support: full
    description: Where the link leads to.
options:
  docroot:
    description: Directory of the application, made when missing.
    type: path
    required: true
  state:
    description:
      - V(present) unpacks O(package) unless the release is there.
      - V(current) makes the link lead to a release that is there, and removes the oldest ones.
    type: str
    choices: [present, current]
    required: true
  release:
    description: Name of the release.
    type: str
    required: true
  version:
    description: Its version.
    type: str
    required: true
  identity:
    description: What the version stands for, a commit or a checksum. It must be what it was when it was deployed last.
    type: str
    required: true
  package:
    description: With O(state=present), a package of M(failover.stack.app_package) on this host.
    type: path
  package_goes:
    description: Remove O(package) when the release is there, or cannot be.
    type: bool
    default: false
  classes:
    description: With O(state=present), the classes that M(failover.stack.app_package) tells.
    type: dict
    default: {}
  shared:
    description: Paths in the release that are links to directories of C(shared), which all versions have in common.
    type: list
    elements: str
    default: []
  shared_owner:
    description: Who owns these directories when they are made.
    type: str
    default: root
  keep:
    description: How many releases to keep. The one that is left and the one that is gone to always are.
    type: int
    default: 5
  who:
    description: Who deploys.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Lay a release down
  failover.stack.app_release:
    docroot: /srv/shop
    state: present
    release: v2.0-3f786850e387
    version: v2.0
    identity: 3f786850e387c1fb5ba4be4e0b0d2a4b9b6c0ad4
    package: /tmp/shop.tar.gz
    shared: [uploads]
    shared_owner: tomcat

- name: Switch to it
  failover.stack.app_release:
    docroot: /srv/shop
    state: current
    release: v2.0-3f786850e387
    version: v2.0
    identity: 3f786850e387c1fb5ba4be4e0b0d2a4b9b6c0ad4
    who: ann@controller
  register: switched

- name: Keep two releases only
  failover.stack.app_release:
    docroot: /srv/shop
    state: current
    release: v1.0-86f7e437faa5
    version: v1.0
    identity: 86f7e437faa5a7fce15d1ddcb9eaeaea377667b8
    keep: 2
"""

RETURN = r"""
previous:
  description: With O(state=current), the release that the link led to before; empty for none.
  returned: success
  type: str
removed:
  description: Releases that were removed.
  returned: success
  type: list
  elements: str
"""

import os
import platform
import pwd
import shutil
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._deploy import package as packages
from ansible_collections.failover.stack.plugins.module_utils._deploy import release as releases
from ansible_collections.failover.stack.plugins.module_utils._deploy.state import read_releases
from ansible_collections.failover.stack.plugins.module_utils._host import beneath
from ansible_collections.failover.stack.plugins.module_utils._host.json_file import read_json, write_json

OLD = ".old-"


class Place:
    """The document root of one application."""

    def __init__(self, module):
        self.module, self.given = module, module.params
        self.root, self.release = self.given["docroot"], self.given["release"]
        self.releases = os.path.join(self.root, releases.RELEASES)
        self.path, self.link = os.path.join(self.releases, self.release), os.path.join(self.root, releases.CURRENT)
        self.now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def refuse(self, sentence):
        self.module.fail_json(msg="%s: %s" % (platform.node(), sentence))

    def check(self):
        if os.path.lexists(self.link) and not os.path.islink(self.link):
            self.refuse("%s is no symbolic link: move it away, it stands where the link to the release has to be." % self.link)
        said = releases.moved(read_json(os.path.join(self.root, releases.LEDGER)), self.given["version"], self.given["identity"])
        if said:
            self.refuse(said + ".")

    def present(self):
        if os.path.isdir(self.path):
            return {"changed": False}
        if self.module.check_mode:
            return {"changed": True}
        new = os.path.join(self.releases, ".new-" + self.release)
        os.makedirs(self.releases, mode=0o755, exist_ok=True)
        left = self.remove(new)
        if left:
            self.refuse(left + ".")
        said = self.lay(new)
        if self.given["package_goes"]:
            os.unlink(self.given["package"])
        if said:
            left = self.remove(new)
            self.refuse(said + ("; and %s." % left if left else "."))
        return {"changed": True}

    def lay(self, new):
        """Why the release cannot be there; empty when it is."""
        try:
            os.mkdir(new, 0o755)
            packages.unpack(self.given["package"], new)
            for path in self.given["shared"]:
                self.share(new, packages.inside(path))
            # Whoever loses its power would come back with a release that has all of its names and empty files, and would never lay it anew.
            code, _out, err = self.module.run_command(["sync", "--file-system", new])
            if code:
                return "release %s cannot be brought to the disk below %s (%s): nothing was switched" % (
                    self.release, self.releases, err.strip())
            write_json(self.path + ".json", {"version": self.given["version"], "identity": self.given["identity"], "at": self.now,
                                             "classes": self.given["classes"]})
            os.rename(new, self.path)
        except packages.BadPackage as error:
            return "release %s cannot be laid down, %s: correct the application" % (self.release, error)
        except OSError as error:
            return "release %s cannot be laid down below %s (%s, %d MB are free there): make room, nothing was switched" % (
                self.release, self.releases, error.strerror or error, shutil.disk_usage(self.releases).free // 1048576)
        return ""

    @staticmethod
    def remove(directory):
        """Why a directory is still there; empty when it is not. Nobody would know why the disk gets full."""
        try:
            if os.path.lexists(directory):
                shutil.rmtree(directory)
        except OSError as error:
            return "%s cannot be removed (%s): remove it by hand, or it goes on filling the disk" % (directory, error.strerror or error)
        return ""

    def share(self, new, path):
        """A link at a path of the release, to the directory that all versions have in common."""
        there, common = os.path.join(new, path), os.path.join(self.root, releases.SHARED, path)
        names = sorted(os.listdir(there))[:3] if os.path.isdir(there) else [path] if os.path.lexists(there) else []
        said = releases.shared_objection(path, ", ".join(names))
        if said:
            raise packages.BadPackage("it " + said)
        if not os.path.isdir(common):
            try:
                owner = pwd.getpwnam(self.given["shared_owner"])
            except KeyError:
                said = "its %s is to be %s's, whom this host does not have" % (path, self.given["shared_owner"])
                raise packages.BadPackage(said) from None
            # One of another path may be above it, and its owner's.
            beneath.make_directory(common, 0o755, owner.pw_uid, owner.pw_gid)
        if os.path.isdir(there):
            os.rmdir(there)
        os.makedirs(os.path.dirname(there), mode=0o755, exist_ok=True)
        os.symlink(common, there)

    def current(self):
        previous = releases.release_of(os.readlink(self.link) if os.path.islink(self.link) else "")
        if not os.path.isdir(self.path) and not self.module.check_mode:
            self.refuse("release %s is not below %s: lay it down first." % (self.release, self.releases))
        changed, removed = previous != self.release, []
        if not self.module.check_mode:
            if changed:
                self.switch(previous)
            removed = self.prune(previous)
        return {"changed": changed or bool(removed), "previous": previous, "removed": removed,
                "diff": {"before": previous + "\n" if previous else "", "after": self.release + "\n"}}

    def switch(self, previous):
        # The ledger first: whoever is interrupted in between finds the old release and switches again.
        ledger, new = os.path.join(self.root, releases.LEDGER), self.link + ".new"
        write_json(ledger, releases.deployed(read_json(ledger), self.given["version"], self.given["identity"], self.release, previous,
                                             self.now, self.given["who"]))
        if os.path.lexists(new):
            os.unlink(new)
        os.symlink(os.path.join(releases.RELEASES, self.release), new)
        os.replace(new, self.link)

    def prune(self, previous):
        there = {name: record.get("at", "") for name, record in read_releases(self.releases).items()}
        removed = releases.superfluous(there, self.given["keep"], {previous, self.release})
        for name in removed:
            # Out of the way in one step: half a release must not be taken for one.
            path = os.path.join(self.releases, name)
            os.rename(path, os.path.join(self.releases, "%s%s.%d" % (OLD, name, os.getpid())))
            if os.path.exists(path + ".json"):
                os.unlink(path + ".json")
        for name in sorted(one for one in os.listdir(self.releases) if one.startswith(OLD)):
            # The switch is done, and going back for that would help nobody.
            left = self.remove(os.path.join(self.releases, name))
            if left:
                self.module.warn("%s: %s." % (platform.node(), left))
        return removed


def main():
    module = AnsibleModule(
        argument_spec={
            "docroot": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["present", "current"], "required": True},
            "release": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "identity": {"type": "str", "required": True},
            "package": {"type": "path"},
            "package_goes": {"type": "bool", "default": False},
            "classes": {"type": "dict", "default": {}},
            "shared": {"type": "list", "elements": "str", "default": []},
            "shared_owner": {"type": "str", "default": "root"},
            "keep": {"type": "int", "default": 5},
            "who": {"type": "str", "default": ""},
        },
        required_if=[("state", "present", ["package"])],
        supports_check_mode=True,
    )
    os.umask(0o022)
    place = Place(module)
    place.check()
    result = {"previous": "", "removed": []}
    with beneath.told(module):
        result.update(place.present() if module.params["state"] == "present" else place.current())
    module.exit_json(**result)


if __name__ == "__main__":
    main()

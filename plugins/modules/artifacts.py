#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: artifacts
short_description: Files in a directory, each with its checksum, from a URL or from the controller
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Lays files side by side in a directory of their own. What is there with the right checksum stays; what is missing or differs is fetched,
    checked and only then put in its place; files of O(directory) that are not named are removed.
  - Nothing is put in place unless all that was fetched has its checksum.
attributes:
  action:
    support: full
    description: Where O(source) is a directory of the controller, the action plugin reads, checks and hands over what is missing.
  async:
    support: none
    description: The action plugin waits for what it hands over.
  check_mode:
    support: full
    description: Nothing is fetched, so whether it could be is not told.
  diff_mode:
    support: full
    description: Names of files that are new, other or gone.
options:
  directory:
    description: Absolute path; it belongs to these files alone.
    type: path
    required: true
  source:
    description:
      - A URL (http, https) or an absolute path of a directory on the controller, below which O(files[].path) are, such as a Maven
        repository. A URL with a password is refused, since it would stand in logs.
    type: str
    required: true
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Place below O(source). Its last part is the name in O(directory).
        type: str
        required: true
      checksum:
        description: C(sha256:) and 64 hexadecimal digits.
        type: str
        required: true
  timeout:
    description: Seconds until an answer.
    type: int
    default: 30
  handed:
    description: Set by the action plugin.
    type: path
  look:
    description: Set by the action plugin.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Parts of a Java program
  failover.stack.artifacts:
    directory: /opt/example/parts-1.0
    source: "{{ maven_repository }}"
    files:
      - path: org/example/server/1.0/server-1.0.jar
        checksum: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
"""

RETURN = r"""
missing:
  description: Names of files that were not there or had another checksum.
  returned: always
  type: list
  elements: str
  sample: [server-1.0.jar]
surplus:
  description: Names of files that are removed.
  returned: always
  type: list
  elements: str
  sample: [server-0.9.jar]
"""

import hashlib
import os
import shutil
import tarfile
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url
from ansible_collections.failover.stack.plugins.module_utils._host import artifacts


class Refused(Exception):
    """Why nothing was put in place."""


def sum_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        for part in iter(lambda: handle.read(1 << 20), b""):
            digest.update(part)
    return "sha256:" + digest.hexdigest()


class Artifacts:
    def __init__(self, module):
        self.module, self.params = module, module.params

    def found(self):
        """{name: checksum} of what is there; a directory or a link among them is told by None, it is no such file."""
        directory = self.params["directory"]
        if not os.path.isdir(directory):
            return {}
        places = {name: os.path.join(directory, name) for name in sorted(os.listdir(directory))}
        return {name: sum_of(path) if os.path.isfile(path) and not os.path.islink(path) else None for name, path in places.items()}

    def fetch(self, one, into):
        source = self.params["source"].rstrip("/") + "/" + one["path"]
        try:
            with open_url(source, timeout=self.params["timeout"]) as answer, open(into, "wb") as handle:
                shutil.copyfileobj(answer, handle)
        except OSError as error:
            raise Refused("%s cannot be fetched (%s)" % (artifacts.without_password(source), error)) from error

    def unpack(self, names, into):
        """What the action plugin packed: plain files, by their names."""
        with tarfile.open(self.params["handed"]) as archive:
            for name in names:
                with archive.extractfile(name) as handle, open(os.path.join(into, name), "wb") as target:
                    shutil.copyfileobj(handle, target)

    def bring(self, missing):
        """All of them or none."""
        directory = self.params["directory"]
        os.makedirs(directory, mode=0o755, exist_ok=True)
        staging = tempfile.mkdtemp(prefix=".new-", dir=os.path.dirname(directory))
        try:
            if self.params["handed"]:
                self.unpack([artifacts.name_of(one) for one in missing], staging)
            for one in missing:
                path = os.path.join(staging, artifacts.name_of(one))
                if not self.params["handed"]:
                    self.fetch(one, path)
                told = sum_of(path)
                if told != one["checksum"].lower():
                    raise Refused("%s has checksum %s, not %s" % (one["path"], told, one["checksum"]))
                os.chmod(path, 0o644)
            self.remove(name for name in map(artifacts.name_of, missing) if os.path.isdir(os.path.join(directory, name)))
            for one in missing:
                os.rename(os.path.join(staging, artifacts.name_of(one)), os.path.join(directory, artifacts.name_of(one)))
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def remove(self, names):
        for name in names:
            path = os.path.join(self.params["directory"], name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)

    def run(self):
        wrong = artifacts.objection(self.params["files"], self.params["source"])
        if wrong:
            self.module.fail_json(msg=wrong)
        missing, surplus = artifacts.plan(self.params["files"], self.found())
        result = {"changed": bool(missing or surplus), "missing": [artifacts.name_of(one) for one in missing], "surplus": surplus,
                  "diff": artifacts.diff(self.params["directory"], missing, surplus)}
        try:
            if not self.module.check_mode and not self.params["look"]:
                # First what must not stand beside the new: two versions of one thing are worse than one that is missing.
                if missing:
                    self.bring(missing)
                self.remove(surplus)
        except Refused as refusal:
            self.module.fail_json(msg="%s: nothing was put in %s: correct the source (%s) or the checksum." % (
                refusal, self.params["directory"], artifacts.without_password(self.params["source"])))
        self.module.exit_json(**result)


def main():
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "source": {"type": "str", "required": True},
            "files": {"type": "list", "elements": "dict", "required": True, "options": {
                "path": {"type": "str", "required": True}, "checksum": {"type": "str", "required": True}}},
            "timeout": {"type": "int", "default": 30},
            "handed": {"type": "path"},
            "look": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    Artifacts(module).run()


if __name__ == "__main__":
    main()

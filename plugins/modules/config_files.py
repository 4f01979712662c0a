#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
short_description: Write all configuration files of a service together, checked as a whole
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Writes a set of files in one task, runs the service's own checker on the whole set and leaves the
    host as it was when the checker refuses.
  - Secrets are given apart from the contents and appear in no diff, log or result.
attributes:
  check_mode:
    support: full
    description: Nothing is written. A staged check runs where its program is installed.
  diff_mode:
    support: full
    description: One entry a file. A file that carries secrets shows old lines only where the new file has them too.
extends_documentation_fragment: []
options:
  files:
    description: The files, each whole.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      content:
        description: The content. V(@@name@@) stands for the secret O(secrets) has under that name.
        type: str
        required: true
      owner:
        description: Name of the owner.
        type: str
        default: root
      group:
        description: Name of the group.
        type: str
        default: root
      mode:
        description: Permissions as an octal string.
        type: str
        default: "0644"
  directories:
    description: Directories that must be there before the files are written.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path. Missing parents are made with mode 0755, owned by root.
        type: path
        required: true
      owner:
        description: Name of the owner.
        type: str
        default: root
      group:
        description: Name of the group.
        type: str
        default: root
      mode:
        description: Permissions as an octal string.
        type: str
        default: "0755"
  links:
    description: Symbolic links.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path of the link.
        type: path
        required: true
      target:
        description: What the link points at, as it is to be stored. It need not exist.
        type: str
        required: true
  absent:
    description: Files or links to be removed if they are there. A directory is refused.
    type: list
    elements: path
    default: []
  purge:
    description: Directories in which files and links that are not named in O(files) or O(links) are removed.
    type: list
    elements: dict
    default: []
    suboptions:
      directory:
        description: Absolute path. It may be missing.
        type: path
        required: true
      pattern:
        description: Shell pattern that the names must match to be considered.
        type: str
        required: true
  secrets:
    description: Values for the placeholders in the contents.
    type: dict
    default: {}
  validate:
    description:
      - Commands (no shell) that must all end with 0, run only when something differs.
      - A command with V(%s) runs before anything is written; V(%s) is the root of a private staging copy of all O(files).
      - A command without runs after all is written; when it fails, every file, link and removal is undone.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Write the balancer's configuration, checked before it replaces the old one
  failover.stack.config_files:
    files:
      - path: /etc/haproxy/haproxy.cfg
        content: "{{ lookup('ansible.builtin.template', 'haproxy.cfg.j2') }}"
        group: haproxy
        mode: "0640"
    secrets:
      stats_password: "{{ haproxy_stats_password }}"
    validate:
      - haproxy -c -f %s/etc/haproxy/haproxy.cfg
"""

RETURN = r"""
changed_paths:
  description: Files, links and directories that were (in check mode, would be) written or removed.
  returned: always
  type: list
  elements: str
  sample: [/etc/haproxy/haproxy.cfg]
"""

import fnmatch
import grp
import os
import pwd
import shlex
import shutil
import stat
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._config_files import (
    Found,
    Wanted,
    diff_of,
    differs,
    fill,
    surplus,
    visible_before,
)


class ConfigFiles:
    """One run: read, compare, check, write, and undo on refusal."""

    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.diff = []
        self.changed_paths = []
        self.undo = []

    def fail(self, sentence, **more):
        self.module.fail_json(msg=sentence, changed=False, changed_paths=[], **more)

    # -- read -------------------------------------------------------------------------------

    def id_of(self, kind, name):
        """uid or gid; None in check mode for a name that a package not yet installed will make."""
        try:
            return pwd.getpwnam(name).pw_uid if kind == "owner" else grp.getgrnam(name).gr_gid
        except KeyError:
            if self.module.check_mode:
                return None
            self.fail("The %s %r of a configuration file does not exist on this host: install its package first." % (kind, name))

    def found(self, path):
        try:
            info = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return Found()
        if stat.S_ISLNK(info.st_mode):
            # A link where a file belongs is replaced, not followed.
            return Found(content=None, mode=None, uid=info.st_uid, gid=info.st_gid)
        if not stat.S_ISREG(info.st_mode):
            self.fail("%s is no regular file on this host: move it away, then run again." % path)
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as handle:
            return Found(handle.read(), stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid)

    def wanted(self, item):
        try:
            content = fill(item["content"], self.params["secrets"])
        except KeyError as error:
            self.fail("%s asks for the secret %s, which 'secrets' does not give: name it there." % (item["path"], error))
        return Wanted(
            item["path"], item["content"], content, int(item["mode"], 8),
            self.id_of("owner", item["owner"]), self.id_of("group", item["group"]),
        )

    # -- write ------------------------------------------------------------------------------

    def remember(self, path):
        """Keep what is at path so that undo_all can put it back, time stamp included."""
        if os.path.islink(path):
            target = os.readlink(path)
            self.undo.append(lambda: (self.remove(path), os.symlink(target, path)))
        elif os.path.exists(path):
            info = os.stat(path)
            with open(path, "rb") as handle:
                content = handle.read()
            self.undo.append(lambda: (
                self.replace(path, content, stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid),
                os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns)),
            ))
        else:
            self.undo.append(lambda: self.remove(path))

    @staticmethod
    def make_parents(path):
        """Missing parents with mode 0755, whatever the umask of root."""
        parent = os.path.dirname(path)
        if not os.path.isdir(parent):
            ConfigFiles.make_parents(parent)
            os.mkdir(parent)
            os.chmod(parent, 0o755)

    @staticmethod
    def remove(path):
        if os.path.lexists(path):
            os.unlink(path)

    @staticmethod
    def replace(path, content, mode, uid, gid):
        """Atomic: whoever reads sees the old file or the new one, never with wrong permissions."""
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".failover-")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fchown(out.fileno(), uid, gid)
                os.fchmod(out.fileno(), mode)
                os.fsync(out.fileno())
            os.rename(temporary, path)
        except BaseException:
            ConfigFiles.remove(temporary)
            raise

    def undo_all(self):
        for step in reversed(self.undo):
            step()

    # -- the parts --------------------------------------------------------------------------

    def directories(self):
        for item in self.params["directories"]:
            path, mode = item["path"], int(item["mode"], 8)
            uid, gid = self.id_of("owner", item["owner"]), self.id_of("group", item["group"])
            have = None
            if os.path.isdir(path):
                info = os.stat(path)
                have = (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid)
            elif os.path.lexists(path):
                self.fail("%s is no directory on this host: move it away, then run again." % path)
            if have == (mode, uid, gid):
                continue
            self.changed_paths.append(path)
            self.diff.append(diff_of(path, "" if have is None else "directory %04o %s:%s\n" % have,
                                     "directory %04o %s:%s\n" % (mode, uid, gid)))
            if not self.module.check_mode:
                if have is None:
                    self.make_parents(path)
                    os.mkdir(path, 0o700)
                os.chown(path, uid, gid)
                os.chmod(path, mode)

    def pending_files(self):
        """(found, wanted) of the files that differ, and their diff."""
        pending = []
        for item in self.params["files"]:
            wanted = self.wanted(item)
            found = self.found(wanted.path)
            what = differs(found, wanted)
            if not what:
                continue
            pending.append(wanted)
            have = {} if found.mode is None else {
                "mode": "%04o" % found.mode, "owner": found.uid, "group": found.gid}
            want = {"mode": "%04o" % wanted.mode, "owner": wanted.uid, "group": wanted.gid}
            before = visible_before(found, wanted)
            after = wanted.template
            if what == {"content"} and before == after:
                before += "(another secret)\n"
            self.diff.append(diff_of(wanted.path, before, after, have or want, want))
        return pending

    def pending_links(self):
        pending = []
        for item in self.params["links"]:
            path = item["path"]
            have = os.readlink(path) if os.path.islink(path) else None
            if have == item["target"]:
                continue
            if have is None and os.path.isdir(path):
                self.fail("%s is a directory on this host, a link belongs there: move it away, then run again." % path)
            pending.append(item)
            self.diff.append(diff_of(path, "" if have is None else "link to %s\n" % have, "link to %s\n" % item["target"]))
        return pending

    def pending_removals(self):
        named = [item["path"] for item in self.params["files"] + self.params["links"]]
        existing = [path for path in self.params["absent"] if os.path.lexists(path)]
        for item in self.params["purge"]:
            if os.path.isdir(item["directory"]):
                existing += [
                    entry.path for entry in os.scandir(item["directory"])
                    if fnmatch.fnmatch(entry.name, item["pattern"]) and not entry.is_dir(follow_symlinks=False)
                ]
        for path in existing:
            if os.path.isdir(path) and not os.path.islink(path):
                self.fail("%s is a directory and would be removed as a file: take it out of 'absent'." % path)
        gone = surplus(existing, named)
        self.diff += [diff_of(path, "present\n", "") for path in gone]
        return gone

    def check_staged(self):
        commands = [command for command in self.params["validate"] if "%s" in command]
        if not commands:
            return
        root = tempfile.mkdtemp(prefix="failover-staging-", dir=self.module.tmpdir)
        try:
            for item in self.params["files"]:
                wanted = self.wanted(item)
                path = root + wanted.path
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                self.replace(path, wanted.content.encode("utf-8", "surrogateescape"), 0o600, os.getuid(), os.getgid())
            for command in commands:
                self.check(command.replace("%s", root), root)
        finally:
            shutil.rmtree(root)

    def check(self, command, root=""):
        """Run a checker; refuse with its own words, staging paths and secrets taken out."""
        arguments = shlex.split(command)
        if self.module.check_mode and self.module.get_bin_path(arguments[0]) is None:
            return
        rc, out, err = self.module.run_command(arguments)
        if rc == 0:
            return
        self.undo_all()
        words = (err.strip() or out.strip())
        if root:
            words = words.replace(root, "")
        self.fail("The new configuration was refused and nothing was changed; '%s' said: %s" % (
            command.replace(root, "") if root else command, words), rc=rc, diff=self.diff)

    def apply(self, files, links, removals):
        try:
            for wanted in files:
                self.make_parents(wanted.path)
                self.remember(wanted.path)
                self.replace(wanted.path, wanted.content.encode("utf-8", "surrogateescape"), wanted.mode, wanted.uid, wanted.gid)
            for item in links:
                self.remember(item["path"])
                self.remove(item["path"])
                self.make_parents(item["path"])
                os.symlink(item["target"], item["path"])
            for path in removals:
                self.remember(path)
                self.remove(path)
        except OSError as error:
            self.undo_all()
            self.fail("A file could not be written and nothing was changed: %s." % error)

    def run(self):
        for item in self.params["files"] + self.params["directories"]:
            try:
                int(item["mode"], 8)
            except ValueError:
                self.fail("%s: mode is %r, which is no octal number: write it as a string such as '0640'." % (item["path"], item["mode"]))
        files, links, removals = self.pending_files(), self.pending_links(), self.pending_removals()
        if files or links or removals:
            self.check_staged()
        self.directories()
        self.changed_paths += [wanted.path for wanted in files] + [item["path"] for item in links] + removals
        if (files or links or removals) and not self.module.check_mode:
            self.apply(files, links, removals)
            for command in self.params["validate"]:
                if "%s" not in command:
                    self.check(command)
        self.module.exit_json(
            changed=bool(self.changed_paths), changed_paths=self.changed_paths, diff=self.diff if self.module._diff else [])


def main():
    owned = {
        "path": {"type": "path", "required": True},
        "owner": {"type": "str", "default": "root"},
        "group": {"type": "str", "default": "root"},
    }
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "default": [], "options": {
                **owned, "content": {"type": "str", "required": True}, "mode": {"type": "str", "default": "0644"}}},
            "directories": {"type": "list", "elements": "dict", "default": [], "options": {
                **owned, "mode": {"type": "str", "default": "0755"}}},
            "links": {"type": "list", "elements": "dict", "default": [], "options": {
                "path": {"type": "path", "required": True}, "target": {"type": "str", "required": True}}},
            "absent": {"type": "list", "elements": "path", "default": []},
            "purge": {"type": "list", "elements": "dict", "default": [], "options": {
                "directory": {"type": "path", "required": True}, "pattern": {"type": "str", "required": True}}},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "validate": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    ConfigFiles(module).run()


if __name__ == "__main__":
    main()

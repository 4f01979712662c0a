# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, directories, links and removals of a service, written together: what config_files and service_state have in common."""

from __future__ import annotations

import contextlib
import fnmatch
import grp
import os
import pwd
import re
import shlex
import shutil
import stat
import tempfile

from ansible_collections.failover.stack.plugins.module_utils._host import beneath
from ansible_collections.failover.stack.plugins.module_utils._host.files import (
    Found,
    Wanted,
    diff_of,
    differs,
    fill,
    objections,
    surplus,
    visible_before,
)

_OWNED = {
    "path": {"type": "path", "required": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
}
# Options of a module that writes files by this class.
SPEC = {
    "files": {"type": "list", "elements": "dict", "default": [], "options": {
        **_OWNED, "content": {"type": "str", "required": True}, "mode": {"type": "str", "default": "0644"}}},
    "directories": {"type": "list", "elements": "dict", "default": [], "options": {
        **_OWNED, "mode": {"type": "str", "default": "0755"}}},
    "links": {"type": "list", "elements": "dict", "default": [], "options": {
        "path": {"type": "path", "required": True}, "target": {"type": "str", "required": True}}},
    "absent": {"type": "list", "elements": "path", "default": []},
    "purge": {"type": "list", "elements": "dict", "default": [], "options": {
        "directory": {"type": "path", "required": True}, "pattern": {"type": "str", "required": True}}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "validate": {"type": "list", "elements": "str", "default": []},
}


def environment_of(words):
    """({name: value}, the words of the command) of words that may begin with NAME=value, as in a shell."""
    environment = {}
    while words and re.match(r"[A-Z_][A-Z0-9_]*=", words[0]):
        name, _mark, value = words[0].partition("=")
        environment[name], words = value, words[1:]
    return environment, words


class ConfigFiles:
    """One run: read, compare, check, write, and undo on refusal. Takes its parameters from a module that has SPEC among its options."""

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

    @staticmethod
    def public(path, info):
        """Whether anybody on the host can read what is there."""
        readable = bool(info.st_mode & stat.S_IROTH)
        while readable and path != os.path.dirname(path):
            path = os.path.dirname(path)
            readable = bool(os.stat(path).st_mode & stat.S_IXOTH)
        return readable

    def found(self, path):
        info = beneath.look(path)
        if info is None:
            return Found()
        if stat.S_ISLNK(info.st_mode):
            # A link where a file belongs is replaced, not followed.
            return Found(content=None, mode=None, uid=info.st_uid, gid=info.st_gid)
        if not stat.S_ISREG(info.st_mode):
            self.fail("%s is no regular file on this host: move it away, then run again." % path)
        content, info = beneath.read_bytes(path)
        return Found(content.decode("utf-8", "surrogateescape"), stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid,
                     self.public(path, info))

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
        info = beneath.look(path)
        if info is None:
            self.undo.append(lambda: beneath.remove(path))
        elif stat.S_ISLNK(info.st_mode):
            target = beneath.read_link(path)
            self.undo.append(lambda: (beneath.remove(path), beneath.symlink(target, path)))
        else:
            content, info = beneath.read_bytes(path)
            self.undo.append(lambda: beneath.write(
                path, content, stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid, (info.st_atime_ns, info.st_mtime_ns)))

    @staticmethod
    def make_parents(path):
        """Missing parents with mode 0755, whatever the umask of root."""
        with beneath.directory(os.path.dirname(path), make=True):
            pass

    @staticmethod
    def replace(path, content, mode, uid, gid):
        """Atomic: whoever reads sees the old file or the new one, never with wrong permissions."""
        beneath.write(path, content, mode, uid, gid)

    def undo_all(self):
        for step in reversed(self.undo):
            step()

    # -- the parts --------------------------------------------------------------------------

    def directories(self):
        for item in self.params["directories"]:
            path, mode = item["path"], int(item["mode"], 8)
            uid, gid = self.id_of("owner", item["owner"]), self.id_of("group", item["group"])
            have = None
            try:
                with beneath.directory(path) as own:
                    info = os.fstat(own)
                have = (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid)
            except FileNotFoundError:
                pass
            except NotADirectoryError:
                self.fail("%s is no directory on this host: move it away, then run again." % path)
            if have == (mode, uid, gid):
                continue
            self.changed_paths.append(path)
            self.diff.append(diff_of(path, "" if have is None else "directory %04o %s:%s\n" % have,
                                     "directory %04o %s:%s\n" % (mode, uid, gid)))
            if not self.module.check_mode:
                self.make_directory(path, mode, uid, gid)

    def make_directory(self, path, mode, uid, gid):
        try:
            beneath.make_directory(path, mode, uid, gid)
        except beneath.LinkRefused:
            raise
        except OSError as error:
            self.fail("The directory %s could not be made and no file was written: %s." % (path, error))

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
            info = beneath.look(path)
            have = beneath.read_link(path) if info and stat.S_ISLNK(info.st_mode) else None
            if have == item["target"]:
                continue
            if have is None and info and stat.S_ISDIR(info.st_mode):
                self.fail("%s is a directory on this host, a link belongs there: move it away, then run again." % path)
            pending.append(item)
            self.diff.append(diff_of(path, "" if have is None else "link to %s\n" % have, "link to %s\n" % item["target"]))
        return pending

    @staticmethod
    def names(directory):
        """Of what is in it and no directory itself; nothing where it is not there."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), beneath.directory(directory) as own, os.scandir(own) as entries:
            return [entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)]
        return []

    def pending_removals(self):
        named = [item["path"] for item in self.params["files"] + self.params["links"]]
        existing = [path for path in self.params["absent"] if beneath.look(path)]
        for item in self.params["purge"]:
            existing += [os.path.join(item["directory"], name) for name in self.names(item["directory"])
                         if fnmatch.fnmatch(name, item["pattern"])]
        for path in existing:
            if stat.S_ISDIR(beneath.look(path).st_mode):
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
        environment, arguments = environment_of(shlex.split(command))
        if self.module.check_mode and self.module.get_bin_path(arguments[0]) is None:
            return
        rc, out, err = self.module.run_command(arguments, environ_update=environment)
        complaints = objections(err)
        if rc == 0 and not complaints:
            return
        self.undo_all()
        words = complaints if rc == 0 else err.strip() or out.strip() or "nothing, it ended with status %d" % rc
        for secret in sorted(map(str, self.params["secrets"].values()), key=len, reverse=True):
            words = words.replace(secret, "(not shown)") if secret else words
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
                beneath.remove(item["path"])
                self.make_parents(item["path"])
                beneath.symlink(item["target"], item["path"])
            for path in removals:
                self.remember(path)
                beneath.remove(path)
        except OSError as error:
            self.undo_all()
            self.fail("A file could not be written and nothing was changed: %s." % error)

    def run(self):
        """Writes what differs; the result of a module. Ends the module with one sentence when something is refused."""
        try:
            return self.converge()
        except beneath.LinkRefused as refusal:
            self.undo_all()
            return self.fail("%s, then run again." % refusal)

    def converge(self):
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
        return {"changed": bool(self.changed_paths), "changed_paths": self.changed_paths, "diff": self.diff if self.module._diff else []}

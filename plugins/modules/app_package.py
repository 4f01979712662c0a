#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_package
short_description: Make a package of one version of an application, from a tag or an archive
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Runs on the one host that builds. Takes a tag out of a repository, or unpacks an archive, checks a signature where keys are given, runs
    a build command where there is one, and packs the result so that the same files give the same bytes.
  - What it has packed before it does not build again. The tag and its signature are looked at each time.
attributes:
  check_mode:
    support: full
    description: The package is made in check mode too, into the cache alone, since everything after it asks for it.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  application:
    description: Name of the application.
    type: str
    required: true
  version:
    description: The tag, or what the archive's version is called.
    type: str
    required: true
  repository:
    description: Where the tag is.
    type: dict
    suboptions:
      url:
        description: Anything that git reads, or a path on this host.
        type: str
        required: true
      subdirectory:
        description: The part of the repository that is the application.
        type: str
        default: ""
      signers:
        description: >-
          Texts of public keys, of OpenPGP or SSH. With any, the tag (or the commit of one that is not annotated) must be signed by one of
          them.
        type: list
        elements: str
        default: []
      timeout_s:
        description: Seconds that a step of git may take.
        type: int
        default: 300
  archive:
    description: A WAR, zip or tar on this host, whose checksum has been compared already.
    type: path
  build:
    description: What makes the application of the source. Without it the source is the application.
    type: dict
    suboptions:
      command:
        description: >-
          Command with its arguments, run in the source. It gets DEPLOY_VERSION and DEPLOY_COMMIT in its environment.
        type: list
        elements: str
        required: true
      result:
        description: Directory or archive that it leaves and that is the application. Without it, what the source has become.
        type: str
        default: ""
      timeout_s:
        description: Seconds that it may take.
        type: int
        default: 1800
  cache:
    description: Directory for repositories and packages, made when missing.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Make a package of a tag
  failover.stack.app_package:
    application: shop
    version: v2.0
    repository: {url: "https://git.example.org/shop.git", subdirectory: webapp}
    cache: /var/cache/deploy
  register: package

- name: Build it, if the tag is signed by one of us
  failover.stack.app_package:
    application: shop
    version: v2.0
    repository: {url: /srv/git/shop.git, signers: ["{{ lookup('ansible.builtin.file', 'ann.pub') }}"]}
    build: {command: [mvn, --batch-mode, package], result: target/shop.war}
    cache: /var/cache/deploy

- name: Repack a WAR
  failover.stack.app_package:
    application: shop
    version: "2.0"
    archive: /var/cache/deploy/shop-2.0.war
    cache: /var/cache/deploy
"""

RETURN = r"""
release:
  description: What the release is called on the hosts.
  returned: success
  type: str
  sample: v2.0-3f786850e387
package:
  description: Path of the package.
  returned: success
  type: str
  sample: /var/cache/deploy/shop/v2.0-2f1c9b0a6f0e8d31.tar.gz
checksum:
  description: Its SHA-256.
  returned: success
  type: str
identity:
  description: The commit, or the archive's SHA-256.
  returned: success
  type: str
annotated:
  description: Whether the tag is annotated; false for an archive.
  returned: success
  type: bool
signed_by:
  description: Fingerprint of the key that signed; empty where none was asked for.
  returned: success
  type: str
classes:
  description: Classes whose objects a session can hold, by name, with a digest.
  returned: success
  type: dict
said:
  description: The above in a sentence.
  returned: success
  type: str
  sample: v2.0 of shop is commit 3f786850e387 (annotated tag, signed by SHA256:abc).
"""

import json
import os
import platform
import shutil
import subprocess
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._deploy import package as packages
from ansible_collections.failover.stack.plugins.module_utils._deploy import places
from ansible_collections.failover.stack.plugins.module_utils._deploy.version import (
    SSH_KEY,
    allowed_signers,
    changes,
    is_version,
    key_of,
    local_path,
    newest,
    release_name,
    shown,
    signers,
    tag_of,
    tags_in,
)

# Archives that are made so that they are the same each time have such times.
NO_TIME = 400000000


class Maker:
    """One version, from its source to a package."""

    def __init__(self, module):
        self.module, self.given = module, module.params
        self.version, self.home = self.given["version"], os.path.join(self.given["cache"], self.given["application"])
        self.annotated, self.signed_by, self.time = False, "", 0

    def refuse(self, sentence):
        self.module.fail_json(msg="%s: app_deploy_applications (%s): %s" % (platform.node(), self.given["application"], sentence))

    def run(self, command, patience, **more):
        """(rc, stdout, stderr), or a refusal when it takes too long."""
        environment = dict(os.environ, LC_ALL="C.UTF-8", GIT_TERMINAL_PROMPT="0", **more.pop("environment", {}))
        environment.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=10")
        try:
            # run_command knows no time limit.
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                command, capture_output=True, timeout=patience, check=False, env=environment, stdin=subprocess.DEVNULL, **more)
        except subprocess.TimeoutExpired:
            self.refuse("%s had not ended after %d s: see what it waits for, or raise its timeout_s." % (command[0], patience))
        except OSError as error:
            self.refuse("%s cannot be run on the host that builds (%s): install it there." % (command[0], error.strerror))
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")

    def git(self, *arguments, **more):
        return self.run(["git", "-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30", *arguments],
                        self.given["repository"]["timeout_s"], **more)

    def source(self):
        """(identity, a function that lays the source into a directory)"""
        if self.given["archive"]:
            return packages.digest_of(self.given["archive"]), lambda tree: packages.unpack(self.given["archive"], tree)
        return self.tag()

    def tag(self):
        asked = self.given["repository"]
        self.refuse_dirty(asked["url"])
        code, listing, problem = self.git("ls-remote", "--tags", "--", asked["url"])
        if code:
            self.refuse("repository %s cannot be read (%s): correct its address, or see that the host that builds reaches it." % (
                asked["url"], last(problem)))
        found = tag_of(listing, self.version)
        if found is None:
            self.refuse("deploy_version is '%s', which repository %s has no tag of: push the tag, or name one that is there (%s)." % (
                self.version, asked["url"], newest(tags_in(listing)) or "there is none"))
        tag, commit = found
        store = os.path.join(self.home, "git")
        if not os.path.isdir(store):
            self.must(self.git("init", "--quiet", "--bare", store), "git store")
        # By force: a tag that has moved is told against what was deployed, not against what this cache has seen.
        self.must(self.git("-C", store, "fetch", "--quiet", "--force", "--no-tags", "--depth=1", "--", asked["url"],
                           "+refs/tags/%s:refs/tags/%s" % (self.version, self.version)), "tag %s" % self.version)
        code, kind, _problem = self.git("-C", store, "cat-file", "-t", tag)
        self.annotated = kind.strip() == "tag"
        if asked["signers"]:
            self.signed_by = self.signature(store, tag, asked["signers"])
        self.time = int(self.must(self.git("-C", store, "show", "--no-patch", "--format=%ct", commit), "commit %s" % commit).strip())
        return commit, lambda tree: self.export(store, commit, tree)

    def must(self, result, what):
        code, out, problem = result
        if code:
            self.refuse("%s cannot be had (%s): look at the repository, and at %s on the host that builds." % (
                what, last(problem), self.home))
        return out

    def refuse_dirty(self, url):
        path = local_path(url)
        if not path:
            return
        for sentence in places.objections("repository", path):
            self.refuse(sentence)
        if os.path.isdir(os.path.join(path, ".git")):
            code, status, problem = self.git("-C", path, "status", "--porcelain")
            if code:
                self.refuse("repository %s cannot be read (%s): correct its address." % (path, last(problem)))
            if changes(status):
                self.refuse("repository %s is dirty, %s differ from what is committed: commit and tag them, or take them away, so that "
                            "what is deployed is what one sees there." % (path, shown(changes(status))))

    def signature(self, store, tag, keys):
        with tempfile.TemporaryDirectory() as place:
            allowed = os.path.join(place, "allowed")
            with open(allowed, "w", encoding="utf-8") as handle:
                handle.write(allowed_signers([key for key in keys if SSH_KEY.match(key.strip())]))
            for key in keys:
                if not SSH_KEY.match(key.strip()):
                    self.import_key(place, key)
            verify = "verify-tag" if self.annotated else "verify-commit"
            code, out, problem = self.git("-C", store, "-c", "gpg.ssh.allowedSignersFile=" + allowed, verify, "--raw", tag,
                                          environment={"GNUPGHOME": place})
        who = signers(out + problem) if code == 0 else ""
        if not who:
            self.refuse("%s %s is not signed by one of the %d keys that are given (%s): have it signed, or correct repository.keys." % (
                "tag" if self.annotated else "the commit of tag", self.version, len(keys), last(problem) or "no signature"))
        return who

    def import_key(self, place, key):
        path = os.path.join(place, "key")
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(key)
        code, _out, problem = self.run(["gpg", "--batch", "--homedir", place, "--import", path], 60)
        if code:
            self.refuse("one of repository.keys is no public key of OpenPGP or SSH (%s): give one." % last(problem))

    def export(self, store, commit, tree):
        if self.must(self.git("-C", store, "ls-tree", commit, "--", ".gitmodules"), "commit %s" % commit):
            self.refuse("tag %s has submodules, which are not fetched: have them in the repository, or deploy an archive." % self.version)
        packed = tree + ".tar"
        self.must(self.git("-C", store, "archive", "--format=tar", "--output=" + packed, commit), "commit %s" % commit)
        packages.unpack(packed, tree)
        os.unlink(packed)

    def build(self, tree, identity):
        asked = self.given["build"]
        code, out, problem = self.run(asked["command"], asked["timeout_s"], cwd=tree,
                                      environment={"DEPLOY_VERSION": self.version, "DEPLOY_COMMIT": identity})
        if code:
            self.refuse("build.command ended with %d (%s): nothing was deployed; make it build %s first." % (
                code, last(problem) or last(out), self.version))

    def make(self, lay, identity, package):
        """The package from its source; its classes."""
        with tempfile.TemporaryDirectory(dir=self.home) as place:
            tree = os.path.join(place, "source")
            os.mkdir(tree)
            lay(tree)
            # One time for all files of a release. Of two versions with the same one a Tomcat would go on with the JSPs that it has
            # compiled, and browsers with the files that they have.
            self.time = self.time or self.time_of(tree)
            if self.given["build"]:
                self.build(tree, identity)
            result = packages.result_of(tree, self.part())
            if os.path.isfile(result):
                unpacked = os.path.join(place, "result")
                os.mkdir(unpacked)
                packages.unpack(result, unpacked)
                result = unpacked
            if not os.listdir(result):
                raise packages.BadPackage("nothing is in it")
            classes = packages.classes_in(result)
            packages.pack(result, os.path.join(place, "package"), self.time)
            os.replace(os.path.join(place, "package"), package)
        return {"checksum": packages.digest_of(package), "classes": classes}

    def time_of(self, tree):
        """When an archive was made, by its newest file, or when it was fetched."""
        written = packages.newest(tree)
        return written if written > NO_TIME else int(os.stat(self.given["archive"]).st_mtime)

    def part(self):
        """What of the source is the application."""
        return (self.given["build"] or {}).get("result") or (self.given["repository"] or {}).get("subdirectory") or ""

    def package(self):
        if not is_version(self.version):
            self.refuse("deploy_version is '%s': write a tag's name, in letters, digits and . _ + / -." % self.version)
        os.makedirs(self.home, mode=0o755, exist_ok=True)
        identity, lay = self.source()
        asked = self.given["repository"] or {}
        key = key_of(identity, asked.get("subdirectory"), json.dumps(self.given["build"], sort_keys=True))
        package = os.path.join(self.home, "%s.tar.gz" % release_name(self.version, key))
        known = package + ".json"
        changed = not (os.path.exists(package) and os.path.exists(known))
        if changed:
            made = self.make(lay, identity, package)
            with open(known + ".new", "w", encoding="utf-8") as handle:
                json.dump(made, handle)
            os.replace(known + ".new", known)
        with open(known, encoding="utf-8") as handle:
            made = json.load(handle)
        if packages.digest_of(package) != made["checksum"]:
            self.refuse("package %s is not what was made of %s: remove it." % (package, self.version))
        return dict(made, changed=changed, package=package, identity=identity, annotated=self.annotated, signed_by=self.signed_by,
                    release=release_name(self.version, made["checksum"]), said=self.said(identity))

    def said(self, identity):
        if self.given["archive"]:
            return "%s of %s is an archive with SHA-256 %s." % (self.version, self.given["application"], identity)
        return "%s of %s is commit %s (%s%s)." % (
            self.version, self.given["application"], identity, "annotated tag" if self.annotated else "tag",
            ", signed by %s" % self.signed_by if self.signed_by else "")


def last(text):
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("[GNUPG:]")]
    return lines[-1].rstrip(".") if lines else ""


def main():
    module = AnsibleModule(
        argument_spec={
            "application": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "repository": {"type": "dict", "options": {
                "url": {"type": "str", "required": True},
                "subdirectory": {"type": "str", "default": ""},
                "signers": {"type": "list", "elements": "str", "default": []},
                "timeout_s": {"type": "int", "default": 300},
            }},
            "archive": {"type": "path"},
            "build": {"type": "dict", "options": {
                "command": {"type": "list", "elements": "str", "required": True},
                "result": {"type": "str", "default": ""},
                "timeout_s": {"type": "int", "default": 1800},
            }},
            "cache": {"type": "path", "required": True},
        },
        mutually_exclusive=[("repository", "archive")],
        required_one_of=[("repository", "archive")],
        supports_check_mode=True,
    )
    os.umask(0o022)
    maker = Maker(module)
    try:
        module.exit_json(**maker.package())
    except packages.BadPackage as error:
        maker.refuse("%s cannot be deployed, %s: correct it." % (module.params["version"], error))
    except OSError as error:
        free = shutil.disk_usage(module.params["cache"]).free // 1048576 if os.path.isdir(module.params["cache"]) else 0
        maker.refuse("%s cannot be packed below %s (%s, %d MB are free there): make room, or choose another app_deploy_cache." % (
            module.params["version"], module.params["cache"], error.strerror or error, free))


if __name__ == "__main__":
    main()

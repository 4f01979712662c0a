#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mmm_files
short_description: Lay MMM's Perl files where upstream has them, with the lines mended that have to be
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Takes from MMM's source archive (2.2.1 to 2.2.3) what a database host or the monitor's host needs, and lays it as upstream's Makefile
    does. Nothing is compiled.
  - Some lines do not work with today's Perl and MariaDB, or lose something. They are mended. A line that is not there as it was is refused.
  - When a file is to be written Perl is asked whether the files as they came do what they should, a mend that is not needed is left out,
    and whether the mended ones do. Then the files are written.
attributes:
  check_mode:
    support: full
    description: Nothing is written. Without the archive, on a blank host, it would change.
  diff_mode:
    support: full
    description: The files that change.
options:
  archive:
    description: The archive on the host.
    type: path
    required: true
  parts:
    description: What the host needs.
    type: list
    elements: str
    choices: [agent, monitor]
    required: true
  root:
    description: Directory that is put before all paths.
    type: path
    default: /
"""

EXAMPLES = r"""
- name: Lay down the agent
  failover.stack.mmm_files:
    archive: /var/lib/mysql-mmm/mysql-mmm.tar.gz
    parts: [agent]
"""

RETURN = r"""
version:
  description: MMM's version, empty where there is no archive yet.
  returned: always
  type: str
  sample: 2.2.1
written:
  description: Files that were, or in check mode would be, written.
  returned: always
  type: list
  elements: str
  sample: [/usr/share/perl5/MMM/Monitor/Agent.pm]
blocking:
  description: Whether this version knows C(blocking_type).
  returned: always
  type: bool
  sample: false
unneeded:
  description: Probes that the files as they came have passed, asked only when something is to be written.
  returned: always
  type: list
  elements: str
  sample: []
"""

import os
import shutil
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mmm import archive as archives
from ansible_collections.failover.stack.plugins.module_utils._mmm import mends
from ansible_collections.failover.stack.plugins.module_utils._mmm.config import PERL


def text_of(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return None


def write(path, text, mode):
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as handle:
        handle.write(text)
    os.chmod(path + ".new", int(mode, 8))
    os.replace(path + ".new", path)


class Files:
    def __init__(self, module):
        self.module, self.files = module, archives.read(module.params["archive"])
        self.version = archives.version(self.files)
        self.laid = archives.laid(self.files, module.params["parts"])
        self.root = module.params["root"].rstrip("/")

    def contents(self, unneeded=()):
        return {path: archives.content(self.files, name, unneeded) for path, name in self.laid}

    def differing(self, contents):
        return [path for path, text in contents.items() if text_of(self.root + path) != text
                or "%04o" % (os.stat(self.root + path).st_mode & 0o7777) != archives.mode(path)]

    def asked(self, contents):
        """{probe: what Perl says of these files}"""
        stage = tempfile.mkdtemp(prefix="failover-mmm-", dir=self.module.tmpdir)
        try:
            for path, text in contents.items():
                if path.startswith(PERL + "/"):
                    write(stage + "/MMM" + path[len(PERL):], text, "0644")
            return {name: self.ask(name, stage) for name in mends.probes_of([one for _path, one in self.laid])}
        finally:
            shutil.rmtree(stage)

    def ask(self, probe, stage):
        """(whether it passes, the last that Perl said)"""
        _code, out, err = self.module.run_command(
            ["perl", "-e", mends.PROBES[probe][0]], environ_update={"PERL5LIB": stage}, expand_user_and_vars=False)
        said = [line.strip() for line in (out + "\n" + err).splitlines() if line.strip()]
        return mends.passed(probe, out), said[-1] if said else "nothing"

    def unneeded(self):
        came = {path: self.files[name] for path, name in self.laid}
        return [name for name, (well, _said) in self.asked(came).items() if well]


def work(module):
    found = Files(module)
    contents, unneeded = found.contents(), []
    changed = found.differing(contents)
    if changed:
        unneeded = found.unneeded()
        contents = found.contents(unneeded)
        changed = found.differing(contents)
        bad = {name: said for name, (well, said) in found.asked(contents).items() if not well}
        if bad:
            module.fail_json(msg="MMM %s was mended, and still it does not do what it should, nothing was written: %s." % (
                found.version, "; ".join("%s: Perl says '%s'" % one for one in sorted(bad.items()))))
    diff = [{"before_header": path, "after_header": path, "before": text_of(found.root + path) or "", "after": contents[path]}
            for path in changed]
    for path in changed if not module.check_mode else ():
        write(found.root + path, contents[path], archives.mode(path))
    result = {"changed": bool(changed), "version": found.version, "written": changed, "unneeded": unneeded,
              "blocking": archives.knows_blocking(found.files)}
    module.exit_json(**result, **({"diff": diff} if module._diff and diff else {}))


def main():
    module = AnsibleModule(
        argument_spec={"archive": {"type": "path", "required": True},
                       "parts": {"type": "list", "elements": "str", "choices": ["agent", "monitor"], "required": True},
                       "root": {"type": "path", "default": "/"}},
        supports_check_mode=True)
    if module.check_mode and not os.path.exists(module.params["archive"]):
        module.exit_json(changed=True, version="", written=[], unneeded=[], blocking=False)
    try:
        work(module)
    except (archives.BadArchive, mends.Unmendable) as problem:
        module.fail_json(msg="%s." % str(problem).rstrip("."))


if __name__ == "__main__":
    main()

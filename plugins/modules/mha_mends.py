#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mha_mends
short_description: Copies of MHA's files with the lines mended that MariaDB and Perl need
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Of MHA 0.58 three lines do not work with MariaDB's versions and today's Perl. This lays copies of the two files, with these lines
    mended, in a directory that C(PERL5LIB) names; the package's own files stay as they are.
  - A line that is not there as it was is refused, since then somebody has to look. A copy that is older than the package's file is made
    anew.
  - Beforehand Perl is asked whether the package's own file does what it should, and afterwards whether the copy does.
attributes:
  check_mode:
    support: full
    description: Nothing is written.
  diff_mode:
    support: full
    description: The mended lines.
options:
  directory:
    description: Where the copies go. It is there already.
    type: path
    required: true
  source:
    description: Where the package has its files.
    type: path
    default: /usr/share/perl5/MHA
"""

EXAMPLES = r"""
- name: Mend MHA
  failover.stack.mha_mends:
    directory: /usr/local/libexec/failover-stack/mha/perl/MHA
"""

RETURN = r"""
mended:
  description: "For each of the files: whether its copy was written."
  returned: always
  type: dict
  sample: {NodeUtil.pm: false, SlaveUtil.pm: false}
needed:
  description: "For each of the files: whether the package's own does not do. A copy that is no longer needed is removed."
  returned: always
  type: dict
  sample: {NodeUtil.pm: true, SlaveUtil.pm: true}
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mha import mends


def read(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except FileNotFoundError:
        return None


def write(module, path, text):
    with open(path + ".new", "w", encoding="utf-8") as handle:
        handle.write(text)
    os.chmod(path + ".new", 0o644)
    module.atomic_move(path + ".new", path)


def asked(module, directory):
    """None when Perl, which looks there first, tells versions; else what it says."""
    code, out, err = module.run_command(["perl", "-MMHA::NodeUtil", "-e", mends.probe()],
                                        environ_update={"PERL5LIB": os.path.dirname(directory)})
    return None if not code and out.strip() == mends.PROBED else ((err or out).strip().splitlines() or ["nothing"])[-1]


def wanted(module, file):
    """The mended text; None where the package's own file does without, or, in check mode on a blank host, is not there."""
    source = module.params["source"]
    text = read(os.path.join(source, file))
    if text is None and not module.check_mode:
        module.fail_json(msg="%s/%s is not there: install the package mha4mysql-node." % (source, file))
    if text is None or (file == "NodeUtil.pm" and asked(module, source) is None):
        return None
    try:
        return mends.mended(file, text)
    except mends.Unmendable as problem:
        module.fail_json(msg=str(problem))


def main():
    module = AnsibleModule(
        argument_spec={"directory": {"type": "path", "required": True}, "source": {"type": "path", "default": "/usr/share/perl5/MHA"}},
        supports_check_mode=True)
    directory, written, needed, diff = module.params["directory"], {}, {}, []
    for file in mends.MENDS:
        text, path = wanted(module, file), os.path.join(directory, file)
        before, needed[file] = read(path), text is not None
        written[file] = before != text
        if written[file]:
            diff.append({"before_header": path, "after_header": path, "before": before or "", "after": text or ""})
        if written[file] and not module.check_mode:
            if text is None:
                os.unlink(path)
            else:
                write(module, path, text)
    said = None if module.check_mode else asked(module, directory)
    if said:
        module.fail_json(msg="NodeUtil.pm of MHA was mended in %s, and still does not tell versions: %s" % (directory, said))
    result = {"changed": any(written.values()), "mended": written, "needed": needed}
    module.exit_json(**result, **({"diff": diff} if module._diff and diff else {}))


if __name__ == "__main__":
    main()

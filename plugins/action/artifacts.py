# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads, checks and hands over what a host misses, where it comes from the controller. See the documentation of the module of that name."""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile

from ansible.plugins.action import ActionBase
from ansible_collections.failover.stack.plugins.module_utils._host import artifacts

MODULE = "failover.stack.artifacts"


def refusal(source, files):
    """Why these files of the controller cannot be used; empty when they can."""
    for one in files:
        path = os.path.join(source, one["path"])
        try:
            with open(path, "rb") as handle:
                told = "sha256:" + hashlib.sha256(handle.read()).hexdigest()
        except OSError as error:
            return "%s cannot be read on the controller (%s)" % (path, error.strerror)
        if told != one["checksum"].lower():
            return "%s has checksum %s, not %s" % (path, told, one["checksum"])
    return ""


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        source = os.path.expanduser(str(arguments.get("source") or ""))
        if artifacts.is_url(source):
            return self.module(arguments, task_vars)
        if not os.path.isabs(source):
            return {"failed": True, "msg": "%s: source is '%s': give a URL or an absolute path of a directory on the controller." % (
                task_vars["inventory_hostname"], artifacts.without_password(source))}
        arguments["source"] = source
        looked = self.module(dict(arguments, look=True), task_vars)
        if looked.get("failed"):
            return looked
        if not looked["missing"]:
            return self.module(arguments, task_vars) if looked["surplus"] else looked
        wanted = [one for one in arguments["files"] if artifacts.name_of(one) in looked["missing"]]
        why = refusal(source, wanted)
        if why:
            return {"failed": True, "msg": "%s: %s: nothing was put in %s: correct the source (%s) or the checksum." % (
                task_vars["inventory_hostname"], why, arguments["directory"], source)}
        return looked if self._task.check_mode else self.hand_over(arguments, source, wanted, task_vars)

    def module(self, arguments, task_vars):
        return self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)

    def hand_over(self, arguments, source, wanted, task_vars):
        """One transfer, however many files."""
        self._make_tmp_path()
        shell = self._connection._shell
        try:
            with tempfile.NamedTemporaryFile(suffix=".tar") as packed:
                with tarfile.open(packed.name, "w") as archive:
                    for one in wanted:
                        archive.add(os.path.join(source, one["path"]), arcname=artifacts.name_of(one))
                handed = self._transfer_file(packed.name, shell.join_path(shell.tmpdir, "artifacts.tar"))
            return self.module(dict(arguments, handed=handed), task_vars)
        finally:
            self._remove_tmp_path(shell.tmpdir)

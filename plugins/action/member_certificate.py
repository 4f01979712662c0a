# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs on the controller what the member asks for. See the documentation of the module of the same name."""

from __future__ import annotations

import fcntl
import os

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.failover.stack.plugins.module_utils._host import tls


def write(path, text, mode):
    """Whole or not at all."""
    temporary = "%s.%d" % (path, os.getpid())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(text)
    os.rename(temporary, path)


def read(path):
    with open(path, encoding="ascii") as handle:
        return handle.read()


def opened(path, passphrase):
    """The authority's key as it can be used. It gets the passphrase where it has none yet. Raises ValueError."""
    text = read(path)
    if not tls.is_locked(text):
        if passphrase:
            write(path, tls.lock(text, passphrase), 0o600)
        return text
    if not passphrase:
        raise ValueError("ca.key has a passphrase, which was not given: set the variable whose name ends in _tls_passphrase")
    try:
        return tls.unlock(text, passphrase)
    except ValueError:
        raise ValueError("the passphrase that was given does not open ca.key: correct it") from None


def authority(directory, name, days, passphrase=""):
    """(key, certificate, whether it was made or renewed). Members come at the same time: one of them makes it, the others wait."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    key, certificate = os.path.join(directory, "ca.key"), os.path.join(directory, "ca.pem")
    with open(os.path.join(directory, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(key):
            if os.path.exists(certificate):
                raise ValueError("it has ca.pem but no ca.key, bring it from the controller that made them")
            made = tls.new_key()
            write(key, tls.lock(made, passphrase) if passphrase else made, 0o600)
        # It lies beside the inventory, which many keep in git.
        if not os.path.exists(os.path.join(directory, ".gitignore")):
            write(os.path.join(directory, ".gitignore"), "*\n", 0o644)
        secret = opened(key, passphrase)
        text = tls.renewed(read(certificate), secret, days) if os.path.exists(certificate) else tls.self_signed(secret, name, days)
        if text:
            write(certificate, text, 0o644)
    return secret, read(certificate), bool(text)


def refusal(host, directory, trusted):
    """Why a member must not get certificates of the authority there; None when it may."""
    certificate = os.path.join(directory, "ca.pem")
    there = os.path.exists(certificate)
    if not tls.read(trusted) or (there and tls.same_authority(trusted, read(certificate))):
        return None
    return ("%s: it trusts another authority than %s (%s): members with different ones do not talk to each other. Bring the "
            "directory of the controller that made it here, or new_authority: true gives the member the one there, or a new one." % (
                host, directory, "ca.pem differs" if there else "there is no ca.pem"))


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        if tls.x509 is None:
            raise AnsibleActionFail(tls.MISSING % "the controller")
        asked = self.member(task_vars)
        if asked.get("failed") or asked.get("skipped"):
            return asked
        arguments, check = self._task.args, self._task.check_mode
        directory = os.path.expanduser(arguments["authority_directory"])
        problem = refusal(task_vars["inventory_hostname"], directory, asked.get("authority", ""))
        if problem and not boolean(arguments.get("new_authority", False)):
            return {"failed": True, "msg": problem}
        if not asked.get("request") or (check and not os.path.exists(os.path.join(directory, "ca.pem"))):
            return self.result(True, "there is none")
        try:
            days = int(arguments.get("days") or 397)
            key, certificate, made = authority(directory, arguments["authority_name"], max(days, tls.AUTHORITY_DAYS),
                                               arguments.get("authority_passphrase") or "")
            # The names are the task's, never what the member asks for.
            called = arguments["common_name"], arguments["names"]
            why = tls.stale(asked["certificate"], asked["request"], *called, certificate)
            signed = tls.sign(asked["request"], *called, certificate, key, days) if why else asked["certificate"]
        except (OSError, ValueError) as error:
            return {"failed": True, "msg": "The authority in %s cannot sign: %s" % (directory, error)}
        if why is None and asked["authority"] != certificate:
            why = "the authority's certificate differs"
        installed = self.member(task_vars, authority=certificate, certificate=signed) if why else {"changed": False}
        if installed.get("failed"):
            return installed
        return self.result(asked["changed"] or installed["changed"] or made, why or "")

    def member(self, task_vars, **more):
        # Not even encrypted on its way: the passphrase is of no use there.
        given = {name: value for name, value in self._task.args.items() if name != "authority_passphrase"}
        return self._execute_module("failover.stack.member_certificate", dict(given, **more), task_vars=task_vars)

    def result(self, changed, why):
        return {"changed": changed, "reason": why, "diff": {"before": "", "after": "certificate: %s\n" % why if why else ""}}

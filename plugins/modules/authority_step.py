#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: authority_step
short_description: Take a step from a cluster's authority to another one, on the controller
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - An authority is a key and a file of certificates, of which the first one signs and all are believed. From one authority to another one
    it is three steps, and after each of them the cluster's role gives the members what the files have.
  - Between the steps members with the old and with the new certificates believe each other, so none of them has to stop.
  - Needs Python's cryptography where it runs.
attributes:
  check_mode:
    support: full
    description: Nothing is written.
  diff_mode:
    support: none
    description: Keys are secrets.
options:
  directory:
    description: Directory of the authority.
    type: path
    required: true
  name:
    description: What its files are called, C(ca) for C(ca.key) and C(ca.pem). The key to come is C(ca-next.key), the one before
      C(ca-former.key).
    type: str
    default: ca
  passphrase:
    description: Passphrase of the key. The key to come gets it, too.
    type: str
  step:
    description:
      - V(begin) makes another key, whose certificate is believed, too, and signs nothing yet.
      - V(switch) lets it sign. The one before is still believed.
      - V(end) takes that out.
      - A step that has been taken is no change, one that is not due is refused.
    type: str
    choices: [begin, switch, end]
    required: true
  days:
    description: How long the certificate of another authority is valid.
    type: int
    default: 3650
"""

EXAMPLES = r"""
- name: Make another authority, which all are to believe before it signs
  failover.stack.authority_step:
    directory: "{{ inventory_dir }}/.galera-tls/orders"
    step: begin
  delegate_to: localhost
"""

RETURN = r"""
believed:
  description: How many authorities are believed then.
  returned: always
  type: int
  sample: 2
"""

import os
import stat

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host import beneath, tls


class Authority:
    def __init__(self, module):
        self.module, self.params = module, module.params
        stem = os.path.join(self.params["directory"], self.params["name"])
        self.key, self.certificate = stem + ".key", stem + ".pem"
        self.next, self.former = stem + "-next.key", stem + "-former.key"
        self.changed = False

    def fail(self, sentence):
        self.module.fail_json(msg="%s: %s Nothing was changed." % (self.params["directory"], sentence))

    def opened(self, path):
        """A key as it can be used."""
        text, passphrase = beneath.read_text(path), self.params["passphrase"]
        if not tls.is_locked(text):
            return text
        if not passphrase:
            self.fail("%s has a passphrase, which was not given: set the variable whose name ends in _tls_passphrase." % (
                os.path.basename(path)))
        try:
            return tls.unlock(text, passphrase)
        except ValueError:
            return self.fail("the passphrase that was given does not open %s: correct it." % os.path.basename(path))

    def write(self, path, text, mode):
        self.changed = True
        if not self.module.check_mode:
            beneath.write(path, text, mode)

    def run(self):
        for path in (self.key, self.certificate):
            if not os.path.exists(path):
                self.fail("it has no %s: run the tier's playbook first, or bring the directory of the controller that made it." % (
                    os.path.basename(path)))
        text = beneath.read_text(self.certificate)
        if not tls.certificates(text):
            self.fail("%s has no certificate." % os.path.basename(self.certificate))
        return len(tls.certificates(getattr(self, self.params["step"])(text)))

    def begin(self, text):
        if os.path.exists(self.next):
            key = self.opened(self.next)
        elif len(tls.certificates(text)) > 1:
            return self.fail("an authority from before is still believed: take the step end first.")
        else:
            # It shows that the passphrase is there before anything is made that needs it.
            self.opened(self.key)
            key, locked = tls.new_key(), tls.is_locked(beneath.read_text(self.key))
            self.write(self.next, tls.lock(key, self.params["passphrase"]) if locked else key, 0o600)
        believed = tls.believed_too(text, key, self.params["days"])
        if believed != text:
            self.write(self.certificate, believed, stat.S_IMODE(os.stat(self.certificate).st_mode))
        return believed

    def switch(self, text):
        if not os.path.exists(self.next):
            return text if len(tls.certificates(text)) > 1 else self.fail("there is no other authority: take the step begin first.")
        key = self.opened(self.next)
        if tls.place_of(key, text) is None:
            return self.fail("nobody believes the authority of %s yet: take the step begin first." % os.path.basename(self.next))
        # In this order a step that was broken off is taken again.
        if not os.path.exists(self.former):
            self.write(self.former, beneath.read_text(self.key), 0o600)
        signing = tls.signing(text, key)
        if signing != text:
            self.write(self.certificate, signing, stat.S_IMODE(os.stat(self.certificate).st_mode))
        self.changed = True
        if not self.module.check_mode:
            os.rename(self.next, self.key)
        return signing

    def end(self, text):
        if os.path.exists(self.next):
            return self.fail("the other authority does not sign yet: take the step switch first.")
        first = tls.bundle(tls.certificates(text)[:1])
        if len(tls.certificates(text)) > 1:
            self.write(self.certificate, first, stat.S_IMODE(os.stat(self.certificate).st_mode))
        if os.path.exists(self.former):
            self.changed = True
            if not self.module.check_mode:
                beneath.remove(self.former)
        return first


def main():
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "name": {"type": "str", "default": "ca"},
            "passphrase": {"type": "str", "no_log": True},
            "step": {"type": "str", "choices": ["begin", "switch", "end"], "required": True},
            "days": {"type": "int", "default": tls.AUTHORITY_DAYS},
        },
        supports_check_mode=True,
    )
    if tls.x509 is None:
        module.fail_json(msg=tls.MISSING % os.uname().nodename)
    authority = Authority(module)
    with beneath.told(module):
        believed = authority.run()
    module.exit_json(changed=authority.changed, believed=believed)


if __name__ == "__main__":
    main()

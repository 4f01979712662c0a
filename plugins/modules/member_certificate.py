#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: member_certificate
short_description: Give a cluster's member a key and a certificate that the cluster's own authority signed
version_added: 0.4.0
author: The failover.stack founders (@failover-stack)
description:
  - Makes the authority on the controller when it is not there, the member's key on the member, and signs the member's request on the
    controller. The authority's key never leaves the controller, the member's key never leaves the member.
  - Of what the member asks for only its public key counts. O(common_name) and O(names) are taken from the task on the controller, so a
    member that somebody has taken over gets no certificate for another name.
  - The authority's own certificate is valid for 3650 days, or O(days) when these are more, and is signed anew, with the same key and
    name, in the last year of its life.
  - Where the authority's C(ca.pem) has several certificates the first one signs and members get all, see
    M(failover.stack.authority_step).
  - A member that trusts another authority than the controller has is refused, see O(new_authority).
  - A certificate that another authority signed, that has other names, that belongs to another key or that is in the last quarter
    of its life (the last year, when that is less) is replaced.
  - In the authority's directory a C(.gitignore) keeps all of it out of git.
  - On the member C(ca.pem), C(cert.pem) and C(key.pem) stand in O(directory).
  - Needs Python's cryptography on both.
attributes:
  check_mode:
    support: full
    description: Nothing is made.
  diff_mode:
    support: full
    description: Why the certificate is made anew.
options:
  directory:
    description: Directory on the member.
    type: path
    required: true
  group:
    description: Group that may read the key.
    type: str
    required: true
  names:
    description: What the member is called and where it is reached, C(DNS:name) or C(IP:address).
    type: list
    elements: str
    required: true
  common_name:
    description: The certificate's common name.
    type: str
    required: true
  authority_directory:
    description: Directory of the authority on the controller, C(ca.key) and C(ca.pem) stand there.
    type: path
    required: true
  authority_name:
    description: The authority's common name.
    type: str
    required: true
  authority_passphrase:
    description:
      - Passphrase of the authority's key. One that has none yet gets it. Without it the key is protected by its permissions alone.
      - It is used on the controller and not sent to the member.
    type: str
  days:
    description: How long a member's certificate is valid.
    type: int
    default: 397
  new_authority:
    description: >-
      Give the authority of the controller, made if need be, also to a member that trusts another one. Such members do not talk to each
      other until all have it.
    type: bool
    default: false
  authority:
    description: Set by the action plugin.
    type: str
  certificate:
    description: Set by the action plugin.
    type: str
"""

EXAMPLES = r"""
- name: Certificate of this member
  failover.stack.member_certificate:
    directory: /etc/rabbitmq/tls
    group: rabbitmq
    common_name: mq1
    names: [DNS:mq1, IP:198.51.100.51]
    authority_directory: "{{ inventory_dir }}/.rabbitmq-tls"
    authority_name: RabbitMQ orders
"""

RETURN = r"""
reason:
  description: Why the certificate was made anew; empty when it was not.
  returned: always
  type: str
  sample: it has other names
"""

import grp
import os
import stat

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host import beneath, tls

OWNER = 0


def read(path):
    try:
        return beneath.read_text(path)
    except FileNotFoundError:
        return ""


class Member:
    def __init__(self, module):
        self.module, self.params = module, module.params
        self.changed = False

    def path(self, name):
        return os.path.join(self.params["directory"], name)

    def gid(self):
        try:
            return grp.getgrnam(self.params["group"]).gr_gid
        except KeyError:
            self.module.fail_json(msg="There is no group %s on this host: install the service first." % self.params["group"])

    def permit(self, path, mode):
        info = beneath.look(path)
        if (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid) != (mode, OWNER, self.gid()):
            self.changed = True
            if not self.module.check_mode:
                beneath.own(path, OWNER, self.gid(), mode)

    def write(self, name, text, mode):
        """Whole or not at all, never readable by others for a moment."""
        beneath.write(self.path(name), text, mode, OWNER, self.gid())

    def ask(self):
        """The member's request, and what it has."""
        if not read(self.path("key.pem")):
            self.changed = True
            if self.module.check_mode:
                return {}
            beneath.make_directory(self.params["directory"], 0o750, OWNER, self.gid())
            self.write("key.pem", tls.new_key(), 0o640)
        self.permit(self.params["directory"], 0o750)
        self.permit(self.path("key.pem"), 0o640)
        return {"request": self.request(),
                "authority": read(self.path("ca.pem")), "certificate": read(self.path("cert.pem"))}

    def request(self):
        key = read(self.path("key.pem"))
        try:
            tls.load_key(key)
        except (ValueError, TypeError):
            self.module.fail_json(msg="%s is no key that can be read here: move it away, then run again, and a new one is made." %
                                  self.path("key.pem"))
        return tls.request(key)

    def install(self):
        for name, text in (("ca.pem", self.params["authority"]), ("cert.pem", self.params["certificate"])):
            if read(self.path(name)) != text:
                self.changed = True
                if not self.module.check_mode:
                    self.write(name, text, 0o644)
        return {}


def main():
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "group": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
            "common_name": {"type": "str", "required": True},
            "authority_directory": {"type": "path", "required": True},
            "authority_name": {"type": "str", "required": True},
            "authority_passphrase": {"type": "str", "no_log": True},
            "days": {"type": "int", "default": 397},
            "new_authority": {"type": "bool", "default": False},
            "authority": {"type": "str"},
            "certificate": {"type": "str"},
        },
        required_together=[("authority", "certificate")],
        supports_check_mode=True,
    )
    if tls.x509 is None:
        module.fail_json(msg=tls.MISSING % os.uname().nodename)
    member = Member(module)
    with beneath.told(module):
        result = member.install() if module.params["certificate"] else member.ask()
    module.exit_json(changed=member.changed, reason="", **result)


if __name__ == "__main__":
    main()

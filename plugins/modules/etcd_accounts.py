#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_accounts
short_description: Users of an etcd cluster and the keys they may touch
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Makes user C(root), which may do everything, and enables authentication; makes users what they are to be. Password, role and the
    prefixes of keys that it may read or write, no more and no fewer.
  - A user has one role of its own name. A password is compared by a login with it. It is in no process list, log or result.
  - Users that are not named are left alone. Talks to one member over etcd's JSON gateway, with Python's standard library.
  - Authentication is never disabled.
attributes:
  check_mode:
    support: full
    description: Nothing is written.
  diff_mode:
    support: full
    description: What would be done, one line each, without passwords.
options:
  url:
    description: Client URL of a member.
    type: str
    required: true
  ca:
    description: File with the certificate of the authority that signed the members' certificates.
    type: path
    default: /etc/etcd/tls/ca.pem
  root_password:
    description: Password of C(root).
    type: str
    required: true
  login_file:
    description: >-
      File with the password that C(root) had until now, if any. It is tried after O(root_password), which C(root) then gets.
    type: path
  users:
    description: Users.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the user and of its role.
        type: str
        required: true
      prefixes:
        description: How keys begin that it may touch. An empty text is every key.
        type: list
        elements: str
        required: true
      permission:
        description: What it may do with these keys.
        type: str
        choices: [read, write, readwrite]
        default: readwrite
  passwords:
    description: Password of each of O(users), by its name.
    type: dict
    default: {}
  absent:
    description: Names of users that must not be there; the role of that name goes, too.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: The agents' user, and nobody without a login
  failover.stack.etcd_accounts:
    url: https://192.0.2.1:2379
    root_password: "{{ etcd_root_password }}"
    users:
      - {name: mysql_replication, prefixes: [/failover.stack/mysql/]}
    passwords:
      mysql_replication: "{{ mysql_replication_etcd_password }}"
"""

RETURN = r"""
steps:
  description: What was (in check mode, would be) done.
  returned: always
  type: list
  elements: str
  sample: ["role mysql-writer: made", "user mysql-writer: made", "authentication: enabled"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._etcd import accounts
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import BAD_LOGIN, Api, ApiError
from ansible_collections.failover.stack.plugins.module_utils._etcd.member import read_login


class Accounts:
    def __init__(self, module):
        self.module, self.params = module, module.params
        self.api = Api(self.params["url"], self.params["ca"])
        self.steps = []

    def accepts(self, name, password):
        """Whether it is the user's password. By a connection of its own, so that ours keeps its login."""
        try:
            Api(self.params["url"], self.params["ca"]).login(name, password)
            return True
        except ApiError as error:
            if error.says(BAD_LOGIN):
                return False
            raise

    def current(self, names, passwords, enabled):
        """Users and their roles; without authentication nobody can log in, so every password counts as another one."""
        users = {name: self.api.call("auth/user/get", {"name": name}).get("roles", [])
                 for name in self.api.call("auth/user/list").get("users", [])}
        roles = {name: accounts.permissions_of(self.api.call("auth/role/get", {"role": name}))
                 for name in self.api.call("auth/role/list").get("roles", [])}
        accepted = [name for name in names if enabled and name in users and self.accepts(name, passwords[name])]
        return {"users": users, "roles": roles, "accepted": accepted}

    def act(self, steps):
        self.steps += steps.words
        for path, body in [] if self.module.check_mode else steps.found:
            self.api.call(path, body)

    def login(self):
        """Whether authentication is on; then we are root."""
        passwords = [self.params["root_password"], read_login(self.params["login_file"])]
        try:
            return self.api.login_as(accounts.ROOT, passwords)
        except ApiError as error:
            if not error.says(BAD_LOGIN):
                raise
            self.module.fail_json(msg=(
                "%s: root's password is not root_password%s: give the one that the cluster has; another user that has the role root can "
                "change it (docs/etcd.md)." % (self.params["url"], ", nor the one in %s" % self.params["login_file"]
                                               if passwords[1] else "")), changed=False)

    def run(self):
        names, passwords = [accounts.ROOT], {accounts.ROOT: self.params["root_password"], **self.params["passwords"]}
        names += [user["name"] for user in self.params["users"]]
        enabled = self.login()
        current = self.current(names, passwords, enabled)
        self.act(accounts.plan(current, self.params["users"], passwords, self.params["absent"]))
        self.act(accounts.root(current, self.params["root_password"]))
        if not enabled:
            self.steps.append("authentication: enabled")
            if not self.module.check_mode:
                self.api.call("auth/enable")


def main():
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "ca": {"type": "path", "default": "/etc/etcd/tls/ca.pem"},
            "root_password": {"type": "str", "required": True, "no_log": True},
            "login_file": {"type": "path"},
            "users": {"type": "list", "elements": "dict", "default": [], "options": {
                "name": {"type": "str", "required": True},
                "prefixes": {"type": "list", "elements": "str", "required": True},
                "permission": {"type": "str", "choices": ["read", "write", "readwrite"], "default": "readwrite"}}},
            "passwords": {"type": "dict", "default": {}, "no_log": True},
            "absent": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    without = [user["name"] for user in module.params["users"] if not module.params["passwords"].get(user["name"])]
    if without:
        module.fail_json(msg="passwords has none for %s: add one." % ", ".join(without))
    known = Accounts(module)
    try:
        known.run()
    except ApiError as error:
        module.fail_json(msg="%s: etcd said: %s." % (module.params["url"], str(error).rstrip(".")), steps=known.steps, changed=False)
    lines = "".join("%s\n" % one for one in known.steps)
    module.exit_json(changed=bool(known.steps), steps=known.steps, diff={"before": "", "after": lines})


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_accounts
short_description: Databases and accounts of a MariaDB or MySQL server, all at once
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description:
  - Makes databases, and makes accounts what they are to be. Password, TLS rule and privileges, no more and no fewer.
  - Passwords are compared with, and sent as, what the server stores. The password itself is in no statement, log or process list.
  - Accounts and databases that are not named are left alone.
extends_documentation_fragment: [failover.stack.mysql_login]
attributes:
  check_mode:
    support: full
    description: Nothing is written.
  diff_mode:
    support: full
    description: What is there and what is to be there, without passwords.
options:
  databases:
    description: Databases, made with utf8mb4 when they are missing.
    type: list
    elements: str
    default: []
  users:
    description: Accounts.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name.
        type: str
        required: true
      hosts:
        description: Where it may come from, one account for each.
        type: list
        elements: str
        required: true
      databases:
        description: Databases in which it may do everything.
        type: list
        elements: str
        default: []
      privileges:
        description: More privileges, separated by commas, by the place they hold for, such as C(shop.orders) or C(*.*).
        type: dict
        default: {}
      tls:
        description: Whether it must come with TLS.
        type: bool
        default: false
  passwords:
    description: Password of each account, by its name.
    type: dict
    default: {}
  lift_read_only:
    description:
      - For the first accounts of a new cluster. A read-only server is made writable for a moment and put back, and does not wait
        for replicas meanwhile. Without this a read-only server is refused when there is something to do.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Application, and the account replicas use
  failover.stack.mysql_accounts:
    databases: [shop]
    users:
      - {name: shop, hosts: [198.51.100.%], databases: [shop]}
      - {name: replication, hosts: [198.51.100.11, 198.51.100.12], privileges: {"*.*": REPLICATION SLAVE}, tls: true}
    passwords:
      shop: "{{ shop_password }}"
      replication: "{{ replication_password }}"
"""

RETURN = r"""
done:
  description: What was (in check mode, would be) done, one sentence each.
  returned: always
  type: list
  elements: str
  sample: ["shop@198.51.100.%: created"]
"""

import secrets

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mysql_accounts import (
    SALT_BYTES,
    SALT_LETTERS,
    granted,
    plan_account,
    sentence,
    statement,
    stored,
)
from ansible_collections.failover.stack.plugins.module_utils._mysql_connection import (
    LOGIN,
    Failure,
    dialect_of,
    identifier,
    open_server,
)

USER = {
    "name": {"type": "str", "required": True},
    "hosts": {"type": "list", "elements": "str", "required": True},
    "databases": {"type": "list", "elements": "str", "default": []},
    "privileges": {"type": "dict", "default": {}},
    "tls": {"type": "bool", "default": False},
}
SEMI_SYNC = ("rpl_semi_sync_master_enabled", "rpl_semi_sync_source_enabled")


class Accounts:
    def __init__(self, server, passwords):
        self.server, self.passwords = server, passwords
        self.dialect = dialect_of(server.rows("SELECT VERSION() AS v")[0]["v"])[0]

    def found(self, name, host):
        rows = self.server.rows(
            "SELECT plugin, HEX(authentication_string) AS string, ssl_type FROM mysql.user WHERE User = %s AND Host = %s", (name, host))
        if not rows:
            return None
        lines = [next(iter(row.values())) for row in self.server.rows("SHOW GRANTS FOR %s@%s", (name, host))]
        text = [rows[0][key].decode() if isinstance(rows[0][key], bytes) else rows[0][key] or ""
                for key in ("plugin", "string", "ssl_type")]
        return {"plugin": text[0], "string": bytes.fromhex(text[1]), "require": text[2], "grants": granted(lines, self.dialect)}

    def steps(self, users):
        """(user, host, step) of everything that differs."""
        for user in users:
            password = self.passwords.get(user["name"])
            if not password:
                raise Failure("passwords has none for the account %s: name it there." % user["name"])
            for host in user["hosts"]:
                for step in plan_account(user, self.found(user["name"], host), str(password), self.dialect):
                    yield user, host, step

    def missing(self, databases):
        have = {next(iter(row.values())) for row in self.server.rows("SHOW DATABASES")}
        return [name for name in databases if name not in have]

    def apply(self, user, host, step):
        values = [user["name"], host]
        if step[0] in ("create", "password"):
            salt = "".join(secrets.choice(SALT_LETTERS) for _letter in range(SALT_BYTES)).encode()
            values.append(stored(self.dialect, str(self.passwords[user["name"]]), salt).decode())
        self.server.run(statement(step, user["tls"], self.dialect, identifier), values)


class Writable:
    """For the time of a with block, a read-only server takes writes and waits for no replica."""

    def __init__(self, server, lift):
        self.server, self.lift = server, lift
        self.before = {}

    def __enter__(self):
        found = self.server.variables("read_only", "super_read_only", *SEMI_SYNC)
        if "ON" not in (found["read_only"], found.get("super_read_only")):
            return
        if not self.lift:
            raise Failure("%s is read-only: databases and accounts are made on the writer." % (
                self.server.where["unix_socket"] or "the server"))
        # In the order in which they are put back: nothing writes any more when semi-synchronous replication returns.
        self.before = {name: found[name] for name in ("read_only", "super_read_only", *SEMI_SYNC) if found.get(name) == "ON"}
        for name in sorted(self.before):
            self.server.run("SET GLOBAL %s = OFF" % name)

    def __exit__(self, *_error):
        for name in self.before:
            self.server.run("SET GLOBAL %s = ON" % name)


def main():
    module = AnsibleModule(
        argument_spec=dict(
            LOGIN,
            databases={"type": "list", "elements": "str", "default": []},
            users={"type": "list", "elements": "dict", "default": [], "options": USER},
            passwords={"type": "dict", "default": {}, "no_log": True},
            lift_read_only={"type": "bool", "default": False},
        ),
        supports_check_mode=True,
    )
    params = module.params
    try:
        server = open_server(params)
        accounts = Accounts(server, params["passwords"])
        databases, steps = accounts.missing(params["databases"]), list(accounts.steps(params["users"]))
        done = ["database %s: created" % name for name in databases]
        done += [sentence("%s@%s" % (user["name"], host), step) for user, host, step in steps]
        if done and not module.check_mode:
            with Writable(server, params["lift_read_only"]):
                for name in databases:
                    server.run("CREATE DATABASE %s CHARACTER SET utf8mb4" % identifier(name))
                for user, host, step in steps:
                    accounts.apply(user, host, step)
    except Failure as failure:
        module.fail_json(msg=str(failure))
    module.exit_json(changed=bool(done), done=done, diff={"before": "", "after": "".join(line + "\n" for line in done)})


if __name__ == "__main__":
    main()

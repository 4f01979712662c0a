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
  - Where a plugin judges passwords (MariaDB's C(simple_password_check) and C(cracklib_password_check), MySQL's C(validate_password)) new
    ones are held to its rules before anything is changed. MariaDB refuses what it cannot judge, so C(strict_password_validation) is off
    for the moment in which they are set. For cracklib the host's C(cracklib-check) is asked.
  - Privileges are compared as the server means them. What is missing is granted before what is too much is revoked. What an account has
    by roles stays.
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
    description:
      - Databases, as names or as dictionaries of C(name), C(character_set) and C(collation). A missing one is made, with utf8mb4 where
        neither is said.
      - One that is there gets what is said as its default, which holds for tables that are made later; its tables stay as they are.
    type: list
    elements: raw
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
        description:
          - More privileges, separated by commas, by the place they hold for, such as C(*.*), C(shop.*), C(shop.orders),
            C(PROCEDURE shop.report) or C(FUNCTION shop.rate). C(GRANT OPTION) is one of them, columns stand in parentheses, as in
            C(SELECT (id, name), UPDATE (name)). C(_) and C(%) in a database's name are wildcards, as in the server's own GRANT.
          - A table, column or routine that is not there yet is no error. It is in RV(pending) with a warning, and the next run grants it.
        type: dict
        default: {}
      tls:
        description: Whether it must come with TLS.
        type: bool
        default: false
      x509:
        description: Whether it must come with a valid certificate.
        type: bool
        default: false
      issuer:
        description: Who must have issued its certificate, in the form C(/C=SE/O=Shop/CN=authority). Implies O(users[].x509).
        type: str
        default: ""
      subject:
        description: Whose certificate it must be, in the form C(/CN=shop). Implies O(users[].x509).
        type: str
        default: ""
  passwords:
    description: Password of each account, by its name.
    type: dict
    default: {}
  old_passwords:
    description:
      - A password that an account took so far and takes besides the one in O(passwords), by the account's name, so that its clients can be
        given the new one while they work. Of an account that is not named here only the one in O(passwords) is valid, and an old one is
        dropped.
      - MariaDB has the second one as another way to authenticate, MySQL as a second password, which it has of caching_sha2_password alone.
      - Refused where it is the same as the new one, where it is of no account in O(users), and where an account takes neither of them.
    type: dict
    default: {}
    version_added: 0.5.0
  lift_read_only:
    description:
      - For the first accounts of a new cluster. A read-only server is made writable for a moment and put back, and does not wait
        for replicas meanwhile. Without this a read-only server is refused when there is something to do.
    type: bool
    default: false
  mark_beginning:
    description:
      - Write a mark into the binary log before anything else. It says that nothing was on the server when its log began, so that an
        empty replica may begin with the log. That must be true, see RV(failover.stack.mysql_replica_info#module:pristine), and the
        log must have no mark yet.
    type: bool
    default: false
    version_added: 0.5.0
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

- name: First account of a new cluster, whose servers are read-only until somebody is made the writer
  failover.stack.mysql_accounts:
    users:
      - {name: replication, hosts: ["%"], privileges: {"*.*": REPLICATION SLAVE}, tls: true}
    passwords: {replication: "{{ replication_password }}"}
    lift_read_only: true

- name: A database with a character set of its own
  failover.stack.mysql_accounts:
    databases: [shop, {name: old, character_set: latin1, collation: latin1_german2_ci}]

- name: Another password; clients that come with the one before go on until a later run drops it
  failover.stack.mysql_accounts:
    users: [{name: shop, hosts: [198.51.100.%], databases: [shop]}]
    passwords: {shop: "{{ shop_password }}"}
    old_passwords: {shop: "{{ shop_password_before }}"}

- name: May read two tables, nothing more
  failover.stack.mysql_accounts:
    users:
      - {name: report, hosts: [198.51.100.21], privileges: {shop.orders: SELECT, shop.customers: SELECT}}
    passwords: {report: "{{ report_password }}"}
"""

RETURN = r"""
done:
  description: What was (in check mode, would be) done, one sentence each.
  returned: always
  type: list
  elements: str
  sample: ["shop@198.51.100.%: created"]
pending:
  description: Privileges on what is not there yet, one sentence each.
  returned: always
  type: list
  elements: str
  sample: ["shop@198.51.100.%: PROCEDURE shop.report is not there yet, the next run grants EXECUTE on it"]
"""

import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._sql.accounts import (
    fresh,
    plan_account,
    sentence,
    statements,
    taken,
)
from ansible_collections.failover.stack.plugins.module_utils._sql.beginning import STATEMENT
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import (
    LOGIN,
    Failure,
    dialect_of,
    identifier,
    opened,
)
from ansible_collections.failover.stack.plugins.module_utils._sql.databases import plan
from ansible_collections.failover.stack.plugins.module_utils._sql.grants import granted, place_of, privileges, shown, words
from ansible_collections.failover.stack.plugins.module_utils._sql.password_rules import VARIABLES, rules_of, weak
from ansible_collections.failover.stack.plugins.module_utils._sql.ways import MORE, VERBS, ways_of

USER = {
    "name": {"type": "str", "required": True},
    "hosts": {"type": "list", "elements": "str", "required": True},
    "databases": {"type": "list", "elements": "str", "default": []},
    "privileges": {"type": "dict", "default": {}},
    "tls": {"type": "bool", "default": False},
    "x509": {"type": "bool", "default": False},
    "issuer": {"type": "str", "default": ""},
    "subject": {"type": "str", "default": ""},
}
SEMI_SYNC = ("rpl_semi_sync_master_enabled", "rpl_semi_sync_source_enabled")
STRICT = "strict_password_validation"
CRACKLIB = "cracklib_password_check"
# Privileges at a place that says ALL are named one by one only when the first of them is gone.
ROUNDS = 4
# What SHOW PRIVILEGES names and ALL does not have.
NOT_IN_ALL = ("USAGE", "PROXY", "GRANT OPTION")


def text(value):
    return value.decode() if isinstance(value, bytes) else value or ""


class Accounts:
    def __init__(self, server, passwords, old_passwords):
        self.server, self.passwords, self.old = server, passwords, old_passwords
        self.dialect = dialect_of(server.rows("SELECT VERSION() AS v")[0]["v"])[0]
        self.everything = [] if self.dialect == "mariadb" else [
            name for name in (row["Privilege"].upper() for row in server.rows("SHOW PRIVILEGES")) if name not in NOT_IN_ALL]
        self.pending = []

    def found(self, name, host):
        rows = self.server.rows("SELECT plugin, HEX(authentication_string) AS string, ssl_type, ssl_cipher, x509_issuer, x509_subject "
                                "FROM mysql.user WHERE User = %s AND Host = %s", (name, host))
        if not rows:
            return None
        lines = [next(iter(row.values())) for row in self.server.rows("SHOW GRANTS FOR %s@%s", (name, host))]
        row = {key: text(value) for key, value in rows[0].items()}
        # A cipher that somebody demanded makes it another rule than any of ours.
        require = [row["ssl_type"], row["x509_issuer"], row["x509_subject"], *filter(None, [row["ssl_cipher"]])]
        more = text(self.server.rows(MORE[self.dialect], (name, host))[0]["more"])
        return {"ways": ways_of(self.dialect, row["plugin"], bytes.fromhex(row["string"]), more), "require": require,
                "grants": granted(lines, self.dialect, (name, host), self.everything)}

    def secrets(self, user):
        """{new, old}: what an account shall take, the old one empty where there is none."""
        name = user["name"]
        found = {"new": str(self.passwords.get(name) or ""), "old": str(self.old.get(name) or "")}
        if not found["new"]:
            raise Failure("passwords has none for the account %s: name it there." % name)
        if found["new"] == found["old"]:
            raise Failure("old_passwords has the same one for the account %s as passwords: give the one that it had so far, or leave it "
                          "out, then only the one in passwords is valid. Nothing was changed." % name)
        return found

    def steps(self, users):
        """(user, host, step) of everything that differs and can be done, what is missing before what is too much."""
        self.pending = []
        for user in users:
            secrets = self.secrets(user)
            for host in user["hosts"]:
                found = self.found(user["name"], host)
                if found and secrets["old"] and not any(taken(found, secrets["new"], secrets["old"])):
                    raise Failure("%s@%s takes neither the password in passwords nor the one in old_passwords, so whoever uses it now "
                                  "would be refused: correct the old one, or leave it out to accept that. Nothing was changed." % (
                                      user["name"], host))
                for step in plan_account(user, found, secrets["new"], self.dialect, secrets["old"]):
                    missing = self.missing_object(step)
                    if missing:
                        self.pending.append("%s@%s: %s is not there yet, the next run grants %s on it" % (
                            user["name"], host, missing, words(step[2])))
                    else:
                        yield user, host, step

    def missing_object(self, step):
        """The table, column or routine that a privilege is for and that is not there yet."""
        kind, database, name = step[1] or ("", "*", "*")
        if step[0] != "grant" or name == "*":
            return ""
        columns = {column for _word, column in step[2] if column}
        if kind:
            there = self.server.rows("SELECT 1 AS there FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = %s AND ROUTINE_NAME = %s "
                                     "AND ROUTINE_TYPE = %s", (database, name, kind))
            return "" if there else shown(step[1])
        rows = self.server.rows("SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
                                (database, name))
        if not rows:
            return shown(step[1])
        gone = sorted(columns - {row["name"].lower() for row in rows})
        return "column %s of %s" % (", ".join(gone), shown(step[1])) if gone else ""

    def databases(self, wanted):
        """(sentence, statement) of everything that differs."""
        rows = self.server.rows("SELECT SCHEMA_NAME AS n, DEFAULT_CHARACTER_SET_NAME AS s, DEFAULT_COLLATION_NAME AS c "
                                "FROM information_schema.SCHEMATA") if wanted else []
        return plan(wanted, {row["n"]: (row["s"], row["c"]) for row in rows}, identifier)

    def apply(self, user, host, step):
        secrets = self.secrets(user)
        for sql, names, more in statements(step, user, self.dialect, identifier):
            self.server.run(sql, [user["name"], host, *(fresh(self.dialect, secrets[name]) for name in names), *more])

    def apply_all(self, users, steps):
        """The sentences on what was done, which may be more than was seen at first."""
        done = []
        for _round in range(ROUNDS):
            for user, host, step in steps:
                self.apply(user, host, step)
                done.append(sentence("%s@%s" % (user["name"], host), step))
            if not any(step[0] == "revoke" for _user, _host, step in steps):
                break
            steps = list(self.steps(users))
        return done


class Passwords:
    """What the server's plugins demand of new passwords."""

    def __init__(self, server, module):
        self.module = module
        found = server.variables(STRICT, CRACKLIB + "_dictionary", *VARIABLES)
        self.rules, self.cracklib = rules_of(found), CRACKLIB + "_dictionary" in found
        # MySQL judges only what it sees in clear.
        self.strict = found.get(STRICT) == "ON" and server.rows(
            "SELECT PLUGIN_NAME AS name FROM information_schema.PLUGINS WHERE PLUGIN_TYPE = 'PASSWORD VALIDATION' "
            "AND PLUGIN_STATUS = 'ACTIVE'") != []

    def check(self, password, name):
        why, by = weak(password, name, self.rules), (self.rules or {}).get("by")
        if not why and self.cracklib:
            why, by = self.cracked(password), CRACKLIB
        if why:
            raise Failure("The password of the account %s %s (%s): give another one. Nothing was changed." % (name, why, by))

    def cracked(self, password):
        path = self.module.get_bin_path("cracklib-check")
        if not path:
            self.module.warn("%s is active, but there is no cracklib-check on this host: new passwords were not held to it." % CRACKLIB)
            return ""
        # Whoever runs it ends the line; of what it says the first line counts.
        output = (self.module.run_command([path], data=password)[1].splitlines() or [""])[0]
        word = output[len(password) + 1:].strip() if output.startswith(password + ":") else output.rpartition(":")[2].strip()
        return "" if word == "OK" else "is refused, " + (word or "cracklib-check said nothing")


@contextlib.contextmanager
def lifted(server, name, needed):
    """A global switch is off for the time of a with block."""
    if needed:
        server.run("SET GLOBAL %s = OFF" % name)
    try:
        yield
    finally:
        if needed:
            server.run("SET GLOBAL %s = ON" % name)


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
        try:
            for name in sorted(self.before):
                self.server.run("SET GLOBAL %s = OFF" % name)
        except Failure:
            # A with block that was never entered is not left.
            self.__exit__()
            raise

    def __exit__(self, *_error):
        for name in self.before:
            self.server.run("SET GLOBAL %s = ON" % name)


def main():
    module = AnsibleModule(
        argument_spec=dict(
            LOGIN,
            databases={"type": "list", "elements": "raw", "default": []},
            users={"type": "list", "elements": "dict", "default": [], "options": USER},
            passwords={"type": "dict", "default": {}, "no_log": True},
            old_passwords={"type": "dict", "default": {}, "no_log": True},
            lift_read_only={"type": "bool", "default": False},
            mark_beginning={"type": "bool", "default": False},
        ),
        supports_check_mode=True,
    )
    params = module.params
    refuse_unreadable(module)
    with opened(module) as server:
        accounts = Accounts(server, params["passwords"], params["old_passwords"])
        databases, steps = accounts.databases(params["databases"]), list(accounts.steps(params["users"]))
        setting = [(step[0], user["name"]) for user, _host, step in steps if step[0] in VERBS]
        judge = Passwords(server, module) if setting else None
        for name in sorted({name for verb, name in setting if verb in ("create", "password", "beside")}):
            judge.check(str(params["passwords"][name]), name)
        made = ["the binary log: marked as beginning with an empty server"] * params["mark_beginning"]
        made += [sentence for sentence, _statement in databases]
        done = made + [sentence("%s@%s" % (user["name"], host), step) for user, host, step in steps]
        if done and not module.check_mode:
            with Writable(server, params["lift_read_only"]), lifted(server, STRICT, judge and judge.strict):
                if params["mark_beginning"]:
                    server.run(STATEMENT)
                for _sentence, text in databases:
                    server.run(text)
                done = made + accounts.apply_all(params["users"], steps)
        pending = list(accounts.pending)
    for each in pending:
        module.warn(each + ".")
    module.exit_json(changed=bool(done), done=done, pending=pending,
                     diff={"before": "", "after": "".join(line + "\n" for line in done)})


def refuse_unreadable(module):
    known = [user["name"] for user in module.params["users"]]
    for name in sorted(module.params["old_passwords"]):
        if name not in known:
            module.fail_json(msg="old_passwords has one for '%s', which is no account in users (%s): correct the name. Nothing was "
                                 "changed." % (name, ", ".join(known) or "none"))
    for user in module.params["users"]:
        for place, names in (user["privileges"] or {}).items():
            if place_of(str(place)) is None:
                module.fail_json(msg="users: %s has privileges on '%s': write database.table, database.*, *.*, PROCEDURE database.name or "
                                     "FUNCTION database.name." % (user["name"], place))
            if privileges(str(names), "mariadb") is None:
                module.fail_json(msg="users: %s has privileges '%s' on '%s': write them separated by commas, columns in parentheses." % (
                    user["name"], names, place))


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_table
short_description: A table of a MariaDB or MySQL server, with its first rows
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Makes a table that is not there and puts rows into it whose key it does not have. A table that is there, and rows with those keys, stay
    as they are.
extends_documentation_fragment: [failover.stack.mysql_login]
attributes:
  check_mode:
    support: full
    description: Nothing is written.
  diff_mode:
    support: none
    description: No difference is shown.
options:
  database:
    description: The database, which is there.
    type: str
    required: true
  name:
    description: The table.
    type: str
    required: true
  columns:
    description: Columns and keys as they stand between the brackets of CREATE TABLE.
    type: str
    required: true
  key:
    description: The column by which a row is known.
    type: str
    required: true
  rows:
    description: Rows, values by the names of their columns. Each has O(key).
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: A table with two rows
  failover.stack.mysql_table:
    login_host: 198.51.100.102
    login_user: demo
    login_password: "{{ demo_password }}"
    ca_cert: /etc/mysql/certificates/ca.pem
    database: demo
    name: member
    columns: idx BIGINT PRIMARY KEY, name VARCHAR(80) NOT NULL
    key: idx
    rows:
      - {idx: 1, name: Ada}
      - {idx: 2, name: Bob}
"""

RETURN = r"""
created:
  description: Whether the table was (in check mode, would be) made.
  returned: always
  type: bool
  sample: true
added:
  description: How many rows were (in check mode, would be) added.
  returned: always
  type: int
  sample: 2
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, Failure, identifier, opened


def place(params):
    return "%s.%s" % (identifier(params["database"]), identifier(params["name"]))


def exists(server, params):
    return bool(server.rows("SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
                            (params["database"], params["name"])))


def keys(server, params):
    """The keys that are there, as text: a key of an inventory may be text where the column has numbers."""
    return {str(row["k"]) for row in server.rows("SELECT %s AS k FROM %s" % (identifier(params["key"]), place(params)))}


def add(server, params, row):
    """Whoever adds the same row at the same moment is no error, and no change of ours."""
    names = sorted(row)
    server.run("INSERT IGNORE INTO %s (%s) VALUES (%s)" % (
        place(params), ", ".join(map(identifier, names)), ", ".join(["%s"] * len(names))), [row[name] for name in names])


def work(server, params, check):
    without = [str(row) for row in params["rows"] if params["key"] not in row]
    if without:
        raise Failure("a row of %s has no %s, by which it would be known: %s. Give it one." % (
            params["name"], params["key"], without[0]))
    created = not exists(server, params)
    have = set() if created else keys(server, params)
    missing = [row for row in params["rows"] if str(row[params["key"]]) not in have]
    if not check:
        if created:
            server.run("CREATE TABLE IF NOT EXISTS %s (%s)" % (place(params), params["columns"]))
        for row in missing:
            add(server, params, row)
    return {"changed": created or bool(missing), "created": created, "added": len(missing)}


def main():
    module = AnsibleModule(
        argument_spec=dict(
            LOGIN,
            database={"type": "str", "required": True},
            name={"type": "str", "required": True},
            columns={"type": "str", "required": True},
            key={"type": "str", "required": True, "no_log": False},
            rows={"type": "list", "elements": "dict", "default": []},
        ),
        supports_check_mode=True,
    )
    with opened(module) as server:
        result = work(server, module.params, module.check_mode)
    module.exit_json(**result)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_tables_info
short_description: What of a MariaDB or MySQL server's tables another release would take for something else
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Reads which collation databases, tables and columns have, which collation the server gives to new ones, and which tables are
    system-versioned.
  - Members of a cluster that differ in this take rows for equal that are different for others. RV(digest) tells cheaply whether they do.
options:
  collations:
    description: Return every collation, not only their digest.
    type: bool
    default: false
extends_documentation_fragment: [failover.stack.mysql_login, failover.stack.read_only]
"""

EXAMPLES = r"""
- name: Query whether tables are collated alike
  failover.stack.mysql_tables_info:
  register: tables
"""

RETURN = r"""
version:
  description: The server's own words.
  returned: always
  type: str
  sample: 11.8.9-MariaDB-0+deb13u1-log
collation:
  description: What new tables get, C(server) by default (C(collation_server)), C(sets) where a character set is named
    (C(character_set_collations), null on a server without it).
  returned: always
  type: dict
  sample: {server: utf8mb4_general_ci, sets: ""}
digest:
  description: The same on two servers whose databases, tables and columns have the same names and collations.
  returned: always
  type: str
  sample: 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9
versioned:
  description: The system-versioned tables.
  returned: always
  type: list
  elements: str
  sample: [shop.prices]
collations:
  description: Databases, tables and, where they differ from their table, columns, with their collations.
  returned: when O(collations)
  type: dict
  sample: {shop: utf8mb4_general_ci, shop.orders: utf8mb4_general_ci, shop.orders.code: utf8mb4_bin}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._sql import collation, tables
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, opened


def main():
    module = AnsibleModule(argument_spec=dict(LOGIN, collations={"type": "bool", "default": False}), supports_check_mode=True)
    with opened(module) as server:
        variables = server.variables("version", *collation.VARIABLES)
        collations, versioned = tables.read(server)
    result = {"version": variables.get("version", ""), "collation": collation.told(variables), "versioned": versioned,
              "digest": tables.digest(collations)}
    if module.params["collations"]:
        result["collations"] = collations
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()

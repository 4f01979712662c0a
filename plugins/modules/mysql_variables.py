#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_variables
short_description: Global variables of a running MariaDB or MySQL server
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Sets global variables that a running server lets be set, so that they hold before it is restarted with its configuration file.
  - Variables that the server does not have are left out.
attributes:
  check_mode:
    support: full
    description: Nothing is written.
  diff_mode:
    support: full
    description: The variables that differ.
options:
  variables:
    description: Whole numbers by the names of the variables, V(1) and V(0) for those that are on and off.
    type: dict
    default: {}
  texts:
    description: Names, or lists of them with commas in any order, by the names of the variables.
    type: dict
    default: {}
  flush_binary_logs:
    description: Begin a new binary log when something was set, as servers remove old ones then. It is not replicated.
    type: bool
    default: false
extends_documentation_fragment: [failover.stack.mysql_login]
"""

EXAMPLES = r"""
- name: Binary logs are removed though nobody replicates from here
  failover.stack.mysql_variables:
    variables: {slave_connections_needed_for_purge: 0}
    flush_binary_logs: true

- name: Tables to come are collated as on every other member
  failover.stack.mysql_variables:
    texts: {collation_server: utf8mb4_general_ci, character_set_collations: ""}
"""

RETURN = r"""
missing:
  description: Variables that the server does not have.
  returned: always
  type: list
  elements: str
  sample: [max_binlog_total_size]
"""

import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, Failure, opened

NAME = re.compile(r"^[a-z][a-z0-9_]*$")
TEXT = re.compile(r"^[A-Za-z0-9_=,]*$")


def wanted(variables, texts):
    """{name: number or text}"""
    for name, value in variables.items():
        if not NAME.match(str(name)) or not re.match(r"^[0-9]+$", str(value)):
            raise Failure("variables has %s: %s, write whole numbers by names of variables." % (name, value))
    for name, value in texts.items():
        if not NAME.match(str(name)) or not TEXT.match(str(value)):
            raise Failure("texts has %s: %s, write letters, digits, _, = and commas by names of variables." % (name, value))
    return {**{name: int(value) for name, value in variables.items()}, **{name: str(value) for name, value in texts.items()}}


def same(have, want):
    """Whether the server has it: a switch is shown as a word, the parts of a list in an order of its own."""
    if isinstance(want, int):
        return {"ON": "1", "OFF": "0"}.get(str(have), str(have)) == str(want)
    return sorted(str(have).split(",")) == sorted(want.split(","))


def literal(value):
    return str(value) if isinstance(value, int) else "'%s'" % value


def shown(variables):
    return "".join("%s = %s\n" % each for each in sorted(variables.items()))


def main():
    module = AnsibleModule(
        argument_spec=dict(
            LOGIN, variables={"type": "dict", "default": {}}, texts={"type": "dict", "default": {}},
            flush_binary_logs={"type": "bool", "default": False}),
        supports_check_mode=True)
    with opened(module) as server:
        want = wanted(module.params["variables"], module.params["texts"])
        have = server.variables(*want) if want else {}
        before = {name: have[name] for name, value in want.items() if name in have and not same(have[name], value)}
        if before and not module.check_mode:
            for name in sorted(before):
                server.run("SET GLOBAL %s = %s" % (name, literal(want[name])))
            if module.params["flush_binary_logs"]:
                server.run("FLUSH LOCAL BINARY LOGS")
    after = {name: want[name] for name in before}
    module.exit_json(changed=bool(before), missing=sorted(set(want) - set(have)), diff={"before": shown(before), "after": shown(after)})


if __name__ == "__main__":
    main()

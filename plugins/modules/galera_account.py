#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: galera_account
short_description: Accounts that a Galera member itself needs, of its check agent and for copies
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
extends_documentation_fragment:
  - failover.stack.galera_server
description:
  - Accounts of applications are made by M(failover.stack.mysql_accounts).
attributes:
  check_mode:
    support: full
    description: Tells whether something would be changed.
  diff_mode:
    support: none
    description: An account has no lines.
options:
  purpose:
    description:
      - V(agent) makes the account by which O(agent_user) of the operating system may log in over the socket and read the status,
        and nothing else.
      - V(copies) tells a running server with which account it copies its data for a joining member (O(sst_user), O(sst_password)). It
        reads that from its configuration at its start only, and does not show what it has, so this always counts as changed. A server
        that does not run is left alone.
    type: str
    choices: [agent, copies]
    required: true
  agent_user:
    description: User of the check agent, of the operating system and of the server.
    type: str
    default: galera-agent
  sst_user:
    description: Account for copies, needed for V(copies).
    type: str
  sst_password:
    description: Its password, needed for V(copies).
    type: str
"""

EXAMPLES = r"""
- name: Let the check agent read the status
  failover.stack.galera_account:
    purpose: agent

- name: Let a running donor know a changed account
  failover.stack.galera_account:
    purpose: copies
    sst_user: sst
    sst_password: "{{ galera_sst_password }}"
"""

RETURN = "#"

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._galera.member import CONNECTION, connect
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import QUIET


def agent(module, connection):
    """Whether its account had to be made."""
    user = module.params["agent_user"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT plugin FROM mysql.user WHERE User = %s AND Host = 'localhost'", (user,))
        changed = cursor.fetchall() != (("unix_socket",),)
        if changed and not module.check_mode:
            cursor.execute("CREATE OR REPLACE USER %s@'localhost' IDENTIFIED VIA unix_socket", (user,))
    return changed


def copies(module, connection):
    if not module.check_mode:
        with connection.cursor() as cursor:
            # The server writes statements to its logs as they come, with the password.
            for statement in QUIET:
                cursor.execute(statement)
            cursor.execute("SET GLOBAL wsrep_sst_auth = %s", ("%s:%s" % (module.params["sst_user"], module.params["sst_password"]),))
    return True


def main():
    module = AnsibleModule(
        argument_spec=dict(CONNECTION, **{
            "purpose": {"type": "str", "required": True, "choices": ["agent", "copies"]},
            "agent_user": {"type": "str", "default": "galera-agent"},
            "sst_user": {"type": "str"},
            "sst_password": {"type": "str", "no_log": True},
        }),
        required_if=[("purpose", "copies", ["sst_user", "sst_password"])],
        supports_check_mode=True,
    )
    connection = connect(module.params)
    if connection is None:
        if module.params["purpose"] == "agent":
            module.fail_json(msg="MariaDB does not answer, so the check agent's account cannot be made: journalctl -u %s tells why." % (
                module.params["unit"]))
        module.exit_json(changed=False)
    changed = {"agent": agent, "copies": copies}[module.params["purpose"]](module, connection)
    connection.close()
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()

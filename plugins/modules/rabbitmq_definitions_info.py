#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rabbitmq_definitions_info
short_description: Export the definitions of a RabbitMQ cluster
version_added: 0.4.0
author: The failover.stack founders (@failover-stack)
description:
  - Returns vhosts, users, permissions, policies, parameters, exchanges, queues and bindings, as RabbitMQ exports them. No messages.
  - The users' password hashes are among them. The task must have C(no_log).
attributes:
  check_mode:
    support: full
    description: Nothing is ever changed.
  diff_mode:
    support: none
    description: Nothing is ever changed.
options: {}
"""

EXAMPLES = r"""
- name: Export
  failover.stack.rabbitmq_definitions_info:
  register: exported
  no_log: true
"""

RETURN = r"""
definitions:
  description: The export.
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq_ask import definitions_of
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq_cli import Cli, CliError


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        module.exit_json(changed=False, definitions=definitions_of(Cli(module.run_command)))
    except CliError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()

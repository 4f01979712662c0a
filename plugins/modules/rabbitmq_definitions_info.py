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
  - Returns vhosts, users, permissions, policies, parameters, exchanges, queues and bindings, as RabbitMQ exports them, without messages.
  - Beside that the internal exchanges, whose bindings RabbitMQ exports without them, and global parameters that are maps as maps.
  - The users' password hashes are among them. The task must have C(no_log).
extends_documentation_fragment: [failover.stack.read_only]
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
  sample: {rabbitmq_version: 3.10.8, vhosts: [{name: shop}], users: [], permissions: [], policies: []}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.ask import definitions_of
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cli import Cli, CliError
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.definitions import exportable


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        module.exit_json(changed=False, definitions=exportable(definitions_of(Cli(module.run_command), internal=True)))
    except CliError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()

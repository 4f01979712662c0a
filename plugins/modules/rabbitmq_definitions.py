#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rabbitmq_definitions
short_description: Give a RabbitMQ cluster its vhosts, users, permissions and policies in one step
version_added: 0.4.0
author: The failover.stack founders (@failover-stack)
description:
  - Compares what is wanted with an export of the cluster, and imports what differs, all at once.
  - Passwords are compared with the stored hashes. They appear in no argument list, diff, log or result.
  - What is not mentioned is left alone; what O(absent) names is removed.
attributes:
  check_mode:
    support: full
    description: Nothing is imported or removed.
  diff_mode:
    support: full
    description: One line an entry with the names of what differs.
options:
  definitions:
    description:
      - What is wanted, in the shape of RabbitMQ's own export (C(vhosts), C(users), C(permissions), C(topic_permissions), C(policies),
        C(parameters), C(global_parameters), C(exchanges), C(queues), C(bindings)).
      - Exchanges, queues and bindings are made when they are not there and never changed. A binding is known by its arguments, too.
        Exchanges and queues that are there otherwise than wanted, and two entries of one name that differ, are refused.
      - What was imported is looked for afterwards, since RabbitMQ ends an import well of which it keeps a part only.
    type: dict
    default: {}
  passwords:
    description: Passwords of the users, by name. A user without one needs C(password_hash) in O(definitions).
    type: dict
    default: {}
  absent:
    description: What is removed.
    type: dict
    default: {}
    suboptions:
      users:
        description: Names of users. Whoever still has connections by one is to be moved before, or O(discard) is needed.
        type: list
        elements: str
        default: []
      vhosts:
        description: Names of vhosts. Their queues and messages are removed, too, so O(discard) is needed.
        type: list
        elements: str
        default: []
      policies:
        description: Policies by C(vhost) and C(name).
        type: list
        elements: dict
        default: []
  discard:
    description: Remove also vhosts with messages in their queues, and users with connections, which RabbitMQ closes with them.
    type: bool
    default: false
  feature_flags:
    description: >-
      Enable all feature flags that are neither enabled nor experimental, as an upgrade to the next series demands, once all
      members run and have one version.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: A vhost whose queues survive, and who uses it
  failover.stack.rabbitmq_definitions:
    definitions:
      vhosts: [{name: shop, default_queue_type: quorum}]
      users: [{name: shop, tags: []}]
      permissions: [{user: shop, vhost: shop, configure: ".*", write: ".*", read: ".*"}]
    passwords:
      shop: "{{ shop_password }}"
    absent:
      users: [guest]

- name: Another password, nothing else
  failover.stack.rabbitmq_definitions:
    definitions:
      users: [{name: shop}]
    passwords:
      shop: "{{ shop_password }}"

- name: A vhost goes, with whatever is in its queues
  failover.stack.rabbitmq_definitions:
    absent:
      vhosts: [old-shop]
    discard: true
"""

RETURN = r"""
changes:
  description: One line for each entry that was (in check mode, would be) made, changed or removed.
  returned: always
  type: list
  elements: str
  sample: ["users shop: password"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.ask import (
    definitions_of,
    load_definitions,
    queues_of,
    status_of,
    wait_for,
)
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cli import Cli, CliError
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.definitions import (
    delete_command,
    fixed_problems,
    lost,
    objections,
    plan,
    retype_expression,
    retyped,
)
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.migration import notes_of

SETTLE_S = 20


class Definitions:
    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.cli = Cli(module.run_command)

    def refuse_loss(self, doomed):
        vhosts = [key[0] for section, key in doomed if section == "vhosts"]
        # A queue that does not run tells no number of messages.
        full = sorted({queue["vhost"] for queue in queues_of(self.cli, vhosts)
                       if queue["messages"] or queue["state"] not in ("running", "idle")}) if vhosts else []
        if full and not self.params["discard"]:
            self.module.fail_json(msg="Vhost %s has queues with messages, or that do not run and may have some, which would go with "
                                      "it: empty them, or discard: true throws them away." % ", ".join(full))

    def refuse_cut(self, doomed):
        users = {key[0] for section, key in doomed if section == "users"}
        names = [row["user"] for row in self.cli.json("rabbitmqctl", "list_connections", "user") or [] if row["user"] in users] \
            if users and not self.params["discard"] else []
        if names:
            self.module.fail_json(msg="User %s has connections, which would be closed with the user: let these clients come by another one "
                                      "before, or discard: true cuts them off." % ", ".join(
                                          "%s (%d)" % (name, names.count(name)) for name in sorted(set(names))))

    def refuse_unlock(self, current, imported):
        """Who has no permissions while queues are being moved gets them back from that move, or counts would be in vain."""
        moving = {queue["vhost"] for queue in notes_of(current)["queues"]}
        locked = sorted({entry["vhost"] for entry in imported.get("permissions") or []} & moving)
        if locked:
            self.module.fail_json(msg="Queues of vhost %s are being moved, or that was broken off, and its users have no permissions until "
                                      "it has ended: run playbooks/rabbitmq_migrate_queues.yml again, then this." % ", ".join(locked))

    def run(self):
        wanted, passwords = self.params["definitions"], self.params["passwords"]
        problems = list(objections(wanted, passwords))
        if problems:
            self.module.fail_json(msg=" ".join(problems))
        with_exchanges = bool(wanted.get("exchanges"))
        current = definitions_of(self.cli, with_exchanges)
        problems = list(fixed_problems(current, wanted))
        if problems:
            self.module.fail_json(msg=" ".join(problems))
        imported, doomed, lines = plan(current, wanted, passwords, self.params["absent"])
        self.refuse_unlock(current, imported)
        self.refuse_loss(doomed)
        self.refuse_cut(doomed)
        flags = self.flags() if self.params["feature_flags"] else []
        lines += ["feature flag %s: enabled" % name for name in flags]
        if not self.module.check_mode:
            self.apply(imported, retyped(current, imported), doomed, flags)
        self.module.exit_json(changed=bool(lines), changes=lines, diff={"before": "", "after": "".join(line + "\n" for line in lines)})

    def refuse_lost(self, imported):
        """The server ends an import well that kept a part of it only."""
        missing, error = wait_for(lambda: lost(definitions_of(self.cli, bool(imported.get("exchanges"))), imported),
                                  lambda missing: not missing, SETTLE_S)
        if error:
            raise CliError("The import ended well, and these are not there: %s. Look at what the node's log says of them." % (
                "; ".join(missing) if missing else error))

    def flags(self):
        """Those that can be enabled now: a member that does not run, or has another version, may not know them."""
        status = status_of(self.cli)
        alike = status["running"] == status["members"] and len(set(status["versions"].values())) == 1
        return status["disabled_feature_flags"] if alike else []

    def apply(self, imported, retype, doomed, flags):
        if imported:
            load_definitions(self.cli, imported)
            self.refuse_lost(imported)
        for vhost, kind in retype.items():
            self.cli.do("rabbitmqctl", "eval", retype_expression(vhost, kind))
        for section, key in doomed:
            self.cli.do("rabbitmqctl", *delete_command(section, key))
        if flags:
            self.cli.do("rabbitmqctl", "enable_feature_flag", "all")


def main():
    module = AnsibleModule(
        argument_spec={
            "definitions": {"type": "dict", "default": {}},
            "passwords": {"type": "dict", "default": {}, "no_log": True},
            "absent": {"type": "dict", "default": {}, "options": {
                "users": {"type": "list", "elements": "str", "default": []},
                "vhosts": {"type": "list", "elements": "str", "default": []},
                "policies": {"type": "list", "elements": "dict", "default": []},
            }},
            "discard": {"type": "bool", "default": False},
            "feature_flags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        Definitions(module).run()
    except CliError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()

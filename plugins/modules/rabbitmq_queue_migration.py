#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rabbitmq_queue_migration
short_description: Make quorum queues of mirrored and other classic queues, with their messages, names and bindings
version_added: 0.4.0
author: The failover.stack founders (@failover-stack)
description:
  - Every durable classic queue of the vhosts becomes a quorum queue of the same name. Its messages move into a quorum queue beside it and,
    once the queue is one of the new type, back; by shovels that take a message from its source only after it was confirmed.
  - Meanwhile no client may be in these vhosts. Their users have no permissions there until the move has ended, and get them back then.
  - The number of messages of each queue is read before and after, and must be the same.
  - A move that was broken off goes on when it is started again. What it must know is kept in the cluster, as the global parameter
    C(failover-migration).
  - Exclusive, auto-delete and non-durable queues are left alone, their clients make them anew. The order of messages stays; their exchange
    and routing key are those of the shovel afterwards.
attributes:
  check_mode:
    support: full
    description: Nothing is moved.
  diff_mode:
    support: full
    description: One line a queue.
options:
  vhosts:
    description: Where to look.
    type: list
    elements: str
    required: true
  stop_clients:
    description: Close the connections that are there. Without it the move is refused while there are any.
    type: bool
    default: false
  discard:
    description: >-
      Go on with a move that was broken off although its queues have fewer or more messages than when it began.
    type: bool
    default: false
  timeout:
    description: Seconds for the messages to move, each way.
    type: int
    default: 600
  plugins_file:
    description: List of enabled plugins. The shovel is enabled only for the move.
    type: path
    default: /etc/rabbitmq/enabled_plugins
"""

EXAMPLES = r"""
- name: Mirrored queues become quorum queues
  failover.stack.rabbitmq_queue_migration:
    vhosts: [shop]
    stop_clients: true
"""

RETURN = r"""
queues:
  description: What was (in check mode, would be) moved, with the number of messages before and after.
  returned: always
  type: list
  elements: dict
  sample: [{vhost: shop, name: orders, before: 1000, after: 1000, dropped_arguments: [x-queue-mode]}]
left_alone:
  description: Names of classic queues that cannot be quorum queues, since they are exclusive, auto-delete or not durable.
  returned: always
  type: list
  elements: str
  sample: [amq.gen-4711]
"""

import os
import stat

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host import beneath
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.ask import (
    definitions_of,
    load_definitions,
    own_node,
    wait_for,
)
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cli import Cli, CliError
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.migration import (
    NOTES,
    PREFIX,
    anew,
    beside,
    counts,
    counts_of,
    differing,
    dropped,
    key_of,
    note_counts,
    noted,
    plan,
    shovel,
    stage,
)

SHOVEL = "rabbitmq_shovel"
SETTLE_S = 60
# A shovel begins at once, and tries again after 5 s.
IDLE_S = 20


class Migration:
    def __init__(self, module):
        self.module, self.params = module, module.params
        self.cli = Cli(module.run_command)
        self.vhosts = module.params["vhosts"]

    # --- asking

    def listing(self):
        rows = []
        for vhost in self.vhosts:
            found = self.cli.json("rabbitmqctl", "list_queues", "--vhost", vhost, "name", "type", "messages", "consumers") or []
            rows += [{"vhost": vhost, "name": row["name"], "type": row["type"], "messages": int(row.get("messages") or 0),
                      "consumers": int(row.get("consumers") or 0)} for row in found]
        return rows

    def connections(self):
        rows = self.cli.json("rabbitmqctl", "list_connections", "vhost", "user") or []
        return [row for row in rows if row.get("vhost") in self.vhosts]

    def shovels(self):
        """(vhost, name) of this move's."""
        found = []
        for vhost in self.vhosts:
            rows = self.cli.json("rabbitmqctl", "list_parameters", "--vhost", vhost) or []
            found += [(vhost, row["name"]) for row in rows if row.get("component") == "shovel" and row["name"].startswith(PREFIX)]
        return found

    def idle(self, sources):
        """Whether nobody takes messages from these queues, (vhost, name) each, though they have some."""
        rows = [row for row in self.listing() if key_of(row) in sources]
        return any(row["messages"] for row in rows) and not any(row["consumers"] for row in rows)

    def until(self, ask, good, seconds, what):
        answer, error = wait_for(ask, good, seconds)
        if error:
            raise CliError("%s: %s. Run it again, it goes on where it stopped." % (what, error))
        return answer

    # --- the way

    def refuse_clients(self):
        there = self.connections()
        if there and not self.params["stop_clients"]:
            self.module.fail_json(msg="%d clients are connected to %s (users %s): stop them, or stop_clients: true sends them away." % (
                len(there), ", ".join(sorted({row["vhost"] for row in there})), ", ".join(sorted({str(row["user"]) for row in there}))))

    def lock(self, notes):
        """Nobody publishes or consumes while messages are counted and moved."""
        for entry in notes["permissions"]:
            self.cli.do("rabbitmqctl", "clear_permissions", "--vhost", entry["vhost"], entry["user"])
        if self.connections():
            for vhost in self.vhosts:
                self.cli.do("rabbitmqctl", "close_all_connections", "--vhost", vhost, "queues are being moved")
        self.until(self.connections, lambda there: not there, SETTLE_S, "Clients do not go")

    def move(self, queues, before, definitions, source, destination):
        """Messages of all queues at once; a shovel removes itself when it is through.

        A move that was broken off may have left a shovel whose process has given up, and the same definition again starts none: one that
        takes nothing is made anew. That loses and doubles nothing, since it holds nothing.
        """
        parameters = [shovel(queue, source + queue["name"], destination + queue["name"]) for queue in queues]
        load_definitions(self.cli, {**definitions, "parameters": parameters})
        _names, working = wait_for(self.shovels, lambda names: not names, IDLE_S)
        if working and self.idle({(queue["vhost"], source + queue["name"]) for queue in queues}):
            for vhost, name in self.shovels():
                self.cli.do("rabbitmqctl", "clear_parameter", "--vhost", vhost, "shovel", name)
            load_definitions(self.cli, {"parameters": parameters})
        self.until(self.shovels, lambda names: not names, self.params["timeout"], "Shovels do not end")

        def arrived(listing):
            messages = {key_of(row): row["messages"] for row in listing}
            return all(messages.get((queue["vhost"], destination + queue["name"])) == before[key_of(queue)]
                       and not messages.get((queue["vhost"], source + queue["name"])) for queue in queues)

        # A quorum queue tells its number of messages every few seconds.
        self.until(self.listing, arrived, SETTLE_S, "Messages did not all arrive")

    def delete(self, queue, name, *condition):
        self.cli.do("rabbitmqctl", "delete_queue", "--vhost", queue["vhost"], *condition, name)

    def go(self, notes):
        queues = notes["queues"]
        before = self.counted(notes)
        listing = self.listing()
        away = [queue for queue in queues if stage(queue, listing) == "away"]
        if away:
            self.move(away, before, {"queues": [beside(queue) for queue in away]}, "", PREFIX)
        for queue in away:
            # One after the other: what other queues send here as a dead letter finds no queue only for this moment.
            self.delete(queue, queue["name"], "--if-empty")
            load_definitions(self.cli, anew([queue], notes))
        listing = self.listing() if away else listing
        back = [queue for queue in queues if stage(queue, listing) == "back"]
        if back:
            self.move(back, before, anew(back, notes), PREFIX, "")
        for queue in back:
            self.delete(queue, PREFIX + queue["name"])
        after = self.until(lambda: counts(queues, self.listing()), lambda found: not differing(before, found), SETTLE_S, "Counts differ")
        return before, after

    def locked(self, notes):
        self.lock(notes)
        counted = self.go(notes)
        # Only now: while a queue is missing or half full, no client may see that.
        load_definitions(self.cli, {"permissions": notes["permissions"]})
        return counted

    def counted(self, notes):
        """Messages of each queue, as they were when the move began; of one that was broken off, too."""
        now, before, listing = self.steady_counts(notes["queues"]), counts_of(notes), self.listing()
        # With all of them moved only permissions and notes were wanting, and clients may be there again.
        through = all(stage(queue, listing) == "done" for queue in notes["queues"])
        differences = [] if through else differing(before, now)
        if differences and not self.params["discard"]:
            raise CliError("Since the move was broken off messages have come or gone: %s Look why (messages that expire do); with discard: "
                           "true it goes on with what is there." % " ".join(differences))
        before = {**before, **now} if differences or through else {**now, **before}
        note_counts(notes, before)
        load_definitions(self.cli, {"global_parameters": [noted(notes)]})
        return before

    def steady_counts(self, queues):
        """Counts that stay the same for a while: messages that were out with a client come back when it is gone."""
        listings = []

        def ask():
            listing = self.listing()
            listings.append((counts(queues, listing), any(row["consumers"] for row in listing)))
            return listings[-2:]

        last = self.until(ask, lambda two: len(two) == 2 and not two[-1][1] and two[0] == two[1], SETTLE_S,
                          "Messages are still coming or going")
        return last[-1][0]

    def plugins_before(self, enabled):
        """This node's file of plugins and its time; nothing where the plugin was enabled anyway."""
        if SHOVEL in enabled:
            return {}
        path = self.params["plugins_file"]
        with open(path, encoding="utf-8") as handle:
            return {"text": handle.read(), "time_ns": os.stat(path).st_mtime_ns}

    def with_shovel(self, notes, work):
        """The plugin for the time of the move, even of one that was broken off and goes on; then its file is as before, its time too."""
        enabled = self.cli.do("rabbitmq-plugins", "list", "--enabled", "--minimal").split()
        before = notes["plugins"].setdefault(own_node(None), self.plugins_before(enabled))
        load_definitions(self.cli, {"global_parameters": [noted(notes)]})
        if SHOVEL not in enabled:
            self.cli.do("rabbitmq-plugins", "enable", SHOVEL)
        try:
            done = work()
        finally:
            if before:
                self.cli.do("rabbitmq-plugins", "disable", SHOVEL)
                self.write_plugins(**before)
        self.cli.do("rabbitmqctl", "clear_global_parameter", NOTES)
        return done

    def write_plugins(self, text, time_ns):
        path = self.params["plugins_file"]
        before = beneath.look(path)
        beneath.write(path, text, stat.S_IMODE(before.st_mode), before.st_uid, before.st_gid, times_ns=(time_ns, time_ns))

    def run(self):
        notes, refused, alone = plan(definitions_of(self.cli), self.listing(), self.vhosts)
        # Whoever works in the other vhosts goes on: they keep their permissions, and would come back at once.
        self.vhosts = sorted({queue["vhost"] for queue in notes["queues"]})
        if refused:
            self.module.fail_json(msg=" ".join(refused))
        lines = ["%s %s: quorum\n" % key_of(queue) for queue in notes["queues"]]
        result = {"changed": bool(lines), "left_alone": alone, "queues": [], "diff": {"before": "", "after": "".join(lines)}}
        if lines:
            self.refuse_clients()
        if lines and not self.module.check_mode:
            before, after = self.with_shovel(notes, lambda: self.locked(notes))
            result["queues"] = [{"vhost": queue["vhost"], "name": queue["name"], "before": before[key_of(queue)],
                                 "after": after[key_of(queue)], "dropped_arguments": dropped(queue)} for queue in notes["queues"]]
        self.module.exit_json(**result)


def main():
    module = AnsibleModule(
        argument_spec={
            "vhosts": {"type": "list", "elements": "str", "required": True},
            "stop_clients": {"type": "bool", "default": False},
            "discard": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 600},
            "plugins_file": {"type": "path", "default": "/etc/rabbitmq/enabled_plugins"},
        },
        supports_check_mode=True,
    )
    try:
        with beneath.told(module):
            Migration(module).run()
    except CliError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rabbitmq_member
short_description: Make a RabbitMQ node a member of a cluster, let it leave, forget a dead one
version_added: 0.4.0
author: The failover.stack founders (@failover-stack)
description:
  - Asks the cluster itself (never a marker file) who its members are, and changes what differs.
  - Waits until the node really runs and its cluster says so.
  - Refuses what would destroy messages or take a node out of another cluster, unless O(discard) is set.
attributes:
  check_mode:
    support: full
    description: The cluster is asked, nothing is changed. A node that does not run cannot be asked and counts as one that joins.
  diff_mode:
    support: full
    description: Members, their type and whether they run.
options:
  state:
    description:
      - V(present) makes this host's node a running member of the cluster of O(peer).
      - V(absent) makes this host's node, which must run, leave its cluster; it goes on as an empty node of its own (see O(start)). One
        that does not run and remembers no other members has left already.
      - V(forgotten) takes the dead node O(node) out of the cluster of this host's node.
      - V(drained) puts this host's node into maintenance. Its listeners close and leaders of queues move to other members.
      - V(ready) ends its maintenance.
    type: str
    choices: [present, absent, forgotten, drained, ready]
    default: present
  node:
    description: The node. Without it C(rabbit@) and this host's name up to its first dot.
    type: str
  peer:
    description: A running member of the cluster to join. The node itself, or nothing, means it shall only run.
    type: str
  type:
    description: Node type. RabbitMQ of our days has disc nodes only; V(ram) is refused where it does not exist any more.
    type: str
    choices: [disc, ram]
    default: disc
  replicas:
    description:
      - Quorum queues with fewer replicas than this (and than the cluster has running members) get one on the node. V(0) does nothing.
    type: int
    default: 3
  replicas_on:
    description: Running members that get their O(replicas), one after the other, instead of the node alone.
    type: list
    elements: str
    default: []
  discard:
    description: Throw away the queues and messages this node has, its membership of another cluster, or queues' majority.
    type: bool
    default: false
  start:
    description: >-
      Whether a node that has left serves clients again, as an empty one. With V(false) only its Erlang goes on, until its unit is stopped:
      a proxy in front sends nobody to it.
    type: bool
    default: true
  timeout:
    description: Seconds to wait for the node to run.
    type: int
    default: 120
  unit:
    description: The systemd unit of the node.
    type: str
    default: rabbitmq-server.service
  data_directory:
    description: Where the nodes keep their data, each in a directory with its name.
    type: path
    default: /var/lib/rabbitmq/mnesia
  longnames:
    description: The nodes' names have full host names.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Join the cluster of mq1
  failover.stack.rabbitmq_member:
    peer: rabbit@mq1

- name: Take a machine that never comes back out of the cluster
  failover.stack.rabbitmq_member:
    state: forgotten
    node: rabbit@mq3
  delegate_to: mq1

- name: Leave, after the replicas have moved
  failover.stack.rabbitmq_member:
    state: absent

- name: Send clients and leaders elsewhere before a restart
  failover.stack.rabbitmq_member:
    state: drained
"""

RETURN = r"""
node:
  description: The node in question.
  returned: always
  type: str
  sample: rabbit@mq2
members:
  description: Members of its cluster now (in check mode, before).
  returned: always
  type: list
  elements: str
  sample: [rabbit@mq1, rabbit@mq2]
running:
  description: Those that run.
  returned: always
  type: list
  elements: str
  sample: [rabbit@mq1, rabbit@mq2]
steps:
  description: What was done (in check mode, would be), in order.
  returned: always
  type: list
  elements: str
  sample: [join, grow]
"""

import os
import shutil

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.ask import (
    own_node,
    queues_of,
    remembered,
    status_of,
    wait_for,
)
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cli import Cli, CliError
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.member import (
    diff_lines,
    grow_commands,
    is_forgotten,
    plan_absent,
    plan_forgotten,
    plan_present,
)
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.status import boot_reason

NOTHING = {"members": [], "running": [], "types": {}}


# What a drain breaks off with when a client's connection ends by itself while its end is waited for, or just before (seen with 3.10.8):
# what it has not come to yet is done when it is asked again.
ENDED_ITSELF = ("{:normal, {:gen_server, :call", "{:noproc, {:gen_server, :call")
DRAINS = 5


class Member:
    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.cli = Cli(module.run_command, module.params["longnames"])
        self.node = own_node(module.params["node"])

    def refuse(self, sentence):
        if sentence and not self.params["discard"]:
            self.module.fail_json(msg=sentence, node=self.node)

    def unit(self, action):
        # The unit says "started" only once RabbitMQ runs; that is waited for by asking RabbitMQ.
        wait = ["--no-block"] if action == "start" else []
        rc, _out, err = self.module.run_command(["systemctl", action, *wait, self.params["unit"]])
        if rc:
            raise CliError("systemctl %s %s failed: %s" % (action, self.params["unit"], err.strip()))

    def boots(self):
        """Whether systemd still waits for the server to say that it has started. RabbitMQ's tools, each an Erlang machine of its own, would
        take the processor from that."""
        rc, out, _err = self.module.run_command(["systemctl", "show", "--property=ActiveState", self.params["unit"]])
        return rc == 0 and "ActiveState=activating" in out

    def wait(self, ask, good, what, early=lambda: False):
        answer, error = wait_for(ask, good, self.params["timeout"], early=early)
        if error:
            reason = boot_reason(self.journal()) if answer is None else ""
            raise CliError("%s: %s%s" % (what, error, " Its unit's journal says: %s" % reason if reason else ""))
        return answer

    def journal(self):
        """What the unit said last, the server's own words at its start among it."""
        rc, out, _err = self.module.run_command(["journalctl", "--unit", self.params["unit"], "--lines", "60", "--output", "cat"])
        return "" if rc else out

    def queues(self):
        """All queues, as this host's node tells; waited for, since one that has just started or joined may say that it does not run."""
        return self.wait(lambda: queues_of(self.cli), lambda _queues: True, "%s does not list its queues" % self.node)

    def finish(self, steps, before, after):
        self.module.exit_json(changed=bool(steps), node=self.node, steps=steps, members=after["members"], running=after["running"],
                              diff={"before": diff_lines(before), "after": diff_lines(after)})

    def runs(self, status):
        """Its database runs early; only with its listeners it has started as a whole and answers every question. In maintenance it has
        none."""
        return self.node in status["running"] and (bool(status["listeners"].get(self.node)) or self.node in status["maintenance"])

    # --- present

    def peer_status(self):
        peer = self.params["peer"]
        return status_of(self.cli, peer) if peer and peer != self.node else None

    def local_status(self, peer):
        """This host's node, waited for; one that its cluster forgot is refused or emptied. Second: whether it was emptied."""
        memory = remembered(self.params["data_directory"], self.node)
        if peer and is_forgotten(self.node, memory, peer["members"]):
            running, _error = wait_for(lambda: status_of(self.cli), lambda _status: True, 0)
            if not running:
                self.refuse("%s still believes in a cluster of %s, which has forgotten it: it cannot start. Its data must go "
                            "(discard: true), then it joins as a new member." % (self.node, ", ".join(memory)))
                return (NOTHING, True) if self.module.check_mode else (self.emptied(), True)
        if self.module.check_mode:
            status, _error = wait_for(lambda: status_of(self.cli), lambda _status: True, 0)
            return status or {**NOTHING, "members": [self.node]}, False
        return self.wait(lambda: status_of(self.cli), self.runs, "%s does not run" % self.node, self.boots), False

    def emptied(self):
        """Stop the node, remove what it has on disk, start it."""
        self.unit("stop")
        directory = self.params["data_directory"]
        for name in os.listdir(directory):
            if name == self.node or name.startswith(self.node + "-"):
                path = os.path.join(directory, name)
                if os.path.isdir(path):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)
        self.unit("start")
        return self.wait(lambda: status_of(self.cli), self.runs, "%s does not start empty" % self.node, self.boots)

    def present(self):
        peer = self.peer_status()
        local, emptied = self.local_status(peer)
        steps = ["empty"] if emptied else []
        if peer:
            outside = not set(local["members"]) & set(peer["members"]) - {self.node}
            held = queues_of(self.cli) if outside and local["running"] else []
            todo, problems = plan_present(self.node, self.params["type"], local, peer, held)
            self.refuse(problems)
            steps += todo
            if todo and not self.module.check_mode:
                self.join(todo, local)
        after = local if self.module.check_mode or not steps else self.arrived(peer)
        steps += self.grow(after)
        self.finish(steps, local, after)

    def join(self, todo, local):
        """The application stops, the Erlang node goes on. Whatever happens in between, it is started again."""
        self.cli.do("rabbitmqctl", "stop_app")
        try:
            if len(local["members"]) > 1 and "join" in todo:
                self.leave_other()
            if "forget" in todo:
                self.forget(self.asking(self.params["peer"]))
            if "join" in todo:
                self.cli.do("rabbitmqctl", "join_cluster", "--" + self.params["type"], self.params["peer"])
            else:
                self.cli.do("rabbitmqctl", "change_cluster_node_type", self.params["type"])
        finally:
            self.cli.do("rabbitmqctl", "start_app")

    def leave_other(self):
        rc, _out, _err = self.cli.run("rabbitmqctl", "reset")
        if rc:
            self.cli.do("rabbitmqctl", "force_reset")

    def arrived(self, peer):
        if not peer:
            return status_of(self.cli)
        return self.wait(lambda: status_of(self.cli, self.params["peer"]), self.runs,
                         "%s joined, but its cluster does not see it running" % self.node)

    def grow(self, status):
        if not self.params["replicas"] or len(status["running"]) < 2:
            return []
        queues = self.queues()
        steps = []
        for node in self.params["replicas_on"] or [self.node]:
            commands = grow_commands(queues, node, self.params["replicas"], status["running"]) if node in status["running"] else []
            if commands:
                steps = ["grow"]
            if commands and not self.module.check_mode:
                for command in commands:
                    self.cli.do("rabbitmq-queues", *command)
                queues = queues_of(self.cli)
        return steps

    # --- absent, forgotten

    def holding(self, cli):
        """Quorum queues of several members of which the node is one."""
        return [queue for queue in queues_of(cli)
                if queue["type"] == "quorum" and self.node in queue["members"] and len(queue["members"]) > 1]

    def shrink(self, cli):
        """Out of all quorum queues. The tool ends well even where a queue refused, as one does that is changing its members."""
        def left():
            cli.do("rabbitmq-queues", "shrink", self.node)
            return self.holding(cli)

        self.wait(left, lambda queues: not queues, "%s is still a member of quorum queues" % self.node)

    def absent(self):
        before, error = wait_for(lambda: status_of(self.cli), lambda _status: True, 0)
        if error:
            self.absent_unasked(error)
        todo, problems = plan_absent(self.node, before, self.queues() if len(before["members"]) > 1 else [])
        self.refuse(problems)
        after = before
        if todo and not self.module.check_mode:
            # Who may throw away a queue's majority leaves queues behind that cannot change their members.
            if self.params["discard"]:
                self.cli.run("rabbitmq-queues", "shrink", self.node)
            else:
                self.shrink(self.cli)
            after = self.reset()
        self.finish(todo, before, after)

    def reset(self):
        """The node empty and alone. Where that fails it goes on as the member it is."""
        self.cli.do("rabbitmqctl", "stop_app")
        try:
            if self.params["discard"]:
                self.leave_other()
            else:
                self.cli.do("rabbitmqctl", "reset")
        except CliError:
            self.cli.do("rabbitmqctl", "start_app")
            raise
        if not self.params["start"]:
            return {**NOTHING, "members": [self.node]}
        self.cli.do("rabbitmqctl", "start_app")
        return self.wait(lambda: status_of(self.cli), lambda status: status["members"] == [self.node], "%s did not leave" % self.node)

    def absent_unasked(self, error):
        """A node that does not run has left when it remembers nobody else; it cannot leave when it does."""
        others = [node for node in remembered(self.params["data_directory"], self.node) if node != self.node]
        if others:
            raise CliError("%s cannot leave its cluster (%s): %s Start it, or let the others forget it (playbooks/rabbitmq_forget.yml)." % (
                self.node, ", ".join(others), error))
        self.finish([], NOTHING, NOTHING)

    def forgotten(self):
        asked = self.params["peer"]
        before = after = status_of(self.cli, asked)
        todo, problems = plan_forgotten(self.node, before)
        if problems:
            self.module.fail_json(msg=problems, node=self.node)
        # Old versions leave the dead node in the quorum queues' lists of members; so does a run that was broken off.
        cli = self.asking(asked)
        todo = todo or (["shrink"] if self.holding(cli) else [])
        if todo and not self.module.check_mode:
            self.forget(cli, self.node in before["members"])
            after = status_of(self.cli, asked)
        self.finish(todo, before, after)

    def asking(self, node):
        return Cli(self.module.run_command, self.params["longnames"], node)

    def forget(self, cli, member=True):
        """Out of the cluster and out of all queues: one that comes back empty under the same name must not vote in them by what it was."""
        if member:
            cli.do("rabbitmqctl", "forget_cluster_node", self.node)
        if self.holding(cli):
            self.shrink(cli)

    # --- drained, ready

    def upgrade(self, action):
        for left in reversed(range(DRAINS)):
            try:
                self.cli.do("rabbitmq-upgrade", action)
                return
            except CliError as error:
                if not left or not any(words in str(error) for words in ENDED_ITSELF):
                    raise

    def maintenance(self, wanted):
        before = after = status_of(self.cli)
        todo = ["drain" if wanted else "revive"] if (self.node in before["maintenance"]) != wanted else []
        for action in [] if self.module.check_mode else todo:
            self.upgrade(action)
        # Both return when it is done.
        if todo:
            others = [node for node in before["maintenance"] if node != self.node]
            after = {**before, "maintenance": sorted([*others, self.node]) if wanted else others}
        self.finish(todo, before, after)

    def drained(self):
        self.maintenance(True)

    def ready(self):
        self.maintenance(False)


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent", "forgotten", "drained", "ready"], "default": "present"},
            "node": {"type": "str"},
            "peer": {"type": "str"},
            "type": {"type": "str", "choices": ["disc", "ram"], "default": "disc"},
            "replicas": {"type": "int", "default": 3},
            "replicas_on": {"type": "list", "elements": "str", "default": []},
            "discard": {"type": "bool", "default": False},
            "start": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 120},
            "unit": {"type": "str", "default": "rabbitmq-server.service"},
            "data_directory": {"type": "path", "default": "/var/lib/rabbitmq/mnesia"},
            "longnames": {"type": "bool", "default": False},
        },
        required_if=[("state", "forgotten", ("node",))],
        supports_check_mode=True,
    )
    member = Member(module)
    try:
        getattr(member, module.params["state"])()
    except CliError as error:
        module.fail_json(msg=str(error), node=member.node)


if __name__ == "__main__":
    main()

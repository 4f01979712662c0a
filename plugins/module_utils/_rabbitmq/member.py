# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure logic of the module rabbitmq_member: who joins, leaves, is forgotten, and what is refused."""

from __future__ import annotations

import re

OVERRIDE = "discard: true"


def other_nodes(text):
    """Members a stopped node remembers (cluster_nodes.config): {[rabbit@a,rabbit@b],[rabbit@a]}."""
    lists = re.search(r"\[([^\]]*)\]", text or "")
    return sorted(node.strip().strip("'") for node in lists.group(1).split(",") if node.strip()) if lists else []


def is_forgotten(node, remembered, peer_members):
    """The node believes to be in a cluster that does not know it any more; such a node never starts again by itself."""
    return len(remembered) > 1 and node not in peer_members and bool(set(remembered) & set(peer_members))


def plan_present(node, kind, local, peer, local_queues):
    """(steps, refusal) to make node a member of the peer's cluster.

    local, peer: parse_status of both. local_queues: names of the queues the node holds while it is not in the peer's cluster.
    Steps: forget (a former self), join, type.
    """
    if kind == "ram" and not peer["knows_ram"]:
        return [], "%s cannot be a ram node: this version of RabbitMQ has disc nodes only, take type: disc." % node
    if node in peer["members"] and set(local["members"]) & set(peer["members"]) - {node}:
        return (["type"] if local["types"].get(node, kind) != kind else []), None
    steps = (["forget"] if node in peer["members"] else []) + ["join"]
    if len(local["members"]) > 1:
        return steps, "%s belongs to another cluster (%s): it must leave that first (state: absent), or %s throws away what it has." % (
            node, ", ".join(local["members"]), OVERRIDE)
    if local_queues:
        return steps, "%s holds queues (%s): joining would delete them. Move their messages first, or %s throws them away." % (
            node, names(local_queues), OVERRIDE)
    return steps, None


def plan_absent(node, local, queues):
    """(steps, refusal) to make a running node leave its cluster, its replicas first."""
    if len(local["members"]) < 2:
        return [], None
    steps = ["shrink", "leave"]
    if lone(queues, node):
        return steps, "%s is the only one with these queues and their messages: %s. Move them (playbooks/rabbitmq_migrate_queues.yml), " \
                      "or %s throws them away." % (node, names(lone(queues, node)), OVERRIDE)
    if without_majority(queues, node):
        return steps, "Without %s these queues would have no majority any more: %s. Bring the other members back, or %s gives them up." % (
            node, names(without_majority(queues, node)), OVERRIDE)
    return steps, None


def plan_forgotten(node, status):
    """(steps, refusal) to take a dead node out of the cluster."""
    if node not in status["members"]:
        return [], None
    if node in status["running"]:
        return ["forget"], "%s runs: let it leave (state: absent there), or stop it before it is forgotten." % node
    return ["forget"], None


def names(queues):
    shown = ["'%s' in '%s'" % (queue["name"], queue["vhost"]) for queue in queues[:5]]
    return ", ".join(shown) + (" and %d more" % (len(queues) - 5) if len(queues) > 5 else "")


def lone(queues, node):
    """Queues with messages that only this node has."""
    return [queue for queue in queues if queue["messages"] and queue["members"] == [node]]


def without_majority(queues, node):
    """Quorum queues that have lost their majority once this node's replica is taken out."""
    return [queue for queue in queues if queue["type"] == "quorum" and node in queue["members"] and len(queue["members"]) > 1
            and len(set(queue["online"]) - {node}) * 2 <= len(queue["members"]) - 1]


def lacking(queues, node, replicas, running):
    """Quorum queues that should get a replica on the node: they have fewer than wanted and none there."""
    return [queue for queue in queues if queue["type"] == "quorum" and node not in queue["members"]
            and len(queue["members"]) < min(replicas, len(running))]


def grow_commands(queues, node, replicas, running):
    """rabbitmq-queues calls that give the node its replicas: one for all of them when that is what is lacking."""
    lack = lacking(queues, node, replicas, running)
    without = [queue for queue in queues if queue["type"] == "quorum" and node not in queue["members"]]
    if lack and len(lack) == len(without):
        return [["grow", node, "all"]]
    return [["add_member", "--vhost", queue["vhost"], queue["name"], node] for queue in lack]


def diff_lines(status):
    return "".join("%s %s %s%s\n" % (node, status["types"].get(node, "disc"), "running" if node in status["running"] else "down",
                                     ", in maintenance" if node in status.get("maintenance", []) else "")
                   for node in status["members"])

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a RabbitMQ node tells of itself and its cluster at its port for figures (rabbitmq_prometheus), which asks nobody who they are. Pure.

RabbitMQ's own tools tell more, but start Erlang for each question, and need the cookie, with which one may do everything in the cluster.
"""

from __future__ import annotations

PEERS, CONNECTED = "erlang_vm_dist_node_state", 3
ALARMS = "rabbitmq_alarms_"
COUNTED = {"queues": "rabbitmq_queues", "messages": "rabbitmq_queue_messages", "consumers": "rabbitmq_consumers",
           "connections": "rabbitmq_connections", "channels": "rabbitmq_channels", "uptime": "rabbitmq_erlang_uptime_seconds"}


def connected(samples):
    """Nodes that this one is connected with; tools that ask it something are among them. Erlang tells them in each version, RabbitMQ itself
    only from 4.0 on."""
    return {labels.get("peer", "") for labels, state in samples.get(PEERS, []) if state == CONNECTED}


def total(samples, name):
    """None where nobody tells it: a figure that is not there is no zero."""
    rows = samples.get(name)
    return int(sum(value for _labels, value in rows)) if rows else None


def figures(samples, nodes):
    """Figures of a node. samples: {metric: [(labels, value)]}. nodes: members of its cluster, itself among them; {} for something else that
    answers there."""
    if COUNTED["uptime"] not in samples:
        return {}
    running = 1 + len(connected(samples) & set(nodes))
    alarms = [value for name, rows in samples.items() if name.startswith(ALARMS) for _labels, value in rows]
    return {"running": running, "missing": max(0, len(nodes) - running), "alarms": sum(1 for value in alarms if value),
            **{ours: total(samples, theirs) for ours, theirs in COUNTED.items()}}

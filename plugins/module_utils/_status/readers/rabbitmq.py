# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RabbitMQ. See _status/reading.py for what a reader is."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import ask as rabbitmq
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cli import Cli
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.status import missing_ports, quorum_troubles, troubles


def rabbitmq_node(host, asked):
    """What this node sees of its cluster. The first of those that run tells of the queues of the inventory's vhosts: each question
    is a start of Erlang."""
    cli = Cli(host.run_command)
    seen = rabbitmq.status_of(cli)
    told = dict(seen, maintenance=[])
    problems = [*troubles(told, asked["nodes"]), *missing_ports(asked["node"], seen["listeners"].get(asked["node"], []), asked["ports"])]
    queues = None
    if seen["running"][:1] == [asked["node"]]:
        found = rabbitmq.queues_of(cli, asked["vhosts"])
        problems += quorum_troubles(found, seen["running"], seen["members"])
        queues = {"count": len(found), "messages": sum(one["messages"] for one in found)}
    return {"running": seen["running"], "members": seen["members"], "partitions": seen["partitions"], "alarms": seen["alarms"],
            "maintenance": seen["maintenance"], "version": seen["versions"].get(asked["node"], ""), "queues": queues, "problems": problems}


READERS = {"rabbitmq": rabbitmq_node}

"""On what RabbitMQ 3.10.8 and 4.0.5 of Debian answered at /metrics, most of it left out."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._monitoring.exposition import parse
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import exposed

NODES = ["rabbit@mq1", "rabbit@mq2", "rabbit@mq3"]
TEXT = """# TYPE rabbitmq_alarms_file_descriptor_limit gauge
rabbitmq_alarms_file_descriptor_limit 0
rabbitmq_alarms_free_disk_space_watermark 1
rabbitmq_alarms_memory_used_watermark 0
rabbitmq_erlang_uptime_seconds 86407.611
rabbitmq_queue_messages_ready 5
rabbitmq_queue_messages 7
rabbitmq_connections 4
rabbitmq_channels 6
rabbitmq_consumers 3
rabbitmq_queues 2
"""
PEERS = """erlang_vm_dist_node_state{peer="rabbit@mq2"} 3
erlang_vm_dist_node_state{peer="rabbit@mq3"} %d
erlang_vm_dist_node_state{peer="rabbitmqcli-12-rabbit@mq1"} 3
"""


@pytest.mark.parametrize(("state", "running"), [(3, 3), (1, 2)])
def test_a_member(state, running):
    assert exposed.figures(parse(TEXT + PEERS % state), NODES) == {
        "running": running, "missing": 3 - running, "alarms": 1, "queues": 2, "messages": 7, "consumers": 3, "connections": 4,
        "channels": 6, "uptime": 86407}


def test_a_node_alone():
    """It tells of no peers at all."""
    found = exposed.figures(parse(TEXT), NODES)
    assert (found["running"], found["missing"]) == (1, 2)


def test_figures_by_queue_are_added_up():
    by_queue = 'rabbitmq_queue_messages{vhost="/",queue="a"} 3\nrabbitmq_queue_messages{vhost="/",queue="b"} 9'
    assert exposed.figures(parse(TEXT.replace("rabbitmq_queue_messages 7", by_queue)), NODES)["messages"] == 12


def test_what_is_not_told_is_none_and_something_else_tells_nothing():
    assert exposed.figures(parse(TEXT.replace("rabbitmq_connections 4\n", "")), NODES)["connections"] is None
    assert exposed.figures(parse("up 1\n"), NODES) == {} == exposed.figures({}, NODES)

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command of a member's coming and going fails once: what is left can be ended by the same task, and nothing is lost by it."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.failover.stack.plugins.modules import rabbitmq_member

ALL = ["rabbit@mq1", "rabbit@mq2", "rabbit@mq3"]
OTHERS = ["rabbit@mq1", "rabbit@mq3"]


def joins(rabbit):
    """mq2 is alone and empty."""
    return {"peer": "rabbit@mq1", "replicas": 0}


def gets_its_replicas(rabbit):
    """It has joined; the others have a quorum queue that wants a third member."""
    rabbit.clusters = [set(ALL)]
    rabbit.queue("orders", kind="quorum", messages=5, members=OTHERS)
    return {"peer": "rabbit@mq1", "replicas": 3}


def changes_sides(rabbit):
    """mq2 is in a cluster of two, and may give up what it has there."""
    rabbit.clusters = [{"rabbit@mq1"}, {"rabbit@mq2", "rabbit@mq3"}]
    return {"peer": "rabbit@mq1", "replicas": 0, "discard": True}


def leaves(rabbit):
    rabbit.clusters = [set(ALL)]
    rabbit.queue("orders", kind="quorum", messages=5, members=ALL)
    return {"state": "absent"}


def leaves_with_all_it_has(rabbit):
    rabbit.queue("scratch", messages=3)
    return dict(leaves(rabbit), discard=True)


def is_forgotten(rabbit):
    """mq3 is dead."""
    rabbit.clusters = [set(ALL)]
    rabbit.running.discard("rabbit@mq3")
    rabbit.queue("orders", kind="quorum", messages=5, members=ALL)
    return {"state": "forgotten", "node": "rabbit@mq3"}


def drains(rabbit):
    rabbit.clusters = [set(ALL)]
    return {"state": "drained"}


def revives(rabbit):
    rabbit.clusters, rabbit.maintenance = [set(ALL)], {"rabbit@mq2"}
    return {"state": "ready"}


# What each does, and which of its commands may fail without being the end of it.
WAYS = {
    joins: (["stop_app", "join_cluster", "start_app"], []),
    gets_its_replicas: (["grow"], []),
    changes_sides: (["stop_app", "reset", "join_cluster", "start_app"], ["reset"]),
    # It is asked again until no queue has the node any more.
    leaves: (["shrink", "stop_app", "reset", "start_app"], ["shrink"]),
    leaves_with_all_it_has: (["shrink", "stop_app", "reset", "start_app"], ["shrink", "reset"]),
    is_forgotten: (["forget_cluster_node", "shrink"], ["shrink"]),
    drains: (["drain"], []),
    revives: (["revive"], []),
}


def picture(rabbit):
    """What counts: who is with whom, who is in maintenance, who has which queue."""
    return {"clusters": sorted(sorted(cluster) for cluster in rabbit.clusters), "maintenance": sorted(rabbit.maintenance),
            "queues": {name: (queue["messages"], sorted(queue["members"])) for (_vhost, name), queue in rabbit.queues.items()}}


class Way:
    """One of them, as often as one likes from its beginning."""

    def __init__(self, begin, rabbit, play):
        self.rabbit, self.play = rabbit, play
        self.arguments = dict(begin(rabbit), data_directory=str(rabbit.data))
        self.beginning = copy.deepcopy({name: getattr(rabbit, name) for name in ("clusters", "queues", "maintenance", "running")})
        self.commands, self.optional = WAYS[begin]

    def anew(self, at=None, **how):
        vars(self.rabbit).update(copy.deepcopy(self.beginning), did=[], breaks=at, serving=True)
        return self.again(**how)

    def again(self, **how):
        return self.play(rabbitmq_member, self.arguments, **how)


@pytest.fixture(params=WAYS, ids=lambda begin: begin.__name__)
def way(request, rabbit, play):
    return Way(request.param, rabbit, play)


def test_it_does_what_it_is_to_do_and_no_more(way):
    way.anew()
    assert [command.split()[0] for command in way.rabbit.did] == way.commands
    way.rabbit.did.clear()
    assert way.again()["changed"] is False and way.rabbit.did == []


def test_the_same_task_ends_what_broke_off_anywhere(way):
    way.anew()
    goal = picture(way.rabbit)
    for at, command in enumerate(way.commands):
        result = way.anew(at, fails=command not in way.optional)
        if command not in way.optional:
            assert command in result["msg"] and result["msg"].endswith(": broken off."), (command, result["msg"])
            # It goes on serving, unless it is that which failed.
            assert way.rabbit.serving is (command != "start_app"), command
            # Whose application stands still is told by its own tools; it is started by hand or by its unit.
            way.rabbit.serving = True
            way.again()
        if command == "shrink" and way.arguments.get("discard"):
            # Queues without a majority cannot change their members, so it is tried once: state forgotten does it afterwards.
            way.play(rabbitmq_member, {"state": "forgotten", "node": way.rabbit.me, "peer": "rabbit@mq1",
                                       "data_directory": way.arguments["data_directory"]})
        assert picture(way.rabbit) == goal, command


def test_a_queue_that_several_have_can_go_on_after_every_step(way):
    for at, command in enumerate(way.commands):
        way.anew(at, fails=command not in way.optional)
        for queue in way.rabbit.queues.values():
            if queue["type"] == "quorum":
                # Those that stay, whatever becomes of this one, are more than half.
                living = [node for node in queue["members"] if node in OTHERS and node in way.rabbit.running]
                own = [node for node in queue["members"] if node == way.rabbit.me]
                assert queue["messages"] == 5 and (len(living) + len(own)) * 2 > len(queue["members"]), command


def test_check_mode_does_nothing(way):
    way.anew()
    done, goal = way.anew(), picture(way.rabbit)
    vars(way.rabbit).update(copy.deepcopy(way.beginning), did=[], breaks=None)
    before = picture(way.rabbit)
    said = way.again(check=True)
    assert said["changed"] and way.rabbit.did == [] and picture(way.rabbit) == before != goal
    assert set(said["steps"]) <= set(done["steps"])

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module asks of the agent that holds the lease."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import REQUEST, STATUS, read_json, write_json
from ansible_collections.failover.stack.plugins.module_utils._mysql import lease
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure

VIEW = {"writer": "db1", "term": 7, "sync": {}, "handover": {}}


@pytest.fixture
def agent(tmp_path, clock):
    """agent(view, …): what it tells, one after the other, whenever it is waited for."""
    played = clock(lease)
    played.time = lambda: 1000.0

    def tells(*views):
        left = list(views)

        def sleep(_seconds):
            write_json(str(tmp_path / STATUS), {"view": left.pop(0) if len(left) > 1 else left[0], "at": 1000.0})

        write_json(str(tmp_path / STATUS), {"view": left.pop(0) if len(left) > 1 else left[0], "at": 1000.0})
        wait = played.sleep
        played.sleep = lambda seconds: (sleep(seconds), wait(seconds))
        return str(tmp_path)

    return tells


def test_that_it_is_to_be_led_by_hand_is_waited_for(agent):
    directory = agent(VIEW, VIEW, dict(VIEW, handover={"from": "db1", "to": ""}))
    lease.park("db1", 5, directory)
    assert read_json(directory + "/" + REQUEST)["park"] is True
    assert lease.parked({"handover": {"to": ""}}) and not lease.parked(VIEW) and not lease.parked({})


def test_an_agent_that_does_not_is_told(agent):
    with pytest.raises(Failure, match="did not note within 5 s in etcd that the cluster is to be led by hand"):
        lease.park("db1", 5, agent(VIEW))

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog beside a RabbitMQ node: when it asks, and when it leaves alone."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import rabbitmq_watchdog as watchdog


@pytest.mark.parametrize("there, peers, more_than_half", [
    (2, 2, True), (1, 2, True), (0, 2, False), (1, 3, False), (2, 4, True), (0, 0, True)])
def test_majority_counts_the_node_itself(there, peers, more_than_half):
    assert watchdog.majority(there, peers) is more_than_half


def test_it_asks_only_after_its_time():
    stuck = watchdog.Stuck(60)
    assert [stuck.due(now, True, False, True) for now in (0, 30, 59, 60)] == [False, False, False, True]


@pytest.mark.parametrize("active, serving, with_majority", [(False, False, True), (True, True, True), (True, False, False)])
def test_time_in_another_state_does_not_count(active, serving, with_majority):
    stuck = watchdog.Stuck(60)
    stuck.due(0, True, False, True)
    assert not stuck.due(50, active, serving, with_majority)
    assert not stuck.due(70, True, False, True)
    assert stuck.due(130, True, False, True)


def test_a_place_that_does_not_answer():
    assert not watchdog.reachable("[127.0.0.1]:1")

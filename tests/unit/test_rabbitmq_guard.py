"""The guard beside a RabbitMQ node: when it asks, and when it leaves alone."""

from __future__ import annotations

import importlib.util
import pathlib

import pytest

PATH = pathlib.Path(__file__).resolve().parents[2] / "roles/rabbitmq_cluster/files/guard.py"
spec = importlib.util.spec_from_file_location("rabbitmq_guard", PATH)
guard = importlib.util.module_from_spec(spec)
spec.loader.exec_module(guard)


@pytest.mark.parametrize("there, peers, more_than_half", [
    (2, 2, True), (1, 2, True), (0, 2, False), (1, 3, False), (2, 4, True), (0, 0, True)])
def test_majority_counts_the_node_itself(there, peers, more_than_half):
    assert guard.majority(there, peers) is more_than_half


def test_it_asks_only_after_its_time():
    stuck = guard.Stuck(60)
    assert [stuck.look(now, True, False, True) for now in (0, 30, 59, 60)] == [False, False, False, True]


@pytest.mark.parametrize("active, serving, with_majority", [(False, False, True), (True, True, True), (True, False, False)])
def test_time_in_another_state_does_not_count(active, serving, with_majority):
    stuck = guard.Stuck(60)
    stuck.look(0, True, False, True)
    assert not stuck.look(50, active, serving, with_majority)
    assert not stuck.look(70, True, False, True)
    assert stuck.look(130, True, False, True)


def test_a_place_that_does_not_answer():
    assert not guard.reachable("[127.0.0.1]:1")

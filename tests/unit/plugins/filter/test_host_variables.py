from __future__ import annotations

from ansible_collections.failover.stack.plugins.filter.host_variables import host_variables


def test_what_a_host_does_not_have_is_left_out():
    hosts = {"a": {"x": 1, "y": None, "z": 3}, "b": {}, "c": {"x": 5}}
    assert host_variables(["a", "b"], hosts, ["x", "y"]) == {"a": {"x": 1, "y": None}, "b": {}}

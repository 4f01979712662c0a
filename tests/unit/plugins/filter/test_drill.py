from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.failover.stack.plugins.filter import drill as filters

DRILLS = [
    {"name": "a", "tier": "web", "fault": "unit_kill", "unit": "x.service", "target": {"group": "web", "index": 1}},
    {"name": "b", "tier": "proxy", "fault": "machine_cut", "target": {"holds": "198.18.0.101"}},
    {"name": "calm", "tier": "proxy", "fault": "none", "on_request": True},
]
GROUPS = {"web": ["web1", "web2"]}


def names(only):
    return [d["name"] for d in filters.drill_selected(DRILLS, only)]


@pytest.mark.parametrize(
    "only, expected",
    [
        ("", ["a", "b"]),
        (None, ["a", "b"]),
        ("web", ["a"]),
        ("proxy", ["b"]),
        ("calm, a", ["a", "calm"]),
        ("proxy,calm", ["b", "calm"]),
    ],
)
def test_selection(only, expected):
    assert names(only) == expected


def test_unknown_selection_names_what_there_is():
    with pytest.raises(
        AnsibleFilterError, match="'webb' is neither a drill nor a tier: use one of a, b, calm, proxy, web"
    ):
        names("webb")


def test_unknown_fault_is_refused():
    with pytest.raises(AnsibleFilterError, match="'x' has the fault 'burn': use one of none, playbook, unit_kill"):
        filters.drill_selected([{"name": "x", "fault": "burn"}])


def test_two_drills_of_one_name_are_refused():
    with pytest.raises(AnsibleFilterError, match="'calm' is there twice"):
        filters.drill_selected(DRILLS + DRILLS[2:])


def target(rule, glance=None, fault="unit_kill"):
    return filters.drill_targets({"name": "d", "fault": fault, "target": rule}, glance or {}, GROUPS)


def test_targets():
    assert target({"host": "db1"}) == ["db1"]
    assert target({"group": "web", "index": 1}) == ["web2"]
    assert target({"group": "web"}) == ["web1"]
    assert target({"holds": "v"}, {"holders": {"v": ["proxy2"]}}) == ["proxy2"]
    assert (
        target({"group": "web", "serves": "session"}, {"session": {"instance": "t", "jvm_route": "web2-t"}}) == ["web2"]
    )
    assert target({}, fault="none") == []


@pytest.mark.parametrize("held, said", [([], "nobody"), (["a", "b"], "a, b")])
def test_an_address_without_one_holder(held, said):
    with pytest.raises(AnsibleFilterError, match="v is held by %s: exactly one holder" % said):
        target({"holds": "v"}, {"holders": {"v": held}})


def test_an_empty_group():
    with pytest.raises(AnsibleFilterError, match="the group 'db' is empty"):
        target({"group": "db"})


def test_a_session_of_a_stranger():
    with pytest.raises(AnsibleFilterError, match="instance 'q' names no host of 'web'"):
        target({"group": "web", "serves": "session"}, {"session": {"instance": "q"}})


def test_units_to_start():
    assert filters.drill_units(DRILLS, GROUPS) == [
        {"host": "web1", "unit": "x.service"},
        {"host": "web2", "unit": "x.service"},
    ]

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
    with pytest.raises(AnsibleFilterError, match="'x' has the fault 'burn': use one of none, playbook, disk_fill, unit_kill"):
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


VIP = "198.18.0.100"
HELD = {"holders": {VIP: ["web1"]}}


@pytest.mark.parametrize(
    "rule, expected",
    [
        ({"group": "web", "all": True}, ["web1", "web2"]),
        ({"hosts": ["a", "b"]}, ["a", "b"]),
        ({"hosts": ["a", "b"], "index": 1}, ["b"]),
        ({"group": "web", "not_holds": VIP}, ["web2"]),
        ({"hosts": ["web1", "a", "b"], "not_holds": VIP, "index": 1}, ["b"]),
        ({"hosts": ["web1", "a", "b"], "not_holds": VIP}, ["a", "b"]),
        ({"group": "web", "holds": VIP}, ["web1"]),
    ],
)
def test_several_targets_and_those_who_do_not_hold(rule, expected):
    assert target(rule, HELD) == expected


def test_nobody_but_the_holder():
    with pytest.raises(AnsibleFilterError, match=r"d: nobody is left but web1, which holds 198\.18\.0\.100"):
        target({"hosts": ["web1"], "not_holds": VIP}, HELD)


def test_an_address_nobody_was_asked_for():
    with pytest.raises(AnsibleFilterError, match=r"nobody was asked for 198\.18\.0\.9: put it into drill_vips"):
        target({"holds": "198.18.0.9"}, HELD)


def test_a_playbook_needs_no_target():
    assert target({}, fault="playbook") == []


@pytest.mark.parametrize(
    "drill, said",
    [
        ({"fault": "playbook"}, "'x' has the fault 'playbook' and no playbook: name one"),
        ({"fault": "unit_kill"}, "'x' has the fault 'unit_kill' and no unit: name one"),
        ({"fault": "none", "download": {"count": 1}}, "'x' has a download without a path: name a file"),
        ({"fault": "none", "each": {"group": "db"}}, "x: the group 'db' is empty"),
    ],
)
def test_drills_that_lack_a_part(drill, said):
    with pytest.raises(AnsibleFilterError, match=said):
        filters.drill_selected([dict(drill, name="x")], "", GROUPS)


def test_one_drill_for_each_host():
    drills = [{"name": "cut", "fault": "machine_cut", "tier": "t", "each": {"group": "web"}}, *DRILLS]
    found = filters.drill_selected(drills, "cut", GROUPS)
    assert [(d["name"], d["title"], d["target"]) for d in found] == [
        ("cut-web1", "cut: web1", {"host": "web1"}),
        ("cut-web2", "cut: web2", {"host": "web2"}),
    ]
    assert not any("each" in d for d in found)
    assert [d["name"] for d in filters.drill_selected(drills, "cut-web2", GROUPS)] == ["cut-web2"]
    assert len(filters.drill_selected(drills, "t", GROUPS)) == 2


def test_one_drill_for_each_but_the_holder():
    drill = {"name": "cut", "fault": "machine_cut", "each": {"hosts": ["web1", "a", "b"], "not_holds": VIP}}
    found = filters.drill_selected([drill], "", GROUPS)
    assert [d["name"] for d in found] == ["cut-1", "cut-2"]
    assert [filters.drill_targets(d, HELD, GROUPS) for d in found] == [["a"], ["b"]]


def test_units_of_named_hosts():
    drill = {"name": "x", "fault": "unit_stop", "unit": "u", "target": {"hosts": ["a", "b"]}}
    assert [p["host"] for p in filters.drill_units([drill], GROUPS)] == ["a", "b"]


GLANCE = {"writers": ["db1"], "readers": ["db2", "db3"]}


def test_writer_and_replicas():
    assert target({"writer": True, "group": "db"}, GLANCE) == ["db1"]
    assert target({"replica_of_writer": 0}, GLANCE) == ["db2"]
    assert target({"replica_of_writer": -1}, GLANCE) == ["db3"]


@pytest.mark.parametrize(
    "glance, words",
    [
        ({"writers": [], "readers": ["db2"]}, "d: writes are accepted by nobody: exactly one"),
        ({"writers": ["db1", "db2"], "readers": []}, "d: writes are accepted by db1 and db2: exactly one"),
        ({"writers": ["db1"], "readers": []}, "d: db1 has no replica that answers"),
    ],
)
def test_no_such_server(glance, words):
    with pytest.raises(AnsibleFilterError, match=words):
        target({"replica_of_writer": 0}, glance)


DATABASE = {"name": "x", "fault": "unit_kill", "unit": "db.service", "target": {"writer": True, "group": "db"}, "ledger": {"name": "rows"}}


@pytest.mark.parametrize(
    "change, words",
    [
        ({"ledger": None}, "'x' is aimed at a writer without a ledger"),
        ({"ledger": {"name": "row"}}, r"'x' has the ledger 'row': describe it in drill_ledgers, or use one of rows"),
        ({"fault": "disk_fill"}, "'x' fills a disk: name its directory"),
    ],
)
def test_drills_of_databases_are_checked(change, words):
    with pytest.raises(AnsibleFilterError, match=words):
        filters.drill_selected([dict(DATABASE, **change)], "", {}, {"rows": {}})
    assert filters.drill_selected([DATABASE], "", {}, {"rows": {}}) == [DATABASE]


def test_disks_and_units_to_mend():
    full = dict(DATABASE, fault="disk_fill", disk={"path": "/data"})
    groups = {"db": ["db1", "db2"]}
    assert filters.drill_disks([DATABASE, full, full], groups) == [{"host": h, "path": "/data", "unit": "db.service"} for h in ("db1",
                                                                                                                                "db2")]
    assert filters.drill_units([DATABASE, full], groups) == [{"host": h, "unit": "db.service"} for h in ("db1", "db2")]


def test_whoever_stands_by_for_an_address_of_the_drill():
    groups = [{"hosts": ["p1", "p2"], "instances": ["web"], "addresses": ["198.18.0.101"]},
              {"hosts": ["l1"], "instances": ["d"], "addresses": ["198.18.0.100"]}]
    assert filters.drill_standing_by(groups, ["198.18.0.101"]) == [
        {"host": "p1", "instances": ["web"], "addresses": ["198.18.0.101"]},
        {"host": "p2", "instances": ["web"], "addresses": ["198.18.0.101"]}]
    assert filters.drill_standing_by(groups, []) == []

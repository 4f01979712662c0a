from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill import selection
from ansible_collections.failover.stack.plugins.module_utils._drill.selection import DrillError

DRILLS = [
    {"name": "a", "tier": "web", "fault": "unit_kill", "unit": "x.service", "target": {"group": "web", "index": 1}},
    {"name": "b", "tier": "proxy", "fault": "machine_cut", "target": {"holds": "198.18.0.101"}},
    {"name": "calm", "tier": "proxy", "fault": "none", "on_request": True},
    {"name": "roll", "tier": "deploy", "fault": "none", "with_tier": True},
]
GROUPS = {"web": ["web1", "web2"]}


def names(only):
    return [d["name"] for d in selection.selected(DRILLS, only)]


@pytest.mark.parametrize(
    "only, expected",
    [
        ("", ["a", "b"]),
        (None, ["a", "b"]),
        ("web", ["a"]),
        ("proxy", ["b"]),
        ("calm, a", ["a", "calm"]),
        ("proxy,calm", ["b", "calm"]),
        ("deploy", ["roll"]),
        ("roll,b", ["b", "roll"]),
    ],
)
def test_selection(only, expected):
    assert names(only) == expected


def test_unknown_selection_names_what_there_is():
    with pytest.raises(
        DrillError, match="'webb' is neither a drill nor a tier: use one of a, b, calm, deploy, proxy, roll, web"
    ):
        names("webb")


def test_unknown_fault_is_refused():
    with pytest.raises(DrillError, match="'x' has the fault 'burn': use one of none, playbook, disk_fill, unit_kill"):
        selection.selected([{"name": "x", "fault": "burn"}])


def test_two_drills_of_one_name_are_refused():
    with pytest.raises(DrillError, match="'calm' is there twice"):
        selection.selected(DRILLS + DRILLS[2:])


def target(rule, probed=None, fault="unit_kill"):
    return selection.targets({"name": "d", "fault": fault, "target": rule}, probed or {}, GROUPS)


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
    with pytest.raises(DrillError, match="v is held by %s: exactly one holder" % said):
        target({"holds": "v"}, {"holders": {"v": held}})


def test_an_empty_group():
    with pytest.raises(DrillError, match="the group 'db' is empty"):
        target({"group": "db"})


def test_a_session_of_a_stranger():
    with pytest.raises(DrillError, match="instance 'q' names no host of 'web'"):
        target({"group": "web", "serves": "session"}, {"session": {"instance": "q"}})


def test_units_to_start():
    assert selection.units(DRILLS, GROUPS) == [
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
    with pytest.raises(DrillError, match=r"d: nobody is left but web1, which holds 198\.18\.0\.100"):
        target({"hosts": ["web1"], "not_holds": VIP}, HELD)


def test_an_address_nobody_was_asked_for():
    with pytest.raises(DrillError, match=r"nobody was asked for 198\.18\.0\.9: put it into drill_vips"):
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
    with pytest.raises(DrillError, match=said):
        selection.selected([dict(drill, name="x")], "", GROUPS)


def test_one_drill_for_each_host():
    drills = [{"name": "cut", "fault": "machine_cut", "tier": "t", "each": {"group": "web"}}, *DRILLS]
    found = selection.selected(drills, "cut", GROUPS)
    assert [(d["name"], d["title"], d["target"]) for d in found] == [
        ("cut-web1", "cut: web1", {"host": "web1"}),
        ("cut-web2", "cut: web2", {"host": "web2"}),
    ]
    assert not any("each" in d for d in found)
    assert [d["name"] for d in selection.selected(drills, "cut-web2", GROUPS)] == ["cut-web2"]
    assert len(selection.selected(drills, "t", GROUPS)) == 2


def test_one_drill_for_each_but_the_holder():
    drill = {"name": "cut", "fault": "machine_cut", "each": {"hosts": ["web1", "a", "b"], "not_holds": VIP}}
    found = selection.selected([drill], "", GROUPS)
    assert [d["name"] for d in found] == ["cut-1", "cut-2"]
    assert [selection.targets(d, HELD, GROUPS) for d in found] == [["a"], ["b"]]


def test_units_of_named_hosts():
    drill = {"name": "x", "fault": "unit_stop", "unit": "u", "target": {"hosts": ["a", "b"]}}
    assert [p["host"] for p in selection.units([drill], GROUPS)] == ["a", "b"]


GLANCE = {"writers": ["db1"], "readers": ["db2", "db3"]}


def test_writer_and_replicas():
    assert target({"writer": True, "group": "db"}, GLANCE) == ["db1"]
    assert target({"replica_of_writer": 0}, GLANCE) == ["db2"]
    assert target({"replica_of_writer": -1}, GLANCE) == ["db3"]


@pytest.mark.parametrize(
    "probed, words",
    [
        ({"writers": [], "readers": ["db2"]}, "d: writes are accepted by nobody: exactly one"),
        ({"writers": ["db1", "db2"], "readers": []}, "d: writes are accepted by db1 and db2: exactly one"),
        ({"writers": ["db1"], "readers": []}, "d: db1 has no replica that answers"),
    ],
)
def test_no_such_server(probed, words):
    with pytest.raises(DrillError, match=words):
        target({"replica_of_writer": 0}, probed)


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
    with pytest.raises(DrillError, match=words):
        selection.selected([dict(DATABASE, **change)], "", {}, {"rows": {}})
    assert selection.selected([DATABASE], "", {}, {"rows": {}}) == [DATABASE]


def test_disks_and_units_to_mend():
    full = dict(DATABASE, fault="disk_fill", disk={"path": "/data"})
    groups = {"db": ["db1", "db2"]}
    assert selection.disks([DATABASE, full, full], groups) == [
        {"host": host, "path": "/data", "unit": "db.service"} for host in ("db1", "db2")]
    assert selection.units([DATABASE, full], groups) == [{"host": h, "unit": "db.service"} for h in ("db1", "db2")]


def test_whoever_stands_by_for_an_address_of_the_drill():
    groups = [{"hosts": ["p1", "p2"], "instances": ["web"], "addresses": ["198.18.0.101"]},
              {"hosts": ["l1"], "instances": ["d"], "addresses": ["198.18.0.100"]}]
    drill = {"fault": "machine_cut", "target": {"holds": "198.18.0.101"}}
    assert selection.standing_by(groups, ["198.18.0.101"], drill) == [
        {"host": "p1", "instances": ["web"], "addresses": ["198.18.0.101"]},
        {"host": "p2", "instances": ["web"], "addresses": ["198.18.0.101"]}]
    assert selection.standing_by(groups, [], drill) == []


@pytest.mark.parametrize("drill, asked", [
    ({"fault": "machine_cut", "target": {"not_holds": "198.18.0.101", "index": 0}}, True),
    ({"fault": "playbook"}, True),
    ({"fault": "unit_kill", "target": {"group": "web", "index": 0}}, False),
    ({"fault": "none"}, False),
])
def test_nobody_is_waited_for_where_no_address_moves(drill, asked):
    groups = [{"hosts": ["p1"], "instances": ["web"], "addresses": ["198.18.0.101"]}]
    assert bool(selection.standing_by(groups, ["198.18.0.101"], drill)) is asked


@pytest.mark.parametrize("name", ["a/b", "../a", "/a", ".a", ".", "", None])
def test_a_name_that_cannot_be_a_files_is_refused(name):
    with pytest.raises(DrillError) as refused:
        selection.selected([{"name": name, "fault": "none"}])
    assert str(refused.value) == (
        "drill_list: '%s' cannot be a drill's name, files are named so: leave out slashes and a dot before it" % name)


def test_a_drill_for_each_host_takes_no_other_drills_name():
    each = {"name": "kill", "fault": "none", "each": {"group": "web"}}
    other = {"name": "kill-web1", "fault": "none"}
    assert len(selection.selected([each, dict(other, each={"hosts": ["x"]})], "", GROUPS)) == 3
    for drills in ([each, other], [other, each]):
        with pytest.raises(DrillError) as refused:
            selection.selected(drills, "", GROUPS)
        assert str(refused.value) == "drill_list: 'kill-web1' is there twice, once as one of 'kill': give each drill its own name"


@pytest.mark.parametrize("drill, sentence", [
    ({"fault": None}, "drill_list: 'x' has the fault 'None': use one of none, playbook, disk_fill, unit_kill, unit_stop, machine_kill, "
     "machine_pause, machine_cut, machine_isolate"),
    ({"fault": "playbook"}, "drill_list: 'x' has the fault 'playbook' and no playbook: name one"),
    ({"fault": "unit_stop"}, "drill_list: 'x' has the fault 'unit_stop' and no unit: name one"),
    ({"fault": "disk_fill", "unit": "u", "disk": {}},
     "drill_list: 'x' fills a disk: name its directory (disk: {path: ...}) and the unit that uses it"),
    ({"fault": "disk_fill", "disk": {"path": "/d"}},
     "drill_list: 'x' fills a disk: name its directory (disk: {path: ...}) and the unit that uses it"),
    ({"fault": "none", "ledger": {"kind": "sql"}},
     "drill_list: 'x' has the ledger 'None': describe it in drill_ledgers, or use one of none"),
    ({"fault": "none", "target": {"replica_of_writer": 0}},
     "drill_list: 'x' is aimed at a writer without a ledger: name one (ledger: {name: ...})"),
    ({"fault": "none", "download": {"count": 2}}, "drill_list: 'x' has a download without a path: name a file"),
])
def test_a_drill_that_lacks_something_is_refused_before_any_is_run(drill, sentence):
    good = {"name": "good", "fault": "none"}
    for drills in ([dict(drill, name="x"), good], [good, dict(drill, name="x", on_request=True)]):
        with pytest.raises(DrillError) as refused:
            selection.selected(drills, "good")
        assert str(refused.value) == sentence


@pytest.mark.parametrize("answer, host", [
    # Not the first whose name is a part of another's.
    ({"jvm_route": "web10-a"}, "web10"), ({"jvm_route": "web1-a"}, "web1"), ({"instance": "tomcat@web10"}, "web10"),
    ({"session": "0AB1.web1-a"}, "web1"), ({"session": "0AB1.web10-a", "instance": "a"}, "web10"),
    # An id is made by chance and may contain anything.
    ({"session": "AAd1AA.web1-a"}, "web1"),
])
def test_the_host_of_a_session_is_the_one_that_its_route_names(answer, host):
    drill = {"name": "d", "fault": "unit_kill", "target": {"hosts": ["d1", "web1", "web10"], "serves": "session"}}
    assert selection.targets(drill, {"session": answer}, {}) == [host]


@pytest.mark.parametrize("session", [{}, None, {"session": "web1"}, {"instance": None}])
def test_a_session_that_names_nobody(session):
    drill = {"name": "d", "fault": "unit_kill", "target": {"hosts": ["web1"], "group": "web", "serves": "session"}}
    with pytest.raises(DrillError, match="names no host of 'web'"):
        selection.targets(drill, {"session": session}, {})


@pytest.mark.parametrize("rule, probed, expected", [
    *(({"group": "web", "index": index}, {}, ["web2"]) for index in (5, -1, "1")),
    ({"replica_of_writer": -1}, {"writers": ["a"], "readers": ["b", "c"]}, ["c"]),
    ({"replica_of_writer": 3}, {"writers": ["a"], "readers": ["b", "c"]}, ["c"]),
    # A host by name goes before all other rules.
    ({"host": "db1", "group": "web", "all": True}, {}, ["db1"]),
    ({"group": "web", "all": True, "not_holds": "v"}, {"holders": {"v": ["other"]}}, ["web1", "web2"]),
])
def test_whom_a_rule_hits(rule, probed, expected):
    assert target(rule, probed) == expected


def test_an_address_that_nobody_was_asked_for():
    for probed in ({}, {"holders": None}, {"holders": {"w": ["a"]}}):
        with pytest.raises(DrillError) as refused:
            target({"holds": "v"}, probed)
        assert str(refused.value) == "d: nobody was asked for v: put it into drill_vips or the drill's vips"


def test_what_a_healed_lab_has_is_each_thing_once_and_for_everybody_who_may_be_hit():
    kill = {"name": "a", "fault": "unit_kill", "unit": "x"}
    drills = [dict(kill, target={"host": "h"}), dict(kill, target={"hosts": ["h", "i"], "index": 0}), dict(kill, target={"group": "none"}),
              dict(kill, fault="playbook", target={"host": "j"}), dict(kill, fault="disk_fill", disk={"path": "/d"}, target={"host": "k"})]
    assert selection.units(drills, {}) == [{"host": "h", "unit": "x"}, {"host": "i", "unit": "x"}]
    assert selection.disks(drills, {}) == [{"host": "k", "path": "/d", "unit": "x"}]


def test_drills_of_each_host_are_found_by_all_their_names():
    drills = [{"name": "kill", "tier": "web", "fault": "none", "each": {"group": "web"}, "title": "Killed"},
              {"name": "rest", "tier": "web", "fault": "none", "on_request": True, "each": {"hosts": ["a", "b", "c"], "not_holds": "v"}}]

    def found(only):
        return [one["name"] for one in selection.selected(drills, only, GROUPS)]

    assert found("") == found("web") == found("kill") == ["kill-web1", "kill-web2"] and found("kill-web2") == ["kill-web2"]
    assert found("rest") == ["rest-1", "rest-2"] and found("rest-2,web") == ["kill-web1", "kill-web2", "rest-2"]
    one = selection.selected(drills, "rest-2", GROUPS)[0]
    assert one["target"] == {"hosts": ["a", "b", "c"], "not_holds": "v", "index": 1} and one["title"] == "rest: 2" and "each" not in one
    with pytest.raises(DrillError, match="kill: the group 'web' is empty"):
        selection.selected(drills, "", {})

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json

import pytest
from ansible_collections.failover.stack.plugins.module_utils._content import plan, probe

PUBLIC = "ssh-ed25519 AAAA1"
ONE = {"name": "site", "path": "/srv/site"}


def values(host="mon", contents=(ONE,), **more):
    return {
        "inventory_hostname": host, "contents": list(contents), "sources": ["mon"], "targets": ["web1", "web2"],
        "addresses": {"mon": "192.0.2.62", "web1": "192.0.2.21", "web2": "2001:db8::22"}, "marker": ".failover-content", "port": 873,
        "bind_address": "192.0.2.62", "ssh_port": 22, "ssh_user": "failover-content", "poke_port": 8730, "push_delay_s": 1,
        "interval_s": 300, "random_delay_s": 30, "timeout_s": 60, "delete_percent": 10, "delete_always": 5, "mark": [], "go": [],
        "passwords": {"site": "not-for-everybody"}, "registered": {}, "_program": [{"path": plan.PROGRAM + "/run.py", "content": ""}],
        "_info": {"known": [], "rsyncd": "nobody's", "authorized": [], "known_hosts": [], "sources": {"site": source()},
                  "targets": {"site": target()}}, **more}


def source(**more):
    return {"exists": True, "empty": False, "database": None, "mounted": True, "marker": True, "directories": 0, "watches": 0, **more}


def target(**more):
    return {"mounted": True, "database": None, "link": False, "full": False, "status": {}, **more}


def files(found):
    return {one["path"]: one["content"] for one in plan.config(found)["files"]}


def named(names):
    return [one["name"] for one in names]


def test_who_is_source_and_who_target():
    assert named(plan.served(values())) == ["site"] and plan.pulled(values()) == []
    assert named(plan.pulled(values("web1"))) == ["site"] and plan.served(values("web1")) == []
    assert plan.pulled(values("web1", [{**ONE, "targets": ["web2"]}])) == []
    # A source that is a target of what others have does not pull its own.
    assert plan.pulled(values(targets=["mon", "web1"])) == []
    assert plan.whole(ONE, values(sources=["mon", "web1"]))["source"] is None


def test_a_module_lets_in_its_targets():
    text = files(values())[plan.RSYNCD]
    assert "[site]\npath = /srv/site\nuid = nobody\ngid = nogroup\nuse chroot = yes\nread only = yes\nlist = no\n" in text
    assert "hosts allow = 192.0.2.21 2001:db8::22\nhosts deny = *\nmax connections = 4\n" in text
    assert "refuse options = checksum\n" in text
    assert "refuse" not in files(values(contents=[{**ONE, "refuse_options": []}]))[plan.RSYNCD]


def test_secrets_are_placeholders():
    for host in ("mon", "web1"):
        assert "not-for-everybody" not in json.dumps(plan.config(values(host)))
        assert plan.secrets(values(host)) == {"password_site": "not-for-everybody"}
    modes = {one["path"]: one.get("mode") for host in ("mon", "web1") for one in plan.config(values(host))["files"]}
    assert modes[plan.SECRETS] == modes["/etc/failover-content/site.password"] == "0600"
    assert plan.secrets(values(contents=[{**ONE, "transport": "ssh"}])) == {}


@pytest.mark.parametrize("more, where", [
    ({}, "rsync://site@192.0.2.62:873/site/"), ({"user": "web"}, "rsync://web@192.0.2.62:873/site/"),
    ({"transport": "ssh"}, "failover-content@192.0.2.62:/")])
def test_where_it_comes_from(more, where):
    assert json.loads(files(values("web1", [{**ONE, **more}]))["/etc/failover-content/site.json"])["from"] == where


def test_ipv6_has_brackets():
    found = values("web1", addresses={"mon": "2001:db8::62", "web1": "2001:db8::21", "web2": "2001:db8::22"})
    assert json.loads(files(found)["/etc/failover-content/site.json"])["from"] == "rsync://site@[2001:db8::62]:873/site/"


def test_the_marker_is_pulled_whatever_is_left_out():
    options = plan.pull_options(plan.whole({**ONE, "exclude": [".*"], "owner": "", "group": ""}, values()), values())
    assert options[-2:] == ["--include=/.failover-content", "--exclude=.*"] and not [one for one in options if one.startswith("--chown")]
    assert "--chown=root:root" in plan.pull_options(plan.whole(ONE, values()), values())


def test_a_marker_is_written_once():
    path = "/srv/site/.failover-content"
    gone = {"sources": {"site": source(marker=False)}}
    assert path in files(values())
    assert path in files(values(_info={**values()["_info"], **gone}))
    known = {**values()["_info"], **gone, "known": ["site"]}
    assert path not in files(values(_info=known))
    assert plan.objections(values(_info=known))[0].startswith("mon: content site: /srv/site/.failover-content is gone")
    assert path in files(values(_info=known, mark=["site"])) and plan.objections(values(_info=known, mark=["site"])) == []


def test_somebody_elses_rsyncd_is_left_alone():
    seen = {**values()["_info"], "rsyncd": "another"}
    assert plan.objections(values(_info=seen)) == [
        "mon: /etc/rsyncd.conf is somebody else's: move it away, and name what it serves in rsync_sync_contents."]
    by_ssh = values(contents=[{**ONE, "transport": "ssh"}], _info=seen)
    assert plan.objections(by_ssh) == [] and plan.RSYNCD not in plan.config(by_ssh)["absent"]
    assert plan.RSYNCD_UNIT not in named(plan.units(by_ssh))


def test_ours_goes_when_nothing_is_served_by_it():
    found = values(contents=[{**ONE, "transport": "ssh"}], _info={**values()["_info"], "rsyncd": "ours"})
    assert {plan.RSYNCD, plan.SECRETS, plan.DROPIN} <= set(plan.config(found)["absent"])
    assert {"name": plan.RSYNCD_UNIT, "state": "stopped", "enabled": False} in plan.units(found)


def test_keys_of_targets_that_are_not_in_the_play_stay():
    told = {"web1": {"__rsync_sync_keys": {"results": [{"filename": "/etc/failover-content/site.key", "public_key": PUBLIC}]}}}
    there = 'restrict,from="2001:db8::9",command="/usr/bin/rrsync -ro /old" ssh-ed25519 AAAA2 failover-content:site:web2'
    gone = "restrict ssh-ed25519 AAAA3 failover-content:site:web3"
    found = values(contents=[{**ONE, "transport": "ssh"}], registered=told, _info={**values()["_info"], "authorized": [there, gone]})
    assert files(found)[plan.AUTHORIZED].splitlines()[1:] == [
        'restrict,from="192.0.2.21",command="/usr/bin/rrsync -ro /srv/site" ssh-ed25519 AAAA1 failover-content:site:web1',
        'restrict,from="2001:db8::22",command="/usr/bin/rrsync -ro /srv/site" ssh-ed25519 AAAA2 failover-content:site:web2']


def test_host_keys_of_a_source_that_is_not_in_the_play_stay():
    there = ["192.0.2.62 " + PUBLIC, "192.0.2.9 x"]
    found = values("web1", [{**ONE, "transport": "ssh"}], _info={**values()["_info"], "known_hosts": there})
    assert files(found)[plan.KNOWN_HOSTS].splitlines()[1:] == ["192.0.2.62 " + PUBLIC]
    told = {"mon": {"__rsync_sync_info": {"host_keys": ["ssh-ed25519 AAAA9 root@mon"]}}}
    anew = files({**found, "registered": told, "ssh_port": 2222})[plan.KNOWN_HOSTS]
    assert anew.splitlines()[1:] == ["[192.0.2.62]:2222 ssh-ed25519 AAAA9"]


def test_push_is_a_socket_there_and_lsyncd_here():
    pushed = [{**ONE, "push": True}]
    assert {plan.LSYNCD_UNIT, plan.RSYNCD_UNIT} <= set(plan.active(values(contents=pushed)))
    assert plan.active(values("web1", pushed)) == ["failover-content-site.timer", plan.POKE_SOCKET]
    assert json.loads(files(values("web1", pushed))["/etc/failover-content/site.json"])["pokers"] == ["192.0.2.62"]
    assert json.loads(files(values(contents=pushed))["/etc/failover-content/push/site.json"])["targets"] == [
        ["192.0.2.21", 8730], ["2001:db8::22", 8730]]
    assert "lsyncd" in plan.member(values(contents=pushed))["packages"] and "lsyncd" not in plan.member(values())["packages"]
    assert {"name": plan.LSYNCD_UNIT, "state": "stopped"}.items() <= plan.units(values())[0].items()


def test_the_timer_is_in_time():
    text = files(values("web1"))["/etc/systemd/system/failover-content-site.timer"]
    assert "OnUnitActiveSec=300\nAccuracySec=100ms\nRandomizedDelaySec=30\n" in text
    assert plan.member(values("web1"))["targets"][0]["stale_s"] == 990


def test_for_whom_somebody_says_go():
    assert plan.going(values("web1", go=["site", "sight"])) == {
        "asked_for": True, "names": ["site"], "unknown": ["sight"], "known": ["site"]}
    assert plan.going(values())["asked_for"] is False


@pytest.mark.parametrize("more, says", [
    ({"mounted": False}, "nothing is mounted at /srv (source_mount)"), ({"exists": False}, "path /srv/site is no directory"),
    ({"database": "PostgreSQL"}, "has a data directory of PostgreSQL"), ({"directories": 900, "watches": 1000}, "max_user_watches is 1000"),
    ({}, None), ({"directories": 800, "watches": 1000}, None)])
def test_what_a_source_must_be(more, says):
    said = probe.source_objection({"name": "site", "path": "/srv/site", "mount": "/srv", "marker": "m"}, source(**more), True, False)
    assert said is says or says in said


@pytest.mark.parametrize("more, atomic, says", [
    ({"mounted": False}, False, "nothing is mounted at /srv (target_mount)"), ({"database": "Redis"}, False, "a data directory of Redis"),
    ({"full": True}, True, "move it away"), ({"full": True}, False, None), ({"link": True}, False, "as atomic leaves it"),
    ({"link": True}, True, None)])
def test_what_a_target_must_be(more, atomic, says):
    said = probe.target_objection({"name": "site", "target": "/srv/site", "mount": "/srv", "atomic": atomic}, target(**more))
    assert said is says or says in said


def test_a_directory_is_looked_at_two_deep(tmp_path):
    (tmp_path / "data/mysql/deep").mkdir(parents=True)
    (tmp_path / "data/mysql/deep/ibdata1").touch()
    (tmp_path / "data/PG_VERSION").touch()
    assert sorted(probe.names_in(str(tmp_path))) == ["data", "data/PG_VERSION", "data/mysql"]
    assert probe.names_in(str(tmp_path / "none")) == []
    seen = probe.read_source({"path": str(tmp_path), "mount": "", "marker": "m", "push": False})
    assert seen["database"] == "PostgreSQL" and not seen["empty"] and not seen["marker"]

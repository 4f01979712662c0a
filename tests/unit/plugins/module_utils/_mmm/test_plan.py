# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mmm import plan

MEMBERS = {"db1": "192.0.2.31", "db2": "192.0.2.32", "db3": "192.0.2.33"}
INFO = {"blank": False, "interface": "eth0", "leased": False, "interfaces": {}, "earlier": [], "packaged": False, "leads": False}
WELL = {"mysql_replication_sources": ["db1", "db2"], "mysql_replication_writer_address": "192.0.2.102/24"}


def server(executed="1-31-5", writable=False, **more):
    return {"reachable": True, "writable": writable, "gtid": {"executed": executed}, "channels": [{"channel": ""}], **more}


def values(host="db1", servers=None, **changes):
    known = {name: {"__mmm_info": INFO, "__mmm_server": (servers or {}).get(name, server())} for name in MEMBERS}
    return {
        "inventory_hostname": host, "group": "mysql_replication", "members": list(MEMBERS), "addresses": list(MEMBERS.values()),
        "monitors": ["mon"], "monitor_address": "192.0.2.41", "databases": dict.fromkeys(MEMBERS, WELL), "archive": "/srv/mmm.tar.gz",
        "registered": {**known, "mon": {"__mmm_info": INFO}}, "reader_addresses": ["192.0.2.111"], "reader_hosts": list(MEMBERS),
        "agent_user": "mmm_agent", "monitor_user": "mmm_monitor", "agent_port": 9989, "port": 9988, "check_period_s": 1, "check_trap_s": 2,
        "check_timeout_s": 1, "max_backlog_s": 60, "ping_addresses": list(MEMBERS.values()), "flap_count": 3, "flap_s": 3600,
        "auto_set_online_s": 0, "kill_retries": 3, "kill_host": "", "log_days": 7, "_info": INFO, "_server": server(),
        "_packages": {"common": ["libdbi-perl"], "agent": ["libnet-arp-perl"], "monitor": ["libclass-singleton-perl", "libdbi-perl"]},
        "_laid": {"version": "2.2.1", "blocking": False}, **changes}


def test_what_a_host_is():
    own = plan.host(values())
    assert (own["member"], own["monitor"], own["both"], own["parts"], own["address"]) == (True, False, False, ["agent"], "192.0.2.31")
    assert own["packages"] == ["libdbi-perl", "libnet-arp-perl"] and own["addresses"] == ["192.0.2.102", "192.0.2.111"]
    assert own["detection"] == "2 to 8 s" and not own["fetched"] and own["sources"] == ["db1", "db2"]
    mon = plan.host(values("mon", archive="https://example.net/mmm.tar.gz"))
    assert mon["parts"] == ["monitor"] and mon["fetched"] and mon["address"] == "" and mon["units"] == ["mysql-mmm-monitor.service"]
    assert plan.host(values(ansible_check_mode=True, _info=dict(INFO, blank=True)))["blank"]
    assert plan.host(values("db1", monitors=["db1"]))["both"]


def test_what_goes_with_mmm():
    left = plan.left_behind(values())
    assert left["absent"][:2] == ["/etc/systemd/system/mysql-mmm-agent.service", "/etc/logrotate.d/mysql-mmm"]
    assert left["drops"].startswith("DROP USER IF EXISTS 'mmm_agent'@'192.0.2.31', ") and left["drops"].endswith(
        "'mmm_monitor'@'192.0.2.41'")


@pytest.mark.parametrize(("info", "words"), [
    ({"packaged": True}, "a package mysql-mmm-common is installed"),
    ({"earlier": ["/etc/mmm_common.conf"]}, "/etc/mmm_common.conf would be read before the files in /etc/mysql-mmm, and MMM's "
                                            "configurations"),
    ({"interface": ""}, "no interface has mysql_replication_address, 192.0.2.31, so where MMM's addresses belong is unknown"),
    ({"leads": True}, "mysql-writer.service runs and says who writes here")])
def test_what_hosts_tell_is_refused(info, words):
    (sentence,) = plan.objections(values(_info=dict(INFO, **info)))
    assert sentence.startswith(words)


def test_a_host_that_is_neither_is_refused():
    (sentence,) = plan.objections(values("web1", monitor_group="mmm_monitor"))
    assert sentence == "mmm_group is 'mysql_replication', and this host is neither in it nor in 'mmm_monitor': correct the groups"


def test_named_connections_are_refused():
    assert plan.objections(values()) == [] == plan.objections(values("mon", _info=dict(INFO, interface=""), _server={}))
    (sentence,) = plan.objections(values(_server=server(channels=[{"channel": ""}, {"channel": "east"}])))
    assert sentence == ("it replicates by the named connection east, and MMM sees the default one alone: give that name up, or leave mmm's "
                        "group empty")


def contents(host, **changes):
    return {one["path"]: one["content"] for one in plan.files(values(host, **changes))["files"]}


def test_configurations_agree():
    on_db1, on_mon = contents("db1"), contents("mon")
    assert on_db1["/etc/mysql-mmm/mmm_common.conf"] == on_mon["/etc/mysql-mmm/mmm_common.conf"]
    assert "/etc/mysql-mmm/mmm_agent.conf" not in on_mon and "/etc/mysql-mmm/mmm_mon.conf" not in on_db1
    assert "peer                    db2" in on_db1["/etc/mysql-mmm/mmm_common.conf"]
    assert {one["mode"] for one in plan.files(values())["files"] if one["path"].startswith("/etc/mysql-mmm")} == {"0640"}


def test_interfaces_come_from_the_hosts_or_from_the_file_that_is_there():
    known = {"db1": {"__mmm_info": dict(INFO, interface="ens3")}}
    text = contents("db1", registered=known, _info=dict(INFO, interfaces={"db2": "ens4"}))["/etc/mysql-mmm/mmm_common.conf"]
    assert [line.split()[1] for line in text.splitlines() if "cluster_interface" in line] == ["ens3", "ens4", "eth0"]


def test_mmm_reads_what_it_gets_before_it_counts():
    assert [plan.files(values(host))["validate"][0].count(word) for host, word in (("db1", '"AGENT"'), ("mon", '"MONITOR"'))] == [1, 1]


def test_units():
    agent, monitor = contents("db1"), contents("mon")
    unit = agent["/etc/systemd/system/mysql-mmm-agent.service"]
    assert "IPAddressAllow=localhost 192.0.2.41 192.0.2.31 192.0.2.32 192.0.2.33" in unit and "Restart=always" in unit
    assert "CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW" in unit and "RuntimeDirectory=mysql-mmm\n" in unit
    assert "CapabilityBoundingSet=CAP_NET_RAW" in monitor["/etc/systemd/system/mysql-mmm-monitor.service"]
    killing = contents("mon", kill_host="/usr/local/sbin/off")
    assert "Capability" not in killing["/etc/systemd/system/mysql-mmm-monitor.service"]
    assert "kill_host_bin           /usr/local/sbin/off" in killing["/etc/mysql-mmm/mmm_mon.conf"]
    assert [one["name"] for one in plan.units(values())["agent"]] == ["mysql-mmm-agent.service"] and plan.units(values())["monitor"] == []
    assert plan.units(values("mon", _laid={"version": ""})) == {"agent": [], "monitor": []}
    assert "rotate 7" in agent["/etc/logrotate.d/mysql-mmm"]


def test_accounts_are_made_on_the_writer():
    writes = {"db2": server(writable=True)}
    assert plan.accounts(values("db2", writes))["here"] and not plan.accounts(values("db1", writes))["here"]
    made = plan.accounts(values("db2", writes))
    assert [user["hosts"] for user in made["users"]] == [list(MEMBERS.values()), ["192.0.2.41"]] and not made["lift"]


def test_where_nobody_writes_on_the_source_that_has_everything():
    made = plan.accounts(values("db1"))
    assert made["here"] and made["lift"] and not plan.accounts(values("db2"))["here"]
    ahead = {"db1": server("1-31-5"), "db2": server("1-31-5,2-32-1")}
    assert plan.accounts(values("db2", ahead))["here"] and not plan.accounts(values("db1", ahead))["here"]
    away = {"db1": {"reachable": False}}
    assert not plan.accounts(values("db1", away))["here"] and not plan.accounts(values("db2", away))["here"]


def control(*states, mode="ACTIVE"):
    return {"reachable": True, "mode": mode, "hosts": {name: {"state": state} for name, state in zip(MEMBERS, states)}}


WAITING = ("AWAITING_RECOVERY",) * 3


def test_who_begins():
    assert plan.first(values("mon", _control=control(*WAITING))) == {"hosts": ["db1", "db2", "db3"], "refused": ""}
    ahead = {"db1": server("1-31-5"), "db2": server("1-31-5,2-32-1")}
    assert plan.first(values("mon", ahead, _control=control(*WAITING)))["hosts"] == ["db2", "db1", "db3"]


@pytest.mark.parametrize("seen", [
    control("ONLINE", *WAITING[:2]), control("HARD_OFFLINE", *WAITING[:2]), control(*WAITING, mode="PASSIVE"), {"reachable": False}])
def test_what_mmm_has_decided_is_left_alone(seen):
    assert plan.first(values("mon", _control=seen)) == {"hosts": [], "refused": ""}


def test_nobody_is_chosen_blindly():
    apart = {"db1": server("1-31-6"), "db2": server("1-31-5,2-32-1")}
    assert plan.first(values("mon", apart, _control=control(*WAITING)))["refused"] == (
        "nobody takes the writes, and db1 and db2 each have what the other lacks: set the one that counts online by module mmm_control")
    away = {"db1": {"reachable": False}}
    assert "and db1 cannot be asked" in plan.first(values("mon", away, _control=control(*WAITING)))["refused"]
    broken = {"db1": server("nonsense"), "db2": server("1-31-5")}
    assert "each have what the other lacks" in plan.first(values("mon", broken, _control=control(*WAITING)))["refused"]


def test_addresses_are_where_mmm_says():
    said = {"roles": {"writer": {"192.0.2.102": "db1"}, "reader": {"192.0.2.111": "db2"}}}
    held = [{"item": "db1", "held": ["192.0.2.102"]}, {"item": "db2", "held": ["192.0.2.111"]}, {"item": "db3", "held": []}]
    assert plan.misplaced(values("mon", _control=said, _held={"results": held})) == []
    held = [{"item": "db1", "held": ["192.0.2.102"]}, {"item": "db3", "held": ["192.0.2.102", "192.0.2.112"]}]
    assert plan.misplaced(values("mon", _control=said, _held={"results": held})) == [
        "192.0.2.102 is on db1 and db3, and MMM says db1", "192.0.2.111 is on nobody, and MMM says db2",
        "192.0.2.112 is on db3, and MMM says nobody"]


def test_maintenance():
    given = {"maintenance_host": "db1", "maintenance": "begin"}
    assert plan.maintenance(values("mon", _control=control("ONLINE", "ONLINE", "ONLINE"), **given)) == {"other": "db2", "against": []}
    away = control("ONLINE", "ADMIN_OFFLINE", "ONLINE")
    assert plan.maintenance(values("mon", _control=away, **given))["against"] == [
        "db2 is ADMIN_OFFLINE, so nobody could take the writes while db1 is out: bring it back first"]
    assert plan.maintenance(values("mon", _control=away, maintenance_host="db3", maintenance="begin"))["against"] == []
    assert plan.maintenance(values("mon", _control=away, maintenance_host="db2", maintenance="end"))["against"] == []
    assert plan.maintenance(values("mon", _control=away, maintenance_host="web1", maintenance="end"))["against"] == [
        "mmm_maintenance_host is 'web1', which is no member of group 'mysql_replication': name one"]

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json

from ansible_collections.failover.stack.plugins.module_utils._mha import config, plan

MEMBERS = {"db1": "192.0.2.31", "db2": "192.0.2.32"}
PROGRAM = [{"path": plan.PROGRAM + "/run.py", "content": "x"}]


def values(host="db1", **changes):
    return {
        "inventory_hostname": host, "members": list(MEMBERS), "addresses": list(MEMBERS.values()), "managers": ["mon"],
        "manager_address": "192.0.2.41", "candidates": ["db1", "db2"], "user": "mha", "ssh_port": 22, "ssh_connect_s": 3,
        "ping_interval_s": 1, "failover_interval_s": 300, "lost_s": 10, "heal_s": 15, "relay_purge_s": 3600, "log_directories": [],
        "databases": {name: {"mysql_replication_writer_address": "192.0.2.102/24", "mysql_replication_binlog_directory": "/srv/binlog"}
                      for name in MEMBERS},
        "registered": {name: {"__mha_key": {"public_key": "ssh-ed25519 KEY-%s failover-mha" % name},
                              "__mha_info": {"host_keys": ["ssh-ed25519 HOST-%s root@x" % name]}} for name in ("db1", "db2", "mon")},
        "_info": {"authorized": [], "known_hosts": [], "blank": False}, "_program": PROGRAM, "_member_unit": "member",
        "_manager_unit": "manager", **changes}


def contents(found):
    return {one["path"]: one["content"] for one in found["files"]}


def test_what_a_host_is():
    own = plan.host(values())
    assert (own["member"], own["manager"], own["both"], own["groups"], own["blank"]) == (True, False, False, ["mysql"], False)
    assert plan.host(values())["packages"] == ["mha4mysql-node", "python3-pymysql", "openssh-client"]
    mon = plan.host(values("mon"))
    assert (mon["member"], mon["manager"], mon["groups"]) == (False, True, [])
    assert plan.host(values(managers=["db1"]))["both"]
    assert plan.host(values(ansible_check_mode=True, _info={"blank": True}))["blank"]


def test_keys_have_nothing_but_what_mha_runs():
    lines = plan.authorized_keys(values()).splitlines()[1:]
    assert lines == [
        'restrict,from="192.0.2.41",command="%s _agents.mha_command manager" ssh-ed25519 KEY-mon failover-mha:mon' % plan.RUN,
        'restrict,from="192.0.2.32",command="%s _agents.mha_command member" ssh-ed25519 KEY-db2 failover-mha:db2' % plan.RUN]


def test_hosts_that_take_no_part_keep_their_keys():
    there = plan.authorized_keys(values()).splitlines()[1:]
    known = plan.known_hosts(values()).splitlines()[1:]
    limited = values(registered={}, _info={"authorized": there, "known_hosts": known})
    assert plan.authorized_keys(limited) == plan.authorized_keys(values())
    assert plan.known_hosts(limited) == plan.known_hosts(values())
    assert known == ["192.0.2.31 ssh-ed25519 HOST-db1", "192.0.2.32 ssh-ed25519 HOST-db2"]
    assert plan.known_hosts(values(ssh_port=2222)).splitlines()[1].startswith("[192.0.2.31]:2222 ")


def test_no_password_is_in_what_mha_reads():
    found = plan.files(values("mon"))
    secrets = [one["path"] for one in found["files"] if "@@password@@" in one["content"]]
    assert secrets == [config.PASSWORD]
    private = [one for one in found["files"] if one["path"] in (config.PASSWORD, config.DEFAULT_CONF)]
    assert [(one["mode"], one["owner"]) for one in private] == [("0600", "mha")] * 2
    assert "password" not in contents(found)[config.DEFAULT_CONF]


def test_configuration_of_mha():
    default = contents(plan.files(values("mon")))[config.DEFAULT_CONF].splitlines()
    assert {"user=mha", "repl_user=replication", "ssh_user=mha", "ping_interval=1", "master_binlog_dir=/var/lib/mysql,/srv/binlog",
            "remote_workdir=/var/lib/failover-mha/work", "shutdown_script=%s/mha-shutdown" % config.BIN} <= set(default)
    text = config.app_conf(MEMBERS, ["db2"], ["db1", "db2"], 3307)
    assert text.split("\n\n")[1] == "# db1\n[server1]\nhostname=192.0.2.31\nip=192.0.2.31\nno_master=1"
    assert "port=3307" in text and text.endswith("candidate_master=1\n")
    assert config.listed_in(text, MEMBERS) == ["db1", "db2"]
    assert config.listed_in(config.app_conf(MEMBERS, [], ["db2"], 3306), MEMBERS) == ["db2"]
    assert config.listed_in("", MEMBERS) == []


def test_what_agents_are_told():
    member = json.loads(contents(plan.files(values()))[config.MEMBER_CONFIG])
    assert (member["own"], member["peers"], member["address"], member["place"]) == ("192.0.2.31", ["192.0.2.32"], "192.0.2.102/24", 0)
    assert member["logs"] == ["/var/lib/mysql", "/srv/binlog"]
    manager = json.loads(contents(plan.files(values("mon")))[config.MANAGER_CONFIG])
    assert manager["members"] == MEMBERS and manager["isolation_s"] == 3


def test_each_has_what_it_runs():
    member, manager = contents(plan.files(values())), contents(plan.files(values("mon")))
    assert {config.BIN + "/" + name for name in ("ssh", "scp", "mysql", "mysqlbinlog")} <= set(member)
    assert {config.BIN + "/mha-" + kind for kind in config.SCRIPTS.values()} <= set(manager)
    assert config.BIN + "/mysql" not in manager and plan.COMMAND not in member
    assert "StrictHostKeyChecking=yes" in member[config.BIN + "/ssh"]
    assert [one["name"] for one in plan.units(values())] == [plan.MEMBER_UNIT]
    assert [one["name"] for one in plan.units(values("mon"))] == [plan.MANAGER_UNIT]
    assert len(plan.units(values(managers=["db1"]))) == 2


def test_account_of_mha_cannot_write():
    (account,) = plan.account(values())
    assert account["hosts"] == ["192.0.2.41"]
    assert not [word for word in ("READ", "SUPER", "ALL", "INSERT") if word in str(account["privileges"]["*.*"])]


def test_ports_and_sockets_of_the_cluster():
    other = values("mon", databases={"db1": {"mysql_replication_port": "3307", "mysql_replication_socket": "/run/x.sock"}})
    assert plan.host(other)["port"] == 3307 and plan.host(other)["socket"] == "/run/x.sock"
    assert plan.member_unit(values())["urgent"] and plan.manager_unit(values())["user"] == "mha"

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that read a host: unit_info, vrrp_info, host_network_info, mysql_host_info, drill_timers; and ipvs_kernel."""

import builtins
import json
import os

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host import network_run
from ansible_collections.failover.stack.plugins.module_utils._host import unit_age as stale
from ansible_collections.failover.stack.plugins.modules import (
    drill_timers,
    host_network_info,
    ipvs_kernel,
    mysql_host_info,
    unit_info,
    vrrp_info,
)

SHOWN = "Id=%s\nLoadState=loaded\nActiveState=%s\nUnitFileState=enabled\nNeedDaemonReload=no\nExecMainStartTimestampMonotonic=1000000"


@pytest.fixture
def systemd(commands):
    commands.answers["systemctl show --property=Id"] = lambda command: (0, "\n\n".join(
        SHOWN % (name, "inactive" if name.startswith("off") else "active") for name in command.split(" -- ")[1].split()), "")
    return commands


# unit_info

@pytest.mark.parametrize("name, age, result", [
    ("on.service", 4e9, (["on.service"], [])), ("on.service", 1, ([], [])), ("off.service", 4e9, ([], ["off.service"]))])
def test_a_unit_that_is_older_than_its_files(systemd, play, tmp_path, name, age, result):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/a.cnf").touch()
    for path in (tmp_path / "conf.d/a.cnf", tmp_path / "conf.d"):
        os.utime(path, (age, age))
    found = play(unit_info, {"units": [{"name": name, "paths": [str(tmp_path / "conf.d"), str(tmp_path / "nowhere")]}]})
    assert (found["changed"], found["stale"], found["inactive"]) == (False, *result)


def test_no_units_ask_nobody(systemd, play):
    assert play(unit_info, {"units": []}) == {"changed": False, "stale": [], "inactive": []} and systemd.ran == []


def test_a_systemd_that_leaves_units_out_is_asked_again_and_then_said(systemd, play, refused, monkeypatch):
    slept = []
    monkeypatch.setattr(stale.time, "sleep", slept.append)
    whole, systemd.answers["systemctl show --property=Id"] = systemd.answers["systemctl show --property=Id"], ""
    units = {"units": [{"name": "on.service", "paths": []}]}
    assert refused(unit_info, units) == (
        "systemctl show told of 0 units when asked about on.service: look at the state of systemd on this host.")
    systemd.answers["systemctl show --property=Id"] = lambda command: whole(command) if len(systemd.ran) > 7 else (0, "", "")
    assert play(unit_info, units)["stale"] == [] and len(slept) == 5 + 2


# vrrp_info

@pytest.fixture
def keepalived(commands, tmp_path):
    (tmp_path / "web").write_text("MASTER\n")
    commands.answers.update({"systemctl is-active": "", "ip -json address show": json.dumps([
        {"ifname": "lo", "addr_info": [{"local": "127.0.0.1"}]}, {"ifname": "eth0", "addr_info": [{"local": "198.51.100.100"}, {}]}])})
    commands.arguments = {"instances": ["web"], "addresses": ["198.51.100.100/24", "198.51.100.101"], "states": str(tmp_path)}
    return commands


def test_a_master_that_has_its_address(keepalived, play):
    result = play(vrrp_info, keepalived.arguments)
    assert (result["healthy"], result["states"], result["held"], result["changed"]) == (
        True, {"web": "MASTER"}, ["198.51.100.100/24"], False)


def test_an_instance_without_a_state_and_a_keepalived_that_is_down(keepalived, play):
    result = play(vrrp_info, dict(keepalived.arguments, instances=["web", "db"]))
    assert (result["healthy"], result["msg"]) == (False, "VRRP instance db is in state unknown: read journalctl -u keepalived.")
    keepalived.answers["systemctl is-active"] = (3, "", "")
    assert play(vrrp_info, keepalived.arguments)["msg"] == "keepalived does not run on this host: read journalctl -u keepalived."


# host_network_info

LINKS = [{"ifname": "eth0", "flags": ["UP", "LOWER_UP"], "operstate": "UP", "addr_info": [
    {"local": "198.51.100.31", "prefixlen": 24, "family": "inet"}]}]
WANTED = {"addresses": [{"address": "198.51.100.31", "interface": "eth0"}]}


@pytest.fixture
def net(commands):
    commands.answers["ip -j address show"] = json.dumps(LINKS)
    return commands


def test_a_network_that_has_all_lacks_nothing(net, play):
    assert play(host_network_info, dict(WANTED, links=["eth0"])) == {"changed": False, "missing": []}


def test_what_is_missing_is_a_result_or_a_refusal(net, play, refused):
    more = {"addresses": [{"address": "198.51.100.100", "interface": "lo"}]}
    (clause,) = play(host_network_info, more)["missing"]
    assert clause == "198.51.100.100 is not on lo"
    assert refused(host_network_info, dict(more, required=True)) == (
        "db2: 198.51.100.100 is not on lo: apply the role again and look at the log of its units.")


def test_what_comes_late_is_waited_for(net, play, clock):
    now = clock(host_network_info)
    net.answers["ip -j address show"] = "[]"
    now.later[2] = lambda: net.answers.update({"ip -j address show": json.dumps(LINKS)})
    assert play(host_network_info, dict(WANTED, wait=5))["missing"] == [] and now.now - 1000 == 2


def test_a_program_that_refuses_or_is_not_there_counts_as_missing(net, play, monkeypatch):
    net.answers["ip -j address show"] = (1, "", "no")
    assert len(play(host_network_info, WANTED)["missing"]) == 1
    monkeypatch.setattr(AnsibleModule, "get_bin_path", lambda self, name, *more, **others: None)
    assert len(play(host_network_info, WANTED)["missing"]) == 1


def test_routes_are_asked_for_by_family(net, play):
    net.answers.update({"ip -j -4 route show": json.dumps([{"dst": "default", "gateway": "198.51.100.1", "dev": "eth0"}]),
                        "ip -j -6 route show": "[]"})
    result = play(host_network_info, {"routes": [{"network": "default", "gateway": "198.51.100.1"},
                                                 {"network": "default", "gateway": "2001:db8::1"}]})
    assert len(result["missing"]) == 1 and "2001:db8::1" in result["missing"][0]


@pytest.mark.parametrize("legacy", [False, True])
def test_a_chain_may_be_in_either_of_netfilters_interfaces(net, play, monkeypatch, tmp_path, legacy):
    (tmp_path / "names").touch()
    monkeypatch.setattr(network_run, "LEGACY", str(tmp_path / ("names" if legacy else "none")))
    net.answers.update({"iptables -t mangle": "-P PREROUTING ACCEPT\n",
                        "iptables-legacy -t mangle": "-N MARK\n-A PREROUTING -j MARK\n-A MARK -p tcp -j ACCEPT\n"})
    chain = {"table": "mangle", "chain": "MARK", "from": "PREROUTING", "rules": ["-p tcp -j ACCEPT"]}
    assert bool(play(host_network_info, {"chains": [chain]})["missing"]) is not legacy


def test_an_interface_with_a_dot_is_no_further_level(monkeypatch):
    asked = []
    monkeypatch.setattr(network_run, "text_of", asked.append)
    network_run.sysctl("net.ipv4.conf.eth0/100.rp_filter")
    assert asked == ["/proc/sys/net/ipv4/conf/eth0.100/rp_filter"]


# mysql_host_info

PRINTED = "mariadbd would have been started with the following arguments:\n"


def test_databases_of_the_directory_before_are_known_without_a_server(commands, play, tmp_path):
    for name in ("old/mysql", "old/shop", "old/#innodb_temp", "old/lost+found", "new/lost+found"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "old/ibdata1").touch()
    (tmp_path / "site.cnf").write_text("[mariadb]\ndatadir = %s/old\n" % tmp_path)
    commands.answers.update({"dpkg-query": "installed mariadb-server \nnot-installed zstd \n", "mariadbd --print-defaults": PRINTED})
    asked = {"config": str(tmp_path / "site.cnf"), "datadir": str(tmp_path / "new"), "packages": ["mariadb-server", "zstd"]}
    result = play(mysql_host_info, asked)
    assert (result["changed"], result["datadir_before"], result["databases_before"]) == (False, str(tmp_path / "old"), ["shop"])
    assert (result["initialised"], result["empty"], result["databases"], result["missing_packages"]) == (False, True, [], ["zstd"])
    assert result["memory_mb"] > 100
    result = play(mysql_host_info, dict(asked, datadir=str(tmp_path / "old"), config=str(tmp_path / "none"), packages=[]))
    assert (result["initialised"], result["empty"], result["databases"], result["datadir_before"]) == (
        True, False, ["shop"], "/var/lib/mysql")


@pytest.fixture
def server_there(commands, tmp_path):
    """A server of the distribution with its data, a database and a binary log where its own option files say."""
    for name in ("data/mysql", "data/shop", "new"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("mysql-bin.index", "mysql-bin.000001", "db1-relay-bin.index"):
        (tmp_path / "data" / name).touch()
    commands.answers.update({
        "mariadbd --print-defaults": PRINTED + "--datadir=%s/data --log-bin=mysql-bin --socket=%s/sock " % (tmp_path, tmp_path),
        "mariadb --batch": "datadir\t%s/data/\nlog_bin_basename\t%s/data/mysql-bin\nlog_bin_index\t%s/data/mysql-bin.index\n" % (
            (tmp_path,) * 3)})
    return {"config": str(tmp_path / "none"), "datadir": str(tmp_path / "new"), "socket": str(tmp_path / "other")}


@pytest.mark.parametrize("runs", [True, False])
def test_data_and_logs_of_a_server_that_is_there_are_found_running_or_not(server_there, play, commands, tmp_path, runs):
    if runs:
        (tmp_path / "sock").touch()
    found = play(mysql_host_info, server_there)
    assert (found["running"], found["datadir_before"], found["datadir_differs"]) == (runs, str(tmp_path / "data"), True)
    assert (found["databases_before"], found["empty"]) == (["shop"], True)
    base = str(tmp_path / "data/mysql-bin")
    assert found["log_bin_before"] == {"base": base, "index": base + ".index", "elsewhere": False}
    assert found["relay_log_before"]["base"] == str(tmp_path / "data/db1-relay-bin")
    assert len(commands.began("mariadb --batch")) == runs


def test_a_log_in_another_directory_than_is_asked_for_is_elsewhere(server_there, play, tmp_path):
    assert play(mysql_host_info, dict(server_there, binlog_directory="/srv/binlog"))["log_bin_before"]["elsewhere"] is True
    assert play(mysql_host_info, dict(server_there, binlog_directory=str(tmp_path / "data")))["log_bin_before"]["elsewhere"] is False


def test_a_link_is_the_directory_that_it_leads_to(server_there, play, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "data")
    found = play(mysql_host_info, dict(server_there, datadir=str(tmp_path / "link")))
    assert (found["datadir_differs"], found["datadir_real"], found["databases"]) == (False, str(tmp_path / "data"), ["shop"])


def test_a_server_whose_logs_have_the_hosts_name(server_there, play, commands, tmp_path):
    commands.answers["mariadbd --print-defaults"] = PRINTED + "--datadir=%s/data --log-bin " % tmp_path
    assert play(mysql_host_info, server_there)["log_bin_before"]["base"] == str(tmp_path / "data/mysql-bin")
    # Of two nobody knows which.
    (tmp_path / "data/db1-bin.index").touch()
    assert play(mysql_host_info, server_there)["log_bin_before"] == {}


def test_option_files_that_the_server_does_not_read_are_told_in_its_words(server_there, refused, commands):
    commands.answers["mariadbd --print-defaults"] = (1, "", "Could not open required defaults file\n")
    assert refused(mysql_host_info, server_there) == (
        "mariadbd --print-defaults failed, so where the server has its data is unknown: Could not open required defaults file")


def test_whose_agent_leads(server_there, play, monkeypatch, tmp_path):
    monkeypatch.setattr(mysql_host_info, "MMM_PROCESS", str(tmp_path / "mmm_agentd.pid"))
    assert play(mysql_host_info, server_there)["leads"] == ""
    (tmp_path / "mmm_agentd.pid").write_text("self", encoding="utf-8")
    assert play(mysql_host_info, server_there)["leads"] == "mmm"
    monkeypatch.setattr(mysql_host_info, "agent_runs", lambda: True)
    assert play(mysql_host_info, server_there)["leads"] == "mysql-writer"


# drill_timers

def test_timers_of_what_is_there(commands, play, tmp_path):
    (tmp_path / "keepalived.conf").write_text("vrrp_instance web {\n  advert_int 0.2\n  priority 100\n}\n")
    commands.answers.update({"systemctl show --property=LoadState,Restart,RestartUSec haproxy.service":
                             "LoadState=loaded\nRestart=always\nRestartUSec=1min 1.5s\n",
                             "systemctl show --property=LoadState,Restart,RestartUSec none.service": "LoadState=not-found\n"})
    found = play(drill_timers, {"keepalived": str(tmp_path / "keepalived.conf"), "haproxy": str(tmp_path / "none"),
                                "units": ["haproxy.service", "none.service"]})
    assert not found["changed"] and "haproxy" not in found["timers"] and "keepalived" in found["timers"]
    assert found["timers"]["units"] == {"haproxy.service": {"restart": "always", "restart_ms": 61500.0}}


@pytest.mark.parametrize("text, value", [
    ("100ms", 100), ("1.5s", 1500), ("2min 3s", 123000), ("infinity", None), (None, 0), ("500us", 0.5)])
def test_systemds_times(text, value):
    assert drill_timers.milliseconds(text) == value


# ipvs_kernel

@pytest.fixture
def kernel(commands, monkeypatch, tmp_path):
    """A kernel whose modules can be loaded: .loaded in /proc/modules."""
    commands.loaded, commands.family, real = ["ip_vs"], True, builtins.open

    def proc(path, *more, **others):
        if path == "/proc/modules":
            place = tmp_path / "modules"
            place.write_text("".join("%s 1 0 - Live 0x0\n" % name for name in commands.loaded))
            return real(place, *more, **others)
        if str(path).endswith("modules.builtin"):
            raise FileNotFoundError(path)
        return real(path, *more, **others)

    monkeypatch.setattr(ipvs_kernel, "open", proc, raising=False)
    monkeypatch.setattr(ipvs_kernel, "LISTED", str(tmp_path / "none"))
    monkeypatch.setattr(ipvs_kernel.os.path, "isdir", lambda path: True)
    monkeypatch.setattr(ipvs_kernel, "has_family", lambda: commands.family)
    monkeypatch.setattr(ipvs_kernel.platform, "release", lambda: "6.1.0")
    commands.answers["modprobe -a"] = lambda command: (0, commands.loaded.extend(command.split()[2:]) or "", "")
    return commands


def test_modules_that_are_missing_are_loaded_once(kernel, play):
    assert play(ipvs_kernel, {"schedulers": ["wrr"]}) == {"changed": True, "loaded": ["ip_vs_wrr"]}
    assert kernel.ran == ["modprobe -a ip_vs_wrr"]
    assert play(ipvs_kernel, {"schedulers": ["wrr"]}) == {"changed": False, "loaded": []}


def test_check_mode_only_asks_whether_they_could_be(kernel, play):
    kernel.answers["modprobe -n -a"] = ""
    assert play(ipvs_kernel, {"schedulers": ["wrr"]}, check=True) == {"changed": True, "loaded": ["ip_vs_wrr"]}
    assert kernel.loaded == ["ip_vs"]


def test_a_kernel_without_ipvs_is_said(kernel, refused):
    kernel.loaded, kernel.family, kernel.answers["modprobe -a"] = [], False, (1, "", "not found")
    assert refused(ipvs_kernel) == (
        "db2: the running kernel 6.1.0 cannot do IPVS, neither built in nor by a module (ip_vs): boot one that has CONFIG_IP_VS, or, if "
        "this is a container, load ip_vs on its host; nothing was changed.")


def test_a_scheduler_that_the_kernel_lacks_is_said(kernel, refused):
    kernel.answers["modprobe -a"] = (1, "", "modprobe: FATAL: Module ip_vs_odd not found\n")
    assert refused(ipvs_kernel, {"schedulers": ["odd"]}) == (
        "db2: the running kernel 6.1.0 has IPVS, but not all of the modules ip_vs_odd (modprobe: FATAL: Module ip_vs_odd not found): "
        "choose other schedulers.")

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ipvsadm and ipvsadm_info as tasks, with an ipvsadm that keeps one service; how tables differ is tested in _ipvs/test_ipvsadm.py."""

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.modules import ipvsadm, ipvsadm_info

SERVICE = {"address": "198.51.100.100", "port": 80, "scheduler": "wrr", "servers": [{"address": "198.51.100.21", "port": 80, "weight": 2}]}
SAVED = "-A -t 198.51.100.100:80 -s wrr\n-a -t 198.51.100.100:80 -r 198.51.100.21:80 -g -w 2\n"


class Tool:
    """What ipvsadm prints, what it was given; one service or none."""

    def __init__(self):
        self.table, self.given, self.error, self.active = "", [], "", 0

    def run(self, arguments, text):
        if self.error:
            return 255, "", self.error
        if arguments == ["-R"]:
            self.given += text.splitlines()
            self.table = SAVED
            return 0, "", ""
        if arguments == ["-Sn"]:
            return 0, self.table, ""
        if arguments == ["--version"]:
            return 0, "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n", ""
        if arguments[:2] == ["-Ln", "--timeout"]:
            return 0, "Timeout (tcp tcpfin udp): 900 120 300\n", ""
        if arguments[:2] == ["-Ln", "--daemon"]:
            return 0, "", ""
        if not self.table:
            return 0, "", ""
        return 0, "TCP  198.51.100.100:80 wrr\n  -> 198.51.100.21:80             0          0          %d          0\n" % self.active, ""


@pytest.fixture
def tool(monkeypatch, clock):
    made = Tool()
    made.path, made.clock = "/usr/sbin/ipvsadm", clock(ipvsadm)
    monkeypatch.setattr(AnsibleModule, "get_bin_path", lambda self, name, *more, **others: made.path)
    monkeypatch.setattr(ipvsadm, "owners", lambda *_arguments: [])
    for module in (ipvsadm, ipvsadm_info):
        monkeypatch.setattr(module, "starter", lambda path: made.run)
    return made


def test_a_service_is_made_in_one_batch_and_once(tool, play):
    result = play(ipvsadm, {"services": [SERVICE]}, diff=True)
    assert result["changed"] and result["commands"] == tool.given and result["commands"][0].startswith("-A -t 198.51.100.100:80 -s wrr")
    assert result["diff"]["before"] != result["diff"]["after"]
    again = play(ipvsadm, {"services": [SERVICE]}, diff=True)
    assert (again["changed"], again["commands"]) == (False, []) and len(tool.given) == 2
    assert again["diff"]["before"] == again["diff"]["after"]


def test_check_mode_gives_nothing_to_the_kernel(tool, play):
    said = play(ipvsadm, {"services": [SERVICE]}, check=True)
    assert said["changed"] and tool.given == []
    assert play(ipvsadm, {"services": [SERVICE]})["commands"] == said["commands"]


def test_without_the_tool_check_mode_works_and_a_run_is_refused(tool, play, refused):
    tool.path = None
    assert play(ipvsadm, {"services": [SERVICE]}, check=True)["changed"]
    assert refused(ipvsadm, {"services": [SERVICE]}) == "db2: there is no ipvsadm here: install the package ipvsadm, then run again."


def test_weights_stand_alone(tool, refused):
    assert refused(ipvsadm, {"services": [SERVICE], "weights": [{"server": "198.51.100.21", "weight": 0}]}) == (
        "db2: weights stands beside services or purge: weights changes what is there, services describes what shall be; use one task for "
        "each.")
    assert tool.given == []


def test_mistakes_are_said_all_at_once_before_anything(tool, play):
    wrong = [dict(SERVICE, scheduler="best"), dict(SERVICE, port=81, servers=[{"address": "198.51.100.21", "port": "x"}])]
    result = play(ipvsadm, {"services": wrong}, fails=True)
    assert [problem.split(",")[0] for problem in result["problems"]] == [
        "db2: services[0] has scheduler 'best'", "db2: services[1] (198.51.100.100:81/tcp) servers[0] has port 'x'"] and tool.given == []


def test_a_server_that_is_drained_is_waited_for(tool, play, refused):
    tool.table, tool.active = SAVED.replace("-w 2", "-w 0"), 3
    drained = dict(SERVICE, servers=[dict(SERVICE["servers"][0], weight=0)])
    tool.clock.later[4] = lambda: setattr(tool, "active", 0)
    result = play(ipvsadm, {"services": [drained], "wait_for_drain": 9})
    assert [(one["drained"], one["active_connections"]) for one in result["drained"]] == [(True, 0)] and not result["changed"]
    tool.active = 3
    result = play(ipvsadm, {"services": [drained], "wait_for_drain": 9, "drain_strict": True}, fails=True)
    assert result["msg"].startswith("db2: 1 servers still have connections after 9 s (first: ") and result["msg"].endswith(
        "has 3): wait longer, or end them.")


# ipvsadm_info

def test_info_tells_all_and_changes_nothing(tool, play):
    tool.table = SAVED
    result = play(ipvsadm_info, {"gather": ["version", "table", "connections", "timeouts", "daemons"]})
    assert (result["changed"], result["installed"], result["kernel"], result["problem"]) == (False, True, True, "")
    assert result["version"] == "1.31"
    assert result["services"][0]["servers"][0]["weight"] == 2 and result["timeouts"] == {"tcp": 900, "tcpfin": 120, "udp": 300}
    assert tool.given == [] and result["sync_daemons"] == []


@pytest.mark.parametrize("path, error, installed, problem", [
    (None, "", False, "db2: there is no ipvsadm here: install the package ipvsadm."),
    ("/usr/sbin/ipvsadm", "Can't initialize ipvs: Protocol not available\n", True,
     "db2: this kernel has no IPVS (ipvsadm says: Protocol not available): load module ip_vs or use a kernel that has it."),
])
def test_where_there_is_nothing_to_read_it_says_why_with_the_same_keys(tool, play, path, error, installed, problem):
    tool.path, tool.error = path, error
    result = play(ipvsadm_info)
    assert result == {"changed": False, "installed": installed, "kernel": False, "problem": problem, "services": [], "timeouts": {},
                      "sync_daemons": []}


def test_no_permission_is_a_failure_not_an_empty_table(tool, refused):
    tool.error = "Can't initialize ipvs: Permission denied (you must be root)\n"
    assert refused(ipvsadm_info) == ("db2: ipvsadm may not see the kernel's IPVS table (Permission denied (you must be root)): run as "
                                     "root, with CAP_NET_ADMIN.")

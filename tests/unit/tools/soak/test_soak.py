from __future__ import annotations

import random
import subprocess

import faults
import pytest
import soak

MEMBERS = ("db1", "db2", "db3")
GROUPS = {"database": list(MEMBERS), "web": ["web1", "web2"], "director": ["lb1", "lb2"]}


class Lab(faults.Lab):
    """lb1 and lb2 have kernels of their own; nothing is started, and web2 cannot be entered."""

    def __init__(self, groups):
        super().__init__("failover-lab-", groups, ["ssh", "root@{host}"], {"lb1": "198.18.0.11"})
        self.entered = []

    def run(self, *command):
        self.entered.append(command)
        if "failover-lab-web2" in command and "sh" in command:
            raise subprocess.CalledProcessError(1, "docker")
        return "linux\n" if any("-lb" in word for word in command) else "systemd\n"


def statuses(**more):
    sync = {"db2": {"whole": True}, "db3": {"whole": True}}
    found = {name: {"at": 100.0, "lease": name == "db1", "view": {"writer": "db1", "sync": sync}} for name in MEMBERS}
    found.update(more)
    return found


def test_the_writer_is_who_holds_the_lease_when_all_have_everything():
    assert soak.writer(MEMBERS, statuses(), 101.0) == "db1"


@pytest.mark.parametrize("more", [
    {"db2": {}}, {"db2": {"at": 90.0, "view": {"writer": "db1"}}}, {"db3": {"at": 100.0, "view": {"writer": "db2"}}},
    {"db1": {"at": 100.0, "lease": False, "view": {"writer": "db1", "sync": {}}}},
    {"db1": {"at": 100.0, "lease": True, "view": {"writer": "db1", "sync": {"db2": {"whole": True}, "db3": {"whole": False}}}}}])
def test_nobody_before_that(more):
    assert soak.writer(MEMBERS, statuses(**more), 101.0) is None


def test_a_seed_repeats_its_faults_and_all_tiers_have_their_turn():
    lab = Lab({**GROUPS, "web": ["web1"]})

    def some(seed):
        dice = random.Random(seed)
        return [soak.chosen(dice, lab, "db2") for unused in range(300)]

    assert some(1) == some(1) != some(2)
    single = [found for found in some(1) if len(found) == 1]
    assert 200 < len(single) < 280
    assert {tier for found in some(1) for tier, _what, _host in found} == set(lab.groups)
    assert all(first[0] != second[0] for first, second in (found for found in some(1) if len(found) == 2))
    hit = [host for ((tier, _what, host),) in single if tier == "database"]
    assert 0.3 < hit.count("db2") / len(hit) < 0.7


def test_two_at_once_in_the_only_tier():
    lab = Lab({"database": list(MEMBERS)})
    assert {len(soak.chosen(random.Random(seed), lab, "db1")) for seed in range(40)} == {1, 2}


def test_a_machine_with_a_kernel_of_its_own_is_entered_by_ssh():
    lab = Lab(GROUPS)
    faults.FAULTS["director"]["keepalived killed"](lab, "lb1")
    faults.FAULTS["web"]["httpd killed"](lab, "web1")
    assert [command for command in lab.entered if command[-1] != "/proc/1/comm"] == [
        ("ssh", "root@198.18.0.11", "systemctl kill --signal=KILL keepalived"),
        ("docker", "exec", "failover-lab-web1", "sh", "-c", "systemctl kill --signal=KILL apache2")]


def test_what_could_not_be_done_is_told():
    lab = Lab(GROUPS)
    done, (said,) = soak.strike(lab, [("web", "httpd killed", "web1"), ("web", "httpd killed", "web2")])
    assert done == [("web", "httpd killed", "web1")]
    assert said.startswith("httpd killed at web2: ")
    assert any(command[-1] == "systemctl kill --signal=KILL apache2" and "failover-lab-web1" in command for command in lab.entered)


def test_who_is_not_well_is_waited_for(monkeypatch):
    monkeypatch.setattr(soak, "LEVEL_S", 2)
    lab = Lab({"web": ["web1"]})
    assert soak.Steady(lab, ["true"]).wait() == "" and soak.Steady(lab, []).wait() == ""
    never = soak.Steady(lab, ["sh", "-c", "echo web1 is away; exit 2"])
    assert never.wait() is None and never.said == "web1 is away\n"

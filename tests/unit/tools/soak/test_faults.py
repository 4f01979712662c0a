# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a soak breaks is mended again, in that order, on the machine that it was broken on."""

from __future__ import annotations

import subprocess
import types

import faults
import pytest

GROUPS = {"database": ["db1", "db2"], "director": ["lb1"]}


class Lab(faults.Lab):
    """Its machines, whose commands and faults are noted in their order; time passes only when somebody sleeps."""

    def __init__(self):
        super().__init__("lab-", GROUPS, ["ssh", "root@{host}"], {"lb1": "198.18.0.11"})
        self.did = []

    def run(self, *command):
        if command[-2:] == ("cat", "/proc/1/comm"):
            self.did.append("who is " + command[2])
            return "linux.uml\n" if command[2] == "lab-lb1" else "systemd\n"
        self.did.append(" ".join(command))
        return "2: eth0    inet 198.18.0.32/24 brd 198.18.0.255 scope global eth0\n"

    def machine(self, host):
        return types.SimpleNamespace(name=host)


@pytest.fixture
def lab(monkeypatch):
    made = Lab()
    monkeypatch.setattr(faults.time, "sleep", lambda seconds: made.did.append("%s s" % seconds))
    monkeypatch.setattr(faults, "together", lambda machines, what: made.did.append(
        "%s %s" % (what, ", ".join(one.name for one in machines))))
    return made


@pytest.mark.parametrize("tier, fault, host, did", [
    ("database", "server killed", "db1", ["docker exec lab-db1 sh -c systemctl kill --signal=KILL mariadb"]),
    ("database", "server frozen", "db1", [
        "docker exec lab-db1 sh -c systemctl kill --signal=STOP mariadb", "5 s",
        "docker exec lab-db1 sh -c systemctl kill --signal=CONT mariadb || true"]),
    # Its own watchdog ends it.
    ("database", "agent frozen", "db1", ["docker exec lab-db1 sh -c systemctl kill --signal=STOP mysql-writer"]),
    ("database", "etcd stopped", "db1", [
        "docker exec lab-db1 sh -c systemctl stop etcd", "5 s", "docker exec lab-db1 sh -c systemctl start etcd"]),
    ("database", "cut off from one", "db1", [
        "docker exec lab-db2 sh -c ip -4 -oneline address show eth0",
        "docker exec lab-db1 sh -c ip route add blackhole 198.18.0.32; sleep 6; ip route del blackhole 198.18.0.32"]),
    ("director", "keepalived killed", "lb1", ["ssh root@198.18.0.11 systemctl kill --signal=KILL keepalived"]),
    ("web", "machine dead", "db1", ["kill db1", "6 s", "start db1"]),
    ("web", "machine frozen", "db1", ["pause db1", "6 s", "unpause db1"]),
    ("rabbitmq", "machine cut off", "db1", ["cut db1", "20 s", "uncut db1"]),
    ("rabbitmq", "machine frozen", "db1", ["pause db1", "30 s", "unpause db1"]),
])
def test_what_is_broken_is_mended(lab, tier, fault, host, did):
    faults.FAULTS[tier][fault](lab, host)
    assert [one for one in lab.did if not one.startswith("who is")] == did


@pytest.mark.parametrize("tier, fault", [(tier, fault) for tier in sorted(faults.FAULTS) for fault in sorted(faults.FAULTS[tier])])
def test_every_fault_ends_with_the_machine_as_it_was(lab, tier, fault):
    lab.groups = dict(lab.groups, **{tier: ["db1", "db2"]})
    faults.FAULTS[tier][fault](lab, "db1")
    last = [one for one in lab.did if not one.startswith("who is")][-1]
    kept = ("agent frozen", "killed")
    assert last.startswith(("start ", "unpause ", "uncut ")) or "CONT" in last or " start " in last or "route del" in last or any(
        word in fault for word in kept), last


def test_how_a_machine_is_entered_is_asked_once(lab):
    lab.inside("lb1", "true")
    lab.inside("lb1", "true")
    lab.inside("db1", "true")
    assert lab.did == ["who is lab-lb1", "ssh root@198.18.0.11 true", "ssh root@198.18.0.11 true", "who is lab-db1",
                       "docker exec lab-db1 sh -c true"]


def test_a_command_that_fails_is_no_answer(monkeypatch):
    asked = []

    def run(command, **more):
        asked.append((command, more))
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(faults.subprocess, "run", run)
    lab = faults.Lab("lab-", GROUPS, [], {})
    with pytest.raises(subprocess.CalledProcessError):
        lab.inside("db1", "true")
    assert asked[0][0] == ("docker", "exec", "lab-db1", "cat", "/proc/1/comm") and asked[0][1]["check"] and asked[0][1]["timeout"] == 120

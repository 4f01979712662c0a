# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""drill_unit, drill_disk and drill_machine: what is broken, what is told of it, and that check mode breaks nothing."""


import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.faults.disk import DiskError
from ansible_collections.failover.stack.plugins.module_utils._drill.faults.machine import MachineError
from ansible_collections.failover.stack.plugins.modules import drill_disk, drill_machine, drill_unit

# drill_unit


@pytest.fixture
def unit(commands, tmp_path, monkeypatch):
    commands.state, commands.known = "active", "loaded"
    monkeypatch.setattr(drill_unit, "DROP_IN", str(tmp_path / "%s.d" / "zz.conf"))
    commands.answers.update({
        "systemctl show": lambda _command: (0, "ActiveState=%s\nLoadState=%s\nRestart=always\nRestartUSec=100ms\n" % (
            commands.state, commands.known), ""),
        "systemctl kill": "", "systemctl stop": "", "systemctl start": "", "systemctl daemon-reload": "", "systemctl reset-failed": ""})
    commands.drop_in = tmp_path / "app.service.d/zz.conf"
    commands.acts = lambda: [command for command in commands.ran if " show " not in command]
    return commands


def test_a_unit_that_is_killed_and_stays_dead_is_started_again_as_it_was(unit, play):
    result = play(drill_unit, {"unit": "app.service", "act": "kill", "stay_dead": True})
    assert result["changed"] and result["timers"] == {"Restart": "always", "RestartUSec": "100ms"} and result["at"] <= result["done"]
    assert unit.drop_in.read_text() == "[Service]\nRestart=no\n"
    assert unit.acts() == ["systemctl daemon-reload", "systemctl kill --signal=KILL --kill-whom=all app.service"]
    unit.ran.clear()
    unit.state = "failed"
    assert play(drill_unit, {"unit": "app.service", "act": "start"})["changed"] and not unit.drop_in.exists()
    assert unit.acts() == ["systemctl daemon-reload", "systemctl reset-failed app.service", "systemctl start app.service"]
    unit.state = "active"
    assert not play(drill_unit, {"unit": "app.service", "act": "start"})["changed"]


def test_a_unit_that_runs_but_may_not_restart_is_healed(unit, play):
    """A drill that was broken off after the unit had been started by hand."""
    unit.drop_in.parent.mkdir()
    unit.drop_in.touch()
    assert play(drill_unit, {"unit": "app.service", "act": "start"})["changed"] and unit.acts() == ["systemctl daemon-reload"]


@pytest.mark.parametrize("act, state", [("kill", "active"), ("stop", "active"), ("start", "inactive")])
def test_check_mode_breaks_no_unit(unit, play, act, state):
    unit.state = state
    assert play(drill_unit, {"unit": "app.service", "act": act, "stay_dead": True}, check=True)["changed"]
    assert unit.acts() == [] and not unit.drop_in.exists()


def test_what_is_stopped_is_not_stopped_again(unit, play):
    unit.state = "inactive"
    assert not play(drill_unit, {"unit": "app.service", "act": "stop"})["changed"] and unit.acts() == []


def test_nothing_to_kill_is_no_drill(unit, refused):
    unit.state = "inactive"
    assert refused(drill_unit, {"unit": "app.service", "act": "kill"}) == "unit 'app.service' is inactive: there is nothing to kill"
    unit.known = "not-found"
    assert refused(drill_unit, {"unit": "app.service", "act": "stop"}) == (
        "there is no unit 'app.service' on this host: correct the drill's unit")


def test_the_moment_is_waited_for_but_not_one_that_is_far_or_over(unit, play, clock):
    now = clock(drill_unit)
    for away, waits in ((3, 3), (-5, 0), (600, 0)):
        began = now.now
        result = play(drill_unit, {"unit": "app.service", "act": "kill", "moment": now.time() + away})
        assert now.now - began == pytest.approx(waits, abs=0.01) and result["at"] == pytest.approx(now.time())


@pytest.mark.parametrize("act, state, acts", [
    # What systemd is about to start again is dead all the same, and may be dead before we are.
    ("start", "activating", ["systemctl start app.service"]), ("start", "deactivating", ["systemctl start app.service"]),
    ("start", "reloading", []), ("kill", "reloading", ["systemctl kill --signal=KILL --kill-whom=all app.service"]),
    ("stop", "failed", ["systemctl stop app.service"]), ("stop", "activating", ["systemctl stop app.service"])])
def test_a_unit_between_two_states(unit, play, act, state, acts):
    unit.state = state
    assert play(drill_unit, {"unit": "app.service", "act": act})["changed"] is bool(acts) and unit.acts() == acts


@pytest.mark.parametrize("state", ["activating", "deactivating", "failed", "inactive"])
def test_what_does_not_run_cannot_be_killed_and_may_restart_as_before(unit, refused, state):
    unit.state = state
    assert refused(drill_unit, {"unit": "app.service", "act": "kill", "stay_dead": True}) == (
        "unit 'app.service' is %s: there is nothing to kill" % state)
    assert not unit.drop_in.exists() and unit.acts() == []


def test_a_unit_is_kept_from_restarting_before_it_is_killed_and_once(unit, play):
    for _time in range(2):
        play(drill_unit, {"unit": "app.service", "act": "stop", "stay_dead": True})
    # The other way round systemd would be faster.
    assert unit.acts() == ["systemctl daemon-reload", "systemctl stop app.service", "systemctl stop app.service"]


# drill_disk

class Disk:
    """What was asked of it; whether there was something to free and to restore."""

    freed = restored = False
    fails = None

    def __init__(self, path, run, most_mb):
        self.path = path

    def __getattr__(self, name):
        def act(*arguments):
            if self.fails:
                raise self.fails  # pylint: disable=raising-bad-type
            Disk.did.append((name, *arguments))
            return {"free": self.freed, "restore": self.restored, "shrink": True}.get(name)

        return act


@pytest.fixture
def disk(monkeypatch):
    monkeypatch.setattr(drill_disk, "Disk", Disk)
    for name, value in (("did", []), ("freed", False), ("restored", False), ("fails", None)):
        monkeypatch.setattr(Disk, name, value, raising=False)
    return Disk


FULL = {"path": "/var/lib/mysql", "unit": "mariadb.service"}


@pytest.mark.parametrize("act, did", [
    ("shrink", [("shrink", 64, "mariadb.service")]), ("fill", [("fill",)]), ("free", [("free",)]),
    ("restore", [("restore", "mariadb.service")]), ("heal", [("free",), ("restore", "mariadb.service")])])
def test_each_act_of_a_disk_does_its_own(disk, play, act, did):
    result = play(drill_disk, dict(FULL, act=act))
    assert disk.did == did and result["changed"] is (act in ("shrink", "fill")) and result["at"] <= result["done"]


@pytest.mark.parametrize("freed, restored", [(True, False), (False, True), (True, True)])
def test_healing_a_disk_does_both_and_says_whether_there_was_anything(disk, play, freed, restored):
    disk.freed, disk.restored = freed, restored
    assert play(drill_disk, dict(FULL, act="heal"))["changed"] and len(disk.did) == 2


def test_check_mode_leaves_the_disk_alone(disk, play):
    assert not play(drill_disk, dict(FULL, act="fill"), check=True)["changed"] and disk.did == []


@pytest.mark.parametrize("error", [DiskError("it has no file system of its own"), OSError(28, "No space left on device")])
def test_what_is_wrong_with_a_disk_is_said_with_its_path(disk, refused, error):
    disk.fails = error
    assert refused(drill_disk, dict(FULL, act="fill")) == "fill of /var/lib/mysql: %s" % error


# drill_machine

class Machine:
    def __init__(self, name):
        self.name = name

    @classmethod
    def open(cls, name):
        if name == "none":
            raise MachineError("there is no container 'none': make the lab first")
        return cls(name)

    def kill(self):
        return 10.0, 11.0 + len(self.name)

    def heal(self):
        return (["unpause"] if self.name == "frozen" else []), 20.0, 21.0


@pytest.fixture
def lab(monkeypatch):
    monkeypatch.setattr(drill_machine, "DRIVERS", {"docker": Machine})


def test_machines_are_hit_at_once_and_it_is_told_when(lab, play):
    result = play(drill_machine, {"machines": ["a", "bb"], "act": "kill"})
    assert (result["changed"], result["at"], result["done"], result["healed"]) == (True, 10.0, 13.0, {})


def test_healing_tells_what_was_broken_and_is_no_change_where_nothing_was(lab, play):
    result = play(drill_machine, {"machines": ["sound", "frozen"], "act": "heal"})
    assert (result["changed"], result["healed"]) == (True, {"frozen": ["unpause"]})
    assert not play(drill_machine, {"machines": ["sound"], "act": "heal"})["changed"]
    assert not play(drill_machine, {"machines": [], "act": "heal"})["changed"]


@pytest.mark.parametrize("act, changed", [("kill", True), ("heal", False)])
def test_check_mode_asks_no_machine(lab, play, act, changed):
    assert play(drill_machine, {"machines": ["none"], "act": act}, check=True)["changed"] is changed


def test_a_machine_that_is_not_there_is_said_before_any_is_hit(lab, refused, monkeypatch):
    monkeypatch.setattr(Machine, "kill", lambda self: pytest.fail("hit"))
    assert refused(drill_machine, {"machines": ["a", "none"], "act": "kill"}) == "there is no container 'none': make the lab first"


def test_whatever_the_driver_throws_is_one_sentence(lab, refused, monkeypatch):
    def fails(self):
        raise RuntimeError("engine is away")

    monkeypatch.setattr(Machine, "kill", fails)
    assert refused(drill_machine, {"machines": ["a"], "act": "kill"}) == "kill of a failed: engine is away"

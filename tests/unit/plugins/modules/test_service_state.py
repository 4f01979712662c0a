# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module finds and writes on a host by itself. What the action plugin adds to it: tests/unit/plugins/action."""

import builtins
import grp
import os
import pwd

import pytest
from ansible_collections.failover.stack.plugins.modules import service_state

ME = {"owner": pwd.getpwuid(os.getuid())[0], "group": grp.getgrgid(os.getgid())[0]}
STARTED = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled", "NeedDaemonReload": "no",
           "ExecMainStartTimestampMonotonic": "1000000"}


class Host:
    def __init__(self, root, commands, monkeypatch):
        self.root, self.installed, self.units, self.listed, self.sysctls = root, ["haproxy"], {"app.service": dict(STARTED)}, "", {}
        commands.answers.update({
            "dpkg-query": lambda _command: (0, "".join("installed %s \n" % name for name in self.installed), ""),
            "systemctl show": self.show, "systemctl list-units": lambda _command: (0, self.listed, ""),
            "systemctl list-unit-files": (1, "", "")})
        self.commands = commands
        self.arguments = {"files": [dict(ME, path=str(root / "app.cfg"), content="port 80\n")],
                          "units": [{"name": "app.service", "state": "started", "enabled": True, "reads": [str(root / "app.cfg")]}]}
        real = builtins.open

        def proc(path, mode="r", **more):
            if str(path).startswith("/proc/sys/"):
                place = root / str(path)[len("/proc/sys/"):].replace("/", ".")
                return real(place, mode, **more)
            return real(path, mode, **more)

        monkeypatch.setattr(service_state, "open", proc, raising=False)

    def show(self, command):
        names = command.split(" -- ")[1].split()
        return 0, "\n\n".join("\n".join("%s=%s" % pair for pair in self.units.get(name, {"LoadState": "not-found"}).items())
                              for name in names), ""

    def config(self, text="port 80\n", age=10 ** 9):
        (self.root / "app.cfg").write_text(text)
        (self.root / "app.cfg").chmod(0o644)
        os.utime(self.root / "app.cfg", (age, age))


@pytest.fixture
def host(tmp_path, commands, monkeypatch):
    return Host(tmp_path, commands, monkeypatch)


def test_what_is_as_it_shall_be_needs_nothing(host, play):
    host.config()
    result = play(service_state, dict(host.arguments, packages=["haproxy"]))
    assert (result["changed"], result["needs"], result["installed"], result["stale"], result["inactive"]) == (False, [], [], [], [])


def test_without_its_packages_and_users_nothing_is_written(host, play):
    result = play(service_state, dict(host.arguments, packages=["haproxy", "socat"], users=[{"name": "nobody-has-this"}]))
    assert (result["changed"], result["blank"]) == (True, True)
    assert (result["installed"], result["missing_users"]) == (["socat"], ["nobody-has-this"])
    assert not (host.root / "app.cfg").exists() and result["needs"] == []


def test_check_mode_says_all_that_would_come(host, play):
    host.units = {}
    result = play(service_state, dict(host.arguments, packages=["socat"]), check=True)
    assert (result["changed"], result["installed"], result["changed_paths"], result["needs"]) == (
        True, ["socat"], [str(host.root / "app.cfg")], [])
    assert not (host.root / "app.cfg").exists()


def test_a_unit_whose_configuration_was_written_is_stale_and_left_alone_unless_asked(host, play):
    host.config("port 79\n")
    result = play(service_state, host.arguments)
    assert (result["changed_paths"], result["stale"], result["needs"]) == ([str(host.root / "app.cfg")], ["app.service"], [])
    # An interrupted run heals: the file is newer than the process, whoever wrote it.
    host.arguments["units"][0]["when_stale"] = "restarted"
    result = play(service_state, host.arguments)
    assert result["changed_paths"] == [] and result["needs"] == [{"name": "app.service", "no_block": False, "state": "restarted"}]


def test_a_unit_that_does_not_run_is_started_and_enabled(host, play):
    host.config()
    host.units["app.service"].update(ActiveState="inactive", UnitFileState="disabled")
    result = play(service_state, host.arguments)
    assert result["needs"] == [{"name": "app.service", "no_block": False, "enabled": True, "state": "started"}]
    assert result["inactive"] == ["app.service"]


def test_units_of_the_pattern_that_nobody_wants_are_stopped_first(host, play):
    host.config()
    host.units["app.service"]["ActiveState"] = "inactive"
    host.listed = "app@old.service loaded active running Old\napp.service loaded inactive dead App\n"
    needs = play(service_state, dict(host.arguments, stop_others="app*"))["needs"]
    assert [need["name"] for need in needs] == ["app@old.service", "app.service"]
    assert needs[0] == {"name": "app@old.service", "state": "stopped", "enabled": False}


def test_a_list_of_units_that_cannot_be_had_is_no_empty_list(host, refused, commands):
    host.config()
    commands.answers["systemctl list-units"] = (1, "", "Failed to connect to bus\n")
    assert refused(service_state, dict(host.arguments, stop_others="app*")) == (
        "systemctl list-units app* failed (rc 1): Failed to connect to bus")


@pytest.mark.parametrize("needs, reload", [("yes", True), ("no", False)])
def test_systemd_reads_anew_what_it_says_it_must(host, play, needs, reload):
    host.config()
    host.units["app.service"]["NeedDaemonReload"] = needs
    assert play(service_state, host.arguments)["daemon_reload"] is reload


def test_what_an_earlier_release_left_is_a_change_and_shown(host, play):
    host.config()
    (host.root / "old" / "inside").mkdir(parents=True)
    result = play(service_state, dict(host.arguments, leftovers=[str(host.root / "old"), str(host.root / "never")]), diff=True)
    assert (result["changed"], result["leftovers"], result["changed_paths"]) == (True, [str(host.root / "old")], [str(host.root / "old")])
    assert [one["before"] for one in result["diff"]] == ["present\n"]
    # The action plugin removes it, when the units run.
    assert (host.root / "old" / "inside").is_dir()


def test_a_block_is_pending_until_it_is_there(host, play):
    block = {"path": str(host.root / "hosts"), "marker": "# {mark} ours", "block": "198.51.100.1 db1"}
    assert play(service_state, {"blocks": [block]})["blocks"] == [block]
    (host.root / "hosts").write_text("127.0.0.1 localhost\n# BEGIN ours\n198.51.100.9 db1\n# END ours\n")
    assert play(service_state, {"blocks": [block]})["blocks"] == [block]
    (host.root / "hosts").write_text("# BEGIN ours\n198.51.100.1 db1\n# END ours\n")
    assert play(service_state, {"blocks": [block]})["blocks"] == []


def test_kernel_parameters_are_set_once_and_not_in_check_mode(host, play):
    place = host.root / "net.ipv4.ip_forward"
    place.write_text("0\n")
    (host.root / "net.ipv4.tcp_rmem").write_text("4096\t131072\t6291456\n")
    wanted = {"sysctls": {"net.ipv4.ip_forward": "1", "net.ipv4.tcp_rmem": "4096 131072 6291456"}}
    assert play(service_state, wanted, check=True)["changed"] and place.read_text() == "0\n"
    assert play(service_state, wanted)["changed"] and place.read_text() == "1"
    assert not play(service_state, wanted)["changed"]


def test_a_kernel_parameter_that_is_not_there_is_said(host, refused):
    assert refused(service_state, {"sysctls": {"net.ipv4.nonsense": 1}}).startswith(
        "The kernel parameter net.ipv4.nonsense cannot be set to 1 on this host: [Errno 2] No such file or directory")


def test_config_and_own_options_are_taken_together(host, play):
    host.arguments["config"] = {"files": [dict(ME, path=str(host.root / "b.cfg"), content="@@key@@")],
                                "secrets": {"key": "k1", "other": "x"}}
    result = play(service_state, dict(host.arguments, secrets={"key": "k2"}))
    assert sorted(os.path.basename(path) for path in result["changed_paths"]) == ["app.cfg", "b.cfg"]
    assert (host.root / "b.cfg").read_text() == "k2"

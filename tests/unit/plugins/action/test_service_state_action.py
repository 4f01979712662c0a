# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugin does with what the module found: which modules it calls in which order, and what it says at the end."""

import pytest
from ansible_collections.failover.stack.plugins.action import service_state

FOUND = {"changed": False, "installed": [], "missing_users": [], "blank": False, "changed_paths": [], "diff": [], "stale": [],
         "inactive": [], "acted": [], "blocks": [], "missing": [], "needs": [], "daemon_reload": False, "leftovers": []}
LOOK, APT, UNIT = "failover.stack.service_state", "ansible.builtin.apt", "ansible.builtin.systemd_service"
OK = {"changed": True}


def found(**more):
    return dict(FOUND, **more)


def called(action):
    return [name for name, _arguments in action.called]


def test_what_is_as_it_shall_be_costs_one_look(act):
    action = act(service_state, {"packages": ["x"]}, [found()])
    result = action.run()
    assert called(action) == [LOOK] and not result["changed"] and result["acted"] == []
    assert not {"needs", "daemon_reload", "missing_users", "blocks"} & set(result)
    assert action.removed == ["/tmp/of-the-task"]


def test_packages_then_users_then_files_then_units(act):
    action = act(service_state, {"users": [{"name": "app", "home": "/srv/app"}, {"name": "other"}]}, [
        found(changed=True, blank=True, installed=["haproxy"], missing_users=["app"]), OK,
        found(changed=True, missing_users=["app"]), OK,
        found(changed=True, changed_paths=["/etc/app.cfg"], stale=["app.service", "b.service"], daemon_reload=True, needs=[
            {"name": "app.service", "state": "restarted"}, {"name": "old.service", "state": "stopped", "enabled": False}]),
        OK, OK])
    result = action.run()
    assert called(action) == [LOOK, APT, LOOK, "ansible.builtin.user", LOOK, UNIT, UNIT]
    assert action.called[1][1]["name"] == ["haproxy"] and action.called[1][1]["policy_rc_d"] == 101
    assert action.called[3][1] == {"name": "app", "system": True, "create_home": False, "home": "/srv/app", "shell": "/usr/sbin/nologin"}
    # What stops does so before systemd forgets it; it reads anew with the first that starts.
    assert [(arguments["name"], arguments.get("daemon_reload")) for _name, arguments in action.called[5:]] == [
        ("old.service", None), ("app.service", True)]
    assert (result["changed"], result["blank"], result["installed"]) == (True, True, ["haproxy"])
    assert (result["acted"], result["stale"]) == (["old.service", "app.service"], ["b.service"])


def test_check_mode_installs_nothing_and_makes_nobody(act):
    action = act(service_state, {}, [found(changed=True, blank=True, installed=["haproxy"], missing_users=["app"], needs=[
        {"name": "app.service", "state": "restarted"}]), OK], check=True)
    result = action.run()
    # systemd_service is told of check mode by Ansible itself.
    assert called(action) == [LOOK, UNIT] and result["changed"] and action.called[1][1]["daemon_reload"] is False


@pytest.mark.parametrize("installed, users, said", [
    (["haproxy"], [], "db2: after the installation these are still missing: haproxy. Look at what apt says of them."),
])
def test_what_apt_did_not_install_is_said(act, installed, users, said):
    lacking = found(changed=True, installed=installed, missing_users=users)
    assert act(service_state, {}, [lacking, OK, lacking]).run() == {"failed": True, "msg": said}


@pytest.mark.parametrize("answers", [
    [{"failed": True, "msg": "no"}], [{"unreachable": True, "msg": "no"}], [found(installed=["x"]), {"failed": True, "msg": "no"}]])
def test_whatever_fails_is_the_result_and_the_last_step(act, answers):
    action = act(service_state, {}, answers)
    assert action.run() == answers[-1] and action.answers == [] and action.removed


@pytest.mark.parametrize("journal, words", [
    ("Starting a\n\n[emerg] bind() to 198.51.100.4:80 failed\n", "Starting a; [emerg] bind() to 198.51.100.4:80 failed"),
    ("", "nothing in the journal.")])
def test_a_unit_that_fails_says_why_in_its_own_words(act, journal, words):
    answers = [found(needs=[{"name": "a.service", "state": "started"}]), {"failed": True, "msg": "Unable to start service a.service."},
               {"stdout": journal}]
    action = act(service_state, {}, answers)
    assert action.run() == {"failed": True, "msg": "Unable to start service a.service: a.service said: " + words}
    assert action.answers == [] and action.removed


def test_a_changed_block_is_a_change(act):
    action = act(service_state, {}, [found(blocks=[{"path": "/etc/hosts", "marker": "# {mark}", "block": "x"}]), OK])
    result = action.run()
    assert result["changed"] and result["acted"] == ["/etc/hosts"]
    assert action.called[1][0] == "ansible.builtin.blockinfile" and action.called[1][1]["unsafe_writes"] is True


def test_a_unit_that_was_so_already_is_no_act(act):
    result = act(service_state, {}, [found(needs=[{"name": "a.service", "state": "started"}]), {"changed": False}]).run()
    assert (result["changed"], result["acted"]) == (False, [])


def test_units_are_read_anew_also_when_none_is_to_be_changed(act):
    action = act(service_state, {}, [found(changed=True, daemon_reload=True), OK])
    action.run()
    assert action.called[1] == (UNIT, {"daemon_reload": True})


UNKNOWN = {"failed": True, "msg": "Could not find the requested service app.service: host"}


@pytest.mark.parametrize("times, ends", [(1, True), (3, True), (4, False)])
def test_a_unit_that_systemd_does_not_know_yet_is_asked_for_again(act, monkeypatch, times, ends):
    slept = []
    monkeypatch.setattr(service_state.time, "sleep", slept.append)
    action = act(service_state, {}, [found(needs=[{"name": "app.service", "state": "started"}]), *[UNKNOWN] * times, OK])
    assert action.run().get("failed", False) is not ends and len(slept) == min(times, 3)


def test_a_unit_that_runs_without_its_file_is_stopped(act, monkeypatch):
    """A run that broke off had removed the file: systemctl still knows the unit, systemd_service does not."""
    monkeypatch.setattr(service_state.time, "sleep", lambda _seconds: None)
    action = act(service_state, {}, [found(needs=[{"name": "app.service", "state": "stopped"}]), *[UNKNOWN] * 4, OK])
    assert action.run()["acted"] == ["app.service"]
    assert action.called[-1] == ("ansible.builtin.command", {"argv": ["systemctl", "stop", "app.service"]})


def test_what_an_earlier_release_left_goes_when_the_units_run(act):
    needs = [{"name": "app.service", "state": "started"}]
    action = act(service_state, {}, [found(changed=True, needs=needs, leftovers=["/opt/old", "/etc/old"]), OK, OK, OK])
    result = action.run()
    assert called(action) == [LOOK, UNIT, "ansible.builtin.file", "ansible.builtin.file"] and "leftovers" not in result
    assert action.called[2][1] == {"path": "/opt/old", "state": "absent"}


def test_in_check_mode_it_stays(act):
    action = act(service_state, {}, [found(changed=True, leftovers=["/opt/old"])], check=True)
    assert action.run()["changed"] and called(action) == [LOOK]


def test_in_the_background_packages_begin_and_nothing_else_happens(act):
    action = act(service_state, {"packages": ["haproxy"]}, [
        found(changed=True, blank=True, installed=["haproxy"]), {"ansible_job_id": "j1", "results_file": "/root/j1", "started": 1}],
        async_val=600)
    result = action.run()
    assert called(action) == [LOOK, APT] and (result["ansible_job_id"], result["results_file"]) == ("j1", "/root/j1")
    # Its program is read from there, and removed by itself.
    assert action.removed == []


def test_in_the_background_with_nothing_to_install_nothing_begins(act):
    action = act(service_state, {"packages": ["haproxy"]}, [found()], async_val=600)
    assert "ansible_job_id" not in action.run() and called(action) == [LOOK] and action.removed


@pytest.mark.parametrize("arguments, poll, left", [
    ({"packages": [], "files": [], "units": []}, 0, "files, units"), ({"packages": []}, 5, "all else")])
def test_in_the_background_anything_else_is_refused(act, arguments, poll, left):
    action = act(service_state, arguments, [], async_val=600, poll=poll)
    assert action.run() == {"failed": True, "msg": (
        "db2: async begins the installation of packages and nothing else: give poll: 0, and leave %s to another task." % left)}

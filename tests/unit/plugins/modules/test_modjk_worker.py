# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""modjk_worker, modjk_info and httpd_reload with a mod_jk that is played; what is asked is the module's own ask()."""

import pytest
from ansible_collections.failover.stack.plugins.module_utils._web import modjk
from ansible_collections.failover.stack.plugins.modules import httpd_reload, modjk_info, modjk_worker


class ModJk:
    """Two routes in one balancer: {route: [activation, state, busy]}."""

    def __init__(self):
        self.members, self.told, self.obeys, self.down = {"web1-a": ["ACT", "OK", 0], "web2-a": ["ACT", "OK", 0]}, [], True, ""

    def ask(self, url, timeout, **query):
        if self.down:
            raise modjk.StatusError("%s does not answer (%s)" % (url, self.down))
        if query:
            self.told.append(query)
            member = self.members[query["sw"]]
            if query["cmd"] == "update" and self.obeys:
                member[0] = ["ACT", "DIS", "STP"][query["vwa"]]
            elif query["cmd"] == "reset":
                member[1] = "OK"
        rows = "".join('<jk:member name="%s" route="%s" host="127.0.0.1" port="8009" activation="%s" state="%s" busy="%d"/>' % (
            name, name, *member) for name, member in self.members.items())
        return ('<jk:status xmlns:jk="http://tomcat.apache.org"><jk:balancers><jk:balancer name="lb">%s</jk:balancer></jk:balancers>'
                '<jk:result type="OK" message="OK"/></jk:status>' % rows)


@pytest.fixture
def jk(monkeypatch, clock):
    made = ModJk()
    made.clock = clock(modjk_worker, modjk_info, httpd_reload)
    for module in (modjk_worker, modjk_info):
        monkeypatch.setattr(module, "ask", made.ask)
    return made


def test_a_worker_is_stopped_once(jk, play):
    result = play(modjk_worker, {"route": "web1-a", "state": "stopped"}, diff=True)
    assert result["changed"] and result["diff"] == {"before": "lb web1-a: active\n", "after": "lb web1-a: stopped\n"}
    assert not play(modjk_worker, {"route": "web1-a", "state": "stopped"})["changed"] and len(jk.told) == 1


def test_check_mode_tells_mod_jk_nothing(jk, play):
    result = play(modjk_worker, {"route": "web1-a", "state": "disabled"}, check=True)
    assert result["changed"] and result["workers"][0]["activation"] == "disabled" and jk.told == []


def test_the_last_usable_worker_is_not_taken_away_without_force(jk, play, refused):
    jk.members["web2-a"][1] = "ERR"
    assert refused(modjk_worker, {"route": "web1-a", "state": "stopped"}) == (
        "web1-a is the last usable worker of lb: bring another one back first, or set force.")
    assert jk.told == []
    assert play(modjk_worker, {"route": "web1-a", "state": "stopped", "force": True})["changed"]


def test_an_error_of_while_it_was_out_does_not_keep_it_out(jk, play):
    jk.members["web1-a"] = ["STP", "ERR", 0]
    assert play(modjk_worker, {"route": "web1-a", "state": "active"})["workers"][0]["state"] == "OK"


def test_requests_under_way_are_waited_for_and_said(jk, play, refused):
    jk.members["web1-a"][2] = 2
    jk.clock.later[3] = lambda: jk.members["web1-a"].__setitem__(2, 0)
    assert play(modjk_worker, {"route": "web1-a", "state": "stopped", "wait_idle": 5})["workers"][0]["busy"] == 0
    jk.members["web1-a"][2] = 2
    assert refused(modjk_worker, {"route": "web1-a", "state": "stopped", "wait_idle": 5}) == (
        "web1-a still had requests under way after 5 s: wait longer or find out what they do.")


def test_a_worker_that_does_not_obey_is_said(jk, refused):
    jk.obeys = False
    assert refused(modjk_worker, {"route": "web1-a", "state": "stopped"}) == "web1-a did not become stopped: see mod_jk's log."


def test_a_route_that_nobody_has_is_said_with_those_that_are_there(jk, refused):
    assert refused(modjk_worker, {"route": "web9-a", "state": "stopped"}) == (
        "No balancer behind http://127.0.0.1/jkmanager has a worker with the route web9-a: the routes are web1-a, web2-a.")


def test_a_status_worker_that_does_not_answer_is_said(jk, refused):
    jk.down = "Connection refused"
    said = "mod_jk: http://127.0.0.1/jkmanager does not answer (Connection refused)."
    assert refused(modjk_worker, {"route": "web1-a", "state": "active"}) == said
    assert refused(modjk_info) == said


# modjk_info

def test_info_tells_who_is_usable_and_who_answers(jk, play, monkeypatch):
    asked = []
    monkeypatch.setattr(modjk_info, "answers_ping", lambda host, port, seconds: asked.append((host, port, seconds)) or False)
    result = play(modjk_info, {"ping_timeout": 500})
    # Both workers share a connector: it is asked once.
    assert asked == [("127.0.0.1", 8009, 0.5)] and not result["changed"]
    assert (result["silent"], result["unusable_balancers"]) == (["web1-a", "web2-a"], ["lb"])


def test_health_is_waited_for(jk, play, refused):
    for member in jk.members.values():
        member[1] = "ERR"
    assert refused(modjk_info, {"wait_healthy": 3}) == (
        "mod_jk: lb has no usable worker; web1-a, web2-a is held for dead by mod_jk: start the Tomcats or correct their ports.")
    jk.clock.later[jk.clock.now - 1000 + 2] = lambda: [member.__setitem__(1, "OK") for member in jk.members.values()]
    assert play(modjk_info, {"wait_healthy": 5})["in_error"] == []


# httpd_reload

@pytest.fixture
def httpd(jk, commands, monkeypatch):
    """An httpd whose status page tells .page, 2 s after a reload .after."""
    page = "RestartTime: Sunday\nParentServerMPMGeneration: %d\n"
    jk.page, jk.after = page % 4, page % 5

    def status(url, timeout, **query):
        if jk.page is None:
            raise modjk.StatusError("no")
        return jk.page

    def reload(_command):
        jk.clock.later[jk.clock.now - 1000 + 2] = lambda: setattr(jk, "page", jk.after)
        return 0, "", ""

    monkeypatch.setattr(httpd_reload, "ask", status)
    commands.answers["systemctl reload-or-restart apache2.service"] = reload
    return jk


def test_new_processes_are_waited_for(httpd, play):
    result = play(httpd_reload, {"pause": 3})
    assert (result["changed"], result["generation"]) == (True, 5) and 5 <= httpd.clock.now - 1000 < 6


def test_an_httpd_that_was_down_is_reloaded_too(httpd, play):
    httpd.page = None
    assert play(httpd_reload)["generation"] == 5


def test_check_mode_reloads_nothing(httpd, play, commands):
    assert play(httpd_reload, check=True)["changed"] and commands.ran == []


def test_a_reload_that_fails_or_has_no_effect_is_said(httpd, refused, commands):
    httpd.after = httpd.page
    assert refused(httpd_reload, {"timeout": 4}) == (
        "apache2.service was reloaded, but no new processes serve http://127.0.0.1/server-status after 4 s: see its error log.")
    commands.answers["systemctl reload-or-restart apache2.service"] = (1, "", "Job failed\n")
    assert refused(httpd_reload) == "apache2.service could not be reloaded: Job failed"

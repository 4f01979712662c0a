from __future__ import annotations

import pathlib
import socket
import threading

import pytest
from ansible_collections.failover.stack.plugins.module_utils._web import modjk
from ansible_collections.failover.stack.plugins.module_utils._web.modjk import (
    StatusError,
    complaint,
    lonely,
    of_route,
    parse,
    plan,
    report,
    usable,
)

# As mod_jk 1.2.48 answered, without its list of mounts.
RECORDED = (pathlib.Path(__file__).parents[3] / "recorded/jkstatus.xml").read_text(encoding="utf-8")


def members(**changes):
    return [dict(one, **changes.get(one["name"].replace("-", "_"), {})) for one in parse(RECORDED)]


def test_parse_reads_all_members():
    found = parse(RECORDED)
    assert [one["name"] for one in found] == ["user_web1-a", "user_web2-a", "admin_web1-a", "admin_web2-a"]
    assert found[0]["balancer"] == "lb_user" and found[0]["route"] == "web1-a" and found[0]["port"] == 8009
    assert {one["activation"] for one in found} <= {"active", "disabled", "stopped"}


@pytest.mark.parametrize("text, words", [
    ("<html>", "no XML"),
    ('<jk:status xmlns:jk="http://tomcat.apache.org"><jk:result type="NOK" message="not allowed"/></jk:status>', "refused: not allowed"),
    ('<jk:status xmlns:jk="http://tomcat.apache.org"/>', "no result"),
])
def test_parse_refuses(text, words):
    with pytest.raises(StatusError, match=words):
        parse(text)


def test_plan_changes_only_what_differs():
    active = [dict(one, activation="active") for one in members()]
    assert plan(of_route(active, "web2-a"), "active") == []
    assert plan(of_route(active, "web2-a"), "stopped") == [
        {"w": "lb_user", "sw": "user_web2-a", "cmd": "update", "vwa": 2},
        {"w": "lb_admin", "sw": "admin_web2-a", "cmd": "update", "vwa": 2}]


def test_plan_forgets_an_error_when_the_worker_comes_back():
    one = dict(members()[1], activation="stopped", state="ERR")
    assert plan([one], "active") == [
        {"w": "lb_user", "sw": "user_web2-a", "cmd": "update", "vwa": 0}, {"w": "lb_user", "sw": "user_web2-a", "cmd": "reset"}]
    assert plan([dict(one, activation="active", state="ERR/REC")], "active") == [{"w": "lb_user", "sw": "user_web2-a", "cmd": "reset"}]


@pytest.mark.parametrize("activation, state, expected", [
    ("active", "OK", True), ("active", "OK/IDLE", True), ("active", "ERR/REC", True), ("active", "ERR", False),
    ("active", "ERR/FRC", False), ("disabled", "OK", False), ("stopped", "OK", False)])
def test_usable(activation, state, expected):
    assert usable({"activation": activation, "state": state}) is expected


def test_lonely_names_balancers_that_would_be_empty():
    active = [dict(one, activation="active", state="OK") for one in members()]
    assert lonely(active, "web2-a", "stopped") == []
    dead = [dict(one, state="ERR") if one["name"] == "admin_web1-a" else one for one in active]
    assert lonely(dead, "web2-a", "stopped") == ["lb_admin"]
    assert lonely(dead, "web2-a", "active") == []


def test_report_and_complaint():
    active = [dict(one, activation="active", state="OK") for one in members()]
    assert complaint(report(active, {})) == ""
    assert complaint(report(active, {("198.18.3.21", 8009): True, ("198.18.3.22", 8009): True})) == ""
    silent = report(active, {("198.18.3.21", 8009): False})
    assert silent["silent"] == ["user_web1-a"] and silent["unusable_balancers"] == []
    assert complaint(silent) == "user_web1-a does not answer AJP: start the Tomcats or correct their ports."
    dead = report([dict(one, state="ERR") if one["balancer"] == "lb_admin" else one for one in active], {})
    assert complaint(dead) == (
        "lb_admin has no usable worker; admin_web1-a, admin_web2-a is held for dead by mod_jk: start the Tomcats or correct their ports.")


def serve(answer):
    """A listener that answers one connection; returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def once():
        peer = listener.accept()[0]
        if peer.recv(5) == modjk.CPING:
            peer.sendall(answer)
        peer.close()
        listener.close()

    threading.Thread(target=once, daemon=True).start()
    return listener.getsockname()[1]


@pytest.mark.parametrize("answer, expected", [(b"AB\x00\x01\x09", True), (b"HTTP/", False), (b"AB", False)])
def test_answers_ping(answer, expected):
    assert modjk.answers_ping("127.0.0.1", serve(answer), 2) is expected


def test_nobody_answers_ping_and_status():
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()
    assert modjk.answers_ping("127.0.0.1", port, 1) is False
    with pytest.raises(StatusError, match="does not answer"):
        modjk.ask("http://127.0.0.1:%d/jkmanager" % port, 1)


def test_generation_of_httpds_status_page():
    text = "127.0.0.1\nRestartTime: Saturday, 21-Nov-2026 06:30:00 UTC\nParentServerConfigGeneration: 3\nParentServerMPMGeneration: 2\n"
    assert modjk.generation_of(text) == ("Saturday, 21-Nov-2026 06:30:00 UTC", 2)
    with pytest.raises(StatusError, match="not httpd's status page"):
        modjk.generation_of("<html>")

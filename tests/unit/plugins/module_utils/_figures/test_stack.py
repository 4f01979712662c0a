from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._figures import stack, table
from ansible_collections.failover.stack.plugins.module_utils._web.modjk import StatusError

JK = ('<?xml version="1.0"?><jk:status xmlns:jk="http://tomcat.apache.org"><jk:balancers><jk:balancer name="lb_user">'
      '<jk:member name="w1" route="a" host="h" port="8009" activation="ACT" state="OK" busy="2" errors="0"/>'
      '<jk:member name="w2" route="b" host="h" port="8019" activation="DIS" state="ERR" busy="0" errors="1"/>'
      '</jk:balancer></jk:balancers><jk:result type="OK" message="x"/></jk:status>')


def fields(figures):
    return {one.name: one.fields for one in figures}


def test_virtual_addresses():
    assert fields(stack.vips(["198.51.100.100", "2001:db8::100"], {"198.51.100.7", "2001:db8::100"})) == {
        "198.51.100.100": {"held": 0}, "2001:db8::100": {"held": 1}}


@pytest.mark.parametrize("told, wanted", [
    ({"lease": "7", "until": 102.5, "writer": True}, {"writer": 1, "left": 2.5, "ttl": 3.0}),
    ({"lease": "7", "until": 90.0, "writer": True}, {"writer": 1, "left": 0.0, "ttl": 3.0}),
    ({"lease": None, "until": 102.5, "writer": False}, {"writer": 0, "left": 0.0, "ttl": 3.0})])
def test_a_lease(told, wanted):
    assert fields(stack.lease("shop", told, 100.0, 3)) == {"shop": wanted}


def test_of_an_agent_that_has_told_nothing_there_is_nothing_to_tell():
    assert stack.lease("shop", {}, 100.0, 3) == []


def test_workers():
    assert fields(stack.workers(JK)) == {"lb_user/w1": {"active": 1, "error": 0, "busy": 2},
                                         "lb_user/w2": {"active": 0, "error": 1, "busy": 0}}
    with pytest.raises(StatusError):
        stack.workers("<html>")


def test_drains():
    assert fields(stack.drains({"ipvs": 2, "galera": 0})) == {"galera": {"drained": 0}, "ipvs": {"drained": 2}}


@pytest.mark.parametrize("found, wanted", [
    ({}, {"pulled": 0, "age": None, "refused": 0, "failed": 0}),
    ({"last_good": 900, "result": "done"}, {"pulled": 1, "age": 100, "refused": 0, "failed": 0}),
    ({"last_good": 900, "result": "refused"}, {"pulled": 1, "age": 100, "refused": 1, "failed": 0}),
    ({"last_good": None, "result": "failed"}, {"pulled": 0, "age": None, "refused": 0, "failed": 1})])
def test_content(found, wanted):
    assert stack.content("site", found, 1000.5, 600).fields == dict(wanted, allowed=600)


def test_what_is_deployed():
    one = stack.deployed("shop", {"version": "v2.1", "since": 400}, 1000)
    assert (one.fields, one.labels) == ({"current": 1, "age": 600}, {"version": "v2.1"})
    assert stack.deployed("shop", {}, 1000).fields == {"current": 0, "age": None}


def test_a_certificate_that_has_ended_says_since_when():
    assert stack.certificate("/etc/a.pem", 1000.9, 1100).fields == {"left": -99}


def test_every_figure_is_in_the_table():
    told = [*stack.vips(["a"], set()), *stack.lease("c", {"until": 1, "lease": "1", "writer": True}, 0, 3), *stack.workers(JK),
            *stack.drains({"a": 1}), stack.content("c", {"last_good": 1, "result": "done"}, 2, 3),
            stack.deployed("a", {"version": "1", "since": 1}, 2), stack.certificate("p", 2, 1)]
    for one in told:
        known = {counter.name for counter in table.MEASURES[one.kind]}
        assert set(one.fields) == known - {table.BEAT} and one.kind in table.NAMED

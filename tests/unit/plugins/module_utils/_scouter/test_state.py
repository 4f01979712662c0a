from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._scouter import state

HOST, UNIT, JAVA = "/web1/X$host", "/web1/X$unit_tomcat@a", "/web1/a"
ALIVE, DEAD = {"type": "t", "alive": True, "address": ""}, {"type": "t", "alive": False, "address": ""}


def info(**changes):
    return {"url": "http://127.0.0.1:6180", "reachable": "", "api": 200, "lines": 200, "objects": {HOST: ALIVE, UNIT: ALIVE}, **changes}


def test_objects_the_living_one_of_a_name_counts():
    answer = [{"objName": "/a", "objType": "x", "alive": True, "address": "1"}, {"objName": "/a", "objType": "y", "alive": False},
              {"objName": "/b", "objType": "x", "alive": False}]
    assert state.objects(answer) == {"/a": {"type": "x", "alive": True, "address": "1"}, "/b": {"type": "x", "alive": False, "address": ""}}


def test_values_and_alerts():
    assert state.values([{"objName": "/a", "value": "7.0"}, {"objName": "/b", "value": None}, {"value": "1"}]) == {"/a": 7}
    assert state.alerts([{"time": "5", "level": "ERROR", "title": "INACTIVE_OBJECT", "objName": "/a", "message": "long"}]) == [
        {"time": 5, "level": "ERROR", "title": "INACTIVE_OBJECT", "object": "/a"}]


def test_who_does_not_move():
    assert state.unmoved([HOST, UNIT], {HOST: 1, UNIT: 1}, {HOST: 2, UNIT: 1}) == [UNIT]
    assert state.unmoved([HOST, UNIT], {HOST: 1}, {HOST: 1}) == [HOST, UNIT]


def test_healthy():
    assert state.problems("mon", info(), [HOST, UNIT]) == []


@pytest.mark.parametrize("changes, expected, still, sentence", [
    ({"reachable": "Connection refused"}, [HOST], [], "mon: the collector does not answer at http://127.0.0.1:6180 (Connection refused): "
     "journalctl -u scouter tells why."),
    ({"lines": 404}, [HOST], [], "mon: http://127.0.0.1:6180/telegraf/metric is not there (404) though the collector runs: its API could "
     "not start, which takes that along; two versions of jackson beside each other do it. Let the role lay down the parts."),
    ({"api": 500}, [HOST], [], "mon: the API at http://127.0.0.1:6180/scouter/v1 answers with 500: journalctl -u scouter tells why."),
    ({"objects": {}}, [HOST], [], "mon: the collector knows of nothing: conf/counters.site.xml in its directory has no ObjectType, or "
     "nobody has sent anything; restart scouter, then look at failover-scouter-exporter on the hosts."),
    ({}, [HOST, JAVA], [], "mon: never seen: /web1/a. Look at failover-scouter-exporter there, or at the agent's log."),
    ({"objects": {HOST: ALIVE, UNIT: DEAD}}, [HOST, UNIT], [UNIT], "mon: not alive: /web1/X$unit_tomcat@a."),
    ({"objects": {HOST: ALIVE, "/unknown/X$cpu": ALIVE}}, [HOST], [], "mon: /unknown/X$cpu came without the tag host: set it where these "
     "are sent."),
    ({}, [HOST, UNIT], [UNIT], "mon: counters do not move of /web1/X$unit_tomcat@a."),
])
def test_each_problem_in_a_sentence(changes, expected, still, sentence):
    assert state.problems("mon", info(**changes), expected, still) == [sentence]


def test_of_a_collector_without_an_api_nothing_else_is_said():
    assert len(state.problems("mon", info(lines=404, api=404, objects={}), [HOST])) == 2


def test_who_is_the_exporters():
    assert state.by_exporter(HOST) and not state.by_exporter(JAVA)

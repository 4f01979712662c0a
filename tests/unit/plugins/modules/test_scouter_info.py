from __future__ import annotations

import io
import json
from urllib.error import HTTPError, URLError

import pytest
from ansible_collections.failover.stack.plugins.modules import scouter_info

HOST = "/web1/X$host"


class Collector:
    """Answers by path; `beat` grows with each question unless it `stands`."""

    def __init__(self):
        self.down, self.lines, self.alive, self.beat, self.stands, self.api = None, 200, True, 0, False, 200

    def __call__(self, url, timeout, use_proxy, method="GET", data=None):
        if self.down:
            raise self.down  # pylint: disable=raising-bad-type
        path = url.split("6180", 1)[1]
        if path == "/telegraf/metric":
            return self.answer(url, self.lines, "")
        if path.startswith("/scouter/v1/object"):
            known = [{"objName": HOST, "objType": "failover_host", "alive": self.alive}]
            return self.answer(url, self.api, [] if self.alive is None else known)
        if path.startswith("/scouter/v1/alert"):
            return self.answer(url, self.api, {"alerts": [{"time": "1", "title": "INACTIVE_OBJECT", "objName": HOST}]})
        assert path == "/scouter/v1/counter/realTime/beat/ofType/failover_host"
        self.beat += 0 if self.stands else 1
        return self.answer(url, self.api, [{"objName": HOST, "value": str(self.beat)}])

    @staticmethod
    def answer(url, code, result):
        body = io.BytesIO(json.dumps({"result": result}).encode())
        if code != 200:
            raise HTTPError(url, code, "no", {}, body)
        body.getcode = lambda: code
        return body


@pytest.fixture
def collector(monkeypatch, clock):
    played = Collector()
    monkeypatch.setattr(scouter_info, "open_url", played)
    clock(scouter_info.healthy)
    return played


ASKED = {"name": "mon", "objects": [HOST], "wait_healthy": 5}


def test_healthy_once_counters_have_moved(play, collector):
    told = play(scouter_info, ASKED)
    assert told["problems"] == [] and told["beats"] == {HOST: 2} and told["alerts"][0]["object"] == HOST and not told["changed"]


def test_a_look_does_not_wait(play, collector):
    collector.alive = False
    told = play(scouter_info, {"name": "mon", "objects": [HOST]})
    assert told["problems"] == ["mon: not alive: /web1/X$host."] and collector.beat == 1


@pytest.mark.parametrize("changes, words", [
    ({"down": URLError("Connection refused")}, "the collector does not answer at http://127.0.0.1:6180 (Connection refused)"),
    ({"lines": 404, "api": 404}, "/telegraf/metric is not there (404) though the collector runs"),
    ({"alive": None}, "mon: the collector knows of nothing"),
    ({"alive": False}, "mon: not alive: /web1/X$host."),
    ({"stands": True}, "mon: counters do not move of /web1/X$host."),
])
def test_what_is_wrong_when_the_time_is_over(refused, collector, changes, words):
    for name, value in changes.items():
        setattr(collector, name, value)
    said = refused(scouter_info, ASKED)
    assert said.startswith("mon: the collector is not healthy after 5 s: ") and words in said


def test_it_waits_for_a_collector_that_starts(play, collector, clock):
    collector.down = URLError("Connection refused")
    clock(scouter_info.healthy).later[2] = lambda: setattr(collector, "down", None)
    assert play(scouter_info, ASKED)["problems"] == []

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import httpd_watchdog as watchdog
from ansible_collections.failover.stack.plugins.module_utils._agents.witnesses import Witnesses
from ansible_collections.failover.stack.plugins.module_utils._web.modjk import StatusError, parse, stale

RECORDED = (pathlib.Path(__file__).parents[3] / "recorded/jkstatus.xml").read_text(encoding="utf-8")
HOSTS = [(one["host"], one["port"]) for one in parse(RECORDED)]
# All workers given up, and none.
GIVEN_UP = re.sub(r'(\bstate=")[A-Z/]+"', r'\1ERR"', RECORDED)
USED = re.sub(r'(\bstate=")[A-Z/]+"', r'\1OK"', RECORDED)


class Page:
    def __init__(self, closed=False):
        self.closed, self.answers = closed, []

    def close(self):
        self.closed = True
        self.answers.append(503)

    def open(self):
        self.closed = False
        self.answers.append(200)


class Workers:
    """Says by turns what it is given, and remembers for whom it was asked."""

    def __init__(self, *says):
        self.says, self.asked = list(says), []

    def take_back(self, of_hosts=None):
        self.asked.append(of_hosts)
        return self.says.pop(0)


def rounds(watch, *heard):
    """Rounds of who answered; 'cut' is one in which this host was cut off."""
    counted = Witnesses(2, 10.0)
    for now, who in enumerate(heard):
        counted.judge(set(() if who == "cut" else who), 0.1)
        watch.tick(who == "cut", counted, float(now))


@pytest.fixture
def mod_jk(monkeypatch):
    """mod_jk as recorded, all its workers given up until they are reset."""
    state = {"text": GIVEN_UP, "reset": [], "answering": set(HOSTS)}

    def ask(_url, _timeout, **query):
        if query.get("cmd") == "reset":
            state["reset"].append(query["sw"])
            state["text"] = USED
        return state["text"]

    monkeypatch.setattr(watchdog, "ask", ask)
    monkeypatch.setattr(watchdog, "answers_ping", lambda host, port, _timeout: (host, port) in state["answering"])
    return state


def test_stale_are_those_that_answer_and_are_not_used():
    members = parse(GIVEN_UP)
    assert [m["name"] for m in stale(members, set(HOSTS))] == [m["name"] for m in members if m["activation"] == "active"]
    assert stale(members, set()) == []
    assert stale(parse(USED), set(HOSTS)) == []


def test_what_answers_is_taken_back(mod_jk):
    good = watchdog.Workers("url").take_back()
    assert good == set(HOSTS)
    assert mod_jk["reset"]


def test_only_on_the_hosts_asked_for(mod_jk):
    host = HOSTS[0][0]
    good = watchdog.Workers("url").take_back({host})
    assert {place[0] for place in good} == {host}


def test_what_is_silent_is_not(mod_jk):
    mod_jk["answering"] = set()
    assert watchdog.Workers("url").take_back() == set()
    assert mod_jk["reset"] == []


def test_a_status_page_that_does_not_answer(monkeypatch):
    def ask(_url, _timeout, **_query):
        raise StatusError("it does not answer")

    monkeypatch.setattr(watchdog, "ask", ask)
    assert watchdog.Workers("url").take_back() is None


def test_the_page_is_closed_once_and_opened_when_somebody_is_used():
    page, workers = Page(), Workers(None, set(), {("peer", 8009)})
    rounds(watchdog.Watchdog(page, workers, ["peer"]), ["peer"], "cut", "cut", ["peer"], ["peer"], ["peer"], ["peer"])
    assert page.answers == [503, 200]
    assert workers.asked == [None, None, None]


def test_a_watchdog_that_finds_the_page_closed_opens_it():
    page = Page(closed=True)
    rounds(watchdog.Watchdog(page, Workers({("peer", 8009)}), ["peer"]), ["peer"])
    assert page.answers == [200]


def test_a_single_host_that_was_silent_is_awaited():
    page, workers = Page(), Workers(set(), {("peer", 8009)})
    alone, both = ["router"], ["router", "peer"]
    rounds(watchdog.Watchdog(page, workers, ["peer"]), both, alone, alone, both, both, both)
    assert page.answers == []
    assert workers.asked == [{"peer"}, {"peer"}]


def test_one_lost_ping_means_nothing():
    workers = Workers()
    alone, both = ["router"], ["router", "peer"]
    rounds(watchdog.Watchdog(Page(), workers, ["peer"]), both, alone, both, both)
    assert workers.asked == []


def test_a_host_is_not_awaited_for_ever(monkeypatch):
    monkeypatch.setattr(watchdog, "AWAITED_S", 2)
    workers = Workers(set(), set())
    alone, both = ["router"], ["router", "peer"]
    rounds(watchdog.Watchdog(Page(), workers, ["peer"]), both, alone, alone, both, both, both, both, both)
    assert len(workers.asked) == 2


def test_the_page_is_a_file(tmp_path):
    page = watchdog.Page(str(tmp_path / "closed"))
    assert not page.closed
    page.close()
    assert page.closed
    page.open()
    assert not page.closed

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module around the observer, which _drill/client tests: what begins, ends and is refused."""

import signal
import subprocess
import sys

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client import files
from ansible_collections.failover.stack.plugins.module_utils._drill.client.writers import LedgerError
from ansible_collections.failover.stack.plugins.modules import drill_observe

SERVICE = {"address": "198.51.100.100"}
SEEN = {"started": 1000.0, "rows": [[5, 25], [10, 10], [-1, -1], [0, 2], [0, -1], [0, 0], [-1, -1]],
        "codes": ["ok", "time limit", "refused"], "served": [], "instances": ["t"],
        "arp": {"names": [], "spans": {}}}


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """An observer that ends at once, with .seen, .found or .fails."""
    class Watched:
        seen, found, clauses, fails, given = SEEN, {"holders": {}}, [], None, []

        def __init__(self, settings):
            Watched.given.append(settings)

        async def run(self):
            if Watched.fails:
                raise Watched.fails  # pylint: disable=raising-bad-type
            return Watched.seen

    async def probe(settings):
        Watched.given.append(settings)
        return Watched.found

    async def steady(settings, seconds):
        return Watched.found, Watched.clauses

    Watched.given = []
    for name, value in (("Observer", Watched), ("probe", probe), ("steady", steady)):
        monkeypatch.setattr(drill_observe.client, name, value)
    Watched.control = tmp_path / "run" / "finish"
    return Watched


def run(watched, **more):
    return dict({"service": SERVICE, "control": str(watched.control)}, **more)


def test_what_was_seen_is_there_when_it_is_asked_for(watched, play):
    watched.control.parent.mkdir()
    files.write_json(str(watched.control), {"of": "an earlier run"})
    files.write_json(str(watched.control) + ".seen", "of an earlier run")
    assert play(drill_observe, run(watched, load={"rate": 50})) == {"changed": False}
    assert (watched.given[0]["rate"], watched.given[0]["address"], watched.given[0]["port"]) == (50, "198.51.100.100", 80)
    # What an earlier run left would have ended this one at once.
    assert not watched.control.exists()
    result = play(drill_observe, {"state": "finish", "control": str(watched.control), "settle_s": 1, "wait_for_all": True})
    assert files.unpack(result["data"]) == SEEN
    assert (result["figures"]["requests"], result["figures"]["failures"], result["figures"]["periods"]) == (2, {"refused": 1}, {})
    assert files.read_json(str(watched.control)) == {"settle_s": 1.0, "wait_for_all": True, "wait_s": 60.0}


def test_periods_have_figures_of_their_own(watched, play):
    play(drill_observe, run(watched))
    periods = [{"name": "before", "begin": 1000, "end": 1000.02}, {"name": "the fault", "begin": 1000.02, "end": 1001}]
    result = play(drill_observe, {"state": "finish", "control": str(watched.control), "periods": periods})
    assert {name: part["failed"] for name, part in result["figures"]["periods"].items()} == {"before": 0, "the fault": 1}


def test_an_observer_that_left_nothing_is_said(watched, refused, monkeypatch):
    monkeypatch.setattr(drill_observe.files, "wait_for_file", lambda *_given: None)
    assert refused(drill_observe, {"state": "finish", "control": str(watched.control)}) == (
        "the observer did not finish: it was not running, or this machine has no time for it")


def test_a_probe_is_told_as_it_is_and_a_steady_state_is_demanded(watched, play, refused):
    assert play(drill_observe, run(watched, state="probe")) == {"changed": False, "holders": {}}
    assert play(drill_observe, run(watched, state="steady")) == {"changed": False, "holders": {}}
    watched.clauses = ["nobody holds 198.51.100.100", "web2 serves nothing"]
    assert refused(drill_observe, run(watched, state="steady", wait_s=3)) == (
        "the steady state was not there within 3 s: nobody holds 198.51.100.100; web2 serves nothing")


@pytest.mark.parametrize("error, sentence", [
    (LedgerError("others may read the ledger's password file"), "others may read the ledger's password file"),
    (PermissionError("Operation not permitted"),
     "the observer may not open a raw socket (Operation not permitted): run it as root with CAP_NET_RAW"),
])
def test_an_observer_that_cannot_begin_leaves_nothing_that_looks_like_a_result(watched, refused, error, sentence):
    watched.fails = error
    assert refused(drill_observe, run(watched)) == sentence
    assert not watched.control.parent.exists() or [path.name for path in watched.control.parent.iterdir()] == ["finish.lock"]


@pytest.mark.parametrize("state", ["run", "probe", "steady"])
def test_check_mode_observes_nothing_and_a_service_is_needed(watched, play, refused, state):
    assert play(drill_observe, run(watched, state=state), check=True) == {"changed": False} and watched.given == []
    assert refused(drill_observe, {"state": state}) == "state is %s but all of the following are missing: service" % state


def test_an_observer_that_is_told_to_stop_ends_and_leaves_its_place(watched, play):
    """Nobody is there, then somebody who holds the place; whoever asks does not end himself."""
    assert play(drill_observe, {"state": "stop", "control": str(watched.control)}) == {"changed": False}
    assert files.holder(str(watched.control)) is None
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(watched.control) + ".lock"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "there\n" and files.holder(str(watched.control)) == process.pid
        assert play(drill_observe, {"state": "stop", "control": str(watched.control)}) == {"changed": True}
        assert process.wait(60) == -signal.SIGTERM
    finally:
        process.kill()
        process.stdout.close()
    assert play(drill_observe, run(watched)) == {"changed": False}
    # The next one finds the place free.
    assert files.holder(str(watched.control)) is None


HOLDER = """
import fcntl, os, sys, time
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
place = open(sys.argv[1], "w")
fcntl.lockf(place, fcntl.LOCK_EX)
print("there", flush=True)
time.sleep(600)
"""


def test_what_was_seen_is_asked_for_as_long_as_somebody_may_leave_it(watched, play, monkeypatch):
    asked = []

    def wait(path, seconds, alive):
        asked.append((path, seconds, alive()))
        return files.pack(SEEN)

    monkeypatch.setattr(drill_observe.files, "wait_for_file", wait)
    play(drill_observe, {"state": "finish", "control": str(watched.control), "settle_s": 5, "wait_s": 20})
    # It settles, waits for instances and for the ledger's servers, and has a minute to spare.
    assert asked == [(str(watched.control) + ".seen", 5 + 2 * 20 + 60, None)]


def test_a_ledgers_settings_reach_the_observer_whole(watched, play):
    ledger = {"address": "198.51.100.2", "user": "drill", "servers": {"db1": "198.51.100.3"}, "cluster": "galera", "interval_ms": 5}
    play(drill_observe, run(watched, ledger=ledger, quiet={"count": 2, "every_s": 0.5}, download={"path": "/f", "count": 1}, max_s=7))
    [given] = watched.given
    assert {**given["ledger"], **ledger} == given["ledger"] and (given["ledger"]["kind"], given["ledger"]["connections"]) == ("sql", 64)
    assert (given["quiet"]["count"], given["quiet"]["method"], given["download"]["path"], given["max_s"]) == (2, "GET", "/f", 7)
    play(drill_observe, run(watched))
    assert watched.given[-1]["ledger"] is None and (watched.given[-1]["rate"], watched.given[-1]["download"]["count"]) == (100, 0)


@pytest.mark.parametrize("options, sentence", [
    ({"ledger": {"user": "drill"}}, "missing required arguments: address found in ledger"),
    ({"service": {}}, "missing required arguments: address found in service"),
    ({"service": dict(SERVICE, body="xml")}, "value of body must be one of: json, any, got: xml found in service"),
    ({"quiet": {"method": "PUT"}}, "value of method must be one of: GET, POST, got: PUT found in quiet"),
])
def test_what_an_observer_cannot_be_told(watched, refused, options, sentence):
    assert refused(drill_observe, run(watched, **options)) == sentence and watched.given == []

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Galera member asks before its server starts; the others' agents are real ones."""

from __future__ import annotations

import argparse
import json
import threading

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import galera_check, galera_start

UUID = "c8c6bbed-e5a4-11f1-b1d1-8ec0291e69c8"
POINT = UUID + ":30"
GRASTATE = "# GALERA saved state\nversion: 2.1\nuuid:    %s\nseqno:   33\nsafe_to_bootstrap: 0\n"


class Site:
    def __init__(self, root, port):
        self.root, self.record = root, root / "given-up.json"
        (root / "mysql").mkdir()
        self.config = root / "start.json"
        self.config.write_text(json.dumps({
            "name": "galera3", "datadir": str(root / "mysql"), "port": port, "others": ["127.0.0.1"],
            "settled": str(root / "own/settled.json")}))

    def state(self, text):
        (self.root / "mysql/grastate.dat").write_text(text)

    def start(self):
        return galera_start.main(str(self.config))


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.delenv(galera_start.BOOTSTRAP, raising=False)
    monkeypatch.setattr(galera_start, "WAIT_S", 0)
    http = galera_check.Agent(("127.0.0.1", 0), galera_check.Handler)
    http.member = argparse.Namespace(options=argparse.Namespace(record=str(tmp_path / "given-up.json"), drain_file=str(tmp_path / "drain")))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield Site(tmp_path, http.server_address[1])
    http.shutdown()
    http.server_close()


def test_who_was_never_given_up_starts(site):
    site.state(GRASTATE % UUID)
    assert site.start() == 0
    site.record.write_text(json.dumps({"galera2": POINT}))
    assert site.start() == 0 and not (site.root / "own").exists()


@pytest.mark.parametrize("text", [GRASTATE % UUID, "", "# GALERA saved st"], ids=["whole", "empty", "torn"])
def test_who_was_given_up_is_not_started_with_what_it_has(site, capsys, text):
    site.state(text)
    site.record.write_text(json.dumps({"galera3": POINT}))
    assert site.start() == 1
    said = capsys.readouterr().err
    assert said.startswith("galera3 is not started with the data it has: the cluster went on without it at %s" % POINT)
    assert "-e galera_discard=galera3" in said and not (site.root / "own").exists()


@pytest.mark.parametrize("text", [None, GRASTATE % "00000000-0000-0000-0000-000000000000"], ids=["none", "nothing in it"])
def test_who_gets_a_whole_copy_starts_and_is_free_for_that_point_alone(site, text):
    if text:
        site.state(text)
    site.record.write_text(json.dumps({"galera3": POINT}))
    assert site.start() == 0
    site.state(GRASTATE % UUID)
    assert site.start() == 0
    site.record.write_text(json.dumps({"galera3": UUID + ":99"}))
    assert site.start() == 1


def test_whoever_is_bootstrapped_begins_with_what_it_has(site, monkeypatch):
    site.state(GRASTATE % UUID)
    site.record.write_text(json.dumps({"galera3": POINT}))
    monkeypatch.setenv(galera_start.BOOTSTRAP, "--wsrep-new-cluster")
    assert site.start() == 0
    monkeypatch.delenv(galera_start.BOOTSTRAP)
    assert site.start() == 0


def test_nobody_answers():
    now, slept = [0.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    assert galera_start.records(["http://127.0.0.1:1/given-up"], 5, clock=lambda: now[0], sleep=sleep) == {}
    assert 5 <= sum(slept) < 6


def test_an_answer_that_is_none_gives_up_nobody(site):
    site.state(GRASTATE % UUID)
    site.record.write_text("<html>")
    assert site.start() == 0

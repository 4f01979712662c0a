"""From a plan to a report, with measurements that are made up."""

from __future__ import annotations

import json
import pathlib

import pytest
from forwarding import __main__ as program
from forwarding import machines
from forwarding.machines import NotMeasured

TEMPLATE = pathlib.Path(__file__).parents[4] / "tools/bench/report.html"
NONE = {"seconds": 0.0, "periods": 0, "throttled": 0}


@pytest.fixture
def plan(tmp_path):
    def write(**more):
        path = tmp_path / "plan.json"
        path.write_text(json.dumps({
            "client": "client1", "prefix": "failover-bench-", "concurrency": 128, "seconds": 3, "requests": 200000, "only": [],
            "modes": [{"name": "direct", "single": ["http://a/", "http://b/"], "real": ["web1", "web2"]},
                      {"name": "DR", "single": ["http://v:81/", "http://v:82/"], "multi": "http://v/", "real": ["web1", "web2"],
                       "between": ["lb1"]}],
            "limits": {"least": 2, "most": 4, "seconds": 300, "width": 0.5}, "efficiency_min": {"DR": 0.98},
            "directory": str(tmp_path / "reports" / "1-bench"), "template": str(TEMPLATE),
            "about": {"director": "a kernel", "machine": "2 cores", "concurrency": 128, "seconds": 3, "period_ms": 20, "cpus": {}},
            **more}))
        return path
    return write


@pytest.fixture
def asked(monkeypatch):
    """What was measured, with how many seconds; the efficiency of DR is the factor."""
    seen, factor = [], [1.0]

    def measure(containers, mode, part):
        seen.append((containers.plan["seconds"], mode["name"], part["kind"], part["url"]))
        rate = 200.0 * factor[0] if part["kind"] == "multi" else 100.0
        return {"mode": mode["name"], "kind": part["kind"], "real": part["real"], "began": 0.0, "ended": 4.0, "requests_per_s": rate,
                "complete": 300, "failed": 0, "non_2xx": 0, "p95_ms": 20, "taken_s": 3.0, "machine": {"busy": 3.0, "stolen": 0.0},
                "processors": {name: dict(NONE, seconds=1.0) for name in ["client1", *part["real"]]}}

    monkeypatch.setattr(program, "measure", measure)
    monkeypatch.setattr(machines.Machines, "find", lambda self, hosts: seen.append(("found", *hosts)))
    return seen, factor


def test_a_round_warms_up_and_the_others_are_reported(plan, asked, tmp_path):
    lines = []
    assert program.main(plan(), lines.append) == 0
    measured = [entry for entry in asked[0] if entry[0] != "found"]
    assert [entry[0] for entry in measured] == [1] * 5 + [3] * 10
    assert ("found", "client1", "lb1", "web1", "web2") in asked[0]
    report = json.loads((tmp_path / "reports" / "1-bench" / "bench.json").read_text())
    assert report["passed"] is True and {run["round"] for run in report["runs"]} == {1, 2}
    assert (tmp_path / "reports" / "latest-bench").resolve() == (tmp_path / "reports" / "1-bench").resolve()
    assert "@@" not in (tmp_path / "reports" / "1-bench" / "index.html").read_text()
    assert lines[-1] == "Every mode kept its budget." and lines[0] == "round 1: DR 1.000"


def test_a_missed_budget_is_an_exit_status_and_a_sentence(plan, asked):
    asked[1][0] = 0.9
    lines = []
    assert program.main(plan(), lines.append) == 1
    assert lines[-1].startswith("DR: efficiency 0.900, 95 % interval 0.900 to 0.900, wanted 0.980")


def test_only_the_modes_that_were_asked_for(plan, asked):
    assert program.main(plan(only=["direct"]), lambda line: None) == 0
    assert {entry[1] for entry in asked[0] if entry[0] != "found"} == {"direct"}


def test_a_mode_that_nobody_knows_is_refused_before_anything_is_asked(plan, asked):
    with pytest.raises(NotMeasured, match="no mode is called TUN: choose from direct, DR"):
        program.main(plan(only=["TUN"]))
    assert asked[0] == []


@pytest.fixture
def docker(monkeypatch):
    answers = []
    monkeypatch.setattr(machines, "run", lambda words: answers.pop(0))
    return answers


def test_a_container_that_does_not_run_is_said(docker):
    docker.append((0, "7bc1 0\n", ""))
    with pytest.raises(NotMeasured, match=r"web1: container bench-web1 does not run: see docker logs of it."):
        machines.Machines({"prefix": "bench-"}).find(["web1"])


def test_docker_s_own_words_are_passed_on(docker):
    docker.append((1, "", "Cannot connect to the Docker daemon\n"))
    with pytest.raises(NotMeasured, match=r"docker inspect failed: Cannot connect to the Docker daemon. Are the nodes up?"):
        machines.Machines({"prefix": "bench-"}).find(["web1"])


def test_an_address_that_does_not_answer_is_said(docker):
    docker.append((22, "", "apr_socket_connect(): Connection refused (111)\n"))
    with pytest.raises(NotMeasured, match=r"client1: ab got no figures of http://v/: apr_socket_connect\(\): Connection refused"):
        machines.Machines({"prefix": "", "client": "client1", "seconds": 1, "requests": 9}).ask("http://v/", 1)

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json
import os
import pathlib
import re

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import runtime
from ansible_collections.failover.stack.plugins.module_utils._mysql import job

MODULES = pathlib.Path(__file__).resolve().parents[5] / "plugins" / "modules"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "BASE", str(tmp_path / "run"))
    return tmp_path / "run"


class Systemd:
    """What systemctl, journalctl and systemd-run would answer."""

    def __init__(self, active="inactive", code=0):
        self.active, self.code, self.asked = active, code, []

    def __call__(self, command):
        self.asked.append(command)
        if command[0] == "systemd-run":
            return self.code, "", "no such unit type\n"
        return 0, {"is-active": self.active + "\n"}.get(command[1], "it fell\nover\n"), ""


def test_progress_is_written_with_its_phases(tmp_path):
    clock = Clock()
    progress = job.Progress(str(tmp_path / "state.json"), clock)
    progress.phase("copy", 10)
    clock.now += 2
    progress.count(7)
    progress.note("table 1 of 2")
    state = job.read_json(str(tmp_path / "state.json"))
    assert (state["phase"], state["done"], state["total"], state["finished"]) == ("copy", 7, 10, False)
    progress.finish({"gtid": "0-1-2"})
    state = job.read_json(str(tmp_path / "state.json"))
    assert state["finished"] and state["result"] == {"gtid": "0-1-2"}
    assert state["phases"] == [{"name": "copy", "bytes": 7, "seconds": 2.0}]


def test_files_are_never_readable_by_others(tmp_path):
    job.write(str(tmp_path / "settings.json"), "secret")
    assert (tmp_path / "settings.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]


def run_work(tmp_path, perform):
    (tmp_path / "settings.json").write_text(json.dumps({"password": "x"}))
    try:
        return job.work(str(tmp_path), perform), job.read_json(str(tmp_path / "state.json"))
    finally:
        assert not (tmp_path / "settings.json").exists()


def test_a_job_that_succeeds(tmp_path):
    code, state = run_work(tmp_path, lambda settings, progress: {"had": settings["password"]})
    assert code == 0 and state["finished"] and state["result"] == {"had": "x"} and not state["error"]


def test_a_refusal_is_the_jobs_end(tmp_path):
    def perform(_settings, _progress):
        raise job.Failure("db2: no room")

    code, state = run_work(tmp_path, perform)
    assert code == 1 and state["finished"] and state["error"] == "db2: no room"


def test_an_unexpected_error_is_told_and_raised(tmp_path):
    with pytest.raises(ZeroDivisionError):
        run_work(tmp_path, lambda _settings, _progress: 1 / 0)
    assert job.read_json(str(tmp_path / "state.json"))["error"] == "ZeroDivisionError: division by zero"


def test_a_job_begins_with_its_program_and_settings(base, monkeypatch):
    monkeypatch.setattr(job.runtime, "files", lambda entry, read: {"_mysql/x.py": "text", "run.py": "launcher"})
    systemd, directory = Systemd(), job.prepare("seed")
    job.start(systemd, "seed", "_mysql.x", {"password": "secret"}, ["MemoryMax=1G"])
    command = systemd.asked[-1]
    assert command[-3:] == ["%s/lib/run.py" % directory, "_mysql.x", directory]
    assert "--property=MemoryMax=1G" in command and not [word for word in command if "secret" in word]
    assert (base / "seed/lib/_mysql/x.py").read_text() == "text"
    assert (base / "seed").stat().st_mode & 0o777 == 0o700


def test_nothing_of_a_job_before_is_left(base):
    os.makedirs(base / "seed")
    (base / "seed/state.json").write_text("{}")
    job.prepare("seed")
    assert list((base / "seed").iterdir()) == []


def test_a_job_that_systemd_refuses(base, monkeypatch):
    monkeypatch.setattr(job.runtime, "files", lambda entry, read: {})
    job.prepare("seed")
    with pytest.raises(job.Failure, match=r"^systemd did not start failover-mysql-seed.service: no such unit type$"):
        job.start(Systemd(code=1), "seed", "_mysql.x", {})


def test_a_job_that_died_without_a_word_has_ended(base):
    job.prepare("seed")
    job.Progress(str(base / "seed/state.json")).phase("copy")
    state = job.status(Systemd(), "seed")
    assert state["finished"] and state["error"] == "failover-mysql-seed.service died in phase 'copy' (it fell over)"
    assert not job.status(Systemd("active"), "seed")["finished"]


def test_there_is_no_such_job(base):
    assert job.status(Systemd(), "seed")["error"] == "there is no such job"
    assert job.status(Systemd("activating"), "seed")["phase"] == "starting"


@pytest.mark.parametrize("path", sorted(path for path in MODULES.glob("*.py") if "job.start(" in path.read_text(encoding="utf-8")),
                         ids=lambda path: path.stem)
def test_a_module_takes_its_jobs_program_along(path):
    """Ansible sends to a host what a module imports, and nothing else."""
    text = path.read_text(encoding="utf-8")
    entries = re.findall(r'job\.start\([^"]*"(_[a-z_.]+)"', text)
    assert entries and set(entries) <= runtime.imported(text)

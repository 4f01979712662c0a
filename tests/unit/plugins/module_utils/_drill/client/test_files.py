from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import threading
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client import files


def test_pack_and_unpack():
    assert files.unpack(files.pack({"a": [1, 2]})) == {"a": [1, 2]}


def test_secrets_are_concealed_wherever_they_stand():
    value = {"of s3cret": ["s3cret and s3cret-longer", 1, None, ("s3cret",)], "plain": {"ok": True}}
    assert files.concealed(value, ["", "s3cret", "s3cret-longer"]) == {
        "of (not shown)": ["(not shown) and (not shown)", 1, None, ["(not shown)"]], "plain": {"ok": True}}


ROOT = pathlib.Path(__file__).resolve().parents[6]
OBSERVER = """
import signal, sys, time
from ansible_collections.failover.stack.plugins.module_utils._drill.client import files
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
place = files.take_place(sys.argv[1])
print("there", flush=True)
time.sleep(60)
"""


@pytest.fixture
def observer(tmp_path):
    """Begins a process that holds an observer's place; (its control file, the process)."""
    begun, control = [], str(tmp_path / "run" / "finish")

    def begin(mood="hearing"):
        process = subprocess.Popen([sys.executable, "-c", OBSERVER, control, mood], stdout=subprocess.PIPE, text=True,
                                   env=dict(os.environ, PYTHONPATH=str(ROOT / ".ansible" / "collections")))
        begun.append(process)
        assert process.stdout.readline() == "there\n"
        return control, process
    yield begin
    for process in begun:
        process.kill()
        process.wait()
        process.stdout.close()


def test_an_observer_that_was_left_is_ended(observer):
    control, process = observer()
    assert files.holder(control) == process.pid
    assert files.end_other(control) is True
    assert process.wait(10) == -15
    assert files.holder(control) is None and files.end_other(control) is False


def test_one_that_does_not_hear_is_killed(observer):
    control, process = observer("deaf")
    assert files.end_other(control, 0.3) is True
    assert process.wait(10) == -9


def test_a_new_observer_takes_the_place_of_the_old_one(observer):
    (control, first), (_control, second) = observer(), observer()
    assert first.wait(10) == -15 and files.holder(control) == second.pid


def test_nobody_has_ever_observed(tmp_path):
    control = str(tmp_path / "run" / "finish")
    assert files.holder(control) is None and files.end_other(control) is False


def test_what_an_observer_leaves_is_waited_for(observer, tmp_path):
    control, _process = observer()
    later = threading.Timer(0.5, files.write_json, (control + ".seen", "what it saw"))
    later.start()
    assert files.wait_for_file(control + ".seen", 20, lambda: files.holder(control), 0.2) == "what it saw"
    later.join()


def test_nobody_waits_for_an_observer_that_is_gone(observer):
    control, process = observer()
    process.kill()
    process.wait()
    began = time.monotonic()
    assert files.wait_for_file(control + ".seen", 60, lambda: files.holder(control), 0.3) is None
    assert time.monotonic() - began < 20

from __future__ import annotations

import pathlib
import subprocess
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.faults import playbook as playbooks

OUTPUT = """
PLAY [Drain] ****

TASK [Drain] ****
changed: [lb1]
fatal: [lb2]: FAILED! => {"msg": "no"}

PLAY RECAP ****
lb1   : ok=3    changed=1    unreachable=0    failed=0
lb2   : ok=3    changed=0    unreachable=0    failed=1
"""


def test_place():
    assert playbooks.place("drain.yml", "/c/roles/drill/../../playbooks") == "/c/playbooks/drain.yml"
    assert playbooks.place("/x/drain.yml", "/c") == "/x/drain.yml"


def test_command_line():
    assert playbooks.command_line(["a", "-i", "x"], "/p.yml") == ["a", "-i", "x", "/p.yml"]
    assert playbooks.command_line(["a"], "/p.yml", "/v.json") == ["a", "--extra-vars", "@/v.json", "/p.yml"]


def test_the_tail_begins_with_the_reason():
    assert playbooks.tail(OUTPUT)[0] == 'fatal: [lb2]: FAILED! => {"msg": "no"}'
    assert playbooks.tail("\n".join("line %d" % n for n in range(50)), 3) == ["line 47", "line 48", "line 49"]
    assert playbooks.tail("") == []


def command(tmp_path, script):
    """A stand-in for ansible-playbook: a shell script that gets the playbook last."""
    path = tmp_path / "command"
    path.write_text(script, encoding="utf-8")
    (tmp_path / "p.yml").touch()
    return ["/bin/sh", str(path)]


def test_a_playbook_gets_its_variables_and_says_when(tmp_path):
    told = command(tmp_path, 'cat "${2#@}" >%s; echo "$3" >>%s' % (tmp_path / "got", tmp_path / "got"))
    before = time.time()
    at, done = playbooks.run({"playbook": "p.yml", "vars": {"a": 1}}, told, str(tmp_path), "", 20)
    assert before <= at <= done <= time.time()
    assert (tmp_path / "got").read_text(encoding="utf-8") == '{"a": 1}%s\n' % (tmp_path / "p.yml")


def test_a_playbook_that_fails_says_why(tmp_path):
    told = command(tmp_path, "echo 'fatal: [db1]: FAILED'; exit 2")
    with pytest.raises(playbooks.PlaybookFailed, match=r"p\.yml failed with status 2\nfatal: \[db1\]: FAILED$"):
        playbooks.run({"playbook": "p.yml"}, told, str(tmp_path), "", 20)


@pytest.mark.parametrize("script, step, why", [
    ("echo 'fatal: gone'; exit 2", {"fails": True}, None),
    ("printf 'it serves\n   v1.0 again'; exit 2", {"fails": True, "says": "serves v1.. again"}, None),
    ("echo 'fatal: other'; exit 2", {"fails": True, "says": "serves"}, "did not say 'serves'\nfatal: other"),
    ("echo 'fatal: bad'; exit 2", {"says": "bad"}, "failed with status 2\nfatal: bad"),
    ("echo well", {"fails": True}, "succeeded, which it must not\nwell"),
    ("echo well", {"says": "we"}, None),
    ("echo begun; exec sleep 60", {"fails": True}, "took longer than 1 s\nbegun"),
])
def test_how_a_playbook_has_to_end(tmp_path, script, step, why):
    told, wanted = command(tmp_path, script), {"playbook": "p.yml", **step}
    if why is None:
        assert playbooks.run(wanted, told, str(tmp_path), "", 20)
        return
    with pytest.raises(playbooks.PlaybookFailed) as failed:
        playbooks.run(wanted, told, str(tmp_path), "", 1)
    assert str(failed.value) == "%s %s" % (tmp_path / "p.yml", why)


def test_a_playbook_that_is_not_there(tmp_path):
    with pytest.raises(playbooks.PlaybookFailed, match=r"there is no playbook .*/q\.yml: correct the drill's playbook"):
        playbooks.run({"playbook": "q.yml"}, ["true"], str(tmp_path), "", 20)
    command(tmp_path, "")
    with pytest.raises(playbooks.PlaybookFailed, match="could not be started"):
        playbooks.run({"playbook": "p.yml"}, [str(tmp_path / "no")], str(tmp_path), "", 20)


def lives(process, seconds=10):
    """Whether a process is there after so long; one that nobody has asked for its exit status yet is not."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if "State:\tZ" in pathlib.Path("/proc/%d/status" % process).read_text(encoding="utf-8"):
                return False
        except (FileNotFoundError, ProcessLookupError):
            return False
        time.sleep(0.05)
    return True


def test_a_playbook_that_takes_too_long_ends_with_all_that_it_has_started(tmp_path):
    told = command(tmp_path, "sleep 60 & echo $! >%s; echo begun; wait" % (tmp_path / "child"))
    with pytest.raises(playbooks.PlaybookFailed, match=r"took longer than 1 s\nbegun$"):
        playbooks.run({"playbook": "p.yml"}, told, str(tmp_path), "", 1)
    assert not lives(int((tmp_path / "child").read_text(encoding="utf-8")))


@pytest.mark.parametrize("script, seconds, ends_well", [("sleep 1; echo well >end", 20, True), ("exec sleep 60", 1, False)])
def test_who_interrupts_waits_for_the_playbook_but_not_longer_than_its_time(tmp_path, monkeypatch, script, seconds, ends_well):
    told = command(tmp_path, "cd %s; echo $$ >process; %s" % (tmp_path, script))
    real, calls = subprocess.Popen.communicate, []

    def interrupted(process, timeout=None):
        calls.append(timeout)
        if len(calls) == 1:
            while not (tmp_path / "process").exists() or not (tmp_path / "process").read_text(encoding="utf-8"):
                time.sleep(0.05)
            raise KeyboardInterrupt
        return real(process, timeout=timeout)

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        playbooks.run({"playbook": "p.yml"}, told, str(tmp_path), "", seconds)
    assert not lives(int((tmp_path / "process").read_text(encoding="utf-8")))
    assert (tmp_path / "end").exists() == ends_well

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils import _drill_playbook as playbooks

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


def test_changed_hosts():
    assert playbooks.changed_hosts("") == []
    assert playbooks.changed_hosts(OUTPUT) == ["lb1"]
    assert playbooks.changed_hosts("\x1b[0;33mlb1\x1b[0m  : \x1b[0;32mok=3   \x1b[0m \x1b[0;33mchanged=12\x1b[0m") == ["lb1"]


def test_the_tail_begins_with_the_reason():
    assert playbooks.tail(OUTPUT)[0] == 'fatal: [lb2]: FAILED! => {"msg": "no"}'
    assert playbooks.tail("\n".join("line %d" % n for n in range(50)), 3) == ["line 47", "line 48", "line 49"]
    assert playbooks.tail("") == []


UNDO, AGAIN = {"playbook": "undrain.yml", "vars": {"a": 1}}, {"playbook": "switch.yml"}


def test_journal(tmp_path):
    journal = playbooks.Journal(str(tmp_path / "unhealed" / "d.json"))
    assert journal.read() == []
    journal.keep([UNDO, AGAIN])
    assert playbooks.Journal(journal.path).read() == [UNDO, AGAIN]
    journal.keep([])
    journal.forget()
    assert journal.read() == []


def test_a_journal_of_an_older_release_holds_one_step(tmp_path):
    path = tmp_path / "d.json"
    path.write_text('{"playbook": "undrain.yml", "vars": {"a": 1}}')
    assert playbooks.Journal(str(path)).read() == [UNDO]


def test_steps_that_are_due():
    assert playbooks.due([UNDO, AGAIN], 0) == [UNDO, AGAIN]
    assert playbooks.due([UNDO, AGAIN], 1) == [UNDO]
    # Nobody has kept them: what is left is all that was for later.
    assert playbooks.due([AGAIN], 2) == []

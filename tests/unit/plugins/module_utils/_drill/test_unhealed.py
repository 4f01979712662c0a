from __future__ import annotations

import json
import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill import unhealed as subject
from ansible_collections.failover.stack.plugins.module_utils._drill.unhealed import Unhealed, Unreadable

ANSWER, UNDO, AGAIN = {"playbook": "recover.yml", "answer": True}, {"playbook": "undrain.yml", "vars": {"a": 1}}, {"playbook": "switch.yml"}


@pytest.fixture
def unhealed(tmp_path):
    return Unhealed(str(tmp_path / "un[healed"))


def test_journal(unhealed):
    journal = unhealed.journal("d")
    assert journal.read() == [] and not unhealed.left()
    journal.keep([UNDO, AGAIN])
    assert unhealed.journal("d").read() == [UNDO, AGAIN] and unhealed.left()
    assert [one.path for one in unhealed.journals()] == [journal.path]
    journal.keep([])
    journal.keep([])
    assert journal.read() == [] and not unhealed.left()


def test_a_journal_of_an_older_release_holds_one_step(unhealed, tmp_path):
    unhealed.mark()
    (tmp_path / "un[healed" / "d.json").write_text('{"playbook": "undrain.yml", "vars": {"a": 1}}')
    assert unhealed.journal("d").read() == [UNDO] and unhealed.journal("d").answer() is None


def test_an_answer_is_struck_out(unhealed):
    journal = unhealed.journal("d")
    journal.keep([ANSWER, UNDO])
    assert journal.answer() == ANSWER
    journal.answered()
    assert journal.answer() is None and journal.read() == [UNDO]


def test_the_mark_and_what_is_broken(unhealed):
    unhealed.mark()
    unhealed.mark()
    assert unhealed.left() and unhealed.broken() == []
    unhealed.breaks([{"host": "a", "unit": "x"}])
    unhealed.breaks([{"host": "a", "unit": "x"}, {"host": "b", "unit": "x"}])
    assert Unhealed(unhealed.directory).broken() == [{"host": "a", "unit": "x"}, {"host": "b", "unit": "x"}]
    unhealed.unmark()
    assert not unhealed.left() and unhealed.broken() == []


def test_a_journal_that_is_being_written_when_all_ends_is_the_old_one(unhealed, monkeypatch):
    journal = unhealed.journal("d")
    journal.keep([ANSWER, UNDO])

    class PowerLoss(BaseException):
        pass

    def half(value, handle, **_more):
        handle.write(json.dumps(value)[:9])
        raise PowerLoss

    monkeypatch.setattr(json, "dump", half)
    with pytest.raises(PowerLoss):
        journal.keep([UNDO])
    with pytest.raises(PowerLoss):
        unhealed.mark() or unhealed.breaks([{"host": "a", "unit": "x"}])
    monkeypatch.undo()
    assert journal.read() == [ANSWER, UNDO] and unhealed.broken() == []
    # What was half written is no journal of its own.
    assert [one.path for one in unhealed.journals()] == [journal.path]
    journal.keep([UNDO])
    assert journal.read() == [UNDO]


@pytest.mark.parametrize("text", [
    "", "[", '[{"playbook": "a.yml"}, ', "\0" * 64, '["a.yml"]', "3", '"a.yml"', "null", '[{"playbook": "a.yml"}, null]'])
@pytest.mark.parametrize("ask", ["read", "answer", "answered"])
def test_what_cannot_be_read_is_never_taken_for_nothing(unhealed, text, ask):
    journal = unhealed.journal("d")
    journal.keep([ANSWER])
    with open(journal.path, "w", encoding="utf-8") as handle:
        handle.write(text)
    with pytest.raises(Unreadable, match=r"d\.json .*: heal by hand what the drill has broken, then remove the file$"):
        getattr(journal, ask)()
    assert unhealed.left() and os.path.exists(journal.path)


def test_bytes_that_are_no_text_and_a_file_that_may_not_be_read(unhealed):
    journal = unhealed.journal("d")
    journal.keep([ANSWER])
    with open(journal.path, "wb") as handle:
        handle.write(b"\xff\xfe[]")
    with pytest.raises(Unreadable, match=r"d\.json cannot be read \('utf-8' codec"):
        journal.read()
    os.unlink(journal.path)
    os.mkdir(journal.path)
    with pytest.raises(Unreadable, match=r"d\.json cannot be read \(.*Is a directory"):
        journal.read()


def test_what_is_broken_already_is_not_forgotten_where_it_cannot_be_read(unhealed):
    unhealed.mark()
    with open(os.path.join(unhealed.run, "broken"), "w", encoding="utf-8") as handle:
        handle.write('[{"host": "a"')
    for act in (unhealed.broken, lambda: unhealed.breaks([{"host": "b", "unit": "x"}])):
        with pytest.raises(Unreadable):
            act()
    with open(os.path.join(unhealed.run, "broken"), encoding="utf-8") as handle:
        assert handle.read() == '[{"host": "a"'


def test_names_of_drills_that_a_pattern_or_a_page_would_stumble_over(unhealed):
    for name in ("a[b]", "a b", "*", "run", "$(x)", "a.json", "-n"):
        unhealed.journal(name).keep([UNDO])
    assert len(unhealed.journals()) == 7
    unhealed.mark()
    unhealed.unmark()
    assert len(unhealed.journals()) == 7 and unhealed.left()


def test_the_last_step_takes_the_file_with_it_and_a_journal_of_nothing_makes_no_directory(unhealed):
    unhealed.journal("d").keep([])
    assert not os.path.exists(unhealed.directory)
    unhealed.journal("d").keep([ANSWER])
    unhealed.journal("d").answered()
    assert os.listdir(unhealed.directory) == []
    unhealed.journal("d").answered()
    assert subject.read(os.path.join(unhealed.directory, "none")) == []

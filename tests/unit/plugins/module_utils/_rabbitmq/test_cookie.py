from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cookie import (
    choose,
    describe,
    digest,
    generate,
    normalise,
    objection,
    plan,
    refusal,
)

STATE = {"content": "A" * 20, "owner": "rabbitmq", "group": "rabbitmq", "mode": "0400"}


@pytest.mark.parametrize("text, value", [("abc\n", "abc"), ("abc\r\n\n ", "abc"), (" ab c", " ab c"), ("\n", "")])
def test_line_ends_and_blanks_at_the_end_do_not_count(text, value):
    assert normalise(text) == value


@pytest.mark.parametrize("value, words", [
    ("", "is empty: Erlang needs 1 to 255 characters"),
    ("a" * 256, "has 256 characters: Erlang takes at most 255"),
    ("ab\tc", "has a character at position 3 that Erlang does not accept: use printable ASCII only"),
    ("abcé", "has a character at position 4 that Erlang does not accept: use printable ASCII only"),
    ("a", None), ("a" * 255, None), ("a\"b\\c'd e~", None),
])
def test_what_erlang_accepts(value, words):
    assert objection(value) == words


def test_the_digest_is_the_one_of_rabbitmqs_log():
    # rabbitmq-diagnostics erlang_cookie_hash of a node with this cookie.
    assert digest("abc") == "kAFQmDzST7DWlj99KOF/cg=="


def test_a_generated_cookie_is_accepted_and_new_each_time():
    assert objection(generate()) is None
    assert len(generate()) == 40
    assert generate() != generate()


def test_the_given_cookie_wins_then_the_present_one_then_a_new_one():
    assert choose("given", "there", True) == ("given", "given")
    assert choose(None, "there", True) == ("there", "kept")
    assert choose(None, "bad\t", False) == (None, None)
    assert choose(None, None, True)[1] == "generated"
    assert choose("", "there", True) == ("", "given")


def test_plan_names_what_differs():
    assert plan(None, STATE) == ["content", "owner", "group", "mode"]
    assert plan(STATE, STATE) == []
    assert plan({**STATE, "mode": "0640"}, STATE) == ["mode"]


def test_a_diff_never_has_the_value():
    assert describe(STATE) == "cookie %s rabbitmq:rabbitmq 0400\n" % digest(STATE["content"])
    assert describe(None) == "absent\n"


def test_only_a_member_of_a_cluster_keeps_its_cookie():
    assert refusal("rabbit@a", ["rabbit@a"], "old", "new", False) is None
    assert refusal("rabbit@a", ["rabbit@a", "rabbit@b"], "old", "new", True) is None
    assert refusal("rabbit@a", ["rabbit@a", "rabbit@b"], "old", "new", False).startswith(
        "rabbit@a is a member of a cluster of 2 (rabbit@a, rabbit@b) with cookie old, and is asked to take new: ")
    assert "does not accept the cookie of its file (old)" in refusal("rabbit@a", None, "old", "new", False)

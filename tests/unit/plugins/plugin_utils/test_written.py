from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.plugin_utils.written import Written, mark, names_in

VARIABLES = {"a": "{{ b }}", "b": ["{{ c['x'] }}"], "c": {"x": 1}, "d": 1, "e": "{{ groups[d] }} and not f", "f": 1, "groups": {}}


@pytest.mark.parametrize("template, names", [
    ("{{ a.b | default(c) }} {% if d is match('^x{3}$') %}{{ e['f'] }}{% endif %}", {"a", "c", "d", "e"}),
    ("{{ lookup('ansible.builtin.file', a ~ '/x') }}", {"a"}),
    ("{{ query('env', 'HOME') }}", set()),
    # Who knows what these read.
    ("{{ lookup('vars', 'a') }}", None),
    ("{{ lookup(a, 'x') }}", None),
    ("{{ lookup('file', 'x') ~ lookup('template', 'y') }}", None),
    ("{{ ['x'] | map('extract', vars) }}", None),
    ("{{ '{{ a }}' }}", None),
    ("{% include 'x' %}", None),
    ("{{ a", None),
    ("#jinja2: variable_start_string: '[['\n[[ a ]]", None),
])
def test_names_in(template, names):
    assert names_in(template) == names


@pytest.mark.parametrize("changed, same", [
    ({}, True),
    ({"c": {"x": 2}}, False),
    ({"a": "{{ d }}"}, False),
    ({"a": "{{ b | default(later) }}"}, False),
    ({"d": 2}, True),
    ({"more": 1}, True),
])
def test_meaning_and_mark_follow_what_is_mentioned(changed, same):
    before, after = Written(VARIABLES), Written(dict(VARIABLES, **changed))
    assert (after.meaning("a") == before.meaning("a")) is same
    names = before.mentioned(["a", "unknown"])
    assert names == {"a", "b", "c", "unknown"}
    assert (mark(names, after.variables, b"key") == mark(names, before.variables, b"key")) is same


def test_what_is_the_same_for_all_is_not_followed():
    assert Written(VARIABLES).mentioned(["e"]) == {"e", "d"}


def test_a_variable_that_comes_later_changes_meaning_and_mark():
    without, given = {"a": "{{ b | default(1) }}"}, {"a": "{{ b | default(1) }}", "b": 2}
    assert Written(without).meaning("a") != Written(given).meaning("a")
    names = Written(without).mentioned(["a"])
    assert mark(names, without, b"key") != mark(names, given, b"key")


def test_a_mark_depends_on_the_key():
    assert mark(["a"], VARIABLES, b"key") != mark(["a"], VARIABLES, b"another")


def test_two_that_mention_each_other_end_too():
    assert Written({"x": "{{ y }}", "y": "{{ x }}"}).mentioned(["x"]) == {"x", "y"}


def test_what_cannot_be_told():
    written = Written({"a": "{{ b }}", "b": "{{ lookup('vars', 'c') }}", "c": 1, "d": "{{ c }}"})
    assert [written.meaning(name) is None for name in "abcd"] == [True, True, False, False]
    assert written.mentioned(["d", "a"]) is None

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How preflight comes by a host's values: one evaluation for all who share a meaning, and none for who does not."""

from __future__ import annotations

import json
import types

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.failover.stack.plugins.plugin_utils import preflight


class Templar:
    """Evaluates a text by format(), with the host's variables; what fails says so."""

    def __init__(self):
        self.count, self.available_variables = 0, {}

    def template(self, value):
        self.count += 1
        if value == "{{ broken }}":
            raise AnsibleError("'broken' is undefined\nsecond line")
        names = {name: self.available_variables.get(name) for name in ("site_name", "inventory_hostname")}
        return names[value[3:-3]] if isinstance(value, str) and value[3:-3] in names else value


def views(*hosts):
    known, templar = {}, Templar()
    for variables in hosts:
        yield preflight.SharedView(variables, templar, known), templar


@pytest.mark.parametrize("value, one, two, evaluations", [
    # The same words about the same variables mean the same.
    ("{{ site_name }}", {"site_name": "x"}, {"site_name": "x"}, 1), ("{{ site_name }}", {"site_name": "x"}, {"site_name": "y"}, 2),
    ("{{ inventory_hostname }}", {"inventory_hostname": "a"}, {"inventory_hostname": "b"}, 2),
    ("plain", {}, {}, 1), ([1, {"a": "b"}], {}, {}, 1),
    # Nobody can tell what a lookup reads.
    ("{{ lookup('pipe', x) if false else lookup('vars', 'site_name') }}", {}, {}, 2),
])
def test_what_hosts_share_is_evaluated_once(value, one, two, evaluations):
    expected = []
    for view, templar in views({"v": value, **one}, {"v": value, **two}):
        expected.append(json.loads(view.text("v")))
        assert templar.available_variables["v"] == value
    assert templar.count == evaluations
    if isinstance(value, str) and value[3:-3] in one:
        assert expected == [one[value[3:-3]], two[value[3:-3]]]


def test_each_host_gets_a_value_of_its_own():
    """What one's rules change must not change another's."""
    first, second = (json.loads(view.text("v")) for view, _templar in views({"v": [1]}, {"v": [1]}))
    first.append(2)
    assert second == [1]


@pytest.fixture
def role(monkeypatch):
    rules = types.SimpleNamespace(problems=lambda host, values: [], claims=lambda host, values: [])
    made = preflight.Role.__new__(preflight.Role)
    made.name, made.specs, made.rules, made.written = "haproxy", "the spec", rules, {"haproxy_b": "{{ broken }}", "haproxy_c": 5}
    made.options = {name: {"type": "int"} for name in ("haproxy_a", "haproxy_b")}
    made.options.update(haproxy_c={"type": "int", "default": 5}, haproxy_password={"type": "str", "no_log": True})
    made.known = set(made.options)
    return made


def examined(role, **variables):
    return role.examine("web1", preflight.View(variables, Templar()))


def test_what_cannot_be_evaluated_is_said_once_and_a_default_only_where_nothing_else_is_wrong(role):
    assert examined(role, haproxy_a="{{ broken }}", haproxy_b="{{ broken }}")[0] == [
        "web1: haproxy_a cannot be evaluated ('broken' is undefined): correct it in the inventory."]
    assert examined(role, haproxy_a=1, haproxy_b="{{ broken }}")[0] == [
        "web1: haproxy_b cannot be evaluated ('broken' is undefined): correct it in the inventory."]


def test_a_value_that_is_left_empty_is_not_its_default(role):
    assert examined(role, haproxy_c=None)[0] == ["web1: haproxy_c is empty: give a value, or take it out for its default, 5."]
    assert examined(role, haproxy_c=7)[0] == []


def test_rules_are_asked_only_about_values_that_the_spec_takes(role):
    asked = []
    role.rules.problems = lambda host, values: asked.append(values) or ["web1: no"]
    role.rules.claims = lambda host, values: pytest.fail("what is refused claims nothing")
    sentences, claims, _old = examined(role, haproxy_a="many")
    assert len(sentences) == 1 and "haproxy_a" in sentences[0] and asked == [] and claims == []
    assert examined(role, haproxy_a="3")[:2] == (["web1: no"], []) and asked[0]["haproxy_a"] == 3 and asked[0]["haproxy_b"] is None


def test_rules_that_break_are_a_sentence_without_a_secret(role):
    def breaks(host, values):
        raise KeyError("no such key: " + values["haproxy_password"])

    role.rules.problems = breaks
    with pytest.raises(AnsibleActionFail) as failed:
        examined(role, haproxy_password="s3cret-of-all")
    assert "web1: the rules of role haproxy end with KeyError: " in str(failed.value) and "s3cret" not in str(failed.value)
    # Who is not asked claims nothing then; what is wrong there is told when he is.
    assert role.claims("web1", preflight.View({"haproxy_password": "s3cret-of-all"}, Templar())) == []


def test_a_role_without_rules_or_a_spec_is_none():
    with pytest.raises(AnsibleActionFail, match=r"Role nowhere has no .*roles/nowhere/meta/argument_specs\.yml: preflight needs it\."):
        preflight.Role("nowhere")


def test_a_hosts_variables_are_put_together_once():
    asked = []
    manager = types.SimpleNamespace(get_vars=lambda host, **context: asked.append((host.name, context)) or {"of": host.name})
    once, hosts = preflight.Once(manager), [types.SimpleNamespace(name=name) for name in ("a", "b", "a")]
    assert [once.get_vars(host, play="p")["of"] for host in hosts] == ["a", "b", "a"] and asked == [
        ("a", {"play": "p"}), ("b", {"play": "p"})]

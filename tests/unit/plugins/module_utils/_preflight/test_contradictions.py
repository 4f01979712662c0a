# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.contradictions import contradictions
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import spec_problems

SERVER = {"name": {"type": "str", "required": True}, "port": {"type": "int", "required": True}, "backup": {"type": "bool"}}
BACKENDS = {"type": "list", "elements": "dict", "options": {
    "name": {"type": "str", "required": True}, "check": {"type": "dict", "options": {"path": {"type": "str"}}}, "cookie": {"type": "str"},
    "balance": {"type": "str", "choices": ["first", "source"]}, "servers": {"type": "list", "elements": "dict", "options": SERVER}}}


@pytest.mark.parametrize("value, sentences", [
    ([{"name": "web", "servers": ["10.0.0.21:80"]}], ["web[0].servers[0] is '10.0.0.21:80': write a dictionary with name, port."]),
    ([{"name": "web", "servers": [{"name": "w1", "port": "http", "backup": "enabled"}]}], [
        "web[0].servers[0].port is 'http': write a whole number, digits alone.",
        "web[0].servers[0].backup is 'enabled': write true or false."]),
    ({"web": {}}, ["web is a dictionary: write a list, an entry behind each dash, with name."]),
    ([{"name": "a"}, {"balance": "rr"}], [
        "web[1].name is missing: give it.", "web[1].balance is rr, which is none of first, source: choose one of these."]),
    ([{"name": "web", "cokie": "x"}], ["web[0].cokie is nothing that is known there: write cookie."]),
    ([{"name": "web", "xyz": "x"}], [
        "web[0].xyz is nothing that is known there: take it out or write one of balance, check, cookie, name, servers."]),
    ([{"name": ["a"], "check": "/x"}], ["web[0].name is a list: write a text.", "web[0].check is '/x': write a dictionary with path."]),
    ([None], ["web[0] is empty: give a value, or take it out."]),
])
def test_what_contradicts_is_told_with_its_place_its_value_and_what_to_write(value, sentences):
    assert list(contradictions("web", BACKENDS, value)) == sentences


def test_what_is_left_empty_is_not_taken_for_the_word_none():
    assert list(contradictions("web", BACKENDS, [{"name": None, "cookie": None, "check": None}])) == [
        "web[0].name is missing: give it.", "web[0].check is empty: write {} for all of its defaults, or take it out.",
        "web[0].cookie is empty: give a value, or take it out."]


@pytest.mark.parametrize("value", ["[{'name': 'web'}]", ' ["a", "b"]', "{}"])
def test_a_list_in_quotes_is_told_apart_from_names_with_commas(value):
    names = {"type": "list", "elements": "str"}
    assert list(contradictions("plugins", names, value)) == [
        "plugins is a text that only looks like a list: -e name=value, quotes, and true for True in an INI file make texts; write -e "
        "'{\"plugins\": […]}', or True, or leave the quotes out."]
    assert list(contradictions("plugins", names, "a, b")) == []


@pytest.mark.parametrize("value", [
    [{"name": "web", "servers": [{"name": "w1", "port": "80", "backup": "yes"}]}], [{"name": 7}],
    [{"name": "web", "balance": "first"}], [{"name": "web", "check": {}}], []])
def test_what_ansible_reads_is_no_contradiction(value):
    assert list(contradictions("web", BACKENDS, value)) == []


def test_a_number_among_choices_of_texts_is_one_of_them():
    assert list(contradictions("version", {"type": "str", "choices": ["10", "11"]}, 10)) == []


def test_what_may_be_a_secret_in_the_wrong_place_is_not_shown():
    options = {"app_users": {"type": "list", "elements": "dict", "options": {"name": {"type": "str"}}},
               "app_passwords": {"type": "dict", "no_log": True}, "app_port": {"type": "int"}}
    sentences, _values = spec_problems("db1", options, {
        "app_users": ["shop:geheim", {"name": "a", "password": "geheim"}], "app_passwords": "shop:geheim", "app_port": "x" * 100})
    assert len(sentences) == 4 and "geheim" not in str(sentences)
    assert sentences[0] == "db1: app_users[0] is a text (not shown): write a dictionary with name."
    assert sentences[3] == "db1: app_port is '%s…': write a whole number, digits alone." % ("x" * 60)


def test_a_variable_that_must_be_given_is_told_with_everything_else():
    sentences, _values = spec_problems("db1", {"a": {"type": "str", "required": True}, "b": {"type": "int"}}, {"a": None, "b": "x"})
    assert sentences == ["db1: a is missing: give it.", "db1: b is 'x': write a whole number, digits alone."]

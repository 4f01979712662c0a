# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pure functions get of a role's variables: each once, as the spec reads it, and nothing that was not asked for."""

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.failover.stack.plugins.plugin_utils.role_values import RoleLookup, Values, by_name

SPEC = """
argument_specs:
  main:
    options:
      shop_port: {type: int}
      shop_tls: {type: bool}
      shop_ratio: {type: float}
      shop_name: {type: str}
      shop_hosts: {type: list, elements: str}
      shop_fronts: {type: list, elements: dict, options: {port: {type: int}, tls: {type: bool}}}
      shop_made: {type: int, description: Not meant to be set.}
"""


class Templar:
    """Knows one variable's value; `evaluated` has all that it was asked for."""

    def __init__(self):
        self.evaluated = []

    def template(self, value):
        self.evaluated.append(value)
        return "8443" if value == "{{ port }}" else value


@pytest.fixture
def values(tmp_path):
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "argument_specs.yml").write_text(SPEC, encoding="utf-8")

    def make(**variables):
        return Values("shop", {"role_path": str(tmp_path), "inventory_hostname": "web1", **variables}, Templar())
    return make


@pytest.mark.parametrize("name, written, value", [
    ("port", "8080", 8080), ("port", "{{ port }}", 8443), ("tls", "no", False), ("tls", "true", True), ("ratio", "0.5", 0.5),
    ("tls", False, False),
    # A text that is meant as one, and what contradicts the spec: preflight tells of that.
    ("name", "8080", "8080"), ("port", "https", "https"), ("hosts", "a, b", ["a", "b"]), ("hosts", ["a"], ["a"]), ("hosts", [], []),
    ("fronts", [{"port": "80", "tls": "no"}, {"port": 443}], [{"port": 80, "tls": False}, {"port": 443}]),
    # What nobody sets is what the role has made.
    ("made", "7", "7"), ("other", "no", "no"), ("port", None, None)])
def test_a_variable_is_what_the_spec_reads(values, name, written, value):
    assert values(**{"shop_" + name: written})[name] == value


def test_names_of_ansible_and_the_site_stand_for_themselves(values):
    found = values(ansible_facts={"os": "x"}, site_domain="example.test", shop_ansible_facts=1, __shop_seen={"a": 1}, shop_seen=2)
    assert found["ansible_facts"] == {"os": "x"} and found["site_domain"] == "example.test" and found["inventory_hostname"] == "web1"
    assert found["_seen"] == {"a": 1} and found["seen"] == 2


def test_each_is_evaluated_once_and_of_a_dictionary_only_the_key_that_is_asked_for(values):
    found = values(shop_port="{{ port }}", __shop_contents={"server": "{{ port }}", "key": "{{ vault }}"}, shop_never="{{ vault }}")
    assert (found["port"], found["port"], found["_contents.server"]) == (8443, 8443, "8443")
    assert found.templar.evaluated == ["{{ port }}", "{{ port }}"] and list(found) == ["port", "_contents.server"] and len(found) == 2
    assert "never" in found and "_contents.key" in found and "missing" not in found and "_contents.none" not in found
    assert found.templar.evaluated == ["{{ port }}", "{{ port }}"]
    for name in ("missing", "_missing", "_contents.none"):
        with pytest.raises(KeyError):
            found[name]
        assert found.get(name, "default") == "default"


class Refusal(Exception):
    pass


def ports(values):
    return [values["port"]]


def refuses(values):
    raise Refusal("two ports are one")


def breaks(values):
    return values["port"] + 1 / 0


class Lookup(RoleLookup):
    role, parts, refusals = "shop", by_name(ports, refuses, breaks), (Refusal,)

    def __init__(self):
        self._templar = Templar()

    def set_options(self, **_given):
        pass


@pytest.mark.parametrize("terms, variables, sentence", [
    (["prots"], {"shop_port": 1}, "shop has no part 'prots': name one of ports, refuses, breaks."),
    (["refuses"], {"shop_port": 1}, "web1: two ports are one"),
    (["ports"], {}, "web1: ports of role shop needs shop_port, which is not there."),
])
def test_what_a_part_cannot_be_made_of_is_a_sentence(terms, variables, sentence):
    with pytest.raises(AnsibleLookupError) as refused:
        Lookup().run(terms, {"inventory_hostname": "web1", **variables})
    # Some cores add the cause.
    assert str(refused.value).startswith(sentence.rstrip("."))


def test_parts_come_in_the_order_of_the_terms_and_a_defect_is_none_of_the_users():
    variables = {"inventory_hostname": "web1", "shop_port": 5}
    assert Lookup().run(["ports", "ports"], variables) == [[5], [5]]
    with pytest.raises(ZeroDivisionError):
        Lookup().run(["breaks"], variables)

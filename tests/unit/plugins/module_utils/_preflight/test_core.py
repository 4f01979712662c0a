from __future__ import annotations

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import (
    Claim,
    Need,
    Offer,
    address_of,
    clashes,
    listening,
    sentence_of,
    spec_problems,
    unmet,
    verdict,
)

OPTIONS = {
    "web_port": {"type": "int"}, "web_tls": {"type": "bool"}, "web_interval": {"type": "float"}, "web_plugins": {"type": "list"},
    "web_home": {"type": "path"}, "web_password": {"type": "str", "no_log": True},
    "web_users": {"type": "list", "elements": "dict", "options": {"name": {"type": "str", "required": True}, "id": {"type": "int"}}},
}


@pytest.mark.parametrize("message, sentence", [
    ("value of manager must be one of: DeltaManager, BackupManager, got: DeltaManger found in "
     "tomcat_cluster_instances -> services -> cluster",
     "web1: tomcat_cluster_instances.services.cluster.manager is DeltaManger, which is none of DeltaManager, "
     "BackupManager: choose one of these."),
    ("value of haproxy_mode must be one of: http, tcp, got: htp",
     "web1: haproxy_mode is htp, which is none of http, tcp: choose one of these."),
    ("missing required arguments: name found in haproxy_backends",
     "web1: haproxy_backends: missing required arguments: name: correct it in the inventory."),
    ("something else.", "web1: something else: correct it in the inventory."),
])
def test_sentence_of(message, sentence):
    assert sentence_of("web1", message) == sentence


CHOICES = {"choices": ["http", "tcp"]}
PARTS = {"type": "list", "elements": "dict"}


@pytest.mark.parametrize("option, value, sentence", [
    (CHOICES, "htp", "web1: web is htp, which is none of http, tcp: choose one of these."),
    ({**CHOICES, "type": "list", "elements": "str"}, ["htp"], "web1: web is htp, which is none of http, tcp: choose one of these."),
    ({**PARTS, "options": {"mode": CHOICES}}, [{"mode": "htp"}], "web1: web.mode is htp, which is none of http, tcp: choose one of these."),
    ({**PARTS, "options": {"x": {"type": "dict", "options": {"mode": CHOICES}}}}, [{"x": {"mode": "htp"}}],
     "web1: web.x.mode is htp, which is none of http, tcp: choose one of these."),
    ({**PARTS, "options": {"name": {"required": True}}}, [{}],
     "web1: web: missing required arguments: name: correct it in the inventory."),
    ({**PARTS, "options": {"a": {}, "b": {}}, "mutually_exclusive": [["a", "b"]]}, [{"a": "1", "b": "2"}],
     "web1: web: parameters are mutually exclusive: a|b: correct it in the inventory."),
])
def test_what_this_ansible_core_says_is_understood(option, value, sentence):
    """Its words are its own to change: the unit tests run on every core that is supported, and this one would tell."""
    (message,) = ArgumentSpecValidator({"web": option}).validate({"web": value}).error_messages
    assert sentence_of("web1", message) == sentence


def test_clashes_tells_every_owner_but_the_first_once():
    def claim(owner, key="51"):
        return Claim("VRID", key, owner, "%s wants %s" % (owner, key))
    assert clashes([claim("a"), claim("a"), claim("b"), claim("b"), claim("c", "52")]) == ["b wants 51"]


@pytest.mark.parametrize("first, second, told", [
    (["*"], ["10.0.0.1"], 1), (["10.0.0.1"], [None], 1), (["10.0.0.1"], ["10.0.0.100"], 0), (["10.0.0.1"], ["10.0.0.1"], 1),
    (["2001:DB8::1"], ["[2001:db8::1]"], 1), (["::"], ["127.0.0.1"], 1), (["127.0.0.1", "10.0.0.1"], ["10.0.0.100", "10.0.0.1"], 1)])
def test_two_services_of_one_machine_on_one_port_unless_each_has_its_own_address(first, second, told):
    claims = listening("db1", "the database server", "db_port", 3306, first) + listening("db1", "HAProxy", "frontends", "3306", second)
    assert clashes(claims) == told * [
        "db1: HAProxy (frontends) listens on port 3306, which another service of this host uses already: give each its own port."]
    assert clashes(claims + listening("db2", "HAProxy", "frontends", 3306)) == clashes(claims)
    assert clashes(claims[len(first):], claims[:len(first)]) == clashes(claims)


def test_address_of():
    assert address_of("2001:DB8:0::1") == "2001:db8::1"
    assert address_of("web1.example.org") is None
    assert address_of(None) is None


def test_values_are_as_the_spec_reads_them():
    values = {"web_port": "80", "web_tls": "no", "web_interval": 1, "web_plugins": "a,b", "web_home": "~/x", "web_password": None,
              "web_users": [{"name": "ada", "id": "7"}]}
    sentences, read = spec_problems("web1", OPTIONS, values)
    assert sentences == []
    # A path and 1 for 1.0 stay as they are written.
    assert read == dict(values, web_port=80, web_tls=False, web_plugins=["a", "b"], web_users=[{"name": "ada", "id": 7}])
    assert repr(read["web_interval"]) == "1"
    assert spec_problems("web1", OPTIONS, {"web_tls": 1})[1]["web_tls"] is True


def test_a_secret_is_not_shown():
    sentences, _read = spec_problems("web1", OPTIONS, {"web_password": "geheim", "web_port": "geheim", "web_users": [{}]})
    assert len(sentences) == 2
    assert "web1: web_users[0].name is missing: give it." in sentences
    assert "geheim" not in str(sentences) and "(not shown)" in str(sentences)


def test_verdict():
    assert verdict([], 3) == {"changed": False, "msg": "3 hosts, no objections"}
    assert verdict(["a", "a"], 3) == {"failed": True, "changed": False, "msg": "Nothing was changed, preflight found 1 problem:\n- a"}
    assert verdict(["b", "a", "b"], 3)["msg"] == "Nothing was changed, preflight found 2 problems:\n- b\n- a"


def test_a_need_is_told_only_where_somebody_offers_such_things():
    need = Need("virtual address", "198.18.0.9", "real1: nobody has 198.18.0.9.")
    assert unmet([need]) == unmet([need, Offer("virtual address", "198.18.0.9")]) == []
    assert unmet([need, Offer("virtual address", "198.18.0.8")]) == ["real1: nobody has 198.18.0.9."]
    assert clashes([need, Offer("virtual address", "198.18.0.9")]) == []


def test_a_dictionary_or_list_where_a_text_belongs_does_not_become_pythons_writing():
    options = {"a": {"type": "str"}, "names": {"type": "list", "elements": "str"},
               "users": {"type": "list", "elements": "dict", "options": {"databases": {"type": "list", "elements": "str"}}}}
    sentences, _values = spec_problems("db1", options, {
        "a": ["b"], "names": ["x", {"name": "y"}], "users": [{"databases": [{"name": "shop"}]}]})
    assert sentences == ["db1: a is a list: write a text.", "db1: names[1] is a dictionary: write a text.",
                         "db1: users[0].databases[0] is a dictionary: write a text."]

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.definitions import (
    binary,
    exportable,
    fits,
    fixed_problems,
    hash_password,
    lost,
    objections,
    plan,
    retype_expression,
    retyped,
    with_internal,
)

HASH = hash_password("correct horse", b"salt")
CURRENT = {
    "rabbitmq_version": "3.10.8",
    "vhosts": [{"name": "/", "metadata": {"tags": [], "description": "Default virtual host"}},
               {"name": "shop", "metadata": {"default_queue_type": "quorum", "tags": []}}],
    "users": [{"name": "shop", "password_hash": HASH, "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": []},
              {"name": "guest", "password_hash": "x", "tags": ["administrator"]}],
    "permissions": [{"user": "shop", "vhost": "shop", "configure": ".*", "write": ".*", "read": ".*"}],
    "policies": [{"vhost": "shop", "name": "p", "pattern": ".*", "apply-to": "queues", "priority": 0, "definition": {"max-length": 5}}],
}
WANTED = {
    "vhosts": [{"name": "shop", "default_queue_type": "quorum"}],
    "users": [{"name": "shop", "tags": []}],
    "permissions": [{"user": "shop", "vhost": "shop", "configure": ".*", "write": ".*", "read": ".*"}],
    "policies": [{"vhost": "shop", "name": "p", "pattern": ".*", "apply-to": "queues", "definition": {"max-length": 5}}],
}


def test_what_is_there_is_left_alone():
    assert plan(CURRENT, WANTED, {"shop": "correct horse"}) == ({}, [], [])


def test_a_password_is_compared_with_its_hash():
    imported, _doomed, lines = plan(CURRENT, WANTED, {"shop": "another one"})
    assert lines == ["users shop: password"]
    user = imported["users"][0]
    assert fits("another one", user["password_hash"], user["hashing_algorithm"]) and "another one" not in str(imported)


@pytest.mark.parametrize("algorithm", ["rabbit_password_hashing_md5", None])
def test_an_unknown_hash_fits_no_password(algorithm):
    assert not fits("correct horse", HASH, algorithm)


def test_what_is_new_what_differs_and_what_goes():
    wanted = {**WANTED, "vhosts": [{"name": "shop", "default_queue_type": "quorum"}, {"name": "new"}],
              "policies": [{**WANTED["policies"][0], "priority": 3}]}
    imported, doomed, lines = plan(CURRENT, wanted, {"shop": "correct horse"}, {"users": ["guest", "nobody"]})
    assert lines == ["vhosts new: new", "policies shop p: priority", "users guest: removed"]
    assert imported["policies"][0]["definition"] == {"max-length": 5}
    assert doomed == [("users", ("guest",))]


def test_the_default_queue_type_of_a_vhost_that_is_there():
    imported, _doomed, lines = plan(CURRENT, {"vhosts": [{"name": "/", "default_queue_type": "quorum"}]})
    assert lines == ["vhosts /: default_queue_type"]
    assert retyped(CURRENT, imported) == {"/": "quorum"}
    assert retyped({**CURRENT, "rabbitmq_version": "4.0.5"}, imported) == {}


def test_no_name_breaks_out_of_an_erlang_expression():
    assert binary('a">>') == "<<97,34,62,62>>"
    assert '"' not in retype_expression('x">>), os:cmd("id', "quorum")


def test_users_and_passwords_belong_together():
    assert list(objections({"users": [{"name": "a"}, {"name": "b", "password_hash": "x"}]}, {"c": "y"})) == [
        "User a has no password: give one in passwords.",
        "There is a password for user c, who is not among the users: correct the name."]


def bound(**arguments):
    return {"vhost": "shop", "source": "h", "destination": "q", "destination_type": "queue", "routing_key": "", "arguments": arguments}


HEADERS = [bound(**{"x-match": "all", "a": "1"}),
           bound(**{"x-match": "any", "b": True, "t": {"k": 5}}), bound(**{"x-match": "all", "a": "2"})]


def test_every_headers_binding_of_an_export_comes_back():
    imported, _doomed, lines = plan({}, {"bindings": HEADERS})
    assert imported["bindings"] == HEADERS
    assert lines[0] == 'bindings shop h q queue {"a": "1", "x-match": "all"}: new'
    # In another order, as another node may print them; one is missing.
    there = {"bindings": [dict(one, arguments=dict(reversed(one["arguments"].items()))) for one in HEADERS[:2]]}
    assert plan(there, {"bindings": HEADERS})[0] == {"bindings": HEADERS[2:]}
    assert plan({"bindings": HEADERS}, {"bindings": HEADERS})[0] == {}


def test_a_binding_without_arguments_is_one_however_that_is_written():
    there = {"bindings": [bound()]}
    written = {key: value for key, value in bound().items() if key not in ("arguments", "destination_type")}
    assert plan(there, {"bindings": [written, bound()]})[0] == {}


def test_internal_exchanges_are_exported_with_their_bindings():
    rows = [{"name": "int", "type": "fanout", "durable": True, "auto_delete": False, "internal": True, "arguments": []},
            {"name": "amq.rabbitmq.trace", "type": "topic", "durable": True, "auto_delete": False, "internal": True, "arguments": []},
            {"name": "h", "type": "headers", "durable": True, "auto_delete": False, "internal": False, "arguments": []}]
    assert with_internal({"vhosts": []}, {"shop": rows})["exchanges"] == [
        {"name": "int", "vhost": "shop", "type": "fanout", "durable": True, "auto_delete": False, "internal": True, "arguments": {}}]


def test_a_global_parameter_that_is_a_map_stays_one():
    exported = {"global_parameters": [{"name": "g", "value": [["a", {"b": [1]}], ["l", []]]}, {"name": "cluster_name", "value": "cc"},
                                      {"name": "cluster_tags", "value": []}]}
    assert [one["value"] for one in exportable(exported)["global_parameters"]] == [{"a": {"b": [1]}, "l": []}, "cc", []]
    assert plan(exported, exportable(exported)) == ({}, [], [])


def test_limits_of_a_user_come_with_it():
    there = {"users": [{"name": "u", "password_hash": "x", "tags": [], "limits": {"max-connections": 5}}]}
    for limits, lines in (({"max-connections": 5}, []), ({}, []), ({"max-connections": 6}, ["users u: limits"]), ({"max-channels": 1}, [
            "users u: limits"])):
        assert plan(there, {"users": [{"name": "u", "password_hash": "x", "limits": limits}]})[2] == lines


def test_a_queue_that_is_there_otherwise_is_refused_not_passed_over():
    def queue(**arguments):
        return {"queues": [{"name": "r", "vhost": "shop", "durable": True, "auto_delete": False, "arguments": arguments}]}

    assert list(fixed_problems(queue(**{"x-queue-type": "quorum"}), queue())) == []
    assert list(fixed_problems(queue(), queue(**{"x-message-ttl": 5}))) == [
        "Queue 'r' in vhost 'shop' is there with arguments {}, the import has arguments {\"x-message-ttl\": 5}, and that cannot be "
        "changed: delete it first, or correct the import."]
    exchange = {"name": "e", "vhost": "/", "type": "topic", "durable": True, "auto_delete": False, "arguments": {}}
    assert list(fixed_problems({"exchanges": [exchange]}, {"exchanges": [{**exchange, "type": "fanout", "internal": False}]})) == [
        "Exchange 'e' in vhost '/' is there with type \"topic\", the import has type \"fanout\", and that cannot be changed: delete it "
        "first, or correct the import."]


def test_two_definitions_of_one_name_are_refused():
    policy = {"vhost": "/prod", "name": "ttl", "pattern": "^q", "apply-to": "queues", "definition": {"max-length": 1}}
    assert list(objections({"policies": [policy, policy]}, {})) == []
    assert list(objections({"policies": [policy, {**policy, "pattern": ".*"}]}, {})) == [
        "policies has two of '/prod' 'ttl', which differ: one would be lost, take it out."]


def test_what_an_import_did_not_leave_behind_is_named():
    assert lost({"bindings": HEADERS[:1]}, {"bindings": HEADERS[:2]}) == [
        'bindings shop h q queue {"b": true, "t": {"k": 5}, "x-match": "any"}']
    assert lost({"bindings": HEADERS}, {"bindings": HEADERS}) == []


def test_what_a_vhost_has_beside_stays():
    there = {"vhosts": [{"name": "v", "metadata": {"description": "", "tags": [], "protected_from_deletion": True}}]}
    assert plan(there, {"vhosts": [{"name": "v", "description": "new"}]})[0]["vhosts"][0]["metadata"] == {
        "description": "new", "tags": [], "protected_from_deletion": True}


def test_a_number_in_quotes_is_one_in_a_policy():
    policy = {"vhost": "shop", "name": "p", "pattern": "^q", "definition": {"message-ttl": "60000", "dead-letter-exchange": "7"}}
    assert plan({}, {"policies": [policy]})[0]["policies"][0]["definition"] == {"message-ttl": 60000, "dead-letter-exchange": "7"}

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq_definitions import (
    binary,
    fits,
    hash_password,
    objections,
    plan,
    retype_expression,
    retyped,
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

from __future__ import annotations

import base64

import pytest
from ansible_collections.failover.stack.plugins.module_utils._etcd import accounts


def decoded(pair):
    return tuple(base64.b64decode(one) for one in pair)


@pytest.mark.parametrize("prefix, begin, end", [
    ("/failover/mysql/", b"/failover/mysql/", b"/failover/mysql0"), ("a", b"a", b"b"), ("é", "é".encode(), b"\xc3\xaa"),
    ("", b"\0", b"\0")])
def test_a_prefix_is_a_range_of_keys(prefix, begin, end):
    pair = accounts.range_of(prefix)
    assert decoded(pair) == (begin, end)
    assert accounts.prefix_of(*pair) == prefix + "*"


def test_a_byte_that_cannot_grow_is_left_to_the_one_before(monkeypatch):
    class Bytes(str):
        def encode(self, *_how):
            return b"a\xff"
    assert decoded(accounts.range_of(Bytes())) == (b"a\xff", b"b")


def test_a_range_of_somebody_else_is_shown_as_it_is():
    assert accounts.prefix_of(accounts.coded(b"a"), accounts.coded(b"x")) == "b'a'-b'x'"
    assert accounts.prefix_of(accounts.coded(b"a"), "") == "b'a'-b''"


def test_permissions_as_the_gateway_tells_them():
    # It leaves out READ, the first of the enumeration.
    assert accounts.permissions_of({"perm": [{"key": "YQ==", "range_end": "Yg=="}, {"permType": "READWRITE", "key": "Yw=="}]}) == {
        ("YQ==", "Yg=="): "READ", ("Yw==", ""): "READWRITE"}
    assert accounts.permissions_of({}) == {}


USER = {"name": "writer", "prefixes": ["/w/", "/x/"], "permission": "readwrite"}
NOBODY = {"users": {}, "roles": {}, "accepted": []}
WHOLE = {"users": {"writer": ["writer"]}, "accepted": ["writer"],
         "roles": {"writer": {accounts.range_of("/w/"): "READWRITE", accounts.range_of("/x/"): "READWRITE"}}}


def plan(current, *absent):
    return accounts.plan(current, [USER], {"writer": "secret"}, absent)


def test_a_new_user_is_made_when_its_role_is_whole():
    steps = plan(NOBODY)
    assert steps.words == ["role writer: made", "role writer: READWRITE /w/*", "role writer: READWRITE /x/*", "user writer: made",
                           "user writer: role writer"]
    assert [path for path, _body in steps.found] == ["auth/" + path for path in (
        "role/add", "role/grant", "role/grant", "user/add", "user/grant")]
    assert steps.found[3] == ("auth/user/add", {"name": "writer", "password": "secret"})
    assert "secret" not in " ".join(steps.words)


def test_one_that_is_as_it_shall_be_is_left_alone():
    assert plan(WHOLE).found == []


def test_what_differs_is_granted_before_anything_is_revoked():
    roles = {"writer": {accounts.range_of("/w/"): "READ", accounts.range_of("/old/"): "WRITE"}}
    steps = plan({"users": {"writer": ["root"]}, "roles": roles, "accepted": []})
    assert steps.words == ["role writer: READWRITE /w/*", "role writer: READWRITE /x/*", "role writer: no more WRITE /old/*",
                           "user writer: another password", "user writer: role writer", "user writer: no more role root"]


def test_those_that_must_not_be_there_go_with_their_role():
    current = {"users": dict(WHOLE["users"], old=["old"]), "roles": dict(WHOLE["roles"], old={}), "accepted": ["writer"]}
    assert plan(current, "old", "older").found == [("auth/user/delete", {"name": "old"}), ("auth/role/delete", {"role": "old"})]


def test_root_is_made_before_authentication_is_enabled():
    assert accounts.root(NOBODY, "secret").words == ["role root: made", "user root: made", "user root: role root"]
    assert accounts.root({"users": {"root": ["root"]}, "roles": {"root": {}}, "accepted": ["root"]}, "secret").found == []

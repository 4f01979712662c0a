"""Which classes sessions may have: what Tomcat's own filter and the JVM's get to read."""

from __future__ import annotations

import re

import pytest
from ansible_collections.failover.stack.plugins.module_utils._web.session_classes import (
    attribute_filter,
    filters,
    pattern_problems,
    stream_filter,
)

SHARED = {"services": [{"name": "plain"}, {"name": "user", "cluster": {}}]}


@pytest.mark.parametrize("allowed, refused, name, passes", [
    ([], ["a.Bad", "b.**"], "com.shop.Cart", True), ([], ["a.Bad", "b.**"], "a.Bad", False), ([], ["a.Bad"], "a.Badger", True),
    ([], ["a.Bad"], "[La.Bad;", False), ([], ["a.Bad"], "[[La.Bad;", False), ([], ["b.**"], "b.c.d.Bad", False),
    ([], ["b.*"], "b.c.Bad", True),
    ([], ["a.Bad*"], "a.Bad$Inner", False), ([], ["a.Bad"], "aXBad", True),
    (["com.shop.Cart"], [], "com.shop.Cart", True), (["com.shop.Cart"], [], "com.shop.Cart$Item", False),
    (["com.shop.Cart*"], [], "com.shop.Cart$Item", True), (["com.shop.Cart"], [], "[Lcom.shop.Cart;", True),
    (["com.shop.*"], [], "com.shop.Cart", True), (["com.shop.*"], [], "com.shop.more.Cart", False),
    (["com.shop.**"], [], "com.shop.more.Cart", True), (["com.shop.**"], [], "com.shopping.Cart", False),
    (["com.shop.**"], ["com.shop.Bad"], "com.shop.Bad", False), (["com.shop.**"], ["com.shop.Bad"], "com.shop.Badge", True),
    *((["com.shop.Cart"], [], name, True) for name in (
        "java.lang.Integer", "java.lang.String", "java.util.HashMap", "java.util.ImmutableCollections$ListN", "java.time.Instant",
        "java.time.chrono.JapaneseDate", "java.util.concurrent.atomic.AtomicLong", "java.math.BigDecimal", "[B", "[[I",
        "[Ljava.lang.String;")),
    *((["com.shop.Cart"], [], name, False) for name in ("java.lang.reflect.Proxy", "java.rmi.MarshalledObject", "javax.swing.JTable")),
])
def test_an_attribute_is_handed_on(allowed, refused, name, passes):
    assert bool(re.fullmatch(attribute_filter(allowed, refused), name)) is passes


@pytest.mark.parametrize("allowed, refused, expected", [
    ([], ["a.Bad", "b.**"], "!a.Bad;!b.**"),
    (["com.shop.**"], ["a.Bad"], "!a.Bad;org.apache.catalina.**;java.lang.*;java.math.*;java.net.*;java.sql.*;java.text.*;java.time.**;"
                                 "java.util.*;java.util.concurrent.**;com.shop.**;!*"),
    ([], [], "")])
def test_what_is_made_of_a_stream(allowed, refused, expected):
    assert stream_filter(allowed, refused) == expected


def test_only_who_shares_sessions_has_filters():
    assert filters(SHARED, [], ["a.Bad"]) == {"attributes": attribute_filter([], ["a.Bad"]), "streams": "!a.Bad"}
    nothing = {"attributes": "", "streams": ""}
    assert filters(SHARED, [], []) == nothing
    for services in ([], None, [{"name": "plain"}], [{"cluster": {"manager": "PersistentManager"}}]):
        assert filters({"services": services}, ["a.*"], ["b.*"]) == nothing


def test_what_is_no_pattern_is_told():
    assert list(pattern_problems(["com.shop.Cart$Item", "Cart", "com.shop.*", "com.shop.**", "com.shop.Ca*"])) == []
    assert list(pattern_problems(None)) == []
    bad = ["com.*.Cart", "com.shop.", "!com.shop.Cart", "a;b", "", "com/shop/Cart", "*"]
    assert [one.partition(":")[0] for one in pattern_problems(bad)] == ["has '%s'" % one for one in bad]

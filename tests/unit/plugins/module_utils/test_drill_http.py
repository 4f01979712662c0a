from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _drill_http as http


def test_response_by_length():
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    assert http.parse_response(data[:-1]) is None
    assert http.parse_response(data[:10]) is None
    assert http.parse_response(data)[0::2] == (200, b"hi")


def test_response_in_chunks():
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    assert http.parse_response(data[:-8]) is None
    assert http.parse_response(data)[2] == b"abcde"


def test_response_until_closed():
    data = b"HTTP/1.0 503 No\r\n\r\nbody"
    assert http.parse_response(data) is None
    assert http.parse_response(data, closed=True)[0] == 503


def test_response_that_is_none():
    with pytest.raises(ValueError):
        http.parse_response(b"garbage\r\n\r\n")


def test_jar_keeps_the_newest_cookies():
    jar = http.Jar()
    jar.take([(b"set-cookie", b"JSESSIONID=1.a; Path=/"), (b"set-cookie", b"SRV=web1"), (b"server", b"x")])
    jar.take([(b"set-cookie", b"JSESSIONID=1.b; HttpOnly")])
    assert jar.header() == b"Cookie: JSESSIONID=1.b; SRV=web1\r\n"


def visit(*answers):
    visitor = http.Visitor(0)
    return [visitor.judge({"session": s, "counter": c, "new": n}) for s, c, n in answers]


def test_a_session_that_moves_between_tomcats_lives():
    assert visit(("x.a", 1, True), ("x.a", 2, False), ("x.b", 3, False)) == [None, None, None]


def test_a_counter_may_jump_forward():
    assert visit(("x.a", 1, True), ("x.a", 5, False))[1] is None


@pytest.mark.parametrize(
    "second, reason",
    [
        (("y.a", 2, False), "id changed"),
        (("x.a", 2, True), "new again"),
        (("x.a", 1, False), "counter went from 1 to 1"),
        (("x.a", 0, False), "counter went from 1 to 0"),
    ],
)
def test_a_session_is_lost(second, reason):
    assert visit(("x.a", 1, True), second)[1] == reason


def test_a_loss_counts_once():
    assert visit(("x.a", 5, True), ("y.a", 1, True), ("y.a", 2, False))[2] is None

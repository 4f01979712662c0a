from __future__ import annotations

import asyncio
import socket

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client import visitor as http


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


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: Chunked\r\n\r\n"


@pytest.mark.parametrize("data", [
    b"garbage\r\n\r\n", b"\r\nHTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 2oo OK\r\n\r\n", b"SSH-2.0-OpenSSH 200\r\n\r\n",
    # Sizes that Python would read as numbers and nobody sends.
    *(CHUNKED + size + b"\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n" for size in (b"", b"-1", b"+5", b"0x5", b"1_0", b"soon", b"f" * 16)),
    CHUNKED + b"3\r\nabcdef\r\n0\r\n\r\n",
])
def test_response_that_is_none(data):
    with pytest.raises(ValueError):
        http.parse_response(data, closed=True)


WHOLE = [
    (OK + b"Content-Length: 5\r\n\r\nhello", b"hello", True),
    (OK + b"content-length:0\r\nCONNECTION: Close\r\n\r\n", b"", False),
    (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", b"hello", True),
    (CHUNKED + b"3;a=\"b\"\r\nhel\r\n002 \r\nlo\r\n000\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n", b"hello", True),
    # What looks like an end stands within a chunk.
    (CHUNKED + b"A\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n0\r\n\r\n", True),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 99\r\n\r\n" + OK
     + b"Content-Length: 2\r\n\r\nhi", b"hi", True),
    # A folded header is one, and says nothing about the length.
    (OK + b"X-Long: a\r\n Content-Length: 99\r\n\tb\r\nContent-Length: 2\r\n\r\nhi", b"hi", True),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi", False),
    (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", b"hi", True),
    # A length beside chunks does not count.
    (OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", b"hi", True),
]


@pytest.mark.parametrize("data, body, keep", WHOLE)
def test_an_answer_is_complete_with_its_last_byte_and_not_before(data, body, keep):
    for end in range(len(data)):
        assert http.parse_response(data[:end]) is None, data[:end]
    assert http.parse_response(data)[0] == 200 and http.parse_response(data)[2:] == (body, keep)


@pytest.mark.parametrize("data", [one for one, _body, _keep in WHOLE])
def test_an_answer_that_ends_before_its_length_is_none(data):
    for end in range(data.index(b"\r\n\r\n"), len(data)):
        assert http.parse_response(data[:end], closed=True) is None, data[:end]


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body_whatever_their_header_says(status):
    assert http.parse_response(b"HTTP/1.1 %d x\r\nContent-Length: 7\r\n\r\n" % status) == (
        status, [(b"content-length", b"7")], b"", True)


def exchanged(*acts, ends=None):
    """What becomes of two requests on one connection: answers or names of exceptions. acts: what comes in one piece after each."""
    async def work():
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.setblocking(False)
            transport, connection = await asyncio.get_running_loop().create_connection(http.Connection, sock=ours)
            found = []
            for pieces in acts:
                asked = asyncio.ensure_future(connection.ask(b"GET"))
                for piece in pieces:
                    await asyncio.sleep(0)
                    connection.data_received(piece)
                if ends is not None:
                    await asyncio.sleep(0)
                    connection.connection_lost(*ends)
                try:
                    found.append((await asyncio.wait_for(asked, 20))[0::2])
                except http.Dropped as dropped:
                    found.append(("dropped", dropped.fresh))
            transport.abort()
            return found
    return asyncio.run(work())


def test_the_end_of_a_chunked_answer_is_not_the_beginning_of_the_next():
    """Wherever the network cuts it."""
    data = CHUNKED + b"2\r\nhi\r\n0\r\n\r\n"
    for cut in range(len(data) + 1):
        assert exchanged([data[:cut], data[cut:]], [data]) == [(200, b"hi")] * 2, cut


def test_every_byte_alone():
    data = WHOLE[3][0]
    assert exchanged([data[n : n + 1] for n in range(len(data))]) == [(200, b"hello")]


@pytest.mark.parametrize("pieces, ends, found", [
    # Without a length the connection's end is the body's.
    ([OK + b"\r\nhello"], (None,), (200, b"hello")),
    # Torn down is not ended: what came may be half of it.
    ([OK + b"\r\nhello"], (ConnectionResetError(),), ("dropped", False)),
    ([OK + b"Content-Length: 9\r\n\r\nhello"], (None,), ("dropped", False)),
    ([OK], (None,), ("dropped", False)),
    ([], (None,), ("dropped", True)), ([], (ConnectionResetError(),), ("dropped", True)),
    # What is no HTTP is an answer that nobody wants, at once.
    ([b"SSH-2.0-x\r\n\r\n"], None, (0, b"")),
])
def test_how_an_answer_ends(pieces, ends, found):
    assert exchanged(pieces, ends=ends) == [found]


def test_nobody_asks_on_a_connection_that_is_gone():
    assert exchanged([], [], ends=(None,)) == [("dropped", True)] * 2


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


@pytest.mark.parametrize("answers, reasons", [
    # A loss is one, and what follows is judged by the new session.
    ([("x.a", 5, True), ("y.a", 1, True), ("y.b", 1, False), ("y.b", 2, False)], [None, "id changed", "counter went from 1 to 1", None]),
    # The same id with a session made anew on another server has lost what was in it.
    ([("x.a", 5, True), ("x.b", 6, True)], [None, "new again"]),
    # Dots in the id's route: the id is what stands before the first.
    ([("x.a.b", 1, True), ("x.c.d", 2, False)], [None, None]),
])
def test_every_loss_counts_and_only_losses(answers, reasons):
    assert visit(*answers) == reasons


def test_cookies_without_a_value_and_without_a_name():
    jar = http.Jar()
    assert jar.header() == b""
    jar.take([(b"set-cookie", b"flag"), (b"set-cookie", b"a=; Path=/"), (b"set-cookie", b" b = x=y ;Secure"), (b"cookie", b"c=1")])
    assert jar.header() == b"Cookie: a=; b=x=y\r\n"

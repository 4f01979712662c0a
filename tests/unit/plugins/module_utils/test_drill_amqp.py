from __future__ import annotations

import socket
import struct
import threading

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _drill_amqp as amqp
from ansible_collections.failover.stack.plugins.module_utils import _drill_amqp_wire as wire
from ansible_collections.failover.stack.plugins.module_utils._drill_ledger import Unknown

START = wire.method(wire.START, b"\x00\x09" + wire.table({}) + wire.long(b"PLAIN") + wire.long(b"en_US"), 0)
TUNE = wire.method(wire.TUNE, struct.pack(">HIH", 2047, 131072, 60), 0)
OPEN_OK = wire.method(wire.OPEN_OK, b"\0", 0)
CHANNEL_OK = wire.method(wire.CHANNEL_OPEN_OK, wire.long(b""))
HEARTBEAT = wire.frame(wire.HEARTBEAT, 0, b"")
SECRET = b"\0drill\0hidden-word"


class Broker(threading.Thread):
    """Sends scripted bytes, one script after the other as often as something arrives."""

    def __init__(self, *scripts):
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port, self.scripts, self.heard = self.server.getsockname()[1], scripts, b""
        self.start()

    def run(self):
        peer, _address = self.server.accept()
        for script in self.scripts:
            more = peer.recv(65536)
            self.heard += more
            if script is None:
                peer.close()
                return
            peer.sendall(script)
        threading.Event().wait(5)


def connection(*more, answer_s=0.3):
    broker = Broker(START, TUNE, OPEN_OK, CHANNEL_OK, *more)
    return broker, wire.Connection("127.0.0.1", broker.port, "/", "drill", "hidden-word", 2, answer_s)


def ack(tag, multiple=0, what=wire.ACK):
    return wire.method(what, struct.pack(">QB", tag, multiple))


def test_a_frame_is_read_when_it_is_whole():
    raw = wire.method(wire.OPEN_OK, b"\0", 0)
    assert [wire.cut(raw[:length]) for length in range(len(raw))] == [None] * len(raw)
    assert wire.cut(raw + b"more") == (wire.METHOD, 0, b"\x00\x0a\x00\x29\0", b"more")
    with pytest.raises(wire.Lost):
        wire.cut(raw[:-1] + b"x")


def test_a_connection_is_made_in_order():
    broker, _link = connection()
    assert broker.heard.startswith(wire.GREETING) and SECRET in broker.heard


def test_a_message_is_confirmed_refused_or_returned():
    returned = wire.method(wire.RETURN, b"\x01\x38" + wire.short("NO_ROUTE") + wire.short("") + wire.short("q")) + wire.frame(
        wire.HEADER, 1, struct.pack(">HHQ", 60, 0, 1) + wire.PERSISTENT) + wire.frame(wire.BODY, 1, b"x")
    _broker, link = connection(HEARTBEAT + ack(1), ack(2, what=wire.NACK), returned + ack(3), ack(9, multiple=1))
    assert [link.publish("q", b"x") for _n in range(4)] == [True, False, False, True]


def test_a_confirm_of_another_message_is_none():
    _broker, link = connection(ack(7))
    with pytest.raises(wire.Silent):
        link.publish("q", b"x")


def test_silence_and_an_end_are_unknown():
    class Ledger:
        p, queue = {"address": "vip"}, "q"

        def body(self, number):
            return b"%d" % number

    for last, words in ((b"", "no confirm within the time limit"), (None, "connection lost before the confirm"), (
            wire.method(wire.CLOSE, struct.pack(">H", 320) + wire.short("CONNECTION_FORCED - broker forced") + b"\0\0\0\0", 0),
            "connection lost before the confirm"), (ack(1, what=wire.NACK), "refused by the server")):
        _broker, link = connection(last)
        with pytest.raises(Unknown, match=words):
            amqp.Link(Ledger(), link).write(1)


def test_a_refused_login_has_its_reason():
    closed = wire.method(wire.CLOSE, struct.pack(">H", 403) + wire.short("ACCESS_REFUSED - Login was refused") + b"\0\0\0\0", 0)
    broker = Broker(START, closed)
    with pytest.raises(wire.Closed) as told:
        wire.Connection("127.0.0.1", broker.port, "/", "drill", "wrong", 2, 1)
    assert amqp.connect_words(told.value) == "no connection: error 403 (access refused)"


@pytest.mark.parametrize("error, words", [
    (ConnectionRefusedError(), "no connection: refused"), (TimeoutError(), "no connection: time limit"),
    (wire.Lost("x"), "no connection: lost while it was made"), (OSError(113, "No route to host"), "no connection: no route to host")])
def test_why_there_is_no_connection(error, words):
    assert amqp.connect_words(error) == words


def test_a_side_is_whom_a_server_sees():
    nodes = [{"name": "rabbit@mq1", "running": True}, {"name": "rabbit@mq2", "running": True}, {"name": "rabbit@mq3", "running": False}]
    assert amqp.side_of("mq1", nodes) == ["mq1", "mq2"]
    assert amqp.side_of("mq3", nodes) == []


def test_only_messages_of_this_run_count_each_time_they_come():
    p = {"address": "vip", "table": "q", "servers": {}, "connect_timeout_ms": 1000, "timeout_ms": 1000}
    ledger = amqp.Amqp(p, "x", 77)
    for body in (b"77 1", b"77 2", b"77 2", b"76 9", b"junk", b"77 x"):
        ledger.consumer.took(body)
    assert ledger.numbers("vip") == [1, 2, 2] and ledger.extent("vip") == (2, 2)

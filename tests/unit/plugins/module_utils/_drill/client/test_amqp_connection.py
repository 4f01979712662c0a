from __future__ import annotations

import os
import socket
import threading
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client import amqp
from ansible_collections.failover.stack.plugins.module_utils._drill.client import amqp_connection as wire

pika = pytest.importorskip("pika")
Basic, Chan, Conn = pika.spec.Basic, pika.spec.Channel, pika.spec.Connection
CONNECT_S, ANSWER_S = 0.4, 0.3
# What a busy machine adds to a time limit at most; the limits themselves are kept from below to the millisecond.
MORE_S = 1


def method(what, channel=1):
    return pika.frame.Method(channel, what).marshal()


def message(body, channel=1):
    return pika.frame.Header(channel, len(body), pika.BasicProperties()).marshal() + pika.frame.Body(channel, body).marshal()


CAPABLE = {"capabilities": dict.fromkeys(["authentication_failure_close", "publisher_confirms", "basic.nack", "connection.blocked"], True)}
START = method(Conn.Start(server_properties=CAPABLE), 0)
TUNE = method(Conn.Tune(2047, 131072, 60), 0)
OPEN_OK, CHANNEL_OK, SELECT_OK = method(Conn.OpenOk(), 0), method(Chan.OpenOk()), method(pika.spec.Confirm.SelectOk())
GREETINGS = (START, TUNE, OPEN_OK, CHANNEL_OK)
HEARTBEAT = pika.frame.Heartbeat().marshal()
BLOCKED = method(Conn.Blocked("low on memory"), 0)
END = None


def is_question(frame):
    """Whether a client waits for something after this frame; a message ends with its body."""
    if isinstance(frame, pika.frame.Method):
        return not isinstance(frame.method, (Conn.TuneOk, Basic.Publish, Basic.Ack))
    return isinstance(frame, (pika.frame.ProtocolHeader, pika.frame.Body))


class Broker(threading.Thread):
    """Gives one scripted answer after the other to what is asked; END closes, after the last it is silent."""

    def __init__(self, *scripts):
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port, self.scripts, self.heard, self.peer, self.ended = self.server.getsockname()[1], list(scripts), [], None, False
        self.start()

    def run(self):
        self.peer, _address = self.server.accept()
        raw = b""
        with self.peer:
            while True:
                more = self.peer.recv(65536)
                if not more:
                    self.ended = True
                    return
                raw += more
                while True:
                    used, frame = pika.frame.decode_frame(raw)
                    if frame is None:
                        break
                    raw = raw[used:]
                    self.heard.append(frame)
                    if is_question(frame) and self.scripts:
                        script = self.scripts.pop(0)
                        if script is END:
                            return
                        self.peer.sendall(script)

    def methods(self, kind):
        return [f.method for f in self.heard if isinstance(f, pika.frame.Method) and isinstance(f.method, kind)]


class Ledger:
    p = {"address": "vip"}


def reach(port, **more):
    settings = {"vhost": "/", "user": "drill", "password": "hidden-word", "connect_s": CONNECT_S, "answer_s": ANSWER_S, **more}
    return wire.Connection("127.0.0.1", port, **settings)


def connection(*more):
    broker = Broker(*GREETINGS, *more)
    return broker, reach(broker.port, connect_s=5)


def took(limit_s, what, *arguments):
    """What it raised, having waited for the time limit and not much longer."""
    began = time.monotonic()
    with pytest.raises(wire.Silent):
        what(*arguments)
    waited = time.monotonic() - began
    assert limit_s - 0.001 <= waited < limit_s + MORE_S


def ack(tag, multiple=False, what=Basic.Ack):
    return method(what(tag, multiple))


def test_a_connection_is_made_in_order():
    broker, _link = connection()
    assert isinstance(broker.heard[0], pika.frame.ProtocolHeader)
    assert [m.response for m in broker.methods(Conn.StartOk)] == [b"\0drill\0hidden-word"]
    assert [m.heartbeat for m in broker.methods(Conn.TuneOk)] == [0]


def test_a_message_is_confirmed_refused_or_returned():
    returned = method(Basic.Return(312, "NO_ROUTE", "", "q")) + message(b"x")
    _broker, link = connection(SELECT_OK, HEARTBEAT + ack(1), ack(2, what=Basic.Nack), returned + ack(3), ack(9, multiple=True))
    link.confirms()
    assert [link.publish("q", b"x") for _n in range(4)] == [True, False, False, True]


@pytest.mark.parametrize("last", [b"", ack(7), HEARTBEAT, BLOCKED], ids=["nothing", "another message's", "heartbeat", "blocked"])
def test_no_confirm_is_silence_at_the_limit(last):
    _broker, link = connection(SELECT_OK, last)
    link.confirms()
    took(ANSWER_S, link.publish, "q", b"x")


@pytest.mark.parametrize("greetings", [(), (START,), (START, TUNE), (START, TUNE, OPEN_OK)], ids=["hello", "login", "vhost", "channel"])
def test_a_server_that_falls_silent_while_a_connection_is_made(greetings):
    took(CONNECT_S, reach, Broker(*greetings).port)


def test_a_listener_that_accepts_nobody():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        # Its queue is full with these: the next one gets no answer to its SYN.
        with socket.create_connection(("127.0.0.1", port)):
            took(CONNECT_S, reach, port)


@pytest.mark.parametrize("ask", [
    lambda link: link.declare("q", {}), lambda link: link.confirms(), lambda link: link.consume("q", 5), lambda link: link.get("q")])
def test_each_question_has_the_limit(ask):
    _broker, link = connection()
    took(ANSWER_S, ask, link)


@pytest.mark.parametrize("last, kind, words", [
    (END, wire.Lost, "EOF"), (method(Conn.Close(320, "CONNECTION_FORCED - broker forced connection closure", 0, 0), 0), wire.Closed,
                              "error 320 (connection forced)"),
    (method(Chan.Close(404, "NOT_FOUND - no queue 'q' in vhost '/'", 60, 40)), wire.Closed, "error 404 (not found)")])
def test_an_end_is_heard_at_once_and_stays(last, kind, words):
    _broker, link = connection(SELECT_OK, last)
    link.confirms()
    for _again in range(2):
        with pytest.raises(kind) as told:
            link.publish("q", b"x")
        assert words in str(told.value)


@pytest.mark.parametrize("greetings, code, text, words", [
    ((START,), 403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.", "error 403 (access refused)"),
    ((START, TUNE), 530, "NOT_ALLOWED - vhost x not found", "error 530 (not allowed)"),
    ((START, TUNE), 541, "INTERNAL_ERROR", "error 541 (internal error)")])
def test_a_refused_login_has_its_reason(greetings, code, text, words):
    with pytest.raises(wire.Closed) as told:
        reach(Broker(*greetings, method(Conn.Close(code, text, 0, 0), 0)).port)
    assert amqp.connect_words(told.value) == "no connection: " + words


@pytest.mark.parametrize("greetings", [(), (START,), (START, TUNE), (START, TUNE, OPEN_OK)])
def test_an_end_while_a_connection_is_made(greetings):
    with pytest.raises(wire.Lost):
        reach(Broker(*greetings, END).port)


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        reach(port)


def test_messages_come_one_by_one_and_are_acknowledged():
    def delivery(tag):
        return method(Basic.Deliver("drill", tag, False, "", "q")) + message(b"m%d" % tag)

    broker, link = connection(method(Basic.QosOk()), method(Basic.ConsumeOk("drill")) + delivery(1) + delivery(2) + delivery(3))
    link.consume("q", 5)
    found = []
    while len(found) < 3:
        found.append(link.delivered(2))
        link.acknowledge(found[-1][0])
    assert found == [(1, b"m1"), (2, b"m2"), (3, b"m3")]
    began = time.monotonic()
    assert link.delivered(0.2) is None and time.monotonic() - began >= 0.199
    assert [m.delivery_tag for m in broker.methods(Basic.Ack)] == [1, 2, 3]


def test_who_consumes_hears_that_its_queue_is_gone():
    _broker, link = connection(method(Basic.QosOk()), method(Basic.ConsumeOk("drill")) + method(Basic.Cancel("drill", True)))
    link.consume("q", 5)
    with pytest.raises(wire.Closed):
        link.delivered(5)


def test_a_queue_is_asked_for_what_it_has():
    _broker, link = connection(method(pika.spec.Queue.DeclareOk("q", 7, 2)), method(Basic.GetOk(4, False, "", "q", 6)) + message(b"m"),
                               method(Basic.GetEmpty("")), method(Basic.GetEmpty("")))
    assert link.declare("q", {"x-queue-type": "quorum", "x-max-length": 1}) == (7, 2)
    assert [link.get("q") for _n in range(3)] == [(4, b"m"), None, None]


@pytest.mark.parametrize("word", [BLOCKED, END], ids=["blocked", "end"])
def test_what_is_said_unasked_makes_a_connection_stale(word):
    broker, link = connection()
    writer = amqp.Link(Ledger(), link)
    assert not writer.stale()
    if word is END:
        broker.peer.shutdown(socket.SHUT_RDWR)
    else:
        broker.peer.sendall(word)
    until = time.monotonic() + 5
    while not writer.stale():
        assert time.monotonic() < until
        time.sleep(0.01)
    link.close()
    assert writer.stale()


def test_closing_asks_nobody_and_the_other_side_hears_it():
    broker, link = connection()
    began = time.monotonic()
    link.close()
    link.close()
    broker.join(5)
    assert time.monotonic() - began < wire.END_S + MORE_S and broker.ended and link.fileno() == -1
    assert broker.methods((Conn.Close, Chan.Close)) == []


def test_descriptors_do_not_pile_up():
    def open_files():
        return len(os.listdir("/proc/self/fd"))

    servers = [Broker(*GREETINGS) for _n in range(5)] + [Broker(START) for _n in range(5)]
    before = open_files()
    for broker in servers[:5]:
        reach(broker.port, connect_s=5).close()
    for broker in servers[5:]:
        with pytest.raises(wire.Silent):
            reach(broker.port, connect_s=0.05)
    for broker in servers:
        broker.join(5)
    assert open_files() <= before

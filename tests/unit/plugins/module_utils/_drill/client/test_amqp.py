from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client import amqp, writers
from ansible_collections.failover.stack.plugins.module_utils._drill.client import amqp_connection as wire
from ansible_collections.failover.stack.plugins.module_utils._drill.history import Failed, Unknown


class Ledger:
    p, queue = {"address": "vip"}, "q"

    def body(self, number):
        return b"%d" % number


class Answers:
    """A connection that answers to publishing with one thing."""

    def __init__(self, answer):
        self.answer = answer

    def publish(self, _queue, _body):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer, words", [
    (wire.Silent(), "unknown: no confirm within the time limit"), (wire.Lost("x"), "unknown: connection lost before the confirm"),
    (wire.Closed("error 320 (connection forced)"), "unknown: connection lost before the confirm"),
    (OSError(104, "reset"), "unknown: connection lost before the confirm"), (False, "unknown: refused by the server")])
def test_what_was_not_confirmed_is_unknown(answer, words):
    with pytest.raises(Unknown) as told:
        amqp.Link(Ledger(), Answers(answer)).write(1)
    assert str(told.value) == words


def test_what_was_confirmed_is_acknowledged():
    amqp.Link(Ledger(), Answers(True)).write(1)


@pytest.mark.parametrize("error, words", [
    (ConnectionRefusedError(), "no connection: refused"), (TimeoutError(), "no connection: time limit"),
    (wire.Silent(), "no connection: time limit"), (wire.Closed("error 403 (access refused)"), "no connection: error 403 (access refused)"),
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


def test_without_pika_there_is_no_ledger_of_messages(monkeypatch):
    monkeypatch.setattr(wire, "pika", None)
    with pytest.raises(writers.LedgerError, match="pika is missing on this host: install python3-pika"):
        writers.kind_of({"kind": "amqp", "password_file": ""}, 1)


def test_a_server_is_level_and_has_its_numbers_only_with_its_replica_on_line(monkeypatch):
    p = {"address": "vip", "table": "q", "servers": {"mq1": "a1"}, "connect_timeout_ms": 1000, "timeout_ms": 1000}
    ledger, told, left = amqp.Amqp(p, "x", 77), {"online": ["rabbit@mq2"]}, [(3, 1)]

    class Queue:
        def declare(self, _queue, _arguments):
            return left[0]

        def close(self):
            pass

    monkeypatch.setattr(ledger, "queue_told_by", lambda _address, _seconds: told)
    monkeypatch.setattr(ledger, "connection", lambda _address, _seconds: Queue())
    ledger.consumer.took(b"77 1")
    for ask in (ledger.extent, ledger.numbers):
        with pytest.raises(wire.Lost, match="its replica is not on line"):
            ask("a1")
    told["online"].append("rabbit@mq1")
    assert ledger.extent("a1") == (4, 1)
    with pytest.raises(wire.Lost, match="messages are left"):
        ledger.numbers("a1")
    left[0] = (0, 1)
    assert ledger.extent("a1") == ledger.extent("vip") == (1, 1) and ledger.numbers("a1") == [1]


# --- The consumer -------------------------------------------------------------------

P = {"address": "vip", "table": "q", "servers": {"mq1": "a1", "mq2": "a2"}, "connect_timeout_ms": 1000, "timeout_ms": 1000}


class Broker:
    """Hands out what is in .queue until it is acknowledged, connection by connection; .acts are what happens instead, one a question."""

    def __init__(self, *acts, queue=()):
        self.acts, self.queue, self.did, self.open = list(acts), list(queue), [], 0

    def __call__(self, address, answer_s=None):
        self.act("connect")
        self.open, self.given = self.open + 1, list(self.queue)
        return self

    def act(self, what):
        self.did.append(what)
        if self.acts and self.acts[0][0] == what:
            raise self.acts.pop(0)[1]

    def consume(self, queue, prefetch):
        self.act("consume")

    def delivered(self, wait_s):
        self.act("delivered")
        return self.given.pop(0) if self.given else None

    def acknowledge(self, tag):
        self.act("acknowledge")
        self.queue = [one for one in self.queue if one[0] != tag]

    def declare(self, queue, arguments):
        self.did.append("declare %s %s" % (queue, arguments))
        return len(self.queue), 0

    def get(self, queue):
        return self.queue[0] if self.queue else None

    def close(self):
        self.open -= 1


class Enough(BaseException):
    pass


MESSAGES = [(1, b"77 1"), (2, b"77 2"), (3, b"77 3")]


@pytest.mark.parametrize("acts, numbers", [
    ([], [1, 2, 3]),
    # Whatever ends a connection, the next one brings the rest; what was not acknowledged comes twice, and counts twice.
    ([("acknowledge", wire.Lost("gone"))], [1, 1, 2, 3]), ([("consume", wire.Closed("error 320 (connection forced)"))], [1, 2, 3]),
    ([("delivered", OSError(104, "reset"))], [1, 2, 3]), ([("connect", wire.Silent()), ("connect", OSError(113, "no route"))], [1, 2, 3]),
])
def test_a_consumer_begins_anew_where_its_connection_ends(monkeypatch, acts, numbers):
    ledger, broker = amqp.Amqp(P, "x", 77), Broker(*acts, queue=MESSAGES)
    monkeypatch.setattr(ledger, "connection", broker)
    monkeypatch.setattr(amqp.time, "sleep", lambda _seconds: None)
    real = broker.delivered

    def delivered(wait_s):
        if not broker.queue:
            raise Enough
        return real(wait_s)

    broker.delivered = delivered
    with pytest.raises(Enough):
        ledger.consumer.run()
    assert ledger.numbers("vip") == numbers and ledger.extent("vip") == (3, 3) and broker.open == 0


def test_what_is_consumed_is_written_down_before_it_is_acknowledged(monkeypatch):
    """The other way round a message would be lost with the consumer."""
    ledger, broker = amqp.Amqp(P, "x", 77), Broker(("acknowledge", Enough()), queue=MESSAGES)
    monkeypatch.setattr(ledger, "connection", broker)
    with pytest.raises(Enough):
        ledger.consumer.run()
    assert ledger.numbers("vip") == [1] and broker.queue == MESSAGES


def test_a_channel_that_is_gone_when_a_message_is_acknowledged_is_an_end_like_others():
    pika = pytest.importorskip("pika")
    connection = wire.Connection.__new__(wire.Connection)
    connection.ended = None

    class Channel:
        def basic_ack(self, _tag):
            raise pika.exceptions.ChannelWrongStateError("Channel is closed.")

    connection.channel = Channel()
    # pika's own error ended the consumer for good, and with it every message that came later.
    with pytest.raises(wire.Lost, match="Channel is closed"):
        connection.acknowledge(1)
    connection.ended = wire.Closed("error 320 (connection forced)")
    with pytest.raises(wire.Closed):
        connection.acknowledge(1)


def test_the_queues_are_there_and_empty_before_anything_is_written(monkeypatch):
    ledger, broker = amqp.Amqp(dict(P, queue_type="quorum"), "x", 77), Broker(queue=[(1, b"76 1"), (2, b"76 2")])
    monkeypatch.setattr(ledger, "connection", broker)
    ledger.prepare()
    assert broker.did[1:3] == ["declare q {'x-queue-type': 'quorum'}", "declare q-probe {'x-queue-type': 'quorum', 'x-max-length': 1}"]
    assert broker.queue == [] and broker.open == 0


@pytest.mark.parametrize("error, words", [
    (wire.Silent(), "no connection: time limit"), (wire.Closed("error 403 (access refused)"), "no connection: error 403 (access refused)"),
    (ConnectionRefusedError(), "no connection: refused")])
def test_a_writer_without_a_connection_has_certainly_not_written(monkeypatch, error, words):
    ledger = amqp.Amqp(P, "x", 77)
    begun = []
    monkeypatch.setattr(ledger.consumer, "start", lambda: begun.append(True))
    monkeypatch.setattr(ledger, "connection", Broker(("connect", error)))
    with pytest.raises(Failed) as failed:
        ledger.connect()
    # Somebody consumes from the first writer on.
    assert str(failed.value) == words and begun == [True]


NODES = [{"name": "rabbit@mq1", "running": True}, {"name": "rabbit@mq2", "running": True}]


@pytest.mark.parametrize("confirms, nodes, online, found", [
    (True, NODES, ["rabbit@mq1", "rabbit@mq2"], (["mq1", "mq2"], 9)),
    # It takes messages, and its replica of the queue is not there yet: nothing has come as far as this server.
    (True, NODES, ["rabbit@mq2"], (["mq1", "mq2"], 0)),
    (False, NODES, ["rabbit@mq1"], ([], 0)), (wire.Silent(), NODES, ["rabbit@mq1"], ([], 0)),
    # It confirms and does not count itself among those that run.
    (True, NODES[1:], ["rabbit@mq1"], ([], 0)),
])
def test_a_look_at_one_server(monkeypatch, confirms, nodes, online, found):
    ledger = amqp.Amqp(P, "x", 77)
    ledger.consumer.newest = 9
    monkeypatch.setattr(ledger, "api", lambda _address, path, _seconds: nodes if path.startswith("nodes") else pytest.fail(path))
    monkeypatch.setattr(ledger, "queue_told_by", lambda _address, _seconds: {"online": online})
    assert ledger.look("mq1", Answers(confirms), ("mq1", "a1")) == found


def test_whether_a_replica_is_there_is_asked_now_and_then_and_always_until_it_is(monkeypatch, clock):
    ledger, now, asked = amqp.Amqp(P, "x", 77), clock(amqp), []
    told = {"online": []}
    monkeypatch.setattr(ledger, "queue_told_by", lambda address, _seconds: asked.append(address) or told)
    assert [ledger.replica("mq1", "a1", 1) for _time in range(2)] == [False, False] and len(asked) == 2
    # A classic queue has no replicas but a node.
    told = {"node": "rabbit@mq1"}
    assert [ledger.replica("mq1", "a1", 1) for _time in range(2)] == [True, True] and len(asked) == 3
    told = {"node": "rabbit@mq2"}
    now.sleep(amqp.REPLICA_S + 0.1)
    assert ledger.replica("mq1", "a1", 1) is False and len(asked) == 4


@pytest.mark.parametrize("answers, leader", [
    ([{"leader": "rabbit@mq2", "node": "rabbit@mq1"}], "mq2"), ([OSError("down"), {"node": "rabbit@mq1"}], "mq1"),
    ([ValueError("no JSON"), OSError("down")], ""), ([{}], "")])
def test_who_leads_is_asked_of_whoever_answers(monkeypatch, answers, leader):
    ledger = amqp.Amqp(P, "x", 77)

    def told(_address, _seconds):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(ledger, "queue_told_by", told)
    assert ledger.leader() == leader

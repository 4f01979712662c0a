# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent of the writer address acts as it was decided: what it does to server, address and record, and what it leaves alone.

What is decided is tested in test_mysql_record. Server, network and clock are played; record, lock and memory are real files.
"""

import fcntl
import json
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_record
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_writer as agent
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, Unreachable

ADDRESS, RIVAL, SUCCESSOR = "198.51.100.102", "02:00:00:00:00:99", "02:00:00:00:00:32"
CONFIG = {"address": ADDRESS, "prefix": 24, "isolation_s": 1.5, "socket": "/run/mysqld/mysqld.sock", "login": {},
          "own": {"name": "db1", "address": "198.51.100.31", "port": 3306},
          "peers": [{"name": "db2", "address": "198.51.100.32", "port": 3306}, {"name": "db3", "address": "198.51.100.33", "port": 3306}]}
FOLLOWS = [mysql_record.Peer("db2", True, False, "me", False)]


class Wire:
    """The network: who answers, and what was sent."""

    interface, own, six = "eth0", {"02:00:00:00:00:31"}, False

    def __init__(self):
        self.other, self.heard, self.sent = None, [], []

    def frames(self):
        heard, self.heard = self.heard, []
        return heard

    def ask(self, target, own=None):
        self.sent.append("ask %s" % target)

    def announce(self, address):
        self.sent.append("announce %s" % address)

    def wait_free(self, address, seconds):
        return self.other

    def close(self):
        pass


class Stage:
    """One member with its agent."""

    def __init__(self, root, monkeypatch):
        self.root, self.now, self.wall, self.held, self.said = root, 1000.0, 5000.0, True, []
        read, write, lock = mysql_record.read_record, mysql_record.write_record, mysql_record.locked
        put = monkeypatch.setattr
        put(agent, "time", types.SimpleNamespace(monotonic=lambda: self.now, time=lambda: self.wall, sleep=self.sleep))
        put(agent, "say", self.said.append)
        put(mysql_record, "RUN_DIRECTORY", str(root))
        put(mysql_record, "read_record", lambda: (read(str(root))[0], self.recorded_at))
        put(mysql_record, "write_record", lambda record: write(record, str(root)))
        put(mysql_record, "locked", lambda wait=True: lock(str(root), wait))
        put(agent.virtual, "holds", lambda address: self.held)
        put(agent.virtual, "add", lambda *_arguments: self.take(True))
        put(agent.virtual, "remove", lambda address: self.take(False))
        put(agent.virtual, "interface_of", lambda address: "eth0")
        put(agent.virtual, "interface_towards", lambda address: "eth0")
        put(agent.virtual, "gateway_of", lambda interface, six: "198.51.100.1")
        put(agent.socket, "if_nametoindex", lambda name: 2)
        self.wire, self.recorded_at = Wire(), 100.0
        put(agent.virtual, "Wire", lambda name, like: self.wire)
        self.lock = lambda: lock(str(root))
        write({"writer": True}, str(root))
        self.started()

    def started(self):
        """The agent begins anew, as after a restart of its service."""
        self.agent = agent.WriterAgent(dict(CONFIG))
        self.server = self.agent.server

    def sleep(self, seconds):
        self.now += seconds

    def take(self, held):
        changed, self.held = self.held != held, held
        return changed

    def record(self):
        return mysql_record.read_record()[0]

    def tick(self, state=mysql_record.WRITABLE, instance="7:1", peers=None, heard=True, seconds=0.25):
        """A quarter of a second later the agent looks; the server is in this state, peers said this."""
        self.now, self.wall = self.now + seconds, self.wall + seconds
        self.server.answer = (self.wall, state, instance)
        if state != mysql_record.DOWN:
            self.server.last_up = self.now
        if heard:
            self.agent.net.last_heard = self.now
        if peers is not None:
            self.agent.peers.answer = (self.now, peers)
        self.agent.tick()
        return self.server.wanted


@pytest.fixture
def stage(tmp_path, monkeypatch):
    return Stage(tmp_path, monkeypatch)


def test_a_writer_that_is_healthy_is_left_alone(stage):
    assert [stage.tick() for _turn in range(3)] == [None] * 3
    assert stage.held and stage.record() == {"writer": True} and stage.said == ["writer"]
    assert stage.agent.continuous and not stage.agent.peers.wanted.is_set()


def test_a_writer_without_its_address_takes_it_when_nobody_has_it(stage):
    stage.held, stage.wire.other = False, RIVAL
    stage.tick()
    assert not stage.held
    stage.wire.other = None
    stage.tick()
    assert stage.held and "the address %s is here" % ADDRESS in stage.said
    stage.tick()
    assert "announce " + ADDRESS in stage.wire.sent


def test_who_hears_another_one_answer_stops_at_once_even_while_somebody_works_here(stage, monkeypatch):
    stage.tick()
    stage.agent.net.rival = (RIVAL, stage.now + 1)
    with stage.lock():
        assert stage.tick(seconds=1.2) == mysql_record.READ_ONLY
    assert not stage.held and stage.said[-2:] == [
        "%s answers for the address, too" % RIVAL, "the address %s was given up" % ADDRESS]


def test_what_is_not_urgent_waits_for_whoever_works_here(stage):
    stage.held = False
    with stage.lock():
        stage.tick()
        assert not stage.held
    stage.tick()
    assert stage.held


def test_who_is_cut_off_gives_address_and_writes_up(stage):
    stage.tick()
    wanted = [stage.tick(heard=False) for _turn in range(8)]
    assert wanted[0] is None and wanted[-1] == mysql_record.READ_ONLY and not stage.held
    assert "cut off: neither a peer nor the gateway answers" in stage.said


def test_an_agent_that_slept_trusts_nothing_that_it_knew(stage):
    stage.tick()
    assert stage.tick(seconds=4.0) == mysql_record.READ_ONLY and not stage.held
    assert "nothing was done for more than 1.5 s, whatever was known is old" in stage.said


def test_a_restarted_server_stays_read_only_until_the_others_were_asked(stage):
    stage.tick()
    assert stage.tick(mysql_record.READ_ONLY, instance="8:1") is None
    assert stage.agent.peers.wanted.is_set() and stage.said[-1] == "stays read-only: the other members are being asked"
    assert stage.tick(mysql_record.READ_ONLY, instance="8:1", peers=FOLLOWS) == mysql_record.WRITABLE
    assert stage.held


def test_a_restarted_server_stays_read_only_while_somebody_else_has_the_address(stage):
    stage.tick()
    stage.held, stage.wire.other = False, RIVAL
    assert stage.tick(mysql_record.READ_ONLY, instance="8:1", peers=FOLLOWS) is None


def test_a_restarted_server_stays_read_only_where_another_one_is_followed(stage):
    stage.tick()
    assert stage.tick(mysql_record.READ_ONLY, instance="8:1", peers=[mysql_record.Peer("db2", True, False, "other", False)]) is None
    assert not stage.held and stage.said[-2] == "stays read-only: db2 replicates from another member"


def test_who_finds_another_writer_forgets_that_he_was_it(stage):
    stage.tick()
    stage.tick(mysql_record.READ_ONLY, instance="8:1", peers=[mysql_record.Peer("db2", True, True, None, False)])
    assert not stage.held and stage.record() == {"writer": False, "by": "agent", "because": "db2 is the writer now"}


def test_what_the_others_said_too_long_ago_counts_for_nothing(stage):
    stage.tick()
    stage.tick(mysql_record.READ_ONLY, instance="8:1", peers=[])
    stage.agent.peers.answer = (stage.now, FOLLOWS)
    assert stage.agent.peers.latest(stage.now - 60) == FOLLOWS
    stage.now += agent.PEERS_FRESH_S + 0.1
    assert stage.agent.peers.latest(stage.now - 60) is None
    # And what was asked before something changed.
    stage.agent.peers.answer = (stage.now, FOLLOWS)
    assert stage.agent.peers.latest(stage.now + 0.1) is None


def test_a_server_that_somebody_made_read_only_stays_so(stage):
    stage.tick()
    assert stage.tick(mysql_record.READ_ONLY, instance="7:1", peers=FOLLOWS) is None
    assert stage.said[-2:] == ["somebody made the server read-only", "the address %s was given up" % ADDRESS]


def test_what_the_agent_itself_closed_it_may_open_again_also_after_its_restart(stage):
    stage.tick()
    stage.agent.net.rival = (RIVAL, stage.now + 1)
    stage.tick(seconds=1.2)
    stage.started()
    stage.tick(mysql_record.READ_ONLY, instance="7:1")
    assert stage.tick(mysql_record.READ_ONLY, instance="7:1", peers=FOLLOWS) == mysql_record.WRITABLE


def test_a_memory_that_is_damaged_is_none(stage):
    stage.tick()
    assert json.loads((stage.root / "memory.json").read_text()) == {"instance": "7:1", "own": False}
    (stage.root / "memory.json").write_text('{"inst')
    stage.started()
    assert stage.agent.memory == {"instance": None, "own": False}


def test_who_is_not_the_writer_any_more_gives_up_what_he_has(stage):
    stage.tick()
    mysql_record.write_record({"writer": False, "by": "mysql_writer"})
    stage.recorded_at = stage.wall
    # What was seen before the record changed says nothing about what it is now.
    stage.wall -= 1
    assert stage.tick() is None and stage.held
    stage.wall += 2
    assert stage.tick() == mysql_record.READ_ONLY and not stage.held


def test_a_server_that_died_keeps_its_address_for_a_while_only(stage):
    stage.tick()
    for _turn in range(39):
        stage.tick(mysql_record.DOWN, instance=None)
    assert stage.held
    for _turn in range(3):
        stage.tick(mysql_record.DOWN, instance=None)
    assert not stage.held


# Handing over

@pytest.fixture
def handing(stage, monkeypatch):
    ended = []
    monkeypatch.setattr(agent.WriterAgent, "end_clients", lambda self: ended.append(stage.held))
    mysql_record.write_record({"writer": False, "yield_to": SUCCESSOR, "yield_until": stage.wall + 30})
    stage.ended = ended
    return stage


def test_the_address_goes_to_whom_it_was_promised_when_he_asks(handing):
    handing.agent.hand_over([RIVAL])
    assert handing.held and handing.ended == []
    handing.agent.hand_over([RIVAL, SUCCESSOR])
    # Connections were ended while the address was still here.
    assert not handing.held and handing.ended == [True]


def test_a_writer_hands_nothing_over(handing):
    mysql_record.write_record({"writer": True, "yield_to": SUCCESSOR})
    handing.agent.hand_over([SUCCESSOR])
    assert handing.held


# The server

class SqlDialect:
    """What the local server is told."""

    def __init__(self, told):
        self.told = told

    def allow_writes(self):
        self.told.append("writes")

    def read_only_statement(self):
        return "READ ONLY"

    def run(self, statement):
        self.told.append(statement)

    def wait_for_replicas(self, wanted):
        self.told.append("wait for replicas: %s" % wanted)

    def clients(self):
        return ["client"]

    def end(self, clients):
        self.told.append("end %d" % len(clients))
        return clients


@pytest.fixture
def told(stage, monkeypatch):
    made = []
    monkeypatch.setattr(agent, "connect", lambda where: types.SimpleNamespace(close=lambda: made.append("closed")))
    monkeypatch.setattr(agent, "SqlDialect", lambda connection: SqlDialect(made))
    return made


def test_clients_are_ended_before_and_after_the_server_is_closed(stage, told):
    stage.server.change(mysql_record.READ_ONLY)
    assert told == ["SET SESSION lock_wait_timeout = 2", "end 1", "READ ONLY", "wait for replicas: False", "end 1", "closed"]


def test_writes_are_allowed_only_while_the_record_says_so(stage, told):
    stage.server.wanted = mysql_record.WRITABLE
    stage.server.change(mysql_record.WRITABLE)
    assert told == ["writes", "closed"]
    told.clear()
    mysql_record.write_record({"writer": False})
    stage.server.change(mysql_record.WRITABLE)
    assert told == ["closed"]


def test_writes_are_not_allowed_when_that_was_taken_back_meanwhile(stage, told):
    stage.server.wanted = mysql_record.READ_ONLY
    stage.server.change(mysql_record.WRITABLE)
    assert told == ["closed"]


def test_an_answer_that_is_old_is_none(stage):
    stage.server.answer = (stage.wall, mysql_record.WRITABLE, "7:1")
    stage.wall += agent.STALE_S
    assert stage.server.latest()[1] == mysql_record.WRITABLE
    stage.wall += 0.1
    assert stage.server.latest() == (stage.wall, mysql_record.DOWN, None)


def test_a_server_that_does_not_answer_is_down_and_asked_anew(stage, monkeypatch):
    def down(where):
        raise Unreachable("no", 2002)

    monkeypatch.setattr(agent, "connect", down)
    stage.server.poll()
    assert stage.server.answer == (stage.wall, mysql_record.DOWN, None) and stage.server.connection is None


# The other members

def test_who_cannot_be_asked_counts_as_not_reached(stage, monkeypatch):
    def refused(where):
        raise Failure("db2 says: denied (error 1045)", 1045)

    monkeypatch.setattr(agent, "connect", refused)
    assert stage.agent.peers.ask(CONFIG["peers"][0]) == ("db2", None, [], "db2 says: denied (error 1045)")


@pytest.mark.parametrize("writable, where, position, peer", [
    (None, [], "denied", mysql_record.Peer("db2")),
    (False, [("198.51.100.31", 3306)], "0-1-7", mysql_record.Peer("db2", True, False, "me", False)),
    (False, [("db1", 3306)], "0-1-8", mysql_record.Peer("db2", True, False, "me", True)),
    (False, [("198.51.100.33", 3306)], "0-1-7", mysql_record.Peer("db2", True, False, "other", False)),
    (True, [("10.9.9.9", 3306)], "0-1-7,0-2-8", mysql_record.Peer("db2", True, True, None, True)),
    # What cannot be compared counts as more than we have.
    (False, [], "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5", mysql_record.Peer("db2", True, False, None, True)),
])
def test_what_another_members_answer_means(stage, writable, where, position, peer):
    assert stage.agent.peers.judge([("db2", writable, where, position)], "0-1-7") == [peer]


# The network

def frame(sender, mac, target="198.51.100.31"):
    return (0, mac, sender, target)


@pytest.fixture
def net(stage, monkeypatch):
    monkeypatch.setattr(agent.virtual, "parts_of", lambda heard: heard)
    monkeypatch.setattr(agent.virtual, "probes", lambda heard, address: heard[2] == "0.0.0.0" and heard[3] == address)
    stage.agent.net.open()
    stage.agent.net.last_heard = -1e9
    return stage.agent.net


def test_peers_witnesses_and_the_gateway_are_listened_for(net):
    assert net.targets == {"198.51.100.32", "198.51.100.33", "198.51.100.1"}


def test_only_a_target_proves_that_there_is_a_network(net, stage):
    stage.wire.heard = [frame("198.51.100.77", "02:00:00:00:00:77"), None, frame("198.51.100.32", "02:00:00:00:00:31")]
    net.listen()
    assert net.isolated()
    stage.wire.heard = [frame("198.51.100.1", "02:00:00:00:00:01")]
    net.listen()
    assert not net.isolated()


def test_another_one_with_the_address_and_who_asks_for_it(net, stage):
    stage.wire.heard = [frame(ADDRESS, RIVAL), frame("0.0.0.0", SUCCESSOR, ADDRESS)]
    assert net.listen() == [SUCCESSOR] and net.rival == (RIVAL, stage.now)


def test_without_an_interface_a_member_is_cut_off_and_takes_nothing(stage, monkeypatch):
    monkeypatch.setattr(agent.virtual, "interface_of", lambda address: None)
    stage.agent.net.open()
    assert stage.agent.net.isolated() and not stage.agent.net.free() and stage.agent.net.listen() == []


def test_an_address_is_announced_again_for_those_who_missed_it(net, stage):
    net.take()
    sent = []
    for _turn in range(24):
        stage.wire.sent.clear()
        net.announce(True)
        sent.append(len(stage.wire.sent))
        stage.now += 0.25
    assert sum(sent) == 1 + len(agent.ANNOUNCE_AGAIN_S)
    net.take()
    stage.wire.sent.clear()
    net.announce(False)
    assert stage.wire.sent == []


# --- Its threads --------------------------------------------------------------------------


class Ended(Exception):
    """As many rounds as a test wants."""


@pytest.fixture
def rounds(stage, monkeypatch):
    """rounds(n, run): lets it go round n times, until it sleeps for the n-th time."""
    def go(number, run):
        slept = []

        def sleep(seconds):
            slept.append(seconds)
            stage.sleep(seconds)
            if len(slept) == number:
                raise Ended

        monkeypatch.setattr(agent.time, "sleep", sleep)
        with pytest.raises(Ended):
            run()
        return slept

    return go


@pytest.fixture
def asked_to(stage):
    """The server's thread, whose polls and changes are noted in .did; .then is done by a change."""
    server = stage.server
    server.did, server.then = [], lambda: None
    server.poll = lambda: server.did.append("poll")
    server.change = lambda wanted: (server.did.append(wanted), server.then())
    server.answer = (stage.wall, mysql_record.WRITABLE, "7:1")
    return server


def test_a_change_that_is_asked_for_is_done_once_and_looked_at(asked_to, rounds):
    asked_to.wanted = mysql_record.READ_ONLY
    assert rounds(2, asked_to.run) == [agent.POLL_S] * 2
    assert asked_to.did == ["poll", mysql_record.READ_ONLY, "poll", "poll"] and asked_to.wanted is None


@pytest.mark.parametrize("state, wanted", [(mysql_record.DOWN, mysql_record.READ_ONLY), (mysql_record.READ_ONLY, mysql_record.READ_ONLY)])
def test_of_a_server_that_is_down_or_so_already_nothing_is_asked(asked_to, stage, rounds, state, wanted):
    asked_to.answer, asked_to.wanted = (stage.wall, state, None), wanted
    rounds(1, asked_to.run)
    assert asked_to.did == ["poll"] and asked_to.wanted is None


@pytest.mark.parametrize("error", [Failure("Lock wait timeout (error 1205)", 1205), OSError("Broken pipe")])
def test_a_change_that_fails_is_told_and_may_be_asked_for_again(asked_to, stage, rounds, error):
    def fail():
        raise error

    asked_to.wanted, asked_to.then = mysql_record.READ_ONLY, fail
    rounds(1, asked_to.run)
    assert stage.said == ["cannot make the server read_only: %s" % error] and asked_to.wanted is None


def test_what_is_asked_for_meanwhile_is_not_forgotten(asked_to, rounds):
    """It takes the writes away while they are still being allowed."""
    asked_to.answer, asked_to.wanted = (asked_to.answer[0], mysql_record.READ_ONLY, "7:1"), mysql_record.WRITABLE
    asked_to.then = lambda: setattr(asked_to, "wanted", mysql_record.READ_ONLY)
    rounds(1, asked_to.run)
    assert asked_to.wanted == mysql_record.READ_ONLY


class Local:
    """The local server as the agent's threads connect to it."""

    def __init__(self, monkeypatch, server):
        self.closed, self.down, self.ended = 0, None, []
        monkeypatch.setattr(agent, "SqlDialect", lambda connection: self)
        server.connect = self.connect

    def connect(self, read_timeout=5):
        if self.down:
            raise self.down  # pylint: disable=raising-bad-type
        return self

    def position(self):
        return "0-1-9"

    def clients(self, local=False):
        return ["one", "two"]

    def end(self, clients):
        self.ended += clients
        return clients

    def close(self):
        self.closed += 1


@pytest.fixture
def local(stage, monkeypatch):
    return Local(monkeypatch, stage.server)


def test_the_others_are_asked_as_long_as_it_matters(stage, local, rounds):
    peers = stage.agent.peers
    peers.ask = lambda peer: (peer["name"], False, [("db1", 3306)], "0-1-9") if peer["name"] == "db2" else (peer["name"], None, [], "no")
    peers.wanted.set()
    rounds(1, peers.run)
    assert peers.latest(stage.now - 1) == [mysql_record.Peer("db2", True, False, "me", False), mysql_record.Peer("db3")]
    assert peers.latest(stage.now + 1) is None and local.closed == 1


@pytest.mark.parametrize("error", [Unreachable("Connection refused"), OSError("gone")])
def test_without_the_local_server_nobody_can_be_compared(stage, local, rounds, error):
    peers, local.down = stage.agent.peers, error
    peers.ask = lambda peer: (peer["name"], False, [], "0-1-9")
    peers.wanted.set()
    rounds(2, peers.run)
    assert peers.latest(0) is None and peers.answer == (0.0, [])


def test_clients_are_ended_by_who_hands_over(stage, local):
    stage.agent.end_clients()
    assert local.ended == ["one", "two"] and local.closed == 1 and stage.said == ["handed over, 2 client connections are ended"]
    local.down = Unreachable("Connection refused")
    stage.agent.end_clients()
    assert len(stage.said) == 1


def test_whoever_leads_by_hand_forgets_what_was_led_by_a_lease(stage, monkeypatch):
    mysql_record.write_record({"writer": True, "by": "agent", "lease": True, "data": "1:2"})
    stage.agent.forget_lease()
    assert stage.record() == {"writer": True, "by": "agent"}
    monkeypatch.setattr(mysql_record, "write_record", lambda record: pytest.fail("nothing was to be written"))
    stage.agent.forget_lease()


def test_a_round_hears_who_asks_for_the_address_at_once(stage, monkeypatch):
    did, asking = [], [[], ["02:00:00:00:00:32"]]
    guard = stage.agent
    for thread in (guard.server, guard.peers):
        monkeypatch.setattr(thread, "start", lambda: did.append("start"))
    guard.forget_lease, guard.net.wire = (lambda: did.append("forget")), stage.wire
    guard.net.listen = lambda: asking.pop(0)
    guard.hand_over = lambda macs: did.append("hand over to %s" % macs[0])

    def tick():
        did.append("tick")
        if did.count("tick") == 2:
            raise Ended

    def select(read, write, wrong, left):
        assert read == [stage.wire] and not write and not wrong
        stage.now += left / 2 if asking else left
        return (read if asking else [], [], [])

    guard.tick = tick
    monkeypatch.setattr(agent, "select", types.SimpleNamespace(select=select))
    with pytest.raises(Ended):
        guard.run()
    assert did == ["forget", "start", "start", "tick", "hand over to 02:00:00:00:00:32", "tick"]


@pytest.fixture
def begun(stage, monkeypatch, tmp_path):
    """begun(what, **config) starts the program; what it became is in .became. An agent that runs ends by Ended."""
    from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_automatic, mysql_servers, mysql_start

    became = []

    def kind(name):
        class Agent:
            def __init__(self, config):
                became.append((name, config["own"]["name"]))

            def run(self):
                raise Ended

        return Agent

    monkeypatch.setattr(agent, "WriterAgent", kind("by hand"))
    monkeypatch.setattr(mysql_automatic, "AutomaticAgent", kind("by lease"))
    monkeypatch.setattr(mysql_start, "main", lambda path: became.append(("start", path)) or 3)
    monkeypatch.setattr(mysql_servers, "let_go", lambda path: became.append(("ended", path)))
    monkeypatch.setattr(mysql_record, "DIRECTORY", str(tmp_path / "state"))
    path = tmp_path / "config.json"

    def begin(*what, **config):
        path.write_text(json.dumps({**CONFIG, **config}))
        return agent.main(str(path), *what)

    begin.became, begin.path = became, str(path)
    return begin


@pytest.mark.parametrize("config, became", [({}, "by hand"), ({"store": {}}, "by hand"), ({"store": {"ttl_s": 5}}, "by lease")])
def test_which_agent_it_becomes_is_said_by_its_configuration(begun, tmp_path, config, became):
    with pytest.raises(Ended):
        begun(**config)
    assert begun.became == [(became, "db1")] and (tmp_path / "state").is_dir()


def test_what_is_done_before_and_after_it_makes_no_agent(begun, tmp_path):
    assert (begun("start"), begun("ended")) == (3, None)
    assert begun.became == [("start", begun.path), ("ended", begun.path)] and not (tmp_path / "state").exists()


def test_there_is_one_agent_at_a_time(begun, tmp_path):
    with open(tmp_path / mysql_record.ALIVE, "w", encoding="ascii") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            begun()
    assert begun.became == []

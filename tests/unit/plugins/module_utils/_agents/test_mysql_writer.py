# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent of the writer address acts as it was decided: what it does to server, address and record, and what it leaves alone.

What is decided is tested in test_mysql_record. Server, network and clock are played; record, lock and memory are real files.
"""

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

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.health import member_problems

CHANNEL = {"source_host": "198.51.100.1", "source_port": 3306, "receiver": "running", "applier": "running", "ssl": True, "lag": 0,
           "delay": 0}
INFO = {"reachable": True, "writable": False, "dialect": "mariadb", "server_id": 3, "server_uuid": "", "channels": [CHANNEL],
        "semi_sync": {"replica_active": True}}
ROW = {"writable": False, "source": "db1", "action": "none", "because": "", "errant": ""}


def of(info=(), row=(), channel=(), **more):
    return member_problems(dict(INFO, **dict(info, channels=[dict(CHANNEL, **dict(channel))])), dict(ROW, **dict(row)), **more)


def test_a_healthy_replica_has_no_problems():
    assert of(semi_sync=True) == []


@pytest.mark.parametrize(("wrong", "words"), [
    ({"info": {"writable": True}}, "it takes writes, but the writer is another member"),
    ({"row": {"writable": True}}, "it is the writer and takes no writes"),
    ({"row": {"action": "repoint", "because": "it replicates from db2"}}, "repoint: it replicates from db2"),
    ({"channel": {"ssl": False}}, "it replicates from 198.51.100.1:3306 without TLS"),
    ({"channel": {"lag": 11}}, "it is 11 s behind 198.51.100.1:3306"),
    ({"channel": {"receiver": "connecting", "receiver_error": "Access denied"}},
     "it receives nothing from 198.51.100.1:3306: Access denied"),
    ({"channel": {"applier": "stopped"}}, "it applies nothing from 198.51.100.1:3306: its applier is stopped"),
    ({"row": {"errant": "0-3-17"}}, "it has transactions that its source db1 has not: 0-3-17; apply them there"),
    ({"info": {"lease": {"trouble": "no etcd answers", "refused": ""}}}, "its agent does not see etcd: no etcd answers"),
    ({"info": {"lease": {"trouble": "", "refused": "errant"}}}, "its agent cannot let it follow: errant"),
    ({"info": {"semi_sync": {}}, "semi_sync": True}, "it does not acknowledge what it receives"),
])
def test_each_problem_is_one_sentence(wrong, words):
    (found,) = of(**wrong)
    assert found.startswith(words)


def test_a_delay_that_was_asked_for_is_no_lag():
    assert of(channel={"lag": 3605, "delay": 3600}) == []


def test_a_source_that_is_only_behind_makes_nothing_errant():
    assert of(row={"errant": "0-1-17"}) == []


def test_what_a_writer_has_before_its_replicas_is_not_errant():
    info = {"writable": True, "semi_sync": {"source_enabled": True, "source_active": True}}
    assert of(info=info, row={"writable": True, "errant": "0-3-17"}, semi_sync=True) == []


def test_a_server_that_does_not_answer_has_one_problem():
    assert member_problems({"reachable": False, "because": "refused"}, ROW) == ["the server does not answer: refused"]

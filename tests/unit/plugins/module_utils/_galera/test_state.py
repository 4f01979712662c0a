from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._galera import state

UUID = "c8c6bbed-e5a4-11f1-b1d1-8ec0291e69c8"
GRASTATE = "# GALERA saved state\nversion: 2.1\nuuid:    %s\nseqno:   %s\nsafe_to_bootstrap: %s\n"
GVWSTATE = """my_uuid: 2abb19fa-e5a5-11f1-9bd5-7bd8f4ed0a07
#vwbeg
view_id: 3 2abb19fa-e5a5-11f1-9bd5-7bd8f4ed0a07 9
bootstrap: 0
member: 2abb19fa-e5a5-11f1-9bd5-7bd8f4ed0a07 0
member: 5f4bc4b8-e5a5-11f1-9d2e-c2a7f9dcb8a1 0
#vwend
"""


def test_a_whole_grastate():
    assert state.grastate(GRASTATE % (UUID, 2876, 1)) == {"file": "ok", "uuid": UUID, "seqno": 2876, "safe_to_bootstrap": True}
    assert state.grastate(GRASTATE % (UUID, -1, 0))["seqno"] == -1


def test_a_grastate_that_was_longer_before():
    """Galera 26.4 overwrites in place and fills up with blanks."""
    assert state.grastate(GRASTATE % (UUID, -1, 0) + "  ") == {"file": "ok", "uuid": UUID, "seqno": -1, "safe_to_bootstrap": False}


@pytest.mark.parametrize("text, file", [
    (None, "missing"),
    ("", "empty"),
    ("\0" * 512, "empty"),
    ("# GALERA saved state\nversion: 2.1\nuuid:    c8c6bb", "torn"),
    ((GRASTATE % (UUID, 2876, 1))[:60], "torn"),
    ((GRASTATE % (UUID, 2876, 1))[:-2], "torn"),
    ((GRASTATE % (UUID, 2876, 1))[:80] + "\0" * 20, "torn"),
    (GRASTATE % (UUID, "28x", 1), "torn"),
    (GRASTATE % ("not-a-uuid", 28, 1), "torn"),
    ("garbage\n", "torn"),
])
def test_what_is_not_whole_is_not_believed(text, file):
    assert state.grastate(text) == {"file": file}


def test_the_last_primary_component():
    assert state.gvwstate(GVWSTATE) == {
        "my_uuid": "2abb19fa-e5a5-11f1-9bd5-7bd8f4ed0a07", "view": "2abb19fa-e5a5-11f1-9bd5-7bd8f4ed0a07:9",
        "members": ["2abb19fa-e5a5-11f1-9bd5-7bd8f4ed0a07", "5f4bc4b8-e5a5-11f1-9d2e-c2a7f9dcb8a1"]}
    assert state.gvwstate(None) is None
    assert state.gvwstate(GVWSTATE[:-10]) is None
    assert state.gvwstate("#vwbeg\n#vwend\n") is None


def test_what_recovery_prints():
    text = "2026-11-21 12:16:40 0 [Note] WSREP: Recovered position: %s:26,0-1-12\n" % UUID
    assert state.recovered(text) == (UUID, 26)
    assert state.recovered("[Note] WSREP: Recovered position: %s:-1" % state.ZERO) == (state.ZERO, -1)
    assert state.recovered("InnoDB: Unable to lock ./ibdata1 error: 11") is None


@pytest.mark.parametrize("file, found, position", [
    (state.grastate(GRASTATE % (UUID, 7, 0)), None, (UUID, 7, "grastate.dat")),
    (state.grastate(GRASTATE % (UUID, -1, 0)), (UUID, 26), (UUID, 26, "recovered")),
    ({"file": "torn"}, (UUID, 26), (UUID, 26, "recovered")),
    ({"file": "empty"}, (UUID, 26), (UUID, 26, "recovered")),
    ({"file": "missing"}, (state.ZERO, -1), ("", -1, "none")),
    (state.grastate(GRASTATE % (state.ZERO, -1, 0)), (state.ZERO, -1), ("", -1, "none")),
    (state.grastate(GRASTATE % (state.ZERO, 5, 0)), (UUID, 26), (UUID, 26, "recovered")),
])
def test_the_position_of_a_member_that_is_down(file, found, position):
    assert tuple(state.position(file, found).values()) == position


@pytest.mark.parametrize("file, data, needed", [
    ({"file": "ok", "uuid": UUID, "seqno": 7}, True, False),
    ({"file": "ok", "uuid": UUID, "seqno": -1}, True, True),
    ({"file": "torn"}, True, True),
    ({"file": "missing"}, True, True),
    ({"file": "missing"}, False, False),
])
def test_innodb_is_asked_only_where_nothing_else_tells(file, data, needed):
    assert state.needs_recovery(file, data) is needed


def test_databases_that_somebody_made():
    assert state.databases(["mysql", "sys", "performance_schema", "shop", ".sst", "#innodb_temp", "lost+found", "a@002db"]) == [
        "a@002db", "shop"]


def test_status_gets_types():
    shown = state.status([("wsrep_last_committed", "26"), ("wsrep_flow_control_paused", "0"), ("wsrep_thread_count", "3"),
                          ("wsrep_cluster_status", "Primary"), ("wsrep_local_state_uuid", UUID)])
    assert shown == {"wsrep_last_committed": 26, "wsrep_flow_control_paused": 0.0, "wsrep_cluster_status": "Primary",
                     "wsrep_local_state_uuid": UUID}
    assert state.running_position(shown) == {"uuid": UUID, "seqno": 26, "source": "running"}
    assert state.running_position({})["source"] == "none"


GOOD = {"wsrep_cluster_status": "Primary", "wsrep_local_state_comment": "Synced", "wsrep_ready": "ON", "wsrep_cluster_size": 3}


@pytest.mark.parametrize("shown, variables, size, sentence", [
    ({}, {}, 3, "MariaDB does not answer"),
    (dict(GOOD, wsrep_cluster_status="non-Primary", wsrep_ready="OFF"), {}, 3, "It is in no primary component"),
    (dict(GOOD, wsrep_local_state_comment="Donor/Desynced"), {}, 3, "wsrep_local_state_comment is Donor/Desynced, not Synced"),
    (dict(GOOD, wsrep_cluster_size=2), {}, 3, "wsrep_cluster_size is 2, the inventory has 3: somebody is down or "
     "cut off, or an arbitrator has outlived its cluster, which playbooks/galera_recover.yml tells and mends."),
    (dict(GOOD, wsrep_cluster_size=4), {}, 3, "wsrep_cluster_size is 4, the inventory has 3: somebody is in the cluster who"),
    (GOOD, {"read_only": "ON"}, 3, "read_only is ON"),
])
def test_what_keeps_a_member_from_being_healthy(shown, variables, size, sentence):
    assert any(sentence in found for found in state.health(shown, variables, size))


def test_a_healthy_member():
    assert state.health(GOOD, {"read_only": "OFF"}, 3) == []
    assert state.synced(GOOD) and state.primary(GOOD)


def test_who_is_missing_is_told_with_the_reason():
    assert state.missing([
        {"item": "galera1", "status": 200, "content": "Synced\n"},
        {"item": "galera2", "status": 503, "content": "drained\n"},
        {"item": "galera3", "status": -1, "msg": "Status code was -1 and not [200, 503]: Request failed: timed out", "content": ""},
        {"item": "galera4"},
    ]) == ["galera2 is not Synced (drained)",
           "galera3 is not Synced (Status code was -1 and not [200, 503]: Request failed: timed out)",
           "galera4 is not Synced (nothing was heard)"]

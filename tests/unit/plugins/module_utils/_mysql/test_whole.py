# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Has it everything? The same question to whoever takes over, gives, is backed up or counts as healthy."""

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup.rules import backup_source, into_plan
from ansible_collections.failover.stack.plugins.module_utils._mysql.candidate import candidate
from ansible_collections.failover.stack.plugins.module_utils._mysql.health import member_problems
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.plan import seed_plan
from ansible_collections.failover.stack.plugins.module_utils._mysql.switchover import switchover_problems
from ansible_collections.failover.stack.plugins.module_utils._mysql.whole import gaps

CHANNEL = {"channel": "", "source_host": "198.51.100.1", "source_port": 3306, "gtid": "slave_pos", "received": "0-1-100", "lag": 0,
           "receiver": "running", "applier": "running", "applier_errno": 0, "applier_error": "", "delay": 0, "ssl": True,
           "filters": {"do_db": [], "ignore_db": []}, "ignore_server_ids": [], "do_domain_ids": [], "ignore_domain_ids": []}
ROWS = {"db1": {"role": "source", "source": None, "action": "none", "writable": True, "because": "", "errant": ""},
        "db2": {"role": "replica", "source": "db1", "action": "none", "writable": False, "because": "", "errant": ""}}
BLANK = {"reachable": True, "dialect": "mariadb", "version": "10.11.18", "writable": False, "log_bin": True, "log_replica_updates": True,
         "databases": [], "blank": True, "channels": [],
         "gtid": {"enabled": True, "executed": "", "state": "", "slave": "", "server_id": 3}}


def member(number, channel=None, databases=("elder", "shop"), executed="0-1-100", **more):
    return dict({"reachable": True, "dialect": "mariadb", "version": "10.11.18", "server_id": number, "server_uuid": "",
                 "writable": number == 1, "blank": False, "databases": list(databases), "log_bin": True, "log_replica_updates": True,
                 "channels": [dict(CHANNEL, **(channel or {}))] if number > 1 else [], "semi_sync": {},
                 "gtid": {"enabled": True, "executed": executed, "state": executed, "slave": "", "server_id": number}}, **more)


WRITER = member(1)
PARTS = [
    (member(2, {"filters": {"ignore_db": ["scratch"]}}), "it replicates only a part (replicate_ignore_db: scratch)"),
    (member(2, {"filters": {"rewrite_db": [{"from": "a", "to": "b"}]}}), "it replicates only a part (replicate_rewrite_db: a->b)"),
    (member(2, {"ignore_domain_ids": [5, 6]}), "it replicates only a part (ignore_domain_ids: 5, 6)"),
    (member(2, log_filters={"do_db": ["shop"], "ignore_db": []}), "its binary log has only a part (binlog_do_db: shop)"),
]
LACKS = [(member(2, databases=["shop"]), "it has all transactions of db1 and lacks its databases elder")]


@pytest.mark.parametrize("info, words", PARTS)
def test_a_member_that_leaves_something_out_says_what(info, words):
    assert next(gaps(info)).startswith(words)


def test_a_whole_member_has_no_gaps():
    assert list(gaps(member(2), WRITER, "db1")) == []
    # Behind, it may still get the database.
    assert list(gaps(member(2, databases=["shop"], executed="0-1-99"), WRITER, "db1")) == []
    assert list(gaps(member(2, databases=[], blank=None), dict(WRITER, databases=None), "db1")) == []


@pytest.mark.parametrize("info, words", PARTS + LACKS)
def test_it_is_neither_backed_up_nor_a_donor(info, words):
    seen = {"db1": WRITER, "db2": info}
    assert (backup_source(seen)["host"], backup_source(seen)["refused"]) == ("db1", "")
    assert "db2 has not everything: " + words in backup_source(seen, "db2")["refused"]
    (entry,) = seed_plan(["db3"], dict(seen, db3=BLANK), "db1")
    assert entry["donor"] == "db1"
    (entry,) = seed_plan(["db3"], dict(seen, db3=BLANK), "db1", donor="db2")
    assert "db2 has not everything: " + words in entry["refused"]


@pytest.mark.parametrize("info, words", PARTS + LACKS)
def test_it_takes_nothing_over(info, words):
    (sentence,) = switchover_problems({"db1": WRITER, "db2": info}, ROWS, "db2")
    assert sentence.startswith("db2: " + words)


@pytest.mark.parametrize("info, words", PARTS)
def test_it_is_not_promoted_when_the_writer_is_dead(info, words):
    assert "db2: " + words in candidate({"db1": {"reachable": False}, "db2": info}, ["db1"])["refused"]


@pytest.mark.parametrize("info, words", PARTS + LACKS)
def test_it_is_not_healthy(info, words):
    (sentence,) = member_problems(info, ROWS["db2"], source=WRITER)
    assert sentence.startswith(words) and sentence.endswith("replace its data by a whole copy with mysql_replication_discard")


def test_a_member_that_leaves_something_out_vouches_for_nobody():
    seen = {"db1": {"reachable": False}, "db2": PARTS[0][0], "db3": member(3)}
    assert into_plan("db3", seen, "db3-20261129T130000Z")["refused"].startswith("no other member is known to have all that db3 holds")


@pytest.mark.parametrize("mode", ["OFF", "OFF_PERMISSIVE", "ON_PERMISSIVE"])
def test_a_mode_without_gtids_for_all_is_told(mode):
    info = member(2)
    info["gtid"].update(enabled=False, mode=mode)
    assert member_problems(info, ROWS["db2"], source=WRITER) == ["its gtid_mode is %s, not ON" % mode]
    assert "db2 has gtid_mode %s, not ON" % mode in backup_source({"db1": WRITER, "db2": info}, "db2")["refused"]

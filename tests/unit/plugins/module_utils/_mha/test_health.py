# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.failover.stack.plugins.module_utils._mha import health

MEMBERS = {"db1": "192.0.2.31", "db2": "192.0.2.32"}
STATE = {"at": 1000.0, "writers": ["db1"], "listed": ["db1", "db2"], "watched": "db1", "because": None, "failed": False}
PING = "app (pid:812) is running(0:PING_OK), master:192.0.2.31\n"


def told(state=None, status=PING, repl=(0, "MySQL Replication Health is OK."), now=1001.0, **changes):
    return health.problems({"state": {**(state or STATE), **changes}, "status": (0, status), "repl": repl}, list(MEMBERS), MEMBERS, now)


def test_all_is_well():
    assert told() == []


def test_what_the_program_says():
    assert told(writers=[]) == ["nobody takes writes"]
    assert told(writers=["db1", "db2"])[0] == "db1 and db2 take writes"
    assert told(listed=["db1"]) == ["MHA does not count db2, whose replication is not well: run site.yml"]
    assert told(because="db2: it waits") == ["db2: it waits"]
    assert told(failed=True) == ["a failover failed: look at the journal of failover-mha-manager"]
    assert told(now=1100.0) == ["the service failover-mha-manager does not work: look at its journal"]
    seen = {"state": None, "status": (2, "app is stopped(2:NOT_RUNNING).\n"), "repl": (0, "")}
    assert health.problems(seen, list(MEMBERS), MEMBERS, 0) == [
        "the service failover-mha-manager does not work: look at its journal", "masterha_check_status says NOT_RUNNING"]


def test_what_mha_says():
    assert told(status="app (pid:812) is running(50:FAILOVER_RUNNING), master:192.0.2.31\n") == [
        "masterha_check_status says 50:FAILOVER_RUNNING"]
    assert told(status=PING.replace(".31", ".32")) == ["MHA watches 192.0.2.32, and db1 takes the writes"]
    output = "Mon - [info] ok\nMon - [error][/usr/share/perl5/MHA/ServerManager.pm, ln492]  Server 192.0.2.32 is dead\nNOT OK!\n"
    assert told(repl=(1, output)) == ["masterha_check_repl says: Server 192.0.2.32 is dead"]
    assert told(repl=(1, "")) == ["masterha_check_repl says: it says nothing"]

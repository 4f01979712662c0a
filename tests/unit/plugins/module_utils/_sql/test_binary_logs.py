from __future__ import annotations

import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import binary_logs

VARIABLES = {"log_bin": "ON", "binlog_expire_logs_seconds": "20", "slave_connections_needed_for_purge": "1", "max_binlog_total_size": "0"}
ROWS = [{"Log_name": "binlog.00000%d" % number, "File_size": 1000} for number in range(1, 5)]


def found(times, **more):
    return binary_logs.state(ROWS, dict(VARIABLES, **more), times, 0)


def test_sizes_and_ages():
    assert found([0, 20, 40, 90]) == {
        "count": 4, "bytes": 4000, "closed_bytes": 3000, "expire_s": 20, "oldest_s": 40, "replicas": 0, "replicas_needed": 1,
        "bound_bytes": 0}
    assert found(None)["oldest_s"] is None


def test_a_server_that_writes_little_and_so_begins_no_new_log_has_no_problem():
    """What is too old goes when the next log is begun."""
    assert binary_logs.problems(found([0, 5, 10, 864000]), 0, "x") == []


@pytest.mark.parametrize("more, why", [
    ({}, "slave_connections_needed_for_purge is 1 and 0 replicas are connected, run playbooks/mysql_replication.yml"),
    ({"slave_connections_needed_for_purge": "0"}, "see the server's log, or run PURGE BINARY LOGS")])
def test_logs_that_were_too_old_already_when_the_newest_was_begun_are_told(more, why):
    [sentence] = binary_logs.problems(found([0, 300, 7000, 9000], **more), 0, "x")
    assert sentence == ("its binary logs are not removed: the oldest of 4 was 116 minutes old when the newest was begun, and they expire "
                        "after 20 s (%s)" % why)


def test_logs_that_are_kept_for_ever_are_not_too_old():
    assert binary_logs.problems(found([0, 300, 700, 900], binlog_expire_logs_seconds="0"), 0, "x") == []


def test_a_server_that_bounds_them_is_told_apart_from_one_that_cannot():
    big = dict(found([0, 1, 2, 3]), closed_bytes=200 << 20, bytes=201 << 20)
    assert "does not bound them by itself" in binary_logs.problems(big, 100, "total")[0]
    assert binary_logs.problems(dict(big, bound_bytes=1), 100, "total")[0].endswith("allows: run playbooks/mysql_replication.yml")
    assert binary_logs.problems(dict(big, bound_bytes=1, replicas=1), 100, "total")[0].endswith("allows: a replica may still read them")
    assert binary_logs.problems(big, 0, "total") == binary_logs.problems(None, 100, "total") == []


def test_files_and_the_disk_beneath_them(tmp_path):
    paths = []
    for number in (1, 2):
        paths.append(str(tmp_path / ("binlog.%d" % number)))
        with open(paths[-1], "w", encoding="ascii"):
            os.utime(paths[-1], (number, number))
    assert binary_logs.modified(paths) == [1, 2] and binary_logs.modified([*paths, "/nowhere"]) is None
    assert binary_logs.disk_mb(str(tmp_path / "not" / "there")) == binary_logs.disk_mb(str(tmp_path)) > 0

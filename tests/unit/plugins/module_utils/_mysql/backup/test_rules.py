# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which backup goes, which is chosen, whose data a backup may replace."""

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup import rules

OLD, MIDDLE, NEW = "db9-20261119T030000Z", "db1-20261120T030000Z", "db5-20261121T030000Z"
RUNNING = {"receiver": "running", "applier": "running", "lag": 0}


def member(executed="0-1-100", server_id=2, databases=("shop",), **more):
    return dict({"reachable": True, "dialect": "mariadb", "version": "10.11.19", "writable": False, "log_bin": True,
                 "log_replica_updates": True, "databases": list(databases), "blank": not databases, "channels": [RUNNING],
                 "gtid": {"executed": executed, "state": executed, "slave": "", "server_id": server_id}}, **more)


WRITER = member(server_id=1, writable=True, channels=[])


@pytest.mark.parametrize("keep, gone", [(3, []), (2, [OLD]), (1, [OLD, MIDDLE]), (0, [OLD, MIDDLE]), (-4, [OLD, MIDDLE]), (9, [])])
def test_the_oldest_go_and_the_newest_always_stays(keep, gone):
    assert rules.superfluous([NEW, OLD, MIDDLE], keep) == gone


def test_what_is_no_backups_name_is_never_superfluous():
    assert rules.superfluous(["lost+found", ".partial-" + OLD, OLD + ".bak", NEW], 1) == []


@pytest.mark.parametrize("names, manifest, good", [
    (["data", "SHA256SUMS", "manifest.json"], {"format": 1}, True),
    (["data.tar.zst", "SHA256SUMS", "manifest.json"], {"format": 1}, True),
    (["SHA256SUMS", "manifest.json"], {"format": 1}, False),
    (["data", "manifest.json"], {"format": 1}, False),
    (["data", "SHA256SUMS"], None, False),
    (["data", "SHA256SUMS"], {"format": 2}, False),
])
def test_a_finished_backup(names, manifest, good):
    assert rules.is_good(names, manifest) is good


def test_room_for_the_copy_and_its_archive():
    assert (rules.room_needed(1000, "none"), rules.room_needed(1000, "zstd")) == (1100, 2150)


def test_sums_are_read_as_they_are_written():
    sums = {"data/shop@002d1/order  two.ibd": "ab", "manifest.json": "cd"}
    assert rules.parse_sums(rules.sums_text(sums)) == sums


def test_every_kind_of_difference_is_told_and_long_lists_are_cut():
    table = {"rows": 3, "checksum": 9}
    expected = {"a.one": table, "a.two": table, "a.three": table, "a.same": table}
    found = {"a.new": table, "a.two": {"rows": 2, "checksum": 9}, "a.three": {"rows": 3, "checksum": 8}, "a.same": dict(table)}
    told = ["a.new was not in the backup", "a.one is missing", "a.three has the checksum 8 instead of 9", "a.two has 2 rows instead of 3"]
    assert rules.differences(expected, found) == told
    assert rules.differences(expected, found, limit=1) == [told[0], "and 3 more"]
    assert rules.differences(expected, expected) == []


def test_views_without_rows_count_nothing():
    assert rules.rows_of({"a.one": {"rows": 3}, "a.two": {"rows": None}}) == 3


# Whom to back up

def test_a_healthy_replica_spares_the_writer():
    assert rules.backup_source({"db1": WRITER, "db2": member()}) == {"host": "db2", "because": "a healthy replica", "refused": ""}


def test_the_writer_is_backed_up_when_no_replica_is_healthy():
    broken = member(channels=[dict(RUNNING, applier="stopped")])
    assert rules.backup_source({"db1": WRITER, "db2": broken}) == {
        "host": "db1", "because": "it takes the writes, and no replica is healthy", "refused": ""}
    named = rules.backup_source({"db1": WRITER, "db2": broken}, "db2")
    assert (named["host"], named["refused"]) == ("", "no member can be backed up: db2 does not replicate")


def test_who_was_named_is_taken_or_refused():
    assert rules.backup_source({"db1": WRITER, "db2": member()}, "db1")["because"] == "it was named"
    assert rules.backup_source({"db1": WRITER, "db2": member()}, "db7")["refused"] == (
        "mysql_replication_backup_from is db7, which is no member of the cluster (db1, db2)")


def test_nobody_who_answers_is_nobody_to_back_up():
    assert rules.backup_source({"db1": {"reachable": False}})["refused"] == "no member can be backed up: db1 does not answer"


@pytest.mark.parametrize("observed, writer", [
    ({"db1": WRITER, "db2": member()}, "db1"), ({"db1": WRITER, "db2": WRITER}, ""), ({"db1": {"reachable": False}}, "")])
def test_two_writers_are_no_answer(observed, writer):
    assert rules.writer_of(observed) == writer


# Which backup

LISTS = {"db1": [MIDDLE, NEW], "db2": [OLD]}


@pytest.mark.parametrize("name, host, chosen", [("", "", ("db1", NEW)), (OLD, "", ("db2", OLD)), ("", "db2", ("db2", OLD))])
def test_the_newest_or_the_named_one(name, host, chosen):
    found = rules.choose_backup(LISTS, name, host)
    assert (found["host"], found["name"], found["refused"]) == (*chosen, "")


@pytest.mark.parametrize("lists, name, host, sentence", [
    (LISTS, OLD, "db1", "there is no backup %s in the directory of backups of db1" % OLD),
    (LISTS, "", "db3", "there is no good backup in the directory of backups of db3"),
    ({}, "", "", "there is no good backup in the directory of backups of any member"),
    ({"db1": ["by-hand"], "db2": []}, "", "", "there is no good backup in the directory of backups of db1, db2"),
])
def test_where_there_is_none_it_is_said(lists, name, host, sentence):
    found = rules.choose_backup(lists, name, host)
    assert found["refused"] == sentence + ": make one with playbooks/mysql_backup.yml, or bring it there" and not found["host"]


# Whose data it may replace

def test_the_name_of_backup_and_member_are_demanded():
    observed = {"db1": WRITER, "db2": member()}
    assert rules.into_plan("db7", observed, OLD)["refused"] == (
        "mysql_replication_restore_into is db7, which is no member of the cluster (db1, db2)")
    assert rules.into_plan("db2", observed, "")["refused"] == (
        "db2: to replace its data the backup must be named, too: add -e mysql_replication_restore_backup=<name>")


@pytest.mark.parametrize("named", [(), ["db1"]])
def test_who_takes_writes_is_never_replaced_by_a_backup(named):
    assert rules.into_plan("db1", {"db1": WRITER, "db2": member()}, OLD, named)["refused"] == (
        "db1 takes the writes: its data is not replaced; switch over to another member first")


def test_a_blank_member_and_one_whose_data_others_have_lose_nothing():
    observed = {"db1": WRITER, "db2": member("0-1-90"), "db3": member("", databases=())}
    assert rules.into_plan("db3", observed, OLD) == {"refused": "", "keep_old": False, "because": "db3 is blank"}
    assert rules.into_plan("db2", observed, OLD) == {"refused": "", "keep_old": False, "because": "db1 has all that db2 holds"}


@pytest.mark.parametrize("mine", [member("0-2-101"), member(databases=["shop", "mine"]), member(""), {"reachable": False}])
def test_what_nobody_else_is_known_to_have_is_replaced_only_by_name_and_kept(mine):
    observed = {"db1": WRITER, "db2": mine}
    why = "no other member is known to have all that db2 holds"
    assert rules.into_plan("db2", observed, OLD, ["db1"])["refused"] == (
        "%s: save it, then replace it by -e mysql_replication_discard=db2" % why)
    for named in ("db2", "db1, db2", ["db2"]):
        assert rules.into_plan("db2", observed, OLD, named) == {"refused": "", "keep_old": True, "because": why}

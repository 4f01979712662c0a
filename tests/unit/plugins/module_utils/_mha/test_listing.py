# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.failover.stack.plugins.module_utils._mha import listing
from ansible_collections.failover.stack.plugins.module_utils._mha.listing import Listing, Seen, leaderless, resting, wait_s, writers

HERE = {"db1": "192.0.2.31", "db2": "192.0.2.32", "db3": "192.0.2.33"}


def writer(name="db1", place=100, dumps=("db2", "db3")):
    return Seen(name, HERE[name], True, True, position=("binlog.000002", place), dumps=tuple(HERE[one] for one in dumps))


def replica(name, source="db1", io="Yes", sql="Yes", place=100, error=""):
    return Seen(name, HERE[name], True, False, HERE[source], io, sql, ("binlog.000002", place), error=error)


def away(name):
    return Seen(name, HERE[name])


def seen(*found):
    return {one.name: one for one in found}


WELL = seen(writer(), replica("db2"), replica("db3"))


def test_all_are_listed_when_all_are_well():
    assert Listing(HERE, [], 10).update(WELL, 0) == (["db1", "db2", "db3"], None)
    assert writers(WELL) == ["db1"]


def test_a_replica_that_died_stays_until_another_has_what_it_may_have():
    one = Listing(HERE, [], 10)
    one.update(WELL, 0)
    dead = seen(writer(place=200), replica("db2", place=150), away("db3"))
    assert one.update(dead, 1) == (["db1", "db2", "db3"], "db3: it does not replicate from db1")
    assert one.update(dead, 12) == (["db1", "db2", "db3"], "db3: db1 still sends to it, and it does not replicate")
    gone = seen(writer(place=300, dumps=["db2"]), replica("db2", place=199), away("db3"))
    assert one.update(gone, 13) == (["db1", "db2", "db3"], "db3: nobody else has received all that it may have")
    assert one.update(seen(writer(place=300, dumps=["db2"]), replica("db2", place=200), away("db3")), 14) == (["db1", "db2"], None)
    assert one.update(WELL, 15) == (["db1", "db2", "db3"], None)


def test_the_last_replica_stays():
    one = Listing(HERE, [], 10)
    one.update(seen(writer(), replica("db2"), away("db3")), 0)
    alone = seen(writer(dumps=[]), away("db2"), away("db3"))
    one.update(alone, 1)
    assert one.update(alone, 1000)[0] == ["db1", "db2"]


def test_without_a_writer_it_stays_as_it_is():
    one = Listing(HERE, ["db1", "db2"], 10)
    assert one.update(seen(away("db1"), replica("db2"), replica("db3")), 0) == (["db1", "db2"], None)
    assert one.update(seen(writer(), writer("db2"), replica("db3")), 1) == (["db1", "db2"], None)


def test_after_a_failover_those_count_who_follow_the_new_writer():
    one = Listing(HERE, [], 10)
    one.update(WELL, 0)
    after = seen(away("db1"), writer("db2", dumps=["db3"]), replica("db3", "db2"))
    assert one.update(after, 5) == (["db2", "db3"], None)
    returned = seen(replica("db1", "db2"), writer("db2"), replica("db3", "db2"))
    assert one.update(returned, 9) == (["db1", "db2", "db3"], None)


def test_a_manager_that_starts_does_not_drop_whom_it_was_told_of():
    one = Listing(HERE, ["db1", "db2", "db3"], 10)
    dead = seen(writer(place=200, dumps=["db2"]), replica("db2", place=150), away("db3"))
    assert one.update(dead, 0)[0] == ["db1", "db2", "db3"]
    assert one.update(seen(writer(place=300, dumps=["db2"]), replica("db2", place=300), away("db3")), 11)[0] == ["db1", "db2"]


def test_places_in_logs():
    assert listing.behind(("binlog.000002", "99"), ("binlog.000002", 100))
    assert listing.behind(("binlog.000001", 500), ("binlog.000002", 100))
    assert listing.behind(None, ("binlog.000002", 100))
    assert not listing.behind(("binlog.000002", 100), ("binlog.000002", 100)) and not listing.behind(("binlog.000002", 100), None)


def test_nobody_leads():
    fenced = writer()._replace(writable=False)
    assert leaderless(seen(fenced, replica("db2"), replica("db3"))) == "db1"
    assert leaderless(seen(fenced, replica("db2"), away("db3"))) == "db1"
    assert leaderless(WELL) is None
    assert leaderless(seen(away("db1"), replica("db2"), replica("db3"))) is None
    assert leaderless(seen(fenced, away("db2"), away("db3"))) is None
    assert leaderless(seen(fenced, writer("db2")._replace(writable=False), replica("db3"))) is None


def test_replicas_that_rest():
    assert resting(seen(writer(), replica("db2", io="No", sql="Yes"), replica("db3"))) == ["db2"]
    assert resting(seen(writer(), replica("db2", io="No", sql="No", error="1062"), replica("db3", io="Connecting"))) == []
    assert resting(seen(away("db1"), replica("db2", io="No"), replica("db3", io="No"))) == []
    fenced = writer()._replace(writable=False)
    assert resting(seen(fenced, replica("db2", io="No"), replica("db3", io="No"))) == ["db2", "db3"]
    promoted = replica("db2", io="No", sql="No")._replace(writable=True)
    assert resting(seen(fenced, promoted, replica("db3", io="No"))) == []


def test_when_it_may_fail_over_again():
    assert wait_s(None, 1000, 300) == 0
    assert wait_s(900, 1000, 300) == 200
    assert wait_s(100, 1000, 300) == 0

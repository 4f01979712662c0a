# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who takes the writes by a lease: what a member does in which situation, who follows, and who may acknowledge."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_lease as lease
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import DOWN, KEEP, READ_ONLY, RELEASE, TAKE, WRITABLE

ORDER = ["db1", "db2", "db3"]
SYNC = {"db2": {"instance": "i2", "whole": True}, "db3": {"instance": "i3", "whole": True}}


def member(number, following=7, acks=True, **more):
    return {"instance": "i%d" % number, "following": following, "acks": acks, "unfit": "", **more}


def promised(number, position, term=7, **more):
    return member(number, following=0, promise={"term": term, "position": position, "instance": "i%d" % number, "complete": False,
                                                "unfit": "", **more})


def view(**more):
    return lease.View(**{"term": 7, "writer": "db1", "by": "1", "last": {"name": "db1", "gtid": "0-1-5"}, "sync": SYNC, "made": 7,
                         "members": {"db1": member(1, 0), "db2": member(2), "db3": member(3)}, **more})


def own(name="db1", server=WRITABLE, **more):
    return lease.Own(name, server, "i" + name[-1], **more)


def decide(state, seen, **more):
    return lease.plan(state, seen, ORDER, **more)


def test_what_is_read_of_the_store():
    found = lease.view_of({"writer": ({"name": "db1"}, 5, 5, "77"), "last": ({"name": "db1", "gtid": "0-1-5"}, 2, 5, "0"),
                           "sync": (SYNC, 3, 9, "0"), "member/db2": (member(2), 1, 8, "78"), "handover": ({"to": "db3"}, 9, 9, "79")})
    assert found == lease.View(5, "db1", "77", {"name": "db1", "gtid": "0-1-5"}, SYNC, {"to": "db3"}, {"db2": member(2)}, 5, 9, {"db2": 8})
    assert lease.view_of({}) == lease.View()


# --- One member --------------------------------------------------------------------


def test_the_holder_of_the_lease_writes_and_has_the_address():
    leads = own(recorded=True, lease=True, held=True)
    assert decide(leads, view())[:3] == (KEEP, KEEP, KEEP) and decide(leads, view()).acks is True
    assert decide(leads._replace(held=False), view()).address == TAKE
    assert decide(leads._replace(server=READ_ONLY), view()).server == WRITABLE
    # Its own request to give the lease away may still be on its way.
    found = decide(leads._replace(server=READ_ONLY, confirmed=False), view())
    assert (found.server, found.lease) == (KEEP, lease.CONFIRM)
    # Also an agent that was started anew and finds its lease.
    assert decide(leads._replace(recorded=False), view()).because == "writer"


def test_a_writer_whose_server_is_gone_makes_way_when_somebody_can_follow():
    gone = own(server=DOWN, recorded=True, lease=True, held=True, down_s=0.3)
    found = decide(gone, view())
    assert (found.server, found.address, found.lease) == (lease.KILL, RELEASE, lease.GIVE_UP)
    assert found.because == "the server does not answer, db2 or db3 takes over"


@pytest.mark.parametrize("changes", [
    {"sync": {}}, {"members": {"db2": member(2)}},
    {"members": {"db2": member(2), "db3": member(3, following=6)}},
    {"members": {"db2": member(2), "db3": {**member(3), "instance": "other"}}},
    {"members": {"db2": member(2), "db3": {**member(3), "unfit": "the file system of /var/lib/mysql is full"}}},
    {"sync": {name: dict(entry, whole=False) for name, entry in SYNC.items()}}])
def test_a_writer_whose_server_is_gone_waits_for_it_where_nobody_could_take_over_at_once(changes):
    gone = own(server=DOWN, recorded=True, lease=True, held=True, down_s=0.3)
    assert decide(gone, view(**changes))[:3] == (KEEP, KEEP, KEEP)
    assert decide(gone._replace(down_s=11), view(**changes))[:3] == (KEEP, RELEASE, KEEP)


def test_a_full_disk_makes_way_too():
    full = own(recorded=True, lease=True, held=True, unfit="the file system of /var/lib/mysql is full")
    assert decide(full, view())[:3] == (lease.KILL, RELEASE, lease.GIVE_UP)
    assert decide(full, view(sync={}))[:3] == (KEEP, KEEP, KEEP)


@pytest.mark.parametrize("more, leaderless, goes_on", [
    ({"lease": True}, False, True), ({"proof": True}, False, True), ({}, True, True), ({}, False, False)])
def test_without_the_store_a_writer_goes_on_while_nobody_else_can_be_it(more, leaderless, goes_on):
    found = decide(own(recorded=True, held=True, **more), None, leaderless=leaderless)
    assert found[:2] == ((KEEP, KEEP) if goes_on else (READ_ONLY, RELEASE))


def test_without_the_store_a_replica_acknowledges_no_longer_than_its_lease_runs():
    replica = own("db2", READ_ONLY)
    assert decide(replica._replace(alive=True), None).acks is None
    assert decide(replica, None).acks is False
    assert decide(replica, None, leaderless=True).acks is None


def test_a_server_that_hangs_without_the_lease_is_killed():
    assert decide(own(server=DOWN, recorded=True, held=True), None)[:2] == (lease.KILL, RELEASE)
    assert decide(own(server=DOWN, recorded=True), view(writer="db2"))[0] == lease.KILL
    assert decide(own("db2", DOWN), view())[0] == KEEP
    # It has forgotten already that it was the writer, and the server took writes when it answered last.
    assert decide(own(server=DOWN, wrote=True), view(writer="db2"))[0] == lease.KILL
    assert decide(own(server=DOWN, wrote=True), None)[0] == lease.KILL


def test_who_lost_the_lease_stops():
    found = decide(own(recorded=True, held=True), view(writer="db2"))
    assert (found.server, found.address, found.lease, found.because) == (READ_ONLY, RELEASE, lease.FORGET, "db2 holds the lease")
    assert decide(own(recorded=True, held=True), view(writer=None))[:3] == (READ_ONLY, RELEASE, lease.FORGET)
    # One that has run out while everybody follows is taken again, by a server that never stopped.
    there = own(recorded=True, held=True, proof=True, continuous=True)
    assert decide(there, view(writer=None)).lease == TAKE
    assert decide(there._replace(continuous=False), view(writer=None)).lease == lease.FORGET
    assert decide(there, view(writer=None, handover={"to": "db2", "from": "db1"})).lease == lease.FORGET


def test_a_cluster_that_was_led_by_hand_is_adopted():
    by_hand = own(recorded=True, held=True, by_hand=True)
    assert decide(by_hand, lease.View()).lease == lease.ADOPT
    assert decide(by_hand._replace(server=READ_ONLY), lease.View()).lease == KEEP
    # Before etcd has said anything nothing is changed: nobody takes over from one that has never held the lease.
    assert decide(by_hand, None)[:2] == (KEEP, KEEP)
    assert decide(by_hand._replace(server=DOWN), None)[:2] == (KEEP, KEEP)
    assert decide(by_hand._replace(by_hand=False), None)[:2] == (READ_ONLY, RELEASE)
    # A cluster that was led by a lease, then by hand: what the store knows is of then.
    assert decide(by_hand, view(writer=None)).lease == lease.ADOPT
    assert decide(by_hand, view(writer="db2"))[:3] == (READ_ONLY, RELEASE, lease.FORGET)
    assert decide(own("db2", READ_ONLY), lease.View())[:4] == (KEEP, KEEP, KEEP, lease.NOTHING)
    # A run makes the first writer: its record comes last.
    assert decide(own("db1", WRITABLE), lease.View())[:4] == (KEEP, KEEP, KEEP, lease.NOTHING)


def test_a_replica_follows_and_acknowledges_when_it_may():
    found = decide(own("db2", READ_ONLY), view())
    assert (found.replication, found.target, found.acks) == (lease.FOLLOW, "db1", True)
    # What it says is what it may be taken out by: it does not begin before it has said so.
    assert decide(own("db2", READ_ONLY), view(members={"db2": member(2, acks=False)})).acks is False
    assert lease.admitted(view(members={"db2": member(2, acks=False)}), own("db2", READ_ONLY)) is True
    assert decide(own("db2", READ_ONLY), view(sync={})).acks is False
    assert decide(own("db2", READ_ONLY)._replace(instance="restarted"), view()).acks is False
    # Whatever was done by hand.
    assert decide(own("db2", WRITABLE, held=True), view())[:2] == (READ_ONLY, RELEASE)


def test_a_writer_whose_machine_nobody_hears_need_not_be_waited_for():
    seen = view(members={"db2": member(2, silent=7), "db3": member(3, silent=7)})
    assert decide(own("db2", READ_ONLY), seen).lease == lease.DEPOSE
    for number, told in ((3, member(3)), (3, member(3, silent=6)), (3, dict(member(3, silent=7), instance="restarted"))):
        others = {"db2": member(2, silent=7), "db%d" % number: told}
        assert decide(own("db2", READ_ONLY), view(members=others)).lease == KEEP
    assert decide(own("db2", READ_ONLY), view(sync={}, members=seen.members)).lease == KEEP


def test_who_was_handed_the_lease_takes_it_and_the_others_wait():
    handed = view(writer=None, handover={"to": "db2", "from": "db1", "gtid": "0-1-9"})
    assert decide(own("db2", READ_ONLY), handed).lease == TAKE
    assert decide(own("db3", READ_ONLY), handed)[2:4] == (KEEP, lease.NOTHING)


def test_without_a_writer_a_replica_first_stops_receiving():
    assert decide(own("db2", READ_ONLY), view(writer=None)).replication == lease.PROMISE
    # A promise of an earlier term says nothing.
    old = view(writer=None, members={"db2": promised(2, "0-1-9", term=6)})
    assert decide(own("db2", READ_ONLY), old).replication == lease.PROMISE


def test_nobody_takes_over_while_it_is_led_by_hand():
    gone = {"db2": promised(2, "0-1-9"), "db3": promised(3, "0-1-9")}
    assert decide(own("db2", READ_ONLY), view(writer=None, members=gone)).lease == TAKE
    # The agents become others, one after the other.
    leaves = view(writer=None, members=gone, handover={"from": "db1", "to": lease.NOBODY})
    assert lease.parked(leaves) and not lease.parked(view())
    assert decide(own("db2", READ_ONLY), leaves)[:4] == (KEEP, KEEP, KEEP, lease.NOTHING)
    # They were, and have become such of a lease again: sync and promises are of the time before.
    assert decide(own("db2", READ_ONLY, joined=False), view(writer=None, members=gone))[:4] == (KEEP, KEEP, KEEP, lease.NOTHING)
    assert decide(own("db2", READ_ONLY, joined=False), view()).replication == lease.FOLLOW


# --- Who follows -------------------------------------------------------------------


def follower(sync=None, **members):
    return lease.successor(view(writer=None, sync=SYNC if sync is None else sync, members=members), ORDER)


def test_the_most_advanced_of_those_who_may_have_acknowledged_takes_over():
    assert follower(db2=promised(2, "0-1-9"), db3=promised(3, "0-1-12")) == ("db3", "")
    assert follower(db2=promised(2, "0-1-9"), db3=promised(3, "0-1-9")) == ("db2", "")
    assert follower(db2=promised(2, "0-1-9", unfit="full"), db3=promised(3, "0-1-9")) == ("db3", "")


def test_nobody_takes_over_before_all_of_them_have_stopped():
    assert follower(db2=promised(2, "0-1-9")) == (None, "db3 may have acknowledged what nobody else has, and has not told")
    assert follower(db2=promised(2, "0-1-9"), db3=member(3))[0] is None
    assert follower(db2=promised(2, "0-1-9"), db3=promised(3, "0-1-9", instance="restarted"))[0] is None
    # Another process went on for one that had promised: what that one had received is gone.
    assert follower(db2=promised(2, "0-1-9"), db3=dict(promised(3, "0-1-12"), instance="restarted"))[0] is None


def test_nobody_takes_over_from_one_that_acknowledged_alone():
    assert follower(sync={}, db2=promised(2, "0-1-9")) == (None, "db1 acknowledged alone: it has to come back")
    catching_up = {name: dict(entry, whole=False) for name, entry in SYNC.items()}
    assert follower(sync=catching_up, db2=promised(2, "0-1-9"), db3=promised(3, "0-1-9")) == (
        None, "db2 and db3 may lack what db1 acknowledged before")


def test_the_last_writer_itself_is_enough_when_it_has_everything():
    assert follower(db1=promised(1, "0-1-9", complete=True)) == ("db1", "")
    assert follower(db1=promised(1, "0-1-9", complete=True), db2=promised(2, "0-1-9")) == ("db2", "")
    # What it alone has may have been acknowledged.
    assert follower(db1=promised(1, "0-1-9", complete=True), db2=promised(2, "0-1-8")) == ("db1", "")
    assert follower(db1=promised(1, "0-1-9"))[0] is None


def test_another_member_with_more_is_preferred_but_not_needed():
    two = {"db2": SYNC["db2"]}
    assert follower(sync=two, db2=promised(2, "0-1-9"), db3=promised(3, "0-1-12")) == ("db3", "")
    assert follower(sync=two, db2=promised(2, "0-1-9"), db3=promised(3, "0-1-7")) == ("db2", "")
    # One that has gone another way is no obstacle.
    assert follower(sync=two, db2=promised(2, "0-1-9"), db3=promised(3, "0-1-7,5-3-1")) == ("db2", "")


def test_whoever_received_is_waited_for_while_it_is_there():
    two = {"db2": SYNC["db2"]}
    assert follower(sync=two, db2=promised(2, "0-1-9"), db3=member(3)) == (None, "db3 has not told yet what it received")
    assert follower(sync=two, db2=promised(2, "0-1-9"), db3=member(3, following=6)) == ("db2", "")


def test_members_that_have_what_the_other_lacks_are_not_chosen_between():
    assert follower(db2=promised(2, "0-1-9,1-2-4"), db3=promised(3, "0-1-12")) == (None, "no member has all of 0-1-12,1-2-4")


# --- Who may acknowledge --------------------------------------------------------------


def next_of(sync, positions, needed="0-1-9", alone=False, **members):
    return lease.next_sync(view(sync=sync, members=members), "db1", positions, needed, alone)


def test_who_follows_is_let_in_and_counts_when_it_has_everything():
    assert next_of({}, {}, db2=member(2)) == {"db2": {"instance": "i2", "whole": False}}
    assert next_of({}, {"db2": "0-1-9"}, db2=member(2)) == {"db2": {"instance": "i2", "whole": True}}
    assert next_of({}, {"db2": "0-1-9"}, None, db2=member(2)) == {"db2": {"instance": "i2", "whole": False}}
    assert next_of({}, {}, db2=member(2, following=6)) == {}


def test_a_former_writer_may_acknowledge_before_it_receives():
    joins = member(2, following=0, acks=False, joining=7)
    assert next_of({}, {}, db2=joins) == {"db2": {"instance": "i2", "whole": False}}
    assert next_of(SYNC, {"db3": "0-1-9"}, db2=joins, db3=member(3)) == SYNC
    assert next_of(SYNC, {"db3": "0-1-9"}, db2=dict(joins, joining=6), db3=member(3)) == {"db3": SYNC["db3"]}
    # It cannot take over at once.
    assert lease.fit_to_follow(view(members={"db2": joins, "db3": member(3)}), "db1") == []


def test_who_is_gone_is_taken_out_when_the_others_have_everything():
    assert next_of(SYNC, {"db2": "0-1-9"}, db2=member(2)) == {"db2": SYNC["db2"]}
    assert next_of(SYNC, {"db2": "0-1-8"}, db2=member(2)) == SYNC
    # It is there and may connect again at any moment, or says that it does not acknowledge.
    assert next_of(SYNC, {"db2": "0-1-9"}, db2=member(2), db3=member(3, following=0)) == SYNC
    assert next_of(SYNC, {"db2": "0-1-9"}, db2=member(2), db3=member(3, following=0, acks=False)) == {"db2": SYNC["db2"]}


def test_a_new_process_may_know_what_the_old_one_did():
    # db1 comes back and cannot follow; the only other one was started anew and has everything.
    joins, again = member(1, following=0, joining=7), {**member(3), "instance": "new"}
    two = {"db1": {"instance": "i1", "whole": False}, "db3": SYNC["db3"]}
    seen = view(writer="db2", sync=two, members={"db1": joins, "db3": again})
    assert lease.next_sync(seen, "db2", {"db1": "0-1-8", "db3": "0-1-9"}, "0-1-9") == {
        "db1": {"instance": "i1", "whole": False}, "db3": {"instance": "new", "whole": True}}
    assert lease.next_sync(seen, "db2", {"db1": "0-1-8", "db3": "0-1-8"}, "0-1-9") == two


def test_whole_is_who_was_seen_to_have_what_the_one_that_goes_may_have_acknowledged():
    three = {**SYNC, "db4": {"instance": "i4", "whole": True}}
    assert next_of(three, {"db2": "0-1-9", "db4": "0-1-8"}, db2=member(2), db4=member(4)) == {
        "db2": SYNC["db2"], "db4": {"instance": "i4", "whole": False}}


def test_whoever_is_taken_out_must_still_say_what_it_said():
    seen = view(said={"db2": 5, "db3": 6})
    assert lease.leaving(seen, {"db2": SYNC["db2"]}) == [("db3", 6)]
    assert lease.leaving(seen, {**SYNC, "db3": {"instance": "new", "whole": True}}) == [("db3", 6)]
    assert lease.leaving(seen, SYNC) == [] and lease.leaving(view(), {}) == [("db2", 0), ("db3", 0)]


def test_the_last_one_stays_unless_the_writer_may_go_on_alone():
    two = {"db2": SYNC["db2"]}
    assert next_of(two, {}) == two
    assert next_of(two, {}, alone=True) == {}
    # Started anew it may have lost what it had received and not applied.
    again = {"db2": {**member(2), "instance": "new"}}
    assert next_of(two, {"db2": "0-1-8"}, **again) == {"db2": {"instance": "new", "whole": False}}
    assert next_of(two, {"db2": "0-1-9"}, **again) == {"db2": {"instance": "new", "whole": True}}


def test_a_new_term_begins_with_those_who_stopped():
    seen = view(writer=None, members={"db2": promised(2, "0-1-9"), "db3": promised(3, "0-1-9"), "db1": promised(1, "0-1-8")})
    assert lease.taken_sync(seen, "db2") == {"db1": {"instance": "i1", "whole": False}, "db3": {"instance": "i3", "whole": True}}
    more = view(writer=None, members={"db2": promised(2, "0-1-9"), "db3": promised(3, "0-1-11")})
    assert lease.taken_sync(more, "db2") == {}

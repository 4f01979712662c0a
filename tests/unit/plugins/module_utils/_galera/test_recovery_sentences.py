# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What galera_recover.yml tells an operator, word by word: by these sentences somebody decides what may be lost."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._galera import given_up, state
from ansible_collections.failover.stack.plugins.module_utils._galera.jdbc import url
from ansible_collections.failover.stack.plugins.module_utils._galera.recovery import plan

UUID, OTHER = "c8c6bbed-e5a4-11f1-b1d1-8ec0291e69c8", "11111111-e5a4-11f1-b1d1-8ec0291e69c8"
MEMBERS = ["g1", "g2", "g3"]


def data(seqno, uuid=UUID, **more):
    return {"reachable": True, "uuid": uuid, "seqno": seqno, "source": "grastate.dat", "grastate": "ok", "databases": ["shop"], **more}


def primary(seqno, uuid=UUID, **more):
    return data(seqno, uuid, running=True, primary=True, source="running", **more)


BLANK = {"reachable": True, "grastate": "missing", "seqno": -1}
STANDALONE = dict(BLANK, databases=["crm", "shop"])
TORN = dict(BLANK, sst_in_progress=True)
STARTING = dict(BLANK, starting=True)
UNREADABLE = dict(BLANK, problem="mariadbd --wsrep-recover told no position (rc 1).")
RECORD = {"given_up": {"g3": UUID + ":30"}}
WENT_ON = "the others went on without it at %s:30, so it may have what nobody else has" % UUID


def said(one, two, three, **options):
    return plan(MEMBERS, dict(zip(MEMBERS, (one, two, three))), **options)


@pytest.mark.parametrize("infos, options, because", [
    # Overrides that cannot be meant
    ((BLANK, BLANK, BLANK), {"bootstrap_from": "g9", "discard": ["g8", "g1"]},
     "galera_bootstrap_from names g9, which is no member (g1, g2, g3): correct it. galera_discard names g8, which is no member (g1, g2, "
     "g3): correct it."),
    ((data(9), data(9), data(9)), {"bootstrap_from": "g1", "discard": ["g1"]},
     "g1 is in galera_bootstrap_from and in galera_discard: it cannot be both kept and given up."),
    ((data(9), data(9), data(9)), {"discard": MEMBERS}, "Every member that has data is in galera_discard: leave one out."),
    # Beside a primary component
    ((primary(30), primary(7, OTHER), BLANK), {},
     "Two primary components live at once, they are different clusters: g1 has %s; g2 has %s. Stop the members of the one that is to be "
     "given up, then run again with -e galera_discard=<those members>." % (UUID, OTHER)),
    ((primary(30, status={"wsrep_incoming_addresses": "a"}), primary(30, status={"wsrep_incoming_addresses": "b"}), BLANK), {},
     "Two primary components live at once, the cluster is split: g1 and g2 do not see each other. Stop the members of the one that is to "
     "be given up, then run again with -e galera_discard=<those members>."),
    ((primary(30), BLANK, data(20)), {"bootstrap_from": "g3"},
     "galera_bootstrap_from is g3, but a primary component lives on g1: nothing is bootstrapped beside it; take the variable away."),
    # Who may be ahead and cannot be read
    ((data(30), {}, UNREADABLE), {},
     "g2 may be ahead of the others and cannot be read: it cannot be reached, or is not among the hosts of this run. Bring it back, or, if "
     "what only it has may be lost: -e galera_discard=g2. g3 may be ahead of the others and cannot be read: mariadbd --wsrep-recover told "
     "no position (rc 1). Bring it back, or, if what only it has may be lost: -e galera_discard=g3."),
    ((data(30), data(30), {}), {"bootstrap_from": "g3", "discard": ["g1"]},
     "g3 may be ahead of the others and cannot be read: it cannot be reached, or is not among the hosts of this run. Bring it back, or, if "
     "what only it has may be lost: -e galera_discard=g3."),
    # Whose data are kept
    ((data(30), data(30), data(99, OTHER)), {},
     "The members belong to different clusters: g1 has %s; g2 has %s; g3 has %s. Say whose data are kept by -e "
     "galera_bootstrap_from=<host> and give up the others by -e galera_discard=<host>." % (UUID, UUID, OTHER)),
    ((data(30), data(30), STANDALONE), {},
     "g3 is a MariaDB that was never in a cluster, with databases of its own (crm, shop), joining would replace them. If they may be lost: "
     "-e galera_discard=g3."),
    ((data(31, **RECORD), data(31), data(33)), {},
     "g3 is left out: %s. If that may be lost: -e galera_discard=g3. If it is to be kept instead of theirs: -e "
     "galera_bootstrap_from=g3." % WENT_ON),
    ((BLANK, data(30), data(29)), {"bootstrap_from": "g1"},
     "galera_bootstrap_from is g1, which has nothing to begin with (a fresh, empty member): name one of g2, g3."),
    ((TORN, data(30), data(29)), {"bootstrap_from": "g1"},
     "galera_bootstrap_from is g1, which has nothing to begin with (a state transfer to it broke off, its data are not whole): name one of "
     "g2, g3."),
    ((data(30), data(31), data(28)), {"bootstrap_from": "g1"},
     "galera_bootstrap_from is g1 at 30, but g2 is at 31: what is ahead would be lost. If it may: add -e galera_discard=g2."),
    ((data(30), data(31), data(33)), {"bootstrap_from": "g1"},
     "galera_bootstrap_from is g1 at 30, but g2, g3 are ahead, g3 at 33: what is ahead would be lost. If it may: add -e "
     "galera_discard=g2,g3."),
    # The first time
    ((STANDALONE, STANDALONE, BLANK), {},
     "g1, g2 have databases of their own and were never in a cluster: only one can keep them. Choose it by -e "
     "galera_bootstrap_from=<host> and give up the others by -e galera_discard=<the others>."),
    ((STANDALONE, STANDALONE, BLANK), {"bootstrap_from": "g2"},
     "g1 would lose its databases when g2 begins the cluster: if they may be lost, add -e galera_discard=g1."),
    ((TORN, TORN, BLANK), {},
     "A state transfer to g1, g2 broke off, but no member has the data that it was to get: bring back the member that has them. If they "
     "may be lost: -e galera_discard=g1,g2."),
    ((TORN, BLANK, BLANK), {"bootstrap_from": "g1"},
     "A state transfer to g1 broke off, but no member has the data that it was to get: bring back the member that has them. If they "
     "may be lost: -e galera_discard=g1."),
    ((STANDALONE, TORN, STANDALONE), {"discard": MEMBERS},
     "Nobody is left who could begin a cluster: name an empty member by -e galera_bootstrap_from=<host>."),
])
def test_every_refusal(infos, options, because):
    decision = said(*infos, **options)
    assert (decision["verdict"], decision["because"]) == ("refuse", because)


@pytest.mark.parametrize("infos, options, because", [
    ((data(20), data(20), primary(30)), {},
     "Only members that are to leave are in the primary component (g3), the others would not find it: take them out of "
     "galera_leaving_group, run again, and let them leave after that."),
    ((BLANK, BLANK, data(33)), {},
     "Only members that are to leave have data (g3): take them out of galera_leaving_group until the cluster lives."),
    ((data(30), data(29), data(33)), {},
     "g3 is to leave, but it is ahead (at 33, g1 is at 30): take it out of galera_leaving_group until the cluster lives. If what only it "
     "has may be lost: -e galera_discard=g3."),
])
def test_every_refusal_while_somebody_leaves(infos, options, because):
    decision = plan(MEMBERS[:2], dict(zip(MEMBERS, infos)), leaving=MEMBERS[2:], **options)
    assert (decision["verdict"], decision["because"]) == ("refuse", because)


@pytest.mark.parametrize("third, problem", [
    (data(5, OTHER), "it belongs to another cluster (%s, the living one is %s)" % (OTHER, UUID)),
    (data(33), "it has transactions that the living component has not (33, the component is at 30)"),
    (STANDALONE, "it is a MariaDB that was never in a cluster, with databases of its own (crm, shop)"),
    (UNREADABLE, "mariadbd --wsrep-recover told no position (rc 1)"),
    (data(20, lost=""), None), (BLANK, None), (TORN, None), (STARTING, None),
])
def test_why_somebody_does_not_join_a_living_component(third, problem):
    lives = "A primary component lives on g1, g2: nobody is bootstrapped."
    decision = said(primary(30), primary(29), third)
    assert decision["because"] == lives + ("" if problem is None else (
        " g3 does not join, its data would be replaced by the cluster's: %s. If they may be lost: -e galera_discard=g3." % problem))
    given = said(primary(30), primary(29), third, discard=["g3"])
    assert (given["because"], given["join"], given["discard"]) == (lives, ["g3"], ["g3"])
    assert given["table"][2]["verdict"] == "joins; its own data are given up"


def test_who_was_gone_on_without_is_told_the_point():
    assert said(primary(90, **RECORD), primary(90), data(33))["because"] == (
        "A primary component lives on g1, g2: nobody is bootstrapped. g3 does not join, its data would be replaced by the cluster's: %s. "
        "If they may be lost: -e galera_discard=g3." % WENT_ON)


NEXT = ("g3 is not started again with the data it has, since it may have what nobody else has: when it is back, -e galera_discard=g3 gives "
        "it a whole copy.")


@pytest.mark.parametrize("infos, options, because", [
    ((BLANK, BLANK, BLANK), {}, "No member was ever in a cluster: g1 begins one."),
    ((BLANK, STANDALONE, BLANK), {}, "No member was ever in a cluster: g2 begins one with its databases."),
    ((data(28), data(30), data(29)), {}, "No primary component lives. g2 is furthest ahead (%s:30, from grastate.dat)." % UUID),
    ((data(30), data(30, running=True), data(29)), {},
     "No primary component lives. g2 is furthest ahead (%s:30, from grastate.dat); g1, g2 are equal, g2 runs." % UUID),
    ((data(30), data(30), data(30, safe_to_bootstrap=True)), {},
     "No primary component lives. g3 is furthest ahead (%s:30, from grastate.dat); g1, g2, g3 are equal, g3 was the last to leave." % UUID),
    ((data(30, source="recovered"), data(30), data(29)), {},
     "No primary component lives. g1 is furthest ahead (%s:30, from recovered); g1, g2 are equal, g1 is the first of them in the "
     "inventory." % UUID),
    ((data(30), data(30), data(29)), {"bootstrap_from": "g2"},
     "No primary component lives. g2 is named by galera_bootstrap_from (%s:30)." % UUID),
    ((data(30), data(28), {}), {"discard": ["g3"]},
     "No primary component lives. g1 is furthest ahead (%s:30, from grastate.dat). %s" % (UUID, NEXT)),
])
def test_why_who_begins(infos, options, because):
    decision = said(*infos, **options)
    assert (decision["verdict"], decision["because"]) == ("bootstrap", because)


def test_who_is_stopped_to_be_read():
    decision = said(STARTING, data(9), STARTING)
    assert decision["because"] == ("No primary component lives, and a server that is starting cannot tell its position: stop, then read "
                                   "again: g1, g3.")
    assert [row["verdict"] for row in decision["table"]] == ["is stopped, to read its position", "stays as it is",
                                                             "is stopped, to read its position"]


@pytest.mark.parametrize("info, because", [
    ({}, "it cannot be reached, or is not among the hosts of this run"), (dict(data(9), reachable=False), (
        "it cannot be reached, or is not among the hosts of this run")),
    (UNREADABLE, "mariadbd --wsrep-recover told no position (rc 1)."), (STARTING, "it is starting and does not tell its position yet"),
    (STANDALONE, "a MariaDB that was never in a cluster, with databases of its own (crm, shop)"),
    (TORN, "a state transfer to it broke off, its data are not whole"), (BLANK, "a fresh, empty member"),
    (data(9, source="recovered", grastate="torn"), "grastate.dat is torn, the position comes from InnoDB"),
    (data(9, source="recovered"), "it did not stop cleanly, the position comes from InnoDB"), (data(9), "it stopped cleanly"),
    (primary(9), "in a primary component"), (data(9, running=True), "running, in no primary component"),
])
def test_the_table_says_where_each_position_comes_from(info, because):
    assert plan(["g1"], {"g1": info})["table"][0]["because"] == because


def test_a_member_is_not_started_with_what_nobody_else_may_have():
    assert given_up.refusal("g3", ["a:30", "a:90"]) == (
        "g3 is not started with the data it has: the cluster went on without it at a:30, a:90, so it may have what nobody else has, at "
        "positions where the others have something else, and nobody would notice. If what only it has may be lost, "
        "playbooks/galera_recover.yml -e galera_discard=g3 gives it a whole copy.")


@pytest.mark.parametrize("text, record, settled", [
    (None, {}, []), ("", {}, []), ("{", {}, []), ("7", {}, []), ('"g3"', {}, []), ('{"g3": 30}', {"g3": "30"}, []),
    ('["a:30", 7]', {}, ["a:30", "7"])])
def test_a_record_that_is_none_names_nobody(text, record, settled):
    assert (given_up.record_of(text), given_up.settled_of(text)) == (record, settled)


def test_what_others_say_counts_what_a_member_says_of_itself_does_not():
    infos = {"g1": {"given_up": {"g1": "a:1", "g3": "a:30"}}, "g2": {"given_up": {"g3": "a:90"}}, "g3": {"given_up": {"g3": "a:7"}},
             "g4": None}
    assert given_up.lost(infos) == {"g3": "a:90"}
    assert given_up.lost({**infos, "g3": {"settled": ["a:90"]}}) == {"g3": "a:30"}
    assert given_up.lost({**infos, "g3": {"settled": ["a:30", "a:90"]}}) == {}
    assert given_up.open_points("g3", [infos["g1"]["given_up"], infos["g2"]["given_up"]], ["a:30"]) == ["a:90"]


HEALTHY = {"wsrep_cluster_status": "Primary", "wsrep_local_state_comment": "Synced", "wsrep_ready": "ON", "wsrep_cluster_size": 3}


@pytest.mark.parametrize("shown, variables, sentences", [
    (HEALTHY, {}, []),
    ({}, {}, ["MariaDB does not answer: journalctl -u mariadb tells why."]),
    (dict(HEALTHY, wsrep_cluster_status="non-Primary", wsrep_ready="OFF"), {}, [
        "It is in no primary component (wsrep_cluster_status is non-Primary): playbooks/galera_recover.yml tells what to do.",
        "wsrep_ready is OFF: it refuses statements."]),
    (dict(HEALTHY, wsrep_local_state_comment="Donor/Desynced"), {}, [
        "wsrep_local_state_comment is Donor/Desynced, not Synced: wait for the transfer to end."]),
    (dict(HEALTHY, wsrep_cluster_size=2), {}, [
        "wsrep_cluster_size is 2, the inventory has 3: somebody is down or cut off, or an arbitrator has outlived its cluster, which "
        "playbooks/galera_recover.yml tells and mends."]),
    (dict(HEALTHY, wsrep_cluster_size=4), {}, [
        "wsrep_cluster_size is 4, the inventory has 3: somebody is in the cluster who is not in the inventory."]),
    (HEALTHY, {"read_only": "ON"}, ["read_only is ON: it takes no writes."]), (HEALTHY, {"read_only": 0}, []),
])
def test_what_keeps_a_member_from_being_healthy(shown, variables, sentences):
    assert state.health(shown, variables, 3) == sentences


@pytest.mark.parametrize("arguments, sentence", [
    (("aurora",), "mode is aurora, which asks for information_schema.replica_host_status, a table that only Amazon Aurora has, and is gone "
                  "from Connector/J 3: use sequential."),
    (("replication",), "mode is replication, but there is one address: its read-only connections need another, use sequential."),
    (("sequential", 3306, {"user": "x"}), "options has user, which does not belong into a URL: give it to the data source."),
    (("sequential", 3306, {"x": "a\nb"}), "options has x with & or a line break, which no URL of the connector can have: give it as a "
                                          "property of the data source."),
])
def test_what_no_url_can_have(arguments, sentence):
    with pytest.raises(ValueError) as refused:
        url(["db1"], "shop", *arguments)
    assert str(refused.value) == sentence

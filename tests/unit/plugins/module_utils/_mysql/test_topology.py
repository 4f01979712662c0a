from __future__ import annotations

import copy

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.topology import topology

IDS = {"db1": 1, "db2": 2, "db3": 3, "db4": 4}
ADDRESS = {name: "198.18.10.3%d" % number for name, number in IDS.items()}
DEAD = {"reachable": False, "because": "nobody answers"}


def channel(source, name="", **more):
    return dict({"channel": name, "source_host": ADDRESS.get(source, source), "source_port": 3306, "source_uuid": "", "source_server_id": 0,
                 "gtid": "slave_pos", "receiver": "running", "applier": "running", "receiver_errno": 0, "applier_errno": 0,
                 "receiver_error": "", "applier_error": ""}, **more)


def member(name, source=None, writable=False, state="0-1-100", slave=None, blank=False, purged="", complete=True, **more):
    """state: its binary log state; executed follows from it."""
    last = {}
    for triple in filter(None, state.split(",")):
        domain, _server, sequence = triple.split("-")
        if int(sequence) >= int(last.get(domain, "0-0-0").split("-")[2]):
            last[domain] = triple
    executed = ",".join(last[domain] for domain in sorted(last))
    return dict({"reachable": True, "dialect": "mariadb", "server_id": IDS[name], "server_uuid": "", "writable": writable, "blank": blank,
                 "databases": [] if blank else ["shop"], "channels": [channel(source)] if source else [],
                 "gtid": {"executed": executed, "state": state, "slave": executed if slave is None and source else slave or "",
                          "server_id": IDS[name], "purged": purged, "complete": complete}}, **more)


def new(name, **more):
    return member(name, state="", blank=True, **more)


def asked(observed, sources=("db1",), **more):
    return topology(observed, {name: ADDRESS[name] for name in observed}, list(sources), **more)


def told(rows, *keys):
    keys = keys or ("role", "source", "action")
    return {name: tuple(row[key] for key in keys) for name, row in rows.items()}


def steady():
    return {"db1": member("db1", writable=True), "db2": member("db2", "db1"), "db3": member("db3", "db1")}


def dual():
    """Two sources in domains of their own, db3 behind the active one."""
    return {"db1": member("db1", "db2", writable=True, state="1-1-100", slave="1-1-100"),
            "db2": member("db2", "db1", state="1-1-100"), "db3": member("db3", "db1", state="1-1-100")}


def test_nothing_to_do():
    rows = asked(steady())
    assert told(rows) == {"db1": ("source", None, "none"), "db2": ("replica", "db1", "none"), "db3": ("replica", "db1", "none")}
    assert told(rows, "writable", "differs_from_inventory", "errant") == {
        "db1": (True, None, ""), "db2": (False, None, ""), "db3": (False, None, "")}


def test_the_first_time_the_inventory_decides():
    rows = asked({"db1": new("db1"), "db2": new("db2"), "db3": new("db3")}, ["db2"])
    assert told(rows) == {"db1": ("replica", "db2", "join"), "db2": ("source", None, "none"), "db3": ("replica", "db2", "join")}


def test_fresh_servers_may_all_be_writable():
    rows = asked({"db1": new("db1", writable=True), "db2": new("db2", writable=True)})
    assert told(rows, "role", "writable") == {"db1": ("source", True), "db2": ("replica", False)}


def test_a_blank_member_is_seeded_where_the_binary_logs_do_not_suffice():
    rows = asked(dict(steady(), db1=member("db1", writable=True, purged="0-1-50", complete=False), db3=new("db3")))
    assert told(rows)["db3"] == ("replica", "db1", "seed")
    assert told(asked(dict(steady(), db3=new("db3"))))["db3"] == ("replica", "db1", "join")
    # Nobody may see whether they suffice.
    assert told(asked(dict(steady(), db1=member("db1", writable=True, complete=None), db3=new("db3"))))["db3"][2] == "seed"


def test_a_blank_member_with_a_history_of_its_own_is_seeded():
    assert told(asked(dict(steady(), db3=member("db3", state="0-3-2", blank=True))))["db3"] == ("replica", "db1", "seed")


def test_a_dead_source_is_still_the_source():
    rows = asked(dict(steady(), db1=DEAD))
    assert told(rows) == {"db1": ("source", None, "none"), "db2": ("replica", "db1", "none"), "db3": ("replica", "db1", "none")}
    assert "mysql_failover.yml promotes another" in rows["db1"]["because"]
    assert rows["db2"]["because"] == "its source db1 cannot be reached"


def failed_over(**more):
    return dict({"db1": DEAD, "db2": member("db2", writable=True, state="0-1-100,0-2-120", slave="0-1-100"),
                 "db3": member("db3", "db2", state="0-1-100,0-2-120")}, **more)


def test_after_a_failover_the_inventory_is_not_followed():
    rows = asked(failed_over())
    assert told(rows) == {"db1": ("replica", "db2", "none"), "db2": ("source", None, "none"), "db3": ("replica", "db2", "none")}
    assert told(rows, "differs_from_inventory") == {
        "db1": (None,), "db2": ("db2: it takes the writes, the inventory says db1.",),
        "db3": ("db3: it replicates from db2, the inventory says db1.",)}


def test_an_old_source_rejoins_or_is_refused():
    assert told(asked(failed_over(db1=member("db1"))))["db1"] == ("replica", "db2", "rejoin")
    row = asked(failed_over(db1=member("db1", state="0-1-103")))["db1"]
    assert (row["action"], row["errant"]) == ("refuse", "0-1-101..103")
    assert row["because"] == "it has transactions that db2 has not: 0-1-101..103"
    purged = member("db2", writable=True, state="0-1-100,0-2-120", slave="0-1-100", purged="0-1-110")
    assert asked(failed_over(db1=member("db1"), db2=purged))["db1"]["action"] == "seed"


def test_an_old_source_that_came_up_writable_is_not_the_writer():
    rows = asked(failed_over(db1=member("db1", writable=True)))
    assert told(rows, "role", "writable", "action")["db1"] == ("replica", False, "rejoin")


def test_of_two_writable_ones_without_followers_the_one_that_has_all():
    both = {"db1": member("db1", writable=True), "db2": member("db2", writable=True, state="0-1-100,0-2-120", slave="0-1-100")}
    rows = asked(both)
    assert told(rows) == {"db1": ("replica", "db2", "rejoin"), "db2": ("source", None, "none")}


def test_of_two_that_have_diverged_none_is_overwritten():
    both = {"db1": member("db1", writable=True, state="0-1-110"),
            "db2": member("db2", writable=True, state="0-1-100,0-2-120", slave="0-1-100")}
    assert told(asked(both)) == {"db1": ("source", None, "none"), "db2": ("replica", "db1", "refuse")}
    assert told(asked(both, recorded=["db2"])) == {"db1": ("replica", "db2", "refuse"), "db2": ("source", None, "none")}


def test_a_failover_that_was_interrupted_after_the_promotion():
    rows = asked(failed_over(db3=member("db3", "db1")))
    assert told(rows) == {"db1": ("replica", "db2", "none"), "db2": ("source", None, "none"), "db3": ("replica", "db2", "repoint")}


def test_a_switchover_that_was_interrupted_after_the_fence():
    assert told(asked(dict(steady(), db1=member("db1"))))["db1"] == ("source", None, "none")


def test_a_replica_that_was_made_writable_is_a_replica():
    rows = asked(dict(steady(), db1=member("db1"), db3=member("db3", "db1", writable=True)))
    assert told(rows, "role", "writable") == {"db1": ("source", True), "db2": ("replica", False), "db3": ("replica", False)}
    rows = asked(dict(steady(), db3=member("db3", "db1", writable=True)))
    assert told(rows, "role")["db1"] == ("source",)


def test_the_only_one_with_data_is_the_writer_though_the_inventory_names_a_new_machine():
    rows = asked({"db1": new("db1"), "db2": member("db2")})
    assert told(rows) == {"db1": ("replica", "db2", "join"), "db2": ("source", None, "none")}


def test_everything_was_off_and_the_record_remains():
    off = {"db1": member("db1"), "db2": member("db2")}
    assert told(asked(off, recorded=["db2"]), "role")["db2"] == ("source",)
    assert told(asked(off), "role")["db1"] == ("source",)


# Two sources


def test_two_sources_in_steady_state():
    rows = asked(dual(), ["db1", "db2"])
    assert told(rows) == {"db1": ("source", "db2", "none"), "db2": ("passive", "db1", "none"), "db3": ("replica", "db1", "none")}
    assert not any(row["differs_from_inventory"] for row in rows.values())


def test_two_sources_for_the_first_time():
    rows = asked({name: new(name) for name in ("db1", "db2", "db3")}, ["db1", "db2"])
    assert told(rows) == {"db1": ("source", "db2", "join"), "db2": ("passive", "db1", "join"), "db3": ("replica", "db1", "join")}


def test_two_sources_after_a_switchover():
    seen = dual()
    seen["db1"]["writable"], seen["db2"]["writable"] = False, True
    rows = asked(seen, ["db1", "db2"])
    assert told(rows) == {"db1": ("passive", "db2", "none"), "db2": ("source", "db1", "none"), "db3": ("replica", "db2", "repoint")}


def test_two_sources_that_are_both_read_only():
    seen = dual()
    seen["db1"]["writable"] = False
    assert told(asked(seen, ["db1", "db2"]), "role")["db1"] == ("source",)
    assert told(asked(seen, ["db1", "db2"], recorded=["db2"]), "role")["db2"] == ("source",)


def test_two_sources_one_dead():
    rows = asked(dict(dual(), db1=DEAD), ["db1", "db2"])
    assert told(rows, "role", "action") == {"db1": ("source", "none"), "db2": ("passive", "none"), "db3": ("replica", "none")}
    rows = asked(dict(dual(), db2=DEAD), ["db1", "db2"])
    assert told(rows, "role", "action") == {"db1": ("source", "none"), "db2": ("passive", "none"), "db3": ("replica", "none")}


def test_two_sources_the_active_one_failed_and_the_other_took_over():
    seen = dual()
    seen["db2"]["writable"], seen["db1"] = True, DEAD
    seen["db3"] = member("db3", "db2", state="1-1-100")
    rows = asked(seen, ["db1", "db2"])
    assert told(rows) == {"db1": ("passive", "db2", "none"), "db2": ("source", "db1", "none"), "db3": ("replica", "db2", "none")}
    # It returns without a channel, or as a new machine: it joins, and the writer follows it again.
    seen["db2"]["channels"], seen["db1"] = [], member("db1", state="1-1-100")
    assert told(asked(seen, ["db1", "db2"])) == {
        "db1": ("passive", "db2", "rejoin"), "db2": ("source", "db1", "join"), "db3": ("replica", "db2", "none")}
    seen["db1"] = member("db1", state="1-1-105")
    assert told(asked(seen, ["db1", "db2"]), "action") == {"db1": ("refuse",), "db2": ("none",), "db3": ("none",)}


def test_a_third_member_took_over_from_two_sources():
    seen = dict(dual(), db1=DEAD, db3=member("db3", writable=True, state="1-1-100,3-3-5", slave="1-1-100"))
    seen["db2"] = member("db2", "db3", state="1-1-100,3-3-5")
    rows = asked(seen, ["db1", "db2"])
    assert told(rows) == {"db1": ("replica", "db3", "none"), "db2": ("replica", "db3", "none"), "db3": ("source", None, "none")}


# Chains


def chain():
    return {"db1": member("db1", writable=True), "db2": member("db2", "db1"), "db3": member("db3", "db2")}


def test_a_chain():
    rows = asked(chain(), replicate_from={"db3": "db2", "db2": ""})
    assert told(rows) == {"db1": ("source", None, "none"), "db2": ("replica", "db1", "none"), "db3": ("replica", "db2", "none")}
    assert told(asked(chain()))["db3"] == ("replica", "db1", "repoint")
    assert told(asked(steady(), replicate_from={"db3": "db2"}))["db3"] == ("replica", "db2", "repoint")


def test_the_end_of_a_chain_became_the_writer():
    seen = {"db1": member("db1", "db3"), "db2": member("db2", "db3"), "db3": member("db3", writable=True)}
    rows = asked(seen, replicate_from={"db3": "db2"})
    assert told(rows) == {"db1": ("replica", "db3", "none"), "db2": ("replica", "db3", "none"), "db3": ("source", None, "none")}


def test_wishes_that_cannot_be():
    rows = asked(chain(), replicate_from={"db2": "db3", "db3": "db2"})
    assert told(rows, "source")["db2"] == ("db1",)
    assert "leads in a circle: db2 -> db3 -> db2" in rows["db2"]["differs_from_inventory"]
    rows = asked(chain(), replicate_from={"db3": "db9"})
    assert rows["db3"]["source"] == "db1" and "is 'db9', which is no member" in rows["db3"]["differs_from_inventory"]


def test_a_replica_may_be_ahead_of_a_source_that_is_a_replica():
    seen = dict(chain(), db2=member("db2", "db1", state="0-1-95"), db3=member("db3", "db1"))
    assert told(asked(seen, replicate_from={"db3": "db2"}))["db3"] == ("replica", "db2", "repoint")


def test_in_a_chain_the_middle_is_dead():
    rows = asked(dict(chain(), db2=DEAD), replicate_from={"db3": "db2"})
    assert told(rows, "source", "action")["db3"] == ("db2", "none")


# Trouble


@pytest.mark.parametrize(("more", "action", "words"), [
    ({"receiver": "stopped", "receiver_errno": 1236, "receiver_error": "purged"}, "seed", "replication is broken: purged"),
    ({"applier": "stopped", "applier_errno": 1062, "applier_error": "Duplicate entry"}, "seed", "replication is broken: Duplicate entry"),
    ({"receiver": "stopped", "applier": "stopped"}, "join", "its replication from db1 is stopped"),
    ({"receiver": "connecting", "receiver_errno": 2003, "receiver_error": "gone"}, "none", "it replicates from db1"),
])
def test_a_replica_in_trouble(more, action, words):
    seen = steady()
    seen["db3"]["channels"][0].update(more)
    row = asked(seen)["db3"]
    assert (row["action"], row["because"]) == (action, words)


def test_a_broken_replica_with_something_of_its_own_is_not_overwritten():
    seen = dict(steady(), db3=member("db3", "db1", state="0-1-100,0-3-101", slave="0-1-100"))
    assert told(asked(seen), "action", "errant")["db3"] == ("none", "0-3-1..101")
    seen["db3"]["channels"][0].update(applier="stopped", applier_errno=1950, applier_error="out of order")
    row = asked(seen)["db3"]
    assert row["action"] == "refuse" and "out of order" in row["because"] and "0-3-1..101" in row["because"]


def test_data_without_a_common_history_is_refused():
    seen = dict(steady(), db3=member("db3", state=""))
    assert asked(seen)["db3"]["because"] == "it holds shop and no history that db1 shares"
    seen["db3"].update(blank=None, databases=None)
    assert asked(seen)["db3"]["because"] == "it holds databases that may not be seen and no history that db1 shares"


def test_a_replica_of_another_group_is_refused():
    row = asked(dict(steady(), db3=member("db3", "10.0.0.9")))["db3"]
    assert row["action"] == "refuse" and "it replicates from 10.0.0.9:3306, which is no member of this group" in row["because"]


def test_a_further_named_connection_to_elsewhere_is_nobodys_business():
    seen = steady()
    seen["db3"]["channels"].append(channel("10.0.0.9", "archive"))
    assert asked(seen)["db3"]["action"] == "none"


def test_without_gtids_nobody_is_repointed():
    seen = failed_over(db3=member("db3", "db1"))
    seen["db3"]["channels"][0]["gtid"] = "none"
    row = asked(seen)["db3"]
    assert row["action"] == "refuse" and "at which position to go on at db2 is unknown" in row["because"]


def test_repointing_with_errant_transactions_is_refused():
    seen = failed_over(db3=member("db3", "db1", state="0-1-100,0-3-101", slave="0-1-100"))
    assert told(asked(seen), "action", "errant")["db3"] == ("refuse", "0-3-1..101")


def test_other_dialects_are_refused():
    seen = steady()
    seen["db3"]["dialect"] = "mysql"
    assert asked(seen)["db3"]["because"] == "it is mysql and its source db1 is mariadb"


def test_members_are_known_by_identity_when_the_address_is_another():
    seen = steady()
    seen["db3"]["channels"][0].update(source_host="10.9.9.9", source_server_id=1)
    assert asked(seen)["db3"]["action"] == "none"
    seen["db3"]["channels"][0].update(source_uuid="u-1", source_server_id=0)
    seen["db1"]["server_uuid"] = "u-1"
    assert asked(seen)["db3"]["action"] == "none"


def test_ports_of_their_own():
    seen = steady()
    for name in ("db2", "db3"):
        seen[name]["channels"][0]["source_port"] = 13306
    assert asked(seen, port=13306)["db3"]["action"] == "none"
    assert asked(seen, port={"db1": 13306, "db2": 3306, "db3": 3306})["db3"]["action"] == "none"
    assert asked(seen)["db3"]["action"] == "refuse"


def test_nobody_can_be_reached():
    rows = asked({"db1": DEAD, "db2": DEAD})
    assert told(rows, "role", "action") == {"db1": ("source", "none"), "db2": ("replica", "none")}


def test_the_input_is_left_as_it_is():
    seen = failed_over(db1=member("db1"))
    before = copy.deepcopy(seen)
    asked(seen)
    assert seen == before


def test_the_order_is_that_of_the_members():
    assert list(asked(steady(), ["db3"])) == ["db1", "db2", "db3"]


def back_from_a_failover(state):
    """db2 was promoted; db1 is back, its channel from db2 runs, and it was looked at later than db2."""
    return {"db1": member("db1", "db2", state=state, slave="2-2-45"), "db2": member("db2", writable=True, state="1-1-100,2-2-40")}


def test_what_the_writer_wrote_meanwhile_is_not_errant():
    rows = asked(back_from_a_failover("1-1-100,2-2-45"), sources=("db1", "db2"))
    assert told(rows) == {"db1": ("passive", "db2", "none"), "db2": ("source", "db1", "join")}


def test_what_a_former_writer_alone_has_is_errant_though_its_channel_runs():
    rows = asked(back_from_a_failover("1-1-102,2-2-45"), sources=("db1", "db2"))
    assert rows["db1"]["action"] == "refuse"
    assert rows["db1"]["errant"] == "1-1-101..102"


# A source that is older than its binary log


def test_a_source_that_is_not_proven_to_have_all_in_its_log_means_seeding():
    older = member("db1", writable=True, complete=False)
    rows = asked({"db1": older, "db2": new("db2")})
    assert told(rows) == {"db1": ("source", None, "none"), "db2": ("replica", "db1", "seed")}
    assert rows["db2"]["because"] == "it is blank and nothing proves that the binary logs of db1 have all that it holds"


def test_replicas_of_an_older_source_that_replicate_are_not_disturbed():
    rows = asked(dict(steady(), db1=member("db1", writable=True, complete=False)))
    assert told(rows, "action") == {"db1": ("none",), "db2": ("none",), "db3": ("none",)}
    stopped = member("db2", channels=[channel("db1", receiver="stopped", applier="stopped")])
    rows = asked(dict(steady(), db1=member("db1", writable=True, complete=False), db2=stopped))
    assert rows["db2"]["action"] == "join"


def test_a_blank_member_of_a_chain_waits_for_its_source_to_become_a_copy():
    seen = {"db1": member("db1", writable=True, complete=False), "db2": new("db2"), "db3": new("db3")}
    rows = asked(seen, replicate_from={"db3": "db2"})
    assert told(rows) == {"db1": ("source", None, "none"), "db2": ("replica", "db1", "seed"), "db3": ("replica", "db2", "seed")}
    assert rows["db3"]["because"] == "it is blank and its source db2 becomes a copy first"


def test_a_member_that_lost_its_data_and_kept_its_log_is_seeded():
    lost = member("db3", blank=True, slave="0-1-100")
    row = asked(dict(steady(), db3=lost))["db3"]
    assert (row["action"], row["because"]) == ("seed", "it is blank, though its binary log says that it has 0-1-100")
    # Where nobody has a database yet, nothing is lost.
    rows = asked({"db1": member("db1", writable=True, blank=True), "db2": member("db2", blank=True)})
    assert rows["db2"]["action"] == "join"


# A second channel


def fed_from_elsewhere(state="0-1-100,7-50-1000", **more):
    seen = member("db3", "db1", state=state)
    seen["channels"][0].update(more)
    seen["channels"].append(channel("10.0.0.9", "archive"))
    return seen


def test_what_a_second_channel_brought_is_nothing_errant():
    assert told(asked(dict(steady(), db3=fed_from_elsewhere())), "action", "errant")["db3"] == ("none", "")
    stopped = {"receiver": "stopped", "applier": "stopped"}
    assert asked(dict(steady(), db3=fed_from_elsewhere(**stopped)))["db3"]["action"] == "join"
    assert asked(failed_over(db3=fed_from_elsewhere()))["db3"]["action"] == "repoint"


@pytest.mark.parametrize("state", ["0-1-100,0-3-101,7-50-1000", "0-1-100,0-50-101"])
def test_what_it_wrote_itself_or_got_in_the_clusters_domain_still_is(state):
    assert asked(dict(steady(), db3=fed_from_elsewhere(state)))["db3"]["errant"] in ("0-3-1..101", "0-50-1..101")


def test_a_server_that_follows_somebody_else_is_not_overwritten_by_a_copy():
    seen = member("db3", state="7-50-1000", channels=[channel("10.0.0.9", "archive")])
    row = asked({"db1": member("db1", writable=True, complete=False), "db3": seen})["db3"]
    assert row["because"] == "it needs a copy of db1, which would replace what its channel 'archive' brings"
    assert asked({"db1": member("db1", writable=True), "db3": seen})["db3"]["action"] == "rejoin"


def test_two_sources_whose_writer_replicates_from_elsewhere_or_not_at_all():
    """The writer, too, has to follow the other source: its own channel is judged like a replica's."""
    rows = asked(dual(), ("db1", "db2"))
    assert rows["db1"]["action"] == "none"
    stopped = dual()
    stopped["db1"]["channels"] = [channel("db2", receiver="stopped")]
    row = asked(stopped, ("db1", "db2"))["db1"]
    assert row["action"] == "join" and row["because"].endswith("; its replication from db2 is stopped")
    # One that stopped by an error is not simply started again.
    stopped["db1"]["channels"] = [channel("db2", applier="stopped", applier_errno=1062, applier_error="Duplicate entry")]
    assert asked(stopped, ("db1", "db2"))["db1"]["action"] == "none"
    elsewhere = dual()
    elsewhere["db1"]["channels"] = [channel("db3")]
    row = asked(elsewhere, ("db1", "db2"))["db1"]
    assert row["action"] == "repoint" and row["because"].endswith("; it replicates from db3, the other source is db2")


def test_a_writer_that_replicates_from_another_group_is_refused():
    observed = steady()
    observed["db1"]["channels"] = [channel("203.0.113.9")]
    row = asked(observed)["db1"]
    assert row["action"] == "refuse" and row["because"] == (
        "it replicates from 203.0.113.9:3306, which is no member of this group: mysql_replica with state absent takes it from there")


def test_a_replica_that_is_to_follow_another_who_lacks_its_logs_is_seeded():
    observed = steady()
    observed["db2"] = member("db2", "db3", state="0-1-40")
    observed["db1"] = member("db1", writable=True, purged="0-1-60")
    row = asked(observed)["db2"]
    assert (row["action"], row["because"]) == ("seed", "db1 no longer has the binary logs it needs")

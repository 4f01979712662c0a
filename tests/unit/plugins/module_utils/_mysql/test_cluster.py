from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql import cluster, server

ADDRESSES = {"db1": "198.18.0.31", "db2": "198.18.0.32", "db3": "198.18.0.33"}
MEMBERS = list(ADDRESSES)


def channel(source, **more):
    return dict({"channel": "", "source_host": ADDRESSES[source], "source_port": 3306, "source_uuid": "", "source_server_id": 0,
                 "gtid": "slave_pos", "received": "0-1-100", "lag": 0, "delay": 0, "ssl": True, "receiver": "running", "applier": "running",
                 "receiver_errno": 0, "applier_errno": 0, "receiver_error": "", "applier_error": ""}, **more)


def info(number, source=None, writable=False, executed="0-1-100", blank=False, **more):
    return dict({"reachable": True, "dialect": "mariadb", "version": "10.11.6", "server_id": number, "server_uuid": "", "port": 3306,
                 "writable": writable, "recorded": writable, "blank": blank, "databases": [] if blank else ["shop"], "log_bin": True,
                 "log_replica_updates": True, "channels": [channel(source)] if source else [],
                 "gtid": {"enabled": True, "executed": executed, "state": executed, "slave": executed if source else "",
                          "server_id": number, "purged": "", "complete": True}}, **more)


def steady(**more):
    return {"db1": info(1, writable=True), "db2": info(2, "db1"), "db3": info(3, "db1"), **more}


def row(role, source=None, action="none", **more):
    return dict({"role": role, "source": source, "writable": role == "source", "action": action, "because": "", "errant": "",
                 "differs_from_inventory": None}, **more)


def rows(**more):
    return {"db1": row("source"), "db2": row("replica", "db1"), "db3": row("replica", "db1"), **more}


def values(host="db2", observed=None, registered=None, **more):
    """The role's variables as `host` has them, when everything has been looked at and the topology is known."""
    observed = steady() if observed is None else observed
    found = {member: {"__mysql_replication_info": seen} for member, seen in observed.items()}
    for member, names in (registered or {}).items():
        found[member].update({"__mysql_replication_" + name: value for name, value in names.items()})
    return {
        "inventory_hostname": host, "ansible_play_batch": MEMBERS, "ansible_play_hosts": MEMBERS, "members": MEMBERS,
        "addresses": list(ADDRESSES.values()), "sources": ["db1"], "port": 3306, "registered": found, "_info": observed[host],
        "_info_elsewhere": {"results": []}, "_observed": observed, "_topology": rows(), "discard": [], "tls": True, "max_lag_s": 10,
        "semi_sync": False, "flavour": "mariadb", "user": "replication", "monitor_user": "monitor", "connect_retry_s": 2, "heartbeat_s": 3,
        "administrators": [], "binlog_total_mb": 0, "binlog_disk_percent": 50,
        "_certificates": "/etc/mysql/certificates", "_own": {"client": "mariadb"}, **more}


# --- The cluster as it is


def test_asked_of_those_of_this_run_and_of_those_beside_it():
    given = values(ansible_play_batch=["db2"], _info_elsewhere={"results": [
        {"item": "db1", **info(1, writable=True)}, {"item": "db3", "reachable": False}]})
    found = cluster.asked(given)
    assert list(found["observed"]) == ["db2", "db1", "db3"]
    assert {member: (one["role"], one["action"]) for member, one in found["topology"].items()} == {
        "db1": ("source", "none"), "db2": ("replica", "none"), "db3": ("replica", "none")}
    assert found["topology"]["db3"]["because"] == "it cannot be reached"


def test_a_blank_member_in_check_mode_is_one_that_was_not_seen():
    given = values()
    del given["registered"]["db3"]["__mysql_replication_info"]
    assert cluster.asked(given)["observed"]["db3"] == cluster.UNKNOWN


def test_who_was_promoted_a_moment_ago_is_the_writer():
    assert cluster.asked(values(_promoted="db3"))["topology"]["db3"]["role"] == "source"


def test_a_member_may_name_its_source():
    given = values()
    given["registered"]["db3"]["mysql_replication_replicate_from"] = "db2"
    assert cluster.asked(given)["topology"]["db3"]["source"] == "db2"


def test_a_replica():
    found = cluster.cluster(values())
    assert {key: found[key] for key in found if key != "mine"} == {
        "writer": "db1", "is_writer": False, "discard": [], "joiners": [], "source": "db1", "new": False, "follows": True,
        "source_is_new": False, "mutual": False, "marks": False}


@pytest.mark.parametrize(("host", "change", "marks"), [
    ("db1", {}, True), ("db2", {}, False), ("db1", {"pristine": False}, False), ("db1", {"pristine": None}, False),
    ("db1", {"gtid": {"complete": False}}, False), ("db1", {"gtid": {"complete": True, "marked": True}}, False),
    ("db1", {"reachable": False}, False)])
def test_the_writer_marks_the_beginning_of_a_log_before_which_nothing_was(host, change, marks):
    fresh = dict(info(1, executed="", blank=True, pristine=True), **change)
    seen = {"db1": fresh, "db2": info(2, executed="", blank=True, pristine=True), "db3": info(3, executed="", blank=True)}
    assert cluster.cluster(values(host, observed=seen))["marks"] is marks


def test_the_writer():
    found = cluster.cluster(values("db1"))
    assert (found["is_writer"], found["source"], found["follows"], found["source_is_new"]) == (True, "", False, False)


def test_without_a_writer():
    found = cluster.cluster(values(_topology=rows(db1=row("replica"))))
    assert (found["writer"], found["is_writer"], found["mutual"]) == ("", False, False)


def test_nothing_is_taken_from_who_does_not_answer_or_is_refused():
    assert not cluster.cluster(values(observed=steady(db1={"reachable": False})))["follows"]
    assert not cluster.cluster(values(observed=steady(db2={"reachable": False})))["follows"]
    given = values("db3", _topology=rows(db2=row("replica", "db1", "refuse"), db3=row("replica", "db2")))
    assert not cluster.cluster(given)["follows"]
    # Given up by name it becomes a copy first.
    assert cluster.cluster(dict(given, discard="db2"))["follows"]


def test_joiners_are_those_of_this_run():
    given = values(_topology=rows(db3=row("replica", "db1", "seed")), discard=["db2, db9", "db3"])
    assert cluster.cluster(given)["joiners"] == ["db3", "db2"]
    assert cluster.cluster(given)["discard"] == ["db2", "db3"]
    assert cluster.cluster(dict(given, ansible_play_batch=["db2"]))["joiners"] == ["db2"]


def test_a_source_that_begins_in_this_run_gets_its_accounts_a_moment_later():
    given = values("db3", _topology=rows(db2=row("replica", "db1", "join"), db3=row("replica", "db2")))
    assert cluster.cluster(given)["source_is_new"]


def test_a_source_that_is_a_replica_gets_another_password_of_the_replicas_account_a_moment_later():
    given = values("db3", _topology=rows(db3=row("replica", "db2")), user="replication")
    assert not cluster.cluster(dict(given, old_passwords={"shop": "former"}))["source_is_new"]
    assert cluster.cluster(dict(given, old_passwords={"replication": "former"}))["source_is_new"]


@pytest.mark.parametrize("more", [{"db1": info(1, writable=True)}, {"db2": info(2, "db1")},
                                  {"db3": info(3, recorded=True)}])
def test_new_is_where_nobody_writes_replicates_or_is_recorded(more):
    blank = {"db1": info(1), "db2": info(2), "db3": {"reachable": False}}
    assert cluster.cluster(values(observed=blank))["new"]
    assert not cluster.cluster(values(observed={**blank, **more}))["new"]


def test_two_sources_that_replicate_each_other():
    assert cluster.cluster(values(_topology=rows(db1=row("source", "db2"))))["mutual"]


def test_channels():
    assert server.channels(values())["db1"] == {
        "source_host": "198.18.0.31", "source_port": 3306, "source_user": "replication", "gtid": "auto", "connect_retry": 2,
        "heartbeat_period": 3, "ssl": True, "ssl_ca": "/etc/mysql/certificates/ca.pem", "ssl_verify_server_cert": True}
    bare = server.channels(values(flavour="mysql", tls=False))["db3"]
    assert (bare["ssl_ca"], bare["retry_count"], bare["get_source_public_key"]) == ("", 0, True)


def test_accounts():
    given = values(account_hosts=["198.18.0.%"], monitor_hosts=["198.18.0.31"], users=[
        {"name": "shop", "host": "198.18.0.%", "databases": ["shop"]}, {"name": "any"}])
    replication, monitor, shop, anyone = cluster.accounts(given)
    assert replication == {"name": "replication", "hosts": ["198.18.0.%"], "tls": True, "privileges": {"*.*": "REPLICATION SLAVE"}}
    assert monitor["privileges"] == {"*.*": "SLAVE MONITOR, BINLOG MONITOR"}
    assert shop == {"name": "shop", "hosts": ["198.18.0.%"], "databases": ["shop"]}
    assert anyone["hosts"] == ["%"]
    assert cluster.accounts(dict(given, flavour="mysql"))[1]["privileges"]["performance_schema.*"] == "SELECT"


# --- Health


def test_unfit_is_judged_by_the_members_own_record():
    assert cluster.unfit(values()) == []
    assert cluster.unfit(values(observed=steady(db2=info(2, "db1", recorded=True)))) == ["it is the writer and takes no writes"]


def test_health():
    assert cluster.health(values()) == {"problems": [], "state": "replica, replicates from db1", "writable": False}
    assert cluster.health(values("db1"))["state"] == "source"
    alone = cluster.health(values(observed=steady(db2=info(2))))
    assert alone["problems"] == [
        "rejoin: it was a source, or was seeded, and db1 has all that it has", "it does not replicate, its source is db1"]


def test_health_of_a_writer_that_waits_for_replicas():
    semi = {"source_enabled": True, "source_active": True, "clients": 2, "replica_active": True}
    found = cluster.health(values("db1", steady(db1=info(1, writable=True, semi_sync=semi)), semi_sync=True))
    assert found == {"problems": [], "state": "source, 2 semi-synchronous replicas", "writable": True}


LOGS = {"count": 37, "bytes": 40 << 20, "closed_bytes": 36 << 20, "expire_s": 20, "oldest_s": 700, "replicas": 0, "replicas_needed": 1,
        "bound_bytes": 0, "disk_mb": 20000}


def test_health_names_accounts_that_write_on_read_only_members_unless_they_are_allowed():
    audit = {"ignoring_read_only": [["app", "%"], ["dba", "10.0.0.%"]], "binary_logs": None}
    assert cluster.health(values(_audit=audit))["problems"] == [
        "app@%, dba@10.0.0.% would write here though members are read-only, by READ_ONLY ADMIN: take that away, or name the account in "
        "mysql_replication_administrators"]
    assert cluster.health(values(_audit=audit, administrators=["app", "dba"]))["problems"] == []


def test_health_tells_of_binary_logs_that_are_not_removed():
    [sentence] = cluster.health(values(_audit={"ignoring_read_only": [], "binary_logs": LOGS}))["problems"]
    assert sentence == (
        "its binary logs are not removed: the oldest of 37 was 11 minutes old when the newest was begun, and they expire after 20 s "
        "(slave_connections_needed_for_purge is 1 and 0 replicas are connected, run playbooks/mysql_replication.yml)")


def test_health_tells_of_binary_logs_beyond_their_bound():
    logs = dict(LOGS, oldest_s=5, replicas_needed=None, closed_bytes=300 << 20, bytes=301 << 20)
    [sentence] = cluster.health(values(binlog_total_mb=256, _audit={"ignoring_read_only": [], "binary_logs": logs}))["problems"]
    assert sentence == (
        "its binary logs take 301 MiB, more than the 256 that mysql_replication_binlog_total_mb allows: this server does not bound them by "
        "itself, give more room, keep them for fewer days or PURGE BINARY LOGS")


# --- Seeding, backup, restore


def test_seed():
    entry = {"host": "db2", "donor": "db3", "wave": 1, "keep_old": False, "because": "db2 is blank", "refused": ""}
    assert cluster.seed(values(_seeds=[entry])) == dict(entry, donor_address="198.18.0.33", donor_port=3306)
    beside = cluster.seed(values("db1", _seeds=[entry]))
    assert (beside["wave"], beside["donor"], beside["refused"]) == (-1, "db1", "")
    refused = cluster.seed(values(_seeds=[dict(entry, donor="", refused="no")]))
    assert (refused["refused"], refused["donor_address"], refused["donor_port"]) == ("no", "", 0)


def test_backup():
    given = values(backup_from="", backup_fetch="", backup_compress="zstd")
    assert cluster.backup(given) == {"host": "db2", "because": "a healthy replica", "refused": ""}
    assert cluster.backup(dict(given, ansible_play_hosts=["db1"]))["refused"] == (
        "db2 is to be backed up and takes no part in this run: leave --limit out, or set mysql_replication_backup_from")
    assert cluster.backup(dict(given, backup_fetch="/tmp", backup_compress="none"))["refused"] == (
        "mysql_replication_backup_fetch needs mysql_replication_backup_compress: zstd")
    assert cluster.backup(dict(given, backup_from="db9"))["refused"] == (
        "mysql_replication_backup_from is db9, which is no member of the cluster (db1, db2, db3)")


def restoring(**more):
    backups = {"db2": {"backups": {"names": ["db2-20261121T030000Z"]}}, "db3": {"backups": {"names": ["db3-20261122T030000Z"]}}}
    return values(registered=backups, **{"restore_into": "", "restore_backup": "", "restore_from": "", **more})


def test_restore_takes_the_newest():
    assert cluster.restore(restoring()) == {"host": "db3", "name": "db3-20261122T030000Z", "refused": "", "keep_old": True}
    assert cluster.restore(restoring(restore_from="db2"))["host"] == "db2"


def test_restore_into_a_member():
    assert cluster.restore(restoring(restore_into="db3", restore_backup="db3-20261122T030000Z")) == {
        "host": "db3", "name": "db3-20261122T030000Z", "refused": "", "keep_old": False}
    assert cluster.restore(restoring(restore_into="db3"))["refused"] == (
        "db3: to replace its data the backup must be named, too: add -e mysql_replication_restore_backup=<name>")


def test_what_is_left_after_a_restore():
    def left(into, **result):
        return cluster.restore_left(values(restore_into=into, _restore={"result": {"kept": "", "socket": "", **result}}))

    assert left("") == ""
    assert left("", socket="/run/s", kept="/x") == "Its scratch server runs: mariadb --socket=/run/s"
    assert left("db2", kept="/old") == (
        "It is the data of db2 now, which replicates from nobody: run playbooks/mysql_replication.yml. What was there is in /old")


# --- Moving the writer's part


def test_switchover():
    found = {"db1": {"place": {"gtid": "0-1-101", "mac": "aa", "before": {"address_held": True}}}, "db2": {"place": {"holder": "aa"}}}
    assert cluster.switchover(values(registered=found, _candidate="db2")) == {"against": [], "gtid": "0-1-101"}
    found["db2"]["place"]["holder"] = "bb"
    assert cluster.switchover(values(registered=found, _candidate="db2"))["against"] == [
        "the writer address is answered for by bb, the writer db1 has aa: it has two holders."]
    # A place that was not looked at.
    assert cluster.switchover(values(registered={"db2": {"place": None}}, _candidate="db2")) == {"against": [], "gtid": None}


def test_failover():
    dead = steady(db1={"reachable": False, "because": "gone"})
    assert cluster.failover(values(observed=dead, _failover_dead="", _lost=[])) == []
    answers = {"db3": {"answers": {"state": "started"}}}
    assert cluster.failover(values(observed=dead, registered=answers, _failover_dead="", _lost=[])) == [
        "The server of db1 answers, though db1 cannot be reached by SSH to fence it: switch it off, then say so with "
        "-e mysql_failover_dead=db1."]


def test_what_the_writer_had_when_it_was_fenced():
    assert cluster.fenced_gtid(values(registered={"db1": {"fence": {"gtid": "0-1-101"}}})) == "0-1-101"
    for fence in ({"gtid": None}, {"skipped": True}, None):
        assert cluster.fenced_gtid(values(registered={"db1": {"fence": fence}})) == ""
    assert cluster.fenced_gtid(values()) == ""


def choosing(**more):
    dead = steady(db1={"reachable": False})
    since = {name: {"drained": {"seen": info(number, "db1", executed="0-1-%d" % last)}}
             for name, number, last in (("db2", 2, 100), ("db3", 3, 105))}
    for one in since.values():
        one["drained"]["seen"]["channels"][0]["received"] = one["drained"]["seen"]["gtid"]["executed"]
    return values(observed=dead, registered=since, **{"_failover_to": "", "_failover_dead": "", "_given_up": ["db1"], **more})


def test_choice_goes_by_what_they_have_since_they_drained_their_relay_logs():
    found = cluster.choice(choosing())
    assert (found["best"], found["refused"], found["wait_for"]) == ("db3", "", "0-1-105")


def test_choice_of_another_than_the_user_named():
    assert cluster.choice(choosing(_failover_to="db3"))["refused"] == ""
    assert cluster.choice(choosing(_failover_to="db2"))["refused"] == (
        "mysql_failover_to is db2, but it lacks 0-1-101..105. The best is db3.")
    assert cluster.choice(choosing(_failover_to="db1"))["refused"] == (
        "mysql_failover_to is db1, but it is no living member. The best is db3.")


def test_choice_where_a_dead_writer_was_not_given_up():
    assert cluster.choice(choosing(_given_up=[]))["refused"] == ""
    unreachable = choosing(_given_up=[])
    unreachable["registered"]["db2"]["__mysql_replication_drained"] = {"skipped": True}
    unreachable["registered"]["db2"]["__mysql_replication_info"] = {"reachable": False}
    assert cluster.choice(unreachable)["refused"] == (
        "db2 cannot be reached and may have what nobody else has: bring it back, or give it up with -e mysql_failover_without=db2.")


# --- Where MMM leads


def mmm(host="db2", observed=None, **more):
    return values(host, observed, failover="mmm", sources=["db1", "db2"], **more)


def test_mmms_replicas_are_not_turned_and_those_it_stopped_are_not_started():
    moved = {"db1": info(1, "db2"), "db2": info(2, "db1", writable=True, recorded=None), "db3": info(3, "db1", recorded=None)}
    moved["db3"]["channels"][0].update(receiver="stopped", applier="stopped")
    given = mmm("db3", moved)
    found = cluster.asked(given)["topology"]
    assert {name: one["action"] for name, one in found.items()} == dict.fromkeys(MEMBERS, "none") and found["db2"]["writable"]
    assert not cluster.cluster(dict(given, _topology=found))["follows"]


def test_a_blank_cluster_is_formed():
    fresh = {name: info(number, blank=True, executed="", recorded=None) for number, name in enumerate(MEMBERS, 1)}
    for host, source in (("db1", "db2"), ("db2", "db1"), ("db3", "db1")):
        given = mmm(host, fresh)
        found = cluster.cluster(dict(given, _topology=cluster.asked(given)["topology"]))
        assert (found["source"], found["follows"], found["is_writer"]) == (source, True, host == "db1")


def test_mmm_says_who_writes_and_there_is_no_record():
    writes = {"db1": info(1, "db2", writable=True, recorded=None), "db2": info(2, "db1", recorded=None), "db3": info(3, "db1")}
    writes["db1"]["semi_sync"] = {"source_enabled": True, "source_active": True, "clients": 1}
    writes["db3"]["semi_sync"] = {}
    for host in ("db1", "db3"):
        assert cluster.unfit(mmm(host, writes, semi_sync=True)) == []


def test_the_playbooks_of_other_ways_say_whose_turn_it_is():
    words = ("MMM leads this cluster (mysql_replication_failover: mmm), nothing was changed: playbooks/mmm_switchover.yml hands the "
             "writes over.")
    assert cluster.switchover(mmm(_candidate="db2")) == {"against": [words], "gtid": None}
    assert cluster.failover(mmm(_failover_dead="", _lost=[])) == [words]


# --- One collation

OWN = {"collation_config": "/etc/mysql/x.cnf", "collation_check": "mariadbd --defaults-file=%s/etc/mysql/x.cnf --help"}
OLD, NEW = {"server": "utf8mb4_general_ci", "sets": None}, {"server": "utf8mb4_uca1400_ai_ci", "sets": "utf8mb4=utf8mb4_uca1400_ai_ci"}


def collated(**blank):
    """db3 is of the newer release; those named are blank."""
    return {member: dict(one, collation=NEW if member == "db3" else OLD, blank=member in blank) for member, one in steady().items()}


def test_a_blank_member_of_another_release_takes_the_clusters_collation():
    found = cluster.collation(values("db3", collated(db3=True), collation="", _own=OWN))
    assert found["problem"] == "" and found["texts"] == {"collation_server": "utf8mb4_general_ci", "character_set_collations": ""}


def test_members_with_data_that_differ_are_refused_unless_the_user_says_what_all_have():
    assert cluster.collation(values("db3", collated(), collation="", _own=OWN))["problem"].startswith(
        "db1 has collation_server utf8mb4_general_ci and no character_set_collations, db3 has collation_server utf8mb4_uca1400_ai_ci and ")
    assert cluster.collation(values("db3", collated(), collation="utf8mb4_bin", _own=OWN))["problem"] == ""


def test_of_mysql_nothing_is_said_unless_the_user_does():
    own = dict(values("db1", collated(), _own=OWN), flavour="mysql")
    assert cluster.collation(dict(own, collation=""))["texts"] == {}
    assert cluster.collation(dict(own, collation="utf8mb4_bin"))["texts"]["collation_server"] == "utf8mb4_bin"


def test_health_compares_collations_with_the_writers():
    problems = [cluster.health(values(member, collated()))["problems"] for member in MEMBERS]
    assert problems[:2] == [[], []] and problems[2][0].endswith("such as utf8mb4_general_ci, and run playbooks/mysql_replication.yml")


def test_health_names_tables_that_differ():
    seen = {member: {"tables": {"digest": word}, "table_list": {"digest": word, "collations": {"shop.t": word}}}
            for member, word in (("db1", "a"), ("db2", "b"), ("db3", "a"))}
    assert cluster.unlike(values(registered=seen))
    assert not cluster.unlike(values(registered={"db1": {"tables": {"digest": "a"}}, "db2": {"tables": {"skipped": True}}}))
    assert "shop.t (b here, a there)" in cluster.health(values("db2", registered=seen))["problems"][0]
    assert cluster.health(values("db3", registered=seen))["problems"] == []

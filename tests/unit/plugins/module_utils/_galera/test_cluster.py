from __future__ import annotations

import json

import pytest
from ansible_collections.failover.stack.plugins.module_utils._galera import cluster
from ansible_collections.failover.stack.plugins.module_utils._galera.recovery import lines

CONTENTS = {"_contents." + name: name for name in ("dropin", "arbitrator", "server", "members", "agent_unit")}


def values(host="galera1", **more):
    return {
        "inventory_hostname": host, "ansible_check_mode": False, "ansible_play_hosts": ["galera1", "galera2"],
        "members": ["galera1", "galera2"], "releases": ["12", "12"], "arbitrators": ["arbiter1"], "leaving_members": [],
        "address": "198.18.0.41", "bind_address": "198.18.0.41", "more_addresses": [],
        "port": 3306, "ist_port": 4568, "sst_port": 4444, "member_addresses": {"galera1": "198.18.0.41", "galera2": "198.18.0.42"},
        "sst_method": "mariabackup", "sst_user": "galera_sst", "sst_password": "secret", "users": [{"name": "shop"}], "agent_port": 9200,
        "group_port": 4567,
        "agent_cache_ms": 200, "agent_timeout_ms": 500, "donor_serves": True, "join_s": 600, "bootstrap_from": "",
        "discard": [], "_unit": "mariadb.service", "_arbitrator_unit": "garb.service", "_socket_unit": "mariadb.socket",
        "_config": "/etc/galera.cnf", "_members_config": "/etc/members.cnf", "_arbitrator_config": "/etc/default/garb",
        "_tls_path": "/etc/galera-tls", "_user": "mysql", "_arbitrator_user": "garbd", "_agent_user": "galera-agent",
        "_datadir": "/var/lib/mysql", "_socket": "/run/mysqld/mysqld.sock", "_drain_file": "/run/drain", "_checker": "mariadbd --help",
        "_contents.program": [{"path": cluster.AGENT + "/run.py", "content": "program"}], **CONTENTS, **more}


def test_a_member():
    found = cluster.server(values())
    assert (found["is_arbitrator"], found["is_leaving"], found["size"], found["tls_group"]) == (False, False, 3, "mysql")
    main, agent = found["units"]
    assert main == {"name": "mariadb.service", "state": "as_is", "enabled": True, "reads": [
        "/etc/galera.cnf", "/etc/systemd/system/mariadb.service.d/failover.conf"]}
    # Nobody can tell an arbitrator to take up other certificates: it restarts.
    assert "/etc/galera-tls" in cluster.server(values("arbiter1"))["units"][0]["reads"]
    assert [one["protocol"] if "protocol" in one else one["port"] for one in found["doors"]] == ["mysql", 4567]
    assert (agent["name"], agent["reads"]) == ("failover-galera-agent.service", [cluster.AGENT, cluster.AGENT_FILE])
    wanted = cluster.config(values())
    assert [(one["path"], one["content"]) for one in wanted["files"]] == [
        ("/etc/systemd/system/mariadb.service.d/failover.conf", "dropin"), ("/etc/galera.cnf", "server"), ("/etc/members.cnf", "members"),
        (cluster.START_FILE, cluster.start(values())),
        ("/etc/systemd/system/failover-galera-agent.service", "agent_unit"), (cluster.AGENT + "/run.py", "program")]
    assert wanted["files"][1]["mode"] == "0640"
    assert (wanted["secrets"], wanted["validate"]) == ({"sst_password": "secret"}, ["mariadbd --help"])
    assert wanted["links"] == [{"path": "/etc/systemd/system/mariadb.socket", "target": "/dev/null"}]
    assert wanted["directories"] == [{"path": "/var/lib/mysql-files", "owner": "mysql", "group": "mysql", "mode": "0750"}]
    assert cluster.config(values("arbiter1"))["directories"] == []


def test_what_a_member_is_told_to_ask_before_it_starts():
    assert json.loads(cluster.start(values())) == {
        "name": "galera1", "datadir": "/var/lib/mysql", "port": 9200, "others": ["198.18.0.42"]}
    assert cluster.server(values())["gate"].endswith("run.py _agents.galera_start /etc/failover-galera/start.json")


def test_addresses_before_a_port():
    found = cluster.server(values())
    assert (found["at"], found["places"]) == ("198.18.0.41", ["198.18.0.41:4567", "198.18.0.42:4567"])
    six = {"galera1": "2001:db8::41", "galera2": "2001:db8::42"}
    found = cluster.server(values(address="2001:db8::41", member_addresses=six))
    assert (found["at"], found["places"]) == ("[2001:db8::41]", ["[2001:db8::41]:4567", "[2001:db8::42]:4567"])
    assert found["hosts"] == {"galera1": "[2001:db8::41]", "galera2": "[2001:db8::42]"}


@pytest.mark.parametrize("more, clients, agent", [
    ({}, ["198.18.0.41"], ["198.18.0.41"]), ({"bind_address": "*"}, ["*"], ["*"]),
    ({"more_addresses": ["127.0.0.1", "2001:db8::41"]}, ["198.18.0.41", "127.0.0.1", "2001:db8::41"],
     ["198.18.0.41", "127.0.0.1", "2001:db8::41"]),
    ({"bind_address": "203.0.113.41"}, ["203.0.113.41"], ["198.18.0.41", "203.0.113.41"])])
def test_who_listens_where(more, clients, agent):
    found = cluster.server(values(**more))
    assert found["listens"] == clients
    assert cluster.agent_places(values(**more)) == agent
    assert found["narrow"] == [4567, 4568, 4444] + ([] if clients == ["*"] else [3306, 9200])
    assert cluster.server(values("arbiter1"))["narrow"] == [4567]


def test_an_arbitrator():
    found, wanted = cluster.server(values("arbiter1")), cluster.config(values("arbiter1"))
    assert (found["is_arbitrator"], found["unit"], found["tls_group"]) == (True, "garb.service", "garbd")
    assert [(unit["name"], unit["state"]) for unit in found["units"]] == [("garb.service", "started")]
    assert [one["content"] for one in wanted["files"]] == ["dropin", "arbitrator"]
    assert wanted["links"] == wanted["validate"] == [] and wanted["secrets"] == {}


def test_who_leaves_and_what_stops_a_run():
    assert cluster.server(values("galera9"))["is_leaving"]
    assert cluster.server(values())["bad_verdicts"] == ["refuse", "settle"]
    assert cluster.server(values(ansible_check_mode=True))["bad_verdicts"] == ["refuse"]


def test_what_the_agent_is_told():
    arguments = ["--address", "198.18.0.41", "--port", 9200, "--socket", "/run/mysqld/mysqld.sock", "--user", "galera-agent",
                 "--cache-ms", 200, "--timeout-ms", 500, "--drain-file", "/run/drain"]
    assert cluster.agent_settings(values())["arguments"] == [*arguments, "--donor-serves"]
    assert cluster.agent_settings(values(donor_serves=False))["arguments"] == arguments


@pytest.mark.parametrize("bind, places", [
    ("*", ["*"]), ("198.18.0.41", ["198.18.0.41"]), ("203.0.113.41", ["198.18.0.41", "203.0.113.41"])])
def test_the_check_agent_answers_where_clients_are_taken(bind, places):
    arguments = cluster.agent_settings(values(bind_address=bind))["arguments"]
    assert [value for option, value in zip(arguments, arguments[1:]) if option == "--address"] == places


def test_accounts():
    assert [one["name"] for one in cluster.accounts(values())] == ["galera_sst", "shop"]
    assert cluster.passwords(values(user_passwords={"shop": "s"})) == {"shop": "s", "galera_sst": "secret"}
    other = values(sst_method="rsync", user_passwords={"shop": "s"})
    del other["sst_password"]
    assert [one["name"] for one in cluster.accounts(other)] == ["shop"]
    assert cluster.passwords(other) == {"shop": "s"} and cluster.config(other)["secrets"] == {}


def row(member, synced=False, primary=False):
    return {"member": member, "synced": synced, "primary": primary}


@pytest.mark.parametrize("bootstrap, table, name", [
    ("galera2", [row("galera1", True, True)], "galera2"),
    ("", [row("galera1", False, True), row("galera2", True, True)], "galera2"),
    ("", [row("galera1"), row("galera2", False, True)], "galera2"),
    # One that leaves is not asked.
    ("", [row("galera9", True, True), row("galera1", False, True)], "galera1"),
    ("", [row("galera1")], ""),
])
def test_spokesman(bootstrap, table, name):
    assert cluster.spokesman(values(_decided={"bootstrap": bootstrap, "table": table})) == name


def test_joining():
    assert cluster.joining(values()) == {"later": False, "timeout": 600, "after": []}
    new = values("galera3", site_waits_for_galera=True, _decided={"new": True, "join": ["galera2", "galera3"]})
    assert cluster.joining(new) == {"later": True, "timeout": 1200, "after": ["198.18.0.42"]}
    assert cluster.joining(dict(new, inventory_hostname="galera2"))["after"] == []
    assert not cluster.joining(dict(new, ansible_check_mode=True))["later"]
    assert not cluster.joining(dict(new, _decided={"new": False, "join": ["galera3"]}))["later"]


def test_only_who_takes_part_was_read():
    """What an earlier run left of a host that is not in this one does not count."""
    known = {"uuid": "u", "seqno": 5, "running": True, "primary": True, "synced": True}
    found = cluster.recovery(["galera1", "galera2"], [{}, known], alive=["galera1"])
    assert "galera2" not in [one["member"] for one in found["table"] if one.get("synced")]


def decided(verdict, alive=(), bootstrap=None, new=False):
    table = [{"member": name, "primary": name in alive, "synced": name in alive} for name in ("galera1", "galera2")]
    return {"verdict": verdict, "bootstrap": bootstrap, "new": new, "table": table}


@pytest.mark.parametrize("decision, sizes, reached, stray", [
    (decided("bootstrap", bootstrap="galera1"), (0, 0), ("galera1", "galera2", "arbiter1"), True),
    (decided("bootstrap", bootstrap="galera1", new=True), (0, 0), ("galera1", "galera2", "arbiter1"), False),
    (decided("bootstrap", bootstrap="galera1"), (0, 0), ("galera2", "arbiter1"), False),
    (decided("primary", ("galera1", "galera2")), (2, 2), ("galera1", "galera2", "arbiter1"), True),
    (decided("primary", ("galera1", "galera2")), (3, 3), ("galera1", "galera2", "arbiter1"), False),
    (decided("primary", ("galera1",)), (2, 0), ("galera1", "galera2", "arbiter1"), False),
    (decided("primary", ("galera1",)), (1, 0), ("galera1", "galera2", "arbiter1"), True),
    (decided("primary", ("galera1", "galera2")), (2, 2), ("galera1", "galera2"), False),
    (decided("refuse"), (0, 0), ("galera1", "galera2", "arbiter1"), False),
], ids=["after a bootstrap", "of a new cluster", "that failed", "beside two", "that votes", "that votes beside one", "beside one",
        "that was not reached", "nothing was decided"])
def test_an_arbitrator_that_outlived_its_cluster(decision, sizes, reached, stray):
    infos = [{"status": {"wsrep_cluster_size": str(size)}} if size else {} for size in sizes]
    assert cluster.stray_arbitrator(values("arbiter1", _decided=decision, infos=infos, ansible_play_hosts=list(reached))) is stray


def test_only_those_who_were_reached_in_this_run_count_as_read():
    stale = {"reachable": True, "running": True, "primary": True, "uuid": "c8c6bbed-e5a4-11f1-b1d1-8ec0291e69c8", "seqno": 3}
    decision = cluster.recovery(["a", "b"], [stale, {}], alive=["b"])
    assert decision["verdict"] == "refuse" and decision["table"][0]["reachable"] is False


def test_those_who_leave_are_told_of_after_the_others():
    alive = {"reachable": True, "running": True, "primary": True, "uuid": "c8c6bbed-e5a4-11f1-b1d1-8ec0291e69c8", "seqno": 3}
    decision = cluster.recovery(["a"], [alive, {}], leaving=["b"])
    assert [(row["member"], row["verdict"]) for row in decision["table"]] == [("a", "in the primary component"), ("b", "leaves")]


def test_who_may_lose_something_comes_as_a_list_or_as_text():
    blank = {"reachable": True, "uuid": ""}
    for accepted in (["b", "c"], "b, c"):
        assert cluster.recovery(["a", "b", "c"], [blank, {}, {}], discard=accepted)["bootstrap"] == "a"
    assert lines(cluster.recovery(["a"], [blank]))[-1].startswith("bootstrap: ")


def test_nobody_asks_a_newer_release_for_a_copy_while_there_is_another():
    three = ["galera1", "galera2", "galera3"]
    addresses = {name: "198.18.0.4%d" % number for number, name in enumerate(three, 1)}

    def donors(host, *releases):
        return cluster.server(values(host, members=three, member_addresses=addresses, releases=list(releases)))["donors"]
    assert donors("galera1", "12", "12", "12") == donors("galera1", "12", "", "12") == ["galera3", "galera2"]
    assert donors("galera1", "12", "12", "13") == ["galera2", "galera3"]
    assert donors("galera3", "12", "12", "13") == ["galera2", "galera1"]
    assert donors("galera1", "", "12", "13") == ["galera3", "galera2"]


# --- One collation

OLD = {"collation_server": "utf8mb4_general_ci"}
NEW = {"collation_server": "utf8mb4_uca1400_ai_ci", "character_set_collations": "utf8mb4=utf8mb4_uca1400_ai_ci"}


def collation(one, other, new=False, **more):
    infos = [{"running": bool(variables), "variables": variables or {}} for variables in (one, other)]
    return cluster.collation(values(infos=infos, _decided={"new": new}, **{
        "collation": "", "settings": {}, "_collation_config": "/etc/mysql/x.cnf", "_collation_checker": "mariadbd --help", **more}))


def test_who_joins_takes_the_collation_of_who_runs_whatever_its_release():
    assert collation(OLD, None)["texts"] == {"collation_server": "utf8mb4_general_ci", "character_set_collations": ""}
    assert collation(None, NEW)["texts"]["character_set_collations"] == "utf8mb4=utf8mb4_uca1400_ai_ci"


def test_a_new_cluster_gets_what_both_releases_mean_the_same_by():
    assert collation(None, None, new=True)["texts"] == {"collation_server": "utf8mb4_general_ci", "character_set_collations": ""}
    assert collation(None, None, new=True, settings={"character-set-server": "latin1"})["texts"] == {}


def test_of_a_cluster_that_is_down_nothing_is_said_anew():
    assert collation(None, None) == {"problem": "", "config": {"files": [], "validate": []}, "texts": {}}


def test_members_that_run_and_differ_are_refused_unless_the_user_says_what_all_have():
    assert collation(OLD, NEW)["problem"].startswith(
        "galera1 has collation_server utf8mb4_general_ci and no character_set_collations, galera2 has ")
    assert collation(OLD, NEW, collation="utf8mb4_bin")["problem"] == ""


def test_verify_names_what_a_member_makes_or_has_otherwise_than_the_first():
    seen = {"galera1": {"__galera_tables": {"digest": "a", "collation": {"server": "x", "sets": ""}}},
            "galera2": {"__galera_tables": {"digest": "b", "collation": {"server": "y", "sets": ""}}}}
    both = dict(registered=seen, ansible_play_batch=["galera1", "galera2"])
    assert cluster.unlike(values(**both)) and not cluster.unlike(values(registered=seen, ansible_play_batch=["galera1"]))
    assert cluster.collation_problems(values(**both)) == []
    [sentence] = cluster.collation_problems(values("galera2", **both))
    assert sentence.endswith("Set galera_collation to the collation that all shall have, such as x, and run playbooks/galera.yml")
    for member, word in (("galera1", "x"), ("galera2", "y")):
        seen[member]["__galera_tables"]["collation"] = {"server": "x", "sets": ""}
        seen[member]["__galera_table_list"] = {"digest": word, "collations": {"shop.t": word}}
    [sentence] = cluster.collation_problems(values("galera2", **both))
    assert "shop.t (y here, x there)" in sentence

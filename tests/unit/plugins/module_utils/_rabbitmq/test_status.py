from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.status import (
    alarm_words,
    boot_reason,
    count_by,
    idle_plugins,
    missing_plugins,
    missing_ports,
    name_problems,
    newest_version,
    node_of_pid,
    parse_pids,
    parse_queues,
    parse_status,
    quorum_troubles,
    troubles,
    upgrade_problems,
    version_tuple,
)

# As 3.10.8 prints it, shortened.
RAW = {
    "alarms": [], "cluster_name": "rabbit@b2", "disk_nodes": ["rabbit@b2", "rabbit@b1"], "ram_nodes": ["rabbit@b3"],
    "feature_flags": [{"name": "quorum_queue", "state": "enabled", "stability": "stable"},
                      {"name": "khepri_db", "state": "disabled", "stability": "experimental"},
                      {"name": "new", "state": "disabled", "stability": "stable"}],
    "listeners": {"rabbit@b1": [{"port": 25672}, {"port": 5672}]},
    "maintenance_status": {"rabbit@b1": "\x1b[35mmarked for maintenance\x1b[0m", "rabbit@b2": "not under maintenance"},
    "partitions": {"rabbit@b1": ["rabbit@b2"], "rabbit@b2": []}, "running_nodes": ["rabbit@b2", "rabbit@b1"],
    "versions": {"rabbit@b1": {"erlang_version": "25.2.3", "rabbitmq_version": "3.10.8"}},
}
# list_queues of 3.10: a classic queue has no leader and no members there.
ROWS = [
    {"name": "cc", "type": "classic", "leader": "", "members": "", "online": "", "policy": "", "messages": 10, "durable": True},
    {"name": "qq", "type": "quorum", "leader": "rabbit@b2", "members": ["rabbit@b2", "rabbit@b1"], "online": ["rabbit@b2", "rabbit@b1"],
     "messages": 3, "consumers": 1, "durable": True, "state": "running"},
]


def queue(**changes):
    return {"vhost": "/", "name": "q", "type": "quorum", "leader": "a", "members": ["a", "b", "c"], "online": ["a", "b", "c"], **changes}


def test_status():
    seen = parse_status(RAW)
    assert seen["members"] == ["rabbit@b1", "rabbit@b2", "rabbit@b3"]
    assert seen["types"]["rabbit@b3"] == "ram"
    assert seen["running"] == ["rabbit@b1", "rabbit@b2"]
    assert seen["partitions"] == {"rabbit@b1": ["rabbit@b2"]}
    assert seen["maintenance"] == ["rabbit@b1"]
    assert seen["versions"] == {"rabbit@b1": "3.10.8"}
    assert seen["disabled_feature_flags"] == ["new"]
    assert seen["listeners"] == {"rabbit@b1": [5672, 25672]}
    assert seen["knows_ram"] is True


def test_an_empty_status_and_one_of_4_3():
    assert parse_status({})["members"] == []
    assert parse_status({"disk_nodes": ["a"]})["knows_ram"] is False


@pytest.mark.parametrize("alarm, words", [
    ("memory", "memory"),
    ({"node": "rabbit@a", "type": "resource_limit", "resource": "disk"}, "rabbit@a resource_limit disk"),
    ({"odd": 1}, "{'odd': 1}"),
])
def test_alarms(alarm, words):
    assert alarm_words(alarm) == words


@pytest.mark.parametrize("pid, node", [
    ("<rabbit@b2.1795263011.1579.0>", "rabbit@b2"), ("<rabbit@mq1.example.test.1.2.0>", "rabbit@mq1.example.test"), ("undefined", "")])
def test_node_of_a_pid(pid, node):
    assert node_of_pid(pid) == node


def test_queues():
    leaders = parse_pids("<rabbit@b2.1.2.0>\t\tcc\nundefined\t\tqq\n")
    classic, quorum = parse_queues("/", ROWS, leaders)
    assert (classic["leader"], classic["members"], classic["messages"]) == ("rabbit@b2", ["rabbit@b2"], 10)
    assert (quorum["leader"], quorum["members"], quorum["online"]) == ("rabbit@b2", ["rabbit@b1", "rabbit@b2"], ["rabbit@b1", "rabbit@b2"])
    assert count_by([classic, quorum, quorum], "type", "leader") == {"classic": {"rabbit@b2": 1}, "quorum": {"rabbit@b2": 2}}
    assert parse_queues("/", None, {}) == []


def test_mirrors_in_step_have_the_messages_too():
    leaders = parse_pids("<rabbit@b2.1.2.0>\t[<rabbit@b3.x.org.17.6.0>, <rabbit@b1.1.1.0>]\tc\tc\n")
    assert leaders == {"c\tc": ("rabbit@b2", ["rabbit@b3.x.org", "rabbit@b1"])}
    mirrored = parse_queues("/", [{"name": "c\tc", "messages": 3}], leaders)[0]
    assert (mirrored["leader"], mirrored["members"]) == ("rabbit@b2", ["rabbit@b1", "rabbit@b2", "rabbit@b3.x.org"])


@pytest.mark.parametrize("changes, running, words", [
    ({}, ["a", "b", "c"], []),
    ({"online": ["a", "b"]}, ["a", "b"], []),
    ({"online": ["a", "b"]}, ["a", "b", "c"], ["Quorum queue 'q' in vhost '/' has a replica on c that does not run although the node does: "
                                               "restart that node."]),
    ({"online": ["a"]}, ["a"], ["Quorum queue 'q' in vhost '/' has 1 of 3 members on line: no majority."]),
    ({"leader": ""}, ["a", "b", "c"], ["Quorum queue 'q' in vhost '/' has no leader."]),
    ({"type": "classic", "online": []}, ["a"], []),
])
def test_quorum_queues_in_trouble(changes, running, words):
    assert list(quorum_troubles([queue(**changes)], running, ["a", "b", "c", "d", "e"])) == words


def test_a_queue_with_a_member_that_the_cluster_forgot():
    (said,) = quorum_troubles([queue()], ["a", "b"], ["a", "b"])
    assert [said] == [
        "Quorum queue 'q' in vhost '/' has a member on c, which is none of the cluster: "
        "playbooks/rabbitmq_forget.yml takes it out of the queues, too."]


def test_troubles_are_sentences():
    status = {"members": ["a", "b"], "running": ["a"], "partitions": {"a": ["b"]}, "alarms": ["disk"], "maintenance": ["a"]}
    assert list(troubles(status, ["a", "b", "c"])) == [
        "c is no member of the cluster (a, b).", "b is a member but does not run: playbooks/rabbitmq.yml starts it.",
        "a is separated from b by a partition.",
        "There is an alarm, publishers are blocked: disk.",
        "a is in maintenance and takes no clients: playbooks/rabbitmq.yml, or rabbitmq-upgrade revive there, ends it."]
    calm = {"partitions": {}, "alarms": [], "maintenance": []}
    assert list(troubles({**calm, "members": ["a", "d"], "running": ["a", "d"]}, ["a"])) == [
        "d is a member of the cluster that the inventory does not have: let it leave (group rabbitmq_leaving), or "
        "playbooks/rabbitmq_forget.yml takes a dead one out."]
    assert list(troubles({"members": ["a"], "running": ["a"], "partitions": {}, "alarms": [], "maintenance": []}, ["a"])) == []


def test_versions_and_ports():
    assert newest_version(["/x/rabbitmq_server-3.9.29", "/x/rabbitmq_server-3.10.8"]) == "3.10.8"
    assert newest_version([]) == ""
    assert version_tuple("4.0.5-beta.1") == (4, 0, 5)
    assert missing_ports("n", [5672], [5671, 5672]) == ["n does not listen on port 5671."]


@pytest.mark.parametrize("installed, candidate, flags, words", [
    ("3.10.8", "3.10.25", ["x"], ""),
    ("3.10.8", "", [], ""),
    ("3.10.8", "3.11.1", [], ""),
    ("3.10.8", "3.11.1", ["stream_queue"], "these feature flags are not enabled: stream_queue"),
    ("3.10.8", "4.0.5", [], "members of these two cannot be in one cluster"),
    ("3.13.7", "4.0.5", [], ""),
    ("4.0.5", "3.13.7", [], "older than 4.0.5"),
])
def test_what_may_be_upgraded_while_the_others_run(installed, candidate, flags, words):
    said = upgrade_problems(installed, candidate, flags)
    assert bool(said) == bool(words) and words in " ".join(said)


def test_names_lead_to_their_members():
    own = {"mq1": "198.51.100.1", "mq2": "198.51.100.2", "mq3": "198.51.100.3"}
    assert list(name_problems("mq1", own, {"mq1": ["127.0.1.1"], "mq2": ["127.0.1.1"], "mq3": []})) == [
        "mq1: the member name mq2 is 127.0.1.1 here, and 198.51.100.2 in the inventory: correct /etc/hosts or the name server.",
        "mq1: the member name mq3 cannot be resolved here: correct /etc/hosts or the name server, or set "
        "rabbitmq_cluster_manage_hosts to true."]
    assert list(name_problems("mq1", own, {name: [address] for name, address in own.items()})) == []


def test_a_plugin_that_no_package_brings_is_named():
    there = ["rabbitmq_management-4.0.5", "rabbitmq_management_agent-4.0.5", "README",
             "rabbitmq_delayed_message_exchange-v4.0.2.ez", "own.ez"]
    assert missing_plugins(["rabbitmq_management", "rabbitmq_delayed_message_exchange", "own", "rabbitmq_nope"], there) == ["rabbitmq_nope"]
    # Before the installation nobody can tell.
    assert missing_plugins(["rabbitmq_management"], []) == []


def test_a_plugin_that_does_not_run_is_named():
    assert idle_plugins("rabbit@mq1", ["rabbitmq_management", "rabbitmq_shovel"], "[rabbitmq_management,\n rabbitmq_web_dispatch]\n") == [
        "Plugin rabbitmq_shovel does not run on rabbit@mq1: look at what its log says of it."]


@pytest.mark.parametrize("log, words", [
    # 4.0.5, whose name was nobody's
    ("BOOT FAILED\n===========\nERROR: epmd error for host nodeb: nxdomain (non-existing domain)\n\n"
     "2026-11-29 09:42:29.813031+00:00 [error] <0.153.0> \n2026-11-29 09:42:29.813031+00:00 [error] <0.153.0> BOOT FAILED\n"
     "2026-11-29 09:42:29.813031+00:00 [error] <0.153.0> ===========\n"
     "2026-11-29 09:42:29.813031+00:00 [error] <0.153.0> ERROR: epmd error for host nodeb: nxdomain (non-existing domain)\n",
     "ERROR: epmd error for host nodeb: nxdomain (non-existing domain)"),
    ("Starting\nFailed to start rabbitmq-server.service\n", "Failed to start rabbitmq-server.service"),
    ("Starting\n", ""),
])
def test_why_a_node_does_not_boot(log, words):
    assert boot_reason(log) == words


def test_an_address_has_one_meaning_in_any_spelling():
    assert list(name_problems("mq1", {"mq2": "2001:DB8::0042"}, {"mq2": ["2001:db8::42"]})) == []

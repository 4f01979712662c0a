from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import cluster

NODES = ["rabbit@mq1", "rabbit@mq2", "rabbit@mq3"]
CONTENTS = {"_contents." + name: name for name in ("server", "advanced", "environment", "dropin", "epmd", "watchdog_unit", "internode_tls")}


def seen(host="mq1", up=True, **more):
    return dict({"available": up, "members": NODES if up else [], "remembers": NODES if up else [], "running": NODES if up else [],
                 "cookie_digest": "c==", "cookie_accepted": True, "internode_tls": True, "trusts_authority": True, "name_problems": [],
                 "missing_plugins": [],
                 "listeners": {"rabbit@" + host: [5672]} if up else {}, "installed_version": "3.10.8-1.1+deb12u1",
                 "versions_available": {"candidate": "4.0.5-8"}}, **more)


def values(host="mq1", **more):
    members = ["mq1.example.net", "mq2", "mq3"]
    return {
        "inventory_hostname": members[0] if host == "mq1" else host, "ansible_play_hosts": members, "members": members, "name": "shop",
        "member_addresses": {"mq1.example.net": "198.18.0.51", "mq2": "198.18.0.52", "mq3": "198.18.0.53"}, "address": "198.18.0.51",
        "bind_address": "198.18.0.51", "distribution_address": "198.18.0.51", "prometheus_address": "198.18.0.51",
        "port": 5672, "tls_port": 5671, "management_port": 15672, "distribution_port": 25672,
        "prometheus_port": 15692,
        "tls": True, "internode_tls": True, "plugins": ["rabbitmq_management"], "tls_names": [],
        "stuck_s": 90, "queues": "quorum", "policies": [],
        "vhosts": [{"name": "shop"}], "absent": {}, "tls_directory": "/tls", "new_authority": False, "infos": [seen(), seen(), seen()],
        "_info": seen(host), "_unit": "rabbitmq-server.service", "_directory": "/etc/rabbitmq", "_tls_path": "/etc/rabbitmq/tls",
        "_contents.program": [{"path": cluster.WATCHDOG + "/run.py", "content": "program"}], **CONTENTS, **more}


def test_server():
    found = cluster.server(values())
    assert found["block"] == {"path": "/etc/hosts", "marker": "# {mark} RabbitMQ shop (failover.stack)",
                              "block": "198.18.0.51 mq1\n198.18.0.52 mq2\n198.18.0.53 mq3"}
    assert found["absent"] == ["/usr/local/sbin/failover-rabbitmq-guard", "/etc/rabbitmq/erl_inetrc"]
    node, watchdog = found["units"]
    assert node["reads"] == [
        "/etc/rabbitmq/rabbitmq.conf", "/etc/rabbitmq/advanced.config", "/etc/rabbitmq/rabbitmq-env.conf", "/etc/rabbitmq/enabled_plugins",
        "/etc/rabbitmq/internode_tls.config", "/etc/rabbitmq/erl_inetrc",
        "/etc/systemd/system/rabbitmq-server.service.d/failover.conf"]
    assert (node["no_block"], watchdog["name"], watchdog["when_stale"]) == (True, "failover-rabbitmq-watchdog.service", "restarted")


def test_members_listen_for_each_other_at_their_own_address():
    found = cluster.server(values())
    assert (found["erlang_address"], found["epmd"]) == ("{198,18,0,51}", ["198.18.0.51:4369", "127.0.0.1:4369"])
    assert found["sockets"] == [{"name": "epmd.socket", "state": "started", "enabled": True, "when_stale": "restarted",
                                 "reads": ["/etc/systemd/system/epmd.socket.d/failover.conf"]}]
    # Erlang has eight numbers of 16 bits there (inet:ip6_address()).
    six = cluster.server(values(distribution_address="2001:db8::51"))
    assert (six["erlang_address"], six["epmd"]) == ("{8193,3512,0,0,0,0,0,81}", ["[2001:db8::51]:4369", "127.0.0.1:4369", "[::1]:4369"])
    wide = cluster.server(values(distribution_address="::"))
    assert (wide["erlang_address"], wide["epmd"]) == ("", [])


@pytest.mark.parametrize("more, narrow", [
    ({}, [4369, 25672, 5672, 5671, 15672]), ({"distribution_address": "0.0.0.0"}, [5672, 5671, 15672]),
    ({"bind_address": "::"}, [4369, 25672]),
    ({"plugins": ["rabbitmq_prometheus"], "bind_address": "::"}, [4369, 25672, 15692]),
    ({"plugins": ["rabbitmq_prometheus"], "prometheus_address": "::"}, [4369, 25672, 5672, 5671])])
def test_ports_that_nobody_is_to_find_everywhere(more, narrow):
    assert cluster.server(values(**more))["narrow"] == narrow


@pytest.mark.parametrize("given, ports", [
    ({"tls": True, "internode_tls": True}, [5671, 15672, 25672]), ({"tls": False, "internode_tls": True}, [25672]),
    ({"tls": True, "internode_tls": False, "plugins": []}, [5671]), ({"tls": False, "internode_tls": False}, [])])
def test_doors_at_which_its_certificate_is_seen(given, ports):
    found = cluster.doors(values(**{"tls_port": 5671, "management_port": 15672, "distribution_port": 25672, **given}))
    assert [one["port"] for one in found] == ports and {one["address"] for one in found} <= {values()["address"]}


def test_the_watchdog_takes_over_from_the_unit_of_before():
    found = cluster.server(values())
    assert cluster.watchdog_settings(values())["replaces"] == ["failover-rabbitmq-guard.service"]
    assert found["old_unit_files"] == ["/etc/systemd/system/failover-rabbitmq-guard.service",
                                       "/etc/systemd/system/multi-user.target.wants/failover-rabbitmq-guard.service"]
    # Whoever leaves keeps none of the three.
    assert found["stopped_units"] == [
        {"name": "failover-rabbitmq-guard.service", "state": "stopped"},
        {"name": "failover-rabbitmq-watchdog.service", "state": "stopped", "enabled": False},
        {"name": "rabbitmq-server.service", "state": "stopped", "enabled": False}]


def test_member():
    """Without what is known of the distribution: some playbooks run without it."""
    known = {name: value for name, value in values().items() if not name.startswith("_")}
    found = cluster.member(known)
    assert (found["nodes"], found["is_leaving"], found["is_first"]) == (NODES, False, True)
    assert found["names"] == {"mq1": "198.18.0.51", "mq2": "198.18.0.52", "mq3": "198.18.0.53"}
    assert found["ports"] == [25672, 5672, 5671, 15672]
    assert found["certificate_names"] == ["DNS:mq1", "IP:198.18.0.51"]


def test_who_leaves_and_who_is_first():
    assert cluster.member(values("mq9"))["is_leaving"]
    assert not cluster.member(values("mq2"))["is_first"]
    assert cluster.member(values("mq2", ansible_play_hosts=["mq3", "mq2"]))["is_first"]


@pytest.mark.parametrize("more, ports", [
    ({}, [25672, 5672, 5671, 15672]), ({"tls": False}, [25672, 5672, 15672]), ({"port": 0}, [25672, 5671, 15672]),
    ({"plugins": []}, [25672, 5672, 5671])])
def test_ports(more, ports):
    assert cluster.ports(values(**more)) == ports


def test_what_the_watchdog_is_told():
    assert cluster.watchdog_settings(values())["arguments"] == [
        "--unit", "rabbitmq-server.service", "--seconds", 90, "--serves", "[198.18.0.51]:5672",
        "--log", "/var/log/rabbitmq/rabbit@mq1.log", "--peer=[198.18.0.52]:25672", "--peer=[198.18.0.53]:25672"]
    assert cluster.watchdog_settings(values(bind_address="::", port=0))["arguments"][5] == "[198.18.0.51]:5671"


def test_files():
    found = {one["path"]: one["content"] for one in cluster.files(values(plugins=["rabbitmq_shovel", "rabbitmq_management"]))}
    assert found["/etc/rabbitmq/enabled_plugins"] == "[rabbitmq_management,rabbitmq_shovel].\n"
    assert found["/etc/rabbitmq/internode_tls.config"] == "internode_tls"
    assert found[cluster.WATCHDOG + "/run.py"] == "program"
    without = values(internode_tls=False)
    assert "/etc/rabbitmq/internode_tls.config" not in [one["path"] for one in cluster.files(without)]
    assert cluster.server(without)["absent"][1:] == ["/etc/rabbitmq/internode_tls.config", "/etc/rabbitmq/erl_inetrc"]


def test_members_with_ipv6_only_look_each_other_up_so():
    six = values(address="2001:db8::51")
    assert cluster.member(six)["ipv6"] and not cluster.member(values())["ipv6"]
    assert {one["path"]: one["content"] for one in cluster.files(six)}["/etc/rabbitmq/erl_inetrc"] == "{inet6, true}.\n"
    assert cluster.server(six)["absent"] == ["/usr/local/sbin/failover-rabbitmq-guard"]


def test_a_plugin_that_is_not_there_is_refused():
    assert objections(_info=seen(missing_plugins=["rabbitmq_message_timestamp"])) == [
        "mq1.example.net: rabbitmq_cluster_plugins has 'rabbitmq_message_timestamp', which is not installed here: RabbitMQ would start "
        "without it and say nothing. Install what brings it to /usr/lib/rabbitmq/plugins, or take it out."]


@pytest.mark.parametrize("version, refused", [("3.10.8", True), ("3.12.0", False), ("4.0.5", False)])
def test_a_policy_for_one_type_of_queues_needs_a_server_that_knows_them(version, refused):
    found = objections(policies=[{"name": "fast", "apply_to": "quorum_queues", "definition": {}}], _info=seen(installed_version=version))
    assert found == ([
        "mq1.example.net: policy 'fast' is for one type of queues (apply_to), which RabbitMQ %s does not know: write queues." % version
    ] if refused else [])


def test_is_there():
    assert cluster.is_there(values()) is True
    assert cluster.is_there(values(_info=seen(up=False))) is False
    # It runs, and not in the cluster that the others join; or it does not listen yet.
    assert cluster.is_there(values("mq2", _info=seen("mq2", running=["rabbit@mq2"]))) is False
    assert cluster.is_there(values(_info=seen(listeners={}))) is False


def test_what_shall_not_be_there():
    assert cluster.absent(values(queues="mirrored")) == {"users": ["guest"], "vhosts": [], "policies": []}
    found = cluster.absent(values(absent={"users": ["old"], "vhosts": ["v"], "policies": [{"name": "p", "vhost": "shop"}]}))
    assert (found["users"], found["vhosts"]) == (["guest", "old"], ["v"])
    assert [policy["name"] for policy in found["policies"]] == ["p", "failover-mirrors"]


# --- What speaks against a run


def objections(there=("/tls/ca.pem",), **more):
    return cluster.objections(values(**more), exists=lambda path: path in there)


def test_nothing():
    assert objections() == []
    assert objections(_info=seen(up=False, internode_tls=False)) == []


def test_names_and_cookies():
    infos = [seen(), seen(), seen(cookie_digest="d==", up=False, remembers=NODES)]
    assert objections(_info=seen(name_problems=["mq1: no."]), infos=infos) == [
        "mq1: no.", "mq3: its Erlang cookie is d== (digest), the other members have c==: put the cluster's cookie back there and restart "
        "the node, or playbooks/rabbitmq_cookie_rotate.yml gives all members a new one."]


def test_tls_between_members_is_not_changed_one_by_one():
    assert objections(internode_tls=False) == [
        "mq1.example.net: rabbitmq_cluster_internode_tls is false, and its node runs with TLS between members: stop "
        "rabbitmq-server.service on all members at an announced time, then run this again."]
    assert objections(_info=seen(internode_tls=False, members=["rabbit@mq1"])) == [
        "mq1.example.net: rabbitmq_cluster_internode_tls is true, and its node runs without TLS between members: stop "
        "rabbitmq-server.service there, then run this again."]


def test_an_authority_that_is_not_here():
    assert objections(there=()) == [
        "mq1.example.net: rabbitmq_cluster_tls_directory is /tls, which has no ca.pem, but this member trusts one: bring the directory "
        "here from the controller that made it. -e rabbitmq_cluster_new_authority=true makes a new one, for a cluster that is stopped."]
    assert objections(there=(), new_authority=True) == []
    assert objections(there=(), _info=seen(trusts_authority=False)) == []
    assert objections(there=(), tls=False, internode_tls=False, _info=seen(internode_tls=False)) == []


def test_mirrors():
    new = seen(installed_version="4.0.5-8")
    policies = [{"name": "all", "definition": {"ha-mode": "all"}}]
    assert objections(queues="mirrored") == objections(policies=policies) == []
    assert objections(queues="mirrored", _info=new) == [
        "mq1.example.net: rabbitmq_cluster_queues is mirrored, and RabbitMQ 4.0.5-8 has no mirrored queues any more: take quorum and leave "
        "ha- policies out; below 4.0 playbooks/rabbitmq_migrate_queues.yml makes quorum queues of those that are there."]
    assert objections(policies=policies, _info=new)[0].startswith(
        "mq1.example.net: rabbitmq_cluster_queues is quorum and rabbitmq_cluster_policies has ha- settings, and RabbitMQ 4.0.5-8 has")
    # Before it is installed, the version that would be.
    assert len(objections(queues="mirrored", _info=seen(up=False, installed_version=""))) == 1

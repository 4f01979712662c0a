# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rabbit@mq2 tells of its cluster and its host, running or not, in a cluster that is played."""

import json
import types

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import ask
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cookie import digest
from ansible_collections.failover.stack.plugins.modules import rabbitmq_cluster_info

ALL = ["rabbit@mq1", "rabbit@mq2", "rabbit@mq3"]


@pytest.fixture
def host(rabbit, tmp_path, monkeypatch):
    rabbit.clusters = [set(ALL)]
    rabbit.here, rabbit.processes = "/usr/sbin/rabbitmqctl", []
    monkeypatch.setattr(AnsibleModule, "get_bin_path", lambda self, name, *more, **others: rabbit.here)
    monkeypatch.setattr(rabbitmq_cluster_info, "command_lines", lambda: rabbit.processes)
    monkeypatch.setattr(rabbitmq_cluster_info.glob, "glob", lambda pattern: ["/usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8"])
    rabbit.arguments = {"cookie_path": str(tmp_path / "cookie"), "data_directory": str(rabbit.data),
                        "authority_path": str(tmp_path / "ca.pem"), "members": ALL}
    rabbit.root = tmp_path
    return rabbit


def test_a_healthy_cluster_has_no_problems_and_nothing_is_changed(host, play):
    result = play(rabbitmq_cluster_info, dict(host.arguments, ports=[5672]))
    assert (result["changed"], result["available"], result["problems"], result["node"]) == (False, True, [], "rabbit@mq2")
    assert (result["members"], result["running"], result["installed_version"]) == (ALL, ALL, "3.10.8")
    assert host.did == [] and "queues" not in result and "critical" not in result


def test_the_cookie_is_told_by_its_digest_only(host, play):
    (host.root / "cookie").write_text("SECRETCOOKIE\n")
    result = play(rabbitmq_cluster_info, host.arguments)
    assert result["cookie_digest"] == digest("SECRETCOOKIE") and "SECRETCOOKIE" not in json.dumps(result)


@pytest.mark.parametrize("mode, owner, good", [(0o400, True, True), (0o600, True, True), (0o640, True, False), (0o400, False, False)])
def test_a_cookie_that_erlang_would_refuse(host, play, monkeypatch, mode, owner, good):
    path = host.root / "cookie"
    path.write_text("x")
    path.chmod(mode)
    uid = path.stat().st_uid
    monkeypatch.setattr(rabbitmq_cluster_info, "pwd", types.SimpleNamespace(getpwnam=lambda name: types.SimpleNamespace(
        pw_uid=uid if owner else uid + 1)))
    assert play(rabbitmq_cluster_info, host.arguments)["cookie_accepted"] is good


def test_a_node_that_is_down_tells_what_its_disk_says(host, play):
    host.running.discard(host.me)
    (host.data / host.me).mkdir()
    (host.data / host.me / "cluster_nodes.config").write_text("{['rabbit@mq1','rabbit@mq2'],['rabbit@mq1']}.")
    (host.root / "ca.pem").touch()
    result = play(rabbitmq_cluster_info, dict(host.arguments, gather=["queues", "critical"]))
    assert (result["available"], result["members"], result["remembers"]) == (False, [], ["rabbit@mq1", "rabbit@mq2"])
    assert (result["queues"], result["queue_counts"], result["critical"], result["trusts_authority"]) == ([], {}, [], True)
    assert result["problems"] == ["rabbit@mq2 does not answer: rabbitmqctl cluster_status failed (rc 69): it does not run."]


def test_a_host_without_rabbitmq_is_a_result_and_a_refusal_where_it_is_waited_for(host, play, refused):
    host.here = None
    assert play(rabbitmq_cluster_info, host.arguments)["problems"] == ["rabbit@mq2 does not answer: RabbitMQ is not installed here."]
    assert refused(rabbitmq_cluster_info, dict(host.arguments, wait_healthy=5)) == "rabbit@mq2: RabbitMQ is not installed here."


def test_what_is_wrong_is_said_all_at_once_and_waited_for(host, play, refused):
    host.running.discard("rabbit@mq3")
    host.maintenance.add("rabbit@mq1")
    host.queue("orders", kind="quorum", members=ALL, online=["rabbit@mq2"])
    problems = play(rabbitmq_cluster_info, dict(host.arguments, gather=["queues"], ports=[5671]))["problems"]
    assert problems == [
        "rabbit@mq3 is a member but does not run: playbooks/rabbitmq.yml starts it.",
        "rabbit@mq1 is in maintenance and takes no clients: playbooks/rabbitmq.yml, or rabbitmq-upgrade revive there, ends it.",
        "rabbit@mq2 does not listen on port 5671.", "Quorum queue 'orders' in vhost 'shop' has 1 of 3 members on line: no majority.",
        "Quorum queue 'orders' in vhost 'shop' has a replica on rabbit@mq1 that does not run although the node does: restart that node."]
    assert refused(rabbitmq_cluster_info, dict(host.arguments, wait_healthy=4)).startswith(
        "rabbit@mq2: the cluster is not healthy after 4 s: rabbit@mq3 is a member but does not run")
    assert host.now - 1000 >= 4


def test_queues_are_counted_by_type_and_leader(host, play):
    for number, leader in enumerate(("rabbit@mq1", "rabbit@mq2", "rabbit@mq1")):
        host.queue("q%d" % number, kind="quorum", members=[leader, "rabbit@mq3"])
    assert play(rabbitmq_cluster_info, dict(host.arguments, gather=["queues"]))["queue_counts"] == {
        "quorum": {"rabbit@mq1": 2, "rabbit@mq2": 1}}


@pytest.fixture
def critical(host):
    host.held = [{"name": "orders", "virtual_host": "shop"}]
    host.check_if_node_is_quorum_critical = lambda node, words: (
        69 if host.held else 0, json.dumps({"result": "error" if host.held else "ok", "queues": host.held}), "")
    return host


def test_a_node_that_queues_need_must_not_stop(critical, play, refused):
    found = [{"name": "orders", "vhost": "shop"}]
    assert play(rabbitmq_cluster_info, dict(critical.arguments, gather=["critical"]))["critical"] == found
    result = play(rabbitmq_cluster_info, dict(critical.arguments, wait_not_critical=5), fails=True)
    assert result["critical"] == found and result["msg"] == (
        "rabbit@mq2 must not stop now: after 5 s these queues would still lose their majority, or all who have their messages: 'orders' in "
        "'shop'.")
    critical.held = []
    assert play(rabbitmq_cluster_info, dict(critical.arguments, wait_not_critical=5))["critical"] == []


def test_a_question_that_fails_is_no_permission_to_stop(critical, refused):
    critical.check_if_node_is_quorum_critical = lambda node, words: (70, "", "Error: timeout")
    assert refused(rabbitmq_cluster_info, dict(critical.arguments, wait_not_critical=2)) == (
        "rabbit@mq2 must not stop now: after 2 s rabbitmq-queues check_if_node_is_quorum_critical failed (rc 70): timeout")


def test_tls_between_nodes_is_seen_by_their_own_command_line(host, play):
    host.processes = [["/usr/lib/erlang/beam.smp", "-proto_dist", "inet_tls", "other"], ["beam.smp", "rabbit", "inet_tcp"]]
    assert play(rabbitmq_cluster_info, host.arguments)["internode_tls"] is False
    host.processes.append(["beam.smp", "rabbit", "-proto_dist", "inet_tls"])
    assert play(rabbitmq_cluster_info, host.arguments)["internode_tls"] is True


def test_an_upgrade_over_a_series_is_said(host, play, monkeypatch):
    monkeypatch.setattr(rabbitmq_cluster_info, "package_versions", lambda module, package: {"installed": "3.10.8", "candidate": "4.0.5"})
    result = play(rabbitmq_cluster_info, dict(host.arguments, package="rabbitmq-server"))
    assert result["versions_available"]["candidate"] == "4.0.5" and "cannot be in one cluster" in result["upgrade_problems"][0]
    assert "upgrade_problems" not in play(rabbitmq_cluster_info, dict(host.arguments, package="rabbitmq-server", package_if_missing=True))


def test_names_that_lead_elsewhere_are_said(host, play, monkeypatch):
    found = {"mq1": ["198.51.100.9"], "mq3": []}
    monkeypatch.setattr(rabbitmq_cluster_info, "addresses_of", lambda name: found[name])
    addresses = {"mq1": "198.51.100.51", "mq3": "198.51.100.53"}
    assert play(rabbitmq_cluster_info, dict(host.arguments, addresses=addresses))["name_problems"] == [
        "mq2: the member name mq1 is 198.51.100.9 here, and 198.51.100.51 in the inventory: correct /etc/hosts or the name server.",
        "mq2: the member name mq3 cannot be resolved here: correct /etc/hosts or the name server, or set rabbitmq_cluster_manage_hosts to "
        "true."]


# ask.py where it touches the host

def test_a_package_without_versions_is_empty(monkeypatch):
    monkeypatch.setattr(ask.dpkg, "versions", lambda module, package: ("3.10.8-1.1+deb12u1", ""))
    assert ask.package_versions(None, "rabbitmq-server") == {"installed": "3.10.8", "candidate": ""}


def test_definitions_are_gone_from_the_disk_also_after_a_refusal(tmp_path, monkeypatch, rabbit):
    made = []
    monkeypatch.setattr(ask.tempfile, "mkdtemp", lambda prefix: made.append(tmp_path / "secret") or made[0].mkdir() or str(made[0]))

    class Cli:
        def do(self, tool, act, path):
            assert made[0].joinpath("definitions.json").stat().st_mode & 0o777 == 0o600
            raise ask.CliError("no")

    with pytest.raises(ask.CliError):
        ask.load_definitions(Cli(), {"users": []})
    assert not made[0].exists()

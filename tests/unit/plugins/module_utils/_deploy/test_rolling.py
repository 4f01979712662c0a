# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rolling restart is asked for, what it does to a node, what it says."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._deploy import fronts, rolling

GROUPS = {"apache": ["web1", "web2"], "tomcat": ["web2", "web3"], "galera": ["web3"], "haproxy": ["web1"]}
EVERYBODY = ["web1", "web2", "web3", "db1"]
PLAYBOOKS = pathlib.Path(__file__).resolve().parents[5] / "playbooks"


def asked(reached=None, groups=None, **given):
    return rolling.asked(given, GROUPS if groups is None else groups, EVERYBODY if reached is None else reached)


def test_all_web_nodes_are_taken_in_their_order():
    assert asked() == {"problems": [], "hosts": ["web1", "web2", "web3"], "doing": "restarting Tomcat and httpd of web1, web2, web3"}
    assert asked(hosts="web3, web1")["hosts"] == asked(hosts=["web3", "web1"])["hosts"] == ["web1", "web3"]
    assert asked(reached=["web2", "db1"])["hosts"] == ["web2"]
    assert asked(what="node", hosts="web2")["doing"] == "rebooting web2"
    assert asked(packages="upgrade", hosts="web2")["doing"] == "upgrading packages and restarting Tomcat and httpd of web2"
    assert asked(packages="upgrade", what="node", hosts="web2")["doing"] == "upgrading packages and rebooting web2"


@pytest.mark.parametrize("given, said", [
    ({"what": "all"}, "localhost: rolling_restart_what is 'all': give one of tomcat, httpd, services, node."),
    ({"packages": "all", "hosts": "web2"}, "localhost: rolling_restart_packages is 'all': give one of upgrade, security."),
    ({"hosts": "web2,db1"}, "localhost: rolling_restart_hosts names 'db1', which is no web node: name some of web1, web2, web3."),
    ({"reached": ["db1"]}, "localhost: --limit and rolling_restart_hosts leave no web node: name some of web1, web2, web3."),
    ({"groups": {}}, "localhost: groups apache, tomcat and app_deploy have no hosts: put the web nodes into them."),
    ({"what": "tomcat", "hosts": "web1"},
     "web1: rolling_restart_what is tomcat, but it is not in group tomcat: leave it out by -e rolling_restart_hosts=…."),
    ({"what": "node", "hosts": "web3"},
     "web3: it is in group galera too, which a reboot or other packages would take along unasked: do it by playbooks/galera_restart.yml "
     "and by hand."),
    ({"packages": "security", "hosts": "web1"},
     "web1: it is in group haproxy too, which a reboot or other packages would take along unasked: let its neighbour have the addresses "
     "and do it by hand."),
])
def test_what_cannot_be_meant_is_refused_in_one_sentence(given, said):
    assert asked(**given)["problems"] == [said]


@pytest.mark.parametrize("name, groups, said", [
    ("web1", GROUPS, ""), ("web3", GROUPS, ""),
    ("db1", dict(GROUPS, all=EVERYBODY),
     "localhost: web_drain is 'db1', which is no web node: name one of web1, web2, web3, by -e web_drain=<host>."),
    ("web7", dict(GROUPS, all=EVERYBODY),
     "localhost: web_drain is 'web7', which is no host of the inventory: name one of web1, web2, web3, by -e web_drain=<host>."),
    ("", GROUPS, "localhost: web_drain is not given: name one of web1, web2, web3, by -e web_drain=<host>."),
    ("db1", {"all": ["db1"]}, "localhost: groups apache, tomcat and app_deploy have no hosts: put the web nodes into them."),
])
def test_who_is_no_web_node_is_not_drained_with_success(name, groups, said):
    assert rolling.web_node_problem(name, "web_drain", groups) == said


WEB = ["apache", "tomcat"]


@pytest.mark.parametrize("given, mine, more, steps, told", [
    ({}, WEB, (), ["tomcat", "httpd"], "will be drained, its Tomcats and httpd restarted, looked at, given back"),
    ({"what": "httpd"}, WEB, (), ["httpd"], "will be drained, its httpd restarted, looked at, given back"),
    ({"what": "services"}, ["apache"], (), ["httpd"], "will be drained, its httpd restarted, looked at, given back"),
    ({"what": "node"}, WEB, (), ["node"], "will be drained, rebooted, looked at, given back"),
    ({"packages": "upgrade"}, WEB, (), [], "will be left alone: no package is newer, and no reboot is due"),
    ({"packages": "upgrade", "what": "tomcat"}, WEB, (), ["tomcat"], "will be drained, its Tomcats restarted, looked at, given back"),
    ({"packages": "upgrade"}, WEB, (["a", "b"],), ["tomcat", "httpd"],
     "will be drained, upgraded (a, b), its Tomcats and httpd restarted, looked at, given back"),
    ({"packages": "security"}, WEB, ([], "kernel 6.2 is installed, 6.1 runs"), ["node"],
     "will be drained, rebooted (kernel 6.2 is installed, 6.1 runs), looked at, given back"),
    ({"command": "id"}, ["apache"], (), ["httpd"], "will be drained, given 'id', its httpd restarted, looked at, given back"),
    ({"packages": "upgrade"}, WEB, (list("abcdefg"), "libc6 wants a reboot"), ["node"],
     "will be drained, upgraded (a, b, c, d, e and 2 more), rebooted (libc6 wants a reboot), looked at, given back"),
])
def test_what_is_done_to_a_node(given, mine, more, steps, told):
    assert rolling.plan(given, mine, *more) == {"needed": bool(steps), "steps": steps, "told": told, "connections_s": 5}


def test_connections_that_httpd_goes_on_serving_are_not_waited_for():
    assert rolling.plan({"what": "tomcat"}, WEB)["connections_s"] == 0
    assert rolling.plan({}, ["tomcat"])["connections_s"] == 0
    assert rolling.plan({"what": "tomcat", "command": "id"}, WEB)["connections_s"] == 5


def test_a_node_is_healthy_when_its_roles_say_so_httpd_last():
    assert rolling.verified(["apache", "tomcat", "app_deploy", "lb"], ["httpd"]) == ["tomcat_cluster", "app_deploy", "apache_modjk"]
    assert rolling.verified(["apache", "tomcat"], ["node"]) == rolling.verified(["apache", "tomcat"], ["tomcat"]) == ["apache_modjk"]


def test_the_roles_are_those_that_verify_asks():
    (play,) = yaml.safe_load((PLAYBOOKS / "verify.yml").read_text())
    known = {(re.findall(r"groups\['(\w+)'\]", task["when"])[0], task["ansible.builtin.import_role"]["name"].split(".")[-1])
             for task in play["tasks"]}
    second = {("content_target", "rsync_sync"), ("nfs_content_client", "nfs_content"), ("scouter_agent", "scouter"),
              ("monitoring_agent", "monitoring")}
    assert set(rolling.VERIFIED.items()) - second <= known
    assert {group for group, _role in known} <= {*rolling.VERIFIED, *rolling.OTHERS}
    assert all(not playbook or (PLAYBOOKS / playbook).exists() for playbook in rolling.OTHERS.values())


def test_why_something_failed_in_words():
    assert rolling.failure({"failed": True, "msg": "no. "}, "Drain") == "Drain: no"
    several = [{"msg": "fine"}, {"failed": True, "msg": "bad"}, {"failed": True, "msg": "worse"}]
    assert rolling.failure({"results": several}, "x") == "x: bad"
    assert rolling.failure({}, "x") == "x: it failed"


def worker(host, **more):
    return {"balancer": "lb", "name": "shop_%s-a" % host, "route": "%s-a" % host, "activation": "active", "state": "OK", "usable": True,
            "answers": True, **more}


def seen(weight=1, status="UP", **mine):
    servers = [] if weight is None else [{"address": "198.18.0.21", "weight": weight}]
    return {"modjk": {"web2": [worker("web1", **mine), worker("web2", usable=False)]},
            "haproxy": {"proxy1": {"running": True, "servers": [{"name": "web1", "backend": "web", "status": status}]}},
            "ipvs": {"lb1": [{"address": "198.18.0.100", "port": 80, "servers": servers}, {"fwmark": 3, "servers": []}]}}


def missing(**now):
    return list(fronts.unseen(seen(), seen(**now), "web1", ["web1-a"], "198.18.0.21"))


def test_the_balancers_have_the_node_again():
    assert missing() == []
    assert missing(weight=0) == missing(weight=None) == ["the director lb1 gives it no weight in 198.18.0.100:80"]
    assert missing(status="DOWN 1/2") == ["HAProxy on proxy1 has it as DOWN 1/2 in web"]
    assert missing(usable=False, state="ERR") == ["mod_jk on web2 has its worker shop_web1-a as active ERR"]
    assert missing(answers=False) == ["mod_jk on web2 has its worker shop_web1-a as active OK"]
    assert list(fronts.unseen(seen(weight=0), seen(weight=None), "web1", ["web1-a"], "198.18.0.21")) == [
        "the director lb1 gives it no weight in 198.18.0.100:80"]
    silent = {"haproxy": {"proxy1": {"running": False, "servers": []}}}
    assert list(fronts.unseen({}, silent, "web1", [], "198.18.0.21")) == ["HAProxy on proxy1 does not answer"]


@pytest.mark.parametrize("kind, told, good", [
    ("modjk", {"in_error": []}, True), ("modjk", {"in_error": ["a"]}, False), ("modjk", {"failed": True}, False),
    ("haproxy", {"servers": [{"status": "DOWN"}]}, False), ("haproxy", {"servers": [{"status": "MAINT"}]}, True),
    ("ipvs", {"services": [{"servers": [{}, {}]}, {"servers": []}]}, True), ("ipvs", {"services": [{"servers": [{}]}]}, False)])
def test_which_answers_are_asked_for_again(kind, told, good):
    assert fronts.settled(kind, told) is good


def test_a_move_to_the_next_release_ends_with_restarts_and_is_said():
    found = rolling.plan({"release": "the next release"}, ["web", "apache", "tomcat"])
    assert found == {"needed": True, "steps": ["tomcat", "httpd"], "connections_s": rolling.CONNECTIONS_S,
                     "told": "will be drained, moved to the next release, its Tomcats and httpd restarted, looked at, given back"}
    told = rolling.asked({"release": "the next release"}, {"apache": ["web1"], "all": ["web1"]}, ["web1"])
    assert told["doing"] == "moving web1 to the next release" and told["problems"] == []


def test_a_move_takes_no_other_tier_along():
    groups = {"apache": ["web1"], "galera": ["web1"], "all": ["web1"]}
    assert len(rolling.asked({"release": "the next release"}, groups, ["web1"])["problems"]) == 1

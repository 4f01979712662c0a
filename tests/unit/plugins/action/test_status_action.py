"""playbooks/status.yml and its actions as an operator calls them: a real ansible-playbook over the worked inventories, whose hosts have no
Python, so that each of them can be asked and none of them answers."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.failover.stack.plugins.action import status_info, status_report
from ansible_collections.failover.stack.plugins.module_utils._status import asks, tiers
from ansible_collections.failover.stack.plugins.modules import status_info as module

ROOT = pathlib.Path(__file__).resolve().parents[4]
DUMP = [{"hosts": "all:!client", "gather_facts": False, "strategy": "linear", "tasks": [
    {"failover.stack.status_info": {"host_s": 30}, "register": "told"},
    {"ansible.builtin.copy": {
        "content": "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'told'))) | to_json }}",
        "dest": "{{ dump }}"},
     "run_once": True, "delegate_to": "localhost", "vars": {"ansible_python_interpreter": sys.executable}}]}]
NOBODY = ["-e", "ansible_connection=local", "-e", "ansible_python_interpreter=/bin/false"]


def ansible(where, *arguments):
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".ansible" / "collections"), ANSIBLE_NOCOLOR="1",
                       ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_LOCAL_TEMP=str(where / "local"))
    done = subprocess.run([sys.executable, "-m", "ansible", "playbook", *arguments], cwd=where, env=environment, capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def worked(where, inventory):
    """A copy of a worked inventory: evaluating what stands beside a secret makes the secret's file, below the inventory's place."""
    shutil.copytree(ROOT / "inventories" / inventory, where / "inventories" / inventory, dirs_exist_ok=True)
    return str(where / "inventories" / inventory)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """{inventory: {host: {tier: what it was asked}}}"""
    found = {}
    for inventory in ("lab", "web_haproxy", "directors", "galera_rabbitmq"):
        where = tmp_path_factory.mktemp(inventory)
        # What a task says of itself counts more than -e would let it.
        plays = [dict(DUMP[0], vars={"ansible_connection": "local", "ansible_python_interpreter": "/bin/false",
                                     "dump": str(where / "dump.json")})]
        (where / "dump.yml").write_text(yaml.safe_dump(plays), encoding="utf-8")
        code, output = ansible(where, "-i", worked(where, inventory), "dump.yml")
        assert code == 0, output
        told = json.loads((where / "dump.json").read_text(encoding="utf-8"))
        assert all(not one["reached"] and "cannot be read" in one["because"] for one in told.values())
        found[inventory] = {host: {tier: entry["asked"] for tier, entry in one["tiers"].items()} for host, one in told.items()}
    return found


@pytest.mark.parametrize(("inventory", "host", "tiers_there"), [
    ("lab", "lb1", ["vip", "ipvs", "scouter"]), ("lab", "proxy2", ["vip", "haproxy", "scouter", "firewall"]),
    ("lab", "db3", ["mysql", "backup", "etcd", "scouter", "firewall"]), ("lab", "mon", ["scouter", "firewall"]),
    ("lab", "web1", ["realserver", "httpd", "tomcat", "application", "content", "scouter", "firewall"]),
    ("lab", "galera2", ["galera", "scouter", "firewall"]), ("lab", "mq1", ["rabbitmq", "scouter", "firewall"]),
    ("lab", "content1", ["content", "nfs", "scouter"]), ("lab", "files1", ["nfs", "scouter"]),
    ("web_haproxy", "proxy1", ["vip", "haproxy"]), ("web_haproxy", "web1", ["httpd", "tomcat", "application", "content", "nfs"]),
    ("web_haproxy", "files1", ["content", "nfs"]), ("directors", "lb1", ["vip", "ipvs"]),
    ("galera_rabbitmq", "galera1", ["galera"]), ("galera_rabbitmq", "mq3", ["rabbitmq"])])
def test_hosts_have_their_tiers(asked, inventory, host, tiers_there):
    assert list(asked[inventory][host]) == tiers_there
    assert None not in [one["cluster"] for one in asked[inventory][host].values()]


def test_what_a_director_is_asked(asked):
    found = asked["lab"]["lb1"]
    assert found["vip"]["addresses"] == ["198.18.0.100/24", "198.18.0.103/24"] and found["vip"]["instances"] == ["web", "returning"]
    assert [(one["name"], one["port"]) for one in found["ipvs"]["services"]] == [("http", 80), ("https", 443), ("sticky", 80)]
    assert found["ipvs"]["services"][0]["servers"] == [{"name": "web1", "address": "198.18.0.21", "weight": 3},
                                                       {"name": "web2", "address": "198.18.0.22", "weight": 2}]


def test_what_a_database_is_asked(asked):
    found = asked["lab"]["db1"]
    assert found["mysql"]["members"] == {"db1": "198.18.0.31", "db2": "198.18.0.32", "db3": "198.18.0.33"}
    assert found["mysql"]["automatic"] and [one["name"] for one in found["mysql"]["units"]] == ["mariadb.service", "mysql-writer.service"]
    assert found["etcd"]["members"]["db2"] == "https://198.18.0.32:2379" and found["etcd"]["limits"]["snapshot_age_s"] == 10800


def test_what_a_web_node_is_asked(asked):
    found = asked["lab"]["web2"]
    assert found["tomcat"]["services"] == [{"name": "tomcat1/user", "port": 8009}]
    assert found["application"]["applications"] == [{"name": "demo", "docroot": "/srv/demo", "units": ["tomcat@tomcat1.service"]}]
    assert found["content"]["targets"][0]["target"] == "/srv/media" and found["httpd"]["url"] == "http://127.0.0.1:80/jkmanager"


def test_no_secret_is_passed(asked):
    text = json.dumps(asked).replace('"login_password": null', "")
    assert not re.search(r"passw|secret|BEGIN|\.key\b", text)


# --- The playbook -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """(rc, output, document, page) of playbooks/status.yml over the lab's inventory, as JSON."""
    where = tmp_path_factory.mktemp("status")
    code, output = ansible(where, "-i", worked(where, "lab"), *NOBODY, "-e", "status_format=json", "-e",
                           "status_page=%s/seen/status.html" % where, "failover.stack.status")
    return code, output, json.loads((where / "seen/status.json").read_text("utf-8")), (where / "seen/status.html").read_text("utf-8")


def test_tiers_that_cannot_be_read_are_red_and_the_playbook_fails(run):
    code, output, document, _page = run
    assert code == 2 and document["state"] == "critical"
    assert {one["tier"] for one in document["lines"] if one["state"] == "critical"} == {
        "hosts", "vip", "ipvs", "haproxy", "realserver", "httpd", "tomcat", "application", "mysql", "backup", "etcd", "galera", "rabbitmq",
        "content", "nfs", "scouter", "firewall"}
    assert document["verdict"] in output and "unreachable=1" not in output
    for line in document["lines"]:
        assert line["state"] != "critical" or len(line["problems"]) == len(line["hosts"])


def test_the_document_is_one_line_of_the_output(run):
    _code, output, document, _page = run
    (line,) = [one for one in output.splitlines() if one.startswith("{")]
    assert json.loads(line) == document


def test_the_page_shows_every_host(run):
    _code, _output, document, page = run
    for host in next(one for one in document["lines"] if one["tier"] == "hosts")["hosts"]:
        assert ">%s</text>" % host in page, host
    assert "@@" not in page and "<h1>lab</h1>" in page


def test_a_table_for_people(tmp_path):
    code, output = ansible(tmp_path, "-i", worked(tmp_path, "lab"), *NOBODY, "-e", "status_page=", "-l", "galera",
                           "failover.stack.status")
    assert code == 2 and re.search(r"^RED   Galera +nothing could be read$", output, re.M) and not list(tmp_path.glob("*.html"))
    assert "4 of 7 lines are red: Hosts, Galera, Scouter, Firewall" in output and "RED   MySQL" not in output


@pytest.mark.parametrize(("more", "words"), [
    (["-e", "status_page=/proc/nowhere/status.html"], "status_page is /proc/nowhere/status.html, which cannot be written"),
    (["-e", "status_format=yaml"], "value of format must be one of: table, json"),
    (["-e", '{"status_limits": {"backup_age": 1}}'], "backup_age")])
def test_what_is_asked_for_wrongly_is_refused(tmp_path, more, words):
    code, output = ansible(tmp_path, "-i", worked(tmp_path, "galera_rabbitmq"), *NOBODY, "-e", "status_page=", *more,
                           "failover.stack.status")
    assert code == 2 and words in " ".join(output.split())


def test_an_inventory_without_a_tier_is_refused(tmp_path):
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {"other": {}}}}), encoding="utf-8")
    code, output = ansible(tmp_path, "-i", "hosts.yml", "failover.stack.status")
    assert code == 2 and "no tier of this inventory has hosts, so there is nothing to tell" in " ".join(output.split())


def test_variables_that_cannot_be_evaluated_are_their_tiers_error(tmp_path):
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": {"galera": {"hosts": {"g1": {
        "ansible_host": "198.51.100.1", "galera_members": "{{ nowhere }}"}}}}}}), encoding="utf-8")
    _code, output = ansible(tmp_path, "-i", "hosts.yml", *NOBODY, "-e", "status_page=", "failover.stack.status")
    assert re.search(r"- g1: variables of role galera cannot be evaluated \(.*nowhere", " ".join(output.split()))


# --- The actions ------------------------------------------------------------------------


@pytest.fixture
def told(act):
    """told(answer of the module, …) -> what the action makes of it."""
    def of(answer, **given):
        action = act(status_info, {}, [answer])
        return action.plugin.told({"galera": {}}, {"limit_s": 8.0, "host_s": 11.0, **given}, {})

    return of


@pytest.mark.parametrize(("answer", "because"), [
    (AnsibleConnectionFailure("Failed to connect to the host via ssh: ssh: connect to host 192.0.2.1 port 22: Connection timed out"),
     "it cannot be reached (ssh: connect to host 192.0.2.1 port 22: Connection timed out)"),
    ({"unreachable": True, "msg": "Host key verification failed.\n"}, "it cannot be reached (Host key verification failed)"),
    ({"failed": True, "msg": "The module failed", "module_stderr": "x"}, "it cannot be read (The module failed)"),
    ({"failed": True, "module_stderr": "/bin/sh: 1: python3: not found\n"}, "it cannot be read (/bin/sh: 1: python3: not found)"),
    ({}, "it cannot be read (the module said nothing)")])
def test_why_a_host_told_nothing(told, answer, because):
    assert told(answer) == {"because": because, "tiers": {}, "machine": {}}


def test_what_a_host_told(told):
    found = told({"tiers": {"galera": {"read": {}}}, "machine": {"stale": []}})
    assert (found["because"], found["tiers"], found["machine"]) == ("", {"galera": {"read": {}}}, {"stale": []})


def test_a_machine_that_stands_still_is_given_up_in_time(told):
    before, handler = time.monotonic(), signal.getsignal(signal.SIGALRM)
    assert told(lambda name, arguments: time.sleep(30), host_s=0.2)["because"] == "it did not answer within 0.2 s"
    assert time.monotonic() - before < 5 and signal.getsignal(signal.SIGALRM) == handler
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_host_of_which_nothing_is_registered_is_not_left_out():
    hosts = status_report.ActionModule.hosts("__status", {"ansible_play_hosts_all": ["a"], "hostvars": {"a": {}}})
    assert hosts == {"a": {"reached": False, "because": "nothing was registered of it", "tiers": {}, "machine": {}}}


# --- The table of tiers -----------------------------------------------------------------


def test_every_tier_is_asked_read_and_judged():
    names = {tier.name for tier in asks.TIERS}
    assert names == set(module.WHERE) == set(tiers.JUDGES)
    for name in names:
        assert callable(module.reader_of(name)()), name


def test_every_group_of_a_tier_is_one_of_the_play():
    text = (ROOT / "playbooks/status.yml").read_text(encoding="utf-8")
    for group in {group for tier in asks.TIERS for group in tier.groups}:
        assert group in re.split(r"[\s:]+", text), group


def test_who_leaves_a_cluster_is_none_of_its_members():
    groups = {"galera": ["a", "b"], "galera_leaving": ["b"], "etcd": ["b"]}
    assert [tier.name for tier in asks.tiers_of("b", groups)] == ["etcd"]
    assert [tier.name for tier in asks.tiers_of("a", groups)] == ["galera"]


@pytest.mark.parametrize("manager, servers", [
    ("keepalived", None), ("ipvsadm", [{"name": "10.0.0.2", "address": "10.0.0.2", "weight": 1}])])
def test_a_table_without_a_watch(manager, servers):
    found = asks.ipvs_static({"manager": manager, "services": [{"address": "10.0.0.1", "port": 80, "servers": [{"address": "10.0.0.2"}]}]})
    assert (found and found["services"][0]["servers"]) == servers


def test_a_director_without_virtual_servers_is_no_tier():
    assert asks.ipvs({"virtual_services": []}) is None

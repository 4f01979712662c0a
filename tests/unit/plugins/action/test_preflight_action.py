"""The action as playbooks call it: a real ansible-playbook over inventories that are made here. It connects nowhere."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[4]
SECRETS = {"mysql_replication_password": "replication-pw-1", "mysql_replication_monitor_password": "monitor-pw-0001"}


@pytest.fixture
def play(tmp_path):
    """Runs a playbook of this collection, or tasks written here, over an inventory; returns (rc, output)."""
    def run(inventory, *arguments, playbook="failover.stack.preflight"):
        for name, content in (("inventory.yml", inventory), ("playbook.yml", playbook)):
            (tmp_path / name).write_text(yaml.safe_dump(content), encoding="utf-8")
        environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".ansible" / "collections"), ANSIBLE_NOCOLOR="1",
                           ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"))
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.yml", *arguments,
             "playbook.yml" if isinstance(playbook, list) else playbook],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
    return run


def cluster(**hosts):
    return {"all": {"vars": SECRETS, "children": {"mysql_replication": {"hosts": hosts}}}}


def problems(output):
    """The sentences of the failed task, in their order."""
    return re.findall(r"^ +- (.*)$", output, re.M)


def failed(output):
    return re.findall(r"^(\S+) +: .*failed=[1-9]", output, re.M)


def test_everything_at_once_and_no_secret(play):
    inventory = cluster(
        db1={"ansible_host": "198.51.100.1", "mysql_replication_port": [1]},
        db2={"ansible_host": "198.51.100.2", "mysql_replication_sources": "{{ nowhere }}", "mysql_replication_password": ["geheim-77"]},
        db3={"ansible_host": "198.51.100.3", "mysql_replication_datadir": "/home/mysql", "mysql_replication_port": "70000"},
        db4={"ansible_host": "198.51.100.4", "mysql_replication_server_id": 7},
        db5={"ansible_host": "198.51.100.5", "mysql_replication_server_id": "7"})
    inventory["all"]["children"]["nothing"] = {"hosts": {"other": {"ansible_host": "198.51.100.4"}}}
    rc, output = play(inventory)
    said = problems(output)
    assert rc == 2 and "preflight found %d problems" % len(said) in output
    assert said[0] == "db1: mysql_replication_port is a list: write a whole number, digits alone."
    assert "db2: mysql_replication_sources cannot be evaluated ('nowhere' is undefined): correct it in the inventory." in said
    assert said[-5:] == [
        "db3: mysql_replication_port is 70000: set a number from 1024 to 65535.",
        "db3: mysql_replication_datadir is /home/mysql: the server's unit may not write beneath /home, choose another place, for example "
        "/srv/mysql.",
        "db4: mysql_replication_server_id is 7, which member db5 has, too: give each its own.",
        "db5: mysql_replication_server_id is 7, which member db4 has, too: give each its own.",
        "other: ansible_host is 198.51.100.4, which another host has: give each its own."]
    assert "geheim-77" not in output


def test_a_default_that_follows_from_a_wrong_value_is_not_told_beside_it(play):
    rc, output = play(cluster(db1={"ansible_host": "198.51.100.1", "mysql_replication_sources": {"db1": None}}))
    assert rc == 2
    assert problems(output) == ["db1: mysql_replication_sources is a dictionary: write a list, an entry behind each dash."]


def test_a_variable_that_is_left_empty_is_not_taken_for_the_word_none(play):
    rc, output = play(cluster(db1={"ansible_host": "198.51.100.1", "mysql_replication_port": None}))
    assert rc == 2
    assert problems(output) == ["db1: mysql_replication_port is empty: give a value, or take it out for its default, 3306."]


def test_variables_are_those_a_task_of_the_role_would_see(play, tmp_path):
    """Defaults beneath the inventory and what lies beside it, extra vars above; peers through hostvars; lookups in the role."""
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "mysql_replication.yml").write_text("mysql_replication_datadir: /home/beside\n", encoding="utf-8")
    inventory = cluster(
        db1={"mysql_replication_address": "{{ inventory_hostname }}.example"},
        db2={"mysql_replication_server_id": 1,
             "mysql_replication_writer_address": "{{ lookup('ansible.builtin.file', 'meta/argument_specs.yml')[:3] }}"},
        db3={"mysql_replication_server_id": 2, "mysql_replication_writer_address": "{{ hostvars['db4']['given'] }}/24"},
        db4={"mysql_replication_server_id": 3, "given": "{{ part }}.9", "part": "198.51.100", "mysql_replication_address": "198.51.100.9",
             "mysql_replication_writer_address": "{{ role_name }} on {{ ansible_host }}", "mysql_replication_port": 1})
    rc, output = play(inventory, "--check", "-e", "mysql_replication_port=0")
    said = "\n".join(problems(output))
    assert rc == 2
    assert "db1: mysql_replication_address is 'db1.example', which is no address: give one of this host's" in said
    assert "db2: mysql_replication_writer_address is '---'" in said
    assert "db3: mysql_replication_writer_address is 198.51.100.9, which is a member's own address" in said
    assert "db4: mysql_replication_writer_address is 'mysql_replication on db4'" in said
    for host in ("db1", "db2", "db3", "db4"):
        assert "%s: mysql_replication_port is 0: set a number" % host in said
        assert "%s: mysql_replication_datadir is /home/beside" % host in said


def test_the_limit_takes_hosts_from_the_question_but_not_from_the_peers(play):
    inventory = cluster(
        db1={"ansible_host": "198.51.100.1", "mysql_replication_writer_address": "198.51.100.3/24"},
        db2={"ansible_host": "198.51.100.2"}, db3={"ansible_host": "198.51.100.3", "mysql_replication_port": 0})
    rc, output = play(inventory, "--limit", "db1,db2")
    assert rc == 2
    assert problems(output) == [
        "db1: mysql_replication_writer_address is 198.51.100.3, which is a member's own address: choose a free one."]
    rc, output = play(inventory, "--limit", "db2", "-v")
    assert rc == 0, output
    assert "1 hosts, no objections" in output


def test_two_clusters_with_one_writer_address_of_which_one_is_named(play):
    inventory = {"all": {"vars": SECRETS, "children": {"mysql_replication": {"children": {
        name: {"hosts": {"db%d" % number: {"ansible_host": "198.51.100.%d" % number}},
               "vars": {"mysql_replication_group": name, "mysql_replication_writer_address": "198.51.100.100/24"}}
        for number, name in enumerate(("shop", "crm"), 1)}}}}}
    for limit in ("db1", "db2"):
        rc, output = play(inventory, "--limit", limit)
        assert (rc, problems(output)) == (2, [
            "%s: mysql_replication_writer_address is 198.51.100.100, which somebody else has: choose a free one." % limit])


def test_one_server_id_in_a_cluster_of_which_one_host_is_named(play):
    inventory = cluster(
        db1={"ansible_host": "198.51.100.1"}, db2={"ansible_host": "198.51.100.2", "mysql_replication_server_id": 3325256705})
    for limit, other in (("db1", "db2"), ("db2", "db1")):
        rc, output = play(inventory, "--limit", limit)
        assert (rc, problems(output)) == (2, [
            "%s: mysql_replication_server_id is 3325256705, which member %s has, too: give each its own." % (limit, other)])


def test_a_host_is_asked_for_the_roles_of_its_groups_only(play):
    inventory = cluster(db1={"ansible_host": "198.51.100.1"})
    inventory["all"]["children"]["galera_arbitrator"] = {"hosts": {"arbiter": {"mysql_replication_port": 0}}}
    rc, output = play(inventory)
    assert rc == 2
    assert "arbiter: group 'galera_arbitrator' has arbitrators only: they hold no data, add members to group 'galera'." in problems(output)
    assert not [sentence for sentence in problems(output) if "mysql_replication" in sentence or not sentence.startswith("arbiter: ")]


def test_a_role_alone_refuses_on_the_host_that_contradicts(play):
    tasks = [{"ansible.builtin.import_role": {"name": "failover.stack.mysql_replication", "tasks_from": "preflight"}},
             {"ansible.builtin.debug": {"msg": "went on"}}]
    rc, output = play(
        cluster(db1={"ansible_host": "198.51.100.1"}, db2={"ansible_host": "198.51.100.2"}), "-e", "{mysql_replication_tls: 'yes'}",
        playbook=[{"hosts": "all", "gather_facts": False, "tasks": [
            {"ansible.builtin.set_fact": {"mysql_replication_port": 0}, "when": "inventory_hostname == 'db2'"}, *tasks]}])
    assert rc == 2 and failed(output) == ["db2"]
    assert "db2: mysql_replication_port is 0: set a number from 1024 to 65535." in output
    assert re.search(r"ok: \[db1\] =>\s+msg: went on", output)


def test_a_role_is_not_asked_twice_unless_something_changed(play, tmp_path):
    """Whether it was asked again shows by a key that is taken away after the first time."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=www", "-keyout", str(tmp_path / "key"),
                    "-out", str(tmp_path / "certificate")], check=True, capture_output=True)
    group = {
        "haproxy_stats_password": "long-enough-for-this", "haproxy_stats_user": "{{ somebody }}", "somebody": "admin",
        "haproxy_backends": [{"name": "web", "servers": [{"name": "w1", "address": "198.51.100.9", "port": 80}]}],
        "haproxy_frontends": [{"name": "site", "binds": [{"port": 443, "certificates": ["www"]}], "default_backend": "web"}],
        "haproxy_certificates": [{"name": "www", "certificate": str(tmp_path / "certificate"), "key": str(tmp_path / "key")}]}
    names = ("same", "other_value", "other_meaning", "given_here", "facts")
    inventory = {"haproxy": {"vars": group, "hosts": {
        name: {"ansible_host": "198.51.100.%d" % number, "ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        for number, name in enumerate(names, 1)}}}

    def ask(host, *before, **more):
        role = {"ansible.builtin.import_role": {"name": "failover.stack.haproxy", "tasks_from": "preflight"}, **more}
        return {"hosts": host, "gather_facts": False, "tasks": [{
            "block": [*before, role],
            "rescue": [{"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} because {{ ansible_failed_result.msg }}"}}]}]}

    rc, output = play(inventory, playbook=[
        {"ansible.builtin.import_playbook": "failover.stack.preflight"},
        {"hosts": "same", "gather_facts": False, "tasks": [
            {"ansible.builtin.file": {"path": str(tmp_path / "key"), "state": "absent"}},
            {"ansible.builtin.group_by": {"key": "another_group"}}]},
        ask("same"),
        ask("other_value", {"ansible.builtin.set_fact": {"haproxy_maxconn": 9}}),
        ask("other_meaning", {"ansible.builtin.set_fact": {"somebody": "root"}}),
        ask("given_here", vars={"haproxy_maxconn": 9}),
        ask("facts", {"ansible.builtin.setup": {"gather_subset": ["!all", "!min", "python"]}})])
    assert rc == 0, output
    assert re.findall(r"^ +msg: '?(\S+) because \1: haproxy_certificates\[0\].key is", output, re.M) == list(names[1:]), output


def test_a_role_without_rules_is_refused(play):
    rc, output = play({"haproxy": {"hosts": {"proxy1": {}}}}, playbook=[{"hosts": "all", "gather_facts": False, "tasks": [
        {"failover.stack.preflight": {"roles": {"demo_app": ["haproxy"]}}, "run_once": True}]}])
    assert rc == 2
    assert re.search(r"Role demo_app has no \S+/_preflight/demo_app.py: preflight needs it.", output.replace("\n", ""))


def test_an_old_name_counts_and_is_warned_of_once_with_all_its_hosts(play):
    frontend = {"name": "http", "binds": [{"port": 80}], "hsts_seconds": "60"}
    inventory = {"all": {"children": {"haproxy": {
        "hosts": {"lb1": {"ansible_host": "198.51.100.1", "haproxy_frontends": [frontend]},
                  "lb2": {"ansible_host": "198.51.100.2", "haproxy_drain_s": 7}, "lb3": {"ansible_host": "198.51.100.3"}},
        "vars": {"haproxy_stats_password": "stats-password-1", "haproxy_drain_seconds": "ten"}}}}}
    rc, output = play(inventory)
    flat = " ".join(output.split())
    assert rc == 2
    assert ("haproxy_drain_seconds is called haproxy_drain_s now (lb1, lb2, lb3): rename it in the inventory, the next minor release no "
            "longer knows the old name.") in flat
    assert "haproxy_frontends.hsts_seconds is called hsts_s now (lb1): rename it in the inventory" in flat
    said = "\n".join(problems(output))
    assert "lb1: haproxy_drain_s is 'ten': write" in said and "lb2: haproxy_drain_s" not in said, "the old name's value counts"
    inventory["all"]["children"]["haproxy"]["vars"]["haproxy_drain_seconds"] = "10"
    assert "lb1: haproxy_frontends[0].hsts_s is 60, but no bind has certificates" in play(inventory)[1]

"""Inventories as people write them (tests/unit/recorded/cases/mysql-*), through preflight and through the role's own rendering."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TREE = Path(__file__).resolve().parents[3]
CASES = TREE / "tests/unit/recorded/cases"
ROLE = TREE / "roles/mysql_replication"
ENVIRONMENT = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(TREE / ".ansible/collections"), ANSIBLE_CONFIG=str(TREE / "ansible.cfg"),
                   ANSIBLE_NOCOLOR="1", PATH=os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"])


def play(playbook, inventory, where, *more):
    return subprocess.run(["ansible-playbook", "-i", str(inventory), *more, str(playbook)], cwd=where, env=ENVIRONMENT,
                          capture_output=True, text=True, timeout=120, check=False)


def told(case):
    done = play(TREE / "playbooks/preflight.yml", CASES / case, TREE)
    return sorted(set(re.findall(r"^ *- (db[0-9]: .*)$", done.stdout, re.M)))


@pytest.fixture
def written(tmp_path):
    """What the role makes of a case: a host's option file, and what its tasks pass on."""
    def make(case, host, *more):
        (tmp_path / "play.yml").write_text(yaml.safe_dump([
            {"hosts": "all", "gather_facts": False, "connection": "local",
             "tasks": [{"ansible.builtin.include_role": {"name": "written"}}]}]))
        wanted = {"server": "{{ lookup('failover.stack.template', 'server.cnf.j2') }}", "tls": "{{ mysql_replication_tls | bool }}",
                  "channels": "{{ lookup('failover.stack.mysql_cluster', 'channels') }}"}
        role = tmp_path / "roles/written"
        (role / "tasks").mkdir(parents=True)
        for part in ("defaults", "vars", "templates", "meta"):
            (role / part).symlink_to(ROLE / part)
        (role / "tasks/main.yml").write_text(yaml.safe_dump([
            {"ansible.builtin.include_vars": "Debian.yml"},
            {"ansible.builtin.copy": {"content": "{{ wanted | to_json }}", "dest": str(tmp_path) + "/{{ inventory_hostname }}.json"},
             "vars": {"wanted": wanted, "ansible_python_interpreter": sys.executable}}]))
        done = play(tmp_path / "play.yml", CASES / case, tmp_path, "--limit", host, *more)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads((tmp_path / (host + ".json")).read_text())
    return make


def test_a_binary_log_without_some_databases_is_refused_with_what_to_do_instead():
    (first, second) = told("mysql-binlog-do-db.yml")
    assert first == ("db1: mysql_replication_settings.binlog_do_db: what is not in the binary log no replica gets, and a failover would "
                     "promote one without it, keep such databases on a server of their own, or leave them out at one replica by "
                     "replicate_ignore_db.")
    assert second.startswith("db2: ")


def test_dns_names_as_addresses_are_refused_with_the_variable_to_set():
    assert told("mysql-dns.yml") == [
        "db%d: mysql_replication_address is 'db%d.prod.example', which is no address: give one of this host's, ansible_host is the default."
        % (number, number)
        for number in (1, 2, 3)]


def test_numbers_and_truths_of_an_ini_file_are_what_they_mean(written):
    assert told("mysql-vars.ini") == []
    made = written("mysql-vars.ini", "db2")
    lines = made["server"].splitlines()
    assert "port = 3307" in lines and "require_secure_transport = OFF" in lines and "rpl_semi_sync_slave_enabled = OFF" in lines
    assert "binlog_expire_logs_seconds = 1209600" in lines and "ssl_ca" not in made["server"]
    assert made["tls"] is False and made["channels"]["db1"]["ssl"] is False and made["channels"]["db1"]["source_port"] == 3307


def test_lists_and_numbers_of_the_command_line_are_what_they_mean(written):
    made = written("mysql-vars.ini", "db2", "-e", "mysql_replication_sources=db1,db2", "-e", "mysql_replication_port=3308", "-e",
                   "mysql_replication_tls=no")
    lines = made["server"].splitlines()
    assert "port = 3308" in lines and "auto_increment_increment = 2" in lines and "auto_increment_offset = 2" in lines
    assert "gtid_domain_id = 2" in lines


def test_filters_and_plugins_are_a_line_each(written):
    lines = written("mysql-filters.yml", "db3")["server"].splitlines()
    assert lines[-7:] == [
        "innodb_io_capacity = high", "plugin_load_add = server_audit", "plugin_load_add = simple_password_check", "replicate_do_db = shop",
        "replicate_do_db = crm", "replicate_wild_ignore_table = scratch.%", 'replicate_wild_ignore_table = "tmp\\\\_%.%"']
    # What else the server does not take is refused on the host, by its own check.
    assert {sentence.partition(": ")[2] for sentence in told("mysql-filters.yml")} == {
        "mysql_replication_%spassword has 0 capital letters where 1 are demanded, and the settings load simple_password_check, which would "
        "refuse it: give another one." % name for name in ("", "monitor_")}


def test_a_database_with_its_collation_is_taken():
    assert not [sentence for sentence in told("mysql-dicts.yml") if "databases" in sentence]

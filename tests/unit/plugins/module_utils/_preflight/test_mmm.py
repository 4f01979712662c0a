# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pathlib

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes, spec_problems
from ansible_collections.failover.stack.plugins.module_utils._preflight.mmm import claims, problems

ROLE = pathlib.Path(__file__).resolve().parents[5] / "roles/mmm"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
DEFAULTS = {name: option["default"] for name, option in SPEC.items() if "default" in option}
MEMBERS = ["db1", "db2", "db3"]
WELL = {"mysql_replication_sources": ["db1", "db2"], "mysql_replication_writer_address": "192.0.2.102/24",
        "mysql_replication_failover": "mmm", "mysql_replication_administrators": ["mmm_agent"]}
LONG = "long-enough-for-all"


def values(**changes):
    return {
        **DEFAULTS, "mmm_members": MEMBERS, "mmm_monitors": ["mon"], "mmm_address": "192.0.2.41", "mmm_monitor_address": "192.0.2.41",
        "mmm_addresses": ["192.0.2.31", "192.0.2.32", "192.0.2.33"], "mmm_databases": dict.fromkeys(MEMBERS, WELL), "mmm_registered": {},
        "mmm_archive": "/srv/mysql-mmm-2.2.1.tar.gz", "mmm_archive_checksum": "sha256:" + "0a" * 32, "mmm_reader_hosts": MEMBERS,
        "mmm_reader_addresses": ["192.0.2.111", "192.0.2.112"], "mmm_ping_addresses": ["192.0.2.31"], "mmm_agent_password": LONG,
        "mmm_monitor_password": LONG, **{"mmm_" + name: value for name, value in changes.items()}}


def db2(**changes):
    return values(databases=dict(dict.fromkeys(MEMBERS, WELL), db2={
        **WELL, **{"mysql_replication_" + name: value for name, value in changes.items()}}))


def told(given, host="mon"):
    (sentence,) = problems(host, given)
    return sentence


def test_the_usual_cluster():
    assert problems("mon", values()) == [] == problems("db1", values(replication_password=LONG))
    assert spec_problems("mon", SPEC, {name: value for name, value in values().items() if name in SPEC})[0] == []


def test_one_monitor():
    assert told(values(monitors=["mon", "mon2"])) == (
        "mon: group 'mmm_monitor' has 2 hosts (mon, mon2): MMM has one monitor, since two would hand out roles against each other; "
        "leave one "
        "host in it.")
    assert told(values(monitors=[])).startswith("mon: group 'mmm_monitor' has no host: MMM has one monitor")


def test_names_that_mmm_cannot_tell_apart():
    names = ["db.1", "db-1", "default"]
    given = values(members=names, databases=dict.fromkeys(names, WELL), reader_hosts=names)
    assert problems("mon", given) == [
        "mon: db.1 and db-1 are both 'db-1' to MMM, which knows letters, digits, - and _: rename one.",
        "mon: default is the name of MMM's template for hosts: rename it."]


@pytest.mark.parametrize(("given", "words"), [
    ({"archive": ""}, "mmm_archive is empty: MMM is in no package registry, give the path or URL of the tar.gz of its sources (2.2.1 to "
                      "2.2.3), "
                      "and mmm_archive_checksum."),
    ({"archive_checksum": ""}, "mmm_archive_checksum is empty: what runs as root is checked first, give it as sha256: and the digits."),
    ({"archive_checksum": "sha256:123"},
     "mmm_archive_checksum is 'sha256:123': write sha256: with 64 or sha512: with 128 hexadecimal digits."),
    ({"monitor_address": "mon.example.com"},
     "mon is reached at 'mon.example.com': MMM knows IPv4 addresses alone, give one in mmm_address."),
    ({"addresses": ["2001:db8::31", "192.0.2.32", "192.0.2.33"]},
     "db1 is reached at '2001:db8::31': MMM knows IPv4 addresses alone, give one in mysql_replication_address."),
    ({"ping_addresses": ["gateway"]}, "mmm_ping_addresses has 'gateway': write IPv4 addresses."),
    ({"ping_addresses": []}, "mmm_ping_addresses is empty: the monitor would never see that it is cut off itself, leave it out."),
    ({"reader_addresses": ["192.0.2.111/24"]},
     "mmm_reader_addresses has '192.0.2.111/24': write IPv4 addresses without a prefix length."),
    ({"reader_addresses": ["192.0.2.102"]},
     "mmm_reader_addresses has 192.0.2.102, which is mysql_replication_writer_address of db1: choose a free one."),
    ({"reader_addresses": ["192.0.2.33"]}, "mmm_reader_addresses has 192.0.2.33, which is a member's own: choose a free one."),
    ({"reader_addresses": ["192.0.2.111", "192.0.2.111"]}, "mmm_reader_addresses has 192.0.2.111 twice: name it once."),
    ({"reader_hosts": ["db3"]}, "mmm_reader_addresses has 2 addresses for 1 hosts (db3): each holds one, take addresses out or add hosts."),
    ({"reader_hosts": [*MEMBERS, "db9"]},
     "mmm_reader_hosts names db9, which is not in group 'mysql_replication' (db1, db2, db3): correct the name."),
    ({"agent_user": "Agent", "databases": {name: dict(WELL, mysql_replication_administrators=["Agent"]) for name in MEMBERS}},
     "mmm_agent_user is 'Agent': use small letters, digits and _, and begin with a letter."),
    ({"monitor_user": "mmm_agent"}, "mmm_agent_user and mmm_monitor_user are both 'mmm_agent': give each its own name, their privileges "
                                    "differ."),
    ({"monitor_user": "replication"},
     "mmm_monitor_user is 'replication', which is mysql_replication_user of db1: give each its own name, their privileges differ."),
    ({"agent_password": ""}, "mmm_agent_password is missing: set it, 12 to 79 characters."),
    ({"agent_password": "short"}, "mmm_agent_password has 5 characters: use 12 to 79."),
    ({"monitor_password": "it's-long-enough"}, "mmm_monitor_password has blanks, quotes, \\ or letters outside ASCII, which MMM writes "
                                               "into "
                                               "statements as they are: use others."),
    ({"old_passwords": {"mmm_tools": "a former password"}},
     "mmm_old_passwords has one for 'mmm_tools', which is no account here (mmm_agent, mmm_monitor): correct the name, or leave it out."),
    ({"check_trap_s": 0}, "mmm_check_trap_s is 0: set a number from 1 to 600."),
    ({"kill_host": "off.sh"}, "mmm_kill_host is 'off.sh': write an absolute path of letters, digits and _ . + -.")])
def test_refusals(given, words):
    assert told(values(**given)) == "mon: " + words


@pytest.mark.parametrize(("given", "words"), [
    ({"flavour": "mysql"}, "flavour mysql: MMM says SHOW SLAVE STATUS, SHOW MASTER STATUS, CHANGE MASTER TO, START SLAVE and STOP "
                           "SLAVE, which "
                           "MySQL 8.4 and later do not know any more: use MariaDB, or leave group 'mmm_monitor' empty."),
    ({"sources": ["db1"]}, "sources with db1: MMM moves the writer's role between two that replicate each other, name both."),
    ({"sources": []}, "sources with nobody: MMM moves the writer's role between two that replicate each other, name both."),
    ({"replicate_from": "db3"}, "replicate_from db3: MMM turns replicas to the writer, take it out."),
    ({"semi_sync": False}, "semi_sync off: rows that only a dead writer had would be lost, take it out."),
    ({"require_secure_transport": True}, "require_secure_transport: MMM logs in without TLS, set it to false."),
    ({"failover": "automatic"}, "failover automatic, and MMM is to say who writes: two that move the writer's part work against each "
                                "other, "
                                "set it to mmm."),
    ({"failover": None}, "failover manual, by its default, and MMM is to say who writes: two that move the writer's part work against each "
                         "other, set it to mmm."),
    ({"settings": {"rpl-semi-sync-slave-enabled": 1}},
     "settings.rpl_semi_sync_slave_enabled: that is what keeps rows from being lost under MMM, take it out.")])
def test_clusters_that_mmm_cannot_lead(given, words):
    assert told(db2(**given)) == "mon: db2 has mysql_replication_" + words


def test_more_of_clusters():
    assert told(db2(writer_address="")) == (
        "mon: db2 has no mysql_replication_writer_address: MMM's role of the writer is an address, give one.")
    assert told(db2(administrators=[])) == (
        "mon: db2 has no mmm_agent in mysql_replication_administrators: MMM's agents make servers writable, so that account passes "
        "read_only; "
        "name it there.")
    assert told(values(replication_password=""), "db1") == "db1: mmm_replication_password is missing: set it, 12 to 79 characters."
    assert told(values(replication_password="it's-long-enough"), "db1") == (
        "db1: mmm_replication_password has blanks, quotes, \\ or letters outside ASCII, which MMM writes into statements as they are: use "
        "others in mysql_replication_password.")


def test_configurations_that_disagree():
    said = {"mmm_archive_checksum": "sha256:" + "0a" * 32, "mmm_reader_addresses": ["192.0.2.111", "192.0.2.112"]}
    assert problems("mon", values(given=dict.fromkeys(["mon", *MEMBERS], said))) == []
    assert problems("mon", values(given={"mon": said, "db1": said, "db2": {**said, "mmm_kill_retries": 9}, "db3": {
        "mmm_archive_checksum": said["mmm_archive_checksum"]}})) == [
        "mon: mmm_reader_addresses is 192.0.2.111, 192.0.2.112, and of db3 it is empty: MMM's configurations would disagree, give all its "
        "hosts the same.",
        "mon: mmm_kill_retries is 3, and of db2 it is 9: MMM's configurations would disagree, give all its hosts the same."]


def test_ports_and_addresses_are_claimed():
    by_key = {(one.scope, one.key): one.owner for one in claims("mon", values())}
    assert by_key["TCP ports of db1", "9989"] == "MMM's agent" and by_key["TCP ports of mon", "9988"] == "MMM's monitor"
    assert by_key["address", "192.0.2.111"] == "readers of mysql_replication"
    assert clashes([one for host in ("mon", *MEMBERS) for one in claims(host, values())]) == []
    assert [one.key for one in claims("db1", values(reader_addresses=["x"]))] == ["9989"]

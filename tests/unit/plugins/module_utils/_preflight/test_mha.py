# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pathlib

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import spec_problems
from ansible_collections.failover.stack.plugins.module_utils._preflight.mha import claims, problems

ROLE = pathlib.Path(__file__).resolve().parents[5] / "roles/mha"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
DEFAULTS = {name: option["default"] for name, option in SPEC.items() if "default" in option}
MEMBERS = ["db1", "db2", "db3"]
WELL = {"mysql_replication_semi_sync": True, "mysql_replication_writer_address": "192.0.2.102/24"}


def values(**changes):
    return {
        **DEFAULTS, "mha_members": MEMBERS, "mha_managers": ["mon"], "mha_candidates": MEMBERS, "mha_address": "192.0.2.41",
        "mha_manager_address": "192.0.2.41", "mha_addresses": ["192.0.2.31", "192.0.2.32", "192.0.2.33"],
        "mha_databases": {name: WELL for name in MEMBERS}, "mha_registered": {}, "mha_password": "long enough".replace(" ", "-") + "-1",
        **{"mha_" + name: value for name, value in changes.items()}}


def db2(**changes):
    return values(databases={"db1": WELL, "db2": {**WELL, **{"mysql_replication_" + name: value for name, value in changes.items()}},
                             "db3": WELL})


def told(given, host="mon"):
    (sentence,) = problems(host, given)
    return sentence


def test_the_usual_cluster():
    for host in ("mon", "db1"):
        assert problems(host, values()) == [] and claims(host, values()) == []
    assert spec_problems("mon", SPEC, {name: value for name, value in values().items() if name in SPEC})[0] == []
    assert problems("mon", db2(failover="manual", settings={"relay_log_purge": "OFF"}, sources=["db1"], flavour="mariadb")) == []


def test_a_member_tells_of_itself_alone():
    given = db2(semi_sync=False)
    assert problems("db1", given) == []
    assert told(given, "db2") == (
        "db2: it has mysql_replication_semi_sync off: rows that only a dead machine had would be lost, set it to true.")
    assert told(given).startswith("mon: db2 has mysql_replication_semi_sync off: ")


def test_one_manager():
    assert told(values(managers=["mon", "mon2"])) == (
        "mon: group 'mha_manager' has 2 hosts (mon, mon2): MHA has one manager, since two would fail over against each other; leave one "
        "host in it.")
    assert told(values(managers=[]), "db1").startswith("db1: group 'mha_manager' has no host: MHA has one manager")
    assert "this host is neither in it nor in 'mha_manager'" in told(values(), "web1")


def test_two_candidates():
    assert told(values(candidates=["db1"])) == "mon: mha_candidates has db1: nobody could take over, name at least two members."
    assert problems("mon", values(candidates=["db1", "db9"]))[0] == (
        "mon: mha_candidates names db9, which is not in group 'mysql_replication' (db1, db2, db3): correct the name.")
    assert "mha_candidates has nobody" in problems("mon", values(members=[], addresses=[], candidates=[]))[0]


@pytest.mark.parametrize(("given", "words"), [
    ({"flavour": "mysql"}, (
        "flavour mysql: MHA 0.58 asks by SHOW SLAVE STATUS and CHANGE MASTER, which MySQL 8.4 and later have no more, and by position "
        "where these have GTIDs: use MariaDB, or leave group 'mha_manager' empty.")),
    ({"sources": ["db1", "db2"]}, "sources with db1 and db2: MHA knows one source, whose binary log all others read; name one."),
    ({"replicate_from": "db3"}, "replicate_from db3: MHA wants all replicas behind the writer itself, take it out."),
    ({"semi_sync": False}, "semi_sync off: rows that only a dead machine had would be lost, set it to true."),
    ({"semi_sync": None}, "semi_sync by its default, off: rows that only a dead machine had would be lost, set it to true."),
    ({"require_secure_transport": True}, "require_secure_transport: MHA logs in without TLS, set it to false."),
    ({"failover": "automatic"}, (
        "failover automatic, and MHA is to fail over, too: two that move the writer's part work against each other, leave one.")),
    ({"settings": {"relay-log-purge": "ON"}}, "settings.relay_log_purge ON: MHA needs relay logs that are applied, take it out."),
    ({"settings": {"relay_log": "x"}}, "settings.relay_log: MHA finds relay logs in the data directory alone, take it out.")])
def test_what_mha_cannot(given, words):
    assert told(db2(**given)) == "mon: db2 has mysql_replication_" + words


def test_clients_must_follow():
    assert told(db2(writer_address="")) == (
        "mon: db2 has no mysql_replication_writer_address: MHA would move the writer's part, and clients would not follow; give one.")


def test_addresses():
    assert told(values(addresses=["192.0.2.31", "2001:db8::32", "192.0.2.33"])) == (
        "mon: db2 is reached at '2001:db8::32': MHA was tried with IPv4 addresses alone, give one in mysql_replication_address.")
    assert told(values(manager_address="mon.example")).endswith("give one in mha_address.")


def test_account():
    assert told(values(password=None)) == "mon: mha_password is missing: set it, 12 to 80 characters."
    assert told(values(password="short")) == "mon: mha_password has 5 characters: use 12 to 80."
    assert "mha_password has blanks" in told(values(password="with blanks in it"))
    assert told(values(user="Mha")) == "mon: mha_user is 'Mha': use small letters, digits and _, and begin with a letter."
    assert told(values(user="replication")) == (
        "mon: mha_user is 'replication', which is mysql_replication_user of db1: give each its own name, their privileges differ.")


def test_numbers_and_paths():
    assert told(values(heal_s=1)) == "mon: mha_heal_s is 1: set a number from 5 to 3600."
    assert "mha_log_directories has '/srv/a b'" in told(values(log_directories=["/srv/a b", "/srv/c"]))

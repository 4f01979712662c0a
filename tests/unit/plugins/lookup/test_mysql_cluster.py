# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's variables reach the pure functions under their short names, each only when it is needed."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.failover.stack.plugins.lookup.mysql_cluster import LookupModule
from ansible_collections.failover.stack.plugins.plugin_utils.role_values import Values

ROOT = pathlib.Path(__file__).resolve().parents[4]
BROKEN = trust_as_template("{{ nothing_of_this_name }}")


def lookup(*parts, **variables):
    seen = {"inventory_hostname": "db1", **variables}
    loader = DataLoader()
    return LookupModule(loader=loader, templar=Templar(loader=loader, variables=seen)).run(list(parts), seen)


def values(**variables):
    return Values("mysql_replication", variables, Templar(loader=DataLoader(), variables=variables))


def test_names():
    found = values(mysql_replication_port=trust_as_template("{{ 3300 + 6 }}"), __mysql_replication_own={"unit": "a"},
                   inventory_hostname="db1", ansible_check_mode=True)
    assert (found["port"], found["_own"]["unit"], found["inventory_hostname"], found["ansible_check_mode"]) == (3306, "a", "db1", True)
    assert "port" in found and "_port" not in found and "own" not in found
    assert found.get("_host", {}) == {}


def test_of_a_dictionary_one_key_is_evaluated():
    found = values(__mysql_replication_contents={"server": trust_as_template("{{ 1 + 1 }}"), "key": BROKEN})
    assert found["_contents.server"] == 2


def test_places():
    assert lookup("places", mysql_replication_members=["db1"], mysql_replication_addresses=["198.18.0.31"], mysql_replication_port="3306",
                  mysql_replication_password=BROKEN) == [[{"name": "db1", "address": "198.18.0.31", "port": 3306}]]


def test_what_is_missing_is_named():
    with pytest.raises(AnsibleLookupError, match="db1: places of role mysql_replication needs mysql_replication_addresses, which is not"):
        lookup("places", mysql_replication_members=["db1"], mysql_replication_port=3306)


def test_an_unknown_part():
    with pytest.raises(AnsibleLookupError, match="mysql_replication has no part 'writer': name one of server, places"):
        lookup("writer")


def test_the_role_asks_for_parts_that_exist_and_for_all_of_them():
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "roles/mysql_replication").rglob("*.yml"))
    assert set(re.findall(r"failover[.]stack[.]mysql_cluster', '(\w+)'", text)) == set(LookupModule.parts)

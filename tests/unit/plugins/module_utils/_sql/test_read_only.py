from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql import read_only


def test_who_has_it_by_a_role_has_it():
    edges = [(("admin", "%"), ("deputy", "%")), (("deputy", "%"), ("app", "10.%")), (("other", "%"), ("shop", "%"))]
    assert read_only.with_roles({("admin", "%"), ("dba", "%")}, edges) == {("admin", "%"), ("deputy", "%"), ("app", "10.%"), ("dba", "%")}


def test_the_servers_own_accounts_and_allowed_names_are_not_reported():
    accounts = [("root", "localhost"), ("mysql", "localhost"), ("root", "%"), ("app", "%"), ("dba", "10.0.0.1")]
    assert read_only.writers(accounts, ["dba"]) == ["app@%", "root@%"]


@pytest.mark.parametrize("dialect, version, privileges", [
    ("mariadb", (10, 6, 18), ("READ_ONLY ADMIN", "SUPER")), ("mariadb", (10, 11, 19), ("READ_ONLY ADMIN",)),
    ("mysql", (9, 7, 4), ("SUPER", "SYSTEM_VARIABLES_ADMIN"))])
def test_what_passes_read_only_by_release(dialect, version, privileges):
    assert read_only.ignoring(dialect, version) == privileges

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, identifier
from ansible_collections.failover.stack.plugins.module_utils._sql.databases import plan


def statements(given, **have):
    return [statement for _said, statement in plan([given], have, identifier)]


@pytest.mark.parametrize("given, statement", [
    ("shop", "CREATE DATABASE `shop` CHARACTER SET utf8mb4"),
    ({"name": "shop", "collation": "utf8mb4_unicode_ci"}, "CREATE DATABASE `shop` COLLATE utf8mb4_unicode_ci"),
    ({"name": "shop", "collation": "uca1400_ai_ci"}, "CREATE DATABASE `shop` CHARACTER SET utf8mb4 COLLATE uca1400_ai_ci"),
    ({"name": "shop", "character_set": "latin1"}, "CREATE DATABASE `shop` CHARACTER SET latin1"),
    (7, "CREATE DATABASE `7` CHARACTER SET utf8mb4"),
])
def test_a_database_that_is_made(given, statement):
    assert statements(given) == [statement]


@pytest.mark.parametrize("given, have", [
    ("shop", ("latin1", "latin1_swedish_ci")),
    ({"name": "shop", "character_set": "utf8"}, ("utf8mb3", "utf8mb3_general_ci")),
    ({"name": "shop", "collation": "utf8_bin"}, ("utf8mb3", "utf8mb3_bin")),
    ({"name": "shop", "collation": "uca1400_ai_ci"}, ("utf8mb4", "utf8mb4_uca1400_ai_ci")),
])
def test_what_is_there_as_it_is_wanted_is_left_alone(given, have):
    assert statements(given, shop=have) == []


def test_what_is_there_otherwise_is_changed_for_tables_to_come():
    assert statements({"name": "shop", "character_set": "utf8mb4"}, shop=("latin1", "latin1_swedish_ci")) == [
        "ALTER DATABASE `shop` CHARACTER SET utf8mb4"]


@pytest.mark.parametrize("given", [
    {"name": "shop", "charset": "latin1"}, {"collation": "utf8mb4_bin"}, {"name": "a", "collation": "x; DROP"}])
def test_nothing_else_is_written_into_a_statement(given):
    with pytest.raises(Failure):
        statements(given)

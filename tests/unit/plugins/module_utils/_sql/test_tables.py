from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._sql import tables

SHOP = {"shop": "utf8mb4_general_ci", "shop.orders": "utf8mb4_general_ci", "shop.orders.code": "utf8mb4_bin"}


def test_the_digest_tells_apart_and_knows_no_order():
    assert tables.digest(SHOP) == tables.digest(dict(reversed(SHOP.items()))) != tables.digest(dict(SHOP, shop="utf8mb4_bin"))


def test_tables_that_differ_are_named():
    listed = {"db1": SHOP, "db2": dict(SHOP, **{"shop.orders": "utf8mb4_uca1400_ai_ci"})}
    assert tables.differences("db2", "db1", listed) == [
        "what it has collated otherwise than db1 takes rows for equal that are not there, or the other way round: shop.orders "
        "(utf8mb4_uca1400_ai_ci here, utf8mb4_general_ci there); give them one collation by ALTER TABLE or ALTER DATABASE at the writer, "
        "or replace this member's data by a whole copy"]


def test_what_only_one_of_them_has_is_on_its_way():
    assert tables.differences("db2", "db1", {"db1": dict(SHOP, more="x"), "db2": dict(SHOP, other="y")}) == []
    assert tables.differences("db1", "db1", {"db1": SHOP}) == tables.differences("db2", "db1", {"db2": SHOP}) == []


def test_of_many_a_few_are_named():
    first, second = ({"shop.t%d" % number: word for number in range(9)} for word in ("a", "b"))
    assert " and 4 more; " in tables.differences("db2", "db1", {"db1": first, "db2": second})[0]

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql.option_file import lines


# Each of these was read back by MariaDB 10.11.19 and 11.8.9 (select @@init_connect).
@pytest.mark.parametrize("value, text", [
    (True, "ON"), (False, "OFF"), (2000, "2000"), (0.5, "0.5"), ("ANSI,TRADITIONAL", "ANSI,TRADITIONAL"), ("", ""),
    ("SET @a = 'b # c'", "\"SET @a = 'b # c'\""), ('d"e', '"d\\"e"'), ("tmp\\_%.%", '"tmp\\\\_%.%"'), ("a\nb", '"a\\nb"'), (" a", '" a"'),
])
def test_a_value_arrives_as_it_was_written(value, text):
    assert lines({"name": value}) == ["name = " + text]


def test_a_list_is_a_line_for_each():
    assert lines({"replicate_do_db": ["shop", "crm"], "a": 1}) == ["a = 1", "replicate_do_db = shop", "replicate_do_db = crm"]


def test_nothing():
    assert lines({}) == lines(None) == []

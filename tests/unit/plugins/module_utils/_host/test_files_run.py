from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host.files_run import environment_of


@pytest.mark.parametrize("words, environment, command", [
    (["haproxy", "-c"], {}, ["haproxy", "-c"]),
    (["FAILOVER_STAGED=/tmp/x", "EMPTY=", "haproxy", "A=1"], {"FAILOVER_STAGED": "/tmp/x", "EMPTY": ""}, ["haproxy", "A=1"]),
])
def test_a_checker_may_be_told_where_the_staging_copy_is(words, environment, command):
    assert environment_of(words) == (environment, command)

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host.places import at_port, bracketed


@pytest.mark.parametrize(("address", "before_a_port"), [
    ("198.51.100.7", "198.51.100.7"), ("2001:db8::7", "[2001:db8::7]"), ("::", "[::]"), ("db1.example", "db1.example")])
def test_an_address_before_a_port(address, before_a_port):
    assert bracketed(address) == before_a_port
    assert at_port(address, "3306") == before_a_port + ":3306"

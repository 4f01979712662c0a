from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.failover.stack.plugins.module_utils._web.trusted import everybody_but


def covers(networks, address):
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(one) for one in networks)


@pytest.mark.parametrize("trusted", [["198.18.0.5"], ["198.18.0.0/24", "2001:db8::5"], ["198.18.0.4/31", "198.18.0.5"]])
def test_everybody_else_and_nobody_who_is_trusted(trusted):
    others = everybody_but(trusted)
    assert not covers(others, "198.18.0.5")
    assert all(covers(others, one) for one in ("198.18.1.5", "127.0.0.1", "::1", "2001:db8::6", "255.255.255.255"))
    assert covers(others, "2001:db8::5") == ("2001:db8::5" not in trusted)


def test_nobody_trusted_is_everybody():
    assert everybody_but([]) == ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"]


def test_a_network_that_holds_half_of_all():
    assert everybody_but(["0.0.0.0/0"]) == ["::/1", "8000::/1"]

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_address import described, parse, plain, source_family
from ansible_collections.failover.stack.plugins.module_utils._vip.vrrp import held


@pytest.mark.parametrize("text, address, device, single", [
    ("198.18.0.101/24", "198.18.0.101", None, False), ("10.2.0.100/32", "10.2.0.100", None, True), ("10.2.0.100", "10.2.0.100", None, True),
    ("203.0.113.40/24 dev eth1", "203.0.113.40", "eth1", False), ("2001:DB8::1/64 dev eth1 scope global", "2001:db8::1", "eth1", False),
    ("2001:db8::1", "2001:db8::1", None, True), ("10.0.0.1/24 brd 10.0.0.255 label eth0:1", "10.0.0.1", None, False),
])
def test_addresses_as_people_write_them(text, address, device, single):
    one = parse(text)
    assert (str(one.address), one.device, one.single, one.text) == (address, device, single, text)


@pytest.mark.parametrize("text", ["", "vip.example", "10.0.0.1/33", "10.0.0.1 dev", "10.0.0.1/24 } # eth1"])
def test_what_is_no_address(text):
    assert parse(text) is None
    assert plain(text) == text


def test_each_address_with_its_interface_and_family():
    assert described(["10.2.0.100", "203.0.113.40/24 dev eth1", "2001:db8::1/64", "nonsense"], "eth0") == [
        {"text": "10.2.0.100", "address": "10.2.0.100/32", "interface": "eth0", "family": 4},
        {"text": "203.0.113.40/24 dev eth1", "address": "203.0.113.40/24", "interface": "eth1", "family": 4},
        {"text": "2001:db8::1/64 preferred_lft 0", "address": "2001:db8::1/64", "interface": "eth0", "family": 6}]


def test_what_the_holder_of_an_ipv6_address_begins_does_not_come_from_it():
    texts = ["2001:db8::1/64 dev eth1", "2001:db8::2/64 preferred_lft forever", "198.18.0.100/24"]
    assert [one["text"] for one in described(texts, "eth0")] == ["2001:db8::1/64 dev eth1 preferred_lft 0", *texts[1:]]


def test_the_family_of_adverts_is_the_peers_else_the_first_addresss():
    assert source_family({"addresses": ["2001:db8::1/64", "10.0.0.1"]}, ["10.0.0.12"]) == 4
    assert source_family({"addresses": ["2001:db8::1/64", "10.0.0.1"]}, []) == 6
    assert source_family({"addresses": ["10.0.0.1"]}, ["2001:db8::12"]) == 6


def test_held_whatever_stands_behind_the_address():
    assert held(["203.0.113.40/24 dev eth1", "2001:DB8:0::1/64", "10.0.0.1"], {"203.0.113.40", "2001:db8::1"}) == [
        "203.0.113.40/24 dev eth1", "2001:DB8:0::1/64"]

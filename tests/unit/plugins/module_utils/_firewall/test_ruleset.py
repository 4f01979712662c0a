# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._firewall import ruleset

ENTRY = {"host": "a1", "protocol": "tcp", "ports": [80], "networks": ["198.18.0.5"], "why": "visitors", "at": [], "balanced": False}


def lines(**entry):
    return list(ruleset.rules({**ENTRY, **entry}))


@pytest.mark.parametrize("entry, expected", [
    ({}, ['ip saddr { 198.18.0.5 } tcp dport 80 accept comment "visitors"']),
    ({"networks": ["0.0.0.0/0", "::/0", "10.0.0.1"]}, ['meta nfproto ipv4 tcp dport 80 accept comment "visitors"',
                                                       'meta nfproto ipv6 tcp dport 80 accept comment "visitors"']),
    ({"networks": ["198.18.0.4", "198.18.0.5", "2001:db8::/64", "2001:db8::5"], "ports": [443, 80, [8000, 8010], [8005, 8020], 81]},
     ['ip saddr { 198.18.0.4/31 } tcp dport { 80-81, 443, 8000-8020 } accept comment "visitors"',
      'ip6 saddr { 2001:db8::/64 } tcp dport { 80-81, 443, 8000-8020 } accept comment "visitors"']),
    ({"networks": ["0.0.0.0/0", "::/0"], "at": ["198.18.0.100"]},
     ['meta nfproto ipv4 ip daddr 198.18.0.100 tcp dport 80 accept comment "visitors"']),
    ({"protocol": "vrrp", "ports": []}, ['ip saddr { 198.18.0.5 } meta l4proto 112 accept comment "visitors"']),
    ({"protocol": "udp", "ports": [[1, 65535]], "why": 'a "b" \\ ' + "ä" * 80}, [
        'ip saddr { 198.18.0.5 } udp dport 1-65535 accept comment "a b  ' + "ä" * 47 + '"'])])
def test_an_entry_is_a_rule_for_each_family(entry, expected):
    assert [one.replace("saddr 198.18.0.4/31", "saddr { 198.18.0.4/31 }").replace("saddr 198.18.0.5 ", "saddr { 198.18.0.5 } ").replace(
        "saddr 2001:db8::/64", "saddr { 2001:db8::/64 }") for one in lines(**entry)] == expected


def test_everything_else_is_dropped_and_a_directors_packets_pass_before_any_state():
    text = ruleset.ruleset([ENTRY, {**ENTRY, "why": "balanced", "at": ["198.18.0.100"], "balanced": True}], [
        {"host": "a1", "protocol": "tcp", "ports": [8080], "networks": ["198.18.0.21"]}])
    assert text.startswith("# Written by Ansible") and "flush" not in text
    assert "table inet failover_firewall\ndelete table inet failover_firewall\ntable inet failover_firewall {\n" in text
    order = [text.index(word) for word in ("hook input priority filter; policy drop;", 'iifname "lo"', '"balanced"', "ct state established",
                                           "# loading", "ct state invalid drop", "icmpv6 type", '"visitors"', "counter drop",
                                           "hook forward priority filter; policy drop;", "ip saddr 198.18.0.21 tcp sport 8080 accept")]
    assert order == sorted(order)
    assert "log" not in text and "forward" not in ruleset.ruleset([ENTRY], forward="accept")
    assert 'limit rate 5/second burst 20 packets log prefix "failover-firewall: "' in ruleset.ruleset([ENTRY], log=True)


def test_connections_that_are_there_already_are_taken_for_a_while():
    text = ruleset.ruleset([ENTRY])
    used = ruleset.in_use(text, 1000)
    assert "    meta time < 1120 tcp flags & (fin | syn | rst | ack) != syn ct state new accept comment \"just loaded\"\n" in used
    assert ruleset.without_comings(used) == text.replace("    # loading\n", "").strip() + "\n"


def test_what_was_loaded_is_loaded_again_in_one_step():
    listing = "table inet failover_firewall {\n}\n"
    assert ruleset.again(listing).endswith("\ndelete table inet failover_firewall\n" + listing)
    assert ruleset.again("") == ruleset.HEAD


@pytest.mark.parametrize("address, inside", [
    ("198.18.0.9", True), ("198.18.1.9", False), ("::ffff:198.18.0.9", True), ("2001:db8::1", True), ("2001:db9::1", False)])
def test_an_address_is_inside_or_not(address, inside):
    assert ruleset.inside(address, ["198.18.0.0/24", "2001:db8::/32"]) is inside

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ipvs_mark_rules
short_description: Firewall marks for IPVS as netfilter rules
version_added: 0.2.0
author: The failover.stack founders (@failover-stack)
description: Rules in the very form in which C(iptables -S) prints them, without C(-A chain).
positional: version
options:
  _input:
    description: Marks, in the shape of C(ipvs_director_marks).
    type: list
    elements: dict
    required: true
  version:
    description: Rules for the addresses of this version of IP.
    type: int
    choices: [4, 6]
    required: true
"""

EXAMPLES = r"""
rules: "{{ ipvs_director_marks | failover.stack.ipvs_mark_rules(4) }}"
"""

RETURN = r"""
_value:
  description: The rules.
  type: list
  elements: str
  sample: ["-d 198.18.0.100/32 -p tcp -m multiport --dports 80,443 -j MARK --set-xmark 0x1/0xffffffff"]
"""

import ipaddress


def ipvs_mark_rules(marks, version):
    rules = []
    for mark in marks:
        ports = ",".join(str(port) for port in mark.get("ports") or [])
        for text in mark["addresses"]:
            address = ipaddress.ip_interface(text)
            if address.version != version:
                continue
            words = ["-d %s -p %s" % (address.network, mark.get("protocol") or "tcp")]
            if ports:
                words.append("-m multiport --dports %s" % ports)
            if mark.get("only_when_held"):
                words.append("-m addrtype --dst-type LOCAL --limit-iface-in")
            words.append("-j MARK --set-xmark 0x%x/0xffffffff" % int(mark["mark"]))
            rules.append(" ".join(words))
    return rules


class FilterModule:
    def filters(self):
        return {"ipvs_mark_rules": ipvs_mark_rules}

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables of the role firewall can contradict. Pure."""

from __future__ import annotations

import ipaddress
import re

TIERS = ("mysql_replication", "galera", "rabbitmq_cluster", "etcd", "tomcat_cluster")
PORT = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?")
ROLLBACK_S = (10, 600)


def is_network(text):
    try:
        ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return False
    return True


def operator_problems(values):
    if not values.get("firewall_operators"):
        yield ("firewall_operators is empty, so nobody could come in by SSH: name the networks of operators, the controller's address "
               "among them.")
    for name in ("firewall_operators", "firewall_addresses"):
        for text in values.get(name) or []:
            if not is_network(text):
                yield "%s has %r, which is neither an address nor a network: write 198.18.0.5 or 198.18.0.0/24." % (name, text)
            elif name == "firewall_addresses" and "/" in str(text):
                yield "firewall_addresses has %s, a network: write an address of this host, without a length." % text


def is_port(text):
    numbers = [int(one) for one in text.split("-")] if PORT.fullmatch(text) else [0]
    return all(1 <= one <= 65535 for one in numbers) and numbers == sorted(numbers)


def allow_problems(values):
    for number, one in enumerate(values.get("firewall_allow") or []):
        where = "firewall_allow[%d]" % number
        for text in one.get("ports") or []:
            if not is_port(str(text)):
                yield "%s.ports has '%s': write a port from 1 to 65535, or a range such as 8000-8100." % (where, text)
        for name in ("ports", "from"):
            if not one.get(name):
                yield "%s.%s is empty: say %s." % (where, name, "which" if name == "ports" else "who may, 0.0.0.0/0 and ::/0 for all")


def named_problems(values):
    """Whether names are of hosts or groups, only the whole inventory tells."""
    for variable in ("firewall_frontend_clients", "firewall_tier_clients"):
        for name, who in (values.get(variable) or {}).items():
            if not isinstance(who, list):
                yield "%s.%s is '%s': write a list of networks, addresses, hosts or groups." % (variable, name, who)
            if variable == "firewall_tier_clients" and name not in TIERS:
                yield "firewall_tier_clients has '%s', which is no such tier: name one of %s." % (name, ", ".join(TIERS))


def number_problems(values):
    for name, (least, most) in (("firewall_ssh_port", (1, 65535)), ("firewall_rollback_s", ROLLBACK_S)):
        value = values.get(name)
        if value is not None and not least <= int(value) <= most:
            yield "%s is %s: set a number from %d to %d." % (name, value, least, most)


def problems(host, values):
    """One sentence each: host, variable, value, remedy. Never a secret's value."""
    return ["%s: %s" % (host, sentence) for rule in (operator_problems, allow_problems, named_problems, number_problems)
            for sentence in rule(values)]


def claims(host, values):  # pylint: disable=unused-argument
    """Nothing: rules are a host's own."""
    return []

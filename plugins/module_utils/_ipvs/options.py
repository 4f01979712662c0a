# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, types and choices in the option `services`.

Ansible's own check of nested options costs more than everything else together when there are thousands of real servers.
"""

from __future__ import annotations

SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh")
TRUE, FALSE = ("1", "on", "t", "true", "y", "yes"), ("0", "off", "f", "false", "n", "no")


class Wrong(ValueError):
    pass


def number(value):
    if isinstance(value, bool):
        raise Wrong("is no whole number")
    try:
        if isinstance(value, int) or int(value) == float(value):
            return int(value)
    except (TypeError, ValueError):
        pass
    raise Wrong("is no whole number")


def text(value):
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    raise Wrong("is no text")


def truth(value):
    word = str(value).lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise Wrong("is neither true nor false")


def words(value):
    if isinstance(value, str):
        return [word.strip() for word in value.split(",")] if value else []
    if isinstance(value, list):
        return [text(word) for word in value]
    raise Wrong("is no list")


def entries(value):
    if isinstance(value, list):
        return value
    raise Wrong("is no list")


def choice(*choices):
    def check(value):
        if value in choices:
            return value
        raise Wrong("is none of %s" % ", ".join(choices))
    return check


SERVICE = {
    "address": text, "port": number, "protocol": choice("tcp", "udp", "sctp"), "fwmark": number, "family": choice("ipv4", "ipv6"),
    "scheduler": choice(*SCHEDULERS), "scheduler_flags": words, "persistent": number, "netmask": text,
    "persistence_engine": choice("sip"), "one_packet": truth, "servers": entries, "state": choice("present", "absent"),
}
SERVER = {
    "address": text, "port": number, "method": choice("DR", "NAT", "TUN"), "tunnel_type": choice("ipip", "gue", "gre"),
    "tunnel_port": number, "tunnel_checksum": choice("none", "csum", "remcsum"), "weight": number,
    "upper_threshold": number, "lower_threshold": number, "state": choice("present", "absent"),
}


def checked(entry, spec, required=()):
    """(values with their types, list of what is wrong). What is null counts as left out."""
    if not isinstance(entry, dict):
        return {}, ["is no mapping: write it as `address: …` and so on"]
    values, wrong = {}, []
    for key, value in entry.items():
        if value is None:
            continue
        check = spec.get(key)
        if check is None:
            wrong.append("has %r, which is not known: use %s" % (key, ", ".join(spec)))
            continue
        try:
            values[key] = check(value)
        except Wrong as error:
            wrong.append("has %s %r, which %s" % (key, value, error))
    return values, wrong + ["lacks %s: add it" % key for key in required if key not in values and entry.get(key) is None]

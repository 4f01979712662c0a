# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VRRP member's state files and interface addresses say. Pure."""

from __future__ import annotations

import json

from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_address import plain

MASTER = "MASTER"
SETTLED = (MASTER, "BACKUP")


def addresses_of(ip_json):
    """Every address on every interface, from `ip -json address`."""
    return {entry["local"] for link in json.loads(ip_json) for entry in link.get("addr_info", []) if "local" in entry}


def held(wanted, present):
    """Those of the wanted addresses (with or without prefix length and further words) that are on this host, as they were given."""
    return [address for address in wanted if plain(address) in present]


def verdict(active, instances, states):
    """(healthy, sentence) for one host."""
    if not active:
        return False, "keepalived does not run on this host: read journalctl -u keepalived."
    for name in instances:
        state = states.get(name, "unknown")
        if state not in SETTLED:
            return False, "VRRP instance %s is in state %s: read journalctl -u keepalived." % (name, state)
    return True, "all instances are master or backup"

# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about keepalived's virtual servers, answered on the controller."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers import (
    missing,
    network_peers,
    resolve_all,
    weightless,
)
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers_conf import render
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers_leftovers import leftovers


class FilterModule:
    def filters(self):
        return {
            "virtual_servers": resolve_all,
            "virtual_servers_conf": render,
            "virtual_servers_leftovers": leftovers,
            "virtual_servers_missing": missing,
            "virtual_servers_weightless": weightless,
            "network_peers": network_peers,
        }

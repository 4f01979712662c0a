# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual addresses, directors, real servers, HAProxy. See _status/reading.py for what a reader is."""

from __future__ import annotations

import os
import platform

from ansible_collections.failover.stack.plugins.module_utils._host.network_run import lacks, text_of
from ansible_collections.failover.stack.plugins.module_utils._ipvs.ipvsadm import Ipvsadm, starter
from ansible_collections.failover.stack.plugins.module_utils._ipvs.parse import services_list
from ansible_collections.failover.stack.plugins.module_utils._status.reading import ANSWER_S, addresses, listening
from ansible_collections.failover.stack.plugins.module_utils._vip import vrrp
from ansible_collections.failover.stack.plugins.module_utils._web import haproxy as haproxy_text
from ansible_collections.failover.stack.plugins.module_utils._web.haproxy_socket import ask as ask_haproxy


def vip(host, asked):
    """states, held: virtual addresses that are here. problem: empty when all is well."""
    active = host.run_command(["systemctl", "is-active", "--quiet", asked["unit"]])[0] == 0
    states = {name: (text_of(os.path.join(asked["states"], name)) or "unknown").strip() for name in asked["instances"]}
    healthy, sentence = vrrp.verdict(active, asked["instances"], states)
    return {"states": states, "held": vrrp.held(asked["addresses"], addresses(host)), "problem": "" if healthy else sentence}


def ipvs(host, asked):
    """services: the kernel's table with connections. drained: addresses of servers that somebody has taken out."""
    table = Ipvsadm(platform.node(), starter(host.get_bin_path("ipvsadm", required=True)))
    directory = asked["drained"]
    names = os.listdir(directory) if directory and os.path.isdir(directory) else []
    return {"services": services_list(table.table(), table.listing()),
            "drained": sorted(name for name in names if (text_of(os.path.join(directory, name)) or "").strip() == "1")}


def realserver(host, asked):
    """missing: clauses about what a director relies on."""
    return {"missing": lacks(host, asked)}


def haproxy(host, asked):
    """servers with `asked`, what an operator wants of them. problems: sentences."""
    frontends, servers = haproxy_text.parse_stat(ask_haproxy(asked["socket"], "show stat", ANSWER_S))
    states = haproxy_text.parse_server_states(ask_haproxy(asked["socket"], "show servers state", ANSWER_S))
    for one in servers:
        one["asked"] = haproxy_text.asked_state(states.get((one["backend"], one["name"]), 0))
        one["up"] = haproxy_text.is_up(one)
    missing = haproxy_text.missing_binds(asked["binds"], listening())
    return {"servers": servers, "frontends": frontends,
            "problems": haproxy_text.troubles(frontends, servers, asked["backends"], missing)}


READERS = {"vip": vip, "ipvs": ipvs, "ipvs_static": ipvs, "realserver": realserver, "haproxy": haproxy}

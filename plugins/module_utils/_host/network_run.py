# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's network lacks, read from the host: what host_network_info and service_state have in common."""

from __future__ import annotations

import os

from ansible_collections.failover.stack.plugins.module_utils._host.network import (
    missing_addresses,
    missing_chain,
    missing_links,
    missing_routes,
    missing_sysctls,
)

_TEXT = {"type": "str", "required": True}
# Options of a module that asks this.
SPEC = {
    "addresses": {"type": "list", "elements": "dict", "default": [], "options": {"address": _TEXT, "interface": _TEXT}},
    "links": {"type": "list", "elements": "str", "default": []},
    "routes": {"type": "list", "elements": "dict", "default": [], "options": {"network": _TEXT, "gateway": _TEXT}},
    "sysctls": {"type": "dict", "default": {}},
    "chains": {"type": "list", "elements": "dict", "default": [], "options": {
        "program": {"type": "str", "choices": ["iptables", "ip6tables"], "default": "iptables"},
        "table": _TEXT, "chain": _TEXT, "from": _TEXT,
        "rules": {"type": "list", "elements": "str", "required": True}}},
}
LEGACY = "/proc/net/ip_tables_names"


def text_of(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except OSError:
        return None


def sysctl(name):
    # A dot separates, except within the name of an interface, where sysctl(8) writes a slash instead.
    return text_of("/proc/sys/" + "/".join(part.replace("/", ".") for part in name.split(".")))


def listing(module, program, *arguments):
    """What the program prints; empty when it is not there or refuses, so that everything counts as missing."""
    path = module.get_bin_path(program, opt_dirs=["/usr/sbin", "/sbin"])
    if path is None:
        return ""
    rc, out, _err = module.run_command([path, *arguments])
    return out if rc == 0 else ""


def lacks(module, params):
    """Clauses about what is not as wanted, in the order of SPEC."""
    missing = missing_sysctls(params["sysctls"], {name: sysctl(name) for name in params["sysctls"]})
    if params["addresses"] or params["links"]:
        listed = listing(module, "ip", "-j", "address", "show")
        missing += missing_links(params["links"], listed) + missing_addresses(params["addresses"], listed)
    for family in ("-4", "-6"):
        wanted = [item for item in params["routes"] if (":" in item["gateway"]) == (family == "-6")]
        if wanted:
            missing += missing_routes(wanted, listing(module, "ip", "-j", family, "route", "show"))
    for item in params["chains"]:
        # A kernel may have only the older one of netfilter's two interfaces.
        found = [missing_chain(item, listing(module, program, "-t", item["table"], "-S"))
                 for program in (item["program"], *([item["program"] + "-legacy"] if os.path.exists(LEGACY) else []))]
        missing += min(found, key=len)
    return missing

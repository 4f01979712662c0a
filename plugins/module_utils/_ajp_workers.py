# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which AJP connectors the Tomcat hosts of an inventory offer. Pure; runs on the controller."""

from __future__ import annotations


def route_of(host, instance, service):
    """jvmRoute of a service: its own, else host and instance; a dot would end the route in a session id."""
    return str(service.get("jvm_route") or "%s-%s" % (host, instance.get("name"))).replace(".", "-")


def connectors_of(host, hostvars, group):
    """One entry for each service with an AJP port on a host, in the inventory's order."""
    address = hostvars.get("tomcat_cluster_address") or hostvars.get("ansible_host") or host
    found = []
    for instance in hostvars.get("tomcat_cluster_instances") or []:
        for service in instance.get("services") or []:
            if service.get("ajp_port"):
                found.append({
                    "group": group,
                    "service": str(service.get("name")),
                    "host": host,
                    "instance": str(instance.get("name")),
                    "address": str(address),
                    "port": int(service["ajp_port"]),
                    "route": route_of(host, instance, service),
                })
    return found


def ajp_workers(hostvars, groups, wanted):
    """All connectors of the wanted groups; a group that is missing or empty offers none.

    hostvars: mapping of host to its variables. groups: mapping of group to hosts. wanted: names of groups.
    """
    found = []
    for group in sorted(set(wanted)):
        for host in groups.get(group) or []:
            found += connectors_of(host, hostvars[host], group)
    return found
